"""A converter that is missing, comes, goes, loses samples: seen from the bus."""
import socket

import pytest
from conftest import wait_for
from converter import check_load, converter, converter_config, is_live, wait_dead, wait_live
from liveness import NOT_VALID_FLOAT, check_nothing_is_live
from rtu import float_of, signed, write_pdu
from truth import FLOATS, INTEGERS, derived, quantities


@pytest.fixture
def closed_port():
    """A port of the loopback that refuses connections: bound, so that nobody else takes it, and not listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def closed_port_later():
    """Such a port, and a function that frees it for a server to come."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1], holder.close


def test_a_missing_converter_is_named_and_served_as_not_valid(daemon, closed_port):
    meter = daemon(config=f'adc: {{ source = "iio"; uri = "ip:127.0.0.1:{closed_port}"; }};\n').wait_open()
    with meter.bus() as bus:
        check_nothing_is_live(bus)
        assert [float_of(bus.read(n, 2)) for n in (257, 309, 311, 325, 331, 341)] == [0] * 6
        assert bus.read(7001) == [12345]
    wait_for(lambda: f"127.0.0.1:{closed_port}" in meter.log, "the log names the converter")
    assert any(str(closed_port) in line and "refused" in line for line in meter.log.splitlines()), meter.log


def test_writes_are_applied_and_confirmed_while_no_samples_come(daemon, closed_port):
    meter = daemon(config=f'adc: {{ source = "iio"; uri = "ip:127.0.0.1:{closed_port}"; }};\n').wait_open()
    with meter.bus() as bus:
        for system_type in (10, 11, 12, 31, 40):
            bus.write_many(130, [system_type, 3000])
            expected = derived(system_type, 3000)
            words = dict(zip(range(129, 155), bus.read(129, 26)))
            assert (words[130], words[131], words[135]) == (system_type, 3000, expected["max_power"])
            assert [signed(words[n]) for n in (138, 139, 140, 141)] == [expected["scale_" + group] for group in "ivwe"]
            check_nothing_is_live_in_type(bus)
        assert bus.exception_of(write_pdu(130, 20)) == 3
        for command in (30078, 30078, 16498, 21211, 21212):
            bus.write(129, command)
        assert bus.read(147) == [2]
        bus.write(131, 32000)
        bus.write(134, 660)
        assert bus.read(146) == [1 << 6]
        assert bus.exception_of(write_pdu(144, 10)) == 3


def check_nothing_is_live_in_type(bus):
    for name in ("kw", "kw_a", "amps_a", "hz", "pf", "vll", "vln"):
        assert bus.read(INTEGERS[name][0]) == [0x8000], name
        assert bus.read(FLOATS[name], 2) == NOT_VALID_FLOAT, name


def test_a_converter_that_appears_later_is_measured(daemon, closed_port_later):
    port, release = closed_port_later
    meter = daemon(config=converter_config(port)).wait_open()
    with meter.bus() as bus:
        wait_for(lambda: str(port) in meter.log, "the missing converter is noticed")
        check_nothing_is_live(bus)
        release()
        with converter(port):
            wait_live(bus)
            check_load(bus)
            assert bus.read(146) == [0]


def test_a_converter_that_goes_and_comes_back_is_measured_again(daemon):
    with converter() as server:
        meter = daemon(config=converter_config(server.port)).wait_live()
        with meter.bus() as bus:
            check_load(bus)
            server.close()
            wait_dead(bus)
            check_nothing_is_live(bus)
            counted = bus.read(1, 2), bus.read(257, 2)
            with converter(server.port):
                assert counted == (bus.read(1, 2), bus.read(257, 2)) or is_live(bus)
                wait_live(bus)
                check_load(bus)
                assert bus.read(146) == [0]
                wait_for(lambda: float_of(bus.read(257, 2)) > float_of(counted[1]), "energy goes on")


def test_lost_samples_are_counted_to_the_sample_and_readings_stay_true(daemon):
    lost = 777
    with converter() as server:
        meter = daemon(config=converter_config(server.port)).wait_live()
        with meter.bus() as bus:
            server.options.update(drop=lost)
            wait_for(lambda: server.lost == lost, "samples are lost")
            energy = float_of(bus.read(257, 2))

            def measured_on():
                check_load(bus)
                return float_of(bus.read(257, 2)) > energy + 3 * quantities(40)["kw"] / 3600
            wait_for(measured_on, "three seconds are measured")
        meter.stop()
        assert f"samples: {lost} lost in 1 gaps" in meter.log, meter.log


@pytest.mark.parametrize("rate,scale,format_", [(2560.0, "0.5", "be:S24/32>>8"), (8000.0, "0.5", "le:s16/16>>0"), (1600.0, "0.25", "le:s32/32>>0")])
def test_rate_format_and_scale_of_the_converter_are_taken(daemon, rate, scale, format_):
    amplitude = 10 / (float(scale) * 1e-3)
    with converter(rate=rate, scale=scale, format=format_, amplitude=amplitude) as server:
        meter = daemon(config=converter_config(server.port, f"rate = {int(rate)};")).wait_live()
        with meter.bus() as bus:
            check_load(bus)


def test_a_clipped_converter_is_an_alert(daemon):
    with converter(amplitude=40000.0) as server:
        meter = daemon(config=converter_config(server.port)).wait_live()
        with meter.bus() as bus:
            wait_for(lambda: bus.read(146)[0] & 0b111111 == 0b111111, "clipping is seen on all six")
