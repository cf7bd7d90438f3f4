"""Executes notebooks again and keeps their outputs: rerun.py NOTEBOOK..."""

import sys
from pathlib import Path

import nbformat
from kernel import execute

for path in map(Path, sys.argv[1:]):
    print(f"{path}: executing", flush=True)
    notebook = nbformat.read(path, as_version=4)
    nbformat.write(execute(notebook, path.resolve().parent), path)
