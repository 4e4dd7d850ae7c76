"""dinmeter doctor on this machine: what is really there, held by real processes, on real disks."""
import contextlib
import os
import pty
import socket
import subprocess
import sys

import pytest
from conftest import HANG_S, wait_for
from converter import converter, converter_config
from doctor import DINMETER, SIMULATED, doctor, failures, me, of, write_site
from test_recording import recording_config, write_recording


@pytest.fixture
def site(tmp_path):
    return lambda more="", **parts: write_site(tmp_path, more, **parts)


def test_a_simulated_meter_on_a_sound_machine_fails_in_nothing(site):
    status, report, errors = doctor("-c", site(), "--user", me())
    assert status == 0 and report["tried"] and errors == ""
    for part in ("user", "configuration", "converter", "port", "contacts", "leds", "panel"):
        assert [one["verdict"] for one in of(report, part)] == ["ok"], of(report, part)
    # The directory for temporary files may lie in memory.
    assert not failures(report, "disk")
    for part in ("kernel", "clock", "limits", "handover", "service", "daemon"):
        of(report, part)


def test_text_has_a_line_for_each_finding_with_its_verdict_and_mend(site):
    path = site('outputs: { energy: { chip = "no-such-chip"; line = 3; }; };\n')
    _, report, _ = doctor("-c", path, "--user", me())
    done = subprocess.run([DINMETER, "doctor", "-c", path, "--user", me()], capture_output=True, text=True, timeout=HANG_S, check=False)
    lines = done.stdout.splitlines()
    assert done.returncode == 1 and len(lines) == len(report["findings"]) + 1
    for line, one in zip(lines, report["findings"]):
        assert line.split()[:2] == [one["verdict"], one["part"]]
        if one["part"] != "clock":
            assert one["found"] in line and (not one["mend"] or line.endswith(f"; mend: {one['mend']}")), (line, one)


def test_bad_usage_and_a_bad_configuration_end_with_2(site, tmp_path):
    assert doctor("--no-such")[0] == 2
    assert doctor("surplus")[0] == 2
    status, report, errors = doctor("-c", tmp_path / "none.conf")
    assert status == 2 and report is None and "none.conf" in errors and "No such file" in errors
    status, report, errors = doctor("-c", site("meter: { system_type = 13; };\n"))
    assert status == 2 and report is None and "system_type" in errors
    status, report, errors = doctor("-c", site(), "--user", "no-such-user")
    assert status == 2 and report is None and "no-such-user" in errors


def test_a_missing_chip_led_display_and_input_device_fail(site):
    status, report, _ = doctor("--user", me(), "-c", site(
        'outputs: { alarm: { chip = "no-such-chip"; line = 3; }; leds: { tx = "no:such:led"; }; };\n'
        'panel: { display = "/dev/no-such-lcd"; buttons = "no-such-buttons"; };\n'))
    assert status == 1
    for part, name in (("contacts", "no-such-chip"), ("leds", "no:such:led"), ("display", "no-such-lcd"), ("buttons", "no-such-buttons")):
        found = failures(report, part)
        assert len(found) == 1 and name in found[0]["found"] and found[0]["mend"], found


def test_whatever_fails_is_told_with_what_mends_it(site, tmp_path):
    _, report, _ = doctor("--user", me(), "-c", site(
        'outputs: { energy: { chip = "/sys/class/gpio/no-such-chip"; line = 3; }; };\npanel: { buttons = "/dev/input/no-such-event"; };\n',
        source=f'adc: {{ source = "comtrade"; recording = "{tmp_path}/none.cfg"; }};\n', device="/dev/null"))
    for part in ("converter", "port", "contacts", "buttons"):
        assert failures(report, part)[0]["mend"], of(report, part)


def test_another_process_on_the_port_is_named(site):
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    try:
        path = site(device=name)
        with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as other:
            os.close(slave)
            _, report, _ = doctor("-c", path, "--user", me())
            # The test itself holds the other end only, which is another device.
            assert [one["verdict"] for one in of(report, "port")] == ["ok"], of(report, "port")
            with subprocess.Popen([sys.executable, "-c", f"import sys; port = open('{name}', 'rb', 0); print(flush=True); sys.stdin.read()"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE) as rival:
                rival.stdout.readline()
                status, report, _ = doctor("-c", path, "--user", me())
                found = failures(report, "port")
                assert status == 1 and len(found) == 1 and f"process {rival.pid} (python3" in found[0]["found"], found
                rival.stdin.close()
            other.stdin.close()
    finally:
        os.close(master)


def test_a_port_that_is_not_there_or_no_port_fails(site, tmp_path):
    _, report, _ = doctor("-c", site(device="/dev/ttyNONE"), "--user", me())
    assert "No such file" in failures(report, "port")[0]["found"]
    _, report, _ = doctor("-c", site(device="/dev/null"), "--user", me())
    assert "no serial port" in failures(report, "port")[0]["found"]
    _, report, _ = doctor("-c", site(device=f"pty:{tmp_path}/none/meter"), "--user", me())
    assert f"{tmp_path}/none" in failures(report, "port")[0]["mend"]


def test_a_link_that_another_meter_has_or_that_is_something_else_fails(site, daemon, tmp_path):
    meter = daemon("-s").wait_live()
    status, report, _ = doctor("-c", site(device=f"pty:{meter.link}"), "--user", me())
    found = failures(report, "port")
    assert status == 1 and len(found) == 1 and f"process {meter.process.pid}" in found[0]["found"] and found[0]["mend"], found
    meter.stop()
    # what a dead one has left is taken
    os.symlink("/dev/pts/65535", meter.link)
    _, report, _ = doctor("-c", site(device=f"pty:{meter.link}"), "--user", me())
    assert [one["verdict"] for one in of(report, "port")] == ["ok"], of(report, "port")
    (tmp_path / "meter").write_text("", encoding="ascii")
    _, report, _ = doctor("-c", site(device=f"pty:{tmp_path}/meter"), "--user", me())
    assert "no link to a pseudo-terminal" in failures(report, "port")[0]["found"] and failures(report, "port")[0]["mend"]


def test_a_missing_converter_fails_with_what_is_there(site):
    with converter() as server:
        status, report, _ = doctor("-c", site(source=converter_config(server.port)), "--user", me())
        assert of(report, "converter")[0]["verdict"] in ("ok", "warn"), of(report, "converter")
        status, report, _ = doctor("-c", site(source=converter_config(server.port, 'device = "ads9";')), "--user", me())
        assert status == 1 and 'adc.device "ads9" is not among the devices' in failures(report, "converter")[0]["found"]
        status, report, _ = doctor("--user", me(), "-c",
                                   site(source=converter_config(server.port, 'channels: { ib: { channel = "voltage9"; }; };')))
        assert status == 1 and "voltage9" in failures(report, "converter")[0]["found"]
        status, report, _ = doctor("-c", site(source=converter_config(server.port, 'trigger = "clock9";')), "--user", me())
        assert status == 1 and 'adc.trigger "clock9"' in failures(report, "converter")[0]["found"]
    status, report, _ = doctor("-c", site(source=converter_config(server.port)), "--user", me())
    assert status == 1 and "refused" in failures(report, "converter")[0]["found"]


def test_rates_are_told_as_the_daemon_would_choose_them(site):
    with converter(available="1000 2000 4000 8000") as server:
        _, report, _ = doctor("-c", site(source=converter_config(server.port)), "--user", me())
        assert "4000 Hz is to be had" in of(report, "converter")[0]["found"], report
    with converter(available="1000 2000") as server:
        _, report, _ = doctor("-c", site(source=converter_config(server.port)), "--user", me())
        assert [one["verdict"] for one in of(report, "converter")] == ["warn"] and "2000 Hz is its highest" in of(report, "converter")[0]["found"]


def test_a_converter_that_never_answers_is_given_up(site):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        status, report, _ = doctor("-c", site(source=converter_config(port)), "--user", me())
        assert status == 1 and len(failures(report, "converter")) == 1, report


def test_the_running_daemon_is_asked(daemon, site):
    meter = daemon("-s").wait_live()
    more = ("--state", meter.state, "--socket", meter.control, "--user", me())
    status, report, errors = doctor("-c", site(), *more)
    assert status == 0 and errors == ""
    found = of(report, "daemon")
    assert [one["verdict"] for one in found] == ["ok"] and f"process {meter.process.pid} " in found[0]["found"], found
    assert not failures(report, "disk")
    # Another daemon than the one that answers keeps its state there.
    second = daemon("-s").wait_live()
    status, report, _ = doctor("-c", site(), "--state", second.state, "--socket", meter.control, "--user", me())
    assert status == 1 and f"process {second.process.pid}," in failures(report, "disk")[0]["found"], of(report, "disk")


def test_what_the_daemon_says_of_its_parts_is_a_finding(daemon, site):
    meter = daemon(config=SIMULATED + 'outputs: { energy: { chip = "no-such-chip"; line = 1; }; leds: { rx = "no:such:led"; }; };\n'
                                      'panel: { display = "/dev/no-such-lcd"; };\n').wait_live()
    status, report, _ = doctor("-c", site(), "--state", meter.state, "--socket", meter.control, "--user", me())
    said = " ".join(one["found"] for one in of(report, "daemon"))
    assert status == 1 and "contact energy" in said and "LED rx" in said and "display" in said, said


def test_stale_readings_are_a_failure(daemon, site):
    with converter() as server:
        meter = daemon(config=converter_config(server.port)).wait_live()
    arguments = ("-c", site(), "--state", meter.state, "--socket", meter.control, "--user", me())
    wait_for(lambda: failures(doctor(*arguments)[1], "daemon"), "the lost converter is told")
    assert "converter is not open" in failures(doctor(*arguments)[1], "daemon")[0]["found"]


@contextlib.contextmanager
def systemctl(tmp_path, text, status=0):
    """Stands in for the program of that name."""
    directory = tmp_path / "bin"
    directory.mkdir(exist_ok=True)
    (directory / "systemctl").write_text(f"#!/bin/sh\ncat <<'EOF'\n{text}EOF\nexit {status}\n", encoding="ascii")
    (directory / "systemctl").chmod(0o755)
    yield {"PATH": f"{directory}:{os.environ['PATH']}"}


def test_the_unit_is_asked_for_its_user_and_state(site, tmp_path):
    text = (f"LoadState=loaded\nActiveState=failed\nSubState=failed\nUnitFileState=enabled\nResult=start-limit-hit\nNRestarts=5\nUser=nobody\n"
            "LimitRTPRIO=0\nLimitMEMLOCK=8388608\n\nLoadState=not-found\nActiveState=inactive\n")
    with systemctl(tmp_path, text) as environment:
        status, report, _ = doctor("-c", site(), environment=environment)
    assert status == 1 and report["user"] == "nobody"
    assert "failed (start-limit-hit) after 5 restarts" in failures(report, "service")[0]["found"]
    assert of(report, "limits")[0]["verdict"] == "warn" and "dinmeterd.service" in of(report, "limits")[0]["found"]
    with systemctl(tmp_path, "", 1) as environment:
        _, report, _ = doctor("-c", site(), environment=environment)
    assert "systemd does not run here" in of(report, "service")[0]["found"] and of(report, "service")[0]["verdict"] == "warn"


def test_what_the_unit_forbids_its_daemon_fails(site, tmp_path):
    """Its properties as `systemctl show` has those of dinmeterd.service."""
    text = ("LoadState=loaded\nProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nPrivateNetwork=yes\nStateDirectory=dinmeterd\nRuntimeDirectory=dinmeterd\n"
            "ReadWritePaths=-/sys/devices -/sys/class/gpio{}\n\n")
    with converter() as server:
        remote = site(source=converter_config(server.port), state="/srv/no-such-meter", device="pty:/opt/meter")
        arguments = ("-c", remote, "--user", me())
        with systemctl(tmp_path, text.format("")) as environment:
            _, report, _ = doctor(*arguments, "--unit", "dinmeterd", environment=environment)
            assert "PrivateNetwork" in failures(report, "converter")[0]["found"]
            assert "ReadWritePaths=/srv/no-such-meter;" in failures(report, "disk")[0]["mend"]
            assert "ProtectSystem" in failures(report, "port")[0]["found"]
            # another's file is not the unit's
            _, report, _ = doctor(*arguments, environment=environment)
            assert "Protect" not in str(report) and "PrivateNetwork" not in str(report)
            for state in ("/var/lib/dinmeterd", "/var/lib/dinmeterd/below", "/var/lib/dinmeterd-other"):
                _, report, _ = doctor("-c", site(), "--state", state, "--user", me(), "--unit", "dinmeterd", environment=environment)
                assert ("ProtectSystem" in str(of(report, "disk"))) == (state == "/var/lib/dinmeterd-other"), (state, report)
            # what is hidden no line gives back
            for state, line in ("/home/meter", "ProtectHome=yes"), ("/root", "ProtectHome=yes"), ("/var/tmp/meter", "PrivateTmp=yes"):
                _, report, _ = doctor("-c", site(device=f"pty:{state}/bus"), "--state", state, "--user", me(), "--unit", "dinmeterd",
                                      environment=environment)
                for part in ("disk", "port"):
                    found = failures(report, part)[0]
                    assert line in found["found"] and "below /var/lib/dinmeterd;" in found["mend"], found
        with systemctl(tmp_path, text.format(" /srv /opt").replace("=yes", "=no")) as environment:
            _, report, _ = doctor(*arguments, "--unit", "dinmeterd", environment=environment)
            assert "Protect" not in str(report) and "PrivateNetwork" not in str(report)


def test_captures_are_looked_for_beside_the_state_unless_the_file_says_where(site, tmp_path):
    more = 'capture: { on_alerts = "all"; };\n'
    _, report, _ = doctor("-c", site(more), "--user", me())
    assert f"{tmp_path}/state/captures: " in of(report, "captures")[0]["found"]
    text = "LoadState=loaded\nProtectSystem=strict\nStateDirectory=dinmeterd\nRuntimeDirectory=no-such-meter\n\n"
    with systemctl(tmp_path, text) as environment:
        _, report, _ = doctor("-c", site(more, device="pty:/run/no-such-meter/bus", state="/var/lib/dinmeterd"), "--user", me(),
                              "--unit", "dinmeterd", environment=environment)
    assert not failures(report, "captures") and not failures(report, "port"), report


def test_a_recording_is_opened_as_the_daemon_opens_it(site, tmp_path):
    path = write_recording(tmp_path, 1)
    config, data = path.read_bytes(), path.with_suffix(".dat")

    def look(where=path):
        return doctor("-c", site(source=recording_config(where, True)), "--user", me())[1]

    assert [one["verdict"] for one in of(look(), "converter")] == ["ok"]
    path.write_bytes(b"no recording at all\n")
    assert f"{path}:2: " in failures(look(), "converter")[0]["found"]
    path.write_bytes(config)
    assert "not a regular file" in failures(look(tmp_path), "converter")[0]["found"]
    data.unlink()
    found = failures(look(), "converter")
    assert len(found) == 1 and f"{data}: no such file" in found[0]["found"] and found[0]["mend"].startswith("adc.recording in "), found


def test_a_file_in_the_place_of_a_directory_fails(site, tmp_path):
    (tmp_path / "state").write_bytes(b"")
    (tmp_path / "caps").write_bytes(b"")
    _, report, _ = doctor("-c", site(f'capture: {{ on_alerts = "all"; path = "{tmp_path}/caps/below"; }};\n'), "--user", me())
    assert failures(report, "disk")[0]["found"] == f"store.path: {tmp_path}/state is no directory"
    assert failures(report, "captures")[0]["found"] == f"capture.path: {tmp_path}/caps is no directory"
    for part in ("disk", "captures"):
        subprocess.run(["sh", "-c", failures(report, part)[0]["mend"].partition(";")[0]], check=True)
    _, report, _ = doctor("-c", site(), "--user", me())
    assert not failures(report, "disk") and (tmp_path / "state.old").is_file()


def test_a_daemon_that_is_not_ours_keeps_the_state_while_ours_is_down(daemon, site):
    other = daemon("-s").wait_live()
    status, report, _ = doctor("-c", site(), "--state", other.state, "--user", me())
    assert status == 1 and f"process {other.process.pid}," in failures(report, "disk")[0]["found"], of(report, "disk")


def test_a_control_socket_that_the_unit_forbids_is_mended_in_the_unit(site, tmp_path):
    text = "LoadState=loaded\nActiveState=active\nProtectSystem=strict\nRuntimeDirectory=dinmeterd\n\n"
    with systemctl(tmp_path, text) as environment:
        for socket_path, mend in (("/srv/control", "ReadWritePaths=/srv;"), ("/run/no-such-meter/control", "RuntimeDirectory=no-such-meter;"),
                                  ("/srv/no-such-meter/control", "ReadWritePaths=/srv/no-such-meter;")):
            _, report, _ = doctor("-c", site(), "--user", me(), "--unit", "dinmeterd", "--socket", socket_path, environment=environment)
            assert mend in failures(report, "control")[0]["mend"], report
            # the directory of a path that is not there would keep the unit from its start
            assert failures(report, "control")[0]["mend"].startswith("install -d ") == (socket_path == "/srv/no-such-meter/control")
            assert failures(report, "daemon")[0]["mend"] == "see control above", report


def test_looking_changes_nothing(site, tmp_path):
    with converter(available="1000 2000 4000") as server:
        path = site(source=converter_config(server.port, 'trigger = "clock";'))
        before = sorted(os.listdir(tmp_path))
        _, report, _ = doctor("-c", path, "--user", me())
        assert of(report, "converter")
        assert server.connections > 0 and server.opens == 0 and server.written == {} and server.set_rate is None
    assert sorted(os.listdir(tmp_path)) == before
