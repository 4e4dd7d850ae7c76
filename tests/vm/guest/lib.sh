# shellcheck shell=bash
# lib.sh - what the tests in the machine share.  Sourced.

PARAMETERS=/sys/module/simadc/parameters
passed=0 failed=0 meter_log=

ok()
{
	passed=$((passed + 1))
	echo "ok   $*"
}

fail()
{
	failed=$((failed + 1))
	echo "FAIL $*"
	[ -z "$meter_log" ] || tail -n 5 "$meter_log" | sed 's/^/     log: /'
}

# is CLAIM GOT WANTED
is()
{
	if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: got '$2', must be '$3'"; fi
}

# true_that CLAIM COMMAND...
true_that()
{
	if "${@:2}"; then ok "$1"; else fail "$1"; fi
}

# Milliseconds since the boot.
clock_ms()
{
	local up rest
	read -r up rest < /proc/uptime
	echo $((10#${up/./} * 10))
}

# What is never ready to be read: to wait at it costs no process, of which the emulated machine makes 30 a second at most.
mkfifo /run/never && exec {never}<> /run/never

# wait_for SECONDS COMMAND...: until the command succeeds; 1 when it does not in that time.  Between two tries twice the time of one passes.
wait_for()
{
	local up rest began now end pause
	read -r up rest < /proc/uptime
	began=$((10#${up/./} * 10)) end=$((began + $1 * 1000))
	until "${@:2}"; do
		read -r up rest < /proc/uptime
		now=$((10#${up/./} * 10))
		[ "$now" -lt $end ] || return 1
		pause=$((2 * (now - began)))
		pause=$((pause < 50 ? 50 : pause > 900 ? 900 : pause))
		printf -v pause 0.%03d $pause
		read -r -t $pause -u "$never" rest
		read -r up rest < /proc/uptime
		began=$((10#${up/./} * 10))
	done
}

parameter()
{
	cat "$PARAMETERS/$1"
}

# set_parameter NAME VALUE
set_parameter()
{
	echo "$2" > "$PARAMETERS/$1"
}

parameter_is()
{
	[ "$(parameter "$1")" = "$2" ]
}

# Number N of the iio:deviceN that is the meter's ADC; nothing while it has none.
device_number()
{
	local name
	for name in /sys/bus/iio/devices/iio:device*/name; do
		if [ "$(cat "$name" 2> /dev/null)" = simadc ]; then
			name=${name%/name}
			echo "${name##*device}"
		fi
	done
}

# A device that uses a trigger holds the module.
driver_remove()
{
	echo > "/sys/bus/iio/devices/iio:device$(device_number)/trigger/current_trigger"
	rmmod simadc
}

# driver_reset [PARAMETER=VALUE]...: loads the driver anew.
driver_reset()
{
	driver_remove && insmod ./simadc.ko "$@"
}

