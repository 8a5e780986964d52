#!/bin/sh
# Installs what the tests of `npm run test:real` need, on Debian 12 or newer, as root or by sudo. When all is there it only looks.
set -eu

# package:program, for each program that a test runs
needed='
btrfs-progs:mkfs.btrfs
chromium:chromium
curl:curl
dash:dash
dosfstools:mkfs.vfat
e2fsprogs:mkfs.ext4
fdisk:sfdisk
gdisk:sgdisk
golang-go:go
prometheus:promtool
qemu-utils:qemu-img
shellcheck:shellcheck
skopeo:skopeo
umoci:umoci
xfsprogs:mkfs.xfs
zstd:zstd
'

# Where Debian keeps the programs of file systems; the PATH of a plain user lacks it.
PATH=$PATH:/usr/sbin:/sbin

missing=''
for pair in $needed; do
  command -v "${pair#*:}" >/dev/null || missing="$missing ${pair%%:*}"
done
[ -z "$missing" ] && exit 0

command -v apt-get >/dev/null || {
  echo "setup.sh: these are missing:$missing; it can install them only where there is apt-get" >&2
  exit 1
}
as_root=''
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup.sh: these are missing:$missing; run it as root, or install sudo" >&2
    exit 1
  }
  as_root=sudo
fi

echo "setup.sh: installing$missing"
$as_root apt-get -qq update
# shellcheck disable=SC2086 # one word a package
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get -qq -y --no-install-recommends install $missing >/dev/null </dev/null

for pair in $needed; do
  command -v "${pair#*:}" >/dev/null || {
    echo "setup.sh: ${pair%%:*} was installed, but there is no ${pair#*:}" >&2
    exit 1
  }
done
