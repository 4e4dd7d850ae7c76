"""A read shows one second, never two, while every second differs from the last."""
import math
import time

from conftest import HANG_S
from rtu import float_of
from truth import FLOATS

VARYING = 'adc: { source = "sim"; };\nsim: { profile = "varying"; };\n'
SECONDS = 8
RESOLUTION = 2.0 ** -23


def value(words, name):
    at = FLOATS[name] - 257
    return float_of(words[at:at + 2])


def check_one_second(words):
    """What adds up within a second does not across two."""
    for total, parts in (("kw", ["kw_a", "kw_b", "kw_c"]), ("kwh", ["kwh_a", "kwh_b", "kwh_c"]), ("kvar", ["kvar_a", "kvar_b", "kvar_c"])):
        expected = sum(value(words, part) for part in parts)
        assert math.isclose(value(words, total), abs(expected), rel_tol=4 * RESOLUTION, abs_tol=1e-9), total
    assert value(words, "kwh") == value(words, "kwh_2")
    assert math.isclose(value(words, "pf"), value(words, "kw") / value(words, "kva"), rel_tol=4 * RESOLUTION)
    for phase in "abc":
        volts, amps = value(words, f"v_{phase}n"), value(words, f"amps_{phase}")
        assert math.isclose(value(words, f"kva_{phase}") * 1000, volts * amps, rel_tol=4 * RESOLUTION)
        assert math.isclose(value(words, f"pf_{phase}"), value(words, f"kw_{phase}") / value(words, f"kva_{phase}"), rel_tol=4 * RESOLUTION)
    assert math.isclose(value(words, "amps") * 3, sum(value(words, f"amps_{p}") for p in "abc"), rel_tol=4 * RESOLUTION)


def collect(bus, first, count, check):
    """Reads as fast as the bus goes until that many different seconds were seen; each read is checked."""
    seen, reads = [], 0
    deadline = time.monotonic() + HANG_S
    while len(seen) <= SECONDS:
        words = bus.read(first, count)
        reads += 1
        check(words)
        if not seen or seen[-1] != words:
            seen.append(words)
        assert time.monotonic() < deadline, "the load stands still"
    assert reads > len(seen), "no second was read twice: too slow to prove anything"
    return seen


def test_reads_under_a_varying_load_never_mix_two_seconds(daemon):
    meter = daemon(config=VARYING).wait_live()
    with meter.bus() as bus:
        seen = collect(bus, 257, 90, check_one_second)
    assert len({value(words, "kw") for words in seen}) == len(seen), "the load stood still: nothing was proved"
    energies = [value(words, "kwh") for words in seen]
    assert energies == sorted(set(energies))


def check_integers(words):
    kw, phases = words[3 - 1], words[10 - 1:12]
    assert abs(kw - sum(phases)) <= 2      # four roundings
    amps, phases = words[9 - 1], words[22 - 1:24]
    assert abs(3 * amps - sum(phases)) <= 3


def test_integers_of_a_read_are_of_one_second(daemon):
    meter = daemon(config=VARYING).wait_live()
    with meter.bus() as bus:
        seen = collect(bus, 1, 52, check_integers)
    assert len({words[3 - 1] for words in seen}) > 2, "the load stood still: nothing was proved"
