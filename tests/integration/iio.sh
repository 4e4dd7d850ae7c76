#!/bin/sh
# The IIO source over the real libiio, against a server on loopback.
set -u
here=$top_srcdir/tests/integration

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
# What a thread sanitizer may say of libiio's own libraries when the program ends.
TSAN_OPTIONS="${TSAN_OPTIONS:-} suppressions=$here/tsan.supp"
export TSAN_OPTIONS
# -B and no cache: the source directory may be read-only.
exec "$python" -B -m pytest --noconftest -p no:cacheprovider -q --durations=3 --rootdir="$here" "$here/test_iio.py"
