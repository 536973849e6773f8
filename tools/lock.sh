#!/bin/sh
# Renews the locks from pyproject.toml, for both stacks, and shows what changed: requirements.lock holds everything but
# NVIDIA's libraries, requirements-gpu.lock those alone, requirements-image.lock what builds the container image, and
# requirements-omnigen.lock the environment of OmniGen.
# uv.lock is only a step on the way: it is full of addresses of one registry, so it is not committed.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .uv/bin/uv)
"$uv" lock --quiet --upgrade
# export_lock FILE OPTION...
export_lock() {
    file=$1
    shift
    "$uv" export --quiet --frozen --no-emit-project --no-header --no-annotate "$@" --output-file "$file"
}
export_lock requirements.lock --all-extras --no-extra gpu
export_lock requirements-image.lock --only-group image
export_lock requirements-omnigen.lock --only-group omnigen
export_lock requirements-gpu.lock --extra gpu
# A package is its line and the lines of its hashes.
awk '
    { name = $1; sub(/==.*/, "", name) }
    FNR == NR { if (/^[a-z]/) known[name]; next }
    /^[a-z]/ { wanted = !(name in known) }
    wanted
' requirements.lock requirements-gpu.lock >requirements-gpu.lock.part
mv requirements-gpu.lock.part requirements-gpu.lock
rm -f uv.lock
git --no-pager diff --stat -- 'requirements*.lock'
git --no-pager diff --unified=0 -- 'requirements*.lock' | grep -E '^[+-][a-z]' || echo "no version changed"
