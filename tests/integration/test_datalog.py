"""The data log over the bus, through kills and restarts, and exported."""
import csv
import datetime
import io
import json
import os
import subprocess

from conftest import BUILD, HANG_S, wait_for
from rtu import float_of

DINMETER = os.path.join(BUILD, "dinmeter")
CONFIG = 'adc: { source = "sim"; };\nmeter: { demand_subinterval_s = 0; };\n'


def entries(bus):
    return bus.read(161)[0] * 5760 + bus.read(163)[0]


def record(bus):
    """One more entry, at a command of the master."""
    before = entries(bus)
    bus.write(129, 21211)
    wait_for(lambda: entries(bus) == before + 1, "an entry is written")


def page(bus, number, count):
    bus.write(158, number)
    words = bus.read(8000, count)
    bus.write(158, 0)
    return words


def now(bus):
    """The log's clock."""
    day_month, hour_year, second_minute = bus.read(155, 3)
    return datetime.datetime(2000 + (hour_year & 0xFF), day_month & 0xFF, day_month >> 8, hour_year >> 8, second_minute & 0xFF,
                             second_minute >> 8, tzinfo=datetime.timezone.utc)


def dinmeter(meter, *arguments):
    done = subprocess.run([DINMETER, arguments[0], "--socket", meter.control, *arguments[1:]], capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 0, done
    return done.stdout


def test_entries_are_read_newest_first_and_outlive_kill_and_restart(daemon):
    meter = daemon(config=CONFIG).wait_live()
    with meter.bus() as bus:
        bus.write(169, 157)         # second and minute
        bus.write(170, 3)
        stamps = []
        for _ in range(3):
            record(bus)
            stamps.insert(0, bus.read(168)[0])
        assert page(bus, 1, 4) == stamps + [0x8000]
        assert page(bus, 2, 4) == [bus.read(3)[0]] * 3 + [0x8000]
        assert page(bus, 10, 1) == [stamps[0]], "log 10 records 157 by default"
        assert bus.read(8000, 125) == [0x8000] * 125
    meter.kill()
    meter.spawn()
    meter.wait_live()
    with meter.bus() as bus:
        assert entries(bus) == 3
        assert page(bus, 1, 4) == stamps + [0x8000]
        record(bus)
        assert bus.read(160)[0] & 0x10, "the log was interrupted"
        stamps.insert(0, bus.read(168)[0])
    meter.restart().wait_live()
    with meter.bus() as bus:
        assert page(bus, 1, 5) == stamps + [0x8000]
        assert bus.read(169, 2) == [157, 3]
        bus.write(129, 16640)
        assert entries(bus) == 0
        assert page(bus, 1, 2) == [0x8000] * 2
    meter.kill()
    meter.spawn()
    meter.wait_live()
    with meter.bus() as bus:
        assert entries(bus) == 0
        assert page(bus, 1, 2) == [0x8000] * 2


def test_an_entry_waits_while_a_page_is_read(daemon):
    meter = daemon(config=CONFIG).wait_live()
    with meter.bus() as bus:
        record(bus)
        bus.write(158, 1)
        bus.write(129, 21211)
        wait_for(lambda: bus.read(160)[0] & 2, "the collision is told")
        assert entries(bus) == 1
        bus.write(158, 0)
        bus.write(129, 21211)
        wait_for(lambda: entries(bus) == 3, "both are written")
        assert not bus.read(160)[0] & 6


def test_the_clock_is_the_systems_until_it_is_set_and_never_sets_the_systems(daemon):
    meter = daemon(config=CONFIG).wait_live()
    with meter.bus() as bus:
        system = datetime.datetime.now(datetime.timezone.utc)
        assert abs((now(bus) - system).total_seconds()) <= 5
        bus.write_many(155, [29 << 8 | 2, 12 << 8 | 24, 0])
        wait_for(lambda: now(bus) > datetime.datetime(2024, 2, 29, 12, 0, 1, tzinfo=datetime.timezone.utc), "it runs")
        assert bus.exception_of(b"\x10\x00\x9a\x00\x02\x04\x1d\x02\x0c\x19") == 3, "29 February 2025"
        assert abs((datetime.datetime.now(datetime.timezone.utc) - system).total_seconds()) < 3600
        record(bus)
        assert bus.read(160)[0] & 0x20, "a clock that was set is told"
    meter.restart().wait_live()
    with meter.bus() as bus:
        assert now(bus).date() == datetime.date(2024, 2, 29)


def test_parts_of_the_clock_that_are_written_alone_leave_the_rest_running(daemon):
    meter = daemon(config=CONFIG).wait_live()
    with meter.bus() as bus:
        for _ in range(40):
            for register in (155, 156):
                word = bus.read(register)[0]
                bus.write(register, word)
        ahead = now(bus) - datetime.datetime.now(datetime.timezone.utc)
        # a read shows the last second that was measured, up to 1.3 s old; midnight may fall between a read and its write
        assert abs(ahead.total_seconds() % 3600 - 3600) < 3 or ahead.total_seconds() % 3600 < 3, ahead


def test_the_export_says_what_was_recorded_with_times_and_names(daemon):
    meter = daemon(config=CONFIG).wait_live()
    with meter.bus() as bus:
        for log, register in enumerate((261, 262, 1, 2, 26, 146, 155, 156, 157, 6), start=169):
            bus.write(log, register)
        shown = []
        for _ in range(3):
            record(bus)
            words = bus.read(261, 2)
            shown.append((float_of(words), bus.read(26)[0] / 100, bus.read(6)[0] / 10000))
        system = datetime.datetime.now(datetime.timezone.utc)
    rows = [json.loads(line) for line in dinmeter(meter, "log", "--json").splitlines()]
    assert len(rows) == 3
    for row, (kw, hz, pf) in zip(rows, shown):
        text = json.dumps(row)
        time = datetime.datetime.fromisoformat(row["utc"].replace("Z", "+00:00"))
        assert abs((time - system).total_seconds()) < 60
        for value in (kw, hz, pf):
            assert any(abs(number - value) < 1e-6 * max(1, abs(value)) for number in numbers(row)), (value, text)
    table = list(csv.reader(io.StringIO(dinmeter(meter, "log", "--csv"))))
    assert {"utc", "clock", "kw", "hz", "kwh"} <= set(table[0]), table[0]
    assert len(table) == 4


def numbers(value):
    """All numbers in a JSON value."""
    if isinstance(value, dict):
        return [number for part in value.values() for number in numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in numbers(part)]
    return [value] if isinstance(value, (int, float)) and not isinstance(value, bool) else []
