#!/bin/sh
# The whole daemon on a pseudo-terminal, polled by pymodbus, by mbpoll and by raw frames.
# Works on any build of it, one with a sanitizer too: a report in the daemon's log fails the test.
set -u
here=${top_srcdir:-.}/tests/integration

# The distribution's modules belong to the distribution's interpreter, which need not be the first in the path.
modules="import pytest, pymodbus.client, pyte"
python=
for candidate in "${PYTHON:-python3}" python3 /usr/bin/python3; do
	if "$candidate" -c "$modules" 2>/dev/null; then
		python=$candidate
		break
	fi
done
if [ -z "$python" ]; then
	echo "cannot run: no Python 3 has pytest, pyte, and pymodbus with its serial client (python3-serial-asyncio)"
	exit 77
fi
if ! command -v mbpoll >/dev/null; then
	echo "cannot run: mbpoll is not installed"
	exit 77
fi

# A short path: the name of a pseudo-terminal's link has its limits.
work=$(mktemp -d "${TMPDIR:-/tmp}/dinmeterd-test.XXXXXX") || exit 99
pids=
cleanup()
{
	trap - EXIT
	# Each pytest ends its daemons when it is told to end.
	[ -z "$pids" ] || kill $pids 2>/dev/null
	wait
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# Each file has daemons of its own and mostly waits for seconds to pass: all run at once.  $files: those alone.
files=${files:-"map writes mbpoll pymodbus port snapshot contacts datalog store command_line configuration recording converter converter_faults wiring panel_terminal scope panel report capture capture_alerts service examples calibrate doctor"}
for file in $files; do
	# -B and no cache: the source directory may be read-only.
	"$python" -B -m pytest -p no:cacheprovider -q --durations=3 --rootdir="$here" --basetemp="$work/$file" "$@" \
		"$here/test_$file.py" >"$work/$file.log" 2>&1 &
	eval "pid_$file=$!"
	pids="$pids $!"
done

status=0
for file in $files; do
	eval "wait \$pid_$file"
	result=$?
	echo "test_$file: status $result"
	cat "$work/$file.log"
	[ $result -eq 0 ] || status=1
done
pids=
exit $status
