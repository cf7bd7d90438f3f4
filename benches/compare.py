"""pve-notebook against proxmoxer and pandas on one machine, in ratios: time for long lists, for tables and drawings of
them, for many calls, and memory; and what a recording of such a cluster takes.

Builds the crate as the notebook kernel does, at `:opt 0` and at `:opt 2`, and lets all take turns at the same server.
Exits with 1 when a limit is broken.
"""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlsplit

BENCHES = Path(__file__).resolve().parent

# Settings of the person who runs this would change what is measured.
SETTINGS = ("PVE_", "CARGO_PROFILE", "CARGO_BUILD", "CARGO_ENCODED", "RUSTC", "RUSTFLAGS")
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS)} | {"NO_PROXY": "127.0.0.1"}
TOKEN = "bench@pve!notebook=00000000-0000-0000-0000-000000000000"

# A list of 10,000 guests: time as a part of proxmoxer's, by optimisation level; memory beyond the answer's own size.
LIST = {"nodes": 100, "guests": 10_000, "seconds": 0}
LIST_ROUNDS = 40
LIST_LIMITS = {"2": 0.5, "0": 3.0}
MEMORY_LIMIT_MB = 50
MEMORY_ROUNDS = 5

# The same list as a page, a table of every row and a drawing of what runs where: how many times as fast as pandas writes
# the rows alone as an HTML table.
RENDER_ROUNDS = 10
RENDER_LIMITS = {"2": 5, "0": 1}

# 1,000 configurations: how many times as fast as one after the other.
MANY = {"nodes": 8, "guests": 1_000, "seconds": 0.02}
MANY_ROUNDS = 3
MANY_LIMIT = 8
AT_ONCE = 2

# A recording of the 10,000 guests: opened and its overview shown, and how long its file is.
RECORDING_ROUNDS = 5
RECORDING_SECONDS = 1
RECORDING_MB = 20


def built(level):
    """The client, built at this level."""
    command = ["cargo", "bench", "--no-run", "--bench", "client", "--profile", f"kernel-opt-{level}"]
    command += ["--quiet", "--message-format=json-render-diagnostics"]
    done = subprocess.run(command, cwd=BENCHES.parent, env=ENVIRONMENT, stdout=subprocess.PIPE)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    paths = [m["executable"] for m in messages if m.get("executable") and m["target"]["kind"] == ["bench"]]
    if done.returncode or not paths:
        sys.exit("the client was not built")
    return paths[0]


class Process:
    """A program that answers each line with a line."""

    def __init__(self, *command, **env):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT | env
        )

    def line(self):
        """The next line that is an answer; it begins with a mark."""
        for line in self.process.stdout:
            if line.startswith("= "):
                return line.removeprefix("= ")
        sys.exit(f"{self.process.args} ended")

    def ask(self, words):
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()
        return self.line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Server(Process):
    def __init__(self, nodes, guests, seconds):
        super().__init__(sys.executable, str(BENCHES / "serve.py"), str(nodes), str(guests), str(seconds))
        self.url, self.certificate = self.line().split()
        self.guests = guests

    def client(self, *command):
        return Process(*command, PVE_URL=self.url, PVE_CA_FILE=self.certificate, PVE_TOKEN=TOKEN)

    def clients(self, binaries):
        """Who takes part, by name."""
        yield "proxmoxer", self.client(sys.executable, str(BENCHES / "proxmoxer_client.py"))
        for level, binary in binaries.items():
            yield level, self.client(binary)

    def alone(self):
        """The answer's size, and a way to time the server with a client that only reads."""
        tls = ssl.create_default_context(cafile=self.certificate)
        url = urlsplit(self.url)
        connection = tls.wrap_socket(socket.create_connection((url.hostname, url.port)), server_hostname=url.hostname)
        room = bytearray(1 << 18)

        def fetch():
            since = time.perf_counter()
            connection.sendall(b"GET /api2/json/cluster/resources HTTP/1.1\r\n\r\n")
            head = bytes(room[: connection.recv_into(room)]).split(b"\r\n\r\n")
            size = int(head[0].split(b"Content-Length: ")[1].split()[0])
            left = size - sum(map(len, head[1:]))
            while left > 0:
                left -= connection.recv_into(room)
            return time.perf_counter() - since, size

        return fetch


def take_turns(server, binaries, what, rounds):
    """Seconds of each round by client, and how many calls to one node were on their way at most."""
    with contextlib.ExitStack() as started:
        clients = {name: started.enter_context(client) for name, client in server.clients(binaries)}
        seconds, most = {name: [] for name in clients}, dict.fromkeys(clients, 0)
        # The first round is for warming up.
        for round in range(rounds + 1):
            for name, client in clients.items():
                server.ask("")
                took, count = client.ask(what).split()
                if int(count) != server.guests:
                    sys.exit(f"{name} got {count} and not {server.guests}")
                most[name] = max(most[name], int(server.ask("")))
                if round:
                    seconds[name].append(float(took))
    return seconds, most


broken = []


def row(name, values, unit, verdict=""):
    low, middle, high = quantiles(values, n=4, method="inclusive")
    spread = f"{low:.1f} – {high:.1f}"
    print(f"  {name:25}{middle:8.1f} {unit:3}{spread:>17}   {verdict}".rstrip(), flush=True)


def judged(what, value, limit, holds):
    if not holds:
        broken.append(f"{what}: {value}, {limit}")
    return f"{value}, {limit}: {'holds' if holds else 'BROKEN'}"


def ours(level):
    return f"pve-notebook at :opt {level}"


def milliseconds(seconds):
    return [s * 1e3 for s in seconds]


def long_list(binaries):
    with Server(**LIST) as server:
        fetch = server.alone()
        alone, sizes = zip(*(fetch() for _ in range(LIST_ROUNDS)))
        seconds, _ = take_turns(server, binaries, "resources", LIST_ROUNDS)
        megabytes = sizes[0] / 1e6
        print(
            f"/cluster/resources of {LIST['guests']:,} guests on {LIST['nodes']} nodes ({megabytes:.1f} MB) over TLS, "
            f"fetched and typed: median and quartiles of {LIST_ROUNDS} rounds"
        )
        # Far below the others, or else it is the server that is measured.
        row("the server, just read", milliseconds(alone), "ms")
        row("proxmoxer", milliseconds(seconds["proxmoxer"]), "ms")
        for level, limit in LIST_LIMITS.items():
            part = median(seconds[level]) / median(seconds["proxmoxer"])
            verdict = judged(ours(level), f"{part:.2f} of proxmoxer's time", f"at most {limit}", part <= limit)
            row(ours(level), milliseconds(seconds[level]), "ms", verdict)

        print(f"\nThat list held: the most memory there ever was, beyond what there was before and the {megabytes:.1f} MB")
        for level in LIST_LIMITS:
            beyond = []
            for _ in range(MEMORY_ROUNDS):
                with server.client(binaries[level]) as client:
                    beyond.append(int(client.ask("memory").split()[0]) * 1024 / 1e6 - megabytes)
            limit = f"at most {MEMORY_LIMIT_MB}"
            row(ours(level), beyond, "MB", judged(ours(level), f"{max(beyond):.1f} MB", limit, max(beyond) <= MEMORY_LIMIT_MB))


def rendering(binaries):
    with Server(**LIST) as server:
        seconds, _ = take_turns(server, binaries, "render", RENDER_ROUNDS)
    print(
        f"\n{LIST['guests']:,} guests on {LIST['nodes']} nodes as HTML, pandas' to_html next to page, whole table and "
        f"topology: median and quartiles of {RENDER_ROUNDS} rounds"
    )
    row("pandas", milliseconds(seconds["proxmoxer"]), "ms")
    for level, least in RENDER_LIMITS.items():
        times = median(seconds["proxmoxer"]) / median(seconds[level])
        verdict = judged(ours(level), f"{times:.1f} times as fast", f"at least {least}", times >= least)
        row(ours(level), milliseconds(seconds[level]), "ms", verdict)


def many_calls(binaries):
    with Server(**MANY) as server:
        seconds, most = take_turns(server, binaries, "configs", MANY_ROUNDS)
    least = MANY["guests"] / MANY["nodes"] / AT_ONCE * MANY["seconds"]
    print(
        f"\n{MANY['guests']:,} configurations on {MANY['nodes']} nodes, {MANY['seconds'] * 1e3:.0f} ms an answer: "
        f"median and quartiles of {MANY_ROUNDS} rounds (with {AT_ONCE} at once a node no less than {least:.2f} s)"
    )
    row("proxmoxer, in a loop", seconds["proxmoxer"], "s")
    for level in LIST_LIMITS:
        times = median(seconds["proxmoxer"]) / median(seconds[level])
        speed = judged(ours(level), f"{times:.1f} times as fast", f"at least {MANY_LIMIT}", times >= MANY_LIMIT)
        at_once = judged(ours(level), f"{most[level]} at once a node", f"at most {AT_ONCE}", most[level] <= AT_ONCE)
        row(ours(level), seconds[level], "s", f"{speed}; {at_once}")


def recording(binaries):
    level = "2"
    with Server(**LIST) as server, server.client(binaries[level]) as client:
        took, size = client.ask("record").split()
        seconds = [float(client.ask("recording").split()[0]) for _ in range(RECORDING_ROUNDS)]
    megabytes = int(size) / 1e6
    print(
        f"\nA recording of {LIST['guests']:,} guests on {LIST['nodes']} nodes, made in {float(took):.0f} s: opened, and its "
        f"overview as HTML, median and quartiles of {RECORDING_ROUNDS} rounds"
    )
    slowest = judged(ours(level), f"{max(seconds):.2f} s", f"at most {RECORDING_SECONDS}", max(seconds) <= RECORDING_SECONDS)
    length = judged(ours(level), f"{megabytes:.1f} MB", f"at most {RECORDING_MB}", megabytes <= RECORDING_MB)
    row(ours(level), milliseconds(seconds), "ms", f"{slowest}; {length}")


binaries = {level: built(level) for level in LIST_LIMITS}
long_list(binaries)
rendering(binaries)
many_calls(binaries)
recording(binaries)
if broken:
    sys.exit("\nNot met by " + "\nNot met by ".join(broken))
