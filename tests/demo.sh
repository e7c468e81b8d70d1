#!/usr/bin/env bash
# The demo as a test: tests/demo.sh PROGRAM FOLDER. Runs twice, since the second time must add
# nothing. Exit 77 (skipped): its reads are not there and cannot be downloaded.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/fetch-reads && scripts/fetch-files freesasa .cache/structures usr/share/freesasa/test-data/1ubq.pdb || exit 77
rm -rf "$2"
export ANESIM_PROGRAM=$1 ANESIM_DEMO=$2
scripts/demo
stored() { sqlite3 "$ANESIM_DEMO/anesim.db" "SELECT count(*) FROM run"; }
first=$(stored)
scripts/demo >/dev/null
[ "$first" -gt 60 ] || { echo "only $first runs are stored"; exit 1; }
[ "$(stored)" -eq "$first" ] || { echo "the second demo added runs"; exit 1; }
[ -s "$ANESIM_DEMO/trace.json" ] || { echo "no trace"; exit 1; }
