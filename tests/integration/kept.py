"""What a daemon has kept, looked at from outside."""
import os
import re
import shutil
import sqlite3

from conftest import wait_for
from rtu import float_of

SIMULATED = 'adc: { source = "sim"; };\nmeter: { pulse_energy = 10; };\n'
FILES = ("state.0.db", "state.1.db")


def kwh(bus):
    return float_of(bus.read(257, 2))


def path(meter, name):
    return meter.state / name


def kept(meter):
    """Names in the state directory, without what SQLite has beside its files."""
    return sorted(name for name in os.listdir(meter.state) if not re.search("-(wal|shm)$", name))


def stored(meter, name, file=FILES[0]):
    """A row of one generation, read from a copy by another program."""
    copy = meter.directory / "copy.db"
    for suffix in ("-wal", "-shm"):
        (meter.directory / f"copy.db{suffix}").unlink(missing_ok=True)
    shutil.copy(path(meter, file), copy)
    if path(meter, file + "-wal").exists():
        shutil.copy(path(meter, file + "-wal"), f"{copy}-wal")
    with sqlite3.connect(copy) as database:
        row = database.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
    database.close()
    return row and row[0]


def run_a_while(daemon, config=SIMULATED):
    """A meter that has ended in good order with some energy, and that energy."""
    meter = daemon(config=config).wait_live()
    with meter.bus() as bus:
        bus.write(142, 33)
        wait_for(lambda: kwh(bus) > 0.01, "energy adds up")
    meter.stop()
    return meter, float(stored(meter, "kwh")) / 1000


def go_on(meter):
    meter.spawn()
    return meter.wait_live()


def check_alive(meter):
    """It measures and answers."""
    with meter.bus() as bus:
        before = kwh(bus)
        wait_for(lambda: kwh(bus) > before, "energy goes on")
