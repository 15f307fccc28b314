#!/bin/sh
# Runs a command in the files of an image as an engine would with: read_only, tmpfs /tmp, a volume at /fab, cap_drop ALL,
# no-new-privileges, and no network but its own loopback. contained.sh ROOT VOLUME UID:GID COMMAND…
set -eu

root="$1" volume="$2" user="${3%:*}" group="${3#*:}"
shift 3
ip link set lo up
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o nosuid,mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777 tmpfs "$root/dev/shm"
mount --bind "$volume" "$root/fab"
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
