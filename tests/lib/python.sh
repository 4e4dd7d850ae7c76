#!/bin/sh
# python.sh TEST - runs a test in Python: one that is a program by itself, one of pytest's in its place among those of the whole daemon.
if grep -q '^if __name__ ==' "$1"; then
	exec "$PYTHON" "$1"
fi
files=${1##*/test_}
files=${files%.py}
export files
exec "$top_srcdir/tests/integration/daemon.sh"
