#!/usr/bin/env bash
# Lays out what the qaoa example reads from S3 as folders: STORE_DIR/<bucket>/<key>.
# Safe to run again: a file whose content is the same is left as it is, and so is what runs have stored there.
set -euo pipefail

if [[ $# -ne 1 || $1 == -* ]]; then
    echo "usage: ${0##*/} STORE_DIR" >&2
    exit 64
fi

example=$(cd "$(dirname "${BASH_SOURCE[0]}")/../examples/qaoa" && pwd)
job=$1/amazon-braket-demo/jobs/qaoa-demo
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Replaces a file in one step, if its content is new.
put() {
    local source=$1 target=$2
    if cmp -s "$source" "$target"; then
        echo "same     $target"
        return
    fi
    mkdir -p "$(dirname "$target")"
    cp "$source" "$target.new"
    mv "$target.new" "$target"
    echo "written  $target"
}

# As the SDK packs a source folder: one top folder of its name. Names sorted, owner and times fixed, so that the same
# files give the same archive.
tar -C "$example" --exclude=__pycache__ --exclude='*.pyc' --format=ustar --sort=name --mtime='2026-01-01 00:00Z' \
    --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' -cf "$work/source.tar" qaoa
gzip -n "$work/source.tar"

put "$work/source.tar.gz" "$job/script/source.tar.gz"
for file in "$example"/data/graph/*; do
    put "$file" "$job/data/graph/${file##*/}"
done
