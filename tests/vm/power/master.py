#!/usr/bin/env python3
"""master.py KILLS MACHINES QEMU_ARGUMENT... - cuts the power of virtual machines in which a meter counts energy, by killing them.

Each of the machines has a disk of its own for the meter's state and is started and killed until KILLS are made by all of them
together.  From the outside, as a master on
the bus, the meter's energies are read and settings are written until the kill, and again after the next start: what was shown may not be
lost by more than the interval of the store, nothing may be invented, what was acknowledged must stand.  A start is not a boot: one machine is
booted as far as it goes without the disk, and each start goes on from its memory.  Prints a line "ok" or "FAIL" for each claim.
Environment: TEST_SEED.  Exit status: 0 or 1.
"""
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "integration"))
import rtu  # noqa: E402

KW = 3 * 277.0 * 30000.0 * 0.9 / 1000       # meter.conf
INTERVAL_S = 1.0                            # meter.conf
COMMIT_S = 2.5                              # a commit may take so long on the emulated disk, a neighbour beside it
SETTLED_S = INTERVAL_S + COMMIT_S + 1       # a setting so old is kept on a slow host too
BOOT_S = 120.0
RUN_S = 0.3, 2.0
LONG_RUN = 5                                # each so many-th run ends with a time without writes, in which only the interval keeps energy:
QUIET_S = INTERVAL_S + COMMIT_S + 1.4       # lost as a whole it is more than the limit
POLL_S = 0.02                               # between requests: an emulated processor has other work too
DISK_MB = 32
KWH, KW_NOW, POWER_UPS, SETTING = 257, 261, 152, 142


class Failure(Exception):
    pass


class Monitor:
    """QEMU's monitor (HMP), and the process behind it."""

    def __init__(self, process, path):
        self.process = process
        self.line = connect(process, path)
        self.read()

    def read(self):
        """What it says until its prompt."""
        said = b""
        while not said.endswith(b"(qemu) "):
            more = self.line.recv(4096)
            if not more:
                raise Failure(f"QEMU ended, its monitor said {said!r}")
            said += more
        return said.decode(errors="replace")

    def say(self, command):
        self.line.sendall(command.encode() + b"\n")
        return self.read()

    def wait_for(self, command, answer, seconds=BOOT_S):
        end = time.monotonic() + seconds
        while answer not in (said := self.say(command)):
            if time.monotonic() > end:
                raise Failure(f"{command}: {said}")
            time.sleep(0.02)

    def close(self):
        self.line.close()


def must_live(process):
    if process.poll() is not None:
        raise Failure(f"QEMU ended with status {process.returncode}")


def connect(process, path):
    while True:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(path)
            return line
        except OSError:
            line.close()
            must_live(process)
            time.sleep(0.02)


class Machine:
    """One that is started and killed; its files are in a directory of its own."""

    def __init__(self, arguments, directory):
        os.mkdir(directory)
        self.disk, self.bus_path, self.monitor_path = (os.path.join(directory, name) for name in ("disk", "bus", "monitor"))
        # Unsafe for a host that fails: what a killed QEMU has written stands, and no other program's disk traffic delays a commit.
        self.arguments = [*arguments, "-drive", f"file={self.disk},format=raw,if=virtio,cache=unsafe",
                          "-serial", f"unix:{self.bus_path},server=on,wait=off",
                          "-monitor", f"unix:{self.monitor_path},server=on,wait=off"]
        self.log_path = os.path.join(directory, "log")
        self.log = open(self.log_path, "wb")
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_MB << 20)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", self.disk], check=True)

    def launch(self, *arguments):
        self.process = subprocess.Popen([*self.arguments, *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.monitor = Monitor(self.process, self.monitor_path)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.monitor.close()

    def boot(self, memory):
        """Keeps the memory of a machine that waits for the time of day in that file."""
        self.launch()
        end = time.monotonic() + BOOT_S
        while True:
            with open(self.log_path, "rb") as log:
                if b"waiting for the time of day" in log.read():
                    break
            must_live(self.process)
            if time.monotonic() > end:
                raise Failure(f"the machine is not up within {BOOT_S:.0f} s")
            time.sleep(0.05)
        self.monitor.say(f'migrate "exec:cat > {memory}"')
        self.monitor.wait_for("info migrate", "Migration status: completed")


class Meter(Machine):
    def __init__(self, arguments, directory, memory, seed):
        super().__init__(arguments, directory)
        self.memory = memory
        self.random = random.Random(seed)
        self.lost_s, self.invented_s, self.exact, self.starts = [], [], 0, 0
        self.gained_s, self.kept_s = 0.0, 0.0   # by what the runs showed, and in all by the last start
        self.kept_starts = 0                # that lived for long enough to be kept
        self.writes = []                    # value, when acknowledged (None: never)
        self.shown = None                   # kWh, when

    def start(self):
        self.launch("-S", "-incoming", f"exec:cat {self.memory}")
        self.line = connect(self.process, self.bus_path)
        self.monitor.wait_for("info status", "VM status: paused\r")
        self.line.sendall(b"%d\n" % time.time())
        self.started = time.monotonic()
        self.monitor.say("cont")
        self.starts += 1
        self.bus = rtu.Bus(self.line.fileno())
        while True:
            try:
                self.first = self.read_energy(deadline_s=0.3)
                self.first_at = time.monotonic()
                break
            except (rtu.NoReply, AssertionError):
                self.bus.pending = b""
                self.must_live()
        try:
            while True:                     # the answers to what was asked before somebody listened
                self.bus.receive(deadline_s=0.5)
        except rtu.NoReply:
            pass

    def must_live(self):
        must_live(self.process)
        if time.monotonic() > self.started + BOOT_S:
            raise Failure(f"the meter does not answer within {BOOT_S:.0f} s of the machine's start")

    def cut(self):
        self.kill()
        self.killed = time.monotonic()
        self.kept_starts += self.killed > self.first_at + SETTLED_S
        self.line.close()

    def read_energy(self, deadline_s=rtu.REPLY_DEADLINE_S):
        words = self.bus.read(KWH, 6, deadline_s=deadline_s)
        return rtu.float_of(words[0:2]), rtu.float_of(words[4:6])

    def judge_start(self):
        """The first reading of a new run against the last one before the kill."""
        (kwh, kw), now = self.first, self.first_at
        kept = kw != kw                     # not measured yet: this is what was kept
        self.exact += kept
        if not self.shown:
            if kwh > KW / 3600 * (now - self.started) + 1e-3:
                raise Failure(f"a new meter shows {kwh} kWh")
            return
        before, when = self.shown
        self.gained_s += (before - self.began_kwh) * 3600 / KW
        self.kept_s = kwh * 3600 / KW
        self.lost_s.append((before - kwh) * 3600 / KW)
        self.invented_s.append((kwh - before) * 3600 / KW - (self.killed - when) - (0 if kept else now - self.started))
        setting, power_ups = self.bus.read(SETTING)[0], self.bus.read(POWER_UPS)[0]
        if not self.kept_starts < power_ups <= self.starts:
            raise Failure(f"{self.starts} starts, {self.kept_starts} of those before long enough, register {POWER_UPS} is {power_ups}")
        allowed = []
        for value, acknowledged in reversed(self.writes):
            allowed.append(value)
            if acknowledged and acknowledged < self.killed - SETTLED_S:
                break
        if setting not in allowed:
            raise Failure(f"register {SETTING} is {setting} after the kill; of {allowed} the last is {SETTLED_S} s old")

    def load(self, seconds, quiet):
        """Reads and writes; each write is kept at once, and energy with it, so the writes end some time before: `quiet`, or any."""
        end = time.monotonic() + seconds + quiet
        writes_end = end - (quiet or self.random.uniform(0, seconds))
        while time.monotonic() < end:
            time.sleep(POLL_S)
            kwh, _ = self.read_energy()
            if self.shown and kwh < self.shown[0] and self.reads:
                raise Failure(f"energy fell from {self.shown[0]} to {kwh} kWh")
            self.shown, self.reads = (kwh, time.monotonic()), self.reads + 1
            if time.monotonic() > writes_end:
                continue
            value = len(self.writes) % 99 + 1
            self.writes.append((value, None))
            self.bus.write(SETTING, value)
            self.writes[-1] = value, time.monotonic()

    def run(self, kills, failures):
        try:
            for run in range(kills + 1):
                self.start()
                try:
                    self.judge_start()
                    self.began_kwh, self.reads = self.first[0], 0
                    if run < kills:
                        self.load(self.random.uniform(*RUN_S), QUIET_S * (run % LONG_RUN == LONG_RUN // 2))
                finally:
                    self.cut()
        except (Failure, rtu.NoReply, rtu.ModbusException, OSError, AssertionError) as error:
            failures.append(f"start {self.starts}: {error!r} at line {error.__traceback__.tb_lineno}")


def main():
    kills, machines, arguments = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    seed = int(os.environ.get("TEST_SEED") or random.randrange(1 << 31))
    print(f"     seed {seed}")
    failures = []
    with tempfile.TemporaryDirectory() as directory:
        memory = os.path.join(directory, "memory")
        first = Machine(arguments, os.path.join(directory, "first"))
        try:
            first.boot(memory)
        finally:
            first.kill()
        meters = [Meter(arguments, os.path.join(directory, str(n)), memory, seed + n) for n in range(machines)]
        threads = [threading.Thread(target=m.run, args=(kills // machines + (n < kills % machines), failures))
                   for n, m in enumerate(meters)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            with open(meters[0].log_path, "rb") as log:
                sys.stdout.write(log.read().decode(errors="replace")[-3000:])
    lost, invented = [s for m in meters for s in m.lost_s], [s for m in meters for s in m.invented_s]
    gained, kept = sum(m.gained_s for m in meters), sum(m.kept_s for m in meters)
    exact, writes = sum(m.exact for m in meters), sum(len(m.writes) for m in meters)
    claims = [
        (f"the machine was killed {kills} times under load, and the meter was back each time, settings and starts counted ({writes} writes)",
         not failures and len(lost) == kills),
        (f"no shown energy is lost beyond the interval of {INTERVAL_S:g} s and a commit of {COMMIT_S:g} s (worst {max(lost, default=0):.2f} s of it)",
         lost and max(lost) <= INTERVAL_S + COMMIT_S),
        (f"of {gained:.1f} s of energy that all runs showed the last starts have {kept:.1f} s, less by an interval a kill at most",
         len(lost) == kills and kept >= gained - kills * INTERVAL_S),
        (f"most first readings were made before a measurement ({exact} of {kills + machines})", exact > kills // 2),
        (f"no energy is invented (worst {max(invented, default=0):.2f} s of it)", invented and max(invented) < 0.1),
    ]
    for text in failures:
        print(f"     {text}")
    for claim, holds in claims:
        print(("ok   " if holds else "FAIL ") + claim)
    return 0 if all(holds for _, holds in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
