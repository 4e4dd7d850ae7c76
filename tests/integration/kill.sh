#!/bin/sh
# kill -9 five hundred times: what was acknowledged and shown is back, nothing is invented.
set -u
files=kill
export files
exec "${top_srcdir:-.}/tests/integration/daemon.sh" "$@"
