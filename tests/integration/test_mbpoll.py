"""A second master with a code of its own: mbpoll, by its command line."""
import re
import subprocess

import pytest
from conftest import HANG_S
from truth import FLOATS, quantities

LINE = re.compile(r"^\[(\d+)\]:\s+(\S+)", re.MULTILINE)


def mbpoll(link, *arguments, values=()):
    command = ["mbpoll", "-m", "rtu", "-b", "19200", "-P", "none", "-a", "1", "-o", "10", "-1", *map(str, arguments), link, *map(str, values)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=HANG_S, check=False)
    return done.returncode, done.stdout.decode()


def read(link, *arguments):
    status, text = mbpoll(link, *arguments)
    assert status == 0, text
    return {int(number): shown for number, shown in LINE.findall(text)}


@pytest.mark.parametrize("table", ["3:float", "4:float"])
def test_floats_have_the_most_significant_word_first(bus, simulated, table):
    shown = read(simulated.link, "-t", table, "-B", "-r", 257, "-c", 45)
    assert len(shown) == 45
    for name, true in quantities(40).items():
        # mbpoll prints six significant digits
        assert abs(float(shown[FLOATS[name]]) - true) <= abs(true) * 1e-5, name
    assert shown[305] == "nan"


@pytest.mark.parametrize("table", ["3", "4"])
def test_integers_are_scaled(bus, simulated, table):
    shown = read(simulated.link, "-t", table, "-r", 1, "-c", 52)
    assert {n: int(shown[n]) for n in (5, 6, 7, 8, 9, 19, 22, 26)} == {
        5: 4155, 6: 9000, 7: 4798, 8: 2770, 9: 5000, 19: 2770, 22: 5000, 26: 6000}
    scales = read(simulated.link, "-t", "4:hex", "-r", 138, "-c", 4)
    assert [int(scales[n], 16) for n in range(138, 142)] == [0xFFFE, 0xFFFF, 0xFFFE, 0xFFFE]


def test_32_bit_integers_have_the_most_significant_word_first(bus, simulated):
    shown = read(simulated.link, "-t", "4:int", "-B", "-r", 1, "-c", 1)
    assert 0 <= int(shown[1]) < 65536


def test_a_setting_written_by_mbpoll_is_in_force(bus, simulated):
    status, text = mbpoll(simulated.link, "-t", "4", "-r", 131, values=[200])
    assert status == 0, text
    assert bus.read(131) == [200]
    status, text = mbpoll(simulated.link, "-t", "4", "-r", 142, values=[20, 30, 100])
    assert status == 0, text
    assert bus.read(142, 3) == [20, 30, 100]


@pytest.mark.parametrize("register,value,said", [(131, 0, "Illegal data value"), (135, 1, "Illegal data address")])
def test_a_refusal_is_understood(bus, simulated, register, value, said):
    status, text = mbpoll(simulated.link, "-t", "4", "-r", register, values=[value])
    assert status != 0
    assert said in text


def test_a_read_outside_the_map_is_refused(bus, simulated):
    status, text = mbpoll(simulated.link, "-t", "4", "-r", 179, "-c", 1)
    assert "Illegal data address" in text, (status, text)


def test_the_slave_id_is_understood(bus, simulated):
    status, text = mbpoll(simulated.link, "-u")
    assert status == 0, text
    assert "247" in text or "0xF7" in text, text
    assert "Leviton Series 4000K Power Meter Full Data Set" in text
