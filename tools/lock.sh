#!/bin/sh
# Renews the locks from pyproject.toml, for both stacks, and shows what changed: requirements.lock holds everything but
# NVIDIA's libraries, requirements-gpu.lock those alone, and requirements-image.lock what builds the container image.
# uv.lock is only a step on the way: it is full of addresses of one registry, so it is not committed.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .uv/bin/uv)
"$uv" lock --quiet --upgrade
export_lock() {
    "$uv" export --quiet --frozen --no-emit-project --no-header --no-annotate "$@"
}
export_lock --all-extras --no-extra gpu >requirements.lock
# A package is its line and the lines of its hashes.
export_lock --extra gpu | awk '
    { name = $1; sub(/==.*/, "", name) }
    FNR == NR { if (/^[a-z]/) known[name]; next }
    /^[a-z]/ { wanted = !(name in known) }
    wanted
' requirements.lock - >requirements-gpu.lock
export_lock --only-group image >requirements-image.lock
rm -f uv.lock
git --no-pager diff --stat -- 'requirements*.lock'
git --no-pager diff --unified=0 -- 'requirements*.lock' | grep -E '^[+-][a-z]' || echo "no version changed"
