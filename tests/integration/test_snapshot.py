"""A read shows one second, never two, while every second differs from the last."""
import math

from conftest import wait_for
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


def test_reads_under_a_varying_load_never_mix_two_seconds(daemon):
    meter = daemon(config=VARYING).wait_live()
    seen, reads = [], 0
    with meter.bus() as bus:
        def enough():
            nonlocal reads
            words = bus.read(257, 90)
            reads += 1
            check_one_second(words)
            if not seen or seen[-1] != words:
                seen.append(words)
            return len(seen) > SECONDS
        while not enough():
            wait_for(lambda: bus.read(257, 90) is not None, "a reply")
    powers = {value(words, "kw") for words in seen}
    assert len(powers) > SECONDS, "the load stood still: nothing was proved"
    assert reads > SECONDS
    energies = [value(words, "kwh") for words in seen]
    assert energies == sorted(energies)


def test_integers_of_a_read_are_of_one_second(daemon):
    meter = daemon(config=VARYING).wait_live()
    seen = []
    with meter.bus() as bus:
        while len(seen) <= SECONDS:
            words = bus.read(1, 52)
            assert abs(words[3 - 1] - sum(words[9:12])) <= 2      # four roundings
            assert abs(3 * words[9 - 1] - sum(words[21:24])) <= 3
            if not seen or seen[-1] != words:
                seen.append(words)
    assert len({words[2] for words in seen}) > 2, "the load stood still: nothing was proved"
