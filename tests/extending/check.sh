#!/usr/bin/env bash
# Do the patches of docs/extending.md still apply, and touch as many files as the page says?
# They are built and tried by scripts/extending.
set -euo pipefail
cd "$(dirname "$0")/../.."
status=0
for patch in tests/extending/*.patch; do
  files=$(grep -c '^diff --git' "$patch")
  grep -q "(\.\./$patch) | $files |" docs/extending.md ||
    { echo "docs/extending.md has no row that gives $patch its $files files"; status=1; }
  patch --dry-run --force --silent -p1 <"$patch" || { echo "$patch does not apply"; status=1; }
done
exit $status
