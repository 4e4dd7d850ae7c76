# shellcheck shell=sh
# kernel.sh - Debian's packaged kernel, unpacked in the cache and never installed.  Sourced; needs rig.sh.

# Version of the kernel that the distribution has now, "" when the package lists are empty.
kernel_version()
{
	apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: linux-image-//p' | head -n 1
}

# kernel_fetch DIR PACKAGE...: the packages' files into DIR.
kernel_fetch()
{
	fetch_dir=$1
	shift
	mkdir -p "$fetch_dir"
	(cd "$fetch_dir" && quiet log apt-get -q download "$@") && return 0
	say "the packages were not where the package lists say; refreshing the lists"
	quiet "$fetch_dir/log" apt-get -q update &&
		(cd "$fetch_dir" && quiet log apt-get -q download "$@")
}

# kernel_module_files ROOT VERSION MODULE...: paths of their files below ROOT, in the order of loading, each once.
kernel_module_files()
{
	files_root=$1
	files_version=$2
	shift 2
	files_loads=$(for files_module; do
		modprobe -d "$files_root" -S "$files_version" --show-depends "$files_module" || exit 1
	done) || return 1
	echo "$files_loads" | sed -n 's|^insmod .*/lib/modules/\([^ ]*\.ko\).*|lib/modules/\1|p' | awk '!seen[$0]++'
}

# kernel_initrd DIR VERSION: an initial file system that mounts the disk and hands over to systemd, or with vm.plain, and the disk only to
# be read, to the script vm-plain.
kernel_initrd()
{
	initrd=$1/initrd
	mkdir -p "$initrd/bin" "$initrd/modules" "$initrd/dev" "$initrd/new" "$initrd/proc"
	cp "$1/root/bin/busybox" "$initrd/bin/"
	order=10
	for file in $(kernel_module_files "$1/root" "$2" virtio_pci virtio_blk crc32c_generic ext4); do
		cp "$1/root/$file" "$initrd/modules/$order-${file##*/}"
		order=$((order + 1))
	done
	cat > "$initrd/init" <<-'INIT'
		#!/bin/busybox sh
		/bin/busybox mount -t devtmpfs dev /dev
		for module in /modules/*; do /bin/busybox insmod $module; done
		n=0
		until [ -b /dev/vda ] || [ $n = 100 ]; do /bin/busybox sleep 0.1; n=$((n + 1)); done
		/bin/busybox mount -t proc proc /proc
		how=rw what=/lib/systemd/systemd
		case " $(/bin/busybox cat /proc/cmdline) " in
		*" vm.plain "*) how=ro what=/usr/local/sbin/vm-plain ;;
		esac
		/bin/busybox umount /proc
		/bin/busybox mount -t ext4 -o $how /dev/vda /new || exec /bin/busybox sh
		exec /bin/busybox switch_root /new $what
	INIT
	chmod +x "$initrd/init"
	(cd "$initrd" && find . | cpio -o -H newc --quiet --owner 0:0 | gzip -1) > "$1/initrd.gz"
	rm -r "$initrd"
}

# kernel_unpack VMLINUZ FILE: the kernel without its compression, which takes the emulator three seconds of every boot; where it is not
# compressed by xz it is left as it is.
kernel_unpack()
{
	python3 - "$1" "$2" <<-'UNPACK'
		import lzma, struct, sys
		with open(sys.argv[1], "rb") as file:
		    image = file.read()
		# the header of the x86 boot protocol: sectors of the real-mode part, then offset and length of the payload
		begin = (image[0x1F1] + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
		payload = image[begin:begin + struct.unpack_from("<I", image, 0x24C)[0]]
		with open(sys.argv[2], "wb") as file:
		    file.write(lzma.LZMADecompressor().decompress(payload) if payload[:6] == b"\xfd7zXZ\0" else image)
	UNPACK
}

# kernel_build DIR VERSION: DIR/{vmlinux,initrd.gz,headers,modules.tar}.
kernel_build()
{
	new=$1.new
	common=${2%-*}-common
	rm -rf "$new"
	kbuild=$(apt-cache depends "linux-headers-$2" | sed -n 's/^ *Depends: \(linux-kbuild-.*\)/\1/p' | head -n 1)
	kernel_fetch "$new/debs" "linux-image-$2" "linux-headers-$2" "linux-headers-$common" "$kbuild" busybox-static ||
		skip "the kernel's packages cannot be downloaded"
	for deb in "$new"/debs/linux-image-*.deb "$new"/debs/busybox-static_*.deb; do
		dpkg-deb -x "$deb" "$new/root" || die "$deb cannot be unpacked"
	done
	for deb in "$new"/debs/linux-headers-*.deb "$new"/debs/linux-kbuild-*.deb; do
		dpkg-deb -x "$deb" "$new/headers" || die "$deb cannot be unpacked"
	done
	# the packaged Makefile names the place where the package would be installed
	echo "include $1/headers/usr/src/linux-headers-$common/Makefile" > "$new/headers/usr/src/linux-headers-$2/Makefile"
	depmod -b "$new/root" "$2"
	kernel_initrd "$new" "$2"
	# shellcheck disable=SC2086
	files=$(kernel_module_files "$new/root" "$2" $VM_MODULES) || die "the kernel has not all modules that the tests need"
	# shellcheck disable=SC2086
	tar -C "$new/root" -cf "$new/modules.tar" $files \
		"lib/modules/$2/modules.builtin" "lib/modules/$2/modules.builtin.modinfo" "lib/modules/$2/modules.order"
	kernel_unpack "$new/root/boot/vmlinuz-$2" "$new/vmlinux" || die "the kernel cannot be unpacked"
	rm -rf "$new/root" "$new/debs" "$1"
	mv "$new" "$1"
}

# kernel_gpio_sim KERNEL VERSION: KERNEL/gpio-sim.ko of the kernel's own source, as the distribution has not built it.  Its simulated
# interrupts are built in, and call what is exported to modules.
kernel_gpio_sim()
{
	gpio_sim=$1/gpio-sim
	rm -rf "$gpio_sim"
	mkdir -p "$gpio_sim/source"
	kernel_fetch "$gpio_sim" "linux-source-$(echo "$2" | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')" || skip "the kernel's source cannot be downloaded"
	# the last of the files is reached long before the end of the archive
	dpkg-deb --fsys-tarfile "$gpio_sim"/linux-source-*.deb 2> "$gpio_sim/log" |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' 2>> "$gpio_sim/log" |
		tar -xJ -C "$gpio_sim/source" --strip-components=1 --occurrence --wildcards \
			'*/drivers/gpio/gpio-sim.c' '*/drivers/gpio/gpiolib.h' '*/kernel/irq/irq_sim.c' || die "the kernel's source cannot be unpacked"
	mv "$gpio_sim/source/drivers/gpio/gpiolib.h" "$gpio_sim/"
	mv "$gpio_sim/source/drivers/gpio/gpio-sim.c" "$gpio_sim/chip.c"
	sed 's/handle_simple_irq(irq_to_desc(\(.*\)));/generic_handle_irq(\1);/' "$gpio_sim/source/kernel/irq/irq_sim.c" > "$gpio_sim/irq_sim.c"
	printf '%s\n' 'obj-m := gpio-sim.o' 'gpio-sim-y := chip.o irq_sim.o' > "$gpio_sim/Kbuild"
	quiet "$gpio_sim/log" make -C "$1/headers/usr/src/linux-headers-$2" M="$gpio_sim" modules || die "gpio-sim does not build"
	mv "$gpio_sim/gpio-sim.ko" "$1/"
	rm -r "$gpio_sim"
}

# kernel_driver KERNEL VERSION SOURCE DIR: builds the out-of-tree module of SOURCE in DIR.
kernel_driver()
{
	mkdir -p "$4"
	cp "$3"/* "$4/"
	quiet "$4/log" make -C "$1/headers/usr/src/linux-headers-$2" M="$4" modules || die "the driver does not build"
}
