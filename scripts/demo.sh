#!/usr/bin/env bash
# Plays the story with everything that it needs: an engine (started if none answers, and stopped
# again), an nginx image, and `drydock demo`, whose flags it takes.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck disable=SC2016 # expanded by the inner shell
exec scripts/engine.sh run bash -euc '
  image=$(scripts/nginx-image.sh)
  exec bin/drydock demo --image "$image" "$@"' demo "$@"
