"""dinmeter capture: the recording measured by dinmeter analyze gives the registers that were shown, to the last digit; a reader
that knows only the standard's layout finds the wave that was there."""
import cmath
import csv
import datetime
import io
import math
import os
import resource
import signal
import struct
import subprocess
import threading
import time

import pytest
from conftest import BUILD, HANG_S, Daemon, wait_for
from control import Control
from converter import converter, converter_config
from rtu import float_of
from truth import FLOATS

DINMETER = os.path.join(BUILD, "dinmeter")
# What depends on the time before the recording: energies by their differences, the rest not at all.
ENERGIES = ("kwh", "kvah", "kvarh", "kwh_a", "kwh_b", "kwh_c")
HISTORY = {name for name in FLOATS if "demand" in name or "pulses" in name or name in ENERGIES or name == "kwh_2"}
SECONDS = 3

SIMULATIONS = {
    # not quantised, and steady: the wave is known to every sample
    "plain": 'adc: { source = "sim"; };\n',
    "noisy": """adc: { source = "sim"; rate = 4000.0; sinc_order = 3;
                 channels: { ia: { delay_us = 35.0; }; vb: { delay_us = -12.5; }; }; };
          sim: { bits = 16; profile = "varying"; noise = 0.05;
                 harmonics = ( { order = 3; voltage = 2.0; current = 20.0; phase = 15.0; }, { order = 11; voltage = 1.0; current = 5.0; } ); };
          meter: { system_voltage = 480; };\n""",
    "three_wire": """adc: { source = "sim"; rate = 8000.0; };
               sim: { bits = 24; profile = "varying"; frequency = 50.0; power_factor = [ 0.9, 0.7, -0.8 ]; };
               meter: { system_type = 31; ct_primary = 400; ct_secondary = 3; pt_ratio = 2.5; system_voltage = 480; };\n""",
}


class Watch(threading.Thread):
    """What the meter shows, second by second."""

    def __init__(self, meter):
        super().__init__(daemon=True)
        self.shown, self.over = {}, threading.Event()
        self.path = meter.control
        self.start()

    def run(self):
        names = sorted(FLOATS)
        with Control(self.path) as control:
            while not self.over.is_set():
                before = control.get("status", parts=["meter"])["meter"]["cycle"]
                rows = control.get("registers", registers=names)["registers"]
                after = control.get("status", parts=["meter"])["meter"]["cycle"]
                if before == after:
                    self.shown[after] = {row["name"]: float_of(row["words"]) for row in rows if row["register"] >= 257}
                time.sleep(0.05)

    def end(self):
        self.over.set()
        self.join(HANG_S)
        return self.shown


def capture(meter, name, *options, **more):
    return subprocess.Popen([DINMETER, "capture", "--socket", meter.control, "-o", str(name), *options], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, **more)


def analyze(name):
    done = subprocess.run([DINMETER, "analyze", "-c", f"{name}.conf", f"{name}.cfg"], capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 0, done.stderr
    return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(io.StringIO(done.stdout))]


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """All meters at once: the seconds of each are those of all.  The converter loses samples in the middle."""
    places = {name: tmp_path_factory.mktemp(name) for name in (*SIMULATIONS, "converter")}
    with converter(ppm=80, format="le:s24/32>>8", amplitude=5.12e6, scale=repr(0.5 / 256), offset="100") as server:
        configs = {**SIMULATIONS, "converter": converter_config(server.port, "channels: { ib: { delay_us = 20.0; }; };") +
                   "meter: { ct_primary = 200; ct_secondary = 3; pt_ratio = 1.5; system_voltage = 480; };\n"}
        meters = {name: Daemon(places[name], config=configs[name]) for name in places}
        try:
            for meter in meters.values():
                meter.wait_live()
            watches = {name: Watch(meter) for name, meter in meters.items()}
            wait_for(lambda: all(len(watch.shown) >= 2 for watch in watches.values()), "two seconds are shown")
            runs = {name: capture(meter, places[name] / "rec", "--seconds", str(SECONDS)) for name, meter in meters.items()}
            wait_for(lambda: len(watches["converter"].shown) >= 3, "a second of the capture is over")
            server.options.drop = 37
            said = {name: run.communicate(timeout=HANG_S) for name, run in runs.items()}
            assert {name: run.returncode for name, run in runs.items()} == dict.fromkeys(runs, 0), said
            shown = {name: watch.end() for name, watch in watches.items()}
            yield {name: {"path": str(places[name] / "rec"), "said": said[name], "shown": shown[name], "meter": meters[name]} for name in meters}
        finally:
            for meter in meters.values():
                meter.stop()


def single(value):
    """A double as the 32-bit word of a register: all that is not valid alike."""
    return "nan" if math.isnan(value) else struct.pack("<f", value)


def differences(row, shown):
    return [name for name in FLOATS if name not in HISTORY and single(row[name]) != single(shown[name])]


def first_cycle(rows, shown):
    """The cycle that the first row is: where all agree.  What differs least otherwise, to be shown."""
    tried = {}
    for first in range(min(shown) - len(rows), max(shown) + 1):
        common = [(rows[c - first], shown[c]) for c in shown if 0 <= c - first < len(rows)]
        if len(common) >= SECONDS:
            tried[first] = [differences(row, at) for row, at in common]
    assert tried, f"{len(rows)} rows, {len(shown)} seconds shown"
    return min(tried, key=lambda first: sum(map(len, tried[first]))), tried


@pytest.mark.parametrize("name", [*SIMULATIONS, "converter"])
def test_the_file_measured_anew_gives_the_registers_that_were_shown_to_the_last_digit(captured, name):
    rows, shown = analyze(captured[name]["path"]), captured[name]["shown"]
    first, tried = first_cycle(rows, shown)
    assert not any(tried[first]), (first, tried[first])
    # the seconds before the command are in it
    assert len(tried[first]) >= SECONDS, tried
    if name in ("noisy", "three_wire"):
        assert [other for other in tried if not any(tried[other])] == [first], "each second is another"


@pytest.mark.parametrize("name", SIMULATIONS)
def test_energies_grow_by_what_they_grew_by(captured, name):
    rows, shown = analyze(captured[name]["path"]), captured[name]["shown"]
    first, _ = first_cycle(rows, shown)
    pairs = [c for c in shown if c + 1 in shown and 0 <= c - first and c + 1 - first < len(rows)]
    assert len(pairs) >= SECONDS - 1
    for energy in ENERGIES:
        for c in pairs:
            if not math.isnan(shown[c][energy]):
                grown = rows[c + 1 - first][energy] - rows[c - first][energy]
                assert abs(grown - (shown[c + 1][energy] - shown[c][energy])) <= 4 * abs(shown[c + 1][energy]) * 2 ** -24, energy


def read_recording(path):
    """IEEE C37.111-2013, BINARY32, clauses on the configuration and the data file."""
    lines = open(f"{path}.cfg", encoding="ascii", newline="").read().split("\r\n")
    assert lines.pop() == "", "every line ends in CR LF"
    fields = [line.split(",") for line in lines]
    assert fields[0][2] == "2013" and fields[1] == ["6", "6A", "0D"]
    channels = [dict(zip(("n", "name", "phase", "ccbm", "unit", "a", "b", "skew", "min", "max", "primary", "secondary", "side"), line))
                for line in fields[2:8]]
    rates = int(lines[9])
    sections = [(float(hz), int(end)) for hz, end in fields[10:10 + rates]]
    start, trigger = (datetime.datetime.strptime(line, "%d/%m/%Y,%H:%M:%S.%f") for line in lines[10 + rates:12 + rates])
    data_format, timemult, codes, quality = lines[12 + rates:]
    assert (data_format, codes) == ("BINARY32", "0,0")
    assert quality.split(",")[0] in list("0123456789ABF") and quality.split(",")[1] in list("0123")
    data = open(f"{path}.dat", "rb").read()
    assert len(data) % 32 == 0
    records = list(struct.iter_unpack("<II6i", data))
    assert sections[-1][1] == records[-1][0]
    values = [[float(ch["a"]) * record[2 + c] + float(ch["b"]) for record in records] for c, ch in enumerate(channels)]
    return {"channels": channels, "sections": sections, "start": start, "trigger": trigger, "timemult": float(timemult), "values": values,
            "numbers": [record[0] for record in records], "stamps": [record[1] for record in records], "line": lines[8],
            "counts": [[record[2 + c] for record in records] for c in range(6)]}


def test_another_reader_finds_the_wave_that_was_there(captured):
    recording = read_recording(captured["plain"]["path"])
    assert recording["numbers"] == list(range(1, len(recording["numbers"]) + 1))
    assert [ch["name"] for ch in recording["channels"]] == ["VA", "VB", "VC", "IA", "IB", "IC"]
    assert [ch["unit"] for ch in recording["channels"]] == ["V"] * 3 + ["A"] * 3
    assert {ch["side"] for ch in recording["channels"]} == {"P"} and recording["line"] == "60"
    (rate, _), = recording["sections"]
    assert rate == 2520
    cycle = range(42)       # 2520 / 60
    va = recording["values"][0]
    phase = cmath.phase(sum(va[n] * cmath.exp(-2j * math.pi * n / 42) for n in cycle))
    for c, values in enumerate(recording["values"]):
        peak = (277.0 if c < 3 else 50.0) * math.sqrt(2)
        angle = phase - 2 * math.pi / 3 * (c % 3) - (math.acos(0.9) if c >= 3 else 0)
        worst = max(abs(value - peak * math.cos(2 * math.pi * n / 42 + angle)) for n, value in enumerate(values))
        assert worst < 1e-8 * peak, (c, worst)


def test_time_is_utc_and_goes_by_the_rate(captured):
    recording = read_recording(captured["plain"]["path"])
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert datetime.timedelta(seconds=SECONDS) < now - recording["start"] < datetime.timedelta(seconds=HANG_S * 5)
    assert recording["timemult"] == 1
    assert all(abs(stamp - (number - 1) * 1e6 / 2520) <= 0.5 + 1e-6 for number, stamp in zip(recording["numbers"], recording["stamps"]))
    before = (recording["trigger"] - recording["start"]).total_seconds()
    after = recording["numbers"][-1] / 2520 - before
    assert before > 1 and abs(after - SECONDS) < 0.01
    out = captured["plain"]["said"][0]
    assert f"{len(recording['numbers'])} scans" in out and f"{before:.3f} s of them before" in out


def test_samples_are_the_converters_counts_and_primary_by_the_ratios(captured):
    converter_file, noisy, wires = (read_recording(captured[name]["path"]) for name in ("converter", "noisy", "three_wire"))
    # 24 bits of a wave of 20000 x 256 with an offset of 100, 16 bits of one at half the range
    assert all(5.0e6 < max(counts) <= 5.12e6 + 100 for counts in converter_file["counts"])
    assert all(max(map(abs, counts)) < 32768 for counts in noisy["counts"])
    assert [(ch["primary"], ch["secondary"]) for ch in converter_file["channels"]] == [("1.5", "1")] * 3 + [("200", "0.333333333")] * 3
    assert [(ch["primary"], ch["secondary"]) for ch in wires["channels"]] == [("2.5", "1")] * 3 + [("400", "0.333333333")] * 3
    for recording, factor in ((converter_file, (1.5, 200 * 3)),):
        for c, values in enumerate(recording["values"]):
            rms = math.sqrt(sum(value * value for value in values[:2520]) / 2520)
            assert abs(rms / ((277.0 if c < 3 else 0.5) * factor[c // 3]) - 1) < 2e-3, (c, rms)


def test_what_a_channel_lags_is_its_skew(captured):
    skews = [float(ch["skew"]) for ch in read_recording(captured["noisy"]["path"])["channels"]]
    lags = [0, -12.5, 0, 35, 0, 0]
    assert [lag + skew for lag, skew in zip(lags, skews)] == [max(lags)] * 6 and min(skews) == 0


def test_lost_samples_are_numbers_without_a_record_and_told(captured):
    recording, (_, err) = read_recording(captured["converter"]["path"]), captured["converter"]["said"]
    jumps = [b - a for a, b in zip(recording["numbers"], recording["numbers"][1:]) if b != a + 1]
    assert jumps == [38]
    assert "37 in 1 gaps" in err and captured["plain"]["said"][1] == ""


def test_ctrl_c_ends_early_with_a_whole_file_and_nothing_is_replaced_unasked(captured, tmp_path):
    meter, name = captured["plain"]["meter"], tmp_path / "long"
    with Control(meter.control) as control:
        run = capture(meter, name, "--seconds", "86400", "--pretrigger", "1.5")
        wait_for(lambda: control.get("status", parts=["control"])["control"]["clients"] > 1, "the capture is connected")
        assert not (tmp_path / "long.cfg").exists()
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=HANG_S)
    assert (run.returncode, err) == (0, ""), (out, err)
    first = read_recording(name)
    assert sorted(os.listdir(tmp_path)) == ["long.cfg", "long.conf", "long.dat"]
    content = (tmp_path / "long.cfg").read_bytes()
    for other in ("long", "long.cfg"):
        run = capture(meter, tmp_path / other, "--seconds", "0")
        out, err = run.communicate(timeout=HANG_S)
        assert run.returncode == 1 and "is there already" in err and "--force" in err
    assert (tmp_path / "long.cfg").read_bytes() == content
    run = capture(meter, name, "--seconds", "0", "--force")
    assert run.communicate(timeout=HANG_S)[1] == "" and run.returncode == 0
    assert read_recording(name)["start"] != first["start"] and len(os.listdir(tmp_path)) == 3


def test_one_combined_file_gives_the_same(captured, tmp_path):
    run = capture(captured["plain"]["meter"], tmp_path / "all.cff", "--seconds", "0", "--pretrigger", "3")
    assert run.communicate(timeout=HANG_S)[1] == "" and run.returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["all.cff", "all.conf"]
    text, data = (tmp_path / "all.cff").read_bytes().split(b"--- file type: DAT BINARY32: ", 1)
    size, data = data.split(b" ---\r\n", 1)
    assert len(data) == int(size) and len(data) % 32 == 0
    assert text.startswith(b"--- file type: CFG ---\r\n")
    done = subprocess.run([DINMETER, "analyze", "-c", tmp_path / "all.conf", tmp_path / "all.cff"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and len(done.stdout.splitlines()) >= 2, done.stderr


def limit_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))


def test_what_cannot_be_written_is_told_and_leaves_nothing(captured, tmp_path):
    meter = captured["plain"]["meter"]
    (tmp_path / "file").write_text("", encoding="ascii")
    for place in (tmp_path / "none" / "rec", tmp_path / "file" / "rec"):
        run = capture(meter, place, "--seconds", "0")
        err = run.communicate(timeout=HANG_S)[1]
        assert run.returncode == 1 and str(place) in err and "cannot be written" in err, err
    run = capture(meter, tmp_path / "rec", "--seconds", "0", preexec_fn=limit_files)
    err = run.communicate(timeout=HANG_S)[1]
    assert run.returncode == 1 and "cannot be written: File too large" in err, err
    assert os.listdir(tmp_path) == ["file"]


def test_bad_usage_says_what_is_allowed(captured, tmp_path):
    meter = captured["plain"]["meter"]
    for options, words in ((("--seconds", "x"), "0-86400"), (("--pretrigger", "-1"), "0-60"), (("more",), "options only")):
        run = capture(meter, tmp_path / "rec", *options)
        err = run.communicate(timeout=HANG_S)[1]
        assert run.returncode == 2 and words in err
    done = subprocess.run([DINMETER, "capture"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "-o is missing" in done.stderr
    assert not os.listdir(tmp_path)
