#!/bin/bash
# build.sh ZFS-MODULES OUT NODE AGENT: a Debian 12 with Xen 4.17, xl, OpenZFS and Node, as files that QEMU boots:
# OUT/{xen,vmlinux,initrd-dom0,root.img,kernel}. As root, on Debian; without loop devices and mounts.
#
#   ZFS-MODULES  the folder that keeps OpenZFS's modules, one archive a kernel; made here when there is none for today's kernel
#   NODE         the program `node` that dom0 gets
#   AGENT        the script that node runs there
set -euo pipefail
modules=$1 out=$2 node=$3 agent=$4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$out/work
root=$work/root
mkdir -p "$modules" "$work"

say() { echo "== $(date +%T) $*"; }

# mirror SUITE: where this machine gets that suite of Debian from; Debian's own address when it knows none.
mirror() {
  local site
  # shellcheck disable=SC2016 # the words of apt-get
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' "Release: $1" | sort -u | head -n 1)
  echo "${site:-http://deb.debian.org/$2}"
}

# debian FOLDER PACKAGES [OPTION…]: installs a minimal Debian.
debian() {
  local folder=$1 packages=$2 key=/usr/share/keyrings/debian-archive-keyring.gpg
  shift 2
  rm -rf --one-file-system "$folder"
  INITRD=No nice -n 5 mmdebstrap --quiet --variant=apt --mode=root --include="$packages" \
    --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$@" bookworm "$folder" \
    "deb [signed-by=$key] $(mirror bookworm debian) bookworm main contrib" \
    "deb [signed-by=$key] $(mirror bookworm-security debian-security) bookworm-security main"
}

say 'dom0: packages'
unused=()
for drivers in sound drivers/{ata,crypto,gpu,hid,hwmon,iio,infiniband,input,isdn,media,mmc,mtd,net/ethernet,net/wireless,platform,scsi,staging,usb,video}; do
  unused+=(--dpkgopt="path-exclude=/lib/modules/*/kernel/$drivers/*")
done
packages=(
  linux-image-amd64 xen-hypervisor-4.17-amd64 xen-utils-4.17 xenstore-utils qemu-system-xen qemu-utils
  zfsutils-linux e2fsprogs dosfstools mount bridge-utils iproute2 iputils-ping busybox-static procps kmod udev
)
debian "$root" "${packages[*]}" "${unused[@]}"
kernel=$(ls "$root/lib/modules")
echo "$kernel" >"$out/kernel"

# The modules are built here, not shipped: their licence (CDDL) and the kernel's do not go together.
zfs=$modules/zfs-$kernel.tar.xz
if [ ! -e "$zfs" ]; then
  say "OpenZFS: building its modules for Linux $kernel; it takes a quarter of an hour, once a kernel"
  debian "$work/zfs" "linux-headers-$kernel,zfs-dkms,dkms,kmod,gcc,make,libc6-dev"
  tar -C "$work/zfs/usr/lib/modules/$kernel" -cJf "$zfs.$$" updates
  mv "$zfs.$$" "$zfs"
  rm -rf --one-file-system "$work/zfs"
fi
tar -C "$root/lib/modules/$kernel" -xf "$zfs"
chroot "$root" depmod "$kernel"

say 'dom0: kernels and first file systems'
zcat "$root/boot/xen-4.17-amd64.gz" >"$out/xen"
# The kernel is unpacked here: under emulation that takes Xen 12 s, at every start of a guest too. Bytes follow the archive within the
# file, so xz complains at its end.
compressed=$root/boot/vmlinuz-$kernel
start=$(LC_ALL=C grep -abo $'\xfd7zXZ' "$compressed" | head -n 1 | cut -d: -f1)
tail -c +$((start + 1)) "$compressed" | xz -dc >"$out/vmlinux" 2>/dev/null || true
[ "$(head -c 4 "$out/vmlinux" | tail -c 3)" = ELF ] || { echo "build.sh: no kernel in $compressed" >&2; exit 1; }

# initrd OUT INIT MODULE…: busybox, INIT as its first program, and the modules in the order in which they are to be loaded.
initrd() {
  local archive=$1 init=$2 folder module
  shift 2
  folder=$(mktemp -d "$work/initrd-XXXXXX")
  chmod 755 "$folder"
  mkdir -p "$folder"/{bin,dev,etc,lib/modules,mnt,proc,sbin,sys}
  cp "$root/bin/busybox" "$folder/bin/"
  install -m 755 "$init" "$folder/init"
  for module in "$@"; do chroot "$root" modprobe -S "$kernel" --show-depends "$module"; done |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
    while read -r module; do
      cp "$root$module" "$folder/lib/modules/"
      basename "$module" >>"$folder/lib/modules/order"
    done
  (cd "$folder" && find . | cpio -o -H newc --quiet) >"$archive"
}
initrd "$out/initrd-dom0" "$here/dom0-initrd-init" virtio_pci virtio_blk ext4 crc32c_generic
mkdir -p "$root/opt/guest"
ln "$out/vmlinux" "$root/opt/guest/vmlinux"
initrd "$root/opt/guest/initrd" "$here/guest-init" xen-blkfront xen-netfront vfat nls_cp437 nls_ascii isofs

say 'dom0: its disk'
install -m 755 "$here/dom0-init" "$root/init"
install -m 755 "$node" "$root/usr/bin/node"
install -m 644 "$agent" "$root/opt/agent.js"
echo 'XENCONSOLED_ARGS="--log=guest"' >>"$root/etc/default/xen"
rm -rf "${root:?}"/boot/* "$root"/var/cache/apt "$root"/var/lib/apt/lists/*
mke2fs -q -t ext4 -O ^has_journal -L root -d "$root" "$out/root.img" 2000M
rm -rf --one-file-system "$work"
say "done: $(du -ms "$out" | cut -f1) MB"
