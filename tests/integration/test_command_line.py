"""The command line: checking and printing a configuration, exit statuses, and what is said when something is missing."""
import fcntl
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile

import pytest
from conftest import DAEMON, HANG_S, SANITIZER, wait_for
from rtu import Bus

SIMULATED = 'adc: { source = "sim"; };\n'


def run(*arguments):
    """Runs dinmeterd to its end: exit status, standard output, standard error."""
    done = subprocess.run([DAEMON, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG_S, check=False)
    errors = done.stderr.decode("utf-8", "replace")
    assert not SANITIZER.search(errors), errors
    return done.returncode, done.stdout.decode(), errors


@pytest.fixture
def file(tmp_path):
    def write(text, name="dinmeterd.conf"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path
    return write


def test_a_good_file_passes_the_check_in_silence(file):
    assert run("-t", "-c", file(SIMULATED)) == (0, "", "")


def test_an_empty_file_is_a_good_file(file):
    assert run("-t", "-c", file(""))[0] == 0


def test_every_error_is_named_in_one_run_with_file_line_key_value_and_range(file):
    path = file('adc: { source = "adc9";\n'
                '  rate = 599; };\n'
                'meter: { system_type = 13;\n'
                '  ct_primary = 32001; pt_ratio = "two"; };\n'
                'modbus: { baud = 300; address = 248;\n'
                '  party = "none"; };\n')
    status, _, errors = run("-t", "-c", path)
    assert status == 2
    lines = errors.splitlines()
    for number, key, got in ((1, "source", "adc9"), (2, "rate", "599"), (3, "system_type", "13"), (4, "ct_primary", "32001"),
                             (4, "pt_ratio", "two"), (5, "baud", "300"), (5, "address", "248")):
        found = [line for line in lines if re.search(rf":{number}: .*\b{key}\b", line)]
        assert len(found) == 1, (key, errors)
        assert str(path) in found[0] and "must be" in found[0] and f"got {got}" in found[0].replace('"', ""), found[0]
    unknown = [line for line in lines if "party" in line]
    assert len(unknown) == 1 and f"{path}:6:" in unknown[0] and "parity" in unknown[0], errors
    assert len(lines) == 8, errors


def test_settings_that_contradict_each_other_are_an_error(file):
    path = file("meter: {\n  pt_ratio = 1.0;\n  system_voltage = 13000;\n};\n")
    status, _, errors = run("-t", "-c", path)
    assert status == 2
    assert f"{path}:3:" in errors and "system_voltage" in errors and "13000" in errors


def test_a_syntax_error_names_file_and_line(file):
    path = file('adc: {\n  source = ;\n};\n')
    status, _, errors = run("-t", "-c", path)
    assert status == 2
    assert f"{path}:2:" in errors


def test_a_bad_file_ends_the_daemon_before_it_begins(file, tmp_path):
    link = tmp_path / "meter"
    status, _, errors = run("-s", "-c", file("meter: { system_type = 13; };\n"), "--pty", link)
    assert status == 2
    assert "system_type" in errors
    assert not os.path.lexists(link)


@pytest.mark.parametrize("options", [("-t",), ("-p",), ()])
def test_a_missing_file_is_named_with_the_reason(tmp_path, options):
    path = tmp_path / "none.conf"
    status, _, errors = run(*options, "-c", path)
    assert status == 2
    assert str(path) in errors and "No such file" in errors


def test_no_password_is_printed_and_what_stands_there_is_taken_for_none(file):
    status, text, errors = run("-p", "-c", file(SIMULATED + 'meter: { setup_password = "13579"; };\n'))
    assert (status, errors) == (0, "") and "13579" not in text and 'setup_password = "*****"' in text and 'reset_password = "00000"' in text
    status, _, errors = run("-t", "-c", file(text, "printed.conf"))
    assert status == 2 and "meter.setup_password: got what is not shown, must be a string of five digits" in errors


def test_what_is_printed_is_a_configuration_that_prints_the_same(file):
    first = run("-p", "-c", file(
        'adc: { source = "sim"; rate = 5000; channels: { vb: { channel = "7"; gain = 1.25; delay_us = -12.5; }; }; };\n'
        'meter: { system_type = 31; ct_primary = 400; pt_ratio = 2.5; system_voltage = 1200; phase_loss_rule = "percent-below";\n'
        '  no_load_percent = 0.1; display_units = "IEC"; };\n'
        'modbus: { device = "/dev/ttyUSB7"; address = 17; baud = 38400; parity = "even"; stop_bits = 1; };\n'))
    assert first[0] == 0 and first[2] == ""
    for part in ("5000", "1.25", "-12.5", "31", "400", "2.5", "1200", "percent-below", "IEC", "/dev/ttyUSB7", "38400", "even"):
        assert part in first[1], part
    assert run("-t", "-c", file(first[1], "printed.conf")) == (0, "", "")
    assert run("-p", "-c", file(first[1], "printed.conf")) == first


def test_simulation_alone_prints_the_defaults(file):
    status, text, _ = run("-s", "-p")
    assert status == 0
    assert re.search(r'source\s*=\s*"sim"', text)
    assert re.search(r"\bsystem_type\s*=\s*40\b", text)
    assert run("-t", "-c", file(text))[0] == 0


@pytest.mark.parametrize("arguments", [("--no-such-option",), ("-x",), ("-c",), ("--pty",), ("-s", "surplus")])
def test_bad_usage_ends_with_2_and_says_why(arguments):
    status, out, errors = run(*arguments)
    assert status == 2
    assert out == ""
    assert arguments[-1].lstrip("-") in errors or "argument" in errors


def test_version_and_help_end_with_0():
    assert run("--version")[0] == 0
    status, text, _ = run("--help")
    assert status == 0
    for option in ("-c", "-t", "-p", "-s", "--pty", "--state"):
        assert option in text


def test_a_file_that_is_no_tty_is_refused(file, tmp_path):
    path = file("plain", "plain")
    status, _, errors = run("-c", file(SIMULATED + f'modbus: {{ device = "{path}"; }};\n'), "--state", tmp_path)
    assert status == 1
    assert str(path) in errors


def test_a_port_that_may_not_be_opened_is_named_with_the_reason_and_taken_when_it_may():
    # root may open any
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    master, slave = pty.openpty()
    device = os.ttyname(slave)
    with tempfile.TemporaryDirectory(prefix="dinmeterd-port.", dir="/tmp") as directory:
        os.chmod(directory, 0o777)
        os.chmod(device, 0)
        path, log = os.path.join(directory, "dinmeterd.conf"), pathlib.Path(directory, "log")
        with open(path, "w", encoding="utf-8") as config:
            config.write(SIMULATED + f'modbus: {{ device = "{device}"; }};\n')
        with open(log, "wb") as errors, subprocess.Popen([*drop, DAEMON, "-c", path, "--state", directory + "/state", "--control", directory + "/control"],
                                                         stdin=subprocess.DEVNULL, stderr=errors) as meter:
            try:
                wait_for(lambda: f"{device}: cannot open: Permission denied" in log.read_text() and "measuring, 2520" in log.read_text(),
                         "it measures without the port, and says why")
                os.chmod(device, 0o666)
                wait_for(lambda: f"{device}: the port is there" in log.read_text(), "the port is opened")
            finally:
                meter.terminate()
        assert meter.returncode == 0
    os.close(slave)
    os.close(master)


def test_a_missing_recording_is_named_with_the_reason(daemon, tmp_path):
    path = tmp_path / "none.cfg"
    meter = daemon(config=f'adc: {{ source = "comtrade"; recording = "{path}"; }};\n')

    def said():
        return any(str(path) in line and "No such file" in line for line in meter.log.splitlines())
    wait_for(lambda: said() or meter.process.poll() is not None, "the recording is named")
    assert said(), meter.log
    if meter.process.poll() is not None:
        assert meter.process.returncode == 1
        meter.process.returncode = 0    # ended as it may


def test_what_the_file_says_in_vain_is_told_at_the_start(daemon):
    said = daemon(config=SIMULATED + 'store: { path = "/nonexistent/state"; };\ncontrol: { socket = "/nonexistent/control"; };\n').wait_live()
    assert f"store.path: --state {said.state}, not /nonexistent/state as the file says" in said.log
    assert f"control.socket: --control {said.control}, not /nonexistent/control as the file says" in said.log
    default = daemon(config=SIMULATED + 'store: { path = "/var/lib/dinmeterd"; };\n').wait_live()
    assert "as the file says" not in default.log
    status, _, errors = run("-t", "-c", said.config_path, "--state", said.state)
    assert (status, errors) == (0, "")


def test_a_second_instance_on_the_same_link_says_so_and_ends(daemon):
    meter = daemon("-s").wait_live()
    target = os.readlink(meter.link)
    status, _, errors = run("-s", "--pty", meter.link, "--state", meter.directory)
    assert status == 1
    assert meter.link in errors
    assert re.search(r"in use|another|busy|holds|already", errors), errors
    assert os.readlink(meter.link) == target
    with meter.bus() as bus:
        assert bus.read(7001) == [12345]


def test_a_link_of_the_dead_is_replaced_though_its_terminal_is_anothers_by_now(daemon, tmp_path):
    """The number of a pseudo-terminal is given anew: what a killed daemon's link leads to may be another daemon's."""
    first = daemon("-s").wait_open()
    left = str(tmp_path / "left")
    os.symlink(os.readlink(first.link), left)
    second = daemon("-s", "--pty", left, pty=False)
    second.link = left
    wait_for(lambda: os.readlink(second.link) != os.readlink(first.link), "the link is made anew")
    for meter in (first, second):
        with meter.bus() as bus:
            assert bus.read(7001) == [12345]


def test_a_second_instance_on_the_same_tty_says_so_and_ends(daemon, file, tmp_path):
    master, slave = pty.openpty()
    try:
        path = os.ttyname(slave)
        config = SIMULATED + f'modbus: {{ device = "{path}"; }};\n'
        first = daemon(config=config, pty=False)
        # Its first sign of life after the port is open: it measures.
        wait_for(lambda: "measuring" in first.log, "the first instance runs")
        status, _, errors = run("-c", file(config), "--state", tmp_path)
        assert status == 1
        assert path in errors
        assert first.process.poll() is None
    finally:
        os.close(master)
        os.close(slave)


def test_a_stale_link_of_a_killed_daemon_is_replaced(daemon, tmp_path):
    link = tmp_path / "meter"
    os.symlink("/dev/pts/no-such-terminal", link)
    meter = daemon("-s", "--pty", str(link), pty=False)
    wait_for(lambda: os.path.exists(link), "the link is replaced")
    assert meter.process.poll() is None


def test_a_link_that_is_removed_is_made_anew(daemon):
    meter = daemon("-s").wait_live()
    target = os.readlink(meter.link)
    os.unlink(meter.link)
    wait_for(lambda: os.path.islink(meter.link), "the link is there again")
    assert os.readlink(meter.link) == target
    assert f"{meter.link}: was removed, is made anew" in meter.log
    os.unlink(meter.link)
    pathlib.Path(meter.link).write_text("somebody's", encoding="ascii")
    wait_for(lambda: "is left alone" in meter.log, "what stands in its place is told of")
    meter.stop()
    assert pathlib.Path(meter.link).read_text(encoding="ascii") == "somebody's"


def test_nobody_waits_for_who_does_not_read_the_log(tmp_path):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    link = str(tmp_path / "meter")
    with subprocess.Popen([DAEMON, "-s", "--pty", link, "--state", tmp_path / "state", "--control", tmp_path / "control"],
                          stdin=subprocess.DEVNULL, stderr=writer) as meter:
        try:
            wait_for(lambda: os.path.islink(link), "the link is there")
            bus = Bus(os.open(link, os.O_RDWR | os.O_NOCTTY))
            wait_for(lambda: bus.read(26) == [6000], "the meter measures")
            meter.send_signal(signal.SIGHUP)
            bus.write(131, 200)
            assert bus.read(131) == [200]
            bus.close()
        finally:
            meter.terminate()
        assert meter.wait(60) == 0
    os.close(reader)
    os.close(writer)


def test_a_link_in_a_missing_directory_is_named_with_the_reason(tmp_path):
    path = tmp_path / "none" / "meter"
    status, _, errors = run("-s", "--pty", path, "--state", tmp_path)
    assert status == 1
    assert str(path) in errors and "No such file" in errors


def test_a_file_in_the_place_of_the_link_is_kept(file, tmp_path):
    path = file("precious", "meter")
    status, _, errors = run("-s", "--pty", path, "--state", tmp_path)
    assert status == 1
    assert str(path) in errors
    assert path.read_text() == "precious"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_and_removes_its_link(daemon, number):
    meter = daemon("-s").wait_live()
    meter.process.send_signal(number)
    assert meter.process.wait(HANG_S) == 0
    assert not os.path.lexists(meter.link)


def test_a_link_that_a_killed_daemon_left_is_no_obstacle(daemon):
    meter = daemon("-s").wait_live()
    meter.process.kill()
    meter.process.wait()
    meter.process.returncode = 0    # as it should
    again = daemon("-s", "--pty", meter.link, pty=False)
    wait_for(lambda: "address 1" in again.log or again.process.poll() is not None, "the next one takes the link")
    assert again.process.poll() is None, again.log
    with Bus(meter.link) as bus:
        assert bus.read(7001) == [12345]


def test_a_signal_before_the_first_second_ends_it_too(daemon):
    for _ in range(5):
        meter = daemon("-s").wait_open()
        meter.stop()


def test_it_ends_while_a_master_floods_it(daemon):
    meter = daemon("-s").wait_live()
    with meter.bus() as bus:
        bus.send(bytes(range(256)) * 8)
        meter.process.send_signal(signal.SIGTERM)
        assert meter.process.wait(HANG_S) == 0


def protections(pid):
    """What the kernel says of a process: seccomp's mode (2 is a filter), whether it may gain privileges, its effective capabilities."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return status["Seccomp"], status["NoNewPrivs"], int(status["CapEff"], 16)


def test_it_confines_itself_unless_the_file_says_otherwise(daemon):
    kept = sum(1 << capability for capability in (0, 1, 2, 3, 14, 23, 24))   # linux/capability.h: files, IPC_LOCK, SYS_NICE, SYS_RESOURCE
    before = protections(os.getpid())
    for confined in (True, False):
        config = SIMULATED + ("" if confined else "security: { sandbox = false; };\n")
        meter = daemon(config=config)
        meter.wait_live()
        seccomp, no_new_privileges, capabilities = protections(meter.process.pid)
        if confined:
            assert (seccomp, no_new_privileges, capabilities) == ("2", "1", before[2] & kept), meter.log
            assert "sandbox: " in meter.log
        else:
            assert (seccomp, no_new_privileges, capabilities) == before
            assert "sandbox" not in meter.log
        meter.stop()


def test_what_is_granted_must_be_a_device(file):
    status, _, errors = run("--grant", "/devices/nowhere/at/all", "-c", file(SIMULATED))
    assert (status, errors) in ((0, "dinmeterd: --grant /devices/nowhere/at/all: no such device, or it went away again\n"),
                                (1, "dinmeterd: --grant /devices/nowhere/at/all: there is no group 'dinmeter'\n"))


def test_captures_go_with_a_state_directory_of_the_command_line(file):
    assert 'path = "/else/captures";' in run("-p", "--state", "/else", "-c", file(SIMULATED))[1]
    assert 'path = "/mine";' in run("-p", "--state", "/else", "-c", file(SIMULATED + 'capture: { path = "/mine"; };\n'))[1]
    status, _, errors = run("-p", "--state", "/" + "x" * 255, "-c", file(SIMULATED))
    assert status == 2 and "--state" in errors and "longer" in errors
