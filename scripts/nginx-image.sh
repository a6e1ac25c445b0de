#!/usr/bin/env bash
# Finds an nginx image for the demonstration and prints its name: the one that is there, else one
# that can be pulled quickly, else one made from the distribution's packages, else drydock/probe,
# which needs neither. Says on stderr which it is.
#
#   nginx-image.sh              prints the name of an image
#   nginx-image.sh make [NAME]  makes one from packages in any case
set -uo pipefail

made=drydock-demo/nginx:latest # what this script makes; never under the name of the real one
host=${DOCKER_HOST:-unix:///var/run/docker.sock}
patience=${DRYDOCK_PULL_TIMEOUT:-20} # seconds for a pull to end

say() { printf 'image: %s\n' "$*" >&2; }

# api METHOD PATH [CURL ARGS]: the engine, where there is no docker command.
api() {
  local method=$1 path=$2
  shift 2
  curl -fsS -X "$method" --unix-socket "${host#unix://}" "$@" "http://engine$path"
}

have() {
  if command -v docker >/dev/null; then
    docker image inspect "$1" >/dev/null 2>&1
  else
    api GET "/images/$1/json" >/dev/null 2>&1
  fi
}

pull() {
  if command -v docker >/dev/null; then
    timeout "$patience" docker pull -q "$1" >/dev/null 2>&1 </dev/null
  else
    timeout "$patience" curl -fsS -X POST --unix-socket "${host#unix://}" "http://engine/images/create?fromImage=${1%:*}&tag=${1#*:}" >/dev/null 2>&1
  fi && have "$1" # a pull may fail after a first answer
}

# import NAME: a root file system on stdin becomes an image.
import() {
  local changes=('ENV PATH=/usr/sbin:/usr/bin:/sbin:/bin' 'EXPOSE 80' 'WORKDIR /' 'CMD ["nginx","-g","daemon off;"]')
  local args=() change
  if command -v docker >/dev/null; then
    for change in "${changes[@]}"; do args+=(-c "$change"); done
    docker import "${args[@]}" - "$1" >/dev/null
  else
    for change in "${changes[@]}"; do args+=(--data-urlencode "changes=$change"); done
    local query
    query=$(curl -G -s -o /dev/null -w '%{url_effective}' "${args[@]}" http://0.0.0.0:1/ 2>/dev/null)
    api POST "/images/create?fromSrc=-&repo=${1%:*}&tag=${1#*:}&${query#*\?}" -H 'Content-Type: application/x-tar' -T - >/dev/null
  fi
}

# closure PACKAGE...: the packages with the libraries they need, each name once; of alternatives the
# first.
closure() {
  local all=("$@") new=("$@")
  while ((${#new[@]})); do
    mapfile -t new < <(apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances "${new[@]}" 2>/dev/null |
      awk '/^ .(Pre)?Depends: / { if (!other && $2 ~ /^(lib|zlib|nginx)/) print $2; other = substr($0, 2, 1) == "|" }' |
      sort -u | grep -vxF "$(printf '%s\n' "${all[@]}")")
    all+=("${new[@]}")
  done
  printf '%s\n' "${all[@]}"
}

# tree DIR PACKAGES...: unpacks the packages into DIR and adds what nginx needs to run alone.
tree() {
  local root=$1 deb dir applet
  shift
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
  for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done
  for deb in "$@"; do # some releases have /lib, some only /usr/lib
    dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" --keep-directory-symlink --no-same-owner -xf - || return 1
  done
  rm -rf "$root"/usr/share/{doc,man,locale,lintian,bug} "$root"/usr/lib/systemd "$root"/etc/{init.d,logrotate.d,ufw,nginx/sites-enabled} \
    "$root"/usr/lib/*-linux-gnu/{gconv,engines-3,perl-base}
  mkdir -p "$root"/{tmp,run,var/log/nginx,var/lib/nginx,usr/share/nginx/html,etc/nginx/conf.d}
  chmod 1777 "$root/tmp"
  printf '%s\n' root:x:0:0:root:/root:/bin/sh www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin >"$root/etc/passwd"
  printf '%s\n' root:x:0: www-data:x:33: nogroup:x:65534: >"$root/etc/group"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
  [[ -x $root/bin/busybox ]] || return 1
  for applet in sh wget ls cat sleep ps kill env hostname; do ln -sf busybox "$root/usr/bin/$applet"; done
  ln -sf /dev/stdout "$root/var/log/nginx/access.log"
  ln -sf /dev/stderr "$root/var/log/nginx/error.log"
  cat >"$root/etc/nginx/nginx.conf" <<'CONF'
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 512; }
http {
  include /etc/nginx/mime.types;
  access_log /dev/stdout;
  server {
    listen 80 default_server;
    root /usr/share/nginx/html;
    location / { index index.html; }
  }
}
CONF
  printf '<!doctype html><title>nginx</title><h1>nginx</h1>\n' >"$root/usr/share/nginx/html/index.html"
}

# make NAME: an image from the distribution's packages; says nothing and fails where it cannot be.
make_image() {
  local name=$1 work packages code=1
  for tool in apt-get apt-cache dpkg-deb tar; do command -v "$tool" >/dev/null || return 1; done
  if ! apt-cache show nginx busybox-static >/dev/null 2>&1; then
    [[ $(id -u) == 0 ]] && timeout 120 apt-get update -qq >&2
    apt-cache show nginx busybox-static >/dev/null 2>&1 || return 1
  fi
  work=$(mktemp -d) || return 1
  mkdir -p "$work/deb" "$work/root"
  chmod 755 "$work"
  chmod 777 "$work/deb" # apt's own user writes there
  mapfile -t packages < <(closure nginx busybox-static)
  if (cd "$work/deb" && { timeout 120 apt-get download -qq "${packages[@]}" ||
    { [[ $(id -u) == 0 ]] && apt-get update -qq && timeout 120 apt-get download -qq "${packages[@]}"; }; }) >&2 </dev/null &&
    tree "$work/root" "$work"/deb/*.deb &&
    tar -C "$work/root" --owner=0 --group=0 --numeric-owner -c . | import "$name"; then
    code=0
  fi
  rm -rf "$work"
  return $code
}

if [[ ${1:-} == make ]]; then
  name=${2:-$made}
  make_image "$name" || {
    say "no image could be made from packages: that needs Debian or Ubuntu with its package sources"
    exit 1
  }
  say "$name, made from this distribution's packages"
  echo "$name"
elif have nginx:latest; then
  say "nginx:latest, which is there"
  echo nginx:latest
elif have "$made"; then
  say "$made, made from this distribution's packages earlier"
  echo "$made"
elif say "pulling nginx (at most $patience s)" && pull nginx:latest; then
  say "nginx:latest, pulled"
  echo nginx:latest
elif say "no registry answers: making one from this distribution's packages" && make_image "$made"; then
  say "$made, made from this distribution's packages"
  echo "$made"
else
  say "drydock/probe, the built-in one: nginx can neither be pulled nor made here"
  echo drydock/probe
fi
