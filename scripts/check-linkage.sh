#!/usr/bin/env bash
# Checks which shared libraries a program loads, itself and through others.
#
# usage: check-linkage.sh PROGRAM...
#
# FoundationEssentials alone is 10 MB; Foundation brings ICU: 55 MB and 4 ms at each start (style.md P3). One careless
# import is enough, in any package. A static build may need only what every Debian-like image has, and libz.
set -euo pipefail

[[ $# -gt 0 ]] || { echo "usage: ${0##*/} PROGRAM..." >&2; exit 64; }

heavy='lib_FoundationICU|libFoundation|libFoundationInternationalization|libFoundationNetworking|libFoundationXML'
plain='libc|libm|libstdc\+\+|libgcc_s|libz|libdl|libpthread|librt|ld-linux[-a-z0-9_]*'
failed=false

for program in "$@"; do
    needed=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p')
    # grep finding nothing is the good case.
    bad=$(ldd "$program" | awk '{ print $1 }' | grep -E "^($heavy)\.so" || true)
    if ! grep -q '^libswiftCore\.so' <<<"$needed"; then
        bad+=$(grep -vE "^($plain)\.so(\.[0-9]+)*$" <<<"$needed" || true)
    fi
    if [[ -n $bad ]]; then
        echo "$program loads what it must not: ${bad//$'\n'/ }" >&2
        failed=true
    else
        echo "$program: $(stat -c %s "$program" | numfmt --to=iec) bytes, needs ${needed//$'\n'/ }"
    fi
done
! $failed
