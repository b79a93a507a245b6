#!/usr/bin/env bash
# Runs examples/mpi on three hosts made of this machine, two ranks each; needs no cluster.
#
# usage: run.sh RUNNER
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
runner=$(realpath "$1")
python=$(realpath -s "$here/../../.venv/bin/python")
work=$here/../../.demo/mpi
rm -rf "$work"
mkdir -p "$work/site" "$work/script"
cp "$here/qaoa_scan.py" "$work/script/"
# Debian's mpi4py belongs to Debian's Python; the environment with the Braket SDK is made of the same one.
ln -s "$(/usr/bin/python3 -c 'import mpi4py; print(mpi4py.__path__[0])')" "$work/site/mpi4py"

PYTHONPATH=$work/site "$runner" run --instances 3 --launch mpi --ranks-per-host 2 \
    --root "$work/opt" --storage "file:$work/store" --output s3://bucket/scan --job-name qaoa-scan \
    --script "$work/script" --entry-point qaoa_scan:main --python "$python" \
    --hyperparameter nodes=6 --hyperparameter steps=6 --hyperparameter shots=200

echo "== what the job left"
tar -xzOf "$work/store/bucket/scan/output/model.tar.gz" ./scan.json 2>/dev/null \
    || tar -xzOf "$work/store/bucket/scan/output/model.tar.gz" scan.json
echo
"$runner" status --root "$work/opt"
