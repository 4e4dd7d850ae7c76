"""dinmeter calibrate: known errors of a recording's channels are measured, and with the fragment that comes out the meter is right."""
import concurrent.futures
import math
import os
import re
import subprocess

import pytest
from conftest import BUILD, HANG_S
from converter import converter, converter_config
from rtu import float_of
from test_recording import recording_config
from truth import FLOATS

CHANNELS = "va", "vb", "vc", "ia", "ib", "ic"
V, A, HZ, RATE, SECONDS = 230.0, 5.0, 50.0, 2520, 4
STEP_V, STEP_A = 0.0005, 0.00001
# What each channel shows of the truth, and by how much it lags.
GAINS = 1.0121, 0.9905, 1.0007, 0.9889, 1.0203, 1.0031
LAGS_US = 3.0, -2.0, 0.0, 25.4, -14.6, 80.0
HEADER = "# dinmeter calibrate: readings, version 3"
NAMES = "UL1", "UL2", "UL3", "IL1", "IL2", "IL3"


def write_load(directory, pf, name):
    """A load of that power factor, lagging, as channels with these errors show it."""
    steps = (STEP_V,) * 3 + (STEP_A,) * 3
    config = ["bench,recorder,1999", "6,6A,0D"]
    config += [f"{n + 1},{NAMES[n]},,,{'V' if n < 3 else 'A'},{steps[n]},0,0,-9999999,9999999,1,1,P" for n in range(6)]
    config += [str(HZ), "1", f"{RATE},{SECONDS * RATE}", "01/02/2024,00:00:00.000000", "01/02/2024,00:00:00.000000", "ASCII", "1", ""]
    (directory / f"{name}.cfg").write_text("\r\n".join(config), encoding="ascii")
    with open(directory / f"{name}.dat", "w", encoding="ascii", newline="") as data:
        for n in range(SECONDS * RATE):
            values = []
            for c in range(6):
                angle = 2 * math.pi * (HZ * (n / RATE - LAGS_US[c] * 1e-6) - c % 3 / 3) - (0 if c < 3 else math.acos(pf))
                values.append(str(round(GAINS[c] * (V if c < 3 else A) * math.sqrt(2) * math.sin(angle) / steps[c])))
            data.write(f"{n + 1},{round(n * 1e6 / RATE)},{','.join(values)}\r\n")
    return recording_config(directory / f"{name}.cfg", True)


def calibrate(*arguments, said=""):
    done = subprocess.run([os.path.join(BUILD, "dinmeter"), "calibrate", *map(str, arguments)], input=said, capture_output=True, text=True,
                          timeout=HANG_S, check=False)
    return done.returncode, done.stdout, done.stderr


def reference(pf):
    return [f"{phase}={V},{A},{V * A * pf}" for phase in "abc"]


def test_known_errors_are_found_and_with_them_the_meter_is_right(daemon, tmp_path):
    loads = {pf: write_load(tmp_path, pf, f"load{n}") for n, pf in enumerate((1.0, 0.5))}
    readings, fragment = tmp_path / "readings", tmp_path / "calibration.conf"
    meters = {pf: daemon(config=config) for pf, config in loads.items()}
    for pf, meter in meters.items():
        meter.wait_live()
        status, out, err = calibrate(readings, *reference(pf), "--seconds", "2", "--socket", meter.control)
        assert (status, err) == (0, ""), err
        assert "phase" in out
    status, out, err = calibrate(readings, "-o", fragment)
    assert (status, err) == (0, ""), err
    text = fragment.read_text()
    for c, name in enumerate(CHANNELS):
        line = next(line for line in text.splitlines() if line.strip().startswith(name))
        fields = dict(part.split(" = ") for part in line[line.index("{") + 1:line.index("}")].strip().rstrip(";").split("; "))
        assert fields["channel"] == f'"{NAMES[c]}"'
        assert abs(float(fields["gain"]) * GAINS[c] - 1) < 1e-5, name
        # Of a phase, only the difference shows.
        if c >= 3:
            assert abs(float(fields["delay_us"]) - (LAGS_US[c] - LAGS_US[c - 3])) < 0.1, name

    config = loads[0.5]
    begin = config.index("channels:")
    config = config[:begin] + f'\n@include "{fragment}"\n}};\n'
    meter = daemon(config=config).wait_live()
    with meter.bus() as bus:
        words = bus.read(257, 90)
    for name, true in (("kw", 3), ("kw_a", 1), ("kw_b", 1), ("kw_c", 1)):
        shown = float_of(words[FLOATS[name] - 257:FLOATS[name] - 255])
        true *= V * A * 0.5 / 1000
        assert abs(shown - true) <= 1e-5 * true / 0.5, (name, shown, true)


def test_an_unsteady_load_a_missing_daemon_and_nonsense_are_refused(daemon, tmp_path):
    readings = tmp_path / "readings"
    moving = daemon(config='adc: { source = "sim"; };\nsim: { profile = "varying"; };\n').wait_live()
    status, _, err = calibrate(readings, "a=277,50,12000", "--seconds", "2", "--steady", "0.001", "--socket", moving.control)
    assert status == 1 and "phase a: the " in err and "moved by" in err and not readings.exists()
    status, _, err = calibrate(readings, "a=277,50,12000", "--socket", tmp_path / "nobody")
    assert status == 1 and "nobody" in err
    for bad in ("a=277,50", "a=277,50,20000", "a=-277,50,1", "a=277,0,0", "a=x,1,1", "a=277,50,1,1", "d=1,1,1", "a=nan,1,1"):
        status, _, err = calibrate(readings, bad)
        assert status == 2 and "must be" in err, bad
    assert calibrate(readings, "a=1,1,1", "a=1,1,1")[0] == 2
    assert calibrate()[0] == 2
    assert calibrate(readings, "-o", tmp_path / "out")[0::2] == (1, f"dinmeter calibrate: {readings}: No such file or directory\n")
    (tmp_path / "other").write_text("something else\n")
    status, _, err = calibrate(tmp_path / "other", "-o", tmp_path / "out")
    assert status == 1 and f'{tmp_path}/other:1: got "something else", must be "{HEADER}" in a file of readings' in err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def steady(daemon):
    return daemon(config='adc: { source = "sim"; };\nsim: { current = 50.0; power_factor = [ 0.92, 1.0, -0.5 ]; };\n').wait_live()


def test_what_cannot_be_told_is_not_written(steady, tmp_path):
    cases = {
        "no reading tells the delay": [f"b=277,50,{277 * 50}"],
        "no reading tells that voltage and current are of one phase": [f"c=277,50,{277 * 50 / 2}"],
        "the power has the other sign": [f"a=277,50,{-277 * 50 * 0.92}"],
        "a ratio in the configuration is wrong": [f"a=277,100,{277 * 100 * 0.92}"],
        "contradict each other": [f"a=277,50,{277 * 50 * 0.92}", f"a=277,50.5,{277 * 50 * 0.92}"],
    }
    for n, (why, points) in enumerate(cases.items()):
        readings, out = tmp_path / f"readings{n}", tmp_path / f"out{n}"
        for point in points:
            assert calibrate(readings, point, "--seconds", "1", "--socket", steady.control)[0] == 0
        status, _, err = calibrate(readings, "-o", out)
        assert status == 1 and why in err and not out.exists(), err
    assert calibrate(readings, "-o", out, "--force")[0] == 0 and out.exists()
    status, _, err = calibrate(readings, "-o", out)
    assert status == 1


def test_a_ratio_or_a_filter_that_was_changed_between_two_readings_is_refused(daemon, tmp_path):
    readings = tmp_path / "readings"
    with converter() as server:
        config = converter_config(server.port)
        ratio = float(re.search(r"voltage_ratio = ([0-9.e+-]+)", config)[1])
        for one in config, config.replace(repr(ratio), repr(ratio * 1.0035)), converter_config(server.port, "sinc_order = 3;"):
            meter = daemon(config=one).wait_live()
            status, _, err = calibrate(readings, "a=277,50,12000", "--seconds", "1", "--socket", meter.control)
            meter.stop()
            if one == config:
                assert (status, err) == (0, "")
                text = readings.read_text()
                continue
            assert status == 1 and "channel va, its ratio, sinc_order or a setting of its transformer is configured otherwise than for the readings" in err
            assert readings.read_text() == text


def test_readings_that_are_taken_at_once_are_all_in_the_file(steady, tmp_path):
    readings = tmp_path / "readings"
    with concurrent.futures.ThreadPoolExecutor() as at_once:
        taken = [at_once.submit(calibrate, readings, f"{phase}=277,50,10000", "--seconds", "1", "--socket", steady.control) for phase in "abcabc"]
        assert [one.result()[0] for one in taken] == [0] * 6
    points = [line.split()[1] for line in readings.read_text().splitlines() if line.startswith("point")]
    assert sorted(points) == list("aabbcc")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("readings")] == ["readings"]


def test_readings_that_are_cut_short_are_none(steady, tmp_path):
    readings = tmp_path / "readings"
    for _ in range(2):
        assert calibrate(readings, f"a=277,50,{277 * 50 * 0.92}", "--seconds", "1", "--socket", steady.control)[0] == 0
    assert calibrate(readings)[0] == 0
    whole = readings.read_text()
    for cut in (1, 5, 20):
        readings.write_text(whole[:-cut])
        status, _, err = calibrate(readings)
        assert status == 1 and f"{readings}:{whole.count(chr(10))}: got " in err and "the file is cut short" in err, cut


def write_readings(path):
    """Phase A at two loads, read without an error."""
    lines = [HEADER] + [f"channel {name} 1 0 1 0 {name}" for name in CHANNELS]
    for pf in (1.0, 0.5):
        w, var = V * A * pf, V * A * math.sqrt(1 - pf * pf)
        lines.append(f"point a {V} {A} {w} {V} {A} {w} 50 {w} {var} 0 0")
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return lines


@pytest.mark.parametrize("line, word, got, said", [
    (2, 0, "chanel", ': got "chanel", must be channel or point'),
    (2, 1, "vx", ': channel: got "vx", must be va, vb, vc, ia, ib or ic'),
    (3, 1, "va", ': channel: got "va", must be one that stands once'),
    (2, 2, "1.0121x", ': channel va: gain: got "1.0121x", must be 0.5..2'),
    (2, 2, "0.4999", ': channel va: gain: got "0.4999", must be 0.5..2'),
    (2, 3, "9999", ': channel va: delay_us: got "9999", must be -500..500'),
    (7, 3, "-500.1", ': channel ic: delay_us: got "-500.1", must be -500..500'),
    (5, 4, "0", ': channel ia: factor: got "0", must be a number above 0'),
    (5, 5, "6", ': channel ia: sinc_order: got "6", must be a whole number, 0..5'),
    (5, 5, "1.5", ': channel ia: sinc_order: got "1.5", must be a whole number, 0..5'),
    (5, 6, "n" * 64, f': channel ia: channel: got "{"n" * 60}", must be a blank and a name of at most 63 bytes'),
    (8, 1, "d", ': point: got "d", must be a, b or c'),
    (8, 2, "0", ': point a: V of the reference: got "0", must be a number above 0'),
    (8, 4, "nan", ': point a: W of the reference: got "nan", must be a number'),
    (9, 6, "-5", ': point a: A: got "-5", must be a number above 0'),
    (9, 8, "fifty", ': point a: Hz: got "fifty", must be a number above 0'),
    (9, 12, "", ': point a: W/us^2: got "", must be a number'),
    (9, 12, "0 0", ': point a: got "0", must be the end of the line'),
])
def test_a_wrong_reading_is_named_with_key_value_and_range(tmp_path, line, word, got, said):
    readings, out = tmp_path / "readings", tmp_path / "out"
    lines = write_readings(readings)
    assert calibrate(readings, "-o", out)[0] == 0
    words = lines[line - 1].split(" ")
    words[word] = got
    lines[line - 1] = " ".join(words)
    readings.write_text("\n".join(lines) + "\n", encoding="ascii")
    status, _, err = calibrate(readings, "-o", out, "--force")
    assert (status, err) == (1, f"dinmeter calibrate: {readings}:{line}{said}\n")
    assert "delay_us = 0.0; };" in out.read_text()


def test_what_is_no_file_of_readings_says_why(tmp_path):
    readings, out = tmp_path / "readings", tmp_path / "out"
    assert calibrate(tmp_path, "-o", out)[2] == f"dinmeter calibrate: {tmp_path}: Is a directory\n"
    readings.write_text("")
    assert calibrate(readings, "-o", out)[2] == f'dinmeter calibrate: {readings}: is empty, must begin with "{HEADER}"\n'
    lines = write_readings(readings)
    readings.write_text("\n".join(lines[:3] + lines[4:]) + "\n")
    assert calibrate(readings, "-o", out)[2] == f'dinmeter calibrate: {readings}: has no line "channel vc", must have one for each of the six\n'
    readings.write_text("\n".join(lines + 19 * lines[-1:]) + "\n")
    assert calibrate(readings, "-o", out)[2] == f'dinmeter calibrate: {readings}:28: point: got "a", must be one of at most 20\n'
    readings.write_text("\n".join(lines + ["# " + "x" * 2000]) + "\n")
    assert calibrate(readings, "-o", out)[2].endswith("must be a line of at most 1022 bytes\n")
    assert not out.exists()


def test_a_file_that_is_replaced_keeps_owner_group_and_mode(tmp_path):
    readings, out = tmp_path / "readings", tmp_path / "out"
    write_readings(readings)
    out.write_text("old\n")
    if os.geteuid() == 0:
        os.chown(out, 12345, 23456)
    else:
        os.chown(out, -1, os.getgroups()[-1])
    out.chmod(0o640)
    before = out.stat()
    assert calibrate(readings, "-o", out, "--force")[0] == 0
    now = out.stat()
    assert "channels" in out.read_text() and now.st_ino != before.st_ino
    assert (now.st_uid, now.st_gid, now.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "readings"]


def test_without_arguments_it_asks_for_each_load(steady, tmp_path):
    out = tmp_path / "calibration.conf"
    said = f"277,50,{277 * 50 * 0.92}\n277,50,{277 * 50}\n\n" + f"277,50,{277 * 50 * 0.92}\n\n277,50,{277 * 50 * 0.92}\n" + "\n\n\n"
    readings = tmp_path / "readings"
    status, text, err = calibrate(readings, "--seconds", "1", "--socket", steady.control, said=said)
    # phase B was never loaded reactively
    assert status == 1 and "phase b: no reading tells the delay" in err, err
    assert text.count("phase a of the reference") == 3 and "gain of V" in text
    assert readings.read_text().count("\npoint a ") == 2 and not out.exists()


def test_any_name_of_a_channel_is_kept(daemon, tmp_path):
    names = {"va": "", "vb": "  U L2"}
    channels = " ".join(f'{name}: {{ channel = "{channel}"; }};' for name, channel in names.items())
    meter = daemon(config=f'adc: {{ source = "sim"; channels: {{ {channels} }}; }};\nsim: {{ power_factor = 0.92; }};\n').wait_live()
    readings, out = tmp_path / "readings", tmp_path / "out"
    for _ in range(2):
        status, _, err = calibrate(readings, f"a=277,50,{277 * 50 * 0.92}", "--seconds", "1", "--socket", meter.control)
        assert status == 0, err
    status, _, err = calibrate(readings, "-o", out)
    assert status == 0, err
    for name, channel in names.items():
        assert f'{name}: {{ channel = "{channel}";' in out.read_text()
