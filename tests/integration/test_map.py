"""Every row of the register map, read by function 03 and 04 and by pymodbus, against the analytic truth of the simulated wave."""
import math
import struct

import pytest
from conftest import wait_for
from pymodbus.client import ModbusSerialClient
from rtu import float_of, read_pdu, signed
from truth import FLOATS, INTEGERS, LONGS, TYPES, derived, quantities

# Shares of the true value: the accuracy that the measurement promises, and the resolution of a float.
TOLERANCE = {"kvar": 2e-6, "kw": 2e-6, "kva": 2e-6, "pf": 4e-6, "hz": 1.7e-8, "v": 1e-6, "amps": 1e-6}
FLOAT_RESOLUTION = 2.0 ** -24
BLOCKS = ((1, 52), (129, 178), (257, 346), (7001, 7001), (8000, 8124), (13635, 13759))
NOT_VALID_16 = 0x8000
NOT_VALID_FLOAT = [0x7FC0, 0x0000]


def tolerance(name, truth):
    """In the unit of the value; powers are judged in parts of the apparent power."""
    kind = name.split("_")[0]
    if kind in ("kw", "kvar", "kva"):
        total = "kva" if "_" not in name else "kva_" + name.split("_")[1]
        return TOLERANCE[kind] * truth[total] + abs(truth[name]) * FLOAT_RESOLUTION
    share = TOLERANCE["v" if kind in ("v", "vll", "vln") else kind]
    return truth[name] * (share + FLOAT_RESOLUTION)


def read_all(bus, function=3):
    """All mapped registers, in two requests at most of one second each: number -> word."""
    words = {}
    for first, last in BLOCKS:
        words.update(zip(range(first, last + 1), bus.read(first, last - first + 1, function)))
    return words


def same_second(bus):
    """Integers and floats of one second: the block of floats is the same before and after the integers."""
    def attempt():
        before = bus.read(257, 90)
        integers = bus.read(1, 52) + bus.read(129, 26)
        if bus.read(257, 90) != before:
            return None
        words = dict(zip([*range(1, 53), *range(129, 155)], integers))
        words.update(zip(range(257, 347), before))
        return words
    return wait_for(attempt, "three reads in one second")


def integer(words, name):
    first = INTEGERS[name][0]
    return words[first] << 16 | words[first + 1] if name in LONGS else words[first]


def scale(words, group):
    return signed(words[{"I": 138, "V": 139, "W": 140, "E": 141}[group]]) if isinstance(group, str) else group


def check_instantaneous(words, truth):
    for name, value in truth.items():
        first = FLOATS[name]
        if math.isnan(value):
            assert [words[first], words[first + 1]] == NOT_VALID_FLOAT, name
            assert words[INTEGERS[name][0]] == NOT_VALID_16, name
            continue
        shown = float_of((words[first], words[first + 1]))
        assert abs(shown - value) <= tolerance(name, truth), f"{name}: {shown}, true {value}"


def check_agreement(words):
    """Each integer is its float divided by the scale, rounded; energies rounded down."""
    for name, (first, group) in INTEGERS.items():
        value = float_of((words[FLOATS[name]], words[FLOATS[name] + 1]))
        if math.isnan(value):
            assert words[first] == NOT_VALID_16, name
            assert name not in LONGS or words[first + 1] == 0, name
            continue
        exact = value / 10.0 ** scale(words, group)
        slack = 1e-9 + exact * 2.0 ** -23
        if name in LONGS:
            assert exact - 1 - slack <= integer(words, name) <= exact + slack, name
        else:
            assert abs(integer(words, name) - min(max(exact, 0), 32767)) <= 0.5 + slack, name


def test_every_row_of_a_wye_shows_the_true_wave(bus):
    words = same_second(bus)
    check_instantaneous(words, quantities(40))
    check_agreement(words)


@pytest.mark.parametrize("system_type", TYPES)
def test_each_system_type_shows_its_own_quantities_at_the_next_read(bus, system_type):
    bus.write(130, system_type)
    settings = dict(zip(range(130, 155), bus.read(130, 25)))
    assert settings[130] == system_type
    expected = derived(system_type)
    assert settings[135] == expected["max_power"]
    assert [signed(settings[n]) for n in (138, 139, 140, 141)] == [
        expected["scale_i"], expected["scale_v"], expected["scale_w"], expected["scale_e"]]
    assert settings[145] == expected["pulse_duration"]
    words = same_second(bus)
    check_instantaneous(words, quantities(system_type))
    check_agreement(words)
    assert words[146] == 0


@pytest.mark.parametrize("system_type", TYPES)
def test_only_phases_of_the_type_have_energy(bus, system_type):
    bus.write(130, system_type)
    words = same_second(bus)
    for phase, register in zip("abc", (47, 49, 51)):
        valid = phase in TYPES[system_type][2]
        assert (words[register] != 0x8000) == valid, phase
        floats = [words[FLOATS["kwh_" + phase]], words[FLOATS["kwh_" + phase] + 1]]
        assert (floats != NOT_VALID_FLOAT) == valid, phase


def test_defaults_are_those_of_the_guide(bus):
    words = read_all(bus)
    # The guide's defaults; 103.92 kW, at scales of 0.01 A, 0.1 V, 0.01 kW, 0.01 kWh.
    expected = {129: 0, 130: 40, 131: 100, 132: 1, 133: 100, 134: 600, 135: 10392, 136: 0, 137: 1, 138: 0xFFFE, 139: 0xFFFF,
                140: 0xFFFE, 141: 0xFFFE, 142: 10, 143: 25, 144: 1000, 145: 500, 146: 0, 148: 0, 149: 1, 150: 900, 151: 0,
                153: 0, 154: 0, 7001: 12345}
    assert {n: words[n] for n in expected} == expected
    assert words[25] == 0x8000
    assert [words[305], words[306]] == NOT_VALID_FLOAT
    assert [words[n] for n in (43, 44, 45, 46)] == [0, 0, 0, 0]


def test_floats_of_the_pulse_counters_follow_the_integers(bus):
    words = same_second(bus)
    for integer_at, float_at in ((43, 337), (45, 339)):
        count = words[integer_at] << 16 | words[integer_at + 1]
        assert float_of((words[float_at], words[float_at + 1])) == count


def test_total_energy_stands_twice_and_is_the_sum_of_the_phases(bus):
    bus.write(129, 30078)
    wait_for(lambda: float_of(bus.read(257, 2)) > 0, "energy is counted")
    words = same_second(bus)
    total, again, a, b, c = (float_of((words[n], words[n + 1])) for n in (257, 259, 341, 343, 345))
    assert total == again
    assert math.isclose(total, a + b + c, rel_tol=4 * FLOAT_RESOLUTION)


def test_energies_grow_by_power_times_whole_seconds(bus):
    """Between two reads a whole number of seconds has passed, the same for real, apparent and reactive energy."""
    truth = quantities(40)
    bus.write(129, 30078)

    def energies():
        words = bus.read(257, 90)
        return [float_of(words[n - 257:n - 255]) for n in (257, 309, 311, 341, 343, 345)]
    # From the first change on: the clearing stands somewhere inside a second.
    start = wait_for(lambda: (e := energies()) and e[0] > 0 and e, "energy is counted")
    end = wait_for(lambda: (e := energies())[0] > start[0] * 4.5 and e, "more energy is counted")
    powers = [truth[name] for name in ("kw", "kva", "kvar", "kw_a", "kw_b", "kw_c")]
    seconds = [(after - before) * 3600 / power for before, after, power in zip(start, end, powers)]
    assert round(seconds[0]) >= 3
    for value in seconds:
        # The sample clock is estimated; 100 ppm is far above its error and far below a lost second.
        assert math.isclose(value, round(seconds[0]), rel_tol=1e-4), seconds


def test_function_04_reads_the_same_registers_as_03(bus):
    def attempt():
        by_03, by_04 = read_all(bus, 3), read_all(bus, 4)
        return (by_03, by_04) if read_all(bus, 3) == by_03 else None
    by_03, by_04 = wait_for(attempt, "three readings in one second")
    assert by_03 == by_04


def test_every_single_register_can_be_read_alone(bus):
    for first, last in BLOCKS:
        for register in range(first, last + 1):
            assert len(bus.read(register)) == 1


def test_reads_may_begin_and_end_inside_a_32_bit_value(bus):
    def attempt():
        whole = bus.read(257, 90)
        part = bus.read(258, 88)
        return (part == whole[1:89], 1) if bus.read(257, 90) == whole else None
    assert wait_for(attempt, "three reads in one second")[0]


@pytest.mark.parametrize("first,count", [
    (53, 1), (128, 1), (52, 2), (128, 2), (129, 51), (178, 2), (179, 1), (256, 1), (256, 2), (346, 2), (347, 1), (257, 125),
    (7000, 1), (7000, 2), (7001, 2), (7002, 1), (7999, 1), (7999, 2), (13759, 2), (13760, 1), (65535, 1), (65536, 1), (65536, 125), (1, 125),
])
def test_a_read_that_touches_what_is_not_mapped_gets_02(bus, first, count):
    for function in (3, 4):
        assert bus.exception_of(read_pdu(first, count, function)) == 2


@pytest.mark.parametrize("count", [0, 126, 127, 255, 256, 65535])
def test_an_illegal_quantity_gets_03_whatever_the_address(bus, count):
    for function in (3, 4):
        for register in (1, 53, 65536):
            assert bus.exception_of(read_pdu(register, count, function)) == 3


def test_pymodbus_reads_what_the_wave_says(bus, simulated):
    truth = quantities(40)
    client = ModbusSerialClient(simulated.link, baudrate=19200, timeout=10)
    assert client.connect()
    try:
        for read in (client.read_holding_registers, client.read_input_registers):
            reply = read(256, 90, slave=1)
            assert not reply.isError(), reply
            values = struct.unpack(">45f", struct.pack(">90H", *reply.registers))
            for name, value in truth.items():
                assert abs(values[(FLOATS[name] - 257) // 2] - value) <= tolerance(name, truth), name
            reply = read(0, 52, slave=1)
            # 41550 VA at 0.01 kVA, 0.9, 479.8 V and 277 V at 0.1 V, 50 A at 0.01 A, 60 Hz at 0.01 Hz
            assert [reply.registers[n - 1] for n in (5, 6, 7, 8, 9, 26)] == [4155, 9000, 4798, 2770, 5000, 6000]
    finally:
        client.close()


def test_rows_that_no_quantity_explains_are_none(bus):
    """The tables of this test cover every mapped register."""
    explained = {25, 305, 306, *range(43, 47), 257 + 2, 257 + 3}
    for name, (first, _) in INTEGERS.items():
        explained.update(range(first, first + (2 if name in LONGS else 1)))
    for first in FLOATS.values():
        explained.update((first, first + 1))
    mapped = {*range(1, 53), *range(257, 347)}
    assert mapped - explained == set()
