"""dinmeter doctor as root looks for another user, and at disks that are mounted for the test.  Needs root; disk.sh says so."""
import grp
import json
import os
import pathlib
import pty
import pwd
import shutil
import struct
import subprocess
import tempfile

import pytest
from conftest import HANG_S
from doctor import DINMETER, doctor, failures, me, of, write_site
from test_recording import recording_config, write_recording

NOBODY = "nobody"
GROUP = grp.getgrgid(pwd.getpwnam(NOBODY).pw_gid).gr_name


@pytest.fixture
def open_path():
    """A directory that every user may enter."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="dinmeterd-doctor.", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def disk(open_path):
    where = open_path / "disk"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", where], check=True)
    yield where
    subprocess.run(["umount", "-l", where], check=True)


def test_a_state_directory_that_is_missing_is_made_by_what_mends_it(open_path):
    path = write_site(open_path, state=open_path / "below" / "state")
    _, report, _ = doctor("-c", path, "--user", NOBODY)
    subprocess.run(["sh", "-c", failures(report, "disk")[0]["mend"]], check=True)
    _, report, _ = doctor("-c", path, "--user", NOBODY)
    assert not failures(report, "disk")


def test_what_mends_a_directory_lets_the_user_into_it(open_path):
    link, captures = open_path / "link", open_path / "captures"
    link.mkdir(mode=0o700)
    captures.mkdir(mode=0o700)
    path = write_site(open_path, f'capture: {{ on_alerts = "all"; path = "{captures}"; }};\n', device=f"pty:{link}/meter")
    check_mends(path, "port", "captures")


def check_mends(path, *parts, most=1):
    """What mends each does, in `most` goes."""
    for goes in range(most + 1):
        _, report, _ = doctor("-c", path, "--user", NOBODY)
        found = [failures(report, part)[0] for part in parts if failures(report, part)]
        assert found or goes > 0, report
        for one in found if goes < most else ():
            assert "setfacl" not in one["mend"]
            subprocess.run(["sh", "-c", one["mend"]], check=True)
    assert not found


def test_a_directory_that_lets_the_user_not_through_is_mended_and_not_what_lies_in_it(open_path):
    closed = open_path / "closed"
    closed.mkdir()
    recording = write_recording(closed, 1)
    path = write_site(closed, source=recording_config(recording, True), state=open_path / "state")
    (open_path / "state").mkdir()
    shutil.chown(open_path / "state", NOBODY)
    closed.chmod(0o700)
    for part in ("configuration", "converter"):
        mend = failures(doctor("-c", path, "--user", NOBODY)[1], part)[0]["mend"]
        assert mend == f"chgrp {GROUP} {closed} && chmod g+x {closed}"
    check_mends(path, "configuration", "converter")
    # a group that it is of lets through who joins it
    os.chown(closed, -1, grp.getgrnam("games").gr_gid)
    assert failures(doctor("-c", path, "--user", NOBODY)[1], "converter")[0]["mend"].startswith(f"usermod -aG games {NOBODY};")


def test_each_file_of_a_recording_is_readable_for_the_user(open_path):
    recording = write_recording(open_path, 1)
    path = write_site(open_path, source=recording_config(recording, True))
    assert not failures(doctor("-c", path, "--user", NOBODY)[1], "converter")
    for part in (recording, recording.with_suffix(".dat")):
        part.chmod(0o600)
        found = failures(doctor("-c", path, "--user", NOBODY)[1], "converter")[0]
        assert found["found"].startswith(f"{part}: {NOBODY} may not read it") and found["mend"].endswith(str(part))
        check_mends(path, "converter")


def test_captures_in_a_directory_that_nobody_makes(open_path):
    path = write_site(open_path, 'capture: { on_alerts = "all"; path = "/nonexistent/caps"; };\n')
    found = failures(doctor("-c", path, "--user", NOBODY)[1], "captures")[0]
    assert found["found"].startswith("capture.path: ") and found["mend"] == f"install -d -o {NOBODY} -g {GROUP} -m 0750 /nonexistent/caps"
    path = write_site(open_path, f'capture: {{ on_alerts = "all"; path = "{open_path}/none/caps"; }};\n')
    check_mends(path, "captures")


def test_a_lock_that_the_user_may_not_open(open_path):
    state = open_path / "state"
    state.mkdir()
    shutil.chown(state, NOBODY)
    (state / "lock").write_bytes(b"")
    (state / "lock").chmod(0o600)
    path = write_site(open_path, state=state)
    assert f"{state}/lock" in failures(doctor("-c", path, "--user", NOBODY)[1], "disk")[0]["found"]
    check_mends(path, "disk")


def test_a_control_socket_in_a_directory_that_the_user_may_not_write_or_make(open_path):
    path = write_site(open_path)
    assert f"{open_path}: {NOBODY} may not write" in failures(doctor("-c", path, "--user", NOBODY)[1], "control")[0]["found"]
    check_mends(path, "control")
    path.write_text(path.read_text(encoding="utf-8").replace(f"{open_path}/control", f"{open_path}/none/below/control"), encoding="utf-8")
    assert failures(doctor("-c", path, "--user", NOBODY)[1], "control")[0]["found"].startswith("control.socket: ")
    check_mends(path, "control")


def test_who_may_not_read_the_configuration_is_told_who_may(open_path):
    who = {"user": 65534, "group": 65534, "extra_groups": []}
    try:
        subprocess.run([DINMETER, "--version"], capture_output=True, check=True, **who)
    except PermissionError:
        pytest.skip("an ordinary user may not run what was built here")
    directory = open_path / "etc"
    directory.mkdir()
    path = write_site(directory)
    for mode, group, hint in ((0o750, "games", "'games' (usermod -aG games USER, then log in anew)"), (0o750, "root", ""),
                              (0o700, "games", "")):
        directory.chmod(mode)
        os.chown(directory, 0, grp.getgrnam(group).gr_gid)
        done = subprocess.run([DINMETER, "doctor", "-c", path], capture_output=True, text=True, check=False, **who)
        assert done.returncode == 2 and done.stdout == ""
        assert "Permission denied" in done.stderr and "sudo dinmeter doctor" in done.stderr and hint in done.stderr, done.stderr
        assert ("usermod" in done.stderr) == bool(hint), done.stderr


def test_captures_in_a_state_directory_that_the_service_makes_are_no_failure(open_path):
    path = write_site(open_path, 'capture: { on_alerts = "all"; };\n', state="/var/lib/no-such-meter")
    program = open_path / "systemctl"
    program.write_text("#!/bin/sh\necho LoadState=loaded; echo StateDirectory=no-such-meter\n", encoding="ascii")
    program.chmod(0o755)
    _, report, _ = doctor("-c", path, "--user", NOBODY, "--unit", "meter", environment={"PATH": f"{open_path}:{os.environ['PATH']}"})
    assert not failures(report, "captures"), report


def test_rights_are_those_of_the_daemons_user_and_not_of_root(open_path):
    state = open_path / "state"
    state.mkdir(mode=0o700)
    master, slave = pty.openpty()
    device = os.ttyname(slave)
    os.chmod(device, 0o600)
    os.close(slave)
    try:
        path = write_site(open_path, device=device, state=state)
        _, report, _ = doctor("-c", path, "--user", me())
        assert not failures(report, "port") and not failures(report, "disk")
        status, report, _ = doctor("-c", path, "--user", NOBODY)
        assert status == 1 and report["tried"] and not failures(report, "configuration")
        for part in ("port", "disk"):
            assert f"{NOBODY} may not" in failures(report, part)[0]["found"], of(report, part)
        # What mends it does.
        mend = failures(report, "disk")[0]["mend"]
        assert mend == f"chown -R {NOBODY}: {state}"
        subprocess.run(["sh", "-c", mend], check=True)
        os.chown(device, pwd.getpwnam(NOBODY).pw_uid, -1)
        _, report, _ = doctor("-c", path, "--user", NOBODY)
        assert not failures(report, "port") and not failures(report, "disk")
    finally:
        os.close(master)


def test_groups_are_those_of_the_user_and_of_the_unit_and_not_of_root(open_path):
    state = open_path / "state"
    state.mkdir()
    state.chmod(0o770)
    path = write_site(open_path, state=state)
    assert failures(doctor("-c", path, "--user", NOBODY)[1], "disk")
    os.chown(state, -1, grp.getgrnam("games").gr_gid)
    found = failures(doctor("-c", path, "--user", NOBODY)[1], "disk")
    assert found, "a group that neither the user nor the unit has"
    units = open_path / "systemctl"
    units.write_text("#!/bin/sh\nprintf 'LoadState=loaded\\nSupplementaryGroups=games\\n'\n", encoding="ascii")
    units.chmod(0o755)
    _, report, _ = doctor("-c", path, "--user", NOBODY, environment={"PATH": f"{open_path}:{os.environ['PATH']}"})
    assert not failures(report, "disk"), of(report, "disk")


def test_a_configuration_that_the_user_cannot_read_whole_fails(open_path):
    path = write_site(open_path)
    path.chmod(0o600)
    _, report, _ = doctor("-c", path, "--user", NOBODY)
    assert f"{NOBODY} may not read it" in failures(report, "configuration")[0]["found"]
    path.chmod(0o644)
    part = open_path / "part.conf"
    part.write_text('meter: { stale_s = 3.0; };\n', encoding="ascii")
    path.write_text(path.read_text(encoding="utf-8") + '@include "part.conf"\n', encoding="utf-8")
    assert not failures(doctor("-c", path, "--user", NOBODY)[1], "configuration")
    part.chmod(0o600)
    _, report, _ = doctor("-c", path, "--user", NOBODY)
    assert "a file that it includes" in failures(report, "configuration")[0]["found"]


def test_an_access_list_counts(open_path):
    state = open_path / "state"
    state.mkdir(mode=0o700)
    path = write_site(open_path, state=state)
    assert failures(doctor("-c", path, "--user", NOBODY)[1], "disk")
    # acl(5) as linux/posix_acl_xattr.h has it: version 2; owner, user, owning group, mask, others
    user = pwd.getpwnam(NOBODY).pw_uid
    entries = ((1, 7, 0xffffffff), (2, 7, user), (4, 0, 0xffffffff), (0x10, 7, 0xffffffff), (0x20, 0, 0xffffffff))
    os.setxattr(state, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries))
    assert not failures(doctor("-c", path, "--user", NOBODY)[1], "disk")


def test_a_disk_in_memory_a_full_one_and_a_read_only_one(open_path, disk):
    path = write_site(open_path, state=disk)
    status, report, _ = doctor("-c", path, "--user", me())
    warnings = [one["found"] for one in of(report, "disk") if one["verdict"] == "warn"]
    assert status == 0 and any("lies in memory" in one for one in warnings) and any("MB free" in one for one in warnings), warnings
    (disk / "filler").write_bytes(bytes(12 << 20))
    status, report, _ = doctor("-c", path, "--user", me())
    assert status == 1 and "4 MB free" in failures(report, "disk")[0]["found"], of(report, "disk")
    _, report, _ = doctor("--user", me(), "-c", write_site(open_path, f'capture: {{ on_alerts = "all"; path = "{disk}/caps"; }};\n'))
    assert "4 MB free" in failures(report, "captures")[0]["found"], of(report, "captures")
    path = write_site(open_path, state=disk)
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    status, report, _ = doctor("-c", path, "--user", me())
    assert status == 1 and "read-only" in failures(report, "disk")[0]["found"], of(report, "disk")


# Devices of IIO as sysfs would have them, in a place of its own: $1 is the mode of the rate of the trigger "clock"; then what is to be run.
DEVICES = r"""
set -e
mount --make-rprivate /
mount -t tmpfs none /sys/bus
device=/sys/bus/iio/devices/iio:device0 trigger=/sys/bus/iio/devices/trigger0
mkdir -p $device/buffer $device/scan_elements $device/trigger $trigger
echo adc > $device/name; echo 0 > $device/buffer/enable; echo 2 > $device/buffer/length; echo > $device/trigger/current_trigger
for n in 0 1 2 3 4 5; do
	echo 0 > $device/in_voltage${n}_raw; echo 0 > $device/scan_elements/in_voltage${n}_en
	echo $n > $device/scan_elements/in_voltage${n}_index; echo 'le:s16/16>>0' > $device/scan_elements/in_voltage${n}_type
done
chmod -R a+rwX $device
echo clock > $trigger/name; echo 2520 > $trigger/sampling_frequency; chmod $1 $trigger/sampling_frequency
shift
exec "$@"
"""


@pytest.mark.parametrize("mode, denied", [("644", True), ("666", False)])
def test_the_rate_of_the_trigger_is_among_what_the_user_must_be_able_to_write(open_path, mode, denied):
    path = write_site(open_path, source='adc: { source = "iio"; trigger = "clock"; };\n')
    done = subprocess.run(["unshare", "-m", "sh", "-c", DEVICES, "sh", mode, DINMETER, "doctor", "--json", "-c", path, "--user", NOBODY],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_S, check=False)
    found = [one["found"] for one in json.loads(done.stdout)["findings"] if one["part"] == "converter"]
    assert found and not done.stderr, done
    assert any("trigger0/sampling_frequency: nobody may not write it" in one for one in found) == denied, found
