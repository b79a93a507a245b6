#!/usr/bin/env bash
# Installs what the make verbs need beyond Swift and Python; a second call only looks and costs a few hundredths of a
# second.
#
# usage: setup.sh [--bench|--images|--cluster]
#   --bench   also what `make bench` measures against
#   --images  also what `make test-image` builds and runs images with
#   --cluster also what jobs of many hosts are tested with
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "setup: $*" >&2; }

bench=false
images=false
cluster=false
case ${1-} in
    "") ;;
    --bench) bench=true ;;
    --images) images=true ;;
    --cluster) cluster=true ;;
    *) echo "usage: ${0##*/} [--bench|--images|--cluster]" >&2; exit 64 ;;
esac

command -v swift >/dev/null || { say "no swift on PATH: install Swift 6.3 (https://www.swift.org/install)"; exit 69; }
command -v python3 >/dev/null || { say "no python3 on PATH"; exit 69; }

# install PACKAGE... : Debian's packages, those that are missing.
install() {
    if ! command -v dpkg-query >/dev/null; then
        say "this is no Debian or Ubuntu; these must be there: $*"
        return
    fi
    local installed missing=() package
    # dpkg-query fails when it does not know one of them.
    installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null || true)
    for package in "$@"; do
        grep -qx "ii *$package" <<<"$installed" || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "installing ${missing[*]}"
    local as_root=() apt
    if [[ $EUID -ne 0 ]]; then
        command -v sudo >/dev/null || { say "neither root nor sudo: install by hand: ${missing[*]}"; exit 69; }
        as_root=(sudo)
    fi
    apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    # The lists may be absent or old on a new machine; where they are good enough, fetching them is skipped.
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return
    "${apt[@]}" update
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# environment DIR OPTIONS... : a Python environment made by pip with these options, made anew when they or the files
# they name change.
environment() {
    local folder=$1 wanted
    shift
    wanted=$(printf '%s\n' "$@"; for word in "$@"; do if [[ -f $word ]]; then cat "$word"; fi; done)
    if [[ -f $folder/.setup && $(<"$folder/.setup") == "$wanted" ]]; then return; fi
    say "making $folder: $*"
    rm -rf "$folder"
    # Debian's own python3 comes without it.
    python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"
    echo "$wanted" >"$folder/.setup"
}

# zlib1g-dev is the one library we link; Swift's own needs are there where Swift is. binutils: readelf and strip;
# openssl: the certificate of the tests' server; libisal2: loaded when it is there; libarchive-tools: bsdtar, as a reader.
install binutils dumb-init git gzip libarchive-tools libisal2 openssl tar tini zlib1g-dev
environment .venv -r examples/qaoa/qaoa/requirements.txt -r Tests/requirements.txt
if $cluster; then
    install iproute2 libfaketime openmpi-bin openssh-client openssh-server python3-mpi4py python3-numpy util-linux
    exit
fi
if $bench; then
    # libssl-dev and a C compiler: the store of the S3 part that answers at once.
    install gcc isal libc6-dev libssl-dev pigz
    mkdir -p .bench
    environment .bench/peer boto3
    # As in an image built with PIP_NO_COMPILE=1 and PYTHONDONTWRITEBYTECODE=1.
    environment .bench/peer-no-byte-code --no-compile boto3
    # Not in .bench/peer: with awscrt beside it boto3 starts more slowly.
    environment .bench/peer-s3 -r scripts/s3bench/requirements.txt
    for program in measure null_store; do
        # -nt is also true when there is none yet.
        if [[ scripts/s3bench/$program.c -nt .bench/$program ]]; then
            cc -O2 -Wl,--as-needed -o ".bench/$program" "scripts/s3bench/$program.c" -lssl -lcrypto -lpthread
        fi
    done
fi
if $images; then
    install buildah conmon fuse-overlayfs mmdebstrap podman runc uidmap
fi
