"""Serves one fakepve on a free port until standard input ends; each line of it is run with `pve` in scope.

`later(..)` begins what takes its time, such as `restart(seconds)`, `gone(node, after)` or `pve.backup(101)`, and lets
the line end.
"""

import asyncio
import hashlib
import logging
import sys
import tempfile

from fakepve.certs import make_cert
from fakepve.server import FakePve


# A dropped connection is a fault that was ordered.
logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)


async def main():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key, der = make_cert(folder, hosts=("127.0.0.1",))
        pve = FakePve(user="root@pam", password="secret", host="127.0.0.1", port=0)
        await pve.start(certificate, key)
        print(pve.url, hashlib.sha256(der).hexdigest(), certificate, sep="\t", flush=True)

        async def restart(pause):
            await pve.stop()
            await asyncio.sleep(pause)
            await pve.start(certificate, key)

        async def gone(node, after):
            await asyncio.sleep(after)
            pve.set_node_offline(node)

        def later(work):
            asyncio.ensure_future(work)

        while line := await asyncio.to_thread(sys.stdin.readline):
            # A line is an order, or a question: `count = ...` is answered with its value.
            scope = {"pve": pve, "answer": "", "later": later, "restart": restart, "gone": gone}
            exec(line, scope)
            print(scope["answer"], flush=True)


asyncio.run(main())
