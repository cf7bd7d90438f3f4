"""proxmoxer's side of the comparison: does what each line of its input names, and says how long it took.

As its users have it: the requests backend, a token, the session that it keeps by itself, the certificate checked.
"""

import os
import sys
import time
from urllib.parse import urlsplit

from proxmoxer import ProxmoxAPI

url = urlsplit(os.environ["PVE_URL"])
token, secret = os.environ["PVE_TOKEN"].split("=")
user, token_name = token.split("!")
prox = ProxmoxAPI(
    url.hostname,
    port=url.port,
    user=user,
    token_name=token_name,
    token_value=secret,
    verify_ssl=os.environ["PVE_CA_FILE"],
    timeout=30,
)


def resources():
    since = time.perf_counter()
    rows = prox.cluster.resources.get()
    took = time.perf_counter() - since
    return took, sum(row["type"] in ("qemu", "lxc") for row in rows)


def configs():
    guests = [row for row in prox.cluster.resources.get() if row["type"] in ("qemu", "lxc")]
    since = time.perf_counter()
    all_of_them = [prox.nodes(guest["node"])(guest["type"])(guest["vmid"]).config.get() for guest in guests]
    took = time.perf_counter() - since
    return took, sum("digest" in config for config in all_of_them)


def render():
    """The same rows and columns as a table of ours, by pandas."""
    import pandas

    rows = [row for row in prox.cluster.resources.get() if row["type"] in ("qemu", "lxc")]
    columns = ["name", "vmid", "status", "node", "cpu", "mem", "maxmem", "maxdisk", "uptime", "tags"]
    frame = pandas.DataFrame(rows, columns=columns)
    since = time.perf_counter()
    html = frame.to_html()
    took = time.perf_counter() - since
    return took, html.count("<tr") - 1


for line in sys.stdin:
    # The connection is there before the clock starts.
    prox.version.get()
    print("=", *{"resources": resources, "configs": configs, "render": render}[line.strip()](), flush=True)
