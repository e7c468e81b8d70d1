#!/usr/bin/env bash
# Is each mutant's place in the sources still there, once? tests/mutants/check.sh PLANT
# Built and tried they are by scripts/mutate.
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# What the lists name, and nothing else.
sed -n 's/^file //p' tests/mutants/*.txt | sort -u | "$1" "$copy" tests/mutants/*.txt |
  wc -l
