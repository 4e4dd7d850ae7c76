"""The daemon under a service manager, played by this test: readiness, status, watchdog and reload as sd_notify(3) has them."""
import os
import select
import signal
import socket
import subprocess
import time

import pytest
from conftest import BUILD, Daemon, HANG_S, wait_for
from converter import converter, converter_config

CLIENT = os.path.join(BUILD, "dinmeter")
STALL = os.path.join(BUILD, "tests", "integration", "stall")
WATCHDOG_S = 2
DEGRADED_S = 10     # as the manual has it
# With every device that has a thread: a display and buttons that are not there, simulated contacts, captures.
EVERYTHING = """
adc: { source = "sim"; };
outputs: { energy: { chip = "sim"; line = 1; }; alarm: { chip = "sim"; line = 2; }; leds: { alarm = "no such led"; }; };
panel: { display = "/no/display"; buttons = "no such buttons"; };
capture: { on_alerts = "all"; path = "/no/captures"; };
"""
THREADS = ["dinmeterd", "acquire", "meter", "store", "control", "outputs", "alarm", "lines", "leds", "panel", "display", "buttons", "recorder"]


class Managed(Daemon):
    """A daemon whose notifications are collected."""

    def __init__(self, *arguments, watchdog_s=None, **more):
        self.watchdog_s = watchdog_s
        self.messages = []
        super().__init__(*arguments, **more)

    def spawn(self):
        address = str(self.directory / "notify")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(address)
        environment = dict(os.environ, NOTIFY_SOCKET=address)
        if self.watchdog_s:
            environment["WATCHDOG_USEC"] = str(self.watchdog_s * 1000000)
        self.began = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def collect(self, timeout_s=0.0):
        """What came in the meantime joins `messages`, with the time."""
        while select.select([self.manager], [], [], timeout_s)[0]:
            for line in self.manager.recv(4096).decode().split("\n"):
                self.messages.append((time.monotonic(), line))
            timeout_s = 0

    def said(self, start):
        self.collect(0.05)
        return [line for _, line in self.messages if line.startswith(start)]

    def age_s(self, message):
        """How long after its start it has told that for the first time."""
        return next(when for when, line in self.messages if line == message) - self.began

    def wait_said(self, start):
        return wait_for(lambda: self.said(start), f"{start} is told")


@pytest.fixture
def managed(tmp_path_factory):
    started = []

    def start(*arguments, **more):
        started.append(Managed(tmp_path_factory.mktemp("managed"), arguments, **more))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()
        one.manager.close()


def test_ready_is_told_once_the_meter_measures_and_its_port_answers(managed):
    meter = managed("-s")
    meter.wait_said("READY=1")
    with meter.bus() as bus:
        assert bus.read(26)[0] != 0x8000        # a frequency: there is a measurement
    assert meter.said("STATUS=measuring, 2520 samples a second")
    meter.stop()
    assert meter.said("READY=1") == ["READY=1"]
    assert meter.said("STOPPING=1")


def test_without_an_adc_it_is_ready_degraded_and_says_what_is_missing(managed):
    meter = managed(config='adc: { source = "iio"; uri = "ip:127.0.0.1:1"; device = "none"; };')
    meter.wait_open()
    assert not meter.said("READY=1")
    wait_for(lambda: any("not measuring: ADC" in line for line in meter.said("STATUS=")), "the ADC is named as missing")
    # nor does a reload meanwhile make it ready
    meter.config_path.write_text('adc: { source = "iio"; uri = "ip:127.0.0.1:1"; device = "none"; }; store: { interval_s = 7; };', encoding="utf-8")
    meter.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "reload: store.interval_s: taken" in meter.log, "it is read again")
    assert not meter.said("READY=1")
    meter.wait_said("READY=1")
    assert meter.age_s("READY=1") >= DEGRADED_S
    assert "started degraded: not measuring: ADC" in meter.log
    assert not meter.said("STATUS=measuring")


def test_without_its_port_it_is_ready_degraded_and_says_what_is_missing(managed):
    meter = managed(config='adc: { source = "sim"; }; modbus: { device = "/no/tty"; };', pty=False)
    wait_for(lambda: meter.said("STATUS=measuring, 2520 samples a second; modbus: /no/tty is not open: No such file or directory"), "the port is named as missing")
    assert not meter.said("READY=1")
    meter.wait_said("READY=1")
    assert meter.age_s("READY=1") >= DEGRADED_S
    assert "started degraded: measuring, 2520 samples a second; modbus: /no/tty is not open: No such file or directory" in meter.log


def test_the_watchdog_is_fed_as_long_as_every_thread_lives(managed):
    meter = managed(config=EVERYTHING, watchdog_s=WATCHDOG_S)
    meter.wait_said("READY=1")
    names = wait_for(lambda: threads_of(meter) if set(THREADS) <= set(threads_of(meter)) else None, "all threads run")
    assert sorted(names) == sorted(THREADS), "each thread is one that the next test stalls"
    begin = len(meter.messages)
    # many periods: also the slowest beat and a retry with back-off fit into one
    wait_for(lambda: len(meter.said("WATCHDOG=1")) >= 20, "the watchdog is fed")
    fed = [when for when, line in meter.messages[begin:] if line == "WATCHDOG=1"]
    assert len(fed) > 5
    assert "WATCHDOG=trigger" not in [line for _, line in meter.messages]


def threads_of(meter):
    tasks = f"/proc/{meter.process.pid}/task"
    names = []
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/comm", encoding="ascii") as file:
            names.append(file.read().strip())
    return names


def test_a_thread_that_stands_still_whichever_it_is_ends_the_feeding_and_is_named(managed):
    meters = {name: managed(config=EVERYTHING, watchdog_s=WATCHDOG_S) for name in THREADS}
    stalls = {}
    try:
        for name, meter in meters.items():
            meter.wait_said("READY=1")
            wait_for(lambda m=meter, n=name: n in threads_of(m), f"{name} runs")
            stalls[name] = subprocess.Popen([STALL, str(meter.process.pid), name], stdout=subprocess.PIPE)
            assert stalls[name].stdout.readline() == b"stalled\n", name
        for name, meter in meters.items():
            if name == "dinmeterd":     # the main thread: it tells no more
                meter.collect()
                seen = len(meter.messages)
                time.sleep(2 * WATCHDOG_S)
                assert len(meter.said("")) == seen
                continue
            meter.wait_said("WATCHDOG=trigger")
            assert f'STATUS=thread "{name}" stands still' in meter.said("STATUS=")
            assert f'thread "{name}" has shown no life' in meter.log
            fed = [when for when, line in meter.messages if line == "WATCHDOG=1"]
            told = [when for when, line in meter.messages if line == "WATCHDOG=trigger"]
            assert fed and len(told) == 1 and fed[-1] <= told[0], name
    finally:
        for stall in stalls.values():
            stall.kill()
            stall.wait()
        # As the manager would; in good order they could not end in time, all at once.
        for meter in meters.values():
            meter.kill()


def test_a_converter_whose_thread_stands_still_ends_the_feeding_and_the_thread_is_named(managed):
    with converter() as server:
        meter = managed(config=converter_config(server.port), watchdog_s=WATCHDOG_S)
        wait_for(lambda: meter.said("STATUS=measuring"), "it measures")
        with subprocess.Popen([STALL, str(meter.process.pid), "iio"], stdout=subprocess.PIPE) as stall:
            try:
                assert stall.stdout.readline() == b"stalled\n"
                meter.wait_said("WATCHDOG=trigger")
                assert 'STATUS=thread "iio" stands still' in meter.said("STATUS=")
                assert 'thread "iio" has shown no life' in meter.log
            finally:
                stall.kill()
                meter.kill()


def reload(meter):
    count = len(meter.said("READY=1"))
    meter.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(meter.said("READY=1")) > count, "the reload is over")
    assert meter.said("RELOADING=1") and meter.said("MONOTONIC_USEC=")


BASE = 'adc: { source = "sim"; };\nmeter: { ct_primary = 100; };\nstore: { interval_s = 10; };\nmodbus: { turnaround_us = -1; };\n'


def test_a_reload_takes_what_can_change_and_names_the_rest(managed):
    meter = managed(config=BASE)
    meter.wait_said("READY=1")
    text = BASE.replace("ct_primary = 100", "ct_primary = 250; pt_ratio = 2.00; stale_s = 3.0").replace("interval_s = 10", "interval_s = 7")
    meter.config_path.write_text(text + 'sim: { current = 10.0; };\n', encoding="utf-8")
    reload(meter)
    with meter.bus() as bus:
        assert bus.read(131, 3) == [250, 1, 200]
    for line in ("reload: store.interval_s: taken", "reload: meter.ct_primary: taken"):
        assert line in meter.log
    for key in ("sim.current", "meter.stale_s"):
        assert f"reload: {key}: is another in the file; takes effect at the next start" in meter.log
    assert "address" not in meter.log.split("reload:")[-1]


def test_the_port_follows_a_reload(managed):
    meter = managed(config=BASE)
    meter.wait_said("READY=1")
    meter.config_path.write_text(BASE.replace("turnaround_us = -1", "turnaround_us = 2000; address = 9"), encoding="utf-8")
    reload(meter)
    with meter.bus(9) as bus:
        assert wait_for(lambda: bus.read(7001), "the new address answers") == [12345]


def test_a_reload_of_a_bad_file_changes_nothing_and_says_why(managed):
    meter = managed(config=BASE)
    meter.wait_said("READY=1")
    meter.config_path.write_text(BASE.replace("ct_primary = 100", "ct_primary = 250; pt_ratio = 0"), encoding="utf-8")
    reload(meter)
    assert f"reload: {meter.config_path}:2: meter.pt_ratio: got 0, must be" in meter.log
    assert "reload: nothing is changed" in meter.log
    with meter.bus() as bus:
        assert bus.read(131, 3) == [100, 1, 100]


def test_what_a_reload_took_stands_after_a_restart_and_a_later_write_stands_before_it(managed):
    meter = managed(config=BASE)
    meter.wait_said("READY=1")
    with meter.bus() as bus:
        bus.write(142, 33)                      # on the bus: newer than the file
    meter.config_path.write_text(BASE.replace("ct_primary = 100", "ct_primary = 250"), encoding="utf-8")
    reload(meter)
    with meter.bus() as bus:
        assert bus.read(131) == [250] and bus.read(142) == [33]
        bus.write(131, 300)                     # newer than the file again
    reload(meter)
    with meter.bus() as bus:
        assert bus.read(131) == [300]
    meter.stop()
    meter.manager.close()
    os.unlink(meter.directory / "notify")
    meter.spawn()
    meter.wait_live()
    with meter.bus() as bus:
        assert bus.read(131) == [300] and bus.read(142) == [33]


def test_a_write_while_the_file_is_read_again_stands(managed):
    meter = managed(config=BASE)
    meter.wait_said("READY=1")
    command = [CLIENT, "set", "--socket", meter.control, "ct_primary"]
    value = 100
    with meter.bus() as bus:
        for offered in range(101, 141):
            reloads = len(meter.said("READY=1"))
            with subprocess.Popen(command + [str(offered)], stderr=subprocess.PIPE) as client:
                time.sleep(offered % 8 * 0.001)     # before, while and after the file is decided on
                meter.process.send_signal(signal.SIGHUP)
                errors = client.stderr.read()
            assert client.returncode == 0 or b"busy" in errors, errors
            value = offered if client.returncode == 0 else value
            wait_for(lambda n=reloads: len(meter.said("READY=1")) > n, "the reload is over")
            assert bus.read(131) == [value]


def test_a_terminal_that_goes_away_ends_the_meter_in_good_order(tmp_path):
    import pty
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(os.path.join(BUILD, "dinmeterd"), ["dinmeterd", "-s", "--pty", str(tmp_path / "meter"), "--state", str(tmp_path / "state"),
                                                    "--control", str(tmp_path / "control")])
    wait_for(lambda: os.path.exists(tmp_path / "meter"), "the meter runs")
    os.close(terminal)
    deadline = time.monotonic() + HANG_S
    while (done := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert done == (pid, 0)


def test_without_privileges_each_refusal_is_said_once_and_it_measures(tmp_path):
    # who is no root has none to give up
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    os.chmod(tmp_path, 0o777)
    for parent in list(tmp_path.parents)[:3]:
        if str(parent).startswith("/tmp/"):
            os.chmod(parent, 0o755)
    log = open(tmp_path / "log", "wb")
    command = [*drop, "prlimit", "--rtprio=0", "--memlock=65536", "--nofile=1024", os.path.join(BUILD, "dinmeterd"), "-s", "--pty", str(tmp_path / "meter"),
               "--state", str(tmp_path / "state"), "--control", str(tmp_path / "control")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(lambda: "measuring, 2520" in (tmp_path / "log").read_text() or process.poll() is not None, "it measures")
        text = (tmp_path / "log").read_text()
        assert process.poll() is None, text
        assert text.count("real-time priority: ") == 1 and text.count("memory is not locked: ") == 1, text
    finally:
        process.terminate()
        assert process.wait(HANG_S) == 0
        log.close()
