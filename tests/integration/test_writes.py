"""Every register that can be written: legal limits, refusals, what follows from it, commands, broadcasts, identification."""
import itertools
import math
import struct
import time

import pytest
from conftest import wait_for
from rtu import float_of, frame, read_pdu, signed, write_many_pdu, write_pdu
from truth import derived, quantities

QNAN = [0x7FC0, 0]

# register: legal values, and those that lie just outside, with every other setting at its default
RANGES = {
    130: ([10, 11, 12, 31, 40], [0, 9, 13, 30, 32, 39, 41, 65535]),
    131: ([1, 5, 100, 32000], [0, 32001, 32768, 65535]),
    132: ([1, 3], [0, 2, 4, 65535]),
    133: ([1, 100, 32000], [0, 32001, 65535]),
    134: ([82, 480, 660], [0, 81, 661, 32001, 65535]),
    137: ([0, 1], [2, 65535]),
    142: ([1, 10, 99], [0, 100, 65535]),
    143: ([1, 25, 99], [0, 100, 65535]),
    144: ([10, 100, 1000, 10000], [0, 1, 9, 11, 999, 1001, 10001, 65535]),
    149: ([1, 6], [0, 7, 65535]),
    150: ([0, 10, 900, 32767], [1, 9, 32768, 65535]),
    151: ([1, 32767], [0, 32768, 65535]),
    152: ([0, 1, 32767], [32768, 65535]),
    158: ([10, 1, 0], [11, 65535]),
    159: ([3, 2, 1, 0], [4, 65535]),
    169: ([42, 146, 155, 157, 257, 336, 1], [0, 43, 145, 147, 154, 158, 256, 337, 65535]),
    178: ([1, 157], [0, 43, 8000]),
}
# Date and time are checked part by part: day and month, hour and year, second and minute.
CLOCK = {155: [0x0001, 0x2001, 0x0100, 0x010D, 0x1F02, 0xFFFF], 156: [0x1800, 0x00C8, 0xFFFF], 157: [0x3C00, 0x003C, 0xFFFF]}
READS_ZERO = {129, 151}
WRITABLE = {129, *RANGES, *CLOCK, *range(169, 179)}
READ_ONLY = [n for n in (*range(1, 53), *range(129, 179), *range(257, 347), 7001, 8000, 13759) if n not in WRITABLE]
NOT_MAPPED = [53, 128, 179, 256, 347, 7000, 7002, 7999, 13760, 65536]
# Values that are legal wherever they may land: what is refused, is refused for the address.
ANY_VALUE = 10


def integers(bus):
    return dict(zip([*range(1, 53), *range(129, 155)], bus.read(1, 52) + bus.read(129, 26)))


def settings_of(bus):
    """Everything that a write could change by mistake: all settings, and the counters beside them."""
    words = bus.read(129, 26)
    return words[:17] + words[18:] + bus.read(158, 2) + bus.read(169, 10)     # 146 follows the wave


def check_derived(bus, **settings):
    words = dict(zip(range(129, 155), bus.read(129, 26)))
    expected = derived(**settings)
    assert words[135] == expected["max_power"]
    assert [signed(words[n]) for n in (138, 139, 140, 141)] == [expected["scale_" + group] for group in "ivwe"]
    assert words[145] == expected["pulse_duration"]
    assert bool(words[146] & 0x8000) == expected["unserved"]


@pytest.mark.parametrize("register,value", [(r, v) for r, (legal, _) in RANGES.items() for v in legal])
def test_a_legal_value_is_confirmed_and_read_back(bus, register, value):
    for write in (bus.write, lambda r, v: bus.write_many(r, [v])):
        write(register, value)
        assert bus.read(register)[0] == (0 if register in READS_ZERO else value)


@pytest.mark.parametrize("register,value", [(r, v) for r, (_, illegal) in RANGES.items() for v in illegal])
def test_an_illegal_value_gets_03_and_changes_nothing(bus, register, value):
    before = settings_of(bus)
    assert bus.exception_of(write_pdu(register, value)) == 3
    assert bus.exception_of(write_many_pdu(register, [value])) == 3
    assert settings_of(bus) == before


@pytest.mark.parametrize("register,value", [(r, v) for r, illegal in CLOCK.items() for v in illegal])
def test_an_impossible_date_or_time_gets_03(bus, register, value):
    assert bus.exception_of(write_pdu(register, value)) == 3
    assert bus.exception_of(write_many_pdu(register, [value])) == 3


@pytest.mark.parametrize("value", [0, 1, 30077, 30079, 21210, 21213, 16497, 16499, 16639, 16641, 65535])
def test_an_unknown_command_gets_03(bus, value):
    assert bus.exception_of(write_pdu(129, value)) == 3
    assert bus.exception_of(write_many_pdu(129, [value])) == 3


def test_a_read_only_register_gets_02_by_either_function(bus):
    before = settings_of(bus)
    for register in READ_ONLY:
        assert bus.exception_of(write_pdu(register, ANY_VALUE)) == 2, register
        assert bus.exception_of(write_many_pdu(register, [ANY_VALUE])) == 2, register
    assert settings_of(bus) == before


@pytest.mark.parametrize("register", NOT_MAPPED)
def test_a_write_outside_the_map_gets_02(bus, register):
    assert bus.exception_of(write_pdu(register, ANY_VALUE)) == 2
    assert bus.exception_of(write_many_pdu(register, [ANY_VALUE])) == 2


@pytest.mark.parametrize("first,values", [
    (134, [600, 1]), (128, [1, 30078]), (152, [7, 1]), (150, [900, 1, 7, 1]), (130, [40, 100, 1, 100, 600, 10392]),
    (141, [1, 10]), (154, [0, 1]),
])
def test_a_block_that_touches_one_forbidden_register_gets_02_and_changes_nothing(bus, first, values):
    before = settings_of(bus)
    assert bus.exception_of(write_many_pdu(first, values)) == 2
    assert settings_of(bus) == before


def test_address_is_checked_before_value(bus):
    assert bus.exception_of(write_many_pdu(134, [1, 1])) == 2
    assert bus.exception_of(write_pdu(135, 65535)) == 2


def quantity_pdu(register, count, byte_count, data):
    return struct.pack(">BHHB", 0x10, register - 1, count, byte_count) + bytes(data)


@pytest.mark.parametrize("pdu", [
    quantity_pdu(142, 0, 0, 0), quantity_pdu(142, 1, 0, 0), quantity_pdu(142, 2, 2, 2), quantity_pdu(142, 1, 4, 4),
    quantity_pdu(142, 1, 3, 3), quantity_pdu(53, 0, 0, 0), quantity_pdu(142, 124, 246, 246), quantity_pdu(53, 124, 246, 246),
    quantity_pdu(142, 65535, 2, 2),
], ids=lambda pdu: pdu[:6].hex())
def test_a_quantity_that_does_not_fit_gets_03_whatever_the_address(bus, pdu):
    before = settings_of(bus)
    assert bus.exception_of(pdu) == 3
    assert settings_of(bus) == before


def test_the_longest_legal_write_is_judged_by_its_addresses(bus):
    assert bus.exception_of(write_many_pdu(142, [10] * 123)) == 2


def test_a_frame_longer_than_the_standard_allows_disturbs_nothing(bus):
    bus.send(frame(bus.address, write_many_pdu(142, [10] * 124)))
    assert bus.read(142) == [10]


def test_a_block_is_applied_whole_or_not_at_all(bus):
    before = settings_of(bus)
    assert bus.exception_of(write_many_pdu(142, [50, 60, 7])) == 3
    assert bus.exception_of(write_many_pdu(149, [6, 5])) == 3
    assert bus.exception_of(write_many_pdu(129, [30078, 40, 200, 2])) == 3
    assert settings_of(bus) == before
    bus.write_many(142, [50, 60, 10000])
    assert bus.read(142, 3) == [50, 60, 10000]


def test_a_block_is_checked_in_register_order(bus):
    # 1200 V suits a ratio of 2.00 only, and the pulse energy of 144 is not in this block.
    assert bus.exception_of(write_pdu(134, 1200)) == 3
    bus.write_many(130, [31, 200, 3, 200, 1200])
    assert bus.read(130, 5) == [31, 200, 3, 200, 1200]
    check_derived(bus, system_type=31, ct_primary=200, pt_ratio=200, system_voltage=1200)


def test_the_ratio_is_never_refused_for_the_voltage(bus):
    bus.write(133, 1)
    assert bus.read(133, 2) == [1, 600]
    bus.write(133, 32000)
    assert bus.read(133, 2) == [32000, 600]


@pytest.mark.parametrize("ratio,lowest,highest", [(100, 82, 660), (50, 41, 330), (150, 123, 990), (33, 28, 217), (32000, 26240, 32000)])
def test_the_voltage_over_the_ratio_lies_from_82_to_660(bus, ratio, lowest, highest):
    """82 x ratio <= 100 x V <= 660 x ratio, and 82..32000 V in any case."""
    bus.write(133, ratio)
    lowest = max(lowest, 82)
    for legal in (lowest, highest):
        bus.write(134, legal)
        assert bus.read(134)[0] == legal
    for illegal in (lowest - 1, highest + 1):
        assert bus.exception_of(write_pdu(134, illegal)) == 3
    assert bus.read(134)[0] == highest


CASES = list(itertools.product((10, 12, 31, 40), (1, 5, 100, 800, 3000, 32000), ((100, 600), (100, 208), (2000, 13000))))


@pytest.mark.parametrize("system_type,ct_primary,voltages", CASES)
def test_what_is_derived_follows_at_the_next_read(bus, system_type, ct_primary, voltages):
    pt_ratio, system_voltage = voltages
    bus.write_many(130, [system_type, ct_primary, 1, pt_ratio, system_voltage])
    check_derived(bus, system_type=system_type, ct_primary=ct_primary, pt_ratio=pt_ratio, system_voltage=system_voltage)


@pytest.mark.parametrize("pulse_energy,duration", [(10000, 500), (1000, 500), (100, 500), (10, 100)])
def test_pulse_duration_is_the_slowest_that_keeps_up(bus, pulse_energy, duration):
    # 103.92 kW: 10 Wh allow 180 kW at 100 ms but 72 kW at 250 ms; 100 Wh allow 360 kW at 500 ms.
    bus.write(144, pulse_energy)
    assert bus.read(145)[0] == duration


def test_a_pulse_energy_that_no_duration_serves_is_refused_and_a_larger_ct_sets_bit_15(bus):
    # 1800000 x 10 Wh / 10 ms = 1.8 MW; 600 V x sqrt 3 x 1800 A = 1.87 MW, x 1700 A = 1.77 MW
    bus.write(144, 10)
    bus.write(131, 1700)
    assert bus.read(145)[0] == 10
    assert not bus.read(146)[0] & 0x8000
    bus.write(131, 1800)
    assert bus.read(144, 3)[:2] == [10, 10]
    assert bus.read(146)[0] & 0x8000
    bus.write(144, 100)
    assert not bus.read(146)[0] & 0x8000
    assert bus.exception_of(write_pdu(144, 10)) == 3
    assert bus.read(144)[0] == 100


def test_integers_follow_a_new_scale_at_the_next_read(bus):
    truth = quantities(40)
    for ct_primary, scale in ((100, -2), (300, -1), (3000, 0), (32000, 1)):
        bus.write(131, ct_primary)
        assert signed(bus.read(138)[0]) == scale
        assert bus.read(22)[0] == round(50 / 10.0 ** scale)
        power = truth["kva"] / 10.0 ** derived(ct_primary=ct_primary)["scale_w"]
        assert abs(bus.read(5)[0] - power) <= 0.5 + power * 2e-6


def test_current_above_the_over_range_of_the_ct_is_an_alert(bus):
    bus.write(131, 42)      # 1.2 x 42 = 50.4 A
    assert bus.read(146)[0] == 0
    bus.write(131, 41)      # 49.2 A
    assert bus.read(146)[0] == 0b111 << 3


def test_voltage_above_the_over_range_is_an_alert(bus):
    bus.write(133, 67)      # 1.2 x 347 x 0.67 = 279 V, 1.2 x 600 x 0.67 = 482 V
    assert bus.read(146)[0] == 0
    bus.write(133, 66)      # 275 V
    assert bus.read(146)[0] == 0b111


def test_phase_loss_follows_threshold_and_system_voltage(bus):
    # 277 V against percents of 600 V / sqrt 3 = 346 V, 480 V line to line against 600 V
    bus.write(142, 79)      # 273.7 V and 474 V
    assert bus.read(146)[0] == 0
    bus.write(142, 80)      # 277.1 V and 480 V
    assert bus.read(146)[0] == 0b111 << 8


def test_too_little_input_voltage_tells_no_frequency(bus):
    bus.write(133, 2700)    # 277 V / 27 = 10.3 V at the meter's input
    assert bus.read(26)[0] == 6000
    bus.write(133, 2800)    # 9.9 V
    assert bus.read(26)[0] == 0x8000
    assert bus.read(307, 2) == QNAN
    assert bus.read(146)[0] == 1 << 6


def test_clearing_energy_is_counted_and_seen_at_the_next_read(bus):
    wait_for(lambda: float_of(bus.read(257, 2)) > 0.03, "three seconds of energy are counted")
    resets = bus.read(147)[0]
    counted = float_of(bus.read(257, 2))
    start = time.monotonic()
    bus.write(129, 30078)
    words = bus.read(257, 90)
    cycles = math.ceil(time.monotonic() - start) + 1
    after = [float_of(words[n - 257:n - 255]) for n in (257, 259, 309, 311, 341, 343, 345)]
    # What was measured in between, on a machine that may have stood still, and no more.
    assert after[0] <= quantities(40)["kw"] / 3600 * cycles * 1.01
    assert cycles > 2 or all(value < counted for value in after), (counted, after)
    assert bus.read(147)[0] == resets + 1
    assert bus.read(129)[0] == 0


def test_pulse_counters_can_be_cleared(bus):
    resets = bus.read(147)[0]
    bus.write(129, 16498)
    assert bus.read(43, 4) == [0, 0, 0, 0]
    assert bus.read(337, 4) == [0, 0, 0, 0]
    assert bus.read(147)[0] == resets


def demands(bus):
    words = bus.read(325, 12)
    return [float_of(words[2 * i:2 * i + 2]) for i in range(6)]


def test_sync_ends_a_subinterval_and_reset_takes_the_present_demand(bus):
    truth = quantities(40)
    load = [truth["kw"], truth["kvar"], truth["kva"]]
    bus.write(150, 0)
    assert demands(bus)[:3] == [0, 0, 0]
    bus.write(129, 21211)
    maxima = wait_for(lambda: (d := demands(bus))[0] > 0 and d, "the sub-interval ends")
    assert all(abs(shown - true) < true * 1e-5 for shown, true in zip(maxima[:3], load))
    assert all(abs(shown - true) < true * 1e-5 for shown, true in zip(maxima[3:], load))
    # A changed 150 drops the present demand and keeps the maxima, until they are reset to it.
    bus.write(150, 900)
    assert demands(bus) == [0, 0, 0, *maxima[3:]]
    bus.write(129, 21212)
    wait_for(lambda: demands(bus)[3:] == [0, 0, 0], "the maxima follow the present demand")
    words = integers(bus)
    assert [words[n] for n in range(37, 43)] == [0] * 6


def test_a_subinterval_of_10_s_ends_by_itself(bus):
    truth = quantities(40)
    bus.write(150, 10)
    shown = wait_for(lambda: (d := demands(bus))[0] > 0 and d, "ten seconds pass")
    assert abs(shown[0] - truth["kw"]) < truth["kw"] * 1e-5
    assert abs(integers(bus)[37] - 3740) <= 1


def test_a_broadcast_is_carried_out_and_never_answered(bus):
    """The next bytes on the bus are the reply to the next request."""
    writes = [(write_pdu(142, 33), 142, 33), (write_many_pdu(143, [44, 100]), 144, 100)]
    for pdu, register, value in writes:
        bus.send(frame(0, pdu))
        bus.send(frame(bus.address, read_pdu(register)))
        assert bus.receive() == (bus.address, bytes([3, 2]) + struct.pack(">H", value))
    assert bus.read(142, 3) == [33, 44, 100]


def test_a_broadcast_that_is_no_write_is_ignored(bus):
    before = settings_of(bus)
    for pdu in (read_pdu(1, 2), read_pdu(1, 2, 4), b"\x11", b"\x2b\x0e\x01\x00", write_pdu(142, 100), write_pdu(135, 1), b"\x07"):
        bus.send(frame(0, pdu))
        bus.send(frame(bus.address, read_pdu(7001)))
        assert bus.receive() == (bus.address, bytes([3, 2]) + struct.pack(">H", 12345))
    assert settings_of(bus) == before


def test_other_addresses_are_never_answered(bus):
    for address in (2, 17, 247, 248, 255):
        bus.send(frame(address, write_pdu(142, 66)))
        bus.send(frame(bus.address, read_pdu(142)))
        assert bus.receive() == (bus.address, bytes([3, 2, 0, 10]))


@pytest.mark.parametrize("function", [1, 2, 5, 7, 8, 0x0F, 0x14, 0x16, 0x17, 0x18, 0x41])
def test_other_functions_get_01(bus, function):
    data = {1: 4, 2: 4, 5: 4, 8: 4}.get(function)
    pdu = bytes([function]) + bytes(data or 0)
    if function == 0x0F:
        pdu = struct.pack(">BHHBB", function, 0, 1, 1, 1)
    elif function == 0x16:
        pdu = struct.pack(">BHHH", function, 129, 0, 40)
    elif function == 0x17:
        pdu = struct.pack(">BHHHHBH", function, 0, 1, 129, 1, 2, 40)
    elif function == 0x14:
        pdu = struct.pack(">BBBHHH", function, 7, 6, 1, 0, 1)
    elif function == 0x18:
        pdu = struct.pack(">BH", function, 0)
    assert bus.exception_of(pdu) == 1
    assert bus.read(130)[0] == 40


def test_report_slave_id_is_complete(bus):
    text = b"Leviton Series 4000K Power Meter Full Data Set"
    assert bus.request(b"\x11") == bytes([0x11, 2 + len(text), 247, 0xFF]) + text


OBJECTS = [(0, b"Leviton"), (1, b"Series 4000"), (2, b"V12.345")]


def identification(code, objects):
    body = b"".join(bytes([number, len(text)]) + text for number, text in objects)
    return bytes([0x2B, 0x0E, code, 0x01, 0, 0, len(objects)]) + body


@pytest.mark.parametrize("code,first,objects", [
    (1, 0, OBJECTS), (1, 1, OBJECTS[1:]), (1, 2, OBJECTS[2:]), (1, 3, OBJECTS), (1, 0x80, OBJECTS),
    (2, 0, OBJECTS), (3, 0, OBJECTS),
])
def test_device_identification_streams_the_basic_objects(bus, code, first, objects):
    assert bus.request(bytes([0x2B, 0x0E, code, first])) == identification(code, objects)


@pytest.mark.parametrize("pdu,code", [
    (b"\x2b\x0e\x04\x00", 3), (b"\x2b\x0e\x00\x00", 3), (b"\x2b\x0e\x05\x00", 3), (b"\x2b\x0d\x01\x00", 1), (b"\x2b\x0f\x00\x00", 1),
])
def test_device_identification_refuses_the_rest(bus, pdu, code):
    assert bus.exception_of(pdu) == code
