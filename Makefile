# gradschool: `make fit` on a fresh machine, `make test`, and what a developer needs. `make help` lists all.
#
# Needs GNU make and a Python 3.11 to 3.13 with venv. Everything is installed into a folder of its own, never elsewhere.
# Another interpreter or other versions get an environment of their own:
#   make test PYTHON=python3.12 PINS="tensorflow==2.19.1 keras==3.10.0"

PYTHON ?=
PINS ?=
ARGS ?=
VENV ?= .venv$(if $(PYTHON)$(PINS),-$(shell printf '%s' '$(strip $(notdir $(PYTHON)) $(PINS))' | tr -cs 'A-Za-z0-9.' -))

RUN := $(VENV)/bin/python
# Two TensorFlow processes fill two cores; more than four want more memory than many machines have.
PYTEST := $(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile
ON_EVERY_BACK_END := tests/zoo/models tests/zoo/layers tests/zoo/inspection tests/callbacks
INSTALL := $(RUN) -m pip install -qq --disable-pip-version-check $(PINS)

.DELETE_ON_ERROR:  # a half-made environment is made again
.PHONY: help fit test test-quick test-jax test-torch bench lint clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

fit: $(VENV)/installed ## Train LeNet-5 on real handwritten digits (about half a minute; no network once installed)
	@$(VENV)/bin/gradschool fit lenet5 $(ARGS)

test: $(VENV)/installed-dev ## The whole test suite
	@$(PYTEST) $(ARGS)

test-quick: $(VENV)/installed-dev ## The four fifths of the tests that take less than a second each (about three minutes)
	@$(PYTEST) -m "not slow" $(ARGS)

test-jax: $(VENV)/installed-jax ## Models, layers, inspection and callbacks on JAX
	@KERAS_BACKEND=jax $(PYTEST) $(ON_EVERY_BACK_END) $(ARGS)

test-torch: $(VENV)/installed-torch ## Models, layers, inspection and callbacks on PyTorch
	@KERAS_BACKEND=torch $(PYTEST) $(ON_EVERY_BACK_END) $(ARGS)

bench: $(VENV)/installed-torch ## How fast models train, beside Keras's own fit and PyTorch (some minutes, on an idle machine)
	@$(VENV)/bin/gradschool bench $(ARGS)

lint: $(VENV)/installed-dev ## Ruff's rules and format, then mypy's types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@mkdir -p $(VENV)/types/gradschool  # mypy looks for a folder of the package's name
	@for part in __init__.py __main__.py py.typed zoo callbacks courseware; do \
	    ln -sfn "$(CURDIR)/$$part" $(VENV)/types/gradschool/$$part; done
	@MYPYPATH=$(VENV)/types $(RUN) -m mypy

clean: ## Remove the environments, builds and caches; runs are kept
	rm -rf .venv .venv-* build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# === Environments ===
$(VENV)/pyvenv.cfg:
	@for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11); do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	    then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "gradschool needs Python 3.11, 3.12 or 3.13 with venv; $(if $(PYTHON),$(PYTHON) is not one,none was found)." >&2; \
	    echo "Name one: make $(or $(MAKECMDGOALS),fit) PYTHON=/path/to/python3.12 (Debian and Ubuntu: apt install python3-venv)." >&2; \
	    exit 1; \
	fi; \
	echo "Making an environment in $(VENV) with $$("$$found" --version)."; \
	"$$found" -m venv $(VENV)

$(VENV)/installed: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "Installing gradschool with TensorFlow and Keras into $(VENV): once, a minute or two (about 700 MB to download)."
	@$(INSTALL) -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/pyvenv.cfg pyproject.toml
	@echo "Installing gradschool with TensorFlow, Keras and the test tools into $(VENV): once, a minute or two."
	@$(INSTALL) -e ".[dev]"
	@touch $(VENV)/installed $@

$(VENV)/installed-jax $(VENV)/installed-torch: $(VENV)/installed-%: $(VENV)/installed-dev
	@echo "Installing $* into $(VENV)."
	@$(INSTALL) -e ".[$*]"
	@touch $@
