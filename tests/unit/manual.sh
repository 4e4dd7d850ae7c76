#!/bin/sh
# The manual pages and --help tell of the same options: each has its entry, and none is told of that is not there.
# Every key of the configuration has its entry in dinmeterd.conf(5) and stands, with its default, in the sample.
set -u

# Options of a --help text on stdin: lines that begin with blanks and a dash.
help_options()
{
	sed -n '/^ *-/p' | sed 's/  *[A-Za-z].*//' | grep -oE -- '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,' | sort -u
}

# Options with an entry (the line after .TP) in a manual page on stdin.
manual_options()
{
	awk '/^\.TP/ { entry = 1; next } entry { print; entry = 0 }' | sed 's/\\-/-/g; s/\\f.//g' |
		grep -oE -- '(^|[ ,"])--?[a-zA-Z][a-z-]*' | tr -d ' ,"' | sort -u
}

# differ NAME: compares $directory/help with $directory/manual
differ()
{
	if [ ! -s "$directory/help" ]; then
		echo "$1 tells no option"
		return 0
	fi
	missing=$(comm -23 "$directory/help" "$directory/manual")
	gone=$(comm -13 "$directory/help" "$directory/manual")
	[ -z "$missing" ] || echo "$1: without an entry in the manual page:" $missing
	[ -z "$gone" ] || echo "$1: in the manual page, but not in --help:" $gone
	[ -n "$missing$gone" ]
}

directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT
status=0

./dinmeterd --help >"$directory/text" || { echo "dinmeterd --help fails"; status=1; }
help_options <"$directory/text" >"$directory/help"
manual_options <"$top_srcdir/man/dinmeterd.8" >"$directory/manual"
differ dinmeterd && status=1

# Each command of dinmeter has a subsection, with the options of that command.
commands=$(./dinmeter --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
[ -n "$commands" ] || { echo "dinmeter --help tells no command"; status=1; }
for command in $commands; do
	./dinmeter "$command" --help >"$directory/text" || { echo "dinmeter $command --help fails"; status=1; }
	grep -v -- --help <"$directory/text" | help_options >"$directory/help"
	sed -n "/^\.SS dinmeter $command/,/^\.S[SH] /p" "$top_srcdir/man/dinmeter.1" | manual_options >"$directory/manual"
	grep -q "^\.SS dinmeter $command" "$top_srcdir/man/dinmeter.1" || { echo "dinmeter(1) knows no $command"; status=1; }
	sed -n '/^\.SH SYNOPSIS/,/^\.SH DESC/p' "$top_srcdir/man/dinmeter.1" | sed 's/\\-/-/g' | grep -qE "^\.B dinmeter $command( |\$)" ||
		{ echo "the synopsis of dinmeter(1) lacks $command"; status=1; }
	differ "dinmeter $command" && status=1
	# told once for all
	for long in config output; do
		grep -qE "^ +-$(echo $long | cut -c1)[ ,]" "$directory/text" || continue
		./dinmeter "$command" --$long 2>&1 | grep -q "'--$long' requires" || { echo "dinmeter $command knows no --$long"; status=1; }
	done
done
for long in config output; do
	sed 's/\\-/-/g' "$top_srcdir/man/dinmeter.1" | grep -q "^\.BR --$long [,.]$" || { echo "dinmeter(1) does not tell of --$long"; status=1; }
done

# GROUP SUBGROUP KEY for each key and subgroup of a printed configuration; SUBGROUP is - where there is none, "contact" for each of them.
printed_keys()
{
	awk '/^};/ { depth = 0; next } /^ +};/ { depth--; next }
		{ key = $1; sub(":", "", key); group = /[{]$/; within = depth > 1 ? name[2] : "-" }
		depth && name[1] == "outputs" && within ~ /^(energy|alarm|reactive)$/ { within = "contact" }
		depth { print name[1], within, key }
		group { name[++depth] = key }' | sort -u
}

# The same for each entry of dinmeterd.conf(5): what a tag has in bold, and the text of an entry that is "A group".
described_keys()
{
	awk 'function entries(line, within,    bold, c, k, macro, quoted, word) {
			macro = substr($1, 2)
			line = substr(line, length(macro) + 3) " "
			bold = 1
			for (k = 1; k <= length(line); k++) {
				c = substr(line, k, 1)
				if (c == "\"")
					quoted = !quoted
				else if (c != " " || quoted)
					word = word c
				else {
					if (bold)
						print group, within, word
					word = ""
					bold = macro == "B" || !bold
				}
			}
		}
		/^\.SH/ { group = $2 == "GROUP" ? $3 : ""; within = "-"; list = ""; next }
		/^\.TP/ { tag = 1; list = ""; next }
		/^\.(PP|IP|RS)/ { list = "" }
		/^Each contact has:/ { within = "contact" }
		/^The group$/ { named = 1; next }
		/^A group/ { list = last }
		group == "" || !/^\.BR? / { tag = named = 0; next }
		tag { entries($0, within); last = $2 }
		named { entries($0, "-"); within = $2 }
		list { entries($0, list) }
		{ tag = named = 0 }' | sort -u
}

: >"$directory/empty.conf"
./dinmeterd -c "$directory/empty.conf" -p >"$directory/defaults" || { echo "dinmeterd -p fails"; status=1; }
printed_keys <"$directory/defaults" >"$directory/keys"
[ "$(wc -l <"$directory/keys")" -gt 50 ] || { echo "dinmeterd -p prints too few keys"; status=1; }
described_keys <"$top_srcdir/man/dinmeterd.conf.5" >"$directory/described"
missing=$(comm -23 "$directory/keys" "$directory/described")
if [ -n "$missing" ]; then
	echo "dinmeterd.conf(5) has no entry for:"
	echo "$missing"
	status=1
fi
beyond=$(comm -13 "$directory/keys" "$directory/described")
if [ -n "$beyond" ]; then
	echo "dinmeterd.conf(5) has an entry for what is no key:"
	echo "$beyond"
	status=1
fi

./dinmeterd -c "$top_srcdir/conf/dinmeterd.conf" -p >"$directory/sample" || { echo "the sample is refused"; status=1; }
if ! diff "$directory/defaults" "$directory/sample"; then
	echo "the sample does not say the defaults"
	status=1
fi
while read -r group _ key; do
	if ! sed -n "/^$group: /,/^};/p" "$top_srcdir/conf/dinmeterd.conf" | grep -qE "(^|[ {;])$key(:| =)"; then
		echo "the sample does not show $group.$key"
		status=1
	fi
done <"$directory/keys"
exit $status
