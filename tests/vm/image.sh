# shellcheck shell=sh
# image.sh - a small Debian for the machine: a root file system as a disk image.  Sourced; needs rig.sh.

# The distribution's own package sources as this host has them; sources of others stay out.
image_sources()
{
	# shellcheck disable=SC2016
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		sort -u
}

# The host's way to the packages (a proxy, mostly), for the apt that fills the root.
image_apt_options()
{
	apt-config dump | grep -E '^Acquire::(http|https|Retries)[^ ]* "..*";$'
}

# image_quicken ROOT: what makes a plain root a test machine that boots in seconds.
image_quicken()
{
	echo meter > "$1/etc/hostname"
	: > "$1/etc/fstab"
	: > "$1/etc/resolv.conf"
	echo 0123456789abcdef0123456789abcdef > "$1/etc/machine-id"
	echo force-unsafe-io > "$1/etc/dpkg/dpkg.cfg.d/vm"
	for unit in getty@tty1.service getty-static.service serial-getty@ttyS0.service systemd-networkd-wait-online.service \
		systemd-timesyncd.service systemd-logind.service systemd-user-sessions.service systemd-pstore.service \
		modprobe@dm_mod.service modprobe@loop.service modprobe@drm.service modprobe@fuse.service \
		modprobe@efi_pstore.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
		e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer systemd-update-utmp.service \
		systemd-update-utmp-runlevel.service systemd-random-seed.service systemd-binfmt.service \
		systemd-hwdb-update.service dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount; do
		ln -sf /dev/null "$1/etc/systemd/system/$unit"
	done
	# each reload of the service manager runs them all
	mkdir -p "$1/etc/systemd/system-generators"
	for generator in "$1"/lib/systemd/system-generators/*; do
		ln -s /dev/null "$1/etc/systemd/system-generators/${generator##*/}"
	done
	mkdir -p "$1/etc/systemd/journald.conf.d"
	printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' > "$1/etc/systemd/journald.conf.d/vm.conf"
}

# image_runner ROOT: the unit that runs what comes on the second disk and leaves its results on the third.
image_runner()
{
	mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
	cat > "$1/etc/systemd/system/vm-test.service" <<-'UNIT'
		[Unit]
		Description=Run the tests of /dev/vdb and power off
		After=multi-user.target
		SuccessAction=poweroff-force
		FailureAction=poweroff-force
		[Service]
		Type=exec
		StandardOutput=journal+console
		StandardError=journal+console
		RuntimeMaxSec=1200
		ExecStart=/usr/local/sbin/vm-test
	UNIT
	ln -sf ../vm-test.service "$1/etc/systemd/system/multi-user.target.wants/"
	cat > "$1/usr/local/sbin/vm-test" <<-'RUN'
		#!/bin/bash
		mkdir -p /test/out
		tar -xf /dev/vdb -C /test
		cd /test || exit 1
		if grep -qw vm.shell /proc/cmdline; then
			setsid -c bash -i < /dev/ttyS0 > /dev/ttyS0 2>&1
			exit
		fi
		bash ./run > >(tee out/log) 2>&1
		echo $? > out/status
		journalctl -b --no-pager -o short-monotonic > out/journal
		tar -cf /dev/vdc -C /test out
		sync
	RUN
	cat > "$1/usr/local/sbin/vm-plain" <<-'RUN'
		#!/bin/bash
		# The first process where systemd is not: what comes on the second disk, and nothing else.
		mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs run /run && mount -t devtmpfs dev /dev
		mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
		mount -t tmpfs test /tmp && tar -xf /dev/vdb -C /tmp && cd /tmp && exec > /dev/ttyS0 2>&1 && exec bash ./power/init
	RUN
	chmod +x "$1/usr/local/sbin/vm-test" "$1/usr/local/sbin/vm-plain"
}

# image_build FILE VERSION MODULES.TAR
image_build()
{
	root=$1.root
	rm -rf "$root" "$1" "$1.new"
	image_sources > "$1.list"
	[ -s "$1.list" ] || skip "apt-get knows no package source of Debian"
	image_apt_options > "$1.aptopt"
	# shellcheck disable=SC2016
	quiet "$1.log" mmdebstrap --mode=root --variant=minbase --skip=check/empty --include="$VM_GUEST_PACKAGES" \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' --aptopt="$1.aptopt" \
		"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" "$1.list" ||
		{ rm -rf "$root"; skip "the root file system cannot be made from the distribution's packages"; }
	tar -C "$root" -xf "$3"
	depmod -b "$root" "$2"
	passwd -R "$root" -d root > /dev/null
	image_quicken "$root"
	image_runner "$root"
	truncate -s 800M "$1.new"
	mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=0,root_owner=0:0 -d "$root" "$1.new" || die "no disk image"
	rm -rf "$root" "$1.log" "$1.list" "$1.aptopt"
	mv "$1.new" "$1"
}
