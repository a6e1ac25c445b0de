#!/usr/bin/env bash
# Reads `go test -v`: prints the verdict of each test as it comes, and for one that fails all that it
# said. A run that ends early is shown from the test that it was at.
set -uo pipefail
exec awk '
  function tell() { printf "%s", said; said = ""; failed = 0; fflush() }
  /^=== RUN +[^\/]+$/ { if (failed) tell(); said = "" }
  /^--- (PASS|SKIP)/ { said = ""; print; fflush(); next }
  { said = said $0 "\n" }
  /^--- FAIL/ { failed = 1 }
  END { tell() }'
