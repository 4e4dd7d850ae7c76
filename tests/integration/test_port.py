"""The serial port as a device: taken, unplugged, plugged in again."""
import fcntl
import os
import pathlib
import pty
import termios
import tty

import pytest
from conftest import wait_for
from control import Control
from rtu import Bus, NoReply


class Adapter:
    """A serial adapter with a fixed name: a pseudo-terminal behind a link, that can be unplugged."""

    def __init__(self, path):
        self.path = str(path)
        self.bus = None

    def plug(self):
        master, slave = pty.openpty()
        tty.setraw(slave, termios.TCSANOW)
        os.symlink(os.ttyname(slave), self.path)
        self.bus = Bus(master)
        self.slave = slave

    def unplug(self):
        os.unlink(self.path)
        os.close(self.slave)
        self.bus.close()
        self.bus = None

    def answers(self):
        try:
            return self.bus.read(7001, deadline_s=0.5) == [12345]
        except NoReply:
            return False


@pytest.fixture
def adapter(tmp_path):
    one = Adapter(tmp_path / "ttyMETER")
    one.plug()
    yield one
    if one.bus:
        one.unplug()


def config(adapter):
    return f'adc: {{ source = "sim"; }};\nmodbus: {{ device = "{adapter.path}"; }};\n'


def bus_status(meter):
    """Whether the port is open, and why not."""
    with Control(meter.control) as control:
        bus = control.status()["bus"]
    return bus["open"], bus["last_error"]


def test_an_adapter_unplugged_and_plugged_in_again_is_served_again(daemon, adapter):
    meter = daemon(config=config(adapter), pty=False)
    wait_for(adapter.answers, "the meter answers")
    adapter.bus.write(131, 200)
    for _ in range(2):
        before = len(meter.log)
        adapter.unplug()
        wait_for(lambda: adapter.path in meter.log[before:], "the loss is logged")
        adapter.plug()
        def answers_again():
            # What is sent before the port is open again is lost: ask again.
            try:
                return adapter.bus.read(131, deadline_s=0.5) == [200]
            except NoReply:
                return False
        wait_for(answers_again, "the meter answers again")
        assert len(meter.log[before:].splitlines()) < 10, meter.log


def test_an_adapter_that_is_plugged_in_after_the_start_is_served(daemon, adapter):
    adapter.unplug()
    meter = daemon(config=config(adapter), pty=False)
    wait_for(lambda: "measuring, 2520 samples" in meter.log, "it measures")
    assert f"{adapter.path}: cannot open: No such file or directory" in meter.log
    assert "the meter measures without its port" in meter.log
    adapter.plug()
    wait_for(adapter.answers, "the meter answers")
    assert adapter.bus.read(26) == [6000]       # Hz, 2 places: it has measured meanwhile
    assert f"{adapter.path}: the port is there" in meter.log


def test_a_port_that_another_program_holds_is_taken_when_it_lets_go(daemon, adapter):
    held = os.open(adapter.path, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(held, fcntl.LOCK_EX)
    meter = daemon(config=config(adapter), pty=False)
    wait_for(lambda: "measuring, 2520 samples" in meter.log, "it measures")
    assert bus_status(meter) == (False, "Device or resource busy")
    name = pathlib.Path("/proc/self/comm").read_text(encoding="ascii").strip()
    assert f"{adapter.path}: in use by process {os.getpid()} ({name})" in meter.log
    assert "the meter measures without its port" in meter.log
    os.close(held)
    wait_for(adapter.answers, "the meter answers")
    assert f"{adapter.path}: the port is there" in meter.log
    assert bus_status(meter) == (True, None)


def test_an_adapter_that_is_unplugged_before_any_request_is_told(daemon, adapter):
    meter = daemon(config=config(adapter), pty=False)
    wait_for(lambda: "measuring, 2520 samples" in meter.log, "it measures")
    assert bus_status(meter) == (True, None)
    adapter.unplug()
    wait_for(lambda: bus_status(meter) == (False, "No such file or directory"), "the loss is told")


def test_it_ends_while_the_port_is_gone(daemon, adapter):
    meter = daemon(config=config(adapter), pty=False)
    wait_for(adapter.answers, "the meter answers")
    before = len(meter.log)
    adapter.unplug()
    wait_for(lambda: adapter.path in meter.log[before:], "the loss is logged")
    meter.stop()
