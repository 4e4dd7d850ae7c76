#!/bin/sh
# The units as they are installed: systemd takes them, rates their exposure at most 1.5, and two instances share nothing; the rules call
# the daemon, and its user is made.
set -u
status=0
fail()
{
	echo "$1"
	status=1
}

# value KEY UNIT: what a unit's file says last
value()
{
	sed -n "s/^$1=//p" "conf/systemd/$2" | tail -n 1
}

for unit in dinmeterd.service dinmeterd@.service; do
	grep -n '@[A-Za-z_]*@' "conf/systemd/$unit" && fail "$unit: names that were not put in"
	grep -q '^Type=notify$' "conf/systemd/$unit" || fail "$unit does not wait until the meter is ready"
done
[ "$(value WatchdogSec dinmeterd.service)" = 30 ] || fail "a thread that stands still is not noticed"
[ "$(value Restart dinmeterd.service)" = on-failure ] || fail "a meter that fails stays down"
patience_s=$(sed -n 's/^#define STORE_PATIENCE_S \([0-9]*\)\..*/\1/p' "$top_srcdir/src/daemon/daemon.c")
[ "$(value TimeoutStopSec dinmeterd.service)" -ge $((2 * ${patience_s:-1000})) ] || fail "a stop on a slow disk is cut short"
[ "$(value RestartPreventExitStatus dinmeterd.service)" = 2 ] || fail "a wrong configuration is tried again and again"
for unit in dinmeterd.service dinmeterd@.service; do
	# what ends it at once may mend itself: the pauses alone make ten minutes; fewer starts would give up long before
	starts=$(value StartLimitBurst $unit) pause_s=$(value RestartSec dinmeterd.service)
	[ $((starts * pause_s)) -ge 480 ] || fail "$unit: what mends itself after a few minutes finds no service"
	# on a slow board a start takes a second until it fails: as many must fit into the interval, or there is no limit
	interval_min=$(value StartLimitIntervalSec $unit | sed -n 's/^\([0-9]*\)min$/\1/p')
	[ $((${interval_min:-0} * 60)) -ge $((starts * (pause_s + 1))) ] || fail "$unit: a start that fails after a second is tried for ever"
done
[ "$(value RemoveIPC dinmeterd.service)" = no ] || fail "a stop would remove what is left to the next run in /dev/shm"
grep -E '^(PrivateDevices|ProcSubset|PrivateIPC|DynamicUser)=' conf/systemd/*.service && fail "protections that hide what the meter needs"

# A name for each instance in whatever belongs to it: file, state, socket, and their directories.
for key in ExecStart StateDirectory RuntimeDirectory; do
	[ "$(value $key dinmeterd.service)" != "$(value $key dinmeterd@.service)" ] || fail "$key is the same for both units"
done
for part in --config.*/%i.conf --state.*/var/lib/dinmeterd-%i --control.*/run/dinmeterd-%i/control; do
	value ExecStart dinmeterd@.service | grep -q -e "$part" || fail "an instance has no $part"
done
[ "$(value StateDirectory dinmeterd@.service)" = dinmeterd-%i ] || fail "an instance's state directory is not made"
[ "$(value RuntimeDirectory dinmeterd@.service)" = dinmeterd-%i ] || fail "an instance's socket has no directory"

# Every rule calls the program at the place where the units start it.
program=$(value ExecStart dinmeterd.service)
rules=$(grep -c '^SUBSYSTEM' conf/udev/60-dinmeterd.rules)
[ "$rules" -ge 6 ] && [ "$(grep -c "^SUBSYSTEM.*RUN{program}+=\"$program --grant \$devpath\"\$" conf/udev/60-dinmeterd.rules)" = "$rules" ] ||
	fail "a rule does not call $program --grant"
grep -q '^u dinmeter ' "$top_srcdir/conf/sysusers/dinmeterd.conf" || fail "the user dinmeter is not made"
[ "$(value User dinmeterd.service)" = dinmeter ] || fail "the service has another user"

[ $status -eq 0 ] || exit $status
if ! command -v systemd-analyze >/dev/null; then
	echo "cannot run: no systemd-analyze here"
	exit 77
fi
directory=$(mktemp -d) || exit 99
trap 'rm -rf "$directory"' EXIT
for unit in dinmeterd.service dinmeterd@.service; do
	# a program that is there; the pages may not be installed
	sed -e 's,^ExecStart=[^ ]*,ExecStart=/bin/true,' -e '/^Documentation=/d' "conf/systemd/$unit" >"$directory/$unit"
	systemd-analyze security --no-pager --offline=true --threshold=15 "$directory/$unit" >"$directory/exposure" 2>&1 || {
		grep '✗\|Overall' "$directory/exposure" || cat "$directory/exposure"
		fail "$unit: the exposure is above 1.5"
	}
	grep 'Overall' "$directory/exposure" || fail "$unit: no exposure was told"
done
# The check itself: the same unit with all of root's rights is above.
sed -e '/^CapabilityBoundingSet=/d' -e '/^SystemCallFilter=/d' -e '/^PrivateNetwork=/d' "$directory/dinmeterd.service" >"$directory/bare.service"
systemd-analyze security --no-pager --offline=true --threshold=15 "$directory/bare.service" >/dev/null 2>&1 &&
	fail "a unit without protections passes"
mv "$directory/dinmeterd@.service" "$directory/dinmeterd@one.service"
complaints=$(systemd-analyze verify --man=no "$directory/dinmeterd.service" "$directory/dinmeterd@one.service" 2>&1)
[ -z "$complaints" ] || fail "systemd-analyze verify: $complaints"
exit $status
