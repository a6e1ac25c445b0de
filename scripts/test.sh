#!/usr/bin/env bash
# Everything that has to pass, with a real engine that is started if none answers. Flags go to the
# last `go test`.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n── %s\n' "$*" >&2; }

# The race detector needs a C compiler.
if ! command -v "$(go env CC)" >/dev/null; then
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "test: the race detector needs a C compiler ($(go env CC)): install gcc" >&2
    exit 1
  fi
  say "installing gcc for the race detector"
  apt-get update -qq >&2 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev </dev/null >&2
fi

say "gofmt"
unformatted=$(gofmt -l .)
if [[ -n $unformatted ]]; then
  printf 'test: not formatted: run gofmt -w on\n%s\n' "$unformatted" >&2
  exit 1
fi

say "vet"
go vet ./...

say "unit tests, scenarios, layers and end-to-end tests, with the race detector"
DRYDOCK_TEST_ENGINE=required CGO_ENABLED=1 exec scripts/engine.sh run go test -race -p "${TEST_P:-2}" -timeout "${TEST_TIMEOUT:-20m}" "$@" ./...
