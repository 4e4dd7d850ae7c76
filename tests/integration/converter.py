"""A converter behind a test iiod server, with a wave whose truth is known; and what the bus says of it."""
import contextlib
import math

from conftest import wait_for
from iiod_server import IiodServer
from rtu import float_of
from truth import FLOATS, quantities

# The server's wave: 20000 steps of 0.5 mV peak on every channel.  The ratios make 277 V and 0.5 V (of a CT of 100 A : 1 V) of it.
PIN_V = 20000 * 0.5e-3 / math.sqrt(2)
LAG_DEGREES = math.degrees(math.acos(0.9))
WAVE = {"phases": ",".join(str(angle - lag) for lag in (0, LAG_DEGREES) for angle in (0, -120, 120))}
# 16 bits, and a share for the estimate of the rate of the converter's own clock.
TOLERANCE = 2e-4


def converter_config(port, more=""):
    return (f'adc: {{ source = "iio"; uri = "ip:127.0.0.1:{port}"; voltage_ratio = {277 / PIN_V!r}; '
            f"current_ratio = {0.5 / PIN_V!r}; {more} }};\n")


def check_load(bus):
    words = bus.read(257, 90)
    truth = quantities(40)
    for name, true in truth.items():
        shown = float_of(words[FLOATS[name] - 257:FLOATS[name] - 255])
        whole = truth["kva" + name[4:]] if name.startswith("kvar") else true
        assert abs(shown - true) <= TOLERANCE * whole, (name, shown, true)


def is_live(bus):
    return bus.read(26) != [0x8000]


def wait_live(bus):
    wait_for(lambda: is_live(bus), "readings are live")


def wait_dead(bus):
    wait_for(lambda: not is_live(bus), "nothing is live")


@contextlib.contextmanager
def converter(port=0, **options):
    with IiodServer(port, **{**WAVE, **options}) as server:
        yield server
