"""A disk that is full and one that is read-only: real ones, small, mounted for the test.  Needs root; disk.sh says so."""
import re
import subprocess

import pytest
from conftest import wait_for
from control import Control
from kept import SIMULATED, check_alive, go_on, kwh, stored


@pytest.fixture
def disk(tmp_path):
    """A small file system of the test's own."""
    where = tmp_path / "disk"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", where], check=True)
    yield where
    subprocess.run(["umount", "-l", where], check=True)


def check_failing(meter, why):
    """The status and one line of the log tell that the disk cannot be written."""
    with meter.bus() as bus, Control(meter.control) as control:
        wait_for(lambda: control.status()["store"]["state"] in ("failing", "unusable"), f"the status tells of it: {why}")
        assert re.search(why, control.status()["store"]["message"], re.IGNORECASE), control.status()["store"]
        bus.write(142, 66)
        assert bus.read(142) == [66]
    check_alive(meter)
    assert len(re.findall(f"{why}.*; the meter goes on, state is kept in memory", meter.log, re.IGNORECASE)) == 1, meter.log


def check_mended(meter):
    """Written again, with all that came meanwhile, and there after a restart."""
    with meter.bus() as bus, Control(meter.control) as control:
        wait_for(lambda: control.status()["store"]["state"] in ("good", "repaired"), "it is written again")
        energy = kwh(bus)
    meter.restart().wait_open()
    with meter.bus() as bus:
        assert bus.read(142) == [66] and kwh(bus) >= energy
    meter.stop()


OFTEN = SIMULATED + "store: { interval_s = 1; };\n"


def test_a_full_disk_stops_nothing_and_loses_nothing(daemon, disk):
    meter = daemon(config=OFTEN, state=disk / "state").wait_live()
    with open(disk / "filler", "wb", buffering=0) as filler:
        fill(filler)
        check_failing(meter, "No space left")
        (disk / "filler").unlink()
    check_mended(meter)


def test_a_read_only_disk_stops_nothing_and_loses_nothing(daemon, disk):
    meter = daemon(config=OFTEN, state=disk / "state").wait_live()
    with meter.bus() as bus:
        wait_for(lambda: kwh(bus) > 0.01, "energy adds up")
        bus.write(142, 65)
    meter.stop()
    energy = float(stored(meter, "kwh")) / 1000
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    go_on(meter)
    with meter.bus() as bus:
        assert kwh(bus) >= energy * (1 - 2**-23) and bus.read(142) == [65]
    check_failing(meter, "Read-only")
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    check_mended(meter)


def test_a_disk_that_fills_under_a_capture_costs_that_capture_alone(daemon, disk):
    """Three seconds are 240 kB and as many again on the way; with room for them the next alert's is whole."""
    meter = daemon(config=SIMULATED + 'capture: { on_alerts = "phase_loss_a"; after_s = 1.0; ring_s = 2.0; };\n', state=disk / "state").wait_live()
    place = disk / "state" / "captures"
    with meter.bus() as bus, Control(meter.control) as control:
        def capture():
            return control.get("status", parts=["capture"])["capture"]

        def alert(on):
            bus.write(142, 99 if on else 10)
            cycle = control.get("status", parts=["meter"])["meter"]["cycle"]
            wait_for(lambda: control.get("status", parts=["meter"])["meter"]["cycle"] > cycle, "a second of it")

        wait_for(lambda: control.get("status", parts=["meter"])["meter"]["cycle"] >= 2, "a second second")
        alert(True)
        wait_for(lambda: capture()["failures"] == 1, "it cannot be written")
        assert capture()["state"] == "failing" and capture()["last_error"] == "No space left on device", capture()
        assert place.is_dir() and not list(place.iterdir()), "what was begun is gone"
        alert(False)
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        alert(True)
        wait_for(lambda: capture()["count"] == 1, "the next one is written")
        assert len(list(place.iterdir())) == 3
    assert len(re.findall("capture: .*No space left", meter.log)) == 1, meter.log
    check_alive(meter)


def fill(filler):
    for size in (65536, 4096, 512, 1):
        try:
            while filler.write(b"x" * size) == size:
                pass
        except OSError:
            pass
