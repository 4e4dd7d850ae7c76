# shellcheck shell=sh
# shellcheck disable=SC2034
# rig.sh - what the scripts of the virtual machine share.  Sourced.

# Packages inside the machine: systemd, tools of the tests, the run-time libraries of the daemon.
VM_GUEST_PACKAGES="systemd-sysv,udev,kmod,procps,libiio-utils,mbpoll,libiio0,libmodbus5,libconfig9,libsystemd0,libgpiod2,\
libsqlite3-0,libjson-c5,libncursesw6,libevdev2,libseccomp2,libcairo2,fonts-dejavu-core"

# Kernel modules inside the machine, with whatever they depend on.
VM_MODULES="virtio_pci virtio_blk ext4 crc32c_generic industrialio-triggered-buffer uinput evdev configfs"

say()
{
	echo "vm-test: $*"
}

# What cannot run says why; it is no pass and no failure.
skip()
{
	echo "vm-test: SKIPPED: $*"
	exit 77
}

die()
{
	echo "vm-test: $*" >&2
	exit 1
}

# Runs a command whose output nobody wants to read unless it fails: quiet LOG COMMAND...
quiet()
{
	quiet_log=$1
	shift
	"$@" > "$quiet_log" 2>&1 && return 0
	tail -n 8 "$quiet_log" >&2
	return 1
}

# Prints what a stage took: stage NAME COMMAND...  A stage that ends the script ends it.
stage()
{
	set -- "$(date +%s)" "$@"
	stage_command "$@"
	say "$2: $(($(date +%s) - $1)) s"
}

stage_command()
{
	shift 2
	"$@"
}
