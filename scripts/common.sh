# Sourced by scripts/test and scripts/demo: where the sources are, where to build, a copy of them to build from.

top=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd -P)

# The build directory: $BUILD_DIR, or build/ in the repository (ignored by git) where that can be written.
choose_work()
{
	if [ -n "${BUILD_DIR:-}" ]; then
		work=$BUILD_DIR
	elif [ -w "$top" ]; then
		work=$top/build
	else
		work=${TMPDIR:-/tmp}/dinmeterd-build-$(id -u)
	fi
	mkdir -p "$work"
	work=$(CDPATH= cd -- "$work" && pwd -P)
}

# Every source file, one a line, from git where there is git, else from the tree of a release.
list_sources()
{
	cd "$top"
	if [ -e .git ] && command -v git >/dev/null; then
		git -c safe.directory="$top" ls-files --cached --others --exclude-standard
	else
		find . \( -path ./.git -o -path ./build -o -path ./autom4te.cache \) -prune -o -type f -print |
			sed 's|^\./||'
	fi | LC_ALL=C sort -u | while IFS= read -r file; do
		[ ! -f "$file" ] || printf '%s\n' "$file"
	done
}

# copy_sources DIRECTORY: makes it a copy of the sources with their times, so that an unchanged file is not built again.
# DIRECTORY.list keeps their names: what has gone here goes there too.  New names let stage_sources make configure again.
copy_sources()
{
	mkdir -p "$1"
	list_sources >"$1.list.new"
	if ! cmp -s "$1.list" "$1.list.new"; then
		rm -f "$1.bootstrapped"
		touch "$1.list"
		LC_ALL=C comm -23 "$1.list" "$1.list.new" | while IFS= read -r gone; do
			rm -f "$1/$gone"
		done
	fi
	tar -C "$top" --format=posix -cf - --no-recursion -T "$1.list.new" | tar -C "$1" -xf - --no-same-owner || return 1
	mv "$1.list.new" "$1.list"
}

# Copies the sources to $work/source and makes configure there: the repository stays as it is, and may be read-only.
# Who has done so and calls another script that would do it too exports SOURCES_STAGED=yes.
stage_sources()
{
	source=$work/source
	[ -z "${SOURCES_STAGED:-}" ] || return 0
	copy_sources "$source" || return 1
	if [ ! -e "$source.bootstrapped" ] || [ -n "$(find "$source" \( -name '*.mk' -o -name Makefile.am -o -name configure.ac \) \
		-newer "$source.bootstrapped")" ]; then
		(cd "$source" && autoreconf -fi) && touch "$source.bootstrapped"
	fi
}

# build_in NAME [CONFIGURE ARGUMENT]...: builds the staged sources in $work/NAME; configures when that is new or
# the arguments are others.
build_in()
{
	directory=$work/$1
	shift
	mkdir -p "$directory" && cd "$directory" || return 1
	wanted_arguments=$(printf '%s\n' "$@")
	if [ "$wanted_arguments" != "$(cat arguments 2>/dev/null)" ] || [ "$source/configure" -nt config.status ]; then
		rm -f arguments
		"$source/configure" -q PYTHON=/usr/bin/python3 "$@" || return 1
		printf '%s\n' "$@" >arguments
	fi
	make -j"$(nproc)"
}
