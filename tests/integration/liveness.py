"""What a meter shows when nothing is live."""
from truth import FLOATS, INTEGERS, LONGS

NOT_VALID_FLOAT = [0x7FC0, 0x0000]
# Accumulators and demands are not instantaneous: they stand still.
KEPT = {"kwh", "kwh_2", "kvah", "kvarh", "kwh_a", "kwh_b", "kwh_c", "pulses_1", "pulses_2", "kw_demand", "kvar_demand", "kva_demand",
        "kw_max_demand", "kvar_max_demand", "kva_max_demand"}


def check_nothing_is_live(bus):
    floats, integers = bus.read(257, 90), bus.read(1, 52)
    for name, first in FLOATS.items():
        words = floats[first - 257:first - 255]
        assert (words == NOT_VALID_FLOAT) == (name not in KEPT), name
    for name, (first, _) in INTEGERS.items():
        if name not in LONGS and name not in KEPT:
            assert integers[first - 1] == 0x8000, name
    assert bus.read(146) == [1 << 6]
