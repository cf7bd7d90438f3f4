# Each target installs what it needs first; see binder/setup for where.
export PVE_NOTEBOOK_PYTHON := $(CURDIR)/.venv/bin/python
PYTEST := .venv/bin/python -m pytest -p no:cacheprovider -ra

.PHONY: help lab test tour cost

help:
	@echo "make lab    open the tour on the demo cluster in JupyterLab (ARGS=--no-browser)"
	@echo "make test   format, lints, documentation, every test"
	@echo "make tour   execute the notebooks again and keep their outputs"
	@echo "make cost   what \`:dep pve-notebook\` costs, in CPU-seconds"

lab:
	@binder/setup
	@binder/lab $(ARGS)

test:
	@binder/setup --tests
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
	cargo test
	$(PYTEST) tests/notebooks

tour:
	@binder/setup
	.venv/bin/python tests/notebooks/rerun.py notebooks/*.ipynb

cost:
	@binder/setup
	.venv/bin/python tests/cost/dep.py
