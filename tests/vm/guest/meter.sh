# shellcheck shell=bash disable=SC2034
# meter.sh - the daemon on the device, the bus master, and the truth.  Sourced; needs lib.sh.

# What stands between the device's volts and the readings: the configuration of every test.
VOLTAGE_RATIO=320 CURRENT_RATIO=0.8 CT_PRIMARY=200 GAIN_IC=1.02 DELAY_IB_US=100
meter_pid=

# The waves of the tests: unequal phases with DC on top; lagging, leading and lagging current.
set_waves()
{
	set_parameter amp 20000,19000,18500,12000,8000,6000
	set_parameter phase_mdeg 0,-120000,120000,-30000,-95000,65000
	set_parameter offs 300,-200,100,50,-70,20
	set_parameter freq_uhz 50123457
}

# Samples that the driver lost: told to, or because a starved machine did not fetch them in time.
driver_lost()
{
	[ -d "$PARAMETERS" ] || { echo 0; return; }
	echo $(($(parameter dropped) + $(parameter overrun)))
}

# meter_start NAME [RATE]: the daemon on ttyS1; its output goes to out/NAME.log.
meter_start()
{
	meter_log=out/$1.log
	cat > "out/$1.conf" <<-CONF
		adc: {
		  source = "iio"; uri = "local:"; device = "simadc"; trigger = "simadc-timer"; rate = ${2:-2520};
		  channels: { ib: { delay_us = $DELAY_IB_US.0; }; ic: { gain = $GAIN_IC; }; };
		  voltage_ratio = $VOLTAGE_RATIO.0; current_ratio = $CURRENT_RATIO;
		};
		meter: { ct_primary = $CT_PRIMARY; };
		modbus: { device = "/dev/ttyS1"; address = 7; };
		control: { socket = "/run/dinmeterd-control"; };
	CONF
	rm -rf state
	lost_before=$(driver_lost)
	bin/dinmeterd -c "out/$1.conf" --state state > "$meter_log" 2>&1 &
	meter_pid=$!
}

meter_gone()
{
	! kill -0 "$meter_pid" 2> /dev/null
}

# Ends the daemon; its exit status is in meter_status, how long it took in meter_stop_ms, what
# the driver lost meanwhile in lost.
meter_stop()
{
	[ -n "$meter_pid" ] || return 0
	local started
	started=$(clock_ms)
	kill -TERM "$meter_pid" 2> /dev/null
	wait_for 10 meter_gone || kill -KILL "$meter_pid"
	wait "$meter_pid"
	meter_status=$? lost=$(($(driver_lost) - lost_before)) meter_stop_ms=$(($(clock_ms) - started)) meter_pid=''
}

# read_registers FIRST COUNT: their values on a line, as an independent master reads them.
read_registers()
{
	local -a words
	mapfile -t words < <(mbpoll -m rtu -a 7 -b 19200 -P none -t 4:hex -r "$1" -c "$2" -1 -q -o 1 /dev/ttyS2 2>&1 |
		sed -n 's/^\[[0-9]*\]:[[:space:]]*\(0x[0-9A-F]*\).*/\1/p')
	[ ${#words[@]} = "$2" ] && printf '%d ' "${words[@]}"
}

# Names and values of the float registers 257 to 323, a pair a line.
read_readings()
{
	read_registers 257 68 | awk '
		function float(high, low,    sign, exponent) {
			sign = high >= 32768 ? -1 : 1
			exponent = int(high / 128) % 256
			if (exponent == 255)
				return "nan"
			return sign * (1 + (high % 128 * 65536 + low) / 8388608) * 2 ^ (exponent - 127) * (exponent > 0)
		}
		BEGIN {
			n = split("kwh kwh_2 kw kvar kva pf vll vln amps kw_a kw_b kw_c pf_a pf_b pf_c v_ab v_bc v_ac v_an v_bn v_cn " \
				"amps_a amps_b amps_c reserved_305 hz kvah kvarh kva_a kva_b kva_c kvar_a kvar_b kvar_c", name, " ")
		}
		NF == 2 * n { for (i = 1; i <= n; i++) printf "%s %.9g\n", name[i], float($(2 * i - 1), $(2 * i)) }'
}

# reading NAME
reading()
{
	read_readings | awk -v name="$1" '$1 == name { print $2 }'
}

# What the meter must show of the device's present parameters: names and values as read_readings.
truth()
{
	awk -v amp="$(parameter amp)" -v phase="$(parameter phase_mdeg)" -v freq_uhz="$(parameter freq_uhz)" \
		-v scale="$(parameter scale_pv)" -v vr="$VOLTAGE_RATIO" -v cr="$CURRENT_RATIO" -v ct="$CT_PRIMARY" \
		-v gain_ic="$GAIN_IC" -v delay_ib_us="$DELAY_IB_US" '
		function put(name, value) { printf "%s %.12g\n", name, value }
		function line_to_line(name, i, j) {
			put("v_" name, u = sqrt(rms[i] ^ 2 + rms[j] ^ 2 - 2 * rms[i] * rms[j] * cos(angle[i] - angle[j])))
			ll += u / 3
		}
		BEGIN {
			split(amp, a, ","); split(phase, p, ","); split(scale, s, ",")
			pi = atan2(0, -1)
			p[5] += 360000 * freq_uhz / 1e6 * delay_ib_us / 1e6	# the wave before the channel held it back
			for (c = 1; c <= 6; c++) {
				rms[c] = a[c] / sqrt(2) * s[c] * 1e-12 * (c <= 3 ? vr : cr * ct) * (c == 6 ? gain_ic : 1)
				angle[c] = p[c] / 180000 * pi
			}
			split("a b c", name, " ")
			for (c = 1; c <= 3; c++) {
				lag = angle[c] - angle[c + 3]
				va = rms[c] * rms[c + 3] / 1000
				p_sum += va * cos(lag); q_sum += va * sin(lag)
				put("v_" name[c] "n", rms[c]); ln += rms[c] / 3
				put("amps_" name[c], rms[c + 3]); amps += rms[c + 3] / 3
				put("kw_" name[c], va * cos(lag)); put("pf_" name[c], cos(lag))
				put("kva_" name[c], va); put("kvar_" name[c], va * (sin(lag) < 0 ? -sin(lag) : sin(lag)))
			}
			line_to_line("ab", 1, 2); line_to_line("bc", 2, 3); line_to_line("ac", 1, 3)
			put("vll", ll); put("vln", ln); put("amps", amps)
			put("kw", p_sum); put("kvar", q_sum); put("kva", sqrt(p_sum ^ 2 + q_sum ^ 2))
			put("pf", p_sum / sqrt(p_sum ^ 2 + q_sum ^ 2))
			put("hz", freq_uhz / 1e6)
		}'
}

# readings_are_true [PPM [HZ_PPM]]: every reading that the truth names is within PPM of it (10), and Hz within HZ_PPM (0.1);
# reactive power is judged against apparent power.  out/readings has those that are not, and the worst.
readings_are_true()
{
	{ truth; echo; read_readings; } | awk -v ppm="${1:-10}" -v hz_ppm="${2:-0.1}" '
		NF == 0 { reading = 1; next }
		!reading { want[$1] = $2; next }
		$1 in want {
			seen++
			phase = substr($1, length($1) - 1)
			base = $1 ~ /^kvar/ ? want[phase ~ /^_/ ? "kva" phase : "kva"] : want[$1]
			error = ($2 == "nan") ? 1e6 : ($2 - want[$1]) / base * 1e6
			if (error < 0) error = -error
			if ($1 == "hz") hz = error
			else if (error > worst) { worst = error; where = $1 }
			if (error > ($1 == "hz" ? hz_ppm : ppm)) { printf "     %s %s, truth %s\n", $1, $2, want[$1]; bad++ }
		}
		END {
			printf "     worst %s, %.3g ppm; Hz %.3g ppm\n", where, worst, hz
			exit !(seen == 29 && !bad)
		}' > out/readings
}

# Register 3 and bit 6 of register 146 tell whether the readings are live.
meter_is_live()
{
	local kw
	kw=$(read_registers 3 1) && [ "$kw" != "32768 " ] && [ $(($(read_registers 146 1) & 64)) = 0 ]
}

meter_is_stale()
{
	[ "$(read_registers 3 1)$(read_registers 26 1)$(read_registers 146 1)" = "32768 32768 64 " ]
}

or_gone()
{
	"$@" || meter_gone
}

# Claims with the time that they took, which is shown and not judged: becomes CLAIM SECONDS COMMAND...
becomes()
{
	local started
	started=$(clock_ms)
	rm -f out/readings
	if wait_for "$2" or_gone "${@:3}" && ! meter_gone; then
		ok "$1 (after $(($(clock_ms) - started)) ms)"
	else
		fail "$1: not within $(($(clock_ms) - started)) ms"
	fi
	cat out/readings 2> /dev/null
}

# meter_account lost|gaps: of the daemon's last words.
meter_account()
{
	sed -n 's/.*samples: \([0-9]*\) lost in \([0-9]*\) gaps.*/lost \1\ngaps \2/p' "$meter_log" | sed -n "s/^$1 //p"
}

# property NAME: of the service, as its manager shows it.
property()
{
	systemctl show -p "$1" --value dinmeterd
}

# status_says PATTERN: does the service's STATUS=?
status_says()
{
	property StatusText | grep -q "$1"
}

# restarted N: more often than N times by its manager, and ready.
restarted()
{
	[ "$(property NRestarts)" -gt "$1" ] && [ "$(property SubState)" = running ]
}
