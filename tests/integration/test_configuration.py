"""What the configuration file says, seen from the bus: settings, identity, rules, and loads of every kind."""
import math

import pytest
from conftest import wait_for
from rtu import float_of, frame, read_pdu, signed
from truth import FLOATS, NAN, derived, quantities

SHARE = 4e-6
POWER_KINDS = ("kw", "kvar", "kva")


def sim(text, meter="", more=""):
    return f'adc: {{ source = "sim"; }};\nsim: {{ {text} }};\nmeter: {{ {meter} }};\n{more}'


def floats_of(bus):
    words = bus.read(257, 90)
    return {name: float_of(words[first - 257:first - 255]) for name, first in FLOATS.items()}


def check(shown, expected):
    for name, true in expected.items():
        kind = name.split("_")[0]
        if math.isnan(true):
            assert math.isnan(shown[name]), name
            continue
        # Powers in parts of what the largest apparent power of these loads is.
        slack = SHARE * (50 if kind in POWER_KINDS else max(abs(true), 0.01))
        assert abs(shown[name] - true) <= slack, (name, shown[name], true)


def test_settings_of_the_file_stand_in_the_registers_from_the_first_read(daemon):
    meter = daemon(config=sim("", "system_type = 31; ct_primary = 400; ct_secondary = 3; pt_ratio = 2.0; system_voltage = 960; "
                              'display_units = "IEC"; phase_loss_voltage = 5; phase_loss_imbalance = 30; pulse_energy = 100; '
                              "demand_subintervals = 3; demand_subinterval_s = 60;")).wait_open()
    with meter.bus() as bus:
        words = dict(zip(range(129, 155), bus.read(129, 26)))
    assert {n: words[n] for n in (130, 131, 132, 133, 134, 137, 142, 143, 144, 149, 150)} == {
        130: 31, 131: 400, 132: 3, 133: 200, 134: 960, 137: 0, 142: 5, 143: 30, 144: 100, 149: 3, 150: 60}
    expected = derived(31, 400, 200, 960, 100)
    assert words[135] == expected["max_power"]
    assert [signed(words[n]) for n in (138, 139, 140, 141)] == [expected["scale_" + group] for group in "ivwe"]
    assert words[145] == expected["pulse_duration"]


def test_identity_and_address_are_those_of_the_file(daemon):
    meter = daemon(config=sim("", more='modbus: { address = 247; };\n'
                              'identity: { vendor = "Werk"; product = "Z"; id_string = "Zähler 7"; os_version = 1018; };\n')).wait_open()
    with meter.bus(247) as bus:
        assert bus.request(b"\x11") == bytes([0x11, 2 + len("Zähler 7".encode())]) + b"\xf7\xff" + "Zähler 7".encode()
        assert bus.request(b"\x2b\x0e\x01\x00") == b"\x2b\x0e\x01\x01\x00\x00\x03\x00\x04Werk\x01\x01Z\x02\x07V01.018"
        assert bus.read(7001) == [1018]
        # The default address is not ours now: the next bytes on the bus are the reply to the second request.
        bus.send(frame(1, read_pdu(7001)))
        assert bus.read(7001) == [1018]


def test_a_reversed_transformer_makes_no_difference(daemon):
    meter = daemon(config=sim("current = [ 50.0, -50.0, 50.0 ];")).wait_live()
    with meter.bus() as bus:
        check(floats_of(bus), quantities(40))


def test_a_reversed_transformer_counts_against_the_others_where_the_orientation_is_fixed(daemon):
    truth = quantities(40)
    meter = daemon(config=sim("current = [ 50.0, -50.0, 50.0 ];", 'ct_orientation = "fixed";')).wait_live()
    with meter.bus() as bus:
        check(floats_of(bus), {"kw": truth["kw_a"], "kw_a": truth["kw_a"], "kw_b": truth["kw_b"], "kw_c": truth["kw_c"]})


def test_current_below_the_no_load_gate_counts_as_none(daemon):
    truth = quantities(40)
    # The gate: 0.04 % of 100 A.
    meter = daemon(config=sim("current = [ 0.039, 0.041, 50.0 ];")).wait_live()
    with meter.bus() as bus:
        shown = floats_of(bus)
        check(shown, {"amps_a": 0, "kw_a": 0, "kvar_a": 0, "kva_a": 0, "pf_a": 1, "kw_c": truth["kw_c"], "amps_b": 0.041,
                      "kw_b": 277 * 0.041 * 0.9 / 1000, "amps": (0.041 + 50) / 3})
        assert shown["kwh_a"] == 0 < shown["kwh_b"] < shown["kwh_c"]
        assert bus.read(146) == [0]


@pytest.mark.parametrize("power_factor,alerts", [("0.51", 0), ("0.49", 0b111 << 11), ("[ 0.9, 0.3, 0.9 ]", 1 << 12), ("-0.49", 0b111 << 11)])
def test_a_low_power_factor_is_an_alert(daemon, power_factor, alerts):
    meter = daemon(config=sim(f"power_factor = {power_factor};")).wait_live()
    with meter.bus() as bus:
        assert bus.read(146) == [alerts]


@pytest.mark.parametrize("rule,volts,alerts", [
    # A lower than 10 % of 277 V; imbalance alone says the same.
    ("percent-of", "[ 20.0, 277.0, 277.0 ]", 1 << 8),
    # 240 V is below 249 V; AB and AC are 448 V, above 432 V; 13 % of imbalance.
    ("percent-below", "[ 277.0, 240.0, 277.0 ]", 1 << 9),
    ("percent-of", "[ 277.0, 240.0, 277.0 ]", 0),
    # A dead phase: frequency comes from B.
    ("percent-of", "[ 0.0, 277.0, 277.0 ]", 1 << 8),
    # Two dead phases: only AB is out of balance among the pairs, and it marks the same two.
    ("percent-of", "[ 0.0, 0.0, 277.0 ]", 0b011 << 8),
])
def test_phase_loss_follows_its_rule(daemon, rule, volts, alerts):
    meter = daemon(config=sim(f"voltage = {volts};", f'system_voltage = 480; phase_loss_rule = "{rule}";')).wait_live()
    with meter.bus() as bus:
        assert bus.read(26) == [6000]
        assert bus.read(146) == [alerts]


def test_a_dead_phase_reads_0_and_has_power_factor_1(daemon):
    meter = daemon(config=sim("voltage = [ 0.0, 277.0, 277.0 ];")).wait_live()
    with meter.bus() as bus:
        check(floats_of(bus), {"v_an": 0, "kw_a": 0, "kva_a": 0, "pf_a": 1, "amps_a": 50, "vln": 2 * 277 / 3, "v_ab": 277, "v_ac": 277,
                               "v_bc": 277 * math.sqrt(3), "vll": 277 * (2 + math.sqrt(3)) / 3, "hz": 60})


@pytest.mark.parametrize("hz,shown", [(44.9, NAN), (45.01, 45.01), (50.0, 50.0), (64.99, 64.99), (65.1, NAN)])
def test_frequency_is_shown_from_45_to_65_hz_and_all_else_regardless(daemon, hz, shown):
    meter = daemon(config=sim(f"frequency = {hz};")).wait_open()
    with meter.bus() as bus:
        from_first_second = wait_first_second(bus)
        check(from_first_second, {**quantities(40), "hz": shown})
        assert bus.read(146) == [1 << 6 if math.isnan(shown) else 0]


def wait_first_second(bus):
    wait_for(lambda: not math.isnan(floats_of(bus)["vln"]), "a second is measured")
    return floats_of(bus)


def test_harmonics_count_in_rms_and_real_power_not_in_reactive(daemon):
    v1, i1, pf, h = 277, 50, 0.9, 0.1
    lag = math.acos(pf)
    meter = daemon(config=sim("harmonics = ( { order = 5; voltage = 10.0; current = 10.0; phase = 0.0; } );")).wait_live()
    v, i = v1 * math.sqrt(1 + h * h), i1 * math.sqrt(1 + h * h)
    p = v1 * i1 * (pf + h * h * math.cos(5 * lag)) / 1000
    q = v1 * i1 * math.sin(lag) / 1000
    s = v * i / 1000
    with meter.bus() as bus:
        check(floats_of(bus), {"v_an": v, "amps_c": i, "kw_a": p, "kw": 3 * p, "kvar_b": q, "kvar": 3 * q, "kva_c": s, "kva": 3 * s,
                               "pf": p / s, "hz": 60, "v_ab": v * math.sqrt(3)})


def test_rotation_a_c_b_and_a_leading_load_change_no_magnitude(daemon):
    truth = quantities(40)
    meter = daemon(config=sim('rotation = "ACB"; power_factor = -0.9;')).wait_live()
    with meter.bus() as bus:
        shown = floats_of(bus)
        check(shown, {name: true for name, true in truth.items() if not name.startswith("kvar_")})
        for phase in "abc":
            assert abs(abs(shown["kvar_" + phase]) - truth["kvar_" + phase]) <= SHARE * 50


def test_sixteen_bits_and_noise_stay_far_inside_class_05(daemon):
    meter = daemon(config=sim("bits = 16; noise = 0.003; dc = 1.0;")).wait_live()
    truth = quantities(40)
    with meter.bus() as bus:
        shown = floats_of(bus)
    for name in ("kw", "kva", "v_an", "amps_b", "vll"):
        assert abs(shown[name] / truth[name] - 1) < 0.0005, name
