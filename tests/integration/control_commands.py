"""The commands of dinmeter that talk to a daemon, run whole before a scripted meter.  The truth is the script and arithmetic on it."""
import csv
import datetime
import io
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from control_meter import BUILD, HANG_S, TOP, Server, wait_for  # noqa: E402
import outcome  # noqa: E402

DINMETER = os.path.join(BUILD, "dinmeter")
DINMETERD = os.path.join(BUILD, "dinmeterd")
DEFAULT_POINTERS = [1, 2, 29, 30, 37, 38, 39, 155, 156, 157]


def run(*arguments, environment=None, **options):
    """(exit status, stdout, stderr)"""
    env = {key: value for key, value in os.environ.items() if key != "DINMETER_SOCKET"}
    env.update(environment or {})
    done = subprocess.run([DINMETER, *arguments], capture_output=True, text=True, env=env, timeout=HANG_S, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def single(value):
    """The two words of a single, upper first."""
    return struct.unpack(">HH", struct.pack(">f", value))


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Commands(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    def run_command(self, name, *arguments, **options):
        return run(name, "--socket", self.server.path, *arguments, **options)

    def done(self, name, *arguments, **options):
        status, out, err = self.run_command(name, *arguments, **options)
        self.assertEqual((status, err), (0, ""), (name, arguments))
        return out


class Status(Commands):
    ROWS = {
        "voltage to neutral": ([277.125, 277.25, 277.225, 277.2], 2, "V"),
        "voltage A-B B-C A-C": ([480, 480.25, 480.05, 480.1], 2, "V"),
        "current": ([50, 50.5, 49.5, 50], 3, "A"),
        "real power": ([12.5, 12.6, 12.4, 37.5], 3, "kW"),
        "reactive power": ([6, 6.1, 5.9, 18], 3, "kVAR"),
        "apparent power": ([13.865, 14, 13.735, 41.6], 3, "kVA"),
        "power factor": ([0.9, 0.91, 0.8945, 0.9015], 4, ""),
        "frequency": ([60.01], 2, "Hz"),
        "real energy": ([411.522630333333, 411.522630333333, 411.522630333334, 1234.567891], 3, "kWh"),
        "reactive energy": ([600.5], 3, "kVARh"),
        "apparent energy": ([1400.000000000001], 3, "kVAh"),
    }

    def row(self, out, label):
        line, = [line for line in out.splitlines() if line.startswith(label + " ")]
        return line[len(label):].split()

    def test_the_table_shows_every_reading(self):
        out = self.done("status")
        for label, (values, decimals, units) in self.ROWS.items():
            shown = self.row(out, label)
            if units:
                self.assertEqual(shown.pop(), units, label)
            self.assertEqual(shown, [f"{value:.{decimals}f}" for value in values], label)
        self.assertRegex(out, r"demand +36\.000 kW +highest 52\.000 kW\n +17\.500 kVAR +highest 20\.000 kVAR\n +40\.000 kVA +highest 56\.000 kVA\n")
        self.assertRegex(out, r"(?m)^measuring, up 1 d 03:04:05$")
        self.assertRegex(out, r"(?m)^alerts +none$")
        self.assertIn("clock +5.0 ppm", out)
        self.assertIn("7 CRC errors", out)
        self.assertIn("alarm NOT WORKING", out)

    def test_no_line_is_wider_than_80_columns(self):
        self.server.script("alerts 0x7F7F")
        for line in self.done("status").splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_what_is_not_valid_is_two_dashes(self):
        self.server.script("live 0")
        self.server.script("type 10")
        out = self.done("status")
        self.assertIn("NOT MEASURING", out)
        for label, (values, _, units) in self.ROWS.items():
            if label.endswith("energy"):
                continue
            shown = self.row(out, label)
            self.assertEqual(shown[:len(values)], ["--"] * len(values), label)
        self.assertEqual(self.row(out, "real energy"), ["411.523", "--", "--", "1234.568", "kWh"])
        self.assertIn("no frequency within 45-65 Hz", out)

    def test_alerts_are_told_in_words(self):
        self.server.script("alerts 0x8300")
        out = re.sub(r"\s+", " ", self.done("status"))
        self.assertIn("alerts phase loss on A, phase loss on B, pulse energy too small for the maximum power settings", out)

    def test_a_failing_store_is_told_with_its_message(self):
        self.server.script("set_aside /var/lib/dinmeterd/state.0.db: disk I/O error")
        out = re.sub(r"\s+", " ", self.done("status"))
        self.assertIn("failing, /var/lib/dinmeterd/state.0.db: disk I/O error,", out)

    def test_the_log_tells_what_it_holds_and_what_it_missed(self):
        # serial, first serial, 163, 161, 159, 160
        for state, shown, held, full, missed in (
                ("3 1 3 0 0 0", "3 entries held, 3 written in all, newest 2026-11-27T05:15:00Z, circular, clock", 3, False, 0),
                ("0 1 0 0 0 0", "0 entries held, 0 written in all,", 0, False, 0),
                # wrapped once: 163 counts anew
                ("5761 1 1 1 0 0", "5760 entries held, 5761 written in all,", 5760, False, 0),
                # cleared after the 10000th
                ("10004 10001 4 0 0 8", "4 entries held, 10004 written in all,", 4, False, 0),
                ("10000 10001 0 0 0 8", "0 entries held, 10000 written in all,", 0, False, 0),
                ("5760 1 5760 17 1 1", "5760 entries held, 5760 written in all, newest 2026-11-27T05:15:00Z, stops when full, FULL, 17 missed,", 5760,
                 True, 17),
                ("7 1 7 0 1 0", "stops when full, clock", 7, False, 0)):
            self.server.script("log " + state)
            self.assertIn(shown, re.sub(r"\s+", " ", self.done("status")), state)
            log = json.loads(self.done("status", "--json"))["log"]
            self.assertEqual((log["held"], log["full"], log["missed"]), (held, full, missed), state)

    def test_json_is_one_line_with_what_the_socket_says(self):
        out = self.done("status", "--json")
        self.assertEqual(out.count("\n"), 1)
        with self.server.connect() as client:
            answer = client.ask("status")
        for key in ("v", "id", "ok"):
            del answer[key]
        self.assertEqual(json.loads(out), answer)

    def start(self, *arguments, **options):
        process = subprocess.Popen([DINMETER, *arguments], **options)

        def end():
            process.send_signal(signal.SIGINT)
            process.wait(HANG_S)
        self.addCleanup(end)
        return process

    def test_watch_prints_again_and_shows_what_has_changed(self):
        process = self.start("status", "--watch", "--json", "--socket", self.server.path, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.assertTrue(json.loads(process.stdout.readline())["meter"]["live"])
        self.server.script("live 0")
        while json.loads(process.stdout.readline())["meter"]["live"]:
            pass

    def test_watch_redraws_a_terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.start("status", "--watch", "--socket", self.server.path, stdout=slave)
        os.close(slave)
        shown = b""

        def twice():
            nonlocal shown
            if select.select([master], [], [], 1)[0]:
                shown += os.read(master, 65536)
            return shown.count(b"\033[H") >= 2 and shown.count(b"\033[J") >= 2
        wait_for(twice, "the screen is drawn again")
        self.assertEqual(len(re.findall(rb"real power +12\.500", shown.split(b"\033[J")[0])), 1)


class Writes(Commands):
    def counts(self):
        return self.server.script("counts")

    def setting(self, name):
        with self.server.connect() as client:
            return client.ask("status", parts=["settings"])["settings"][name]

    def test_set_changes_the_setting(self):
        for name, given, shown in (("ct_primary", "200", 200), ("pt_ratio", "1.15", 1.15), ("pt_ratio", "2", 2), ("display_units", "IEC", "IEC"),
                                   ("baud", "9600", 9600), ("parity", "odd", "odd"), ("address", "17", 17), ("system_type", "31", 31),
                                   ("demand_subinterval_s", "0", 0)):
            self.assertEqual(self.done("set", name, given), "")
            self.assertEqual(self.setting(name), shown, name)

    def test_a_refused_value_is_status_1_and_the_daemons_words(self):
        for name, given, message in (("ct_primary", "0", "ct_primary: got 0, must be 1-32000"),
                                     ("ct_primary", "-5", "ct_primary: got -5, must be 1-32000"),
                                     ("ct_primary", "many", 'ct_primary: got "many", must be a whole number: 1-32000'),
                                     ("ct_primary", "0x10", 'ct_primary: got "0x10", must be a whole number: 1-32000'),
                                     ("ct_primary", "", 'ct_primary: got "", must be a whole number: 1-32000'),
                                     ("ct_primary", "99999999999999999999",
                                      'ct_primary: got "99999999999999999999", must be a whole number: 1-32000'),
                                     ("ct_primary", "-99999999999999999999",
                                      'ct_primary: got "-99999999999999999999", must be a whole number: 1-32000'),
                                     ("ct_primary", "18446744073709551614", "ct_primary: got 18446744073709551614, must be 1-32000"),
                                     ("pt_ratio", "1e999", 'pt_ratio: got "1e999", must be 0.01-320.00, two decimals at most'),
                                     ("pt_ratio", "NaN", 'pt_ratio: got "NaN", must be 0.01-320.00, two decimals at most'),
                                     ("log_clock_day_month", "0", "log_clock_day_month: got 0, must be 256 x day + month of a date that "
                                      "exists, day 1-31, month 1-12"),
                                     ("log_clock_hour_year", "70000", "log_clock_hour_year: got 70000, must be 256 x hour + years since "
                                      "2000, hour 0-23, years 0-199"),
                                     ("log_clock_second_minute", "now", 'log_clock_second_minute: got "now", must be a whole number: '
                                      "256 x second + minute, each 0-59"),
                                     ("log_pointer_1", "43", "log_pointer_1: got 43, must be 1-42,146,155-157,257-336"),
                                     ("system_voltage", "700", "system_voltage: got 700, must be 82..660 x pt_ratio 1.00"),
                                     ("parity", "mark", 'parity: got "mark", must be none, even or odd'),
                                     ("kw", "5", "kw: register 3 can only be read"),
                                     ("setup_password", "123", "setup_password: must be text of five digits")):
            self.assertEqual(self.run_command("set", name, given), (1, "", f"dinmeter: {message}\n"))
        status, _, err = self.run_command("set", "nonsense", "5")
        self.assertEqual(status, 1)
        self.assertIn('"nonsense" is no setting', err)

    def test_a_password_keeps_its_zeros_and_may_come_from_standard_input(self):
        self.done("set", "setup_password", "12345")
        self.assertEqual(self.counts()[4], "12345")
        self.done("set", "setup_password", "00042")
        self.done("set", "reset_password", "-", input="00007\n")
        self.assertEqual(self.counts()[4:], ["00042", "00007"])
        self.assertEqual(self.run_command("set", "setup_password", "-", input="")[0], 2)

    def test_resets_and_commands_reach_the_meter(self):
        # bits: energy 1, sync 2, demand 4, counters 8, log 16
        commands = 0
        for name, what, bit in (("reset", "energy", 1), ("command", "sync", 2), ("reset", "demand", 4), ("reset", "counters", 8),
                                ("reset", "log", 16)):
            self.assertEqual(self.done(name, what), "")
            commands |= bit
            self.assertEqual(self.counts()[3], str(commands))

    def test_options_may_stand_behind_the_arguments(self):
        status, _, err = run("set", "ct_primary", "250", "--socket", self.server.path)
        self.assertEqual((status, err), (0, ""))
        status, _, err = run("set", "ct_primary", "-5", "--socket", self.server.path)
        self.assertEqual(status, 1)
        self.assertIn("got -5, must be 1-32000", err)
        self.assertEqual(run("reset", "energy", "--socket", self.server.path)[0], 0)

    def test_a_busy_meter_is_status_1(self):
        self.server.script("force -16")
        status, _, err = self.run_command("set", "ct_primary", "5")
        self.assertEqual(status, 1)
        self.assertIn("busy", err)

    def test_bad_usage_is_status_2_and_nothing_is_asked(self):
        before = self.counts()
        for arguments in (("set",), ("set", "ct_primary"), ("set", "a", "b", "c"), ("set", "--bad", "a", "b"), ("reset",), ("reset", "all"),
                          ("reset", "energy", "log"), ("command", "reboot"), ("status", "x"), ("status", "--bad"), ("log", "x"),
                          ("log", "--since"), ("log", "--since", "yesterday"), ("outputs", "x"), ("set", "--socket", "x" * 200, "a", "1")):
            status, out, err = self.run_command(*arguments)
            self.assertEqual((status, out), (2, ""), arguments)
            self.assertTrue(err)
        self.assertEqual(self.counts(), before)


class HiddenLine(Commands):
    """A value that is typed at a terminal: a shell with job control stands between."""

    # The leader of a session on the terminal: starts the command as a job, tells on descriptor 1 what becomes of it, takes orders.
    SHELL = """
import fcntl, os, signal, sys, termios
tty = int(sys.argv[1])
fcntl.ioctl(tty, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(tty, os.getpgrp())
    for number in (signal.SIGTTOU, signal.SIGTSTP, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if len(sys.argv) > 2 and sys.argv[2] == "nohup":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for fd in (0, 1, 2):
        os.dup2(tty, fd)
    os.execv(sys.argv[3], sys.argv[3:])
print(job, flush=True)
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    os.tcsetpgrp(tty, os.getpgrp())
    if not os.WIFSTOPPED(status):
        print("signal" if os.WIFSIGNALED(status) else "exit", os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status),
              flush=True)
        break
    print("stopped", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(tty, job)
    os.kill(job, signal.SIGCONT)
"""

    def setUp(self):
        super().setUp()
        self.master, self.terminal = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.terminal)

    def begin(self, how="plain"):
        """The shell and the number of its job, which has hidden what is typed."""
        self.assertTrue(self.echoes())
        shell = subprocess.Popen([sys.executable, "-c", self.SHELL, str(self.terminal), how, DINMETER, "set", "--socket", self.server.path,
                                  "setup_password", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
                                 pass_fds=[self.terminal])

        def end():
            shell.kill()
            shell.wait(HANG_S)
            shell.stdin.close()
            shell.stdout.close()
        self.addCleanup(end)
        job = int(self.told(shell))
        wait_for(lambda: not self.echoes(), "the echo is off")
        return shell, job

    def told(self, shell):
        """What the shell tells next of its job: one line."""
        self.assertTrue(select.select([shell.stdout], [], [], HANG_S)[0], "the shell tells nothing of its job")
        return shell.stdout.readline()

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def test_what_is_typed_is_taken_and_not_shown(self):
        shell, _ = self.begin()
        os.write(self.master, b"54321\n")
        self.assertEqual(self.told(shell), "exit 0\n")
        self.assertTrue(self.echoes())
        self.assertEqual(self.server.script("counts")[4], "54321")
        shown = os.read(self.master, 65536)
        self.assertIn(b"setup_password: ", shown)
        self.assertNotIn(b"54321", shown)

    def test_who_interrupts_has_the_echo_again(self):
        for key, number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
            shell, _ = self.begin()
            os.write(self.master, b"543" + key)
            self.assertEqual(self.told(shell), f"signal {number}\n")
            self.assertTrue(self.echoes())

    def test_who_is_ended_leaves_the_echo_on(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            shell, job = self.begin()
            os.kill(job, number)
            self.assertEqual(self.told(shell), f"signal {number}\n")
            self.assertTrue(self.echoes())
        self.assertEqual(self.server.script("counts")[4], "-")

    def test_who_is_stopped_gives_the_echo_back_and_hides_again_when_continued(self):
        shell, _ = self.begin()
        for _ in range(2):
            os.write(self.master, b"\x1a")
            self.assertEqual(self.told(shell), "stopped\n")
            self.assertTrue(self.echoes())
            shell.stdin.write("\n")
            shell.stdin.flush()
            wait_for(lambda: not self.echoes(), "the echo is off again")
        os.write(self.master, b"00042\n")
        self.assertEqual(self.told(shell), "exit 0\n")
        self.assertTrue(self.echoes())
        self.assertEqual(self.server.script("counts")[4], "00042")

    def test_a_signal_that_is_ignored_stays_so(self):
        shell, job = self.begin("nohup")
        os.kill(job, signal.SIGHUP)
        os.write(self.master, b"00043\n")
        self.assertEqual(self.told(shell), "exit 0\n")
        self.assertEqual(self.server.script("counts")[4], "00043")


class Log(Commands):
    def entry(self, serial, utc, pointers, words, scales=(-2, -1, -2, -2), clock=None, noted=()):
        self.server.script(" ".join(map(str, ["entry", serial, utc, clock if clock is not None else utc, *scales, *pointers, *words, *noted])))

    def table(self, *arguments):
        return list(csv.DictReader(io.StringIO(self.done("log", "--csv", *arguments))))

    def test_the_default_log_comes_as_values_with_real_times(self):
        rows = self.table()
        self.assertEqual(len(rows), 3)
        for i, row in enumerate(rows):
            self.assertEqual(row["utc"], iso(1795754400 + 900 * i))
            self.assertEqual(row["clock"], iso(1795754400 + 900 * i + 300))
            self.assertEqual(row["serial"], str(i + 1))
            # two halves, scale E -2
            self.assertEqual(row["kwh"], f"{((1 << 16) + 57912 + 900 * i) / 100:.2f}")
            self.assertEqual(row["kvarh"], f"{(60050 + i) / 100:.2f}")
            self.assertEqual(row["kw_demand"], f"{(3600 + i) / 100:.2f}")
            self.assertEqual(row["kvar_demand"], "")
            self.assertEqual(row["log_clock_day_month"], str(26 << 8 | 11))

    def test_json_has_an_object_a_line_and_null_for_what_is_not_valid(self):
        objects = [json.loads(line) for line in self.done("log", "--json").splitlines()]
        self.assertEqual([one["serial"] for one in objects], [1, 2, 3])
        self.assertIsNone(objects[0]["kvar_demand"])
        self.assertAlmostEqual(objects[2]["kwh"], 1252.48, places=9)

    def test_alerts_are_told_by_their_codes_and_those_that_nobody_kept_are_not_called_none(self):
        self.server.script("fill 0")
        for serial, noted in enumerate(((), (0, 3, 900), (1 << 6 | 1 << 11 | 1 << 15, 4, 0)), start=1):
            self.entry(serial, 1795000000 + 900 * serial, DEFAULT_POINTERS, [0] * 10, noted=noted)
        told = [(row["measured_s"], row["energy_resets"], row["alert_codes"]) for row in self.table()]
        self.assertEqual(told, [("", "", ""), ("900", "3", "none"), ("0", "4", "frequency low_pf_a pulse_config")])
        told = [(one["measured_s"], one["energy_resets"], one["alert_codes"]) for one in map(json.loads, self.done("log", "--json").splitlines())]
        self.assertEqual(told, [(None, None, None), (900, 3, []), (0, 4, ["frequency", "low_pf_a", "pulse_config"])])
        with self.server.connect() as client:
            entries = client.ask("log")["entries"]
        self.assertEqual([(one["alerts"], one["energy_resets"], one["measured_s"]) for one in entries],
                         [(None, None, None), ([], 3, 900), (["frequency", "low_pf_a", "pulse_config"], 4, 0)])

    def test_changed_pointers_leave_one_table(self):
        self.server.script("fill 0")
        self.entry(1, 1795000000, DEFAULT_POINTERS, [0, 5, 0, 6, 7, 8, 9, 10, 11, 12])
        # order reversed, a float, a lone upper and a lone lower half, a register twice
        kw = single(12.3456)
        self.entry(2, 1795000900, [2, 1, 262, 261, 27, 30, 22, 22, 146, 16],
                   [0x1234, 1, kw[1], kw[0], 77, 88, 5000, 5000, 0x8000, 4801], scales=(-1, 0, 1, 2))
        header = self.done("log").splitlines()[0].split(",")
        self.assertEqual(header, ["utc", "clock", "serial", "measured_s", "energy_resets", "alert_codes", "kwh", "v_ab", "amps_a", "kvah_high", "kvarh", "kvarh_low", "kw_demand",
                                  "kvar_demand", "kva_demand", "alerts", "log_clock_day_month", "log_clock_hour_year",
                                  "log_clock_second_minute", "kw"])
        first, second = self.table()
        self.assertEqual(first["kwh"], "0.05")
        self.assertEqual((first["kw"], first["amps_a"], first["kvah_high"]), ("", "", ""))
        self.assertEqual(second["kwh"], str((1 << 16 | 0x1234) * 100))
        self.assertEqual(second["v_ab"], "4801")
        self.assertEqual(second["amps_a"], "500.0")
        self.assertEqual((second["kvah_high"], second["kvarh_low"], second["kvarh"]), ("77", "88", ""))
        self.assertEqual(second["alerts"], "32768")
        self.assertAlmostEqual(float(second["kw"]), 12.3456, delta=1e-6)
        objects = [json.loads(line) for line in self.done("log", "--json").splitlines()]
        self.assertNotIn("kw", objects[0])
        self.assertNotIn("kw_demand", objects[1])

    def test_integer_and_float_of_one_quantity_are_two_columns(self):
        self.server.script("fill 0")
        volts = single(480.125)
        self.entry(1, 1795000000, [16, 287, 288, 16, 16, 16, 16, 16, 16, 16], [4801, *volts, *[4801] * 7])
        row, = self.table()
        self.assertEqual(row["v_ab"], "480.1")
        self.assertEqual(row["v_ab_287"], "480.125")
        self.entry(2, 1795000900, [16, 287, 288, 16, 16, 16, 16, 16, 16, 16], [0x8000, 0x7FC0, 0, *[0x8000] * 7])
        row = self.table()[1]
        self.assertEqual((row["v_ab"], row["v_ab_287"]), ("", ""))

    def test_a_time_that_no_calendar_shows_is_null_or_empty(self):
        self.server.script("fill 0")
        self.entry(1, 253402300799, DEFAULT_POINTERS, [0] * 10, clock=253402300800)
        self.entry(2, -1, DEFAULT_POINTERS, [0] * 10, clock=0)
        self.assertEqual([(row["utc"], row["clock"]) for row in self.table()],
                         [("9999-12-31T23:59:59Z", ""), ("", "1970-01-01T00:00:00Z")])
        self.assertEqual([(one["utc"], one["clock"]) for one in map(json.loads, self.done("log", "--json").splitlines())],
                         [("9999-12-31T23:59:59Z", None), (None, "1970-01-01T00:00:00Z")])

    def test_halves_of_two_registers_never_look_like_one(self):
        self.server.script("fill 0")
        self.entry(1, 1795000000, [258, 1, 261, 3, 3, 3, 3, 3, 3, 3], [11, 22, 33, 44, *[44] * 6])
        row, = self.table()
        self.assertEqual((row["kwh_high"], row["kwh_257_low"], row["kw"], row["kw_261_high"]), ("22", "11", "0.44", "33"))
        self.assertEqual(len(row), 6 + 4)

    def test_names_do_not_depend_on_what_since_leaves_out(self):
        self.server.script("fill 0")
        kw = single(12.5)
        self.entry(1, 1795000000, [261, 262, *[26] * 8], [*kw, *[6000] * 8])
        self.assertEqual(list(self.table()[0])[6:], ["hz", "kw"])
        self.entry(2, 1795000900, [3, *[26] * 9], [1250, *[6000] * 9])
        self.entry(3, 1795001800, [261, 262, *[26] * 8], [*kw, *[6000] * 8])
        self.assertEqual(list(self.table()[0])[6:], ["kw", "hz", "kw_261"])
        row, = self.table("--since", iso(1795001800))
        self.assertEqual((list(row)[6:], row["kw_261"]), (["hz", "kw_261"], "12.5"))

    def test_names_tell_all_registers_apart(self):
        with open(os.path.join(TOP, "tests", "data", "point-map.tsv"), encoding="ascii") as file:
            rows = [row for row in csv.DictReader(file, delimiter="\t")]
        recordable = {*range(1, 43), 146, 155, 156, 157, *range(257, 337)}
        expected = {}
        for row in rows:
            first, name = int(row["register"]), row["name"]
            if row["format"] == "Float" and sum(int(other["register"]) in recordable for other in rows if other["name"] == name) > 1:
                name += "_" + row["register"]
            if first not in recordable:
                continue
            if row["registers"] == "1":
                expected[(first,)] = name
            else:
                half = f"{row['name']}_{first}" if row["format"] == "Float" else name
                expected.update({(first,): half + "_high", (first + 1,): half + "_low", (first, first + 1): name})
        self.server.script("fill 0")
        for serial, registers in enumerate(expected, start=1):
            self.entry(serial, 1795000000, [*registers, *[registers[0]] * (10 - len(registers))], [0] * 10)
        header = list(self.table()[0])[6:]
        self.assertEqual(sorted(header), sorted(expected.values()))
        self.assertEqual(len(set(header)), len(header))

    def test_a_log_of_many_pages_is_whole(self):
        for n in (0, 1, 255, 256, 257, 5760):
            self.server.script(f"fill {n}")
            rows = self.table()
            self.assertEqual([int(row["serial"]) for row in rows], list(range(100, 100 + n)))
            for i, row in enumerate(rows):
                self.assertEqual(row["utc"], iso(1795000000 + 60 * i))

    def test_since_takes_dates_times_and_spans(self):
        self.server.script("fill 100")

        def first(since):
            rows = self.table("--since", since)
            return int(rows[0]["serial"]) - 100 if rows else None
        start = datetime.datetime.fromtimestamp(1795000000, datetime.timezone.utc)
        later = start + datetime.timedelta(minutes=40)
        self.assertEqual(first(later.strftime("%Y-%m-%dT%H:%M:%SZ")), 40)
        self.assertEqual(first((later + datetime.timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")), 41)
        self.assertEqual(first(start.strftime("%Y-%m-%d")), 0)
        self.assertEqual(first((start + datetime.timedelta(days=1)).strftime("%Y-%m-%d")), None)
        # entries come once a minute: of the minute that begins then, it is the first
        self.assertEqual(first(later.strftime("%Y-%m-%d %H:%M")), 40)
        self.server.script("fill 0")
        now = int(datetime.datetime.now(datetime.timezone.utc).timestamp())
        for serial, age in enumerate((8 * 86400, 3 * 86400, 5 * 3600, 60), start=1):
            self.entry(serial, now - age, DEFAULT_POINTERS, [0] * 10)
        for since, n in (("-1w", 3), ("-4d", 3), ("-10h", 2), ("-120m", 1), ("-3600s", 1), ("-0s", 0)):
            self.assertEqual(len(self.table("--since", since)), n, since)
        for bad in ("2026-02-30", "2026-13-01", "2026-1-1", "-5", "-h", "-5x", "2026-01-01T25:00", "2026-01-01T05", "now", "", "2026-01-01T05:00Zx",
                    "-99999999999d"):
            status, _, err = self.run_command("log", "--since", bad)
            self.assertEqual(status, 2, bad)
            self.assertIn(f"--since: got '{bad}', must be", err)


class Outputs(Commands):
    def test_contacts_and_leds_are_shown(self):
        out = self.done("outputs")
        self.assertRegex(out, r"outputs +energy open, gpiochip0 4, 1230 times")
        self.assertIn("reactive none", out)
        self.assertIn("LED energy failing", out)
        self.assertEqual(json.loads(self.done("outputs", "--json"))["energy"]["closures"], 1230)

    def watch(self, *arguments):
        process = subprocess.Popen([DINMETER, "outputs", "--watch", "--socket", self.server.path, *arguments], stdout=subprocess.PIPE, text=True)

        def end():
            process.send_signal(signal.SIGINT)
            process.wait(HANG_S)
            process.stdout.close()
        self.addCleanup(end)
        return process

    def test_watch_prints_each_new_edge_once(self):
        for number in range(1, 601):
            self.server.script(f"edge {number} {number * 1000000} 0 {number % 2}")
        process = self.watch("--json")
        self.assertIn("energy", json.loads(process.stdout.readline()))
        for number in range(601, 1201):
            self.server.script(f"edge {number} {number * 1000000} {number % 3} {number % 2}")
        for number in range(601, 1201):
            edge = json.loads(process.stdout.readline())
            self.assertEqual((edge["number"], edge["t_ns"], edge["contact"], edge["closed"]),
                             (number, number * 1000000, ("energy", "alarm", "reactive")[number % 3], bool(number % 2)))

    def test_watch_tells_time_contact_and_state(self):
        process = self.watch()
        while "late" not in process.stdout.readline():
            pass
        monotonic = time.monotonic_ns()
        before = datetime.datetime.now(datetime.timezone.utc)
        for number, (contact, closed) in enumerate(((0, 1), (0, 0), (1, 1), (1, 0)), start=1):
            self.server.script(f"edge {number} {monotonic} {contact} {closed}")
        states = []
        line = process.stdout.readline()
        while len(states) < 4:
            if not line.startswith(" "):
                stamp, contact, state = line.split()
                states.append((contact, state))
                shown = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
                self.assertLess(abs((shown - before).total_seconds()), HANG_S)
            if len(states) < 4:
                line = process.stdout.readline()
        self.assertEqual(states, [("energy", "closed"), ("energy", "open"), ("alarm", "driven"), ("alarm", "alarm")])


class Reaching(unittest.TestCase):
    """How the daemon is found, and what is said when it is not."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="dinmeter-test.")
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "control")

    def start(self, path):
        server = Server(path)
        self.addCleanup(server.stop)
        return server

    def config(self, path):
        file = os.path.join(self.directory.name, "dinmeterd.conf")
        with open(file, "w", encoding="utf-8") as out:
            out.write(f'control: {{ socket = "{path}"; }};\n')
        return file

    def test_without_a_daemon_one_line_names_the_socket_and_how_to_start(self):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
        for path in (self.path, os.path.join(self.directory.name, "none"), self.path + "/below"):
            for command in (("status",), ("log",), ("outputs",), ("set", "ct_primary", "5"), ("reset", "log"), ("command", "sync")):
                status, out, err = run(command[0], "--socket", path, *command[1:])
                self.assertEqual((status, out), (1, ""))
                self.assertEqual(err.count("\n"), 1)
                self.assertIn(path, err)
                self.assertIn("start dinmeterd", err)
                self.assertIn("dinmeterd -s --pty", err)
                self.assertNotIn("systemctl", err)

    @unittest.skipUnless(os.getuid() == 0, "only root can be somebody else")
    def test_the_hint_for_who_has_no_daemon_works_for_an_ordinary_user(self):
        self.require_nobody()
        os.chmod(self.directory.name, 0o1777)
        hint = re.search(r"`dinmeterd (.*)`, which (.*) reaches$", run("status", "--socket", self.path)[2].strip())
        here = [[word.replace("/tmp/meter", os.path.join(self.directory.name, "meter")) for word in part.split()] for part in hint.groups()]
        self.daemon(*here[0], ready=here[1][1], user=65534, group=65534, extra_groups=[], stderr=subprocess.DEVNULL)
        self.assertEqual(run("status", *here[1], user=65534, group=65534, extra_groups=[])[0], 0)
        self.assertTrue(os.path.exists(os.path.join(self.directory.name, "meter")))

    def test_the_option_goes_before_the_environment_and_the_configuration(self):
        right, wrong = self.path, self.path + ".wrong"
        self.start(right)
        for arguments, environment in ((("--socket", right), {"DINMETER_SOCKET": wrong}), ((), {"DINMETER_SOCKET": right}),
                                       (("-c", self.config(right)), {}), (("-c", self.config(right)), {"DINMETER_SOCKET": wrong}),
                                       (("-c", self.config(right)), {"DINMETER_SOCKET": ""})):
            self.assertEqual(run("status", *arguments, environment=environment)[0], 0, (arguments, environment))

    def test_a_wrong_configuration_is_status_2_with_its_errors(self):
        file = os.path.join(self.directory.name, "bad.conf")
        with open(file, "w", encoding="utf-8") as out:
            out.write("control: { socket = 5; };\n")
        status, _, err = run("status", "-c", file)
        self.assertEqual(status, 2)
        self.assertIn(f"{file}:1: control.socket: got 5", err)

    @unittest.skipUnless(os.getuid() == 0, "only root can be somebody else")
    def test_without_permission_the_group_is_named(self):
        self.start(self.path)
        self.require_nobody()
        os.chown(self.path, -1, 60)
        os.chmod(self.directory.name, 0o755)
        self.assertIn("permission denied: members of the group 'games' may use it (usermod -aG games USER", self.denied())
        # a directory that cannot even be looked into tells its own group
        os.chmod(self.directory.name, 0o750)
        os.chown(self.directory.name, -1, 60)
        self.assertIn("members of the group 'games' may use it", self.denied())

    @unittest.skipUnless(os.getuid() == 0, "only root can be somebody else")
    def test_nobody_is_told_to_join_the_group_of_root(self):
        self.start(self.path)
        self.require_nobody()
        os.chown(self.path, -1, 0)
        os.chmod(self.directory.name, 0o755)
        told = ("no group may use it yet: as root make the one that control.group names (groupadd dinmeter) and start dinmeterd anew, "
                "or use sudo\n")
        err = self.denied()
        self.assertTrue(err.endswith("permission denied: " + told), err)
        self.assertNotIn("usermod", err)
        os.chown(self.directory.name, -1, 0)
        os.chmod(self.directory.name, 0o750)
        self.assertTrue(self.denied().endswith(told))

    def denied(self):
        """What an ordinary user is told."""
        status, _, err = run("status", "--socket", self.path, user=65534, group=65534, extra_groups=[])
        self.assertEqual((status, err.count("\n")), (1, 1))
        return err

    def require_nobody(self):
        try:
            run("--version", user=65534, group=65534, extra_groups=[])
        except PermissionError:
            self.skipTest("an ordinary user may not run what was built here")

    def impostor(self, answer):
        """Somebody else at the socket: reads a request, sends `answer` and closes; None: says nothing for ever."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen()
        self.addCleanup(listener.close)

        listener.settimeout(HANG_S)

        def serve():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while not connection.recv(65536).endswith(b"\n"):
                    pass
                if answer is None:
                    connection.recv(1)
                else:
                    try:
                        connection.sendall(answer)
                    except BrokenPipeError:
                        pass
        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)

    def test_who_closes_without_an_answer_is_told(self):
        self.impostor(b"")
        status, _, err = run("status", "--socket", self.path)
        self.assertEqual(status, 1)
        self.assertIn("has closed the connection", err)

    def test_who_answers_nonsense_is_told(self):
        self.impostor(b"220 mail.example ESMTP\n")
        status, _, err = run("status", "--socket", self.path)
        self.assertEqual(status, 1)
        self.assertIn("is no dinmeterd", err)

    def test_who_answers_without_end_is_told(self):
        self.impostor(b"{" * (2 << 20))
        self.assertEqual(run("status", "--socket", self.path)[0], 1)

    def test_who_does_not_answer_is_given_up(self):
        self.impostor(None)
        status, _, err = run("status", "--socket", self.path)
        self.assertEqual(status, 1)
        self.assertIn("does not answer within", err)

    def test_a_full_disk_is_status_1(self):
        self.start(self.path)
        for command in (("status",), ("status", "--json"), ("log",), ("outputs",)):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([DINMETER, *command, "--socket", self.path], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                      timeout=HANG_S)
            self.assertEqual(done.returncode, 1)
            self.assertIn("cannot be written", done.stderr)

    def test_a_closed_standard_output_is_status_1_and_nothing_else_takes_its_place(self):
        self.start(self.path)
        for command in (("status",), ("status", "--json"), ("status", "--watch", "--json"), ("log",), ("outputs",), ("outputs", "--watch")):
            done = subprocess.run([DINMETER, *command, "--socket", self.path], stderr=subprocess.PIPE, text=True, check=False,
                                  timeout=HANG_S, preexec_fn=lambda: os.close(1))
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("cannot be written: Bad file descriptor", done.stderr)
        for command in (("--help",), ("--version",), ("registers",), ("status", "--help")):
            done = subprocess.run([DINMETER, *command], stderr=subprocess.PIPE, text=True, check=False, timeout=HANG_S,
                                  preexec_fn=lambda: os.close(1))
            self.assertEqual((done.returncode, "Bad file descriptor" in done.stderr), (1, True), command)

    def test_commands_do_their_work_without_any_standard_stream(self):
        self.start(self.path)
        subprocess.run([DINMETER, "set", "--socket", self.path, "ct_primary", "321"], check=True, timeout=HANG_S,
                       preexec_fn=lambda: os.closerange(0, 3))
        out = subprocess.run([DINMETER, "status", "--json", "--socket", self.path], check=True, timeout=HANG_S, stdout=subprocess.PIPE,
                             preexec_fn=lambda: (os.close(0), os.close(2))).stdout
        self.assertEqual(json.loads(out)["settings"]["ct_primary"], 321)

    def test_help_and_version_that_cannot_be_written_are_status_1(self):
        commands = re.findall(r"^  ([a-z-]+) ", run("--help")[1], re.M)
        self.assertGreater(len(commands), 9)
        for command in (("--help",), ("--version",), *((name, "--help") for name in commands)):
            self.assertEqual(self.into_full(DINMETER, *command), (1, "dinmeter: standard output: No space left on device\n"), command)
        for command in (("--help",), ("--version",), ("-s", "-p")):
            self.assertEqual(self.into_full(DINMETERD, *command), (1, "dinmeterd: standard output: No space left on device\n"), command)

    def into_full(self, *command):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=HANG_S)
        return done.returncode, done.stderr

    def test_watched_edges_go_on_with_those_of_a_daemon_that_is_back(self):
        first = Server(self.path)
        for number in (1, 2, 3):
            first.script(f"edge {number} {number}000 0 1")
        process = self.watch("--json", command="outputs", stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertIn("energy", json.loads(process.stdout.readline()))
        first.script("edge 4 4000 0 0")

        def edge():
            told = json.loads(process.stdout.readline())
            return told["number"], told["t_ns"]
        self.assertEqual(edge(), (4, 4000))
        first.stop()
        while "waiting for dinmeterd to return" not in process.stderr.readline():
            pass
        # as many edges as before: only their times tell that it was started anew
        second = Server(self.path)
        for number in range(1, 6):
            second.script(f"edge {number} {number}500 0 1")
        told = [edge() for _ in range(5)]
        second.stop()
        self.assertEqual(told, [(number, number * 1000 + 500) for number in range(1, 6)])

    def watch(self, *arguments, command="status", **options):
        process = subprocess.Popen([DINMETER, command, "--watch", "--socket", self.path, *arguments], stderr=subprocess.PIPE, text=True,
                                   **options)

        def end():
            process.send_signal(signal.SIGINT)
            process.wait(HANG_S)
            process.stderr.close()
        self.addCleanup(end)
        return process

    def test_watch_tells_that_the_daemon_has_ended_and_goes_on_when_it_is_back(self):
        server = Server(self.path)
        process = self.watch("--json", stdout=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.assertTrue(json.loads(process.stdout.readline())["meter"]["live"])
        server.stop()
        self.assertIn("has closed the connection", process.stderr.readline())
        self.assertEqual(process.stderr.readline(), f"dinmeter: {self.path}: waiting for dinmeterd to return\n")
        self.start(self.path).script("live 0")
        while json.loads(process.stdout.readline())["meter"]["live"]:
            pass

    def test_watch_of_a_terminal_waits_for_the_daemon_too(self):
        server = Server(self.path)
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = self.watch(stdout=slave)
        os.close(slave)

        def shows(text):
            shown = b""
            while text not in shown:
                self.assertTrue(select.select([master], [], [], HANG_S)[0], f"never shown: {text}")
                shown += os.read(master, 65536)
        shows(b"measuring, up")
        server.stop()
        while "waiting for dinmeterd to return" not in process.stderr.readline():
            pass
        self.start(self.path).script("live 0")
        shows(b"NOT MEASURING")

    def daemon(self, *arguments, ready=None, **options):
        """A daemon that is simulated; returns when its control socket answers."""
        process = subprocess.Popen([DINMETERD, *arguments], **options)

        def end():
            process.send_signal(signal.SIGTERM)
            process.wait(HANG_S)
        self.addCleanup(end)

        def answers():
            self.assertIsNone(process.poll(), "dinmeterd has ended")
            return run("status", "--socket", ready)[0] == 0
        wait_for(answers, "the daemon answers")
        return process

    def test_the_daemon_keeps_the_numbers_of_missing_streams_free(self):
        process = self.daemon("-s", "--pty", self.path + ".tty", "--control", self.path, ready=self.path,
                              preexec_fn=lambda: os.closerange(0, 3))
        for fd in range(3):
            self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")


if __name__ == "__main__":
    outcome.main()
