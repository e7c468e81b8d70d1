#!/usr/bin/env bash
# layering.sh COMPILER ALLOWED FOLDERS HEADERS: lists with semicolons between; HEADERS: layer=header.
# Does the compiler, with these include folders, find the headers of the allowed layers and of no
# other?
set -euo pipefail
compiler=$1 allowed=$2 folders=$3 headers=$4
options=() text=""
IFS=';' read -ra list <<<"$folders"
for folder in "${list[@]}"; do options+=("-I$folder"); done
IFS=';' read -ra list <<<"$headers"
for pair in "${list[@]}"; do
  text+="#if __has_include(\"${pair#*=}\")"$'\n'"${pair%%=*}"$'\n#endif\n'
done
found=$(printf '%s' "$text" | "$compiler" -std=c++20 -E -P -x c++ "${options[@]}" - | sort)
wanted=$(tr ';' '\n' <<<"$allowed" | sort -u)
diff <(echo "$wanted") <(echo "$found") || {
  echo "the first list is what the target uses, the second what its sources can include"
  exit 1
}
