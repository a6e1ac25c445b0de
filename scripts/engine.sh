#!/usr/bin/env bash
# Makes sure that a Docker engine runs: the one that answers, else, as root on Debian or Ubuntu, one
# that this script installs and starts. What it started, and nothing else, it stops again.
#
#   engine.sh start       prints "found" or "started" on stdout, everything else on stderr
#   engine.sh stop        stops the engine if this script started it
#   engine.sh status      "found <host>", "started <host>" or "none" (exit code 1)
#   engine.sh run CMD...  start, run CMD with signals passed on, stop if started; CMD's exit code
set -uo pipefail

state=${DRYDOCK_ENGINE_STATE:-/run/drydock-engine} # pid and log of an engine that was started here
deadline=${DRYDOCK_ENGINE_DEADLINE:-60}            # seconds for an engine to answer
host=${DOCKER_HOST:-unix:///var/run/docker.sock}

say() { printf 'engine: %s\n' "$*" >&2; }

die() {
  say "$1"
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# answers: does the engine on $host answer? Asked with what is there: docker, curl, or perl, which
# every Debian has.
answers() {
  if command -v docker >/dev/null; then
    DOCKER_HOST=$host timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
    return
  fi
  local socket=${host#unix://}
  [[ $host == unix://* && -S $socket ]] || return 1
  if command -v curl >/dev/null; then
    curl -fsS -m 10 --unix-socket "$socket" http://engine/_ping >/dev/null 2>&1
  else
    perl -MIO::Socket::UNIX -e '
      alarm 10;
      my $s = IO::Socket::UNIX->new(Peer => shift) or exit 1;
      print $s "GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n";
      exit(<$s> =~ / 200 / ? 0 : 1)' "$socket" 2>/dev/null
  fi
}

# mine: does an engine that this script started still run?
mine() {
  [[ -r $state/by ]] || return 1
  case $(<"$state/by") in
    systemd) [[ $(systemctl is-active docker 2>/dev/null) == active ]] ;;
    pid) alive "$(cat "$state/pid" 2>/dev/null)" ;;
    *) return 1 ;;
  esac
}

# alive: is the process there, and is it a dockerd? A number may have been given again.
alive() {
  [[ -n ${1:-} && -r /proc/$1/comm ]] && [[ $(<"/proc/$1/comm") == dockerd && $(ps -o stat= -p "$1") != Z* ]]
}

debian() {
  local ID='' ID_LIKE=''
  # shellcheck source=/dev/null
  [[ -r /etc/os-release ]] && . /etc/os-release
  [[ " $ID $ID_LIKE " == *" debian "* || $ID == ubuntu ]]
}

# install: dockerd from the distribution.
install() {
  command -v dockerd >/dev/null && return
  say "installing docker.io from the distribution"
  local packages=(docker.io)
  export DEBIAN_FRONTEND=noninteractive
  if ! apt-get update -qq >&2; then
    say "apt-get update failed; trying with the package lists that are there"
  fi
  if apt-cache show docker-cli >/dev/null 2>&1; then
    packages+=(docker-cli) # newer releases ship the client apart
  fi
  apt-get install -y -qq --no-install-recommends "${packages[@]}" iptables </dev/null >&2 ||
    die "docker.io could not be installed." "Install a Docker engine by hand, start it, and try again."
  hash -r
}

# remember: makes the place where it is written down what was started.
remember() { (umask 077 && mkdir -p "$state"); }

# launch: dockerd by systemd where that is init, else as a process of our own.
launch() {
  remember || die "cannot write to $state"
  if [[ -d /run/systemd/system ]]; then
    say "starting docker with systemd"
    echo systemd >"$state/by"
    systemctl start docker >&2 || die "systemctl start docker failed." "journalctl -u docker says why."
    return
  fi
  say "starting dockerd; its log is $state/log"
  rm -f /var/run/docker.pid # of a dockerd that is gone: the engine does not answer
  nohup setsid dockerd --host "$host" >"$state/log" 2>&1 </dev/null &
  local pid=$!
  echo "$pid" >"$state/pid"
  # Until it has become dockerd it would be taken for one that ended; it becomes that, or ends.
  until [[ $(cat "/proc/$pid/comm" 2>/dev/null || echo dockerd) == dockerd ]]; do sleep 0.01; done
  echo pid >"$state/by"
}

# await: until the engine answers; gives up when its process ends or the time is over.
await() {
  local end=$((SECONDS + deadline))
  until answers; do
    if ! mine || ((SECONDS >= end)); then
      [[ -r $state/log ]] && tail -n 15 "$state/log" >&2
      stop
      die "the engine does not answer on $host." "Its last lines are above. Start a Docker engine by hand and try again."
    fi
    sleep 0.2
  done
}

start() {
  if answers; then
    echo found
    return
  fi
  [[ $host == unix:///var/run/docker.sock || $host == unix:///run/docker.sock ]] ||
    die "no Docker engine answers on DOCKER_HOST=$host." "Start it, or unset DOCKER_HOST."
  if [[ -e ${host#unix://} && ! -w ${host#unix://} ]]; then
    die "this user may not talk to the Docker engine on $host." "Run: sudo usermod -aG docker \$USER, then log in again. Or use sudo."
  fi
  if [[ $(uname -s) != Linux ]] || ! debian; then
    die "no Docker engine answers on $host, and this is neither Debian nor Ubuntu." "Install Docker (https://docs.docker.com/engine/install/), start it, and try again."
  fi
  [[ $(id -u) == 0 ]] ||
    die "no Docker engine answers on $host." "Run this as root once: sudo scripts/engine.sh start" "or install and start one: sudo apt-get install docker.io"
  local before=0
  command -v dockerd >/dev/null && before=1
  install
  # Installing may have started it already: then it is ours to stop as well.
  if ((before == 0)) && [[ -d /run/systemd/system ]] && answers; then
    remember && echo systemd >"$state/by"
  else
    launch
    await
  fi
  say "the engine answers on $host"
  echo started
}

stop() {
  if ! mine; then
    [[ -e $state ]] && rm -rf "$state"
    return 0
  fi
  case $(<"$state/by") in
    systemd)
      say "stopping docker"
      systemctl stop docker.socket docker >&2
      ;;
    pid)
      local pid end=$((SECONDS + deadline))
      pid=$(<"$state/pid")
      say "stopping dockerd ($pid)"
      kill -TERM "$pid"
      while alive "$pid"; do
        if ((SECONDS >= end)); then
          kill -KILL "$pid"
          break
        fi
        sleep 0.1
      done
      ;;
  esac
  rm -rf "$state"
}

# run: CMD in a process group of its own, so that a signal reaches it once, from here.
run() {
  (($# > 0)) || die "run what? engine.sh run CMD..."
  local how pid code=127
  how=$(start) || exit 1
  set -m
  "$@" </dev/null &
  pid=$!
  set +m
  local sig passed=1 now
  for sig in INT TERM HUP; do
    # shellcheck disable=SC2064 # the values of now
    trap "passed=1; kill -s $sig -- -$pid 2>/dev/null" "$sig"
  done
  while ((passed)); do # a signal ends a wait early
    passed=0
    wait "$pid"
    now=$?
    ((now == 127)) || code=$now # 127: an earlier wait had it
  done
  trap '' INT TERM HUP
  [[ $how == started ]] && stop
  exit "$code"
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  status)
    if answers; then
      if mine; then echo "started $host"; else echo "found $host"; fi
    else
      echo none
      exit 1
    fi
    ;;
  run)
    shift
    run "$@"
    ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
