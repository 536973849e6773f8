#!/bin/sh
# Today's stack on a machine of the elder one: a fresh clone of the last commit in a Debian 13 tree, used by an
# ordinary user. The tree is built once (debootstrap) in $DEBIAN13_TREE, by default in the cache folder of this user;
# what the set-up installed stays in it, too.
#
#   tools/debian13.sh             runs the README's two commands
#   tools/debian13.sh COMMAND     runs another one, for example "make setup"
#
# SHARE=FOLDER shows one folder of this machine inside, under the same path. Exit code 77: this machine cannot do it.
# Mounts and processes live in namespaces of their own: however this ends, nothing of them is left.
set -eu
cd "$(dirname "$0")/.."

TREE=${DEBIAN13_TREE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/deepfake-inspector/debian13}
PACKAGES=python3,python3-venv,ca-certificates,git,make
COMMAND=${*:-make demo && make test}
# What this machine needs to reach a package index, the tree needs, too.
PASSED_ON="SSL_CERT_FILE PIP_CERT PIP_INDEX_URL UV_INDEX_URL UV_DEFAULT_INDEX http_proxy https_proxy no_proxy"

fail() {
    echo "debian13: $1" >&2
    exit "${2:-1}"
}

[ "$(id -u)" = 0 ] || fail "needs root, for debootstrap and chroot. Try: sudo tools/debian13.sh" 77
for tool in debootstrap unshare chroot flock git; do
    command -v "$tool" >/dev/null 2>&1 || fail \
        "$tool is missing. Install it (Debian, Ubuntu: apt-get install debootstrap util-linux coreutils git)." 77
done
unshare --mount --pid --fork true 2>/dev/null || fail \
    "this machine permits no namespaces of one's own (unshare). In a container, that takes --privileged." 77
case $TREE in
"$PWD"/*) fail "DEBIAN13_TREE: expected a folder outside the repository, received $TREE." ;;
esac

mkdir -p "$TREE"
exec 9>"$TREE.lock"
flock --nonblock 9 || fail "another run uses $TREE. Wait for it, or set DEBIAN13_TREE to another folder."
if [ ! -e "$TREE/.complete" ]; then
    echo "tree    building Debian 13 in $TREE (a minute or two)"
    rm -rf "$TREE"
    mkdir -p "$TREE"
    unshare --mount --pid --fork --kill-child \
        debootstrap --variant=minbase --include="$PACKAGES" trixie "$TREE" >"$TREE.log" 2>&1 || fail \
        "debootstrap failed; its log is $TREE.log"
    chroot "$TREE" useradd --create-home --shell /bin/sh user
    touch "$TREE/.complete"
fi
cp /etc/resolv.conf "$TREE/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$TREE/etc/ssl/certs/ca-certificates.crt"

home=$TREE/home/user clone=$TREE/home/user/deepfake-inspector
# All is fresh but the installation, which knows by itself whether it is up to date.
mkdir -p "$home/installed"
for part in .venv .uv; do
    [ ! -e "$clone/$part" ] || { rm -rf "$home/installed/$part" && mv "$clone/$part" "$home/installed/"; }
done
rm -rf "$clone"
git clone --quiet --no-hardlinks . "$clone"
chown -R --reference="$home" "$clone"
for part in .venv .uv; do
    [ ! -e "$home/installed/$part" ] || mv "$home/installed/$part" "$clone/"
done
echo "clone   $(git log -1 --format='%h %s')"

set --
for name in $PASSED_ON; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$@" "$name=$value"
done
SHARE=${SHARE:-}
export TREE COMMAND SHARE
# The children of unshare end with it; the mounts end with them.
exec unshare --mount --pid --fork --kill-child sh -euc '
    mount -t proc proc "$TREE/proc"
    mount --rbind /dev "$TREE/dev"
    if [ -n "$SHARE" ]; then
        mkdir -p "$TREE$SHARE"
        mount --bind "$SHARE" "$TREE$SHARE"
    fi
    ids=$(stat -c %u:%g "$TREE/home/user")
    exec chroot --userspec="$ids" "$TREE" /usr/bin/env -i HOME=/home/user USER=user LANG=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin "$@" \
        /bin/sh -euc "cd ~/deepfake-inspector; $COMMAND"
' debian13 "$@"
