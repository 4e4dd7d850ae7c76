"""Captures that alerts begin: the seconds before the alert are in them, old ones go, and a disk that does not take them harms nobody."""
import os
import re
import signal
import subprocess
import time

from conftest import BUILD, DAEMON, HANG_S, wait_for
from control import Control
from test_capture import analyze, read_recording

PHASE_LOSS_VOLTAGE, QUIET, LOST = 142, 10, 99     # percent of the system voltage: 99 makes the phases of 480 V lost in a system of 600 V
NAME = re.compile(r"\d{8}T\d{6}Z-phase_loss_a(-\d)?$")


def config(path, **keys):
    keys = {"path": f'"{path}"', "on_alerts": '"phase_loss_a"', "after_s": "1.0", "ring_s": "3.0", **keys}
    return "capture: { " + " ".join(f"{key} = {value};" for key, value in keys.items()) + " };\n"


def start(daemon, path, **keys):
    meter = daemon(config='adc: { source = "sim"; };\n' + config(path, **keys)).wait_live()
    # what the first second shows was there before: an alert has to rise in a later one
    with Control(meter.control) as control:
        wait_for(lambda: control.get("status", parts=["meter"])["meter"]["cycle"] >= 2, "a second second")
    return meter


def captures(path):
    return sorted(name[:-4] for name in os.listdir(path) if name.endswith(".cfg"))


class Meter:
    def __init__(self, daemon):
        self.control, self.bus = Control(daemon.control), daemon.bus()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control.close()
        self.bus.close()

    def status(self):
        return self.control.get("status", parts=["capture", "alerts", "meter"])

    def capture(self):
        return self.status()["capture"]

    def alert(self, on):
        """As a second shows it: what a setting makes and unmakes in between may pass unseen."""
        self.bus.write(PHASE_LOSS_VOLTAGE, LOST if on else QUIET)
        before = self.status()
        assert any(alert["code"] == "phase_loss_a" for alert in before["alerts"]["list"]) == on
        if not on:
            wait_for(lambda: self.status()["meter"]["cycle"] > before["meter"]["cycle"], "a second without it")


def test_an_alert_leaves_a_capture_with_the_seconds_before_it(daemon, tmp_path):
    meter = start(daemon, tmp_path / "new" / "captures")
    with Meter(meter) as at:
        wait_for(lambda: at.status()["meter"]["cycle"] >= 3, "there are seconds to be looked back at")
        assert at.capture() == {"state": "waiting", "count": 0, "failures": 0, "last": None, "last_error": None}
        at.alert(True)
        wait_for(lambda: at.capture()["count"] == 1, "a capture is written")
        (name,) = captures(tmp_path / "new" / "captures")
        assert NAME.match(name) and at.capture() == {"state": "waiting", "count": 1, "failures": 0, "last": name, "last_error": None}
    path = tmp_path / "new" / "captures" / name
    recording = read_recording(path)
    before = (recording["trigger"] - recording["start"]).total_seconds()
    assert before > 1.5 and recording["trigger"].strftime("%Y%m%dT%H%M%SZ") == name[:16]
    assert recording["numbers"][-1] / 2520 - before >= 1
    assert len(analyze(path)) >= 2 and f"phase_loss_voltage = {LOST};" in (tmp_path / "new" / "captures" / f"{name}.conf").read_text("ascii")
    assert meter.log.count(f"{name}.cfg") == 1


def test_old_captures_go_when_there_are_too_many_or_too_much_and_nothing_else(daemon, tmp_path):
    others = ["20200101T000000Z-frequency.txt", "notes.cfg", "2020-frequency.dat"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    for year, size in ((2020, 10), (2021, 1500000), (2022, 10), (2023, 10)):
        for end in ("cfg", "dat", "conf"):
            (tmp_path / f"{year}0101T000000Z-frequency.{end}").write_bytes(bytes(size if end == "dat" else 10))
    (tmp_path / "20240101T000000Z-frequency.dat.1.new").write_bytes(b"never finished")
    with Meter(start(daemon, tmp_path, keep="4", max_mb="1")) as at:
        at.alert(True)
        wait_for(lambda: at.capture()["count"] == 1, "a capture is written")
        wait_for(lambda: not (tmp_path / "20210101T000000Z-frequency.conf").exists(), "old ones go")
        last = at.capture()["last"]
    # 2020 is one too many, 2021 too large
    assert captures(tmp_path) == ["20220101T000000Z-frequency", "20230101T000000Z-frequency", last, "notes"]
    assert sorted(name for name in os.listdir(tmp_path) if "phase" not in name and not re.match(r"202[23]0101", name)) == sorted(others)


def test_a_second_alert_makes_it_longer_and_the_end_leaves_it_whole(daemon, tmp_path):
    meter = start(daemon, tmp_path, after_s="3.0")
    with Meter(meter) as at:
        at.alert(True)
        wait_for(lambda: at.capture()["state"] == "capturing", "a capture begins")
        # of an alert that falls and rises within one look nobody knows
        for _ in range(3):
            at.alert(False)
            at.alert(True)
        wait_for(lambda: at.capture()["count"] == 1, "it is over")
        recording = read_recording(tmp_path / at.capture()["last"])
        after = recording["numbers"][-1] / 2520 - (recording["trigger"] - recording["start"]).total_seconds()
        assert after > 3.2, "the alert came again in the middle"

        def begins():
            at.alert(False)
            at.alert(True)
            end = time.monotonic() + 1
            while time.monotonic() < end and at.capture()["state"] != "capturing":
                time.sleep(0.02)
            return at.capture()["state"] == "capturing"
        wait_for(begins, "another begins")
    meter.stop()
    assert len(captures(tmp_path)) == 2 and not [name for name in os.listdir(tmp_path) if name.endswith(".new")]
    read_recording(tmp_path / captures(tmp_path)[1])


def test_a_place_that_takes_nothing_is_told_once_and_harms_nobody(daemon, tmp_path):
    (tmp_path / "file").write_text("", encoding="ascii")
    meter = start(daemon, tmp_path / "file" / "captures")
    with Meter(meter) as at:
        for failures in (1, 2):
            at.alert(True)
            wait_for(lambda n=failures: at.capture()["failures"] == n, "it is tried")
            at.alert(False)
        assert at.capture() == {"state": "failing", "count": 0, "failures": 2, "last": None, "last_error": "Not a directory"}
        assert len([line for line in meter.log.splitlines() if "capture: " in line]) == 1, meter.log
        assert at.status()["meter"]["live"]
        shown = subprocess.run([os.path.join(BUILD, "dinmeter"), "status", "--socket", meter.control], capture_output=True, text=True,
                               timeout=HANG_S, check=True).stdout
        assert re.search(r"^capture +NOT WORKING: Not a directory", shown, re.M)


def test_a_simulation_that_keeps_nothing_writes_nothing(tmp_path):
    (tmp_path / "conf").write_text(config(tmp_path / "captures"), encoding="ascii")
    control = tmp_path / "control"
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([DAEMON, "-s", "-c", tmp_path / "conf", "--pty", tmp_path / "meter", "--control", control], stdout=log,
                                   stderr=log)
    try:
        wait_for(lambda: "control: listening at" in (tmp_path / "log").read_text(encoding="utf-8"), "the daemon listens")
        with Control(str(control)) as client:
            assert client.get("status", parts=["capture"])["capture"]["state"] == "off"
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(HANG_S) == 0
    assert not (tmp_path / "captures").exists()


def test_a_code_that_is_none_is_refused(tmp_path):
    (tmp_path / "conf").write_text(config(tmp_path, on_alerts='"phase_lost"'), encoding="ascii")
    done = subprocess.run([DAEMON, "-t", "-c", tmp_path / "conf"], capture_output=True, text=True, timeout=HANG_S, check=False)
    assert done.returncode == 2 and re.search(r'capture\.on_alerts: got "phase_lost", must be "", "all", or codes', done.stderr), done.stderr


def test_captures_lie_in_the_directory_of_the_state_where_no_other_is_named(daemon):
    meter = daemon(config='adc: { source = "sim"; };\ncapture: { on_alerts = "phase_loss_a"; after_s = 1.0; ring_s = 2.0; };\n').wait_live()
    with Meter(meter) as at:
        wait_for(lambda: at.status()["meter"]["cycle"] >= 2, "a second second")
        at.alert(True)
        wait_for(lambda: at.capture()["count"] + at.capture()["failures"] == 1, "a capture is written")
        assert captures(meter.state / "captures") == [at.capture()["last"]]


def test_the_configuration_in_effect_tells_where_captures_lie(tmp_path):
    def printed(text, *arguments):
        (tmp_path / "conf").write_text(text, encoding="ascii")
        done = subprocess.run([DAEMON, "-p", "-c", tmp_path / "conf", *arguments], capture_output=True, text=True, timeout=HANG_S, check=True)
        return re.search(r"capture: \{.*?^ +path = (\S+);", done.stdout, re.M | re.S)[1]

    assert printed("") == '"/var/lib/dinmeterd/captures"'
    assert printed('store: { path = "/here"; };') == '"/here/captures"' and printed("", "--state", "/there") == '"/there/captures"'
    assert printed('capture: { path = "/mine"; };', "--state", "/there") == '"/mine"'
    longest = "/" + 254 * "x"
    assert printed("", "--state", longest) == f'"{longest}/captures"'
