"""A converter that is missing, seen from the bus."""
import socket

import pytest
from conftest import wait_for
from liveness import NOT_VALID_FLOAT, check_nothing_is_live
from rtu import float_of, signed, write_pdu
from truth import FLOATS, INTEGERS, derived


@pytest.fixture
def closed_port():
    """A port of the loopback that refuses connections: bound, so that nobody else takes it, and not listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


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
