#!/bin/sh
# Makes .venv from requirements.lock. Picks the stack this machine can run, finds or fetches its Python and uv, says
# what it picked, and does nothing when all is up to date. Override the stack with STACK=today or STACK=elder.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV || true

UV_VERSION=0.13.9
ZIG_VERSION=0.13.0
TODAY_PYTHONS="3.13 3.12 3.11"
ELDER_PYTHONS="3.10"
GLIBC_OF_TODAY=2.38

fail() {
    echo "setup: $1" >&2
    exit 1
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

# works PYTHON [VERSION]: whether it starts, has what an installation needs, and is of that version.
works() {
    "$1" -c "import sys, ssl, ctypes, zlib
sys.exit('${2:-}' not in ('', '%d.%d' % sys.version_info[:2]) or sys.version_info < (3, 8))" >/dev/null 2>&1
}

# find_python VERSION...: the first working one, in the order given.
find_python() {
    for version in "$@"; do
        for python in $(candidates "python$version") $(candidates python3) \
            "${HOME:-/nonexistent}"/.pyenv/versions/"$version"*/bin/python; do
            if works "$python" "$version"; then
                echo "$python"
                return 0
            fi
        done
    done
    return 1
}

find_any_python() {
    for python in $(candidates python3) "${HOME:-/nonexistent}"/.pyenv/versions/3.*/bin/python; do
        if works "$python"; then
            echo "$python"
            return 0
        fi
    done
    return 1
}

# find_uv: uv of this machine, or one installed into .uv from the package index.
find_uv() {
    for uv in .uv/bin/uv $(candidates uv); do
        if "$uv" --version >/dev/null 2>&1; then
            echo "$uv"
            return 0
        fi
    done
    helper=$(find_any_python) || fail \
        "no working Python 3 found. Install one (Debian, Ubuntu: apt-get install python3 python3-venv) and try again."
    rm -rf .uv
    "$helper" -m venv .uv >&2 || fail \
        "'$helper -m venv' failed. Install its venv module (Debian, Ubuntu: apt-get install python3-venv), or uv."
    .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" >&2 || fail \
        "uv could not be installed from the package index. Check the network, or install uv yourself."
    echo .uv/bin/uv
}

system=$(uname -s) machine=$(uname -m)
[ "$system/$machine" = Linux/x86_64 ] || fail \
    "TFX has no wheels for $system on $machine. Use a Linux machine on x86_64, or the container image."
glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) || true
[ -n "$glibc" ] || fail "expected the GNU C library, found another; TFX has no wheels for it."

if at_least "$glibc" "$GLIBC_OF_TODAY"; then
    default=today reason="glibc $glibc, at least $GLIBC_OF_TODAY"
else
    default=elder reason="glibc $glibc is older than $GLIBC_OF_TODAY, which TFX 1.21 needs"
fi
stack=${STACK:-$default}
[ "$stack" = "$default" ] || reason="STACK=$stack was asked for; this machine's own would be $default"
case $stack in
today) pythons=$TODAY_PYTHONS what="TFX 1.21 on Python 3.11-3.13" ;;
elder) pythons=$ELDER_PYTHONS what="TFX 1.16 on Python 3.10" ;;
*) fail "STACK: expected today or elder, received '$stack'." ;;
esac
echo "stack   $stack: $what ($reason)"

uv=$(find_uv)
# shellcheck disable=SC2086 # the list is meant to be split
if ! python=$(find_python $pythons); then
    wanted=${pythons%% *}
    echo "python  no working Python ${pythons} here; fetching $wanted with uv"
    "$uv" python install --quiet "$wanted" >&2 && python=$("$uv" python find "$wanted") || fail \
        "Python $wanted could not be fetched. Install Python $wanted (for example: pyenv install $wanted) and try again."
fi
echo "python  $python ($("$python" --version 2>&1))"

stamp=$(cat requirements.lock pyproject.toml setup.py tools/setup.sh | sha256sum | cut -d' ' -f1)-$("$python" --version)
if [ -x .venv/bin/python ] && [ "$(cat .venv/.complete 2>/dev/null)" = "$stamp" ]; then
    echo "install up to date (.venv)"
    exit 0
fi
echo "install from requirements.lock into .venv (about 3 GB, a minute or two)"
if [ "$stack" = elder ] && ! command -v c++ >/dev/null 2>&1 && ! command -v g++ >/dev/null 2>&1; then
    # One dependency of the elder stack, pyfarmhash, comes as source only. Zig's compiler comes as a package.
    echo "compile with Zig from the package index: this machine has no C++ compiler (takes a minute longer)"
    "$uv" venv --quiet --no-project --python "$python" .uv/zig
    "$uv" pip install --quiet --python .uv/zig/bin/python "ziglang==$ZIG_VERSION"
    CC="$PWD/.uv/zig/bin/python -m ziglang cc" CXX="$PWD/.uv/zig/bin/python -m ziglang c++"
    export CC CXX
fi
rm -rf .venv
"$uv" venv --quiet --no-project --python "$python" .venv
"$uv" pip sync --quiet --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q pipeline components data serving
echo "$stamp" >.venv/.complete
echo "install done"
