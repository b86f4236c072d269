#!/bin/sh
# Pin every package with its hashes, for CPython 3.11 and later. Needs uv.
# `scripts/lock.sh --upgrade` takes the newest versions that pyproject.toml allows.
set -eu
cd "$(dirname "$0")/.."
compile() {
    out=$1
    shift
    uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-emit-find-links \
        --no-annotate --no-header --output-file "requirements/$out.txt" "$@"
}
compile base "$@"
compile scale --extra s3 --extra redis --constraint requirements/base.txt
compile test --extra s3 --extra redis --extra test --constraint requirements/scale.txt
