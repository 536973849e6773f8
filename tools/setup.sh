#!/bin/sh
# Makes .venv from requirements.lock. Picks the stack this machine can run, finds or fetches its Python and uv, says
# what it picked, and does nothing when all is up to date. Override the stack with STACK=today or STACK=elder.
#
#   tools/setup.sh --explain      says what it would pick and why; downloads and writes nothing
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV || true

UV_VERSION=0.13.9
ZIG_VERSION=0.13.0
TODAY_PYTHONS="3.13 3.12 3.11"
ELDER_PYTHONS="3.10"
GLIBC_OF_TODAY=2.38
# On an ARM machine Docker would build for ARM, for which there are no wheels either.
CONTAINER="the container image (docker build --platform linux/amd64 -t deepfake-inspector .)"

# fail MESSAGE [CODE]
fail() {
    echo "setup: $1" >&2
    exit "${2:-1}"
}

no_wheels() {
    fail "TFX has no wheels for $1, only for Linux on x86_64 with glibc. Use $CONTAINER, or the client alone:\
 serving/client.py needs grpcio and protobuf, and runs anywhere."
}

# at_least A B: whether version A is B or newer.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n | head -n 1)" = "$2" ]
}

# candidates NAME: every executable of that name on PATH, not only the first: a dead shim may stand before a good one.
candidates() {
    echo "$PATH" | tr ':' '\n' | while read -r folder; do
        [ -x "$folder/$1" ] && echo "$folder/$1"
    done || true
}

# installed VERSION: the Pythons that pyenv and uv keep, on PATH or not.
installed() {
    for python in "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/"$1"*/bin/python \
        "${XDG_DATA_HOME:-${HOME:-/nonexistent}/.local/share}"/uv/python/cpython-"$1".*/bin/python; do
        echo "$python"
    done
}

# works VERSION MODULES PYTHON: whether it starts, has these modules, is a CPython of that version for which wheels are
# built (64 bits, not free-threaded), and no environment: with .venv activated it would be the one about to be replaced.
works() {
    "$3" -c "import sys, $2
wheels = sys.implementation.name == 'cpython' and sys.maxsize > 2**32 and 't' not in sys.abiflags
version = sys.version_info >= (3, 8) and '$1' in ('3', '%d.%d' % sys.version_info[:2])
sys.exit(not (wheels and version and sys.prefix == sys.base_prefix))"
}

starts() {
    "$1" --version
}

# first_that CHECK...: of the programs on standard input, one a line, the first that passes.
first_that() {
    while read -r program; do
        if "$@" "$program" </dev/null >/dev/null 2>&1; then
            echo "$program"
            return 0
        fi
    done
    return 1
}

# find_python VERSION...: the first working one, in the order given.
find_python() {
    for version in "$@"; do
        { candidates "python$version" && candidates python3 && installed "$version"; } |
            first_that works "$version" "ssl, ctypes, zlib, bz2, lzma" && return 0
    done
    return 1
}

case $* in
'') explain= ;;
--explain) explain=yes ;;
*) fail "expected no argument, or --explain, received '$*'." 2 ;;
esac

system=$(uname -s) machine=$(uname -m)
[ "$system/$machine" = Linux/x86_64 ] || no_wheels "$system on $machine"
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p')
[ -n "$glibc" ] || no_wheels "Linux with another C library, such as musl"

if at_least "$glibc" "$GLIBC_OF_TODAY"; then
    default=today reason="glibc $glibc; TFX 1.21 needs $GLIBC_OF_TODAY or newer"
else
    default=elder reason="glibc $glibc is older than $GLIBC_OF_TODAY, which TFX 1.21 needs"
fi
stack=${STACK:-$default}
[ -z "${STACK:-}" ] || reason="STACK=$stack was asked for; with glibc $glibc this machine gets $default by itself"
case $stack in
today) pythons=$TODAY_PYTHONS what="TFX 1.21 on Python 3.11-3.13" ;;
elder) pythons=$ELDER_PYTHONS what="TFX 1.16 on Python 3.10" ;;
*) fail "STACK: expected today or elder, received '$stack'." 2 ;;
esac
[ "$stack/$default" != today/elder ] || fail "STACK=today: the wheels of TFX 1.21 will not install here, with glibc\
 $glibc; they need $GLIBC_OF_TODAY or newer. Leave STACK out to get TFX 1.16, or use $CONTAINER." 2
echo "stack   $stack: $what ($reason)"

# shellcheck disable=SC2086 # the list is meant to be split
python=$(find_python $pythons) || python=
if ! uv=$({ echo .uv/bin/uv && candidates uv; } | first_that starts); then
    helper=$({ echo "$python" && candidates python3 && installed 3; } |
        first_that works 3 "ssl, venv, ensurepip") || fail \
        "no uv here, and no working Python 3 with its venv module to install uv with.\
 Install one (Debian, Ubuntu: apt-get install python3 python3-venv) and try again."
    uv=
fi
wanted=${pythons%% *}
if [ -n "$python" ]; then
    echo "python  $python ($("$python" --version 2>&1))"
else
    echo "python  $wanted, which uv fetches: this machine has no working Python ($pythons)"
fi
echo "uv      ${uv:-$UV_VERSION from the package index, into .uv}"
[ -z "$explain" ] || exit 0

if [ -z "$uv" ]; then
    rm -rf .uv
    "$helper" -m venv .uv >&2 || fail "'$helper -m venv .uv' failed. Install uv yourself, and try again."
    .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 || fail \
        "uv could not be installed from the package index. Check the network, or install uv yourself."
    uv=.uv/bin/uv
fi
if [ -z "$python" ]; then
    "$uv" python install --quiet "$wanted" >&2 || fail \
        "Python $wanted could not be fetched. Install Python $wanted (for example: pyenv install $wanted) and try again."
    python=$("$uv" python find "$wanted")
fi

version=$("$python" --version)
stamp=$(cat requirements.lock pyproject.toml setup.py tools/setup.sh | sha256sum | cut -d' ' -f1)-$version
if [ -x .venv/bin/python ] && [ "$(cat .venv/.complete 2>/dev/null)" = "$stamp" ]; then
    echo "install up to date (.venv)"
    exit 0
fi
# An installation that was completed with this Python is brought up to date; any other one starts afresh.
if [ -e .venv/.complete ] && [ "$(.venv/bin/python --version 2>&1)" = "$version" ]; then
    echo "install what requirements.lock changes in .venv"
    rm .venv/.complete
else
    echo "install from requirements.lock into .venv (about 3 GB, a minute or two)"
    rm -rf .venv
    "$uv" venv --quiet --no-project --python "$python" .venv
fi
if [ "$stack" = elder ] && ! command -v c++ >/dev/null 2>&1 && ! command -v g++ >/dev/null 2>&1; then
    # One dependency of the elder stack, pyfarmhash, comes as source only. Zig's compiler comes as a package.
    echo "compile with Zig from the package index: this machine has no C++ compiler (takes a minute longer)"
    rm -rf .uv/zig
    "$uv" venv --quiet --no-project --python "$python" .uv/zig
    "$uv" pip install --quiet --python .uv/zig/bin/python "ziglang==$ZIG_VERSION"
    CC="$PWD/.uv/zig/bin/python -m ziglang cc" CXX="$PWD/.uv/zig/bin/python -m ziglang c++"
    export CC CXX
fi
"$uv" pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q pipeline components data serving
echo "$stamp" >.venv/.complete
echo "install done"
