#!/bin/sh
# Renews requirements.lock from pyproject.toml, for both stacks, and shows what changed.
# uv.lock is only a step on the way: it is full of addresses of one registry, so it is not committed.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .uv/bin/uv)
"$uv" lock --quiet --upgrade
"$uv" export --quiet --frozen --no-emit-project --no-header --no-annotate --all-extras --output-file requirements.lock
rm -f uv.lock
git --no-pager diff --stat -- requirements.lock
git --no-pager diff --unified=0 -- requirements.lock | grep -E '^[+-][a-z]' || echo "no version changed"
