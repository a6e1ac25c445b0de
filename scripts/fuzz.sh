#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME each (5m), FUZZJOBS (one a core) at a time and
# each on one core. Arguments choose packages. What each said is shown if it found something.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-5m} jobs=${FUZZJOBS:-$(nproc)}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

targets=() # "package target"
while read -r package dir; do
  while read -r target; do targets+=("$package $target"); done \
    < <(cat "$dir"/*_test.go 2>/dev/null | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*\*testing\.F).*/\1/p')
done < <(go list -f '{{.ImportPath}} {{.Dir}}' "${@:-./...}")
if ((${#targets[@]} == 0)); then
  echo "fuzz: no target there" >&2
  exit 1
fi
printf '%d targets, %s each, %d at a time:\n' "${#targets[@]}" "$time" "$jobs"
printf '  %s\n' "${targets[@]}"

# one PACKAGE TARGET: fuzzes it; its log stands under its number in $logs.
one() {
  local number=$1 package=$2 target=$3 began=$SECONDS
  if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x -parallel 1 "$package" >"$logs/$number" 2>&1; then
    printf 'ok    %s %s: %s in %d s\n' "$package" "$target" "$(grep -o 'execs: [0-9]*' "$logs/$number" | tail -n 1)" $((SECONDS - began))
  else
    touch "$logs/failed"
    printf 'FAIL  %s %s\n' "$package" "$target"
    cat "$logs/$number"
  fi
}

running=0 number=0
for t in "${targets[@]}"; do
  if ((running == jobs)); then
    wait -n
    running=$((running - 1))
  fi
  number=$((number + 1))
  # shellcheck disable=SC2086 # two words
  one $number $t &
  running=$((running + 1))
done
wait
if [[ -e $logs/failed ]]; then
  echo "fuzz: something was found; the inputs are under testdata/fuzz" >&2
  exit 1
fi
echo "fuzz: nothing was found"
