#!/usr/bin/env bash
# Makes benches/peers/.venv, .venv-models, .venv-check and .venv-exact with the pinned peers. Needs Python 3.10 or newer and PyPI.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
.venv/bin/python -c 'import dimod, ortools, numpy; print("OR-tools", ortools.__version__, "NumPy", numpy.__version__, "dimod", dimod.__version__)'
python3 -m venv .venv-models
.venv-models/bin/pip install --quiet --disable-pip-version-check -r requirements-models.txt
.venv-models/bin/python -c 'from importlib.metadata import version; print(*(f"{name} {version(name)}" for name in ("dimod", "ommx", "pyqubo")))'
python3 -m venv .venv-check
.venv-check/bin/pip install --quiet --disable-pip-version-check -r requirements-check.txt
.venv-check/bin/python -c 'from importlib.metadata import version; print(*(f"{name} {version(name)}" for name in ("numpy", "ortools", "scipy")))'
python3 -m venv .venv-exact
.venv-exact/bin/pip install --quiet --disable-pip-version-check -r requirements-exact.txt
.venv-exact/bin/python -c 'from importlib.metadata import version; print(*(f"{name} {version(name)}" for name in ("highspy", "lapx", "ortools", "POT", "scipy")))'
