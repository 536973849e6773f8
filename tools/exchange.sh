#!/bin/sh
# What one stack makes is used on the other, both ways: this machine's stack and today's in a Debian 13 tree
# (tools/debian13.sh, whose exit code 77, "cannot be done here", is passed on). Takes about five minutes.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE || true
# Another user writes to it inside the tree.
share=$(mktemp -d /tmp/exchange.XXXXXX)
trap 'rm -rf "$share"' EXIT
trap 'exit 130' INT TERM
chmod 777 "$share"

tools/setup.sh
.venv/bin/python tests/exchange/produce.py "$share/faces" "$share/here"
chmod -R a+rwX "$share"
SHARE=$share tools/debian13.sh "make setup &&
    .venv/bin/python tests/exchange/produce.py $share/faces $share/tree &&
    EXCHANGE_OWN=$share/tree EXCHANGE_OTHER=$share/here .venv/bin/python -m pytest -m exchange"
EXCHANGE_OWN=$share/here EXCHANGE_OTHER=$share/tree .venv/bin/python -m pytest -m exchange
