#!/bin/sh
# Installs what the tests of `npm run test:real` and `npm run test:xen` need, on Debian 12 or newer, as root or by sudo. When all is there
# it only looks.
set -eu

# package:program, for each program that a test runs
needed='
btrfs-progs:mkfs.btrfs
busybox:busybox
chromium:chromium
cloud-init:cloud-init
cpio:cpio
crun:crun
curl:curl
dash:dash
dnsmasq-base:dnsmasq
dosfstools:mkfs.vfat
e2fsprogs:mkfs.ext4
fdisk:sfdisk
gdisk:sgdisk
golang-go:go
haproxy:haproxy
iproute2:ip
isc-dhcp-client:dhclient
mmdebstrap:mmdebstrap
mtools:mcopy
openssl:openssl
podman:podman
postgresql:initdb
procps:ps
prometheus:promtool
qemu-system-x86:qemu-system-x86_64
qemu-utils:qemu-img
shellcheck:shellcheck
skopeo:skopeo
systemd:systemd-analyze
udhcpc:udhcpc
umoci:umoci
xfsprogs:mkfs.xfs
xz-utils:xz
zstd:zstd
'
# `setup.sh bench`: what the benches of the registry and of monitoring compare with, and run on. Where services are started with their packages, these are
# (ports 80, 5000, 5432 and 9100).
[ "${1:-}" != bench ] || needed='
docker-registry:docker-registry
golang-go:go
nginx-light:nginx
postgresql:initdb
prometheus-node-exporter:prometheus-node-exporter
'

# What the Go modules ask for that the tests build. Debian 12 has 1.19: a newer one is then taken as the module golang.org/toolchain, in the
# way in which every Go from 1.21 on fetches newer ones of itself.
go_least=1.26.7
go_fetched=1.26.8

# Where Debian keeps the programs of file systems and of PostgreSQL; the PATH of a plain user lacks them.
PATH=$PATH:/usr/sbin:/sbin
find_postgresql() {
  for bin in /usr/lib/postgresql/*/bin; do
    PATH=$PATH:$bin
  done
}
find_postgresql

fail() {
  echo "setup.sh: $1" >&2
  exit 1
}

# Runs a command as root. Call it only where something has to be installed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "something has to be installed ($*); run it as root, or install sudo"
  fi
}

install_packages() {
  missing=''
  for pair in $needed; do
    command -v "${pair#*:}" >/dev/null || missing="$missing ${pair%%:*}"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail "these are missing:$missing; it can install them only where there is apt-get"

  echo "setup.sh: installing$missing"
  as_root apt-get -qq update
  # shellcheck disable=SC2086 # one word a package
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y --no-install-recommends install $missing >/dev/null </dev/null

  find_postgresql
  for pair in $needed; do
    command -v "${pair#*:}" >/dev/null || fail "${pair%%:*} was installed, but there is no ${pair#*:}"
  done
}

# Whether the Go that is found first is new enough; one that may fetch a newer one by itself is not asked to.
go_suffices() {
  go_found=$(cd / && GOTOOLCHAIN=local go env GOVERSION) || return 1
  go_found=${go_found#go}
  [ "$(printf '%s\n' "$go_least" "$go_found" | sort -V | head -n 1)" = "$go_least" ]
}

install_go() {
  ! go_suffices || return 0
  echo "setup.sh: Go is $go_found; fetching $go_fetched"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  module=golang.org/toolchain@v0.0.1-go$go_fetched.$(go env GOOS)-$(go env GOARCH)
  (cd / && GOPATH=$work GOFLAGS=-modcacherw GOTOOLCHAIN=local go mod download "$module") ||
    fail "Go is $go_found, the tests need $go_least or newer, and it could not be fetched; install a newer one and put it first on the PATH"
  fetched=$work/pkg/mod/$module
  # A module zip holds no modes, and no go.mod but its own: they are there by another name.
  chmod -R u+w,a+rX "$fetched"
  chmod a+x "$fetched"/bin/* "$fetched"/pkg/tool/*/*
  find "$fetched" -name _go.mod -exec sh -c 'mv "$1" "${1%_go.mod}go.mod"' sh {} \;
  target=/usr/local/lib/go-$go_fetched
  as_root rm -rf "$target"
  as_root cp -R "$fetched" "$target"
  as_root ln -sf "$target/bin/go" /usr/local/bin/go
  # The shell remembers where it found the old one.
  hash -r
  go_suffices ||
    fail "Go $go_fetched is in $target, but the PATH finds $(command -v go) first, which is $go_found; put /usr/local/bin before it"
}

install_packages
install_go
