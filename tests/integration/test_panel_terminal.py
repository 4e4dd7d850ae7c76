"""`dinmeter panel` on a pseudo-terminal, its screen read by pyte, and the same for scripts without a terminal."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte
import pytest

from conftest import BUILD, HANG_S, wait_for
from control import Control

DINMETER = os.path.join(BUILD, "dinmeter")
UP, DOWN, RIGHT, LEFT = b"\x1bOA", b"\x1bOB", b"\x1bOC", b"\x1bOD"
SHOWN = ("ALARM", "Rx", "q ends this")


def environment(**changes):
    kept = {name: value for name, value in os.environ.items()
            if name not in ("NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "LINES", "COLUMNS", "DINMETER_SOCKET")}
    kept.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
    kept.update(changes)
    return {name: value for name, value in kept.items() if value is not None}


class Terminal:
    """The panel on a terminal of its own."""

    def __init__(self, socket, rows=24, columns=80, options=(), **changes):
        self.master, self.slave = pty.openpty()
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.received = b""
        self.set_size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [DINMETER, "panel", "--socket", socket, *options], stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env=environment(**changes), start_new_session=True,
            preexec_fn=self.prepare)

    @staticmethod
    def prepare():
        """Of the program: the terminal is its own, and it has the signals that a background job of a shell does without."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)

    def set_size(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self.screen.resize(rows, columns)
        self.set_size(rows, columns)    # tells the foreground group: SIGWINCH

    def read(self, timeout=0.05):
        if not select.select([self.master], [], [], timeout)[0]:
            return
        data = os.read(self.master, 65536)
        self.received += data
        self.stream.feed(data)

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, condition, what):
        deadline = time.monotonic() + HANG_S
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}\n{self.text}"
            self.read()
        return self

    def until_text(self, *words):
        return self.until(lambda: all(word in self.text for word in words), f"{words} shown")

    def press(self, keys):
        os.write(self.master, keys)

    def wait(self):
        """Until the program has ended; returns its status."""
        def ended():
            self.read()
            return self.process.poll() is not None
        wait_for(ended, "the program ends")
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(simulated):
    opened = []

    def start(*arguments, socket=None, **changes):
        opened.append(Terminal(socket or simulated.control, *arguments, **changes))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def place(path, keys=()):
    """Where the panel is, after the keys, by a client of the control socket that is no panel."""
    with Control(path) as control:
        return control.get("panel", **({"keys": list(keys)} if keys else {}))["screen"]["place"]


def script(path, *options, **changes):
    return subprocess.run([DINMETER, "panel", "--socket", path, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment(TERM=None, **changes), timeout=HANG_S, check=False)


def test_the_face_fills_a_terminal_of_80_by_24(terminal):
    one = terminal(24, 80).until_text(*SHOWN, "█")
    lines = one.screen.display
    assert "┌ dinmeterd ─" in lines[0] and "└" in lines[21] and "q ends this" in lines[23]
    assert all(cell not in one.text for cell in "?\ufffd")
    assert "kVAR" not in one.text


def test_a_wide_terminal_shows_readings_and_phasors_too(terminal):
    one = terminal(43, 132).until_text(*SHOWN, "277.00", "0.9000", "60.00 ", "kVARh", "VA      277.00 V     0.0 deg", "alerts: none")
    assert any(0x2800 < ord(c) < 0x2900 for c in one.text)
    # a power factor of 0.9 lags by 25.84 degrees
    one.until_text("IA       50.00 A   -25.8 deg")


def test_a_small_terminal_shows_text_and_no_part_of_anything(terminal, simulated):
    one = terminal(12, 40).until_text("LEDs:", "q ends this")
    with Control(simulated.control) as control:
        top = control.get("panel")["screen"]["top"].strip()
    assert one.screen.display[1].strip() == top
    assert "█" not in one.text and "┌" not in one.text


def test_it_follows_the_size_of_the_terminal(terminal):
    one = terminal(24, 80).until_text(*SHOWN)
    one.resize(43, 132)
    one.until_text("readings", "phasors", "277.00")
    one.resize(10, 30)
    one.until(lambda: "LEDs:" in one.text and "┌" not in one.text, "the small form")
    one.resize(1, 4)
    one.until(lambda: "LEDs:" not in one.text, "a single row")
    one.resize(24, 80)
    one.until_text("┌ dinmeterd ─", *SHOWN)
    assert one.process.poll() is None


def colours(one):
    return {cell.fg for row in one.screen.buffer.values() for cell in row.values()}


def test_colours_are_there_and_can_be_left_out(terminal):
    assert len(colours(terminal(24, 132).until_text("277.00"))) > 2
    assert colours(terminal(24, 132, NO_COLOR="1").until_text("277.00")) == {"default"}
    assert colours(terminal(24, 132, TERM="vt100").until_text("277.00")) == {"default"}


@pytest.mark.parametrize("options, changes", [([], {"LC_ALL": "C"}), (["--ascii"], {}), ([], {"TERM": "linux"})])
def test_only_ascii_goes_to_a_terminal_that_has_no_more(terminal, options, changes):
    one = terminal(43, 132, options, **changes).until_text(*SHOWN, "277.00", "+ dinmeterd -", "#")
    assert max(one.received) < 0x80


def test_keys_reach_the_meter_and_every_client_shows_the_same(terminal, simulated):
    one, other = terminal().until_text(*SHOWN), terminal(12, 40).until_text("LEDs:")
    place(simulated.control, ["left"] * 6)
    down = place(simulated.control, ["-"])
    home = place(simulated.control, ["+"])
    inside = place(simulated.control, ["right"])
    assert place(simulated.control, ["left"]) == home and len({home, down, inside}) == 3
    for keys, expected in ((DOWN, down), (UP, home), (RIGHT, inside), (LEFT, home), (b"-", down), (b"+", home), (b"l", inside), (b"h", home),
                           (b"j", down), (b"k", home), (DOWN + UP + DOWN, down)):
        one.press(keys)
        wait_for(lambda: place(simulated.control) == expected, f"{keys} leads to {expected}")
    shown = json.loads(script(simulated.control, "--json").stdout)
    other.until(lambda: other.screen.display[1].strip() == shown["top"].strip(), "the other terminal shows the same")
    one.press(b"zZ5\x1b[15~\xc3\xa4")
    one.press(b"q")
    assert one.wait() == 0
    assert place(simulated.control) == down
    place(simulated.control, ["+"])


def test_a_lost_meter_is_said_to_be_lost_and_comes_back(terminal, daemon):
    meter = daemon("-s").wait_live()
    one = terminal(24, 132, socket=meter.control).until_text(*SHOWN, "277.00", "alerts: none")
    meter.kill()
    one.until_text("no connection to dinmeterd for", "trying again", "alerts: not known")
    assert "277.00" not in one.text and "█" not in one.text and "----" in one.text and "●" not in one.text
    one.until_text("for 1 s")
    one.press(DOWN)
    meter.spawn()
    meter.wait_live()
    one.until(lambda: "277.00" in one.text and "█" in one.text and "no connection" not in one.text, "it is back")
    # what was pressed on a dark panel is forgotten
    assert place(meter.control, ["left"]) == place(meter.control, ["left"])
    home = place(meter.control)
    one.press(DOWN)
    wait_for(lambda: place(meter.control) != home, "keys reach the new one")


def test_a_meter_that_does_not_answer_holds_up_no_key(terminal, daemon):
    meter = daemon("-s").wait_live()
    one = terminal(24, 100, socket=meter.control).until_text(*SHOWN, "277.00")
    meter.process.send_signal(signal.SIGSTOP)
    try:
        one.until_text("no answer from dinmeterd for")
        assert "277.00" not in one.text and "█" not in one.text
        one.resize(12, 40)
        one.until(lambda: "┌" not in one.text and "no answer" in one.text, "still follows the size")
        one.press(b"q")
        assert one.wait() == 0
    finally:
        meter.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_as_it_was(terminal, number):
    one = terminal().until_text(*SHOWN)
    assert termios.tcgetattr(one.slave) != one.before
    one.process.send_signal(number)
    assert one.wait() == 0
    one.read()
    assert termios.tcgetattr(one.slave) == one.before
    # the cursor is shown and the other screen left
    assert b"\x1b[?1049l" in one.received and b"\x1b[?25h" in one.received[one.received.rindex(b"\x1b[?25l"):]


def test_it_ends_with_its_terminal(simulated):
    one = Terminal(simulated.control).until_text(*SHOWN)
    os.close(one.slave)
    os.close(one.master)
    assert one.process.wait(HANG_S) in (0, -signal.SIGHUP)


def test_a_script_presses_and_reads_without_a_terminal(simulated):
    path = simulated.control
    place(path, ["left"] * 6)
    home, down = place(path), place(path, ["-"])
    place(path, ["+"])
    pressed = script(path, "--keys", "- + -")
    assert (pressed.returncode, pressed.stdout, pressed.stderr) == (0, "", "")
    assert place(path) == down
    shown = script(path, "--keys", "up", "--screen")
    assert shown.returncode == 0 and shown.stderr == ""
    lines = dict(line.split(":", 1) for line in shown.stdout.splitlines())
    assert list(lines) == ["top", "bottom", "blinking", "icons", "leds", "place"]
    assert lines["place"] == " " + home
    with Control(path) as control:
        screen = control.get("panel")["screen"]
    assert lines["top"] == (" " + screen["top"].rstrip() if screen["top"].strip() else " ")
    of_json = json.loads(script(path, "--json").stdout)
    assert set(of_json) == set(screen) and of_json["place"] == home
    # more than a request may hold
    assert json.loads(script(path, "--keys", "- + " * 50, "--json").stdout)["place"] == home


@pytest.mark.parametrize("options, words", [
    (["--keys", "right sideways"], ["'sideways'", "+", "right"]), (["--keys", ""], ["0 keys", "must be 1-"]),
    (["--keys", "x" * 5000], ["is no key"]), (["--keys"], ["usage"]), (["left"], ["unexpected 'left'"])])
def test_a_wrong_script_presses_nothing(simulated, options, words):
    before = place(simulated.control)
    result = script(simulated.control, *options)
    assert result.returncode == 2 and result.stdout == ""
    assert all(word in result.stderr for word in words), result.stderr
    assert place(simulated.control) == before


def test_what_cannot_be_done_is_said(simulated, tmp_path):
    nowhere = script(str(tmp_path / "none"), "--screen")
    assert nowhere.returncode == 1 and "no daemon is there" in nowhere.stderr
    no_terminal = script(simulated.control)
    assert no_terminal.returncode == 1 and "must be a terminal" in no_terminal.stderr


@pytest.mark.parametrize("term", ["no-such-terminal", "dumb", None])
def test_a_terminal_that_cannot_is_refused_and_left_as_it_was(terminal, term):
    one = terminal(TERM=term)
    assert one.wait() == 1
    one.until(lambda: b"TERM is" in one.received, "the reason")
    assert termios.tcgetattr(one.slave) == one.before
