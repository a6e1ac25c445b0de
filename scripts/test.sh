#!/usr/bin/env bash
# Everything that has to pass, with a real engine that is started if none answers and a real
# browser. Flags go to each `go test`. The end-to-end tests run alone, after all others: they
# measure time, and share no core with a compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n── %3d:%02d  %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }

# can_install: as root, where apt-get is.
can_install() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

install() {
  apt-get update -qq >&2 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
}

# The race detector needs a C compiler.
if ! command -v "$(go env CC)" >/dev/null; then
  can_install || {
    echo "test: the race detector needs a C compiler ($(go env CC)): install gcc" >&2
    exit 1
  }
  say "installing gcc for the race detector"
  install gcc libc6-dev
fi

say "gofmt"
unformatted=$(gofmt -l .)
if [[ -n $unformatted ]]; then
  printf 'test: not formatted: run gofmt -w on\n%s\n' "$unformatted" >&2
  exit 1
fi

# What the tests use as a person would: the AWS client, curl, and ip for an engine's own bridge.
missing=()
for pair in aws:awscli curl:curl ip:iproute2; do
  command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
if ((${#missing[@]})); then
  can_install || {
    echo "test: install ${missing[*]}" >&2
    exit 1
  }
  say "installing ${missing[*]}"
  install "${missing[@]}"
fi

# Built as the binary under test is, so that what this compiles is compiled once.
say "vet"
CGO_ENABLED=0 go vet -trimpath ./...

say "unit tests, scenarios and layers, with the race detector"
mapfile -t packages < <(go list ./... | grep -v '/internal/e2e$')
DRYDOCK_TEST_ENGINE=required CGO_ENABLED=1 scripts/engine.sh run \
  go test -race -p "${TEST_P:-2}" -timeout "${TEST_TIMEOUT:-20m}" "$@" "${packages[@]}"

# A browser looks at the picture, and attacks the API. Elsewhere than on Debian its tests are skipped
# where there is none.
browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! browser >/dev/null && can_install; then
  say "installing chromium for the browser tests"
  install chromium || {
    say "chromium could not be installed"
    [[ -z ${CI:-} ]] || exit 1 # there, nothing is skipped
    say "the browser tests are skipped"
  }
fi
if browser >/dev/null; then export DRYDOCK_TEST_BROWSER=required; fi

say "end-to-end tests, with the race detector, alone"
DRYDOCK_TEST_ENGINE=required CGO_ENABLED=1 scripts/engine.sh run \
  go test -race -v -timeout "${TEST_TIMEOUT:-20m}" "$@" ./internal/e2e | scripts/verdicts.sh
say "all passed"
