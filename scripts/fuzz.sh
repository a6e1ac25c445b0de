#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, for FUZZTIME each (5m). Arguments
# choose packages.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=()
while read -r package dir; do
  while read -r target; do
    printf '\n── %s %s\n' "$package" "$target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-5m}" "$package" || failed+=("$package $target")
  done < <(cat "$dir"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*\*testing\.F).*/\1/p')
done < <(go list -f '{{.ImportPath}} {{.Dir}}' "${@:-./...}")
if ((${#failed[@]})); then
  printf '\nfuzz: found something:\n' >&2
  printf '  %s\n' "${failed[@]}" >&2
  exit 1
fi
