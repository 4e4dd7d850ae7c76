#!/bin/sh
# A full disk, a read-only disk; what dinmeter doctor sees as root; short memory.
set -u
try=$(mktemp -d) || exit 99
if ! said=$(mount -t tmpfs -o size=64k tmpfs "$try" 2>&1); then
	rmdir "$try"
	echo "cannot run: no file system can be mounted here: $said"
	exit 77
fi
umount "$try"
rmdir "$try"
files="disk doctor_user memory"
export files
exec "${top_srcdir:-.}/tests/integration/daemon.sh" "$@"
