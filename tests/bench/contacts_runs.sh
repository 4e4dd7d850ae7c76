#!/bin/sh
# The bench of the contacts runs and tells all three ways; its numbers are the machine's and fail nothing.
set -u

output=$(./tests/bench/contacts 1) || { echo "tests/bench/contacts fails"; exit 1; }
echo "$output"
for row in "this program" "nanosleep loop" "a bare sleep"; do
	count=$(echo "$output" | grep -c "^  $row")
	[ "$count" = 4 ] || { echo "$count rows of '$row', not 4"; exit 1; }
done
