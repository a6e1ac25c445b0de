#!/usr/bin/env bash
# Runs every benchmark whose name matches BENCH (all): those of packages for BENCHTIME each (200ms),
# then those of the whole program BENCHROUNDS times (20x), with an engine. Flags go to each `go test`.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t packages < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | grep -v '/internal/e2e$')
common=(go test -run '^$' -bench "${BENCH:-.}" -benchmem -p 1 -timeout 60m "$@")
"${common[@]}" -benchtime "${BENCHTIME:-200ms}" "${packages[@]}" | sed -uE '/^(\?|PASS$)/d'
"${common[@]}" -benchtime "${BENCHROUNDS:-20x}" ./internal/e2e
