# The contributor's interface. `make demo` and `make test` set up all they need on a bare clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint types bench fuzz soak web web-check clean setup setup-dev system

help:
	@echo "make demo   set up and show the exercise on a map (DEMO_ARGS='--no-browser --exit-after 30')"
	@echo "make test   set up and run every check: lint, types, room contracts, client, tests"
	@echo "make lint | types | bench | fuzz | web | clean"

# A stamp per set-up: made again only when pyproject.toml changes.
$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/.installed
	$(BIN)/python -m pip install -q -U 'pip>=25.1'
	$(BIN)/python -m pip install -q -e '.[gis]' --group dev
	touch $@

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

# Debian's chromium, mosquitto, PostgreSQL and systemd for the tests that need them, where we may install them;
# the tests say when one is missing.
system:
	@if command -v chromium >/dev/null 2>&1 && PATH=$$PATH:/usr/sbin command -v mosquitto >/dev/null 2>&1 && command -v systemd-analyze >/dev/null 2>&1 \
	  && test -x "$$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1)"; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-core mosquitto postgresql systemd >/dev/null; \
	else echo "chromium, mosquitto, PostgreSQL or systemd is not installed: tests that need them will be skipped"; fi

demo: setup
	$(BIN)/sargas demo $(DEMO_ARGS)

# On a bare clone the kernels are compiled while the checks run: either takes a minute of a core.
# The tests run in two processes, whole files each and in order: what drives a browser comes last,
# as nothing may run an event loop of its own beside it.
test: setup-dev system
	@$(BIN)/python -c "from sargas.cli.warm import warm; warm(quiet=True)" & \
	$(MAKE) --no-print-directory lint types web-check; checked=$$?; wait; exit $$checked
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup-dev
	$(BIN)/mypy

web/node_modules/.installed: web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

web: web/node_modules/.installed
	cd web && npm run build

# The committed client must be what its source builds.
web-check: web/node_modules/.installed
	cd web && npm run check-build

bench: setup-dev
	$(BIN)/python -m bench

# FUZZ_INPUTS, FUZZ_SECONDS (of atheris, each target), FUZZ_TARGETS, FUZZ_SEED, FUZZ_OUT.
fuzz: setup-dev
	$(BIN)/python -m pip install -q --group fuzz
	$(BIN)/python -m fuzz

soak: setup-dev
	$(BIN)/python -m pytest -m soak $(PYTEST_ARGS)
	$(BIN)/python -m bench.month_bench

clean:
	rm -rf $(VENV) web/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench fuzz -name __pycache__ -type d -prune -exec rm -rf {} +
