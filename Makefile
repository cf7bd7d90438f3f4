# Each target installs what it needs first; see binder/setup for where.
export PVE_NOTEBOOK_PYTHON := $(CURDIR)/.venv/bin/python
PYTEST := .venv/bin/python -m pytest -p no:cacheprovider -ra

.PHONY: help lab html test soak conformance tour bench cost

help:
	@echo "make lab    open the tour on the demo cluster in JupyterLab (ARGS=--no-browser)"
	@echo "make html   every notebook as one HTML file that needs nothing else, in target/html"
	@echo "make test   format, lints, documentation, every test"
	@echo "make soak   the property tests with new cases until one fails (TIMES=20)"
	@echo "make conformance PVE_RECORDED=folder   the client and its types against recorded answers of a real cluster"
	@echo "make tour   execute the notebooks again and keep their outputs"
	@echo "make bench  time and memory in ratios to proxmoxer and pandas, on this machine"
	@echo "make cost   what \`:dep pve-notebook\` costs, in CPU-seconds"

lab:
	@binder/setup
	@binder/lab $(ARGS)

html:
	@binder/setup
	@binder/html
	@ls -1 target/html/*.html

# The same cases for everybody; new ones are what `make soak` is for.
test: export PROPTEST_RNG_SEED := 20261129
test:
	@binder/setup --tests
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
	cargo test
	$(PYTEST) --maxfail=20 tests/notebooks

TIMES ?= 20
soak:
	@for i in $$(seq $(TIMES)); do echo "round $$i of $(TIMES)"; cargo test --lib --quiet -- \
	  invariants sequences machine cuts whatever || exit 1; done

# The recordings are no part of this repository; where they lie beside it, they are found.
RECORDINGS := $(realpath ../shared/pve-9.1)
conformance: export PVE_RECORDED := $(or $(PVE_RECORDED),$(wildcard $(RECORDINGS)/recorded))
conformance: export PVE_SCHEMA := $(or $(PVE_SCHEMA),$(wildcard $(RECORDINGS)/schema.json))
conformance:
	@test -n "$$PVE_RECORDED" || { echo "skipped: name a folder of recorded answers, PVE_RECORDED=folder"; exit 1; }
	cargo test --lib -- conformance agrees_with_the_schema twin::tests::recorded stories:: secret::settings --nocapture

tour:
	@binder/setup
	.venv/bin/python tests/notebooks/rerun.py notebooks/*.ipynb

cost:
	@binder/setup
	.venv/bin/python tests/cost/dep.py

bench:
	@binder/setup --tests
	.venv/bin/pip install -q -r benches/requirements.txt
	.venv/bin/python benches/compare.py
