#!/bin/sh
# The pure rooms stay pure: libpure.a needs nothing but arithmetic, memory and string functions, and keeps no state.
set -u

# Undefined symbols of an archive that no other member defines and that the pure rooms may not have.
impure_calls()
{
	"${NM:-nm}" -P "$1" 2>/dev/null | awk '
		NF >= 2 && $2 ~ /^[UwvTtDdBbRrWVCi]$/ {
			if ($2 == "U" || $2 == "w" || $2 == "v") wanted[$1] = 1; else defined[$1] = 1
		}
		END { for (name in wanted) if (!(name in defined)) print name }' | sort |
	grep -vxE "$allowed"
}

mathematics='(a?(sin|cos|tan)h?|sincos|atan2|sqrt|cbrt|hypot|exp|exp2|expm1|log|log2|log10|log1p|pow|fabs|floor|ceil|trunc|rint|nearbyint|l?lrint|round|l?lround|fmod|remainder|modf|frexp|ldexp|scalbn|ilogb|copysign|nan|fmin|fmax|fma)[fl]?'
memory='(mem|str)[a-z]+|bcmp|(v?snprintf)|__(mem|str)[a-z]+_chk|__v?snprintf_chk|__isoc(99|23)_str[a-z]+'
character='is(alpha|digit|alnum|space|upper|lower|print|xdigit)|to(upper|lower)|__ctype_(b|tolower|toupper)_loc|abs|labs|llabs'
compiler='_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__assert_fail|__[a-z]+[sdt]i[234]|_ZGV.*|__(asan|ubsan|tsan|sanitizer|sancov|lsan|start|stop)_.*'
allowed="$mathematics|$memory|$character|$compiler"
# str* but neither allocation nor hidden state
forbidden='strdup|strndup|strtok|strtok_r|strerror|strsignal|strcpy|strcat|strfry|strcoll|strxfrm'

archive=libpure.a
impurities()
{
	impure_calls "$1"
	"${NM:-nm}" -P "$1" 2>/dev/null | awk '$2 == "U" { print $1 }' | sort -u | grep -xE "$forbidden"
}

# Writable data: .data and .bss, but not .data.rel.ro, which the linker makes constant.
writable_data()
{
	"${NM:-nm}" -f sysv "$1" 2>/dev/null | awk -F'|' '{ gsub(/ /, "") } $7 ~ /^\.(data|bss|tdata|tbss)(\.[^r].*)?$/ { print $1 }'
}

status=0
found=$(impurities "$archive")
if [ -n "$found" ]; then
	echo "libpure.a calls what a pure room may not:"
	echo "$found"
	status=1
fi
if "${NM:-nm}" -P "$archive" 2>/dev/null | grep -qE '__(asan|tsan)_'; then
	echo "built with a sanitizer, which adds data of its own: the search for state is left to the other builds"
else
	found=$(writable_data "$archive")
	if [ -n "$found" ]; then
		echo "libpure.a keeps state in global variables:"
		echo "$found"
		status=1
	fi
	# The shells have state (the log's level): the search must be able to find it.
	if [ -z "$(writable_data libshell.a)" ]; then
		echo "the search for state finds none in libshell.a, where there is some"
		status=1
	fi
fi
if [ -z "$(impurities libshell.a)" ]; then
	echo "the check finds nothing impure in libshell.a, which opens files and starts threads"
	status=1
fi
exit $status
