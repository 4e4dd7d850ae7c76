#!/usr/bin/python3
"""The state as others see it: the databases through Python's sqlite3, JSON files, a file of the schema's first version.

Nothing here knows the program's own table: names, values and layout are spelled out once more.
"""
import fcntl
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
import outcome  # noqa: E402

DINMETER = os.path.abspath(os.path.join(os.environ.get("top_builddir", "."), "dinmeter"))
APPLICATION_ID = 0x44494E4D
NOTED = ("alerts", "energy_resets", "measured_s")
SLOTS = 5760

STATE = {
    "system_type": 31, "ct_primary": 400, "ct_secondary": 3, "pt_ratio": 100, "system_voltage": 480, "display_units": 0,
    "phase_loss_voltage": 12, "phase_loss_imbalance": 34, "pulse_energy": 10000, "demand_subintervals": 3,
    "demand_subinterval_s": 60, "address": 247, "baud": 38400, "parity": 2,
    "file_system_type": 40, "file_ct_primary": 100, "file_ct_secondary": 1, "file_pt_ratio": 200, "file_system_voltage": 600,
    "file_display_units": 1, "file_phase_loss_voltage": 10, "file_phase_loss_imbalance": 25, "file_pulse_energy": 1000,
    "file_demand_subintervals": 1, "file_demand_subinterval_s": 900, "file_address": 1, "file_baud": 19200, "file_parity": 0,
    "kwh": "12345678.123456789", "kvah": "18446744073709551615.999999999", "kvarh": "0.000000001",
    "kwh_a": "1.000000000", "kwh_b": "0.000000000", "kwh_c": "9007199254740993.100000000",
    "energy_resets": 32767, "power_ups": 17,
    "kw_max_demand": 12345.678901234567, "kvar_max_demand": 0.1, "kva_max_demand": 1.7976931348623157e308,
    "pulses_1": 4294967295, "pulses_2": 2147483648,
    "pulses_1_owed_wh": "143.999999999", "pulses_2_owed_varh": "7.000000000", "pulse_overrun": True, "pulse_raised": True,
    "run": 123456789012, "run_closures_1": 17, "run_closures_2": 4,
    "boot_id": "00000000-1111-2222-3333-444444444444", "stopped": True,
    "setup_password": "$y$j9T$abc/\"'", "reset_password": "", "file_setup_password": "$6$x", "file_reset_password": "$5$y",
    "log_read_page": 10, "log_config": 3, "log_status": 63, "log_wraps": 32767, "log_entries": 5760,
    "log_kwh_start": "12.500000000", "log_newest_clock_s": 1700000900,
    "log_clock_offset_s": -86400, "log_events": 56, "log_serial": 9000, "log_first_serial": 3200, "log_holding": True,
    "log_held": {"serial": 0, "clock_s": 1700000900, "utc_s": 1700087300, "pointers": [1, 2, 29, 30, 37, 38, 39, 155, 156, 157],
                 "words": list(range(65526, 65536)), "scale_i": -4, "scale_v": 4, "scale_w": 0, "scale_e": -1,
                 "alerts": 65535, "energy_resets": 32767, "measured_s": 4294967295},
    "log_alerts": 16385,
}
POINTERS = [42, 146, 155, 157, 257, 336, 300, 1, 41, 29]
STATE.update({f"log_pointer_{i + 1}": number for i, number in enumerate(POINTERS)})
LOG_DEFAULTS = {
    "log_read_page": 0, "log_config": 0, "log_status": 0, "log_wraps": 0, "log_entries": 0, "log_kwh_start": "0.000000000",
    "log_newest_clock_s": "never", "log_clock_offset_s": 0, "log_events": 0, "log_serial": 0, "log_first_serial": 1,
    "log_holding": False, "log_alerts": 0,
}
LOG_DEFAULTS.update({f"log_pointer_{i + 1}": n for i, n in enumerate([1, 2, 29, 30, 37, 38, 39, 155, 156, 157])})


def entry(serial):
    numbers = random.Random(serial)
    # what an older program recorded has none of these
    noted = {} if serial < 3500 else {"alerts": numbers.randrange(65536), "energy_resets": numbers.randrange(32768),
                                      "measured_s": numbers.randrange(1 << 32)}
    return {"serial": serial, "clock_s": 1700000000 + serial, "utc_s": 1700086400 + serial,
            "pointers": [numbers.choice([1, 42, 146, 155, 157, 257, 336]) for _ in range(10)],
            "words": [numbers.randrange(65536) for _ in range(10)],
            "scale_i": -4, "scale_v": 4, "scale_w": numbers.randrange(-4, 5), "scale_e": 0, **noted}


def document(state=None, log=None):
    return {"format": "dinmeterd-state", "version": 1, "exported": "2026-02-28T23:59:59Z",
            "state": dict(STATE if state is None else state),
            "log": [entry(s) for s in range(3241, 9001)] if log is None else log}


def content(path):
    with open(path, "rb") as file:
        return file.read()


def entry_text(e):
    numbers = [e["serial"], e["clock_s"], e["utc_s"], *e["pointers"], *e["words"],
               e["scale_i"], e["scale_v"], e["scale_w"], e["scale_e"]]
    if "alerts" in e:
        numbers += [e["alerts"], e["energy_resets"], e["measured_s"]]
    return " ".join(map(str, numbers))


def row_value(name, value):
    """What stands in the database for a JSON value."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, dict):
        return entry_text(value)
    if isinstance(value, float):
        return "%.17g" % value
    if name == "log_newest_clock_s":
        return str(value)
    return value


class StateTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="dinmeterd-state-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.state = os.path.join(self.directory, "state")
        self.file = os.path.join(self.directory, "meter.json")

    def run_dinmeter(self, *arguments):
        return subprocess.run([DINMETER, *arguments], capture_output=True, text=True, timeout=120, check=False)

    def write(self, content):
        with open(self.file, "w", encoding="utf-8") as out:
            if isinstance(content, str):
                out.write(content)
            else:
                json.dump(content, out)

    def import_state(self, content):
        self.write(content)
        return self.run_dinmeter("import-state", "--state", self.state, self.file)

    def export_state(self):
        result = self.run_dinmeter("export-state", "--state", self.state)
        self.assertEqual(result.stderr, "")
        self.assertEqual(result.returncode, 0)
        return json.loads(result.stdout)

    def test_what_is_imported_is_exported_to_the_last_digit(self):
        result = self.import_state(document())
        self.assertEqual((result.returncode, result.stderr, result.stdout), (0, "", ""))
        exported = self.export_state()
        self.assertEqual(exported["state"], STATE)
        self.assertEqual(exported["log"], document()["log"])
        self.assertEqual((exported["format"], exported["version"]), ("dinmeterd-state", 1))

    def test_export_import_export_is_byte_exact(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        first = self.run_dinmeter("export-state", "--state", self.state).stdout
        self.assertEqual(self.import_state(first).returncode, 0)
        second = self.run_dinmeter("export-state", "--state", self.state).stdout
        lines = zip(first.splitlines(), second.splitlines())
        self.assertEqual([a for a, b in lines if a != b and '"exported"' not in a], [])
        self.assertEqual(len(first), len(second))

    def test_both_databases_say_what_was_imported(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        sequences = []
        for name in ("state.0.db", "state.1.db"):
            path = os.path.join(self.state, name)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            db = sqlite3.connect(path)
            self.assertEqual(db.execute("PRAGMA application_id").fetchone(), (APPLICATION_ID,))
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (3,))
            self.assertEqual(db.execute("PRAGMA journal_mode").fetchone(), ("wal",))
            rows = dict(db.execute("SELECT name, value FROM state"))
            sequences.append(rows.pop("sequence"))
            self.assertEqual(rows.pop("sequence_handover"), 0)
            checksum, epoch = rows.pop("sequence_crc32"), rows.pop("epoch")
            self.assertEqual(rows, {k: row_value(k, v) for k, v in STATE.items()})
            own = {"sequence": sequences[-1], "sequence_handover": 0, "epoch": epoch}
            expected = 0
            for key, value in {**rows, **own}.items():
                expected ^= zlib.crc32(f"{key}\0{value}\0".encode())
            self.assertEqual(checksum, expected)
            for slot, serial, clock, utc, scales, pointers, words, crc, noted in db.execute("SELECT * FROM log"):
                e = entry(serial)
                self.assertEqual((slot, clock, utc), (serial % SLOTS, e["clock_s"], e["utc_s"]))
                self.assertEqual(list(memoryview(scales).cast("b")), [e["scale_i"], e["scale_v"], e["scale_w"], e["scale_e"]])
                self.assertEqual([int.from_bytes(pointers[i:i + 2], "big") for i in range(0, 20, 2)], e["pointers"])
                self.assertEqual([int.from_bytes(words[i:i + 2], "big") for i in range(0, 20, 2)], e["words"])
                self.assertEqual(crc, zlib.crc32(entry_text(e).encode()).to_bytes(4, "big"))
                self.assertEqual(noted, struct.pack(">HHI", e["alerts"], e["energy_resets"], e["measured_s"]) if "alerts" in e else None)
            self.assertEqual(db.execute("SELECT count(*) FROM log").fetchone(), (SLOTS,))
            db.close()
        self.assertNotEqual(*sequences)

    def test_what_was_there_is_renamed_and_never_overwritten(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        before = {n: content(os.path.join(self.state, n)) for n in ("state.0.db", "state.1.db")}
        second = document({**STATE, "kwh": "5.000000000"})
        self.assertEqual(self.import_state(second).returncode, 0)
        self.assertEqual(self.export_state()["state"]["kwh"], "5.000000000")
        aside = [n for n in os.listdir(self.state) if ".before-import-" in n]
        self.assertEqual(len(aside), 2)
        for name in aside:
            self.assertEqual(content(os.path.join(self.state, name)), before[name[:10]])
        self.assertEqual(self.import_state(second).returncode, 0)
        self.assertEqual(len([n for n in os.listdir(self.state) if ".before-import-" in n]), 4)
        self.assertFalse(os.path.exists(os.path.join(self.state, "import.new")))

    def test_import_is_refused_while_a_daemon_runs(self):
        os.mkdir(self.state)
        with open(os.path.join(self.state, "lock"), "w+", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            result = self.import_state(document())
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"dinmeter: {self.state}: in use by process {os.getpid()}; "
                                        "end dinmeterd first\n")
        self.assertEqual(os.listdir(self.state), ["lock"])

    def test_export_works_while_a_daemon_holds_the_lock(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        with open(os.path.join(self.state, "lock"), "r+", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertEqual(self.export_state()["state"], STATE)

    def test_a_full_disk_is_told_in_its_words(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        for options in ((), ("-o", "/dev/full")):
            with open("/dev/full", "w", encoding="ascii") as full:
                result = subprocess.run([DINMETER, "export-state", "--state", self.state, *options], stdout=full, stderr=subprocess.PIPE,
                                        text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("the state cannot be written: No space left on device", result.stderr)

    def test_output_file_is_for_its_owner_alone(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        result = self.run_dinmeter("export-state", "--state", self.state, "-o", self.file + ".out")
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertEqual(os.stat(self.file + ".out").st_mode & 0o777, 0o600)
        with open(self.file + ".out", encoding="utf-8") as out:
            self.assertEqual(json.load(out)["state"], STATE)

    def test_directory_comes_from_the_configuration(self):
        conf = os.path.join(self.directory, "site.conf")
        with open(conf, "w", encoding="utf-8") as out:
            out.write(f'store: {{ path = "{self.state}"; }};\n')
        self.write(document())
        self.assertEqual(self.run_dinmeter("import-state", "-c", conf, self.file).returncode, 0)
        self.assertEqual(json.loads(self.run_dinmeter("export-state", "-c", conf).stdout)["state"], STATE)

    def test_wrong_usage_is_status_2(self):
        for arguments in (["export-state", "x"], ["import-state"], ["import-state", "a", "b"], ["export-state", "--nonsense"],
                          ["export-state", "-c", self.directory + "/none.conf"], ["export-state", "-c", "a", "--state", "b"]):
            self.assertEqual(self.run_dinmeter(*arguments).returncode, 2, arguments)

    def test_nothing_to_export_is_said(self):
        result = self.run_dinmeter("export-state", "--state", self.state)
        self.assertEqual((result.returncode, result.stderr), (1, f"dinmeter: {self.state}: No such file or directory\n"))
        self.assertFalse(os.path.exists(self.state))
        os.mkdir(self.state)
        result = self.run_dinmeter("export-state", "--state", self.state)
        self.assertEqual((result.returncode, result.stderr), (1, f"dinmeter: {self.state}: holds no state\n"))
        self.assertEqual(os.listdir(self.state), [])

    def test_output_that_cannot_be_written_says_why_and_leaves_what_was_there(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        with open("/dev/full", "w", encoding="ascii") as full:
            result = subprocess.run([DINMETER, "export-state", "--state", self.state], stdout=full, stderr=subprocess.PIPE,
                                    text=True, timeout=120, check=False)
        self.assertEqual((result.returncode, result.stderr),
                         (1, "dinmeter: standard output: the state cannot be written: No space left on device\n"))
        result = self.run_dinmeter("export-state", "--state", self.state, "-o", "/dev/full")
        self.assertEqual((result.returncode, result.stderr),
                         (1, "dinmeter: /dev/full: the state cannot be written: No space left on device\n"))
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))
        place = os.path.join(self.directory, "small")
        os.mkdir(place)
        backup = os.path.join(place, "backup.json")
        with open(backup, "w", encoding="ascii") as out:
            out.write("the last good one")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
        result = subprocess.run([DINMETER, "export-state", "--state", self.state, "-o", backup], preexec_fn=limit,
                                capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((result.returncode, result.stderr),
                         (1, f"dinmeter: {backup}: the state cannot be written: File too large\n"))
        self.assertEqual(content(backup), b"the last good one")
        self.assertEqual(os.listdir(place), ["backup.json"])
        os.chmod(backup, 0o644)
        link = os.path.join(self.directory, "link")
        os.symlink(backup, link)
        self.assertEqual(self.run_dinmeter("export-state", "--state", self.state, "-o", link).returncode, 0)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(json.loads(content(backup))["state"], STATE)
        self.assertEqual(os.stat(backup).st_mode & 0o777, 0o600)
        self.assertEqual(os.listdir(place), ["backup.json"])

    def test_start_after_an_import_is_one_after_an_end(self):
        self.assertEqual(self.import_state(document({**STATE, "stopped": False})).returncode, 0)
        self.assertEqual(self.export_state()["state"], STATE)

    def check_refused(self, content, *lines):
        result = self.import_state(content)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr.splitlines(), [f"{self.file}: {line}" for line in lines])
        self.assertFalse(os.path.exists(self.state))

    def test_each_error_has_its_line_and_nothing_is_imported(self):
        state = {**STATE, "system_type": 13, "kwh": 12.5, "kvah": "12.5", "ct_primary": "400", "volts": 1, "stopped": 1,
                 "kw_max_demand": -1.5, "log_newest_clock_s": "1", "log_pointer_3": 43, "pulses_1": 2 ** 64,
                 "setup_password": "ä", "log_serial": 2 ** 63}
        del state["parity"]
        energy = "must be a text of digits, a point and nine digits, at most 18446744073709551615.999999999"
        result = self.import_state(document(state, []))
        self.assertEqual(result.returncode, 1)
        self.assertFalse(os.path.exists(self.state))
        said = result.stderr.splitlines()
        for line in ("system_type: got 13, must be 10,11,12,31,40", f"kwh: got 12.5, {energy}", f'kvah: got "12.5", {energy}',
                     'ct_primary: got "400", must be 1-32000', "volts: unknown name", "stopped: got 1, must be false or true",
                     "kw_max_demand: got -1.5, must be a number of 0 or more",
                     'log_newest_clock_s: got "1", must be -253402300799 to 253402300799, or "never"',
                     "log_pointer_3: got 43, must be 1-42,146,155-157,257-336",
                     "pulses_1: got 18446744073709551615, must be 0 to 4294967295",
                     'setup_password: got "ä", must be empty or a hash of crypt(5), "$id$..", of at most 127 characters',
                     "log_serial: got 9223372036854775808, must be 0 to 9223372036854775807",
                     "parity: is missing, must be 0-2"):
            self.assertIn(f"{self.file}: {line}", said)
        self.assertEqual(len(said), 13)

    def test_bad_log_entries_are_told_one_by_one(self):
        log = [entry(s) for s in range(8000, 8010)]
        log[1] = {**log[1], "words": [1, 2]}
        log[2] = {**log[2], "pointers": [43] * 10}
        log[3] = {**log[3], "scale_w": 5}
        log[4] = {**log[4], "serial": 8000}
        log[5] = {**log[5], "serial": 9001}
        log[6] = {**log[6], "words": [0] * 9 + [65536]}
        log[7] = {**log[7], "colour": 1}
        log[8] = 7
        log[9] = {k: v for k, v in log[9].items() if k != "measured_s"}
        result = self.import_state(document(log=log))
        self.assertEqual(result.returncode, 1)
        said = result.stderr.splitlines()
        self.assertEqual(len(said), 9)
        self.assertEqual(said[8], f"{self.file}: log[9].measured_s: is missing")
        self.assertEqual(said[0], f"{self.file}: log[1].words: got [ 1, 2 ], must be an array of ten numbers")
        self.assertEqual(said[2], f"{self.file}: log[3].scale_w: got 5, must be -4 to 4")
        self.assertEqual(said[3], f"{self.file}: log[4]: serial: got 8000, must be above the one before")
        self.assertEqual(said[5], f"{self.file}: log[6].words[9]: got 65536, must be 0 to 65535")
        self.assertEqual(said[6], f"{self.file}: log[7].colour: unknown name")

    def test_file_that_is_no_state_is_refused(self):
        self.check_refused({"a": 1}, 'format: must be "dinmeterd-state": this is no exported state')
        self.check_refused([], 'format: must be "dinmeterd-state": this is no exported state')
        self.check_refused({**document(), "version": 2}, "version: must be 1: a later version made it")
        for text in ("", "{", "{} x", "\x00", "nonsense", json.dumps(document())[:-1]):
            result = self.import_state(text)
            self.assertEqual(result.returncode, 1, text)
            self.assertEqual(len(result.stderr.splitlines()), 1)
        self.assertEqual(self.run_dinmeter("import-state", "--state", self.state, self.directory + "/none").stderr,
                         f"{self.directory}/none: No such file or directory\n")

    def make_version_1(self, path, sequence, state, mode="wal"):
        """A file of the first schema: the table `state` alone, without a checksum."""
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.execute("CREATE TABLE state(name TEXT PRIMARY KEY, value) WITHOUT ROWID")
        rows = {k: row_value(k, v) for k, v in state.items() if not k.startswith("log_")}
        db.executemany("INSERT INTO state VALUES(?, ?)", {**rows, "sequence": sequence}.items())
        db.commit()
        db.close()

    def test_file_of_the_first_schema_is_read_with_a_log_of_its_own(self):
        for mode in ("wal", "delete"):
            shutil.rmtree(self.state, ignore_errors=True)
            os.mkdir(self.state)
            self.make_version_1(os.path.join(self.state, "state.0.db"), 7, STATE, mode)
            self.make_version_1(os.path.join(self.state, "state.1.db"), 6, {**STATE, "kwh": "1.000000000"}, mode)
            exported = self.export_state()
            held = exported["state"].pop("log_held")
            self.assertEqual(held["serial"], 0)
            self.assertEqual(exported["state"], {**{k: v for k, v in STATE.items() if k != "log_held"}, **LOG_DEFAULTS})
            self.assertEqual(exported["log"], [])

    def make_version_2(self, path, sequence, state, log):
        """A file of the second schema: nothing is noted in the log beside its registers."""
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode = wal")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 2")
        db.execute("CREATE TABLE state(name TEXT PRIMARY KEY, value) WITHOUT ROWID")
        db.execute("CREATE TABLE log(slot INTEGER PRIMARY KEY, serial INTEGER NOT NULL, clock_s INTEGER NOT NULL, utc_s INTEGER NOT NULL, "
                   "scales BLOB NOT NULL, pointers BLOB NOT NULL, words BLOB NOT NULL, crc32 BLOB NOT NULL)")
        rows = {k: row_value(k, v) for k, v in state.items()}
        rows.update({"sequence": sequence, "sequence_handover": 0, "epoch": 5})
        checksum = 0
        for key, value in rows.items():
            checksum ^= zlib.crc32(f"{key}\0{value}\0".encode())
        db.executemany("INSERT INTO state VALUES(?, ?)", {**rows, "sequence_crc32": checksum}.items())
        for e in log:
            db.execute("INSERT INTO log VALUES(?, ?, ?, ?, ?, ?, ?, ?)", (
                e["serial"] % SLOTS, e["serial"], e["clock_s"], e["utc_s"],
                struct.pack("4b", e["scale_i"], e["scale_v"], e["scale_w"], e["scale_e"]), struct.pack(">10H", *e["pointers"]),
                struct.pack(">10H", *e["words"]), zlib.crc32(entry_text(e).encode()).to_bytes(4, "big")))
        db.commit()
        db.close()

    def test_file_of_the_second_schema_keeps_its_log_and_knows_no_alerts_of_it(self):
        old = [{k: v for k, v in entry(serial).items() if k not in NOTED} for serial in range(3241, 9001)]
        state = {k: v for k, v in STATE.items() if k != "log_alerts"}
        state["log_held"] = {k: v for k, v in STATE["log_held"].items() if k not in NOTED}
        os.mkdir(self.state)
        for number in (0, 1):
            self.make_version_2(os.path.join(self.state, f"state.{number}.db"), 7 - number, state, old)
        exported = self.export_state()
        self.assertEqual(exported["log"], old)
        self.assertEqual(exported["state"], {**state, "log_alerts": 0})

    def test_export_of_an_older_program_is_imported_and_its_alerts_are_not_known(self):
        old = [{k: v for k, v in entry(serial).items() if k not in NOTED} for serial in range(8900, 9001)]
        state = {k: v for k, v in STATE.items() if k != "log_alerts"}
        state["log_held"] = {k: v for k, v in STATE["log_held"].items() if k not in NOTED}
        result = self.import_state(document(state, old))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        exported = self.export_state()
        self.assertEqual(exported["log"], old)
        self.assertEqual(exported["state"], {**state, "log_alerts": 0})

    def test_rows_with_a_declared_default_may_be_absent(self):
        os.mkdir(self.state)
        absent = {k: v for k, v in STATE.items() if k not in ("pulse_overrun", "pulse_raised", "run", "run_closures_1", "run_closures_2", "boot_id", "stopped")}
        self.make_version_1(os.path.join(self.state, "state.1.db"), 7, absent)
        exported = self.export_state()["state"]
        self.assertEqual((exported["pulse_overrun"], exported["boot_id"], exported["stopped"]), (False, "", False))
        self.assertEqual(exported["kwh"], STATE["kwh"])

    def test_row_of_a_later_program_of_the_same_schema_is_no_damage(self):
        self.assertEqual(self.import_state(document()).returncode, 0)
        for name in ("state.0.db", "state.1.db"):
            db = sqlite3.connect(os.path.join(self.state, name))
            checksum, = db.execute("SELECT value FROM state WHERE name = 'sequence_crc32'").fetchone()
            db.execute("INSERT INTO state VALUES('kwh_exported', '3.000000000')")
            db.execute("UPDATE state SET value = ? WHERE name = 'sequence_crc32'",
                       (checksum ^ zlib.crc32(b"kwh_exported\0" b"3.000000000\0"),))
            db.commit()
            db.close()
        self.assertEqual(self.export_state()["state"], STATE)


if __name__ == "__main__":
    outcome.main(verbosity=2)
