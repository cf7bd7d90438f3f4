"""What `:dep pve-notebook` costs in the kernel, in CPU-seconds, next to its four largest dependencies alone.

Both are built as the kernel builds them at `:opt 0`, from nothing, taking turns, with a warm registry.
Exits with 1 when the crate costs more than LIMIT times the baseline.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BASELINE = ("reqwest", "tokio", "serde_json", "plotters")
# Noise on the machine only ever adds, so the least of the rounds counts.
ROUNDS = 3
# A hundred types of the API's objects, of which each costs a tenth of a second, are half of what is above 1.3; the rest is
# what shows them: pages, drawings, charts.
LIMIT = 2.05

# The manifest that evcxr 0.22 writes for its cells.
MANIFEST = """\
[package]
name = "ctx"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]
path = "src/lib.rs"

[profile.dev]
opt-level = 0
debug = false
strip = "debuginfo"
rpath = true
lto = false
debug-assertions = true
codegen-units = 16
panic = 'unwind'
incremental = true
overflow-checks = true

[dependencies]
"""


def cargo(*args, folder, **env):
    # Settings of the person who runs this would change what is measured.
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CARGO_", "RUSTC", "RUSTFLAGS")) or k == "CARGO_HOME"}
    done = subprocess.run(
        ["cargo", *args], cwd=folder, env=kept | {"CARGO_TARGET_DIR": "target"} | env, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"cargo {' '.join(args)} failed:\n{done.stderr}")
    return done.stdout


def baseline():
    """The dependencies of the baseline as the manifest has them: version, features, defaults."""
    packages = json.loads(cargo("metadata", "--no-deps", "--format-version=1", folder=REPO))["packages"]
    ours = {d["name"]: d for d in packages[0]["dependencies"] if d["kind"] is None}
    for name in BASELINE:
        wanted = ours[name]
        defaults = str(wanted["uses_default_features"]).lower()
        yield f'{name} = {{ version = "{wanted["req"]}", default-features = {defaults}, features = {json.dumps(wanted["features"])} }}'


def crate(folder, dependencies):
    """An empty crate with these dependencies, locked to the versions of the repository, everything downloaded."""
    (folder / "src").mkdir(parents=True)
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(MANIFEST + "\n".join(dependencies) + "\n")
    if (REPO / "Cargo.lock").exists():
        shutil.copy(REPO / "Cargo.lock", folder)
    cargo("fetch", folder=folder)
    return folder


def cpu_seconds(folder):
    """User and system time of one build from nothing, with that of every compiler it started."""
    shutil.rmtree(folder / "target", ignore_errors=True)
    host = next(line.split()[1] for line in cargo("version", "-v", folder=folder).splitlines() if line.startswith("host:"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    cargo("build", "--offline", "--target", host, folder=folder, RUSTFLAGS="-Cprefer-dynamic")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


with tempfile.TemporaryDirectory() as scratch:
    crates = {
        "pve-notebook": crate(Path(scratch, "whole"), [f'pve-notebook = {{ path = "{REPO}" }}']),
        ", ".join(BASELINE): crate(Path(scratch, "alone"), baseline()),
    }
    seconds = {name: [] for name in crates}
    for _ in range(ROUNDS):
        for name, folder in crates.items():
            seconds[name].append(cpu_seconds(folder))

for name, rounds in seconds.items():
    print(f"{name:42}" + "".join(f"{s:8.1f}" for s in rounds) + "  CPU-seconds")
whole, alone = map(min, seconds.values())
print(f"ratio {whole / alone:.2f}, at most {LIMIT}")
sys.exit(whole > LIMIT * alone)
