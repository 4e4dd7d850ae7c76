#!/bin/sh
# Each manual page is one that mandoc reads without a warning, and has the line that apropos and whatis show.
set -u
pages="$top_srcdir/man/dinmeter.1 $top_srcdir/man/dinmeter-control.7 $top_srcdir/man/dinmeter-panel.7 man/dinmeter-registers.7
	$top_srcdir/man/dinmeterd.8 $top_srcdir/man/dinmeterd.conf.5"

# All that are there: a new one is not forgotten here.
there=$(ls "$top_srcdir"/man/*.[1-8] man/*.[1-8] 2>/dev/null | sed 's|.*/||' | sort -u)
listed=$(for page in $pages; do echo "${page##*/}"; done | sort)
if [ "$there" != "$listed" ]; then
	echo "pages that are there:" $there
	echo "pages that are checked:" $listed
	exit 1
fi
for program in mandoc lexgrog; do
	if ! command -v $program >/dev/null; then
		echo "cannot run: $program is not installed"
		exit 77
	fi
done

status=0
for page in $pages; do
	# the rest of such a line is a comment: \(dq is a quote
	grep -nE "^[.'] *[A-Za-z].*\\\\\"" "$page" && { echo "$page: \\\" in a macro's argument, as above"; status=1; }
	mandoc -T lint -W warning "$page" || { echo "$page: mandoc warns of the above"; status=1; }
	lexgrog "$page" >/dev/null || { echo "$page: no NAME that whatis could show"; status=1; }
done
exit $status
