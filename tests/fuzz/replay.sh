#!/bin/sh
# Replays the corpus of every fuzz target: none may crash, hang or trip a sanitizer.
test -n "$FUZZ_TARGETS" || { echo "no fuzz targets are built"; exit 1; }
status=0
for target in $FUZZ_TARGETS; do
	corpus=$top_srcdir/tests/fuzz/corpus/${target##*/fuzz_}
	echo "$target: $corpus"
	timeout 120 "./$target" "$corpus" || { echo "$target: failed with status $?"; status=1; }
done
exit $status
