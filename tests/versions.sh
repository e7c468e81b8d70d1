#!/usr/bin/env bash
# One version everywhere: the build's, the newest of the changelog, the citation's.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(sed -n 's/^project(anesim VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
log=$(sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' CHANGELOG.md | head -1)
citation=$(sed -n 's/^version: //p' CITATION.cff)
[ -n "$build" ] && [ "$build" = "$log" ] && [ "$build" = "$citation" ] || {
  echo "CMakeLists.txt says $build, CHANGELOG.md $log, CITATION.cff $citation"
  exit 1
}
