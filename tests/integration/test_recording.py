"""A recording as the source of samples: one that loops, one that ends."""
import math

from conftest import wait_for
from liveness import check_nothing_is_live
from rtu import float_of
from truth import FLOATS, quantities


def write_recording(directory, seconds, rate=2520, v=277.0, i=50.0, hz=60.0, pf=0.9, skew_us=(0,) * 6):
    """A COMTRADE 1999 recording in ASCII of a symmetrical load; whole cycles, so that it can be looped."""
    volt, ampere = 0.004, 0.00075    # of one step
    angles = [-2 * math.pi / 3 * n for n in range(3)]
    waves = [(v * math.sqrt(2) / volt, a) for a in angles] + [(i * math.sqrt(2) / ampere, a - math.acos(pf)) for a in angles]
    names = (("UL1", "V", volt), ("UL2", "V", volt), ("UL3", "V", volt), ("IL1", "A", ampere), ("IL2", "A", ampere), ("IL3", "A", ampere))
    samples = seconds * rate
    config = ["substation,recorder,1999", "6,6A,0D"]
    config += [f"{n},{name},,,{unit},{step},0,{skew_us[n - 1]},-99999,99999,1,1,P" for n, (name, unit, step) in enumerate(names, 1)]
    config += [str(hz), "1", f"{rate},{samples}", "01/02/2024,00:00:00.000000", "01/02/2024,00:00:00.000000", "ASCII", "1", ""]
    (directory / "load.cfg").write_text("\r\n".join(config), encoding="ascii")
    with open(directory / "load.dat", "w", encoding="ascii", newline="") as data:
        for n in range(samples):
            turns = (2 * math.pi * hz * (n / rate + skew * 1e-6) for skew in skew_us)
            values = ",".join(str(round(peak * math.sin(turn + angle))) for turn, (peak, angle) in zip(turns, waves))
            data.write(f"{n + 1},{round(n * 1e6 / rate)},{values}\r\n")
    return directory / "load.cfg"


def recording_config(path, loop):
    channels = "".join(f'{key} = {{ channel = "{name}"; }}; ' for key, name in zip(
        ("va", "vb", "vc", "ia", "ib", "ic"), ("UL1", "UL2", "UL3", "IL1", "IL2", "IL3")))
    channels = channels.replace(" = {", ": {")
    return (f'adc: {{ source = "comtrade"; recording = "{path}"; loop = {"true" if loop else "false"}; '
            f"channels: {{ {channels} }}; }};\n")


def check_load(bus):
    words = bus.read(257, 90)
    truth = quantities(40)
    for name, true in truth.items():
        shown = float_of(words[FLOATS[name] - 257:FLOATS[name] - 255])
        # What rounding to the file's steps leaves; powers in parts of the apparent power.
        whole = truth["kva" + name[4:]] if name.startswith("kvar") else true
        assert abs(shown - true) <= 1e-5 * whole, (name, shown, true)
    return float_of(words[0:2])


def test_a_looped_recording_is_measured_without_end(daemon, tmp_path):
    seconds = 5
    meter = daemon(config=recording_config(write_recording(tmp_path, seconds), True)).wait_live()
    second_kwh = quantities(40)["kw"] / 3600
    with meter.bus() as bus:
        # Live all the time, over two seams.
        wait_for(lambda: check_load(bus) > 2.2 * seconds * second_kwh, "the recording comes round twice")
        assert bus.read(146) == [0]


def test_channels_that_were_sampled_one_after_the_other_are_measured_as_if_at_once(daemon, tmp_path):
    path = write_recording(tmp_path, 3, skew_us=(0, 15, 30, 45, 60, 75))
    meter = daemon(config=recording_config(path, True)).wait_live()
    with meter.bus() as bus:
        check_load(bus)


def test_a_recording_that_has_ended_is_not_served_as_live(daemon, tmp_path):
    seconds = 4
    meter = daemon(config=recording_config(write_recording(tmp_path, seconds), False)).wait_live()
    with meter.bus() as bus:
        check_load(bus)
        wait_for(lambda: bus.read(26) == [0x8000], "the end is noticed")
        check_nothing_is_live(bus)
        counted = float_of(bus.read(257, 2)) * 3600 / quantities(40)["kw"]
        # Whole seconds of the recording, and half of the first crossfade filled in.
        assert 2 <= counted <= seconds, counted
        assert float_of(bus.read(257, 2)) * 3600 / quantities(40)["kw"] == counted
