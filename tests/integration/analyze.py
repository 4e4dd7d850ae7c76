"""dinmeter analyze over recordings of known waves.  The truth is the textbook's, the writer knows nothing of the reader."""
import csv
import io
import json
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import outcome  # noqa: E402

TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), "..", ".."))
DINMETER = os.path.join(os.environ.get("top_builddir", "."), "dinmeter")
MIB = 1 << 20

VOLTS, AMPERES, LAG, HZ = 277.0, 50.0, math.acos(0.9), 60.0
NAMES = ["VA", "VB", "VC", "IA", "IB", "IC"]


def wave(channel, t):
    """Instantaneous volts or amperes."""
    rms, lag = (VOLTS, 0) if channel < 3 else (AMPERES, LAG)
    return rms * math.sqrt(2) * math.cos(2 * math.pi * (HZ * t - channel % 3 / 3) - lag)


def configuration(rate, n, fmt="BINARY", units=("V", "A"), scale=(0.015, 0.003), skew=(0,) * 6, names=NAMES):
    lines = ["station,device,1999", "6,6A,0D"]
    for c in range(6):
        lines.append(f"{c + 1},{names[c]},{'ABC'[c % 3]},,{units[c // 3]},{scale[c // 3]!r},0,{skew[c]},-32767,32767,1,1,P")
    lines += ["60", "1", f"{rate},{n}"] + ["01/02/2020,03:04:05.000000"] * 2 + [fmt, "1", ""]
    return "\r\n".join(lines)


class Analyze(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def record(self, seconds, rate=2520, fmt="BINARY", lost=(), skew=(0,) * 6, names=NAMES, amplitude=1.0):
        """Writes rec.cfg and rec.dat; `lost`: ranges of scans that are marked missing."""
        n = round(seconds * rate)
        out = []
        for k in range(n):
            samples = [round(amplitude * wave(c, k / rate + skew[c] * 1e-6) / (0.015 if c < 3 else 0.003)) for c in range(6)]
            if any(k in gap for gap in lost):
                samples[4] = -32768 if fmt == "BINARY" else ""
            if fmt == "BINARY":
                out.append(struct.pack("<II6h", k + 1, round(k * 1e6 / rate), *samples))
            else:
                out.append((",".join(map(str, [k + 1, round(k * 1e6 / rate)] + samples)) + "\r\n").encode())
        self.write("rec.dat", b"".join(out))
        return self.write("rec.cfg", configuration(rate, n, fmt, skew=skew, names=names))

    def run_it(self, *arguments):
        return subprocess.run([DINMETER, "analyze", *arguments], capture_output=True, text=True, timeout=300, check=False)

    def rows(self, *arguments):
        result = self.run_it(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(io.StringIO(result.stdout))]

    def assert_near(self, row, expected, part=2e-5):
        for name, value in expected.items():
            self.assertLessEqual(abs(row[name] - value), part * max(abs(value), 1e-9), f"{name}: {row[name]} is not {value}")

    def expected(self):
        s = VOLTS * AMPERES / 1000
        p, q = s * math.cos(LAG), s * math.sin(LAG)
        values = {"kw": 3 * p, "kvar": 3 * q, "kva": 3 * s, "pf": math.cos(LAG), "vll": VOLTS * math.sqrt(3), "vln": VOLTS,
                  "amps": AMPERES, "hz": HZ}
        for phase in "abc":
            values.update({f"kw_{phase}": p, f"kvar_{phase}": q, f"kva_{phase}": s, f"pf_{phase}": math.cos(LAG),
                           f"v_{phase}n": VOLTS, f"amps_{phase}": AMPERES})
        for pair in ("ab", "bc", "ac"):
            values[f"v_{pair}"] = VOLTS * math.sqrt(3)
        return values

    def test_header_is_time_the_floats_of_the_point_map_and_alerts(self):
        with open(os.path.join(TOP, "tests", "data", "point-map.tsv"), encoding="utf-8") as points:
            names = [row["name"] for row in csv.DictReader(points, delimiter="\t") if 257 <= int(row["register"]) <= 345]
        names = [name for name in names if name not in ("kwh_2", "reserved_305")]
        header = self.run_it(self.record(1.5)).stdout.splitlines()[0]
        self.assertEqual(header, ",".join(["time_s", *names, "alerts"]))
        self.assertEqual(len(names), 43)

    def test_every_second_shows_the_true_quantities_and_energy(self):
        for fmt in ("BINARY", "ASCII"):
            rows = self.rows(self.record(5, fmt=fmt))
            self.assertEqual(len(rows), 4)
            for i, row in enumerate(rows):
                self.assert_near(row, self.expected())
                self.assertAlmostEqual(row["time_s"], 1.2 + i, delta=0.001)
                self.assertEqual(row["alerts"], 0)
            hours = 3 / 3600
            for name, power in (("kwh", "kw"), ("kvah", "kva"), ("kvarh", "kvar"), ("kwh_b", "kw_b")):
                self.assertAlmostEqual((rows[3][name] - rows[0][name]) / (self.expected()[power] * hours), 1, delta=2e-5)

    def test_other_sample_rates_give_the_same(self):
        for rate in (600, 1920, 20000):
            self.assert_near(self.rows(self.record(2.5, rate=rate))[-1], self.expected())

    def test_values_have_nine_significant_digits(self):
        for line in self.run_it(self.record(1.5)).stdout.splitlines()[1:]:
            for value in line.split(","):
                self.assertRegex(value, r"^(nan|-?\d+(\.\d+)?(e[-+]\d+)?)$")
                self.assertLessEqual(len(re.sub(r"e.*|[^0-9]", "", value).lstrip("0")), 9)
        self.assertTrue(any(len(re.sub(r"\D", "", v)) >= 9 for v in line.split(",")))

    def test_json_says_what_csv_says(self):
        path = self.record(3.3)
        table = list(csv.DictReader(io.StringIO(self.run_it("--csv", path).stdout)))
        objects = [json.loads(line) for line in self.run_it("--json", path).stdout.splitlines()]
        self.assertEqual(len(objects), 3)
        self.assertEqual([list(o) for o in objects], [list(row) for row in table])
        self.assertEqual(objects, [{key: float(value) for key, value in row.items()} for row in table])

    def test_what_the_system_type_does_not_have_is_nan_and_null(self):
        config = self.write("c.conf", "meter: { system_type = 10; };\n")
        path = self.record(1.5)
        row = self.rows("-c", config, path)[0]
        for name in ("vll", "v_ab", "v_bn", "amps_b", "kw_c", "kwh_b"):
            self.assertTrue(math.isnan(row[name]), name)
        self.assert_near(row, {"v_an": VOLTS, "amps_a": AMPERES, "kw": VOLTS * AMPERES * 0.9e-3})
        self.assertIsNone(json.loads(self.run_it("-c", config, "--json", path).stdout)["v_ab"])

    def test_rows_go_on_through_a_gap_first_the_last_values_then_nan(self):
        rows = self.rows(self.record(9, lost=[range(5800, 5800 + 4 * 2520)]))
        self.assertEqual([row["time_s"] for row in rows], sorted({row["time_s"] for row in rows}))
        for one, next_one in zip(rows, rows[1:]):
            self.assertLessEqual(next_one["time_s"] - one["time_s"], 1.4)
        in_gap = [row for row in rows if 2.5 < row["time_s"] < 6.4]
        self.assertGreaterEqual(len(in_gap), 3)
        self.assert_near(in_gap[0], {"kw": self.expected()["kw"]})
        self.assertTrue(math.isnan(in_gap[-1]["kw"]) and math.isnan(in_gap[-1]["hz"]))
        self.assertEqual(int(in_gap[-1]["alerts"]) & 64, 64)
        self.assertFalse(math.isnan(in_gap[-1]["kwh"]))
        self.assert_near(rows[-1], self.expected())

    def test_missing_samples_are_said_and_counted(self):
        path = self.record(3, lost=[range(100, 103), range(200, 210)])
        self.assertIn(f"dinmeter: {path}: samples are missing: 13 in all\n", self.run_it(path).stderr)

    def test_skew_between_channels_is_corrected(self):
        rows = self.rows(self.record(2.5, skew=(0, 20, 40, 60, 80, 100)))
        self.assert_near(rows[-1], {name: self.expected()[name] for name in ("kw", "kvar", "pf", "vll", "kw_a", "kvar_c", "v_ab")})

    def test_a_skew_too_large_is_refused_with_its_line(self):
        path = self.record(1.5, skew=(0, 0, 1100, 0, 0, 0))
        result = self.run_it(path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"dinmeter: \S+/rec\.cfg:[35]: channel '\w+': its skew is 550 us from the middle")

    def test_configured_names_choose_the_channels(self):
        names = ["U1", "U2", "U3", "J3", "J2", "J1"]
        config = self.write("c.conf", "adc: { channels: { va: { channel = \"U1\"; }; vb: { channel = \"U2\"; }; vc: { channel = \"3\"; };"
                            " ia: { channel = \"J3\"; }; ib: { channel = \"J2\"; }; ic: { channel = \"J1\"; }; }; };\n")
        result = self.run_it("-c", config, self.record(1.5, names=names))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "dinmeter: channels: va = 1 'U1', vb = 2 'U2', vc = 3 'U3', ia = 4 'J3', ib = 5 'J2', ic = 6 'J1'\n")

    def test_channels_that_are_not_set_are_chosen_by_unit_and_phase(self):
        config = self.write("c.conf", 'adc: { channels: { va: { channel = "VC"; }; ic: { channel = "4"; }; }; };\n')
        result = self.run_it("-c", config, self.record(1.5))
        self.assertEqual(result.stderr, "dinmeter: channels: va = 3 'VC', vb = 1 'VA', vc = 2 'VB', ia = 5 'IB', ib = 6 'IC', ic = 4 'IA'\n")
        config = self.write("c.conf", 'adc: { channels: { va: { channel = "VA"; }; }; };\n')
        result = self.run_it("-c", config, self.record(1.5))
        self.assertEqual(result.stderr, "dinmeter: channels: va = 1 'VA', vb = 2 'VB', vc = 3 'VC', ia = 4 'IA', ib = 5 'IB', ic = 6 'IC'\n")
        config = self.write("c.conf", 'adc: { channels: { va: { channel = "VA"; }; vc: { channel = ""; }; }; };\n')
        result = self.run_it("-c", config, self.record(1.5))
        self.assertIn("vb = 2 'VB', vc = none (reads 0), ia = 4", result.stderr)

    def test_channels_chosen_by_unit_and_phase_are_said(self):
        self.assertEqual(self.run_it(self.record(1.5)).stderr,
                         "dinmeter: channels: va = 1 'VA', vb = 2 'VB', vc = 3 'VC', ia = 4 'IA', ib = 5 'IB', ic = 6 'IC'\n")

    def test_a_recording_shorter_than_a_window_fails_and_says_so(self):
        path = self.record(1.1)
        result = self.run_it(path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn(f"dinmeter: {path}: too short: needs at least 1.2 s of continuous samples, has 1.1 s\n", result.stderr)

    def test_a_recording_of_short_stretches_says_how_long_the_longest_is(self):
        path = self.record(2.5, lost=[range(2520, 2530), range(5040, 5041)])
        result = self.run_it(path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("needs at least 1.2 s of continuous samples, has 1 s\n", result.stderr)

    def test_a_malformed_recording_fails_with_file_and_line(self):
        path = self.record(2, fmt="ASCII")
        with open(self.path("rec.dat"), "r+b") as data:
            lines = data.read().split(b"\r\n")
            lines[3999] = lines[3999].replace(b",", b";", 5)
            data.seek(0)
            data.write(b"\r\n".join(lines))
        result = self.run_it(path)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"dinmeter: \S+/rec\.dat:4000: sample number: got '4000;")

    def test_a_missing_recording_fails_with_its_name(self):
        result = self.run_it(self.path("none.cfg"))
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertEqual(result.stderr, f"dinmeter: {self.path('none.cfg')}: cannot be opened: No such file or directory\n")

    def test_bad_usage_and_bad_configuration_exit_with_2(self):
        path = self.record(1.5)
        for arguments in ([], [path, path], ["--xml", path], ["-c"], ["-c", self.path("none.conf"), path],
                          ["-c", self.write("bad.conf", "meter: { system_type = 13; };\n"), path]):
            result = self.run_it(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertNotEqual(result.stderr, "")

    def test_help_exits_with_0(self):
        result = self.run_it("--help")
        self.assertEqual(result.returncode, 0)
        self.assertTrue(result.stdout.startswith("usage: dinmeter analyze [-c FILE] [--csv|--json] RECORDING.cfg|RECORDING.cff\n"))

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([DINMETER, "analyze", self.record(1.5)], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot be written: No space left on device", result.stderr)


class Memory(unittest.TestCase):
    """What is held of a recording is a block, however long it is."""

    def resident(self, path):
        """Bytes that one run had resident at most."""
        pid = os.posix_spawn(DINMETER, [DINMETER, "analyze", path], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        _, status, usage = os.wait4(pid, 0)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        return usage.ru_maxrss * 1024

    def test_a_recording_of_one_gibibyte_takes_under_50_mebibytes(self):
        with open(DINMETER, "rb") as program:
            image = program.read()
        sanitized = b"__asan_" in image or b"__tsan_" in image
        with tempfile.TemporaryDirectory() as directory:
            def sparse(name, size):
                path = os.path.join(directory, name)
                with open(path + ".cfg", "w", encoding="ascii") as out:
                    out.write(configuration(100000, size // 20))
                with open(path + ".dat", "wb") as out:
                    out.truncate(size)
                return path + ".cfg"

            # a sanitizer's own memory is many times the program's: there only growth is looked at, of a smaller file
            small, large = self.resident(sparse("small", 4 * MIB)), self.resident(sparse("large", 64 * MIB if sanitized else 1024 * MIB))
            print(f"4 MiB of recording: {small / MIB:.1f} MiB resident; the large one: {large / MIB:.1f} MiB")
            self.assertLess(large - small, 2 * MIB)
            if not sanitized:
                self.assertLess(large, 50 * MIB)

    def test_text_takes_no_more_memory_than_its_lines(self):
        with tempfile.TemporaryDirectory() as directory:
            resident = []
            for seconds in (2, 60):
                path = os.path.join(directory, f"text{seconds}")
                rate = 10000
                second = [",".join(str(round(wave(c, k / rate) / (0.015 if c < 3 else 0.003))) for c in range(6)) for k in range(rate)]
                with open(path + ".cfg", "w", encoding="ascii") as out:
                    out.write(configuration(rate, seconds * rate, "ASCII"))
                with open(path + ".dat", "w", encoding="ascii") as out:
                    for s in range(seconds):
                        out.writelines(f"{s * rate + k + 1},{(s * rate + k) * 100},{row}\r\n" for k, row in enumerate(second))
                resident.append(self.resident(path + ".cfg"))
            self.assertLess(resident[1] - resident[0], 2 * MIB)


if __name__ == "__main__":
    outcome.main(verbosity=2)
