#!/bin/sh
# The whole daemon on a pseudo-terminal, polled by pymodbus, by mbpoll and by raw frames.
# Works on any build of it, one with a sanitizer too: a report in the daemon's log fails the test.
set -u
python=${PYTHON:-python3}
here=${top_srcdir:-.}/tests/integration

missing=
for tool in mbpoll; do
	command -v $tool >/dev/null || missing="$missing $tool"
done
for module in pytest pymodbus.client; do
	"$python" -c "import $module" 2>/dev/null || missing="$missing python3:$module"
done
if [ -n "$missing" ]; then
	echo "cannot run without:$missing"
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

# Each file has daemons of its own and mostly waits for seconds to pass: all run at once.
files="map writes mbpoll snapshot command_line recording"
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
