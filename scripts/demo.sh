#!/usr/bin/env bash
# Runs examples/qaoa as a hybrid job on folders and says what it left.
#
# usage: demo.sh RUNNER PYTHON DIR
#   RUNNER  the program
#   PYTHON  an interpreter with amazon-braket-sdk
#   DIR     DIR/store stands for S3 and stays; DIR/opt stands for the machine's /opt and is new in each run
set -euo pipefail

if [[ $# -ne 3 || $1 == -* ]]; then
    echo "usage: ${0##*/} RUNNER PYTHON DIR" >&2
    exit 64
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
runner=$1
# Absolute, and not what the link points to: the link is the environment.
python=$(realpath -s "$2")
store=$3/store
root=$3/opt

"$here/make-demo-store.sh" "$store"
rm -rf "$root"
checkpoints=$store/amazon-braket-demo/jobs/qaoa-demo/checkpoints
if [[ -d $checkpoints && -n $(find "$checkpoints" -type f -print -quit) ]]; then
    echo "== a new machine: only the store remains, so the job resumes from the checkpoints in it"
else
    echo "== a new machine and a new store: the job begins at the beginning"
fi

# PATH as in an activated environment, for what the script itself starts. pip says only what it changes.
PIP_QUIET=1 VIRTUAL_ENV=${python%/bin/*} PATH=${python%/*}:$PATH \
    "$runner" --job "$here/../examples/qaoa/job.json" --root "$root" --storage "file:$store" --python "$python"

echo "== what the job left"
"$python" "$here/show-demo.py" "$root" "$store"
