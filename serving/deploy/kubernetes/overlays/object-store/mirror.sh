#!/bin/sh
# Keeps the folder $MODELS equal to the version folders of $REMOTE ("store:bucket/path", for rclone), for ever.
# A version appears under its number only when it is whole: it is copied aside and renamed. A version that is deleted
# from the store is deleted here, which rolls the server back. A failed listing changes nothing.
# The KEEP newest versions are mirrored: more than models.config serves, as a label may stand for an old one.
# PERIOD seconds lie between two looks; ONCE=1 looks once, for tests.
set -u
trap 'exit 0' TERM INT
# The loop below tries again; rclone itself would for minutes, and a deleted version would stay as long.
export RCLONE_RETRIES=1 RCLONE_LOW_LEVEL_RETRIES=2 RCLONE_CONTIMEOUT=10s RCLONE_TIMEOUT=60s
KEEP=${KEEP:-10}
PERIOD=${PERIOD:-10}
aside=$MODELS/../.aside
mkdir -p "$MODELS"

look() {
  listed=$(rclone lsf --dirs-only "$REMOTE") || return 1
  versions=$(echo "$listed" | tr -d / | grep -E '^[0-9]{1,18}$' | sort -n | tail -n "$KEEP")
  for version in $versions; do
    [ -d "$MODELS/$version" ] && continue
    # The pipeline writes this file last.
    [ -n "$(rclone lsf "$REMOTE/$version/saved_model.pb" 2>/dev/null)" ] || continue
    rm -rf "$aside"
    if rclone copy "$REMOTE/$version" "$aside" && mv "$aside" "$MODELS/$version"; then
      echo "version $version is here"
    fi
  done
  # Nothing listed is an emptied store or a wrong path; either way the last versions go on serving.
  [ -n "$versions" ] || return 1
  for folder in "$MODELS"/*/; do
    version=$(basename "$folder")
    [ -d "$folder" ] || continue
    echo "$versions" | grep -qx "$version" && continue
    rm -rf "$aside"
    mv "$folder" "$aside" && rm -rf "$aside" && echo "version $version is gone"
  done
}

while true; do
  look || echo "nothing to mirror at $REMOTE; the next look is in $PERIOD s" >&2
  [ "${ONCE:-}" = 1 ] && exit
  sleep "$PERIOD"
done
