"""`dinmeter capture` and captures by alerts: what the file gives when it is analysed is what the meter showed, to the last digit."""
import csv
import io
import math
import os
import re
import signal
import struct
import subprocess
import threading

import pytest

from conftest import BUILD, HANG_S, wait_for
from control import Control
from converter import converter, converter_config

DINMETER = os.path.join(BUILD, "dinmeter")
HARMONICS = "harmonics = ( { order = 3; current = 9.0; }, { order = 5; voltage = 2.4; current = 21.0; phase = 180.0; } );"
NOISY = f'adc: {{ source = "sim"; channels: {{ ib: {{ delay_us = 20.0; }}; }}; }};\nsim: {{ profile = "varying"; bits = 16; noise = 0.01; {HARMONICS} }};\n'
DELTA = ('adc: { source = "sim"; };\nsim: { profile = "varying"; bits = 24; noise = 0.0001; current = [ 150.0, 140.0, 160.0 ]; };\n'
         "meter: { system_type = 31; ct_primary = 200; ct_secondary = 3; system_voltage = 480; pt_ratio = 2.0; };\n")
SMOOTH = 'adc: { source = "sim"; };\nsim: { power_factor = 0.8; };\n'


def run(*arguments, status=0):
    done = subprocess.run([DINMETER, *arguments], capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == status, done
    return done


def analyse(stem, cfg=".cfg"):
    text = run("analyze", "-c", f"{stem}.conf", f"{stem}{cfg}").stdout
    return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(io.StringIO(text))]


class Watch(threading.Thread):
    """The readings of every second, as the control socket shows them."""

    def __init__(self, meter):
        super().__init__()
        self.meter, self.seconds, self.ended = meter, {}, threading.Event()
        self.start()

    def run(self):
        with Control(self.meter.control) as control:
            while not self.ended.wait(0.1):
                status = control.get("status", parts=["meter", "readings"])
                if status["meter"]["live"]:
                    self.seconds[status["meter"]["cycle"]] = status["readings"]

    def end(self):
        self.ended.set()
        self.join()
        return self.seconds


def agree(row, shown, near):
    def same(name, value):
        if value is None:
            return math.isnan(row[name])
        return abs(row[name] - value) <= near(name) * abs(value)
    return all(same(name, value) for name, value in shown.items())


def place(rows, seconds, near):
    """How many of the rows, laid to the seconds in the one way that fits, were seen by the watch."""
    for first in range(min(seconds) - len(rows), max(seconds) + 1):
        both = [n for n in range(len(rows)) if first + n in seconds]
        if len(both) >= 4 and all(agree(rows[n], seconds[first + n], near) for n in both):
            return len(both)
    return 0


def exactly(_name):
    return 0


def read_comtrade(stem):
    """Configuration and records, by the standard's layout and nothing of ours."""
    lines = open(f"{stem}.cfg", encoding="ascii", newline="").read().split("\r\n")
    assert lines[0].split(",")[2] == "2013" and lines[1] == "6,6A,0D"
    channels = [line.split(",") for line in lines[2:8]]
    rates = [tuple(map(float, line.split(","))) for line in lines[10:10 + int(lines[9])]]
    rest = lines[10 + int(lines[9]):]
    assert rest[2] == "BINARY32" and rest[4:6] == ["0,0", "B,3"], rest
    data = open(f"{stem}.dat", "rb").read()
    assert len(data) % 32 == 0
    records = [struct.unpack_from("<II6i", data, at) for at in range(0, len(data), 32)]
    return channels, rates, records, rest


@pytest.fixture(scope="module")
def smooth(tmp_path_factory):
    from conftest import Daemon
    meter = Daemon(tmp_path_factory.mktemp("smooth"), config=SMOOTH)
    try:
        yield meter.wait_live()
    finally:
        meter.stop()


def test_an_analysed_capture_shows_what_the_meter_showed_to_the_last_digit(daemon, tmp_path):
    with converter(ppm=50.0) as server:
        configurations = {"noisy": NOISY, "delta": DELTA,
                          "iio": converter_config(server.port) + "meter: { pt_ratio = 1.5; ct_primary = 150; };\n"}
        meters = {name: daemon(config=text) for name, text in configurations.items()}
        watches = {name: Watch(meter.wait_live()) for name, meter in meters.items()}
        wait_for(lambda: all(len(watch.seconds) >= 4 for watch in watches.values()), "four seconds are seen")
        captures = {name: subprocess.Popen([DINMETER, "capture", "--socket", meter.control, "-o", str(tmp_path / name), "--seconds", "2"],
                                           stderr=subprocess.PIPE, text=True) for name, meter in meters.items()}
        for name, capture in captures.items():
            assert capture.wait(HANG_S) == 0, (name, capture.stderr.read())
        seconds = {name: watch.end() for name, watch in watches.items()}
    for name in ("noisy", "delta"):
        assert place(analyse(tmp_path / name), seconds[name], exactly) >= 4, name
    # the rate of a converter's own clock is still being learned: it moves the frequency, and nothing else
    assert place(analyse(tmp_path / "iio"), seconds["iio"], lambda which: 2e-7 if which == "hz" else 0) >= 4


def test_samples_without_a_step_agree_to_a_part_in_a_thousand_million(smooth, tmp_path):
    watch = Watch(smooth)
    wait_for(lambda: len(watch.seconds) >= 4, "four seconds are seen")
    run("capture", "--socket", smooth.control, "-o", str(tmp_path / "smooth"), "--seconds", "1")
    assert place(analyse(tmp_path / "smooth"), watch.end(), lambda _: 2e-9) >= 4


def test_another_reader_finds_the_wave_in_the_file(smooth, tmp_path):
    run("capture", "--socket", smooth.control, "-o", str(tmp_path / "wave.cfg"), "--seconds", "1", "--pretrigger", "1")
    channels, rates, records, _ = read_comtrade(tmp_path / "wave")
    assert rates == [(2520.0, float(len(records)))]
    assert [record[0] for record in records] == list(range(1, len(records) + 1))
    assert all(abs(record[1] - n * 1e6 / 2520) <= 1 for n, record in enumerate(records))
    turns = []
    for c, (channel, true) in enumerate(zip(channels, [277.0] * 3 + [50.0] * 3), 2):
        assert channel[1] == ("VA", "VB", "VC", "IA", "IB", "IC")[c - 2] and channel[2] == "ABC"[(c - 2) % 3]
        assert channel[4] == ("V" if c < 5 else "A") and channel[12] == "P"
        a, b = float(channel[5]), float(channel[6])
        cycle = [a * record[c] + b for record in records[:42]]
        sums = [sum(x * f(2 * math.pi * n / 42) for n, x in enumerate(cycle)) * math.sqrt(2) / 42 for f in (math.cos, math.sin)]
        assert abs(math.hypot(*sums) - true) < 1e-6 * true
        turns.append(-math.degrees(math.atan2(sums[1], sums[0])))
    lag = math.degrees(math.acos(0.8))
    for turn, true in zip(turns, (0, -120, 120, -lag, -120 - lag, 120 - lag)):
        assert abs(math.remainder(turn - turns[0] - true, 360)) < 1e-5


def test_one_file_is_the_same_recording(smooth, tmp_path):
    run("capture", "--socket", smooth.control, "-o", str(tmp_path / "one.cff"), "--seconds", "1")
    rows = analyse(tmp_path / "one", ".cff")
    assert rows and all(abs(row["v_an"] - 277) < 1e-4 for row in rows)
    assert not os.path.exists(tmp_path / "one.dat")


def test_a_loss_is_a_gap_in_the_numbers(daemon, tmp_path):
    meter = daemon(config=NOISY).wait_live()
    watch = Watch(meter)
    wait_for(lambda: len(watch.seconds) >= 2, "two seconds are seen")
    meter.process.send_signal(signal.SIGSTOP)
    threading.Event().wait(2.6)     # longer than what is caught up without a loss
    meter.process.send_signal(signal.SIGCONT)
    before = max(watch.seconds)
    wait_for(lambda: max(watch.seconds) >= before + 3, "it measures again")
    done = run("capture", "--socket", meter.control, "-o", str(tmp_path / "gap"), "--seconds", "1")
    seconds = watch.end()
    _, rates, records, _ = read_comtrade(tmp_path / "gap")
    steps = [later[0] - earlier[0] for earlier, later in zip(records, records[1:])]
    missing = sum(step - 1 for step in steps)
    assert sorted(steps)[-2:] == [1, missing + 1] and missing > 2520
    assert f"{missing} samples among them are missing" in done.stderr
    assert rates[-1][1] == records[-1][0]
    text = run("analyze", "-c", str(tmp_path / "gap.conf"), str(tmp_path / "gap.cfg"))
    assert f"samples are missing: {missing}" in text.stderr
    rows = analyse(tmp_path / "gap")
    # the seconds behind the gap are those that were shown
    for n in range(1, 4):
        last = seconds[max(seconds) - n]
        assert any(agree(row, last, exactly) for row in rows), n


def test_what_is_there_is_not_overwritten_and_what_cannot_be_is_said(smooth, tmp_path):
    (tmp_path / "taken.dat").write_text("precious")
    done = run("capture", "--socket", smooth.control, "-o", str(tmp_path / "taken"), "--seconds", "0", status=1)
    assert "taken: a file" in done.stderr and "--force" in done.stderr
    assert (tmp_path / "taken.dat").read_text() == "precious" and os.listdir(tmp_path) == ["taken.dat"]
    run("capture", "--socket", smooth.control, "-o", str(tmp_path / "taken"), "--seconds", "0", "--force")
    assert sorted(os.listdir(tmp_path)) == ["taken.cfg", "taken.conf", "taken.dat"] and analyse(tmp_path / "taken")
    done = run("capture", "--socket", smooth.control, "-o", "/proc/capture", "--seconds", "0", status=1)
    assert "/proc/capture" in done.stderr
    for arguments, words in ((["-o", "x", "--seconds", "-1"], '"-1", must be 0..86400'), (["--seconds", "1"], "-o NAME is missing"),
                             (["-o", "x", "--pretrigger", "61"], '"61", must be 0..60'), (["-o", "x", "y"], 'unexpected "y"')):
        assert words in run("capture", *arguments, status=2).stderr


def test_an_interrupt_ends_it_with_a_whole_file(smooth, tmp_path):
    capture = subprocess.Popen([DINMETER, "capture", "--socket", smooth.control, "-o", str(tmp_path / "short"), "--seconds", "3600"],
                               stderr=subprocess.PIPE, text=True)

    def catches():
        text = open(f"/proc/{capture.pid}/status", encoding="ascii").read()
        return int(re.search(r"SigCgt:\s*(\w+)", text).group(1), 16) >> (signal.SIGINT - 1) & 1

    wait_for(catches, "it is ready for the signal")
    wait_for(lambda: any(os.stat(f"/proc/{capture.pid}/fd/{fd}").st_size > 60000 for fd in os.listdir(f"/proc/{capture.pid}/fd")
                         if "deleted" in os.readlink(f"/proc/{capture.pid}/fd/{fd}")), "samples have come")
    capture.send_signal(signal.SIGINT)
    assert capture.wait(HANG_S) == 0, capture.stderr.read()
    capture.stderr.close()
    assert analyse(tmp_path / "short")


def captures(meter):
    with Control(meter.control) as control:
        return control.get("status", parts=["capture"])["capture"]


def test_an_alert_is_recorded_with_the_seconds_before_it(daemon, tmp_path):
    path = tmp_path / "captures"
    meter = daemon(config=NOISY + f'capture: {{ on_alerts = "low_pf_b, phase_loss_a"; path = "{path}"; after_s = 1.0; keep = 2; }};\n').wait_live()
    watch = Watch(meter)
    wait_for(lambda: len(watch.seconds) >= 3, "three seconds are seen")
    assert captures(meter)["captures"] == 0
    for n in range(1, 4):
        with Control(meter.control) as control:
            control.get("set", name="phase_loss_voltage", value=99)
        wait_for(lambda: captures(meter)["captures"] == n, "the alert is recorded")
        if n == 1:
            (path / "mine.cfg").write_text("not a capture")
        with Control(meter.control) as control:
            control.get("set", name="phase_loss_voltage", value=10)
            wait_for(lambda: not control.get("status", parts=["alerts"])["alerts"]["value"], "the alert is gone")
        # so long that who looks ten times a second has seen it
        second = max(watch.seconds)
        wait_for(lambda: max(watch.seconds) > second + 1 and not captures(meter)["recording"], "it rests")
    state = captures(meter)
    assert state["configured"] and not state["failures"] and state["last_error"] is None
    assert state["newest"] in meter.log
    names = sorted(name for name in os.listdir(path) if name.endswith(".cfg") and name != "mine.cfg")
    assert len(names) == 2 and all(re.fullmatch(r"\d{8}T\d{6}Z-phase_loss_a(-\d+)?\.cfg", name) for name in names)
    assert (path / "mine.cfg").exists() and len(os.listdir(path)) == 7
    stem = str(path / names[-1])[:-4]
    _, _, records, rest = read_comtrade(stem)
    moment = [sum(float(part) * unit for part, unit in zip(rest[n].split(",")[1].split(":"), (3600, 60, 1))) for n in (0, 1)]
    before = (moment[1] - moment[0]) % 86400
    assert 2 < before < 12 and len(records) / 2520 > before
    assert place(analyse(stem), watch.end(), exactly) >= 4


def test_a_directory_that_cannot_be_is_told_once_and_delays_nothing(daemon):
    meter = daemon(config=SMOOTH + 'capture: { on_alerts = "all"; path = "/proc/none"; after_s = 1.0; };\n').wait_live()
    for n in range(1, 3):
        with Control(meter.control) as control:
            control.get("set", name="phase_loss_voltage", value=99)
            wait_for(lambda: captures(meter)["failures"] >= n, "it has failed")
            control.get("set", name="phase_loss_voltage", value=10)
            cycle = control.get("status", parts=["meter"])["meter"]["cycle"]
            wait_for(lambda: control.get("status", parts=["meter"])["meter"]["cycle"] > cycle + 1, "the alert is gone")
    assert captures(meter)["last_error"] and meter.log.count("the alert is not recorded") == 1
    meter.wait_live()
