"""Every configuration in conf/examples measures right on the converter that it is for.

The converter is played as its kernel driver shows it: name, channels, format, scale as the driver rounds it, rates as it rounds
them, trigger, time stamps.  What the wiring makes of volts and amperes, and the converter of that, is worked out here from the
parts and the data sheet, with nothing of the configuration or the program.
"""
import ast
import cmath
import dataclasses
import glob
import math
import operator
import os
import re
import subprocess

import pytest
from conftest import BUILD, DAEMON, wait_for
from iiod_server import IiodServer
from rtu import float_of
from truth import FLOATS

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
FILES = {os.path.basename(path).removesuffix(".conf"): path for path in sorted(glob.glob(os.path.join(TOP, "conf/examples/*.conf")))}

# A load: fractions of the line voltage and of the CT's rated current, degrees by which the current lags, and a fifth harmonic.
LOAD = {"a": (1.00, 0.60, 25.0), "b": (0.97, 0.40, -10.0), "c": (1.02, 0.80, 40.0)}
FIFTH = {"v": (0.03, 50.0), "i": (0.10, -70.0)}


@dataclasses.dataclass
class FrontEnd:
    """What is connected, and what the driver shows of the converter."""
    line_v: float                       # to neutral, nominal
    hz: int
    rated_a: float
    rate: int                           # that the converter must come to
    volts_per_line_volt: float          # at the pin
    volts_per_rated: float              # at the pin, with the CT's rated current
    full_scale_v: tuple                 # of voltage and of current channels
    bits: int
    driver: dict                        # options of the server
    filter: object = lambda hz: 1.0     # of the converter, gain by frequency
    rate_rule: object = None
    scales: tuple = ()                  # as the driver says them, of voltage and of current channels
    channels: int = 8
    log: tuple = ()                     # what the daemon must say of it
    tolerance: float = 1e-4


def parallel(a, b):
    return a * b / (a + b)


def divider(top, bottom):
    return bottom / (top + bottom)


def sinc3(modulator_hz, rate):
    """The filter of a delta-sigma converter: three means over as many steps of its modulator as a sample has."""
    steps = modulator_hz / rate
    return lambda hz: (math.sin(math.pi * hz / rate) / (steps * math.sin(math.pi * hz / modulator_hz))) ** 3


def mean_of(seconds):
    return lambda hz: math.sin(math.pi * hz * seconds) / (math.pi * hz * seconds)


def fractional_log2(value, gain, bits):
    """How the kernel prints value / gain / 2^bits: the quotient whole, then nine digits, cut off."""
    nano = value // gain * 1000000000 >> bits
    return "%d.%09d" % divmod(nano, 1000000000)


def ads1298_rate(rate):
    factor = 32000 // int(rate)
    return 32000 / 2 ** math.floor(math.log2(factor)) if factor else 32000


FRONT_ENDS = {
    "ads131e08": FrontEnd(
        line_v=277, hz=60, rated_a=100, rate=4000, volts_per_line_volt=divider(3 * 332e3, 4020), volts_per_rated=1 / 3,
        full_scale_v=(2.4, 2.4 / 4), bits=24, filter=sinc3(1.024e6, 4000), log=("taken for kHz",),
        scales=(fractional_log2(2400, 1, 23), fractional_log2(2400, 4, 23)),
        driver=dict(device_name="ads131e08", trigger_name="ads131e08-dev0", format="be:s24/32>>8", stamps="none", rate=1000, rate_on="channel",
                    rate_unit=1000, available="1 2 4 8 16 32 64", available_on="device"), channels=6),
    "ad7606": FrontEnd(
        line_v=277, hz=60, rated_a=200, rate=5000, volts_per_line_volt=120 / 480 * divider(24900, parallel(1000, 1e6)),
        volts_per_rated=0.1 * parallel(20, 953 + 1e6) * divider(953, 1e6),
        full_scale_v=(5, 5), bits=16, filter=mean_of(0.15e-3), scales=("0.152588",) * 2,
        log=("5000 Hz until the scans tell",), tolerance=2e-4,
        driver=dict(device_name="ad7606-8", trigger_name="ad7606-8-dev0", format="le:s16/16>>0", rate=5000, rate_on="none", late_us=30)),
    "ad7606b-fpga": FrontEnd(
        line_v=230, hz=50, rated_a=800, rate=10000, volts_per_line_volt=divider(3 * 330e3, parallel(9090, 5e6)),
        volts_per_rated=divider(9090, 5e6), full_scale_v=(5, 5), bits=16, scales=("0.152588",) * 2, tolerance=2e-4,
        driver=dict(device_name="ad7606b", trigger_name="", format="le:s16/16>>0", rate=800000, stamps="none", burst=1024)),
    "ad7779": FrontEnd(
        line_v=230, hz=50, rated_a=250, rate=4000, volts_per_line_volt=divider(3 * 330e3, 3300), volts_per_rated=1 / 3,
        full_scale_v=(2.5, 2.5), bits=24, filter=sinc3(2.048e6, 4000), rate_rule=lambda rate: rate if rate <= 16000 else None,
        driver=dict(device_name="ad7779", trigger_name="ad7779-dev0", format="be:s24/32>>0", rate=8000, late_us=5, scale="")),
    "ads1298": FrontEnd(
        line_v=277, hz=60, rated_a=400, rate=4000, volts_per_line_volt=divider(3 * 332e3, 1000), volts_per_rated=1 / 3,
        full_scale_v=(4 / 6, 4 / 6), bits=24, filter=sinc3(0.512e6, 4000), rate_rule=ads1298_rate,
        scales=(fractional_log2(4000, 6, 23),) * 2, log=("adc.scale_mv 7.94728597e-05 is taken",),
        driver=dict(device_name="ads1298", trigger_name="", format="le:s24/32>>0", rate=250, stamps="none")),
}


# ---- the truth ----

def phasors(end):
    """By input: {harmonic: phasor, rms}, in volts to neutral and amperes."""
    found = {}
    for n, (phase, (v, i, lag)) in enumerate(LOAD.items()):
        for kind, size, angle in (("v", v * end.line_v, -120 * n), ("i", i * end.rated_a, -120 * n - lag)):
            share, fifth_angle = FIFTH[kind]
            found[kind + phase] = {1: cmath.rect(size, math.radians(angle)),
                                   5: cmath.rect(size * share, math.radians(5 * angle + fifth_angle))}
    return found


def rms(harmonics):
    return math.sqrt(sum(abs(phasor) ** 2 for phasor in harmonics.values()))


def true_readings(end):
    """By the names of the float registers: (value, what an error is measured against)."""
    inputs, truth = phasors(end), {"hz": (end.hz, end.hz)}
    for phase in LOAD:
        v, i = inputs["v" + phase], inputs["i" + phase]
        truth[f"v_{phase}n"] = (rms(v),) * 2
        truth[f"amps_{phase}"] = (rms(i),) * 2
        truth[f"kw_{phase}"] = (sum((v[h] * i[h].conjugate()).real for h in v) / 1000, rms(v) * rms(i) / 1000)
    for a, b in ("ab", "bc", "ac"):
        across = {h: inputs["v" + a][h] - inputs["v" + b][h] for h in (1, 5)}
        truth[f"v_{a}{b}"] = (rms(across),) * 2
    truth["kw"] = tuple(sum(truth[f"kw_{phase}"][k] for phase in LOAD) for k in (0, 1))
    return truth


def codes(end):
    """One period of what the converter makes of it, for each of its channels."""
    inputs = phasors(end)
    period = end.rate // math.gcd(end.rate, end.hz)
    order = [kind + phase for kind in "vi" for phase in LOAD]

    def code(name, n):
        pin = end.volts_per_line_volt if name[0] == "v" else end.volts_per_rated / end.rated_a
        volts = sum(math.sqrt(2) * end.filter(h * end.hz) * pin
                    * (phasor * cmath.exp(2j * math.pi * h * end.hz * n / end.rate)).real for h, phasor in inputs[name].items())
        return round(volts / end.full_scale_v[name[0] == "i"] * 2 ** (end.bits - 1))
    return [[code(name, n) for name in order] + [n % 7] * (end.channels - 6) for n in range(period)]


class Converter(IiodServer):
    """Scales that differ between voltages and currents, as amplifiers set in the device tree make them."""

    def __init__(self, end):
        self.scales = end.scales
        scale = {"scale": end.scales[0]} if end.scales else {}
        super().__init__(wave=codes(end), rate_rule=end.rate_rule, channels=end.channels, **{**scale, **end.driver})

    def channel_attributes(self, channel):
        found = super().channel_attributes(channel)
        if self.scales:
            found["scale"] = self.scales[int(channel.removeprefix("voltage")) in (3, 4, 5)]
        return found


# ---- the tests ----

def test_every_example_has_its_converter_here_and_its_line_in_the_page():
    with open(os.path.join(TOP, "doc/front-ends.md"), encoding="utf-8") as page:
        listed = re.findall(r"^\| `([a-z0-9-]+)\.conf` \|", page.read(), re.MULTILINE)
    assert sorted(listed) == sorted(FRONT_ENDS) == sorted(FILES)


def test_every_example_is_installed(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    subprocess.run(["make", "-s", "-C", BUILD, "install-dist_examplesDATA", "install-dist_docDATA", f"DESTDIR={tmp_path}"], check=True,
                   env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    installed = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name, path in FILES.items():
        with open(path, "rb") as file:
            assert installed[name + ".conf"] == file.read()
    assert "front-ends.md" in installed


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow}


def value_of(node):
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](value_of(node.left), value_of(node.right))
    assert isinstance(node, ast.Constant), node
    return node.value


def arithmetic(text):
    """By the words in front: results of the comments' lines "words:  expression = number"; each is worked out anew."""
    found = {}
    for words, expression, shown in re.findall(r"^#   ([^:=]+):  ([-+*/^(). 0-9]+) = ([0-9.]+)", text, re.MULTILINE):
        value = value_of(ast.parse(expression.replace("^", "**"), mode="eval").body)
        # as many digits as are shown
        unit = 10.0 ** -len(shown.partition(".")[2])
        assert abs(value - float(shown)) <= 0.51 * unit, (words, expression, value)
        found[words] = float(shown)
    return found


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_example_is_accepted_and_its_arithmetic_is_right(name):
    done = subprocess.run([DAEMON, "-t", "-c", FILES[name]], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with open(FILES[name], encoding="utf-8") as file:
        text = file.read()
    results = arithmetic(text)
    assert len(results) >= 3 and "voltage_ratio" in results, results
    for key in ("voltage_ratio", "current_ratio", "scale_mv"):
        configured = re.findall(rf"^  {key} = ([0-9.]+);", text, re.MULTILINE)
        # a CT that is connected directly needs no arithmetic
        if key in results or configured not in ([], ["1.0"]):
            assert [float(value) for value in configured] == [results[key]], (key, configured)


def difference(bus, end):
    """What is wrong with the readings, or ""."""
    words = bus.read(257, 90)
    for name, (true, whole) in true_readings(end).items():
        shown = float_of(words[FLOATS[name] - 257:FLOATS[name] - 255])
        if not abs(shown - true) <= end.tolerance * whole:
            return f"{name}: {shown}, must be {true}"
    return ""


def measure(daemon, name, end):
    """What is wrong with a daemon on the converter, or ""; and by how much the converter was late at worst."""
    server = Converter(end)
    try:
        with open(FILES[name], encoding="utf-8") as file:
            text = file.read()
        assert text.count("\nadc: {") == 1
        meter = daemon(config=text.replace("\nadc: {", f'\nadc: {{ uri = "{server.uri}";')).wait_open()
        wrong = []

        def right():
            wrong[:] = [difference(bus, end)]
            return not wrong[0] or server.worst_late_s > LATE_S
        with meter.bus() as bus:
            try:
                wait_for(right, "right readings", deadline_s=20)
            except AssertionError:
                pass
            if not wrong[0]:
                assert server.rate == end.rate, name
                # no channel clips, nothing is lost from sight
                assert bus.read(146)[0] & 0b1111111 == 0, name
        if not wrong[0]:
            assert all(words in meter.log for words in end.log), meter.log
        meter.stop()
        return wrong[0] and f"{wrong[0]}\n{meter.log}", server.worst_late_s
    finally:
        server.close()


LATE_S = 0.05


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_example_measures_right_on_its_converter(daemon, name):
    # What a converter does that a loaded machine held up proves nothing.
    for _ in range(6):
        wrong, late_s = measure(daemon, name, FRONT_ENDS[name])
        if not wrong:
            return
        assert late_s > LATE_S, f"{name}: {wrong}"
    raise AssertionError(f"{name}: in six attempts the converter was never on time: this machine is too busy to tell")


def test_a_rate_that_the_driver_of_the_ad7779_only_claims_is_found_out(daemon):
    """Asked for 2520 it makes 2000 and says 2520: its divider is of whole kilohertz."""
    end = dataclasses.replace(FRONT_ENDS["ad7779"], rate=2000, filter=sinc3(2.048e6, 2000))
    server = Converter(end)
    server.rate_rule = lambda rate: int(rate) // 1000 * 1000
    server.claimed = 2520
    try:
        with open(FILES["ad7779"], encoding="utf-8") as file:
            text = file.read().replace("\nadc: {", f'\nadc: {{ uri = "{server.uri}";').replace("rate = 4000.0;", "rate = 2520.0;")
        meter = daemon(config=text).wait_open()
        with meter.bus() as bus:
            wait_for(lambda: not difference(bus, end), "right readings at the true rate")
        assert "delivers 2000 scans per second, not 2520" in meter.log
    finally:
        server.close()
