#!/bin/sh
# The IIO source under valgrind: what it opens it also closes.
set -u
here=$top_srcdir/tests/integration

if ! command -v valgrind >/dev/null; then
	echo "cannot run: valgrind is not installed"
	exit 77
fi
if "${NM:-nm}" tests/integration/iio_client | grep -qE '__(asan|tsan)_'; then
	echo "cannot run: valgrind does not go with a build that has a sanitizer"
	exit 77
fi
if valgrind -q tests/integration/iio_client 2>&1 </dev/null | grep -q 'unhandled dwarf'; then
	echo "cannot run: valgrind does not read this compiler's debugging information (-gdwarf-4 helps)"
	exit 77
fi
python=
for candidate in "${PYTHON:-python3}" python3 /usr/bin/python3; do
	if "$candidate" -c "import pytest" 2>/dev/null; then
		python=$candidate
		break
	fi
done
if [ -z "$python" ]; then
	echo "cannot run: no Python 3 has pytest"
	exit 77
fi
exec "$python" -B -m pytest --noconftest -p no:cacheprovider -q --durations=3 --rootdir="$here" "$here/test_iio_leaks.py"
