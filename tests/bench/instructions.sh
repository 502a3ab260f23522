#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# User instructions per event for filtering and decoding event XML, as the slope between two sizes under callgrind:
# repeatable on a loaded machine. Only what runs inside the parser counts, not the making of the export.
#
#   instructions.sh BENCH_XML [PERCENT [MOST]]     fails if the slope is above MOST
set -eu
bench=$1 percent=${2:-2} most=${3:-}
small=5000 large=25000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() {
    valgrind --tool=callgrind --callgrind-out-file="$work/out.$1" --collect-atstart=no --toggle-collect=parse_all \
        "$bench" --once "$1" "$percent" > "$work/events.$1" 2> "$work/log.$1" || { cat "$work/log.$1" >&2; exit 2; }
    sed -n 's/^totals: *//p' "$work/out.$1"
}

few=$(count $small)
many=$(count $large)
slope=$(( (many - few) / (large - small) ))
echo "$slope instructions per event at $percent % matches"
[ -z "$most" ] || [ "$slope" -le "$most" ]
