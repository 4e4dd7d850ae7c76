"""State through everything that can happen to a disk, the whole daemon looked at: it measures and answers, says once what is wrong,
shows it, loses nothing that a good generation has, and overwrites nothing that it does not understand."""
import os
import re
import signal
import sqlite3

import pytest
from conftest import wait_for
from control import Control
from kept import FILES, SIMULATED, check_alive, go_on, kept, kwh, path, run_a_while, stored


def truncate(file):
    os.truncate(file, file.stat().st_size // 2)


def overwrite(file):
    file.write_bytes(b"this is no database, but somebody may want it" * 100)


def flip_bits(file):
    data = bytearray(file.read_bytes())
    for at in range(200, len(data), 37):
        data[at] ^= 0x5A
    file.write_bytes(data)


def make_newer(file):
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


def whole(meter, file):
    try:
        return path(meter, file).read_bytes()[:15] == b"SQLite format 3" and stored(meter, "kwh", file) is not None
    except (OSError, sqlite3.Error):    # while it is being replaced
        return False


@pytest.mark.parametrize("damage", [truncate, overwrite, flip_bits, make_newer])
def test_one_bad_generation_is_set_aside_and_the_other_is_taken(daemon, damage):
    meter, energy = run_a_while(daemon)
    damage(path(meter, FILES[0]))
    bad = path(meter, FILES[0]).read_bytes()
    go_on(meter)
    check_alive(meter)
    with meter.bus() as bus, Control(meter.control) as control:
        assert kwh(bus) >= energy * (1 - 2**-23)
        assert bus.read(142) == [33]
        status = control.status()["store"]
        assert status["state"] == "repaired" and status["set_aside"] == 1, status
        assert FILES[0] in status["message"], status
    aside = [name for name in kept(meter) if name.startswith(FILES[0] + ".")]
    assert len(aside) == 1 and path(meter, aside[0]).read_bytes() == bad, kept(meter)
    assert len([line for line in meter.log.splitlines() if FILES[0] in line and aside[0] in line]) == 1, meter.log
    wait_for(lambda: float(stored(meter, "kwh") or 0) >= energy * 1000, "a good file has taken its place")


def test_two_bad_generations_begin_anew_and_both_are_there_for_whoever_can_read_them(daemon):
    meter, _ = run_a_while(daemon)
    for file in FILES:
        overwrite(path(meter, file))
    go_on(meter)
    check_alive(meter)
    with meter.bus() as bus:
        assert bus.read(142) == [10]
    assert len([name for name in kept(meter) if re.match(r"state\.[01]\.db\.", name)]) == 2, kept(meter)


def test_a_database_destroyed_under_a_running_meter_is_written_anew(daemon):
    meter = daemon(config=SIMULATED + "store: { interval_s = 1; };\n").wait_live()
    with meter.bus() as bus, Control(meter.control) as control:
        wait_for(lambda: control.status()["store"]["commits"] > 3, "commits are made")
        bus.write(142, 44)
        for file in FILES:
            overwrite(path(meter, file))
        before = kwh(bus)
        wait_for(lambda: all(whole(meter, file) and float(stored(meter, "kwh", file) or 0) > 1000 * before for file in FILES),
                 "both are whole again")
    check_alive(meter)
    meter.kill()
    go_on(meter)
    with meter.bus() as bus:
        assert bus.read(142) == [44]
        assert kwh(bus) > before


@pytest.mark.parametrize("obstacle", ["a file in its place", "no such place"])
def test_a_directory_that_cannot_be_had_stops_nothing(daemon, tmp_path, obstacle):
    blocker = tmp_path / "blocker"
    blocker.write_text("", encoding="ascii")
    where = blocker if obstacle == "a file in its place" else blocker / "deeper"
    meter = daemon(config=SIMULATED, state=where)
    meter.wait_live()
    check_alive(meter)
    with meter.bus() as bus, Control(meter.control) as control:
        bus.write(142, 55)
        assert bus.read(142) == [55]
        status = control.status()["store"]
        assert status["state"] == "unusable" and str(where) in status["message"], status
    assert len(re.findall("Not a directory; the meter goes on, state is kept in memory", meter.log)) == 1, meter.log
    # the obstacle goes: the state is kept from then on, without a restart
    blocker.unlink()
    wait_for(lambda: where.is_dir() and (where / FILES[0]).exists(), "the directory is taken")


def test_a_second_daemon_leaves_the_state_of_the_first_alone(daemon):
    first = daemon(config=SIMULATED).wait_live()
    second = daemon(config=SIMULATED, state=first.directory / "state").wait_live()
    check_alive(second)
    with Control(second.control) as control:
        status = control.status()["store"]
        assert status["state"] == "unusable" and str(first.process.pid) in status["message"], status
    assert kept(first) == ["lock", *FILES]
    check_alive(first)


def test_power_that_fails_is_written_at_once(daemon):
    meter = daemon(config=SIMULATED + "store: { interval_s = 3600; };\n").wait_live()
    with meter.bus() as bus:
        wait_for(lambda: kwh(bus) > 0.02, "energy adds up")
        energy = kwh(bus)
        assert float(stored(meter, "kwh")) < 1000 * energy
        meter.process.send_signal(signal.SIGPWR)
        for file in FILES:
            wait_for(lambda: float(stored(meter, "kwh", file)) >= 1000 * energy * (1 - 2**-23), f"{file} is written")
    check_alive(meter)


def test_a_master_that_writes_the_same_again_and_again_wears_no_flash(daemon):
    meter = daemon(config=SIMULATED + "store: { interval_s = 3600; };\n").wait_live()
    with meter.bus() as bus, Control(meter.control) as control:
        bus.write(142, 12)
        wait_for(lambda: stored(meter, "phase_loss_voltage") == 12, "a setting is committed")
        before = control.status()["store"]["commits"]
        for _ in range(30):
            bus.write(142, 12)
        assert control.status()["store"]["commits"] <= before + 2
        bus.write(142, 13)
        wait_for(lambda: stored(meter, "phase_loss_voltage") == 13, "another is too")


def test_of_settings_the_newest_change_wins(daemon):
    def text(voltage, imbalance):
        return f'adc: {{ source = "sim"; }};\nmeter: {{ phase_loss_voltage = {voltage}; phase_loss_imbalance = {imbalance}; }};\n'

    meter = daemon(config=text(20, 30)).wait_open()
    with meter.bus() as bus:
        # first start: the file's
        assert bus.read(142, 2) == [20, 30]
        bus.write(142, 21)
    # the file as it was: what Modbus wrote; nothing is said of what is equal
    meter.restart().wait_open()
    with meter.bus() as bus:
        assert bus.read(142, 2) == [21, 30]
        bus.write(143, 31)
    said = [line for line in meter.log.splitlines() if "phase_loss_voltage" in line]
    assert len(said) == 1 and "21" in said[0] and "20" in said[0], meter.log
    assert "phase_loss_imbalance" not in meter.log
    meter.stop()
    # the file changed since: its values, also where Modbus has changed the same
    meter.config_path.write_text(text(22, 32), encoding="ascii")
    meter.spawn()
    meter.wait_open()
    with meter.bus() as bus:
        assert bus.read(142, 2) == [22, 32]
    said = [line for line in meter.log.splitlines() if "phase_loss_imbalance" in line]
    assert len(said) == 1 and "32" in said[0] and "31" in said[0], meter.log
    # and they stay when it does not change again
    meter.restart().wait_open()
    with meter.bus() as bus:
        assert bus.read(142, 2) == [22, 32]


def test_a_start_counts_after_an_end_and_not_after_a_crash(daemon):
    meter = daemon(config=SIMULATED).wait_open()

    def power_ups():
        with meter.bus() as bus:
            return bus.read(152)[0]

    assert power_ups() == 1
    meter.kill()
    meter.spawn()
    meter.wait_open()
    assert power_ups() == 1
    meter.restart().wait_open()
    assert power_ups() == 2
