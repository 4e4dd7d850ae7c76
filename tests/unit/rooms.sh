#!/bin/sh
# Rules of the house that no compiler checks: calls that the project does without, headers of tests in the product, and third-party
# headers that stay with their one owner.
set -u

# violations DIRECTORY: one line for each, FILE:LINE: text
violations()
{
	(
		cd "$1" || exit 1
		grep -rnE '\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|localtime|gmtime|ctime|gets|alloca)[[:space:]]*\(' \
			--include='*.[ch]' src
		grep -rnE '#[[:space:]]*include[[:space:]]*"(bench|fakes|fuzz|integration|lib|soak|unit|vm)/' --include='*.[ch]' src
		# header, then who may include it
		while read -r header owner; do
			grep -rnE "#[[:space:]]*include[[:space:]]*[<\"]$header" --include='*.[ch]' src | grep -vE "^($owner)"
		done <<-'RULES'
			iio\.h src/adc/adc_iio[a-z_]*\.[ch]:
			modbus(/modbus)?\.h> src/modbus/port\.c:
			libconfig\.h src/daemon/config[a-z_]*\.[ch]:
			systemd/ src/(daemon/|modbus/slave|control/)[a-z_]*\.[ch]:
			gpiod\.h src/outputs/gpio[a-z_0-9]*\.[ch]:
			sqlite3\.h src/store/[a-z_]*\.[ch]:
			(n?curses)\.h src/client/tui\.c:
			cairo(-[a-z]+)?\.h src/picture/[a-z_]*\.[ch]:
			libevdev/ src/panel/buttons[a-z_]*\.[ch]:
			linux/input src/panel/buttons[a-z_]*\.[ch]:
			json-c/ src/(client|control)/[a-z_]*\.[ch]:
			seccomp\.h> src/daemon/sandbox_seccomp\.c:
			crypt\.h src/daemon/password\.c:
			pthread\.h src/(adc|daemon|outputs|store|control|panel|capture)/[a-z_]*\.[ch]:
		RULES
	)
}

status=0
found=$(violations "$top_srcdir")
if [ -n "$found" ]; then
	echo "against the rules of doc/contributing.md:"
	echo "$found"
	status=1
fi

# The check itself: planted violations are found, each of them, and nothing else is.
planted=$(mktemp -d) || exit 99
trap 'rm -rf "$planted"' EXIT
mkdir -p "$planted/src/metering" "$planted/src/adc"
printf '%s\n' '#include <iio.h>' 'void f(char *a, const char *b) { strcpy(a, b); snprintf(a, 1, "%s", b); }' \
	'int g(const char *a) { return atoi (a); }' '#include "fakes/tree.h"' '#include "fakesome/tree.h"' >"$planted/src/metering/bad.c"
printf '%s\n' '#include <iio.h>' '#include <pthread.h>' >"$planted/src/adc/adc_iio.c"
count=$(violations "$planted" | wc -l)
if [ "$count" != 4 ]; then
	echo "of four planted violations the check finds $count:"
	violations "$planted"
	status=1
fi
exit $status
