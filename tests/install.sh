#!/usr/bin/env bash
# install.sh BUILD FOLDER: is what is installed there whole, and does it run by itself?
set -euo pipefail
build=$1 there=$2
rm -rf "$there"
cmake --install "$build" --prefix "$there" >/dev/null
cd "$there"
share=share
for file in bin/anesim $share/bash-completion/completions/anesim $share/zsh/vendor-completions/_anesim \
  $share/fish/vendor_completions.d/anesim.fish $share/anesim/chips/M4.json \
  $share/anesim/silicon/ane_validation.csv $share/doc/anesim/docs/cli.md $share/doc/anesim/copyright; do
  [ -s "$file" ] || { echo "not installed: $file"; exit 1; }
done
# Made by help2man, where it is there.
if command -v help2man >/dev/null; then
  for command in $(bin/anesim completion --words "" | cut -f 1 | grep -v '^-'); do
    [ -s "$share/man/man1/anesim-$command.1.gz" ] || { echo "no page of $command"; exit 1; }
  done
fi
bin/anesim run "kind=network name=resnet18" --no-db >/dev/null
! grep -rIl -e "$build" . || { echo "a file names the folder of the build"; exit 1; }
