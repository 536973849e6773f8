#!/bin/sh
# Today's stack on a machine of the elder one: a fresh clone of the last commit in a Debian 13 tree, used by an
# ordinary user. The tree is built once (debootstrap) in $DEBIAN13_TREE, by default in the cache folder of this user;
# what the set-up installed stays in it, too.
#
#   tools/debian13.sh             runs the README's two commands
#   tools/debian13.sh COMMAND     runs another one, for example "make setup"
#
# SHARE=FOLDER shows one folder of this machine inside, under the same path. Exits with 77 where it cannot run, else with
# the command's own code. Mounts and processes live in namespaces of their own: however this ends, nothing of them is
# left.
set -eu

# cannot MESSAGE: 77 is what test harnesses take for "skipped".
cannot() {
    echo "debian13: cannot run here: $1" >&2
    exit 77
}

fail() {
    echo "debian13: $1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || cannot "needs root, for debootstrap and chroot. Try: sudo tools/debian13.sh"
for tool in debootstrap unshare setpriv flock chroot realpath git; do
    command -v "$tool" >/dev/null 2>&1 || cannot \
        "$tool is missing. Install it (Debian, Ubuntu: apt-get install debootstrap util-linux coreutils git)."
done
reason=$(setpriv --pdeathsig KILL unshare --mount --mount-proc --pid --fork true 2>&1) || cannot \
    "namespaces and mounts are not permitted ($reason). In a container, start that one with --privileged."

TREE=$(realpath -m "${DEBIAN13_TREE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/deepfake-inspector/debian13}")
PACKAGES=python3,python3-venv,ca-certificates,git,make
COMMAND=${*:-make demo && make test}
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
# What this machine needs to reach a package index, the tree needs, too.
PASSED_ON="PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST
    UV_DEFAULT_INDEX UV_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_PYTHON_INSTALL_MIRROR
    http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY"

cd "$(dirname "$0")/.."
case $TREE/ in
"$(pwd -P)"/*) cannot "DEBIAN13_TREE: expected a folder outside the repository, received $TREE." ;;
esac

running=
# contained COMMAND...: in namespaces of its own. Should this script be killed outright, it is, too.
contained() {
    # Only the command may complain: unshare does so when its child is killed, as stop does.
    setpriv --pdeathsig KILL unshare --mount --mount-proc --pid --fork --kill-child \
        sh -c 'exec "$@" 2>&4 4>&-' sh "$@" <&3 3<&- 4>&2 2>/dev/null &
    running=$! code=0
    wait "$running" || code=$?
    running=
    return "$code"
}

# unshare heeds no signal while it waits. Its child is the first process of the namespaces: killed, it takes all others
# along, and unshare returns only when they are gone.
stop() {
    trap '' HUP INT TERM
    if [ -n "$running" ]; then
        first=
        read -r first 2>/dev/null <"/proc/$running/task/$running/children" || true
        kill -KILL "${first:-$running}" 2>/dev/null || true
        wait "$running" || true
    fi
    exit "$1"
}

mkdir -p "$(dirname "$TREE")"
exec 3<&0 9>"$TREE.lock"
flock --nonblock 9 || fail "another run uses $TREE. Wait for it, or set DEBIAN13_TREE to another folder."
trap 'stop 129' HUP
trap 'stop 130' INT
trap 'stop 143' TERM

if [ ! -e "$TREE/.complete" ]; then
    [ ! -e "$TREE" ] || rmdir "$TREE" 2>/dev/null || fail \
        "DEBIAN13_TREE: expected a tree that this script built, or nothing, found something else at $TREE."
    echo "tree    building Debian 13 in $TREE (a minute or two)"
    # It gets its name when it is whole: what was broken off is built anew.
    rm -rf --one-file-system "$TREE.part"
    mkdir -p "$TREE.part"
    contained debootstrap --variant=minbase --include="$PACKAGES" trixie "$TREE.part" >"$TREE.log" 2>&1 || fail \
        "debootstrap failed; its log is $TREE.log"
    chroot "$TREE.part" useradd --create-home --shell /bin/sh user
    touch "$TREE.part/.complete"
    mv "$TREE.part" "$TREE"
fi
cp --remove-destination /etc/resolv.conf "$TREE/etc/resolv.conf"
bundle=${SSL_CERT_FILE:-${PIP_CERT:-$CERTIFICATES}}
[ ! -r "$bundle" ] || cp "$bundle" "$TREE$CERTIFICATES"

home=$TREE/home/user clone=$TREE/home/user/deepfake-inspector
# All is fresh but the installation, which knows by itself whether it is up to date.
mkdir -p "$home/installed"
for part in .venv .uv; do
    [ ! -e "$clone/$part" ] || { rm -rf "$home/installed/$part" && mv "$clone/$part" "$home/installed/"; }
done
rm -rf --one-file-system "$clone"
git clone --quiet --no-hardlinks . "$clone"
chown -R --reference="$home" "$clone"
for part in .venv .uv; do
    [ ! -e "$home/installed/$part" ] || mv "$home/installed/$part" "$clone/"
done
echo "clone   $(git log -1 --format='%h %s')"

set -- "SSL_CERT_FILE=$CERTIFICATES" "PIP_CERT=$CERTIFICATES"
for name in $PASSED_ON; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$@" "$name=$value"
done
SHARE=${SHARE:-}
export TREE COMMAND SHARE
# A shell's background command ignores Ctrl-C; what runs inside must not inherit that, or its tests of it fail.
# shellcheck disable=SC2016 # the inner shell expands it
contained sh -euc '
    mount -t proc proc "$TREE/proc"
    mount --rbind /dev "$TREE/dev"
    # Without it lscpu finds no processor, and scikit-learn prints a traceback about that.
    mount --bind /sys "$TREE/sys"
    if [ -n "$SHARE" ]; then
        mkdir -p "$TREE$SHARE"
        mount --bind "$SHARE" "$TREE$SHARE"
    fi
    ids=$(stat -c %u:%g "$TREE/home/user")
    # No exec: a process that changes its user no longer dies with its parent, and the first one must.
    chroot --userspec="$ids" "$TREE" /usr/bin/env -i --default-signal=INT,QUIT \
        HOME=/home/user USER=user LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin "$@" \
        /bin/sh -euc "cd ~/deepfake-inspector; $COMMAND"
    exit
' debian13 "$@"
