#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# User instructions per event, as the slope between two sizes under callgrind: repeatable on a loaded machine, and near
# enough to the same on another one to hold a limit. Only what runs inside the parser counts, not the making of the
# export. Prints TAP.
#
#   instructions.sh BENCH WHAT MOST FUNCTION…
#
# BENCH --once EVENTS WHAT reads so many events; counting is turned on by entering the first FUNCTION, off and on again
# by entering and leaving the others. Fails if the slope is above MOST. Skips without valgrind.
set -eu
bench=$1 what=$2 most=$3
shift 3
small=2000 large=6000
command -v valgrind >/dev/null || { echo "1..0 # SKIP valgrind is not installed"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
toggles=
for function in "$@"; do toggles="$toggles --toggle-collect=$function"; done

count() {
    # shellcheck disable=SC2086
    valgrind --tool=callgrind --callgrind-out-file="$work/out.$1" --collect-atstart=no $toggles \
        "$bench" --once "$1" "$what" > "$work/events.$1" 2> "$work/log.$1" || { cat "$work/log.$1" >&2; exit 2; }
    sed -n 's/^totals: *//p' "$work/out.$1"
}

few=$(count $small)
many=$(count $large)
slope=$(( (many - few) / (large - small) ))
verdict="not ok"
[ "$slope" -gt 0 ] && [ "$slope" -le "$most" ] && verdict=ok
echo "1..1"
echo "$verdict 1 - $(basename "$bench") $what takes $slope instructions per event, at most $most"
[ "$verdict" = ok ]
