"""An HTTPS server with a cluster of invented guests: `serve.py NODES GUESTS SECONDS`.

Every answer is made before the first is asked for, and sent no sooner than SECONDS after its request. The first line
it prints says where it listens and which certificate it shows. Each line of its input is answered by how many calls
were on their way to one node at most since the last such line; with its input it ends.
"""

import json
import random
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections import Counter

from fakepve.certs import make_cert

NODES, GUESTS, LATENCY = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
MIB, GIB = 1 << 20, 1 << 30

dice = random.Random(1)


def in_no_order(fields):
    """Perl sends the fields of each object in an order of its own."""
    return dict(dice.sample(list(fields.items()), len(fields)))


def traffic():
    return {key: dice.randrange(10**13) for key in ("netin", "netout", "diskread", "diskwrite")}


def node(number):
    name = f"node{number:03}"
    load = {"cpu": dice.random(), "mem": dice.randrange(500 * GIB), "disk": dice.randrange(100 * GIB)}
    size = {"maxcpu": 64, "maxmem": 512 * GIB, "maxdisk": 100 * GIB, "uptime": dice.randrange(10**7)}
    words = {"id": f"node/{name}", "type": "node", "node": name, "status": "online", "level": "", "cgroup-mode": 2}
    return words | load | size


def storage(node, name, shared):
    size = {"disk": dice.randrange(50 << 40), "maxdisk": 50 << 40, "shared": shared, "status": "available"}
    kind = {"type": "storage", "plugintype": "rbd" if shared else "dir", "content": "images,rootdir"}
    return {"id": f"storage/{node}/{name}", "node": node, "storage": name} | kind | size


def guest(vmid, node):
    kind = "lxc" if dice.random() < 0.2 else "qemu"
    runs = dice.random() < 0.85
    maxmem, maxcpu = dice.choice((2, 4, 8, 16, 32)) * GIB, dice.choice((1, 2, 4, 8))
    words = {
        "id": f"{kind}/{vmid}",
        "type": kind,
        "vmid": vmid,
        "node": node,
        "name": f"{dice.choice(('web', 'db', 'mail', 'build', 'monitoring'))}-{vmid}.example.org",
        "status": "running" if runs else "stopped",
        "template": 0,
        "tags": ";".join(dice.sample(("prod", "test", "owner.alice", "owner.bob", "backup", "debian12"), 3)),
    }
    if dice.random() < 0.7:
        words["pool"] = dice.choice(("prod", "lab", "prod/web"))
    size = {"maxmem": maxmem, "maxcpu": maxcpu, "maxdisk": dice.choice((8, 32, 100, 500)) * GIB, "disk": 0}
    load = {"cpu": 0, "mem": 0, "memhost": 0, "uptime": 0, "netin": 0, "netout": 0, "diskread": 0, "diskwrite": 0}
    if runs:
        mem = dice.randrange(maxmem)
        load = {"cpu": dice.random() * maxcpu, "mem": mem, "memhost": mem + 90 * MIB, "uptime": dice.randrange(10**7)}
        load |= traffic()
    return words | size | load


def config(guest):
    mac = ":".join(f"{dice.randrange(256):02X}" for _ in range(3))
    volume = f"pool1:vm-{guest['vmid']}-disk-0"
    digest = f"{dice.getrandbits(160):040x}"
    either = {"cores": guest["maxcpu"], "onboot": 1, "tags": guest["tags"], "digest": digest}
    if guest["type"] == "lxc":
        return either | {
            "hostname": guest["name"],
            "memory": guest["maxmem"] // MIB,
            "swap": 512,
            "arch": "amd64",
            "ostype": "debian",
            "rootfs": f"{volume},size={guest['maxdisk'] // GIB}G",
            "net0": f"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:{mac},ip=dhcp,type=veth",
        }
    return either | {
        "name": guest["name"],
        "memory": str(guest["maxmem"] // MIB),
        "numa": 0,
        "ostype": "l26",
        "boot": "order=scsi0;net0",
        "scsihw": "virtio-scsi-single",
        "scsi0": f"{volume},iothread=1,size={guest['maxdisk'] // GIB}G,ssd=1",
        "net0": f"virtio=BC:24:11:{mac},bridge=vmbr0,firewall=1",
        "smbios1": f"uuid={dice.getrandbits(128):032x}",
        "vmgenid": f"{dice.getrandbits(128):032x}",
        "meta": "creation-qemu=10.1.2,ctime=1760000000",
        "description": "# What it does\n\nAnswers questions.\n\n## Who to call\n\nAlice, then Bob.\n",
    }


def counters(*names):
    return {name: dice.randrange(10**9) for name in names}


def current(guest):
    """What a guest says of itself, drive by drive."""
    more = {"pid": dice.randrange(10**6), "ha": {"managed": 0}, "qmpstatus": guest["status"]}
    if guest["status"] == "running":
        drive = counters("rd_bytes", "wr_bytes", "rd_operations", "wr_operations", "flush_operations", "wr_highest_offset")
        drive |= counters("rd_total_time_ns", "wr_total_time_ns", "flush_total_time_ns", "idle_time_ns")
        drive |= {"failed_rd_operations": 0, "failed_wr_operations": 0, "account_failed": True, "timed_stats": []}
        more |= {"nics": {f"tap{guest['vmid']}i0": counters("netin", "netout")}, "blockstat": {"scsi0": drive}}
        more |= {"running-machine": "pc-i440fx-10.1+pve0", "running-qemu": "10.1.2", "agent": 1}
        more |= {f"pressure{of}": dice.random() for of in ("cpufull", "cpusome", "iofull", "iosome", "memoryfull", "memorysome")}
    return guest | more


def snapshots(digest):
    present = {"name": "current", "description": "You are here!", "digest": digest, "running": 1}
    if dice.random() < 0.6:
        return [present]
    before = {"name": f"before-{dice.randrange(100)}", "snaptime": 1760000000 + dice.randrange(10**7), "vmstate": 0}
    return [before | {"description": "before the patch"}, present | {"parent": before["name"]}]


def answers():
    """Each path below `/api2/json`, and the data of its answer."""
    nodes = [node(n) for n in range(1, NODES + 1)]
    names = [row["node"] for row in nodes]
    guests = [guest(100 + n, names[n % NODES]) for n in range(GUESTS)]
    guests.sort(key=lambda row: str(row["vmid"]))
    storages = [storage(name, word, shared) for name in names for word, shared in (("local", 0), ("pool1", 1))]
    pools = [{"id": f"/pool/{name}", "type": "pool", "pool": name} for name in ("prod", "lab", "prod/web")]
    cluster = {"type": "cluster", "id": "cluster", "name": "bench", "nodes": NODES, "quorate": 1, "version": 3}
    yield "/version", {"version": "9.1.8", "release": "9.1", "repoid": "0000000000"}
    yield "/cluster/status", [cluster] + [{"type": "node", "id": f"node/{n}", "name": n, "online": 1} for n in names]
    yield "/access/permissions", {"/": {"Sys.Audit": 1, "VM.Audit": 1, "Datastore.Audit": 1}}
    yield "/cluster/resources", [in_no_order(row) for row in pools + guests + nodes + storages]
    for row in guests:
        path, settings = f"/nodes/{row['node']}/{row['type']}/{row['vmid']}", in_no_order(config(row))
        yield f"{path}/config", settings
        # What only a recording asks for.
        yield f"{path}/pending", [{"key": key, "value": value} for key, value in in_no_order(settings).items()]
        yield f"{path}/snapshot", snapshots(settings["digest"])
        yield f"{path}/status/current", in_no_order(current(row))
        held = {name: 1 for name in ("VM.Audit", "VM.Backup", "VM.PowerMgmt", "VM.Snapshot")}
        yield f"/access/permissions?path=%2Fvms%2F{row['vmid']}", {f"/vms/{row['vmid']}": held}


def response(data):
    body = json.dumps({"data": data}, separators=(",", ":")).encode()
    head = (
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=0\r\nConnection: Keep-Alive\r\nPragma: no-cache\r\n"
        f"Content-Type: application/json;charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


RESPONSES = {f"GET /api2/json{path}".encode(): response(data) for path, data in answers()}
NOT_FOUND = b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"

lock = threading.Lock()
on_their_way, most = Counter(), Counter()


def carry_out(connection, line):
    """Answers one request. It counts as on its way until just before its answer is sent: the next may follow at once."""
    of = line.split(b"/")[4] if line.startswith(b"GET /api2/json/nodes/") else b""
    with lock:
        on_their_way[of] += 1
        most[of] = max(most[of], on_their_way[of])
    time.sleep(LATENCY)
    with lock:
        on_their_way[of] -= 1
    connection.sendall(RESPONSES.get(line, NOT_FOUND))


def serve(connection, tls):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = tls.wrap_socket(connection, server_side=True)
        request = b""
        while piece := connection.recv(16384):
            request += piece
            # Nobody here sends a body, or a second request before the first is answered.
            if request.endswith(b"\r\n\r\n"):
                carry_out(connection, request.split(b" HTTP/1.1", 1)[0])
                request = b""
    except OSError:
        pass  # a client that hangs up


def accept(listener, tls):
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], tls), daemon=True).start()


with tempfile.TemporaryDirectory() as folder:
    certificate, key, _ = make_cert(folder, hosts=("127.0.0.1",))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    threading.Thread(target=accept, args=(listener, tls), daemon=True).start()
    print(f"= https://127.0.0.1:{listener.getsockname()[1]}", certificate, sep="\t", flush=True)
    for _ in sys.stdin:
        with lock:
            print("=", max((n for of, n in most.items() if of), default=0), flush=True)
            most.clear()
