#!/usr/bin/env bash
# Builds the image of container/Dockerfile with docker, podman or buildah, the first of them that works.
#
# usage: make-image.sh [NAME [BUILD-ARGUMENT...]]
#   NAME            braket-runner:latest unless given
#   BUILD-ARGUMENT  as --build-arg takes it: BASE_IMAGE=…, PYTHON_PACKAGES=…, SWIFT_IMAGE=…;
#                   BINARY=dist/braket-runner takes that program, else it is compiled in the official Swift image
#
# BUILD_FLAGS has further flags for the engine, such as --network=host, or behind a proxy with a certificate of its own
# --volume=/etc/ssl/certs:/etc/ssl/certs:ro (podman and buildah).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=${1:-braket-runner:latest}
[[ $# -eq 0 ]] || shift

label=org.opencontainers.image
arguments=(--label "$label.version=$(sed -n 's/.*runnerVersion = "\(.*\)".*/\1/p' Sources/RunnerCore/Version.swift)")
# A tarball of the sources has no history.
arguments+=(--label "$label.revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)")
for argument in "$@"; do
    arguments+=(--build-arg "$argument")
    if [[ $argument == BINARY=* ]]; then
        [[ -e ${argument#BINARY=} ]] || { echo "${0##*/}: there is no ${argument#BINARY=}; \`make release\` makes dist/braket-runner" >&2; exit 66; }
        arguments+=(--build-arg BINARY_STAGE=prebuilt)
    fi
done

# Docker's client may be there without its daemon.
if docker info >/dev/null 2>&1; then
    build=(docker build)
elif podman info >/dev/null 2>&1; then
    build=(podman build --format docker)
elif command -v buildah >/dev/null; then
    build=(buildah build --format docker)
else
    echo "${0##*/}: neither docker nor podman nor buildah works here" >&2
    exit 69
fi
echo "== ${build[*]} --tag $name" >&2
# shellcheck disable=SC2086 # Several flags in one variable.
"${build[@]}" ${BUILD_FLAGS-} --file container/Dockerfile "${arguments[@]}" --tag "$name" .
