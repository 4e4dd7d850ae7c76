#!/usr/bin/env python3
"""master.py KILLS MACHINES QEMU_ARGUMENT... - cuts the power of virtual machines in which a meter counts energy, by killing them.

Each of the machines has a disk of its own for the meter's state and is started and killed until KILLS are made by all of them
together.  From the outside, as a master on
the bus, the meter's energies are read and settings are written until the kill, and again after the next start: what was shown may not be
lost by more than the interval of the store, nothing may be invented, what was acknowledged must stand.  Prints a line "ok" or "FAIL" for each claim.
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
COMMIT_S = 1.5                              # a commit may take so long on the emulated disk, a neighbour beside it
BOOT_S = 120.0
RUN_S = 0.3, 2.5
POLL_S = 0.02                               # between requests: an emulated processor has other work too
DISK_MB = 32
KWH, KW_NOW, POWER_UPS, SETTING = 257, 261, 152, 142


class Failure(Exception):
    pass


class Machine:
    def __init__(self, arguments, directory, seed):
        self.random = random.Random(seed)
        self.disk = os.path.join(directory, "disk")
        self.socket = os.path.join(directory, "bus")
        self.arguments = [*arguments, "-drive", f"file={self.disk},format=raw,if=virtio",
                          "-serial", f"unix:{self.socket},server=on,wait=off"]
        self.log = open(os.path.join(directory, "log"), "wb")
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_MB << 20)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", self.disk], check=True)
        self.lost_s, self.invented_s, self.exact, self.starts = [], [], 0, 0
        self.writes = []                    # value, when acknowledged (None: never)
        self.shown = None                   # kWh, when

    def start(self):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.started = time.monotonic()
        self.starts += 1
        while True:
            try:
                line = socket.socket(socket.AF_UNIX)
                line.connect(self.socket)
                break
            except OSError:
                line.close()
                self.must_live()
                time.sleep(0.05)
        self.line = line
        self.bus = rtu.Bus(line.fileno())
        while True:
            try:
                self.first = self.read_energy(deadline_s=0.3)
                self.first_at = time.monotonic()
                break
            except (rtu.NoReply, AssertionError):
                self.bus.pending = b""      # what the machine's firmware may have said
                self.must_live()
        try:
            while True:                     # the answers to what was asked before somebody listened
                self.bus.receive(deadline_s=0.5)
        except rtu.NoReply:
            pass

    def must_live(self):
        if self.process.poll() is not None:
            raise Failure(f"QEMU ended with status {self.process.returncode}")
        if time.monotonic() > self.started + BOOT_S:
            raise Failure(f"the meter does not answer within {BOOT_S:.0f} s of the machine's start")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.killed = time.monotonic()
        self.line.close()
        os.unlink(self.socket)

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
        self.lost_s.append((before - kwh) * 3600 / KW)
        self.invented_s.append((kwh - before) * 3600 / KW - (self.killed - when) - (0 if kept else now - self.started))
        setting, power_ups = self.bus.read(SETTING)[0], self.bus.read(POWER_UPS)[0]
        if power_ups != self.starts:
            raise Failure(f"{self.starts} starts, register {POWER_UPS} is {power_ups}")
        allowed = []
        for value, acknowledged in reversed(self.writes):
            allowed.append(value)
            if acknowledged and acknowledged < self.killed - COMMIT_S:
                break
        if setting not in allowed:
            raise Failure(f"register {SETTING} is {setting} after the kill; of {allowed} the last is {COMMIT_S} s old")

    def load(self, seconds):
        """Reads and writes; each write is kept at once, and energy with it, so the writes end some time before."""
        end = time.monotonic() + seconds
        writes_end = end - self.random.uniform(0, seconds)
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
            for last in [False] * kills + [True]:
                self.start()
                try:
                    self.judge_start()
                    self.reads = 0
                    if not last:
                        self.load(self.random.uniform(*RUN_S))
                finally:
                    self.kill()
        except (Failure, rtu.NoReply, rtu.ModbusException, OSError, AssertionError) as error:
            failures.append(f"start {self.starts}: {error!r} at line {error.__traceback__.tb_lineno}")


def main():
    kills, machines, arguments = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    seed = int(os.environ.get("TEST_SEED") or random.randrange(1 << 31))
    print(f"     seed {seed}")
    failures = []
    with tempfile.TemporaryDirectory() as directory:
        meters = []
        for n in range(machines):
            own = os.path.join(directory, str(n))
            os.mkdir(own)
            meters.append(Machine(arguments, own, seed + n))
        threads = [threading.Thread(target=m.run, args=(kills // machines + (n < kills % machines), failures))
                   for n, m in enumerate(meters)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            with open(os.path.join(directory, "0", "log"), "rb") as log:
                sys.stdout.write(log.read().decode(errors="replace")[-3000:])
    lost, invented = [s for m in meters for s in m.lost_s], [s for m in meters for s in m.invented_s]
    exact, writes = sum(m.exact for m in meters), sum(len(m.writes) for m in meters)
    claims = [
        (f"the machine was killed {kills} times under load, and the meter was back each time, settings and starts counted ({writes} writes)",
         not failures and len(lost) == kills),
        (f"no shown energy is lost beyond the interval of {INTERVAL_S:.0f} s (worst {max(lost, default=0):.2f} s of it)",
         lost and max(lost) <= INTERVAL_S + COMMIT_S),
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
