"""`dinmeter scope` before a whole daemon: its numbers against the simulated wave, its picture as text and drawn, its full screen."""
import fcntl
import json
import math
import os
import pty
import select
import struct
import subprocess
import termios
import time

import pyte
import pytest

from conftest import BUILD, HANG_S, wait_for
from converter import converter, converter_config
from test_recording import recording_config, write_recording

DINMETER = os.path.join(BUILD, "dinmeter")
UP, DOWN, RIGHT, LEFT = b"\x1bOA", b"\x1bOB", b"\x1bOC", b"\x1bOD"
HARMONICS = {3: (2.0, 20.0), 5: (3.0, 10.0), 7: (0.5, 4.0), 11: (1.0, 5.0), 20: (0.2, 0.7)}
NAMES = ("va", "vb", "vc", "ia", "ib", "ic")


def simulated(rate=2520, hz=60.0, voltage=277.0, current=42.0, harmonics=HARMONICS, block=126):
    listed = ", ".join(f"{{ order = {h}; voltage = {v}; current = {i}; }}" for h, (v, i) in harmonics.items())
    return (f'adc: {{ source = "sim"; rate = {float(rate)}; block = {block}; }};\n'
            f"sim: {{ frequency = {hz}; voltage = {voltage}; current = {current}; power_factor = {math.cos(math.radians(30))!r}; "
            f"harmonics = ( {listed} ); }};\n")


def environment(**changes):
    kept = {name: value for name, value in os.environ.items()
            if name not in ("NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "LINES", "COLUMNS", "DINMETER_SOCKET")}
    return {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **changes}


def scope(meter, *options, status=0, **changes):
    done = subprocess.run([DINMETER, "scope", "--socket", meter.control, *options], capture_output=True, text=True, timeout=HANG_S,
                          env=environment(**changes), check=False)
    assert done.returncode == status, done
    return done.stderr if status else done.stdout


@pytest.fixture(scope="module")
def distorted(tmp_path_factory):
    from conftest import Daemon
    meter = Daemon(tmp_path_factory.mktemp("distorted"), config=simulated())
    try:
        yield meter.wait_live()
    finally:
        meter.stop()


def check_numbers(picture, hz, harmonics, highest, voltage=277.0, current=42.0):
    assert abs(picture["hz"] - hz) < 1e-3
    assert picture["highest_harmonic"] == highest
    for n, name in enumerate(NAMES):
        channel = picture["channels"][name]
        true = current if n > 2 else voltage
        parts = {h: both[n > 2] for h, both in harmonics.items() if h <= highest}
        assert abs(channel["fundamental"]["rms"] - true) < 1e-4 * true
        assert abs(math.remainder(channel["fundamental"]["deg"] + 120 * (n % 3) + (30 if n > 2 else 0), 360)) < 0.01
        assert len(channel["harmonics_percent"]) == 21
        for h, percent in enumerate(channel["harmonics_percent"], 1):
            if h > highest:
                assert percent is None, (name, h, percent)
            else:
                assert abs(percent - (100 if h == 1 else parts.get(h, 0))) < 0.01, (name, h, percent)
        thd = math.sqrt(sum(part ** 2 for part in parts.values()))
        assert abs(channel["thd_percent"] - thd) < 0.01, (name, channel["thd_percent"], thd)
        assert abs(channel["rms"] - true * math.hypot(1, thd / 100)) < 1e-4 * true
        assert channel["crest"] > 1 and abs(channel["dc"]) < 1e-6 * true and not channel["clipped"]


def test_the_numbers_are_those_of_the_simulated_wave(distorted):
    picture = json.loads(scope(distorted, "--json"))
    # 2520 a second: the 21st of 60 Hz stands at half the rate
    check_numbers(picture, 60.0, HARMONICS, 20)
    assert picture["reference"] == "va" and picture["rate_hz"] == 2520


@pytest.mark.parametrize("rate, hz, block, highest", [(600, 65.0, 30, 4), (20000, 45.0, 1000, 21), (4000, 50.0, 200, 21)])
def test_any_rate_and_frequency(daemon, rate, hz, block, highest):
    harmonics = {h: both for h, both in HARMONICS.items() if h * hz < rate / 2}
    meter = daemon(config=simulated(rate, hz, harmonics=harmonics, block=block)).wait_open()
    check_numbers(json.loads(scope(meter, "--json")), hz, harmonics, highest)


def test_without_load_the_currents_are_nothing_and_their_harmonics_not_known(daemon):
    meter = daemon(config=simulated(current=0.0)).wait_open()
    picture = json.loads(scope(meter, "--json"))
    for name in NAMES[3:]:
        channel = picture["channels"][name]
        assert channel["rms"] < 1e-9 and channel["thd_percent"] is None and channel["crest"] is None, channel
    assert "----" in scope(meter, "--once", "--page", "harmonics")


def test_once_prints_a_picture_of_the_size_asked_for(distorted):
    text = scope(distorted, "--once")
    lines = text.splitlines()
    assert len(lines) == 24 and max(map(len, lines)) <= 80
    assert "LIVE" in lines[0] and "60.000 Hz" in lines[0]
    assert "voltages" in text and "currents" in text and any("\u2800" <= c < "\u2900" for c in text)
    wide = scope(distorted, "--once", "--page", "all", COLUMNS="150", LINES="50").splitlines()
    assert len(wide) == 50 and 140 < max(map(len, wide)) <= 150
    one = scope(distorted, "--once", "--page", "harmonics", "--select", "ic", "--width", "100", "--height", "30")
    assert "IC  fundamental 42.00 A  THD 23.3 %" in one and len(one.splitlines()) == 30
    for plain in (scope(distorted, "--once", "--ascii"), scope(distorted, "--once", LC_ALL="C")):
        assert plain.isascii() and "voltages" in plain


def test_pictures_are_drawn_light_and_dark(distorted, tmp_path):
    for theme in ((), ("--dark",)):
        name = "dark" if theme else "light"
        scope(distorted, "--png", str(tmp_path / f"{name}.png"), *theme)
        scope(distorted, "--svg", str(tmp_path / f"{name}.svg"), *theme)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        assert b"<svg" in (tmp_path / f"{name}.svg").read_bytes()[:400]
    assert (tmp_path / "dark.png").read_bytes() != (tmp_path / "light.png").read_bytes()
    said = scope(distorted, "--svg", str(tmp_path / "no" / "such.svg"), status=1)
    assert "such.svg" in said and "No such file" in said


@pytest.mark.parametrize("options, said", [
    (("--page", "wave"), "--page: got 'wave', must be waves, phasors, harmonics or all"),
    (("--cycles", "11"), "--cycles: got '11', must be 1-10"),
    (("--cycles", "2.5"), "--cycles: got '2.5', must be 1-10"),
    (("--volts", "nan"), "--volts: got 'nan', must be 0.001-1e9"),
    (("--width", "43"), "--width: got '43', must be 44-500"),
    (("--png", "x.svg"), "--png: got 'x.svg', must be a file whose name ends in .png"),
    (("--select", "vn"), "--select: got 'vn', must be va, vb, vc, ia, ib or ic"),
    (("--once", "--json"), "one of them at a time"),
    (("--once", "more"), "unexpected 'more'"),
])
def test_bad_usage_says_what_is_allowed(distorted, options, said):
    assert said in scope(distorted, *options, status=2)


def test_a_recording_at_its_end_is_not_shown_as_live(daemon, tmp_path):
    meter = daemon(config=recording_config(write_recording(tmp_path, 2), False)).wait_open()
    terminal = Terminal(meter)
    terminal.until_text("NO SAMPLES", "no new samples: the recording is at its end")
    terminal.until(lambda: "rms" not in terminal.text, "no value stands there any more")
    terminal.quit()
    assert "no new samples: the recording is at its end" in scope(meter, "--once", status=1)


class Terminal:
    """The scope on a terminal of its own."""

    def __init__(self, meter, *options, rows=24, columns=80):
        self.master, self.slave = pty.openpty()
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.set_size(rows, columns)
        self.process = subprocess.Popen([DINMETER, "scope", "--socket", meter.control, *options], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, env=environment(), start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def set_size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        self.set_size(rows, columns)

    def read(self):
        if select.select([self.master], [], [], 0.05)[0]:
            self.stream.feed(os.read(self.master, 65536))

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, condition, what):
        deadline = time.monotonic() + HANG_S
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}\n{self.text}"
            self.read()

    def until_text(self, *words):
        self.until(lambda: all(word in self.text for word in words), f"{words} shown")

    def press(self, keys, *words):
        os.write(self.master, keys)
        self.until_text(*words)

    def quit(self):
        os.write(self.master, b"q")

        def ended():
            self.read()
            return self.process.poll() is not None
        wait_for(ended, "the program ends")
        assert self.process.returncode == 0
        os.close(self.master)
        os.close(self.slave)


def test_pages_and_keys_on_a_terminal(distorted):
    terminal = Terminal(distorted)
    terminal.until_text("LIVE", "voltages", "currents", "3 cycles from VA rising")
    terminal.press(b"p", "lags 30.0", "-120.0")
    terminal.press(b"h", "VA THD 3.78 %", "IC THD 23.3 %")
    terminal.press(DOWN, "VA  fundamental 277.0 V")
    terminal.press(DOWN + DOWN + DOWN, "IA  fundamental 42.00 A", " 3   20.0 %", "21   ---- %  not known")
    terminal.press(b"\x1b", "IC THD 23.3 %")
    terminal.press(b"w", "+500 V")
    terminal.press(RIGHT + RIGHT, "5 cycles from VA rising")
    terminal.press(LEFT * 6, "1 cycle from VA rising")
    terminal.press(b"V", "+1 kV")
    terminal.press(b"vv", "+200 V")
    terminal.press(b"I", "+200 A")
    terminal.press(b"0", "+500 V", "+100 A")
    terminal.press(b"1", " off")
    terminal.press(b"1x", "VA")
    terminal.until(lambda: " off" not in terminal.text, "VA is shown again")
    terminal.press(b"?", "hide VA VB VC IA IB IC")
    terminal.press(b"?", "voltages")
    terminal.resize(45, 120)
    terminal.until_text("phase A", "phase C")
    terminal.resize(10, 30)
    terminal.until_text("the scope needs")
    terminal.resize(24, 80)
    terminal.until_text("voltages", "1 cycle from")
    terminal.quit()


def test_a_pause_holds_the_picture_and_still_obeys_keys(distorted):
    terminal = Terminal(distorted)
    terminal.until_text("LIVE")
    terminal.press(b" ", "PAUSED")
    held = terminal.screen.display[0]
    clock = time.strftime("%H:%M:%S", time.gmtime())
    terminal.until(lambda: time.strftime("%H:%M:%S", time.gmtime()) != clock, "the clock goes on")
    terminal.press(RIGHT, "4 cycles from VA rising")
    assert terminal.screen.display[0] == held
    terminal.press(b" ", "LIVE")
    terminal.quit()


def test_a_daemon_that_is_killed_is_waited_for(daemon):
    meter = daemon(config=simulated()).wait_live()
    terminal = Terminal(meter)
    terminal.until_text("LIVE", "277.2 V rms")
    meter.kill()
    terminal.until_text("NO SAMPLES", "no connection")
    terminal.until(lambda: "rms" not in terminal.text, "no value stands there any more")
    meter.spawn()
    terminal.until_text("LIVE", "277.2 V rms")
    terminal.quit()


def test_a_ratio_that_is_set_is_shown_at_once(daemon):
    """Of a converter behind transformers: its samples are the secondary's."""
    with converter() as source:
        meter = daemon(config=converter_config(source.port)).wait_live()
        terminal = Terminal(meter)
        terminal.until_text("LIVE", "277.0 V rms", "50.00 A rms")
        with meter.bus() as bus:
            bus.write(131, 200)
        terminal.until_text("LIVE", "277.0 V rms", "100.0 A rms")
        terminal.quit()
