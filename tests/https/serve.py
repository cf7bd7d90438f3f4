"""Serves one fakepve on a free port until standard input ends; each line of it is run with `pve` in scope."""

import asyncio
import hashlib
import sys
import tempfile

from fakepve.certs import make_cert
from fakepve.server import FakePve


async def main():
    with tempfile.TemporaryDirectory() as folder:
        certificate, key, der = make_cert(folder, hosts=("127.0.0.1",))
        pve = FakePve(user="root@pam", password="secret", host="127.0.0.1", port=0)
        await pve.start(certificate, key)
        print(pve.url, hashlib.sha256(der).hexdigest(), certificate, sep="\t", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            # A line is an order, or a question: `count = ...` is answered with its value.
            scope = {"pve": pve, "answer": ""}
            exec(line, scope)
            print(scope["answer"], flush=True)


asyncio.run(main())
