#!/bin/sh
# Makes .venv-omnigen from requirements-omnigen.lock, with the Python of .venv and the uv that tools/setup.sh found or
# fetched; does nothing when all is up to date. Fetches no weights of a model.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV || true

fail() {
    echo "setup-omnigen: $1" >&2
    exit 1
}

[ -x .venv/bin/python ] || fail "no .venv here. Run 'make setup' first."
if .uv/bin/uv --version >/dev/null 2>&1; then
    uv=.uv/bin/uv
elif uv --version >/dev/null 2>&1; then
    uv=uv
else
    fail "no uv here. Run 'make setup' first."
fi

version=$(.venv/bin/python --version)
stamp=$(cat requirements-omnigen.lock tools/setup_omnigen.sh | sha256sum | cut -d' ' -f1)-$version
if [ -x .venv-omnigen/bin/python ] && [ "$(cat .venv-omnigen/.complete 2>/dev/null)" = "$stamp" ]; then
    echo "install up to date (.venv-omnigen)"
    exit 0
fi
if [ -e .venv-omnigen/.complete ] && [ "$(.venv-omnigen/bin/python --version 2>&1)" = "$version" ]; then
    echo "install what requirements-omnigen.lock changes in .venv-omnigen"
    rm .venv-omnigen/.complete
else
    echo "install from requirements-omnigen.lock into .venv-omnigen (5.5 GB, some minutes)"
    rm -rf .venv-omnigen
    "$uv" venv --quiet --no-project --python .venv/bin/python .venv-omnigen
fi
"$uv" pip sync --quiet --python .venv-omnigen/bin/python --require-hashes requirements-omnigen.lock
.venv-omnigen/bin/python -I -c "from diffusers import OmniGenPipeline" || fail \
    "installed, but PyTorch and diffusers do not start here; the lines above say why."
echo "$stamp" >.venv-omnigen/.complete
echo "install done; the weights of OmniGen v1 (15.5 GB) are fetched by:"
echo "    .venv-omnigen/bin/hf download Shitao/OmniGen-v1-diffusers"
