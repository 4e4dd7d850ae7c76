"""Faults of a converter, seen from the bus."""
import pytest
from converter import check_load, converter, converter_config, wait_dead, wait_live
from liveness import check_nothing_is_live
from rtu import write_pdu


@pytest.mark.parametrize("fault", ["stall_refill", "stall_inside", "refill_error", "garbage", "reset"])
def test_a_fault_of_the_converter_is_survived(daemon, fault):
    with converter() as server:
        meter = daemon(config=converter_config(server.port)).wait_live()
        with meter.bus() as bus:
            server.options.update(**{fault: 5})
            wait_dead(bus)
            check_nothing_is_live(bus)
            assert bus.exception_of(write_pdu(142, 20)) == 0
            server.options.update(**{fault: 0})
            wait_live(bus)
            check_load(bus)
            assert bus.read(142) == [20]


def test_a_silent_converter_does_not_keep_the_daemon_from_ending(daemon):
    with converter() as server:
        meter = daemon(config=converter_config(server.port)).wait_live()
        server.options.update(stall_refill=1, stall_close=1)
        with meter.bus() as bus:
            wait_dead(bus)
        meter.stop()
