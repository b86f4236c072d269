#!/bin/sh
# scripts/setup.sh base|test: the virtual environment with its pinned packages, and the
# compiled translations. Does nothing when nothing has changed.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-base}

newest_python() {
    for name in python3 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Engage needs Python 3.11 or newer (Debian: apt-get install python3 python3-venv)." >&2
    exit 1
}

if ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
    python=$(newest_python)
    echo "Making the virtual environment (.venv) with $("$python" --version)" >&2
    "$python" -m venv .venv || {
        echo "Python's venv module is missing (Debian: apt-get install python3-venv)." >&2
        exit 1
    }
fi

# the test set contains the base set
stamp=$(cksum <"requirements/$kind.txt" | tr ' ' -)
test_stamp=$(cksum <requirements/test.txt | tr ' ' -)
if [ ! -e ".venv/.$kind-$stamp" ] &&
    { [ "$kind" = test ] || [ ! -e ".venv/.test-$test_stamp" ]; }; then
    echo "Installing packages (requirements/$kind.txt)" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes --requirement "requirements/$kind.txt"
    # installers may leave this to the first start, which it triples
    .venv/bin/python -m compileall -q .venv/lib >/dev/null || true
    rm -f ".venv/.$kind-"*
    touch ".venv/.$kind-$stamp"
fi

.venv/bin/python -m compileall -q engage config.py wsgi.py >/dev/null || true

if [ -d translations ]; then
    .venv/bin/python scripts/translations.py
fi
