"""The whole daemon as a fixture: started from the build tree, ended by SIGTERM, its log searched for a sanitizer's report."""
import os
import re
import signal
import subprocess
import time

import pytest

from rtu import Bus

BUILD = os.environ.get("top_builddir", os.getcwd())
DAEMON = os.path.join(BUILD, "dinmeterd")
HANG_S = 60     # only a hang lasts so long, on a loaded machine and under a sanitizer too
SANITIZER = re.compile(r"WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer|runtime error:")


def wait_for(condition, what, deadline_s=HANG_S):
    """Polls until condition() is true and returns it; an exception or a false value means not yet."""
    deadline = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


# Told to end, a test run still ends its daemons: fixtures are torn down.
signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", 1))


class Daemon:
    """A running dinmeterd."""

    def __init__(self, directory, arguments=(), config=None, pty=True, state=None):
        self.directory = directory
        self.link = str(directory / "meter")
        self.log_path = directory / "log"
        command = [DAEMON, *arguments]
        if config is not None:
            self.config_path = directory / "dinmeterd.conf"
            self.config_path.write_text(config, encoding="utf-8")
            command += ["-c", str(self.config_path)]
        if pty:
            command += ["--pty", self.link]
        self.control = str(directory / "control")
        self.state = state or directory / "state"
        command += ["--state", str(self.state), "--control", self.control]
        self.command = command
        self.spawn()

    def spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def restart(self):
        """Ends it in good order and starts it again on what it kept."""
        self.stop()
        self.spawn()
        return self

    def kill(self):
        """kill -9; a pseudo-terminal's link stays behind, and would be taken for that of the next life."""
        self.process.kill()
        self.process.wait()
        if os.path.lexists(self.link):
            os.unlink(self.link)

    @property
    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_open(self):
        def is_open():
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log}"
            return os.path.exists(self.link)
        wait_for(is_open, f"{self.link} appears")
        return self

    def bus(self, address=1):
        return Bus(self.link, address)

    def wait_live(self):
        """Until the first second is measured: the frequency is there."""
        self.wait_open()
        with self.bus() as bus:
            wait_for(lambda: bus.read(26)[0] != 0x8000, "a frequency is measured")
        return self

    def stop(self):
        """SIGTERM; the daemon must end by itself with status 0 and a clean report."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"hung at SIGTERM:\n{self.log}") from None
        found = SANITIZER.search(self.log)
        assert not found, self.log
        assert status == 0, f"ended with {status}:\n{self.log}"


@pytest.fixture
def daemon(tmp_path_factory):
    """A function that starts daemons; all are ended when the test is over."""
    started = []

    def start(*arguments, config=None, pty=True, state=None):
        started.append(Daemon(tmp_path_factory.mktemp("daemon"), arguments, config, pty, state))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """One simulated meter with every default, live, for all tests of a file."""
    meter = Daemon(tmp_path_factory.mktemp("simulated"), ["-s"])
    try:
        meter.wait_live()
        yield meter
    finally:
        meter.stop()


@pytest.fixture
def bus(simulated):
    """The simulated meter's bus, every setting at its default before and after."""
    with simulated.bus() as one:
        restore_defaults(one)
        yield one
        restore_defaults(one)


DEFAULTS = {130: 40, 131: 100, 132: 1, 133: 100, 134: 600, 137: 1, 142: 10, 143: 25, 144: 1000, 149: 1, 150: 900}


def restore_defaults(bus):
    # The order lets every value pass: the voltage after the ratio, the pulse energy after what limits it.
    for register, value in DEFAULTS.items():
        if bus.read(register)[0] != value:
            bus.write(register, value)
