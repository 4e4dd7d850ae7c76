#!/usr/bin/python3
"""The whole daemon under load for as long as wanted: scripts/soak is how to run it.

A simulated meter, its time running faster, its disk slow; masters, panel keys, control clients and exports at once, each
in a process of its own.  Measured are memory, descriptors, threads, replies, losses, and the energy against the power that
the source has by its configuration.  Ends with 1 when a limit is broken, with its name; warp.c has faults to break some on purpose.
"""
import argparse
import collections
import json
import multiprocessing
import os
import random
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
from rtu import Bus, ModbusException, NoReply, read_pdu, write_pdu  # noqa: E402

VOLTS, AMPERES, FACTOR = 277.0, 50.0, 0.9
POWER_KW = 3 * VOLTS * AMPERES * FACTOR / 1000
PROGRAMS = ("dinmeterd", "dinmeter")
PULSE_WH = 100
RATE_HZ = 2520
WARM_S = 60.0           # memory may grow for so long, of the run a third at most
LEAST_S = 2
EDGES = 4               # ends of seconds at which the meter is asked for its time; the one told soonest counts
TOLD_S = 0.05           # so late it may be told, in true time, besides what the machine is late
WAKES = 4               # of a reply, each as late as the machine is
REPLY_S = 1.0           # so long a master waits for a reply
CONFIG = f"""
adc: {{ source = "sim"; }};
sim: {{ voltage = {VOLTS}; current = {AMPERES}; power_factor = {FACTOR}; }};
meter: {{ pulse_energy = {PULSE_WH}; demand_subinterval_s = 60; setup_password = "54321"; reset_password = "98765"; }};
outputs: {{ energy: {{ chip = "sim"; }}; alarm: {{ chip = "sim"; }}; }};
"""
# Each master's round: (function, first register, how many); function 0 writes the register, to one of two values.
MASTERS = (
    ((3, 257, 90), (3, 1, 52), (3, 146, 1), (0, 142, (10, 11)), (3, 257, 12)),
    ((4, 257, 60), (3, 8000, 120), (3, 130, 49), (0, 143, (25, 26)), (3, 155, 24)),
)
KEYS = ("+", "-", "right", "left")


def seconds_of(text):
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(s|m|min|h|d|)", text)
    seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}[match[2]] if match else 0
    # In less, the loads have not all begun when growth is first looked at.
    if seconds < LEAST_S:
        raise argparse.ArgumentTypeError(f"got '{text}', must be a time of {LEAST_S} s or more, such as 30s, 10m, 2h, 1d")
    return seconds


def read_arguments():
    parser = argparse.ArgumentParser(prog="soak", description="Runs a simulated meter under load and tells what it took.")
    parser.add_argument("duration", nargs="?", type=seconds_of, default=600.0, help="how long: 30s, 10m (default), 2h, 1d")
    parser.add_argument("--speed", type=float, default=5.0, help="how much faster than true the meter's time runs, 1 to 100 (default 5)")
    parser.add_argument("--disk-ms", type=float, default=200.0, help="mean time of a sync of the disk, in the meter's time (default 200)")
    parser.add_argument("--build", default=os.environ.get("top_builddir", os.getcwd()), help="where dinmeterd and dinmeter are built")
    parser.add_argument("--csv", metavar="FILE", help="writes each second's memory, descriptors, threads and processor time there")
    parser.add_argument("--seed", type=int, default=None, help="of keys and pauses")
    limits = parser.add_argument_group("limits", "On a quiet machine a sound meter keeps those of replies by a factor of ten; "
                                       f"{WAKES} times what the machine itself lets a process wait is added to them.")
    limits.add_argument("--max-growth", type=float, default=1, metavar="KB", help="of allocated memory after the first minute (default 1; a sound one is 0)")
    limits.add_argument("--max-resident", type=float, default=64, metavar="KB", help="growth of written memory after it (default 64; a sound one is 0)")
    limits.add_argument("--max-reply", type=float, default=100, metavar="MS", help="worst reply of the bus (default 100; a sound one is 10)")
    limits.add_argument("--max-p99", type=float, default=2, metavar="MS",
                        help="of 100 replies, the slowest but one (default 2; a sound one is 0.2)")
    limits.add_argument("--max-unanswered", type=int, default=0, metavar="N", help="requests without a reply within 1 s (default 0)")
    limits.add_argument("--max-lost", type=int, default=0, metavar="N", help="samples lost (default 0)")
    limits.add_argument("--max-cpu", type=float, default=50, metavar="%", help="of one core (default 50)")
    limits.add_argument("--max-error", type=float, default=0.1, metavar="PPM", help="of the energy (default 0.1)")
    arguments = parser.parse_args()
    if not 1 <= arguments.speed <= 100:
        parser.error(f"--speed: got {arguments.speed:g}, must be 1 to 100")
    return arguments


class Control:
    """A client of the control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def ask(self, cmd, **keys):
        self.socket.sendall((json.dumps({"v": 1, "cmd": cmd, **keys}) + "\n").encode())
        answer = json.loads(self.file.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{cmd}: {answer['error']}")
        return answer


# The loads.  Each runs until `stop` is set, and puts what went wrong into `errors`, counts into its tally.

def forget(bus):
    while select.select([bus.fd], [], [], 0.2)[0] and os.read(bus.fd, 512):
        pass
    bus.pending = b""


def poll_bus(run, tally):
    """Two masters that take turns on one bus, without a pause between a reply and the next request."""
    places = [0, 0]
    with Bus(run.link) as bus:
        while not run.stop.is_set():
            for master, requests in enumerate(MASTERS):
                function, register, what = requests[places[master] % len(requests)]
                places[master] += 1
                pdu = (read_pdu(register, what, function) if function else
                       write_pdu(register, what[places[master] // len(requests) % 2]))
                began = time.monotonic()
                try:
                    bus.request(pdu, REPLY_S)
                except NoReply:
                    # As masters do: what comes too late is of no use, and the next request must not be taken for it.
                    run.unanswered.value += 1
                    forget(bus)
                except (ModbusException, AssertionError) as error:
                    run.errors.put(f"bus: register {register}: {error}")
                run.replies.put(time.monotonic() - began)
                tally.value += 1


def press_keys(run, tally):
    """Someone at the panel who never has the password."""
    dice, control = random.Random(run.seed), Control(run.control)
    while not run.stop.wait(dice.expovariate(10)):
        control.ask("panel", keys=[dice.choice(KEYS) for _ in range(dice.randint(1, 8))])
        tally.value += 1


def watch_status(run, tally):
    control, turn = Control(run.control), 0
    while not run.stop.wait(0.2):
        control.ask("status")
        turn += 1
        if turn % 10 == 0:
            control.ask("set", name="demand_subintervals", value=1 + turn // 10 % 2)
        if turn % 100 == 0:
            Control(run.control).ask("reset", what="demand")
        tally.value += 1


def watch_samples(run, tally):
    """A scope: all samples, in order, none missing."""
    control = Control(run.control)
    following = control.ask("samples")["next"]
    while not run.stop.wait(0.02):
        answer = control.ask("samples", **{"from": following, "max": 1024})
        if answer["from"] != following and not run.stop.is_set():
            # Who comes too late misses some: that is the reader's loss, and told.
            tally.value += 1
        following = answer["from"] + answer["n"]
    run.scans.value = following


def export(run, tally):
    """The commands, each a process."""
    commands = (["log", "--csv"], ["scope", "--once"], ["status"], ["outputs", "--json"], ["wiring", "--json", "--seconds", "1"])
    turn = 0
    while not run.stop.wait(1.0):
        command = commands[turn % len(commands)]
        turn += 1
        done = subprocess.run([run.dinmeter, *command, "--socket", run.control], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        # wiring says 1 when it has something to say
        if done.returncode not in ((0, 1) if command[0] == "wiring" else (0,)):
            run.errors.put(f"dinmeter {' '.join(command)}: status {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
        tally.value += 1


class Times:
    """How long things took, counted by tenths of a millisecond: a day takes no more room than a minute."""

    STEP_S = 1e-4

    def __init__(self):
        self.counts, self.n, self.worst = collections.Counter(), 0, 0.0

    def add(self, seconds):
        self.counts[int(seconds / self.STEP_S)] += 1
        self.n += 1
        self.worst = max(self.worst, seconds)

    def percentile(self, share):
        """That many of all took no longer; 0 of none."""
        seen = 0
        for step in sorted(self.counts):
            seen += self.counts[step]
            if seen > share * self.n:
                return min((step + 1) * self.STEP_S, self.worst)
        return self.worst


def beat(run, _tally):
    """How late this machine wakes up a process that does nothing else: what no program on it can be better than."""
    late = Times()
    while not run.stop.is_set():
        due = time.monotonic() + 0.01
        time.sleep(0.01)
        late.add(time.monotonic() - due)
        run.pause.value = late.worst
    run.late.value = late.percentile(0.99)


LOADS = {"masters' requests": poll_bus, "panel": press_keys, "status": watch_status, "scope": watch_samples, "commands": export, "beat": beat}


def guarded(run, function, tally):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        function(run, tally)
    except Exception as error:      # pylint: disable=broad-except
        if not run.stop.is_set():
            run.errors.put(f"{function.__name__}: {type(error).__name__}: {error}")


class Run:
    """What the processes share, and the daemon."""

    def __init__(self, arguments, directory):
        self.arguments, self.directory = arguments, directory
        self.link, self.control = os.path.join(directory, "meter"), os.path.join(directory, "control")
        self.account = os.path.join(directory, "account")
        # Copies: who builds anew meanwhile changes nothing.
        self.dinmeterd, self.dinmeter = (shutil.copy2(os.path.join(arguments.build, name), directory) for name in PROGRAMS)
        self.seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 31)
        self.stop, self.errors, self.replies = multiprocessing.Event(), multiprocessing.Queue(), multiprocessing.SimpleQueue()
        self.unanswered = multiprocessing.Value("Q", 0)
        self.scans = multiprocessing.Value("Q", 0)
        self.pause, self.late = multiprocessing.Value("d", 0.0), multiprocessing.Value("d", 0.0)
        self.tallies = {name: multiprocessing.Value("Q", 0) for name in LOADS}
        self.faults, self.times, self.processes, self.daemon, self.began_ns = [], Times(), [], None, 0

    def start(self):
        warp, config = os.path.join(self.directory, "warp.so"), os.path.join(self.directory, "conf")
        subprocess.run([os.environ.get("CC", "cc").split()[-1], "-std=gnu11", "-O2", "-shared", "-fPIC", "-o", warp,
                        os.path.join(HERE, "warp.c"), "-lm", "-ldl", "-lpthread"], check=True)
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG)
        self.began_ns = time.monotonic_ns()
        environment = {**os.environ, "LD_PRELOAD": warp, "WARP_SPEED": str(self.arguments.speed), "WARP_DISK_MS": str(self.arguments.disk_ms),
                       # what a thread keeps for its next allocation would count as in use
                       "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0", "WARP_ACCOUNT": self.account,
                       "WARP_MONOTONIC_NS": str(self.began_ns), "WARP_REALTIME_NS": str(time.time_ns())}
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.daemon = subprocess.Popen([self.dinmeterd, "-c", config, "--pty", self.link, "--state",
                                            os.path.join(self.directory, "state"), "--control", self.control],
                                           env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.is_live():
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the daemon does not measure:\n{self.log()}")
            time.sleep(0.05)

    def is_live(self):
        try:
            return self.look()["meter"]["live"]
        except (FileNotFoundError, ConnectionRefusedError):     # the socket is there before it listens
            return False

    def log(self):
        with open(os.path.join(self.directory, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def look(self):
        return Control(self.control).ask("status")

    def look_at_edge(self):
        """The status just after the end of a second, and when that was in the meter's time: of some, the one told soonest."""
        control, seen, cycle = Control(self.control), [], None
        deadline = time.monotonic() + 60
        while len(seen) < EDGES:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(seen)} seconds ended within a minute:\n{self.log()}")
            answer = control.ask("status")
            answer["meter_s"] = (time.monotonic_ns() - self.began_ns) * self.arguments.speed / 1e9
            if cycle not in (None, answer["meter"]["cycle"]):
                seen.append(answer)
            cycle = answer["meter"]["cycle"]
            time.sleep(0.005)
        return min(seen, key=lambda answer: answer["meter_s"] - seconds_in(answer))

    def look_when_stored(self):
        """The same, and the store once a commit that a slow disk kept up is done; a minute is waited for it."""
        deadline = time.monotonic() + 60
        while (store := self.look()["store"])["state"] != "good" and time.monotonic() < deadline:
            time.sleep(0.1)
        return {**self.look_at_edge(), "store": store}

    def load(self):
        for name, function in LOADS.items():
            process = multiprocessing.Process(target=guarded, args=(self, function, self.tallies[name]), daemon=True)
            process.start()
            self.processes.append(process)

    def gather(self):
        while not self.replies.empty():
            self.times.add(self.replies.get())
        while not self.errors.empty():
            self.faults.append(self.errors.get())

    def end_loads(self):
        self.stop.set()
        for process in self.processes:
            while process.is_alive():       # what waits in a queue holds its process up
                self.gather()
                process.join(0.1)
        self.gather()

    def end(self):
        """SIGTERM and the exit status."""
        self.daemon.send_signal(signal.SIGTERM)
        return self.daemon.wait(60)


def allocated_kb(path):
    """What the program has asked for and not given back, by malloc_info(3)."""
    with open(path, encoding="ascii") as file:
        totals = file.read().rsplit("</heap>", 1)[-1]
    sizes = {kind: int(size) for kind, size in re.findall(r'type="(fast|rest|mmap|current)"[^>]* size="([0-9]+)"', totals)}
    return (sizes["current"] - sizes["fast"] - sizes["rest"] + sizes["mmap"]) / 1000


def measure(run):
    """Memory in kB, descriptors, threads, processor seconds."""
    pid = run.daemon.pid
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        kinds = dict(re.findall(r"^(\w+): +([0-9]+) kB$", file.read(), re.M))
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        stat = file.read().rsplit(")", 1)[1].split()
    # What was written is the program's own; what it has read of libraries depends on who else reads them.
    return {"memory": int(kinds["Private_Dirty"]), "allocated": allocated_kb(run.account),
            "files": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(stat[17]),
            "cpu": (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")}


def seconds_in(status):
    """That were measured or bridged."""
    return status["meter"]["cycle"] + status["adc"]["bridged_s"]


def energy_error(first, last):
    """In parts per million of what the source's power makes in the seconds that were measured or bridged."""
    seconds = seconds_in(last) - seconds_in(first)
    counted = last["energy"]["kwh"] - first["energy"]["kwh"]
    return (counted * 3600 / POWER_KW / seconds - 1) * 1e6, seconds


def print_progress(run, elapsed_s, sample):
    if not print_progress.begun:
        print(f"{'minute':>7} {'memory':>9} {'files':>6} {'threads':>8} {'p99':>9} {'worst':>9} {'replies':>8} {'lost':>6}", flush=True)
        print_progress.begun = True
    lost = run.look()["adc"]["lost"]
    print(f"{elapsed_s / 60:7.1f} {sample['memory']:6} kB {sample['files']:6} {sample['threads']:8} {run.times.percentile(0.99) * 1e3:6.1f} ms "
          f"{run.times.worst * 1e3:6.1f} ms {run.times.n:8} {lost:6}", flush=True)


print_progress.begun = False


def watch(run):
    """Takes a sample each second, or ten in a short run, until the time is over or the daemon has ended."""
    duration, samples, began, told = run.arguments.duration, [], time.monotonic(), 0
    step = min(1.0, duration / 30)
    while run.daemon.poll() is None and (elapsed := time.monotonic() - began) < duration:
        samples.append({"t": elapsed, **measure(run)})
        run.gather()
        if elapsed >= 60 * told:
            print_progress(run, elapsed, samples[-1])
            told += 1
        time.sleep(step)
    return samples


def judge(run, samples, first, last, status):
    """(name, value as text, limit as text, kept?) of each limit."""
    limits, duration = run.arguments, samples[-1]["t"]
    warm = [one for one in samples if one["t"] >= min(WARM_S, duration / 3)]
    third = max(1, len(warm) // 3)
    early, late = warm[:third], warm[-third:]
    # The least of a while is what no client has just now: it does not grow.
    growth = min(one["allocated"] for one in late) - min(one["allocated"] for one in early)
    # Buffers that are first needed when the machine is late, and room that many clients at once have needed, stay written.
    resident = statistics.median(one["memory"] for one in late) - statistics.median(one["memory"] for one in early)
    files = min(one["files"] for one in late) - min(one["files"] for one in early)
    threads = max(one["threads"] for one in late) - max(one["threads"] for one in early)
    cpu = 100 * (samples[-1]["cpu"] - samples[0]["cpu"]) / max(duration - samples[0]["t"], 1e-9)
    error_ppm, seconds = energy_error(first, last)
    astray = abs(last["meter_s"] - first["meter_s"] - seconds)
    lost, gaps = (last["adc"][name] - first["adc"][name] for name in ("lost", "gaps"))
    # Of what was lost, which has a limit of its own, two seconds at most are bridged; the rest of the second around a gap is void.
    unmeasured = lost / RATE_HZ + gaps
    slack = (TOLD_S + WAKES * run.late.value) * limits.speed + unmeasured
    p99, worst = run.times.percentile(0.99) * 1e3, run.times.worst * 1e3
    most_p99, most = limits.max_p99 + WAKES * run.late.value * 1e3, limits.max_reply + WAKES * run.pause.value * 1e3
    pulses = last["outputs"]["pulses_1"] - first["outputs"]["pulses_1"]
    owed_wh = 1000 * (last["energy"]["kwh"] - first["energy"]["kwh"]) - PULSE_WH * pulses
    return [
        ("ends by SIGTERM", f"status {status}", "0", status == 0),
        ("memory allocated", f"{late[-1]['allocated']:.0f} kB, grew {growth:+.1f} kB", f"{limits.max_growth:g} kB", growth <= limits.max_growth),
        ("memory written", f"{late[-1]['memory']} kB, grew {resident:+.0f} kB", f"{limits.max_resident:g} kB", resident <= limits.max_resident),
        ("descriptors", f"{late[-1]['files']}, grew {files:+}", "0", files <= 0),
        ("threads", f"{late[-1]['threads']}, grew {threads:+}", "0", threads <= 0),
        ("reply, p99", f"{p99:.1f} ms", f"{most_p99:.3g} ms", run.times.n > 0 and p99 <= most_p99),
        ("reply, worst", f"{worst:.1f} ms of {run.times.n}", f"{most:.0f} ms", run.times.n > 0 and worst <= most),
        ("unanswered", f"{run.unanswered.value}", f"{limits.max_unanswered}", run.unanswered.value <= limits.max_unanswered),
        ("samples lost", f"{lost} in {gaps} gaps", f"{limits.max_lost}", lost <= limits.max_lost),
        ("processor", f"{cpu:.1f} % of a core", f"{limits.max_cpu:g} %", cpu <= limits.max_cpu),
        ("energy", f"{error_ppm:+.4f} ppm of {seconds:.0f} s", f"{limits.max_error:g} ppm", abs(error_ppm) <= limits.max_error),
        ("pulses", f"{pulses} of {PULSE_WH} Wh, {owed_wh:+.1f} Wh", f"{2 * PULSE_WH} Wh", abs(owed_wh) <= 2 * PULSE_WH),
        ("seconds measured", f"{astray:.2f} s astray", f"{slack:.2f} s", astray <= slack),
        ("state", last["store"]["state"], "good", last["store"]["state"] == "good"),
        ("errors", f"{len(run.faults)}", "0", not run.faults),
    ]


def print_result(run, rows, last):
    arguments = run.arguments
    print(f"\n{arguments.duration:g} s at {arguments.speed:g} times the speed of time, a sync takes {arguments.disk_ms:g} ms of the meter's time:")
    for name, value, limit, kept in rows:
        print(f"  {name:18} {value:32} limit {limit:12} {'ok' if kept else 'BROKEN'}")
    tallies = ", ".join(f"{tally.value} {name}" for name, tally in run.tallies.items() if name not in ("beat", "scope"))
    print(f"  load: {tallies}; a scope followed to scan {run.scans.value}, late {run.tallies['scope'].value} times")
    print(f"  {last['store']['commits']} commits, the longest {last['store']['worst_commit_took_s']:.2f} s of the meter's time; "
          f"this machine let a process wait for {run.pause.value * 1e3:.0f} ms at worst, p99 {run.late.value * 1e3:.1f} ms")
    for fault in run.faults[:10]:
        print(f"  error: {fault}")


def soak(arguments, directory):
    run = Run(arguments, directory)
    print(f"soak: {arguments.duration:g} s, seed {run.seed}", flush=True)
    try:
        run.start()
        run.load()
        first = run.look_at_edge()
        samples = watch(run)
        if run.daemon.poll() is not None:
            print(f"the daemon has ended with {run.daemon.returncode}:\n{run.log()}")
            return 1
        last = run.look_when_stored()
        run.end_loads()
        rows = judge(run, samples, first, last, run.end())
        if arguments.csv:
            with open(arguments.csv, "w", encoding="ascii") as file:
                file.writelines(",".join(line) + "\n" for line in [list(samples[0])] + [[f"{value:g}" for value in one.values()] for one in samples])
    finally:
        run.stop.set()
        if run.daemon and run.daemon.poll() is None:
            run.daemon.kill()
            run.daemon.wait()
    print_result(run, rows, last)
    broken = [name for name, _, _, kept in rows if not kept]
    if not all(run.tallies[name].value for name in ("masters' requests", "panel", "status", "commands")) or not run.scans.value:
        broken.append("a load that did nothing")
    if broken:
        print(f"soak: FAILED: {', '.join(broken)}")
        if run.pause.value * arguments.speed > 0.5:
            print(f"soak: this machine stood still for {run.pause.value * arguments.speed:.1f} s of the meter's time, in which no program answers: "
                  "a lower --speed asks less of it")
        sys.stdout.write(run.log()[-4000:])
    return 1 if broken else 0


def main():
    arguments = read_arguments()
    for name in PROGRAMS:
        if not os.access(os.path.join(arguments.build, name), os.X_OK):
            sys.exit(f"soak: {arguments.build}: there is no {name}; --build tells where it is built")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = tempfile.mkdtemp(prefix="dinmeterd-soak.")
    try:
        return soak(arguments, directory)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
