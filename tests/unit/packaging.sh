#!/bin/sh
# What `make install` installs is in one of the Debian packages, each file in one alone; the packages have the version of the
# program; what they need to be built is what scripts/setup installs.
set -u
debian=$top_srcdir/debian
if grep -q '^systemdsystemunitdir = *$' Makefile; then
	echo "cannot run: configured without a directory for systemd's units, which the packages have"
	exit 77
fi
directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT
status=0

if ! make -s install DESTDIR="$directory/root" prefix=/usr sysconfdir=/etc \
	systemdsystemunitdir=/lib/systemd/system udevrulesdir=/lib/udev/rules.d \
	>"$directory/log" 2>&1; then
	cat "$directory/log"
	echo "make install DESTDIR=... fails"
	exit 1
fi
(cd "$directory/root" && find . \( -type f -o -type l \) | sed 's|^\./||' | sort) >"$directory/installed"
[ "$(wc -l <"$directory/installed")" -gt 10 ] || { echo "make install installs too little"; status=1; }

# Files of the patterns in debian/PACKAGE.install; a directory stands for all in it.
for list in "$debian"/*.install; do
	while read -r pattern; do
		# shellcheck disable=SC2086
		found=$(cd "$directory/root" && find $pattern \( -type f -o -type l \) 2>/dev/null)
		[ -n "$found" ] || { echo "${list##*/}: nothing is $pattern" >&2; echo none >"$directory/missing"; }
		echo "$found"
	done <"$list"
done | sort >"$directory/packed"
[ ! -e "$directory/missing" ] || status=1
difference=$(diff "$directory/installed" "$directory/packed" | sed -n 's/^</installed, in no package:/p; s/^>/packed, or packed twice:/p')
[ -z "$difference" ] || { echo "$difference"; status=1; }

version=$(sed -n '1s/^dinmeterd (\([^)]*\)).*/\1/p' "$debian/changelog")
built=$(sed -n 's/^VERSION = //p' Makefile)
[ "$version" = "$built" ] || { echo "debian/changelog says '$version', configure.ac '$built'"; status=1; }

# Debhelper's own names, and what a cross build alone needs, aside.
needs=$(sed -n '/^Build-Depends:/,/^$/s/^ \([a-z0-9.+-]*\)[^<]*$/\1/p' "$debian/control" | grep -vE '^(debhelper-compat|dh-sequence-.*)$')
[ "$(echo "$needs" | wc -l)" -gt 10 ] || { echo "debian/control asks for too little"; status=1; }
setup=$(sed -n '/^build="/,/"$/p; /^package="/,/"$/p' "$top_srcdir/scripts/setup" | tr -s '\n\t" =' ' ')
for need in $needs; do
	case " $setup " in
	*" $need "*) ;;
	*) echo "debian/control asks for $need, which scripts/setup does not install"; status=1 ;;
	esac
done
exit $status
