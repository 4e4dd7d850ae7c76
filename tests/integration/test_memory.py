"""Memory that is short: at the start the daemon says so and ends; later it measures on, and its bus answers.

By limits of the address space, which a build with a sanitizer does not live with: run by disk.sh, not by daemon.sh.
"""
import os
import resource
import subprocess

from conftest import DAEMON, HANG_S, wait_for
from control import Control
from kept import kwh
from test_contacts import alarm_driven, closures, counters, simulated

STEP_KB, STEPS = 4096, 64


def test_memory_that_is_short_at_the_start_is_said_and_ends_it(tmp_path):
    """Started under limits from too little for the loader to enough: each ends with 1 and the reason, and none crashes."""
    said = set()
    for step in range(STEPS):
        log = tmp_path / f"log{step}"
        with open(log, "wb") as out:
            # A limit that is set in a shell is one of the program alone.
            meter = subprocess.Popen(["sh", "-c", f'ulimit -v {(8 + step) * STEP_KB}; exec "$@"', "sh", DAEMON, "-s", "--pty", tmp_path / f"meter{step}",
                                      "--state", tmp_path / f"state{step}", "--control", tmp_path / f"control{step}"],
                                     stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        text = ""

        def settled(meter=meter, log=log):
            return meter.poll() is not None or b"measuring" in log.read_bytes()
        wait_for(settled, "it ends or measures")
        if meter.poll() is None:
            meter.terminate()
            assert meter.wait(HANG_S) == 0, log.read_text()
            break
        text = log.read_text(encoding="utf-8", errors="replace")
        # 127 is the loader's, which has no room for the libraries; a negative one would be a crash.
        assert meter.returncode == (127 if "shared libraries" in text else 1), (step, meter.returncode, text)
        if meter.returncode == 1:
            reason = [line for line in text.splitlines() if "Cannot allocate memory" in line or "Resource temporarily unavailable" in line]
            assert reason, text
            said.add(reason[-1])
    else:
        raise AssertionError("it never started")
    assert said


def test_memory_that_is_short_later_turns_clients_away_and_the_meter_goes_on(daemon):
    meter = daemon(config=simulated()).wait_live()
    pid = meter.process.pid
    with meter.bus() as bus:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        before = resource.prlimit(pid, resource.RLIMIT_AS, (size, -1))
        assert before == (-1, -1)

        def is_turned_away():
            try:
                with Control(meter.control) as control:
                    return not control.ask("samples", **{"from": 0, "max": 1024})["ok"]
            except (ValueError, OSError):
                return True
        clients = []
        try:
            # Who is served takes of what there is left.
            while not is_turned_away():
                clients.append(Control(meter.control))
                clients[-1].socket.sendall(b'{"v":1,"cmd":"samples","from":0,"max":1024}\n' * 100)
        finally:
            for client in clients:
                client.close()
        energy = kwh(bus)
        wait_for(lambda: kwh(bus) > energy, "it measures on")
        counted = counters(bus)[0]
        wait_for(lambda: counters(bus)[0] >= counted + 10, "closures go on")
        bus.write(142, 44)
        assert bus.read(142) == [44]
        resource.prlimit(pid, resource.RLIMIT_AS, (-1, -1))
        wait_for(lambda: not is_turned_away(), "clients are served again")
        with Control(meter.control) as control:
            status = control.status()
            assert status["adc"]["lost"] == 0 and status["meter"]["live"]
            assert closures(control.edges(), "energy") >= counted + 10 and alarm_driven(control)
