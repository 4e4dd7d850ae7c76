"""The real libiio against a server that speaks iiod's protocol: what comes in, and what becomes of every fault.

Whatever waits has an end of its own; no test looks at how long something took.
"""
import concurrent.futures
import errno
import math
import os
import re
import subprocess

from iiod_server import IiodServer, pack_code, parse_format

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("top_builddir", os.path.join(HERE, "../../build"))
CLIENT = os.path.join(BUILD, "tests/integration/iio_client")
HANG_S = 120
SANITIZER = re.compile(r"WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer|runtime error:")


class Result:
    def __init__(self, output, log, status):
        self.lines = [line.split() for line in output.splitlines()]
        self.log, self.status = log, status
        assert not SANITIZER.search(log), log

    def of(self, kind):
        return [line[1:] for line in self.lines if line[0] == kind]

    @property
    def blocks(self):
        return [dict(zip(("n", "lost", "restarted", "clipped"), map(int, line[:4])), rate=float(line[5]), t_ns=int(line[6]))
                for line in self.of("block")]

    @property
    def errors(self):
        return [(line[0], errno.errorcode[int(line[1])]) for line in self.of("error")]

    @property
    def scans(self):
        return [tuple(map(float, line)) for line in self.of("scan")]


def command(server, **arguments):
    return [CLIENT, server if isinstance(server, str) else server.uri] + [f"{k}={v}" for k, v in arguments.items()]


def run(server, wrapper=(), **arguments):
    done = subprocess.run([*wrapper, *command(server, **arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=HANG_S, check=False)
    return Result(done.stdout, done.stderr, done.returncode)


def run_and_cancel(server, happened, **arguments):
    """Cancels soon after that event."""
    with subprocess.Popen(command(server, **arguments, cancel_ms=200), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as client:
        assert happened.wait(HANG_S)
        output, log = client.communicate(timeout=HANG_S)
        return Result(output, log, client.returncode)


def in_parallel(function, cases):
    """function(case) for every case at once: most of the time passes in waiting."""
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        return list(pool.map(function, cases))


def true_scan(server, n, ratio=1000.0):
    """Volts that the n-th sample means, from the wave and the format alone."""
    o = server.options
    _, signed, bits, _, _ = parse_format(o.format)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    phases = [float(phase) / 360 for phase in o.phases.split(",")]
    codes = [round(o.amplitude * math.sin(2 * math.pi * (o.frequency * n / server.rate + phase)) + o.dc) for phase in phases]
    return tuple((min(max(code, low), high) + float(o.offset or 0)) * float(o.scale) * 1e-3 * ratio for code in codes)


def check_scans(server, scans, first=0):
    for i, scan in enumerate(scans):
        true = true_scan(server, first + i)
        assert all(abs(a - b) <= 1e-9 * max(1, abs(b)) for a, b in zip(scan, true)), (i, scan, true)


# ---- what comes in ----

def test_every_format_arrives_as_the_volts_that_were_sent():
    formats = [("le:s16/16>>0", 20000, 0), ("be:s16/16>>0", 30000, 0), ("le:s12/16>>4", 2000, 0), ("be:u12/16>>4", 2000, 2048),
               ("le:u16/16>>0", 30000, 32768), ("be:s24/32>>8", 8e6, 0), ("be:s24/32>>0", 8e6, 0), ("le:u24/32>>8", 8e6, 8388608),
               ("le:s32/32>>0", 2.1e9, 0), ("le:s18/32>>14", 1.3e5, 0), ("be:s24/24>>0", 8e6, 0)]

    def one(case):
        form, amplitude, dc = case
        with IiodServer(fast=1, format=form, amplitude=amplitude, dc=dc, offset=str(-dc), scale="0.25") as server:
            result = run(server, blocks=2, dump=1)
            assert result.errors == [], result.log
            check_scans(server, result.scans)
            assert len(result.scans) == 252
            assert all(block["clipped"] == 0 for block in result.blocks)
    in_parallel(one, formats)


def test_a_touched_end_of_the_range_is_reported_for_its_channel():
    with IiodServer(fast=1, format="le:s12/16>>4", amplitude=2100, phases="0,0,0,0,0,0") as server:
        assert {block["clipped"] for block in run(server, blocks=2).blocks} == {0x3F}


def test_rubbish_around_the_real_bits_is_made_by_the_server():
    # What the tests of formats rest on: bits that mean nothing are not all zero.
    assert pack_code(0, "le:s12/16>>4") != b"\0\0"
    assert pack_code(-1, "be:s24/32>>8")[:3] == b"\xff\xff\xff"


def test_device_and_channels_are_found_by_their_labels():
    labels = {key: f"L{c}" for c, key in enumerate(("va", "vb", "vc", "ia", "ib", "ic"))}
    with IiodServer(fast=1, labels=1, device_label="grid") as server:
        result = run(server, blocks=1, device="grid", trigger="simtrig", dump=1, **labels)
        assert result.errors == [], result.log
        check_scans(server, result.scans)
        assert server.written["trigger"] == "trigger0"
        assert server.written["current_timestamp_clock"] == "monotonic"


def test_the_rate_is_set_where_it_belongs_and_the_true_one_is_said():
    def one(case):
        options, wanted, taken = case
        with IiodServer(fast=1, **options) as server:
            result = run(server, blocks=1, rate=wanted)
            assert float(result.of("open")[0][0]) == taken
            assert (f"{taken:g} Hz" in result.log) == (taken != wanted)
    in_parallel(one, [
        ({"available": "1000 2000 4000 8000"}, 2520, 4000), ({"available": "[100 500 20000]"}, 2520, 2600),
        ({"rate_on": "channel", "available": "2520 5040"}, 2520, 2520), ({"rate_on": "trigger", "rate": 100}, 2520, 2520),
        ({"rate_grid": 500.0}, 2520, 3000), ({"rate_fixed": 1, "rate": 3906.25}, 2520, 3906.25)])


def test_the_true_rate_is_found_before_anything_is_delivered():
    def one(case):
        true, options, wanted, near = case
        with IiodServer(**{"rate": true, "rate_on": "none", **options}) as server:
            for left in (2, 1, 0):
                result = run(server, blocks=5, rate=wanted)
                # without stamps a starved machine's arrivals are irregular, and refused as they should be
                if not (left and options.get("stamps") and "come too irregularly" in result.log):
                    break
            assert result.errors == [], result.log
            # every block, the first too; to the digits that are promised
            nominals = [float(line[4]) for line in result.of("block")]
            assert len(set(nominals)) == 1 and abs(nominals[0] / true - 1) <= near, (case, nominals)
            assert result.blocks[0]["restarted"] and lost_of(result) == 0
            assert (f"{nominals[0]:g} Hz is taken" in result.log) == (nominals[0] != wanted), result.log
    stated = {"rate_on": "device", "rate_fixed": 1}
    in_parallel(one, [
        (4000.0, {}, 2520, 1e-9), (1000.0, {}, 2520, 1e-9), (2600.0, {}, 2520, 1e-9), (2520.0, {}, 2520, 1e-9),
        (4000.0, {"stamps": "irq"}, 2520, 0.01), (1000.0, {"stamps": "irq"}, 2520, 0.01),
        (4000.0, {"stamps": "none"}, 2520, 0.02), (1000.0, {"stamps": "none"}, 2520, 0.02),
        (4000.0, {**stated, "rate_unit": 2.0}, 2000, 1e-9)])


def test_a_converter_that_counts_in_khz_is_measured_at_its_true_rate():
    with IiodServer(rate=1000.0, rate_on="channel", rate_unit=1000.0, available="1 2 4 8 16 32 64", available_on="device") as server:
        result = run(server, blocks=5, rate=2520)
        assert server.set_rate == 4000
        assert {float(line[4]) for line in result.of("block")} == {4000.0}, result.lines
        assert "4 is taken for kHz" in result.log


def test_a_rate_that_cannot_be_measured_with_is_refused():
    def one(case):
        options, said = case
        with IiodServer(**options) as server:
            result = run(server, blocks=5)
            assert result.blocks == [] and result.errors[0][1] == "ERANGE", result.lines
            assert said in result.log, result.log
    in_parallel(one, [
        ({"rate": 250.0, "rate_fixed": 1}, '"iio:device1": sampling_frequency is 250 Hz, must be 600 to 100000'),
        ({"rate": 200000.0, "rate_fixed": 1}, "200000 Hz, must be 600 to 100000"),
        ({"rate": 400.0, "rate_on": "none"}, "400 scans per second, not 2520, must be 600 to 100000")])


# ---- losses ----

def lost_of(result):
    return sum(block["lost"] for block in result.blocks)


def watch(server, changes, **arguments):
    """Runs a client and changes the server's options when so many blocks have come."""
    with subprocess.Popen(command(server, **arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        lines, blocks = [], 0
        for line in process.stdout:
            lines.append(line)
            if line.startswith("block"):
                blocks += 1
                server.options.update(**changes.pop(blocks, {}))
        return Result("".join(lines), process.stderr.read(), process.wait(HANG_S))


def test_lost_samples_are_counted_and_placed_to_the_sample():
    def one(case):
        option, lost = case
        with IiodServer(rate=10000.0) as server:
            result = watch(server, {10: {option: lost}}, rate=10000, block=500, blocks=40, dump=1)
            assert server.lost == lost
            assert lost_of(result) == lost
            assert [block["restarted"] for block in result.blocks] == [1] + [0] * 39
            # each scan is the very one that the account says it is
            place, scans = 0, iter(result.scans)
            for block in result.blocks:
                place += block["lost"]
                check_scans(server, [next(scans) for _ in range(block["n"])], place)
                place += block["n"]
    in_parallel(one, [("drop", 777), ("drop_inside", 777), ("drop", 1), ("drop_inside", 1)])


def test_stamps_of_interrupts_give_no_false_loss():
    with IiodServer(rate=10000.0, stamps="irq") as server:
        result = run(server, rate=10000, block=500, blocks=60)
        assert lost_of(result) == 0
        assert [block["restarted"] for block in result.blocks] == [1] + [0] * 59


def test_samples_lost_under_stamps_of_interrupts_are_counted():
    with IiodServer(rate=10000.0, stamps="irq") as server:
        result = watch(server, {50: {"drop": 777}, 80: {"drop": 1}}, rate=10000, block=500, blocks=160)
        assert server.lost == 778
        assert lost_of(result) == 778
        assert sum(block["restarted"] for block in result.blocks) == 1


def test_without_stamps_a_loss_is_seen_by_the_clock():
    # Half a second.  Without stamps, samples that come late are as good as lost: what a server does that a loaded
    # machine held up proves nothing.
    for _ in range(8):
        with IiodServer(rate=2520.0, stamps="none") as server:
            result = watch(server, {50: {"drop": 1260}}, rate=2520, block=126, blocks=110)
            if server.worst_late_s < 0.08:
                assert 1000 <= lost_of(result) <= 1500
                return
    raise AssertionError("in eight attempts the server was never on time: this machine is too busy to tell")


def test_a_clock_that_is_set_restarts_and_claims_no_loss():
    def one(step_ms):
        with IiodServer(rate=10000.0) as server:
            result = watch(server, {10: {"clock_step_ms": step_ms}}, rate=10000, block=500, blocks=30)
            assert lost_of(result) == 0
            assert sum(block["restarted"] for block in result.blocks) == 2
    in_parallel(one, [-60000, 3600000])


# ---- faults ----

class Stepper:
    """A client that opens once a line: faults can be put in and taken out between."""

    def __init__(self, server, **arguments):
        self.process = subprocess.Popen(command(server, step=1, opens=1000000, **arguments), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def open(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self, output=""):
        """Ends it; `output` is what has been read of it."""
        self.process.stdin.close()
        output += self.process.stdout.read()
        log = self.process.stderr.read()
        self.process.wait(HANG_S)
        self.process.stdout.close()
        self.process.stderr.close()
        return Result(output, log, self.process.returncode)


LOST = {"EPIPE", "ECONNRESET"}
REFILL_FAULTS = {
    "stall_refill": LOST, "stall_inside": LOST, "trickle": {"ETIMEDOUT"}, "empty": {"EIO"}, "cut": LOST, "cut_inside": LOST,
    "reset": LOST, "garbage": {"EINVAL", "EIO"}, "endless": {"EIO", "EPROTO", "EINVAL"},
}
OPEN_FAULTS = {
    "stall_connect": {"EPIPE"}, "stall_print": {"EPIPE"}, "bad_xml": None, "stall_attr": {"EPIPE"}, "stall_open": {"EPIPE"},
    "open_error": {"EBUSY"}, "no_trigger": {"EINVAL"},
}


def recovers(fault, value=1, allowed=None, where="read"):
    with IiodServer(fast=1) as server:
        client = Stepper(server, blocks=20, trigger="simtrig")
        server.options.update(**{fault: value})
        client.open()
        # the fault is taken out only when it has been told
        first = []
        for line in client.process.stdout:
            first.append(line)
            if line.startswith("error"):
                break
        server.options.update(**{fault: 0})
        server.cut_all()
        # On a loaded machine the old one may not have ended yet: then the source says busy, and is asked again.
        busy = ["error", "open", str(errno.EBUSY)]
        told = busy
        while told == busy:
            client.open()
            line = client.process.stdout.readline()
            told = line.split()
        result = client.end("".join(first) + line)
    assert [error[0] for error in result.errors] == [where], (fault, result.lines)
    assert allowed is None or result.errors[0][1] in allowed, (fault, result.errors)
    # all that follows the error is the second opening
    told = [line[0] for line in result.lines]
    assert told[told.index("error"):].count("block") == 20, (fault, result.lines)
    assert ": adc: " in result.log, (fault, result.log)
    assert result.status == 0, fault


def test_every_fault_while_reading_ends_in_an_error_and_the_reopening_works():
    cases = list(REFILL_FAULTS.items()) + [("refill_error", {name}) for name in ("EIO", "EPIPE", "ENODEV", "ETIMEDOUT")]
    in_parallel(lambda case: recovers(case[0], getattr(errno, min(case[1])) if case[0] == "refill_error" else 1, case[1]), cases)


def test_every_fault_while_opening_ends_in_an_error_and_the_reopening_works():
    in_parallel(lambda case: recovers(case[0], errno.EBUSY if case[0] == "open_error" else 1, case[1], "open"),
                list(OPEN_FAULTS.items()))


def test_a_short_block_costs_what_is_missing_and_no_more():
    with IiodServer(rate=10000.0, short=24 * 7 + 5) as server:
        result = run(server, rate=10000, block=500, blocks=10)
        # 5 bytes of the eighth scan from the end are missing too
        assert [block["n"] for block in result.blocks] == [492] * 10
        assert [block["lost"] for block in result.blocks] == [0] + [8] * 9


def test_a_scan_widened_by_another_client_is_still_read_rightly():
    with IiodServer(fast=1, widen=1) as server:
        result = run(server, blocks=3, dump=1)
        assert result.errors == [], result.log
        check_scans(server, result.scans[:94])


def test_a_server_that_is_gone_is_found_again_when_it_is_back():
    with IiodServer(fast=1) as server:
        port = server.port
        client = Stepper(server, blocks=3)
        client.open()
        for line in client.process.stdout:
            if line.startswith("block"):
                break
    client.open()
    for line in client.process.stdout:
        if line.startswith("error open"):
            break
    with IiodServer(port, fast=1):
        client.open()
        result = client.end()
    assert len(result.blocks) == 3, result.lines


def test_what_is_missing_is_named():
    def one(case):
        arguments, said = case
        with IiodServer(fast=1) as server:
            result = run(server, blocks=1, **arguments)
            assert [error[0] for error in result.errors] == ["open"]
            assert all(word in result.log for word in said), result.log
    in_parallel(one, [
        ({"device": "grid"}, ['adc.device "grid"', "simadc (iio:device1)", "decoy"]),
        ({"device": "simadc", "ib": "voltage9"}, ['"voltage9"', "adc.channels.ib", "simadc"]),
        ({"device": "decoy"}, ['"voltage0"', "adc.channels.va"]),
        ({"trigger": "tock"}, ['adc.trigger "tock"', "simtrig"]),
        ({"ic": "voltage9"}, ["no device has the channels", "voltage9"])])
    refused = run("ip:127.0.0.1:1", blocks=1)
    assert refused.errors == [("open", "ECONNREFUSED")]
    assert "ip:127.0.0.1:1" in refused.log


# ---- stopping ----

def test_a_stop_does_not_wait_for_the_adc():
    """However the server stalls: what cannot be woken is left to itself, and the program ends."""
    def one(case):
        fault, left = case
        with IiodServer(**{fault: 1}) as server:
            if fault == "stall_close":      # only the end comes to it
                server.stalled.set()
            result = run_and_cancel(server, server.stalled, blocks=1000000)
            assert result.errors[-1][1] == "ECANCELED", (fault, result.lines)
            assert len(result.of("stopped")) == 1
            # libiio itself gives up such a read after its timeout, which a busy machine may let pass before the cancel
            if fault != "stall_attr" or "READ LINE: -32" not in result.log:
                assert ("left to itself" in result.log) == left, (fault, result.log)
    in_parallel(one, [("stall_connect", True), ("stall_print", True), ("trickle_print", True), ("stall_attr", True),
                      ("stall_open", True), ("stall_refill", False), ("stall_inside", False), ("trickle", False),
                      ("stall_close", False)])


def test_an_opening_that_never_ends_is_given_up_and_not_tried_twice_at_once():
    with IiodServer(trickle_print=1) as server:
        client = Stepper(server, blocks=3)
        client.open()
        client.open()
        lines = [line for line in (client.process.stdout.readline() for _ in range(2))]
        assert [line.split() for line in lines] == [["error", "open", str(errno.ETIMEDOUT)], ["error", "open", str(errno.EBUSY)]]
        assert server.connections == 1
        server.options.trickle_print = 0
        server.cut_all()
        # the one that was left ends by itself when its connection does
        output = ""
        while "block" not in output:
            client.open()
            output = client.process.stdout.readline()
        result = client.end()
        assert result.errors == []
        assert result.status == 0
