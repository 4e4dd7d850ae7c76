"""kill -9 at any moment, again and again: every acknowledged setting is back, no energy is lost that was shown or committed, none
is invented.

Several meters live side by side, each with a load of its own that varies; the truth is the integral of that load, worked out
here: over the seconds that a life has measured (it says how many), and for what is kept over the time that each life had."""
import cmath
import contextlib
import decimal
import math
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from conftest import DAEMON, HANG_S, SANITIZER, wait_for
from control import Control
from rtu import Bus, NoReply, float_of

KILLS = int(os.environ.get("KILLS", "500"))
METERS = 24
SEED = int(os.environ.get("TEST_SEED", time.time_ns() % 2**32))
INTERVAL_S = 2
LONGEST_S = 4.0         # of a life: the first second is measured after 1.2 s
OPENING_S = 0.1         # half a crossfade, which belongs to no second at the start of a life
VOLTS, POWER_FACTOR = 277.0, 0.9
SETTINGS = {137: (0, 1), 142: (1, 99), 143: (1, 99), 149: (1, 6), 150: (10, 32767), 169: (1, 42), 170: (257, 336), 158: (0, 10)}
FLOAT = 2.0 ** -23      # resolution of a float register


# Energies by name: float register, and what adds up in it, of the three phases' complex powers.
ENERGIES = {
    "kwh": (257, lambda p: sum(p).real), "kvah": (309, lambda p: abs(sum(p))), "kvarh": (311, lambda p: abs(sum(p).imag)),
    "kwh_a": (341, lambda p: p[0].real), "kwh_b": (343, lambda p: p[1].real), "kwh_c": (345, lambda p: p[2].real),
}


def powers(t, amperes):
    """The varying load at t seconds after the start of a simulation, VA of each phase."""
    def turn(seconds, period):
        return math.sin(2 * math.pi * seconds / period)
    result = []
    for phase, (slow, fast) in enumerate(((61, 13), (83, 17), (107, 23))):
        factor = 0.65 + 0.2 * turn(t + 7 * phase, slow) + 0.15 * turn(t + 3 * phase, fast)
        lag = math.acos(POWER_FACTOR) - math.radians(8) * turn(t + 11 * phase, 37)
        result.append(cmath.rect(VOLTS * (1 - 0.01 * factor) * amperes * factor, lag))
    return result


def energies_kwh(begin_s, end_s, amperes):
    """Their integrals over a time, by Simpson's rule."""
    if end_s <= begin_s:
        return dict.fromkeys(ENERGIES, 0.0)
    n = 2 * max(1, math.ceil((end_s - begin_s) * 5))
    step = (end_s - begin_s) / n
    samples = [powers(begin_s + k * step, amperes) for k in range(n + 1)]
    weights = [1 if k in (0, n) else 4 if k % 2 else 2 for k in range(n + 1)]
    return {name: sum(w * of(p) for w, p in zip(weights, samples)) * step / 3 / 3600 / 1000 for name, (_, of) in ENERGIES.items()}


def read_energies(bus):
    words = bus.read(257, 90)
    return {name: float_of(words[first - 257:first - 255]) for name, (first, _) in ENERGIES.items()}


class Died(Exception):
    pass


class Line(Bus):
    """A bus whose daemon may be gone at any byte."""

    def receive(self, deadline_s=HANG_S):
        try:
            return super().receive(deadline_s)
        except (OSError, NoReply) as error:
            raise Died from error

    def send(self, data):
        try:
            super().send(data)
        except OSError as error:
            raise Died from error


class Meter:
    def __init__(self, directory, seed):
        self.random = random.Random(seed)
        self.directory = directory
        self.link = str(directory / "meter")
        self.state = directory / "state"
        self.settings = {}              # register: value that was acknowledged
        self.in_doubt = None            # (register, value) of a write whose reply did not come
        self.shown = dict.fromkeys(ENERGIES, 0.0)
        self.shown_pulses = self.seen_closures = 0
        self.most = dict.fromkeys(ENERGIES, 0.0)        # what all lives can have measured at most
        self.committed = dict.fromkeys(ENERGIES, 0.0)
        self.kills = self.seconds = 0

    def start(self, kill=True):
        self.amperes = self.random.uniform(20, 90)
        config = self.directory / "dinmeterd.conf"
        config.write_text('adc: { source = "sim"; };\n'
                          f'sim: {{ profile = "varying"; current = {self.amperes!r}; }};\n'
                          f'meter: {{ pulse_energy = 10; }};\n'
                          'outputs: { energy: { chip = "sim"; line = 0; }; };\n'
                          f'store: {{ interval_s = {INTERVAL_S}; }};\ncontrol: {{ socket = "{self.directory}/control"; }};\n', encoding="ascii")
        self.log = open(self.directory / "log", "ab")
        self.started = time.monotonic()
        self.process = subprocess.Popen([DAEMON, "-c", str(config), "--pty", self.link, "--state", str(self.state)],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        if kill:
            threading.Timer(self.random.uniform(0, LONGEST_S), self.process.kill).start()

    def check_back(self, bus):
        """What the meter shows after a restart."""
        for register, value in self.settings.items():
            allowed = {value}
            if self.in_doubt and self.in_doubt[0] == register:
                allowed.add(self.in_doubt[1])
            now = bus.read(register)[0]
            assert now in allowed, f"register {register}: {now}, acknowledged was {value}, in doubt {self.in_doubt}"
            self.settings[register] = now
        self.begun = read_energies(bus)
        possible = energies_kwh(0, time.monotonic() - self.started, self.amperes)
        for name, value in self.begun.items():
            assert value >= self.shown[name], f"{name}: energy that was shown is gone"
            assert value >= self.committed[name] * (1 - FLOAT), f"{name}: energy that was committed is gone"
            assert value <= (self.most[name] + possible[name]) * (1 + FLOAT), f"{name}: energy was invented"
        assert bus.read(152)[0] == 1, "a crash counted as a power-up"
        pulses = bus.read(43, 2)
        self.begun_pulses = pulses[0] << 16 | pulses[1]
        assert self.begun_pulses >= self.shown_pulses, "closures that were counted are forgotten"
        assert self.begun_pulses >= self.seen_closures, "closures that were seen at the contact are not counted: they will be made again"

    def change(self, bus):
        register, (low, high) = self.random.choice(list(SETTINGS.items()))
        value = self.random.randint(low, high)
        self.in_doubt = (register, value)
        bus.write(register, value)
        self.settings[register] = value
        self.in_doubt = None

    def look(self, bus, control):
        """What is shown must be the integral of the load over the seconds that were measured."""
        cycle = control.get("status", parts=["meter"])["meter"]["cycle"]
        now = read_energies(bus)
        pulses = bus.read(43, 2)
        if control.get("status", parts=["meter"])["meter"]["cycle"] != cycle:
            return
        truth = energies_kwh(OPENING_S, OPENING_S + cycle, self.amperes)
        for name, value in now.items():
            assert value >= self.shown[name], f"{name} went back"
            if self.begun_at_0:
                expected = self.begun[name] + truth[name]
                assert math.isclose(value, expected, rel_tol=2e-3 * truth[name] / expected + 4 * FLOAT if expected else 0), (
                    f"{name}: {value} after {cycle} s from {self.begun[name]}, must be {expected}")
        self.shown = now
        self.shown_pulses = pulses[0] << 16 | pulses[1]
        self.seconds += cycle > 0

    def check_pulses(self, control):
        """Closures and what is owed are the energy, 10 Wh each; what an observer sees of the contact is remembered."""
        status = control.get("status", parts=["energy", "outputs"])
        due = decimal.Decimal(str(status["energy"]["kwh"])) * 100
        made, owed = status["outputs"]["pulses_1"], status["outputs"]["owed_1"]
        assert made + owed <= due + decimal.Decimal("1e-6") and due < made + owed + 1, (made, owed, due)
        edges = control.edges()
        if not self.begun_at_0:
            return      # the register had counted closures of this life already
        self.seen_closures = max(self.seen_closures, self.begun_pulses + sum(edge["closed"] for edge in edges))

    def holds(self, terminal):
        """Has the daemon that pseudo-terminal?  The number of one that was killed is given to another meter's at once."""
        directory = f"/proc/{self.process.pid}/fd"
        try:
            names = os.listdir(directory)
        except OSError:
            return False
        for name in names:
            with contextlib.suppress(OSError):
                if os.readlink(os.path.join(directory, name)) == terminal:
                    return True
        return False

    def live(self):
        """Polls and writes until the kill."""
        while self.process.poll() is None and not os.path.exists(self.link):
            time.sleep(0.002)
        try:
            with Line(self.link) as bus:
                if not self.holds(os.ttyname(bus.fd)):
                    return
                self.check_back(bus)
                self.in_doubt = None
                self.begun_at_0 = bus.read(26)[0] == 0x8000     # looked at before the first second was measured
                wait_for(lambda: os.path.exists(self.directory / "control") or self.process.poll() is not None, "the socket appears")
                with Control(str(self.directory / "control")) as control:
                    self.check_pulses(control)
                    while True:
                        self.change(bus)
                        self.look(bus, control)
                        self.check_pulses(control)
                        time.sleep(self.random.uniform(0, 0.02))
        except (Died, OSError, ValueError):     # ValueError: half a line of the socket
            pass

    def take_committed(self):
        """The newest state in the databases, read by another program from copies."""
        for name in ("state.0.db", "state.1.db"):
            for suffix in ("", "-wal"):
                try:
                    shutil.copy(self.state / (name + suffix), self.directory / ("copy" + suffix))
                except FileNotFoundError:
                    (self.directory / ("copy" + suffix)).unlink(missing_ok=True)
            (self.directory / "copy-shm").unlink(missing_ok=True)
            if not (self.directory / "copy").exists() or not (self.directory / "copy").stat().st_size:
                continue
            database = sqlite3.connect(self.directory / "copy")
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master")}
            rows = dict(database.execute("SELECT name, value FROM state")) if "state" in tables else {}
            database.close()
            for name in ENERGIES:
                self.committed[name] = max(self.committed[name], float(rows.get(name, 0)) / 1000)

    def one_life(self):
        self.start()
        self.live()
        self.process.wait(HANG_S)
        assert self.process.returncode == -signal.SIGKILL, f"ended by itself with {self.process.returncode}"
        for name, value in energies_kwh(0, time.monotonic() - self.started, self.amperes).items():
            self.most[name] += value
        self.log.close()
        self.kills += 1
        self.take_committed()
        if os.path.lexists(self.link):
            os.unlink(self.link)        # so that the next life's is told from this one's

    def finish(self):
        """A last life that ends in good order, and what is left is the energy of all that was measured."""
        self.start(kill=False)
        wait_for(lambda: os.path.exists(self.link), "the link appears")
        with Line(self.link) as bus:
            self.check_back(bus)
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(HANG_S) == 0
        self.log.close()
        text = (self.directory / "log").read_text(encoding="utf-8", errors="replace")
        assert not SANITIZER.search(text), text
        assert not re.search("damaged|set aside|cannot write", text), text


def test_five_hundred_kills_lose_no_setting_and_no_energy_and_invent_none(tmp_path):
    print(f"TEST_SEED={SEED} KILLS={KILLS}")
    meters = [Meter(tmp_path / str(n), SEED + n) for n in range(METERS)]
    failures = []

    def run(meter, lives):
        try:
            meter.directory.mkdir()
            for _ in range(lives):
                meter.one_life()
            meter.finish()
        except Exception as error:      # pylint: disable=broad-except
            failures.append(f"TEST_SEED={SEED}, meter {meters.index(meter)}, kill {meter.kills}: {error!r}")
            if meter.process.poll() is None:
                meter.process.kill()
                meter.process.wait()

    threads = [threading.Thread(target=run, args=(meter, KILLS // METERS + (n < KILLS % METERS))) for n, meter in enumerate(meters)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, "\n".join(failures)
    assert sum(meter.kills for meter in meters) == KILLS
    # enough was at stake: energy was shown, settings were written, commits were made
    assert sum(meter.seconds for meter in meters) > KILLS
    assert sum(len(meter.settings) for meter in meters) > METERS
    assert sum(meter.committed["kwh"] > 0 for meter in meters) > METERS / 2
