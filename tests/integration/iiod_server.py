#!/usr/bin/python3
"""A server that speaks iiod's text protocol on loopback, for tests of IIO clients.

It has one six-channel converter with a known wave on each channel, a decoy device and a trigger, and it makes
every fault that a real server, network or driver may: see FAULTS.  As a program it prints its port and serves
until stdin closes; lines on stdin change options while it runs ("stall=1", "drop=777").  As a module: IiodServer.

The converter runs on the server's clock: sample n is taken at start + n / rate (with rate * (1 + ppm / 1e6) as
the true rate), code = amplitude * sin(2 pi (frequency * n / rate + phase)) + dc.  A test may give a wave of its own, one
period of it as lists of codes, and the rule by which a driver rounds rates.
"""
import argparse
import math
import os
import random
import re
import select
import socket
import struct
import sys
import threading
import time

FAULTS = """
stall_connect   accept, answer nothing            stall_print     no answer to PRINT
trickle_print   the answer to PRINT, a byte at a time, for ever
stall_attr      no answer to any READ             stall_attr_name no answer to READ of this attribute
stall_open      no answer to OPEN                 open_error      -errno as the answer to OPEN
stall_refill    answer READBUF no more            stall_inside    stop in the middle of a block
stall_close     no answer to CLOSE                trickle         answer READBUF 100 bytes each 100 ms
refill_error    -errno as the answer to READBUF   empty           0 as the answer to READBUF
cut             close the connection in READBUF   cut_inside      ... in the middle of a block
reset           RST in READBUF                    garbage         rubbish as the answer to READBUF
endless         an endless line as the answer to READBUF
short           a block of so many bytes fewer    widen           a mask with one channel more, scans accordingly longer
bad_xml         XML that is none                  no_trigger      refuse SETTRIG
clock_step_ms   the stamps jump once by this      drop            lose so many samples, once, in silence
drop_inside     lose so many samples in the middle of a block, once
"""

EBUSY, EIO, EINVAL, ENODEV, ENOENT, EBADF = 16, 5, 22, 19, 2, 9

DTD = ("<!DOCTYPE context [<!ELEMENT context (device | context-attribute)*><!ELEMENT context-attribute EMPTY>"
       "<!ELEMENT device (channel | attribute | debug-attribute | buffer-attribute)*>"
       "<!ELEMENT channel (scan-element?, attribute*)><!ELEMENT attribute EMPTY><!ELEMENT scan-element EMPTY>"
       "<!ELEMENT debug-attribute EMPTY><!ELEMENT buffer-attribute EMPTY>"
       "<!ATTLIST context name CDATA #REQUIRED description CDATA #IMPLIED>"
       "<!ATTLIST context-attribute name CDATA #REQUIRED value CDATA #REQUIRED>"
       "<!ATTLIST device id CDATA #REQUIRED name CDATA #IMPLIED label CDATA #IMPLIED>"
       "<!ATTLIST channel id CDATA #REQUIRED type (input|output) #REQUIRED name CDATA #IMPLIED>"
       "<!ATTLIST scan-element index CDATA #REQUIRED format CDATA #REQUIRED scale CDATA #IMPLIED>"
       "<!ATTLIST attribute name CDATA #REQUIRED filename CDATA #IMPLIED>"
       "<!ATTLIST debug-attribute name CDATA #REQUIRED><!ATTLIST buffer-attribute name CDATA #REQUIRED>]>")


class Options:
    """What is served, and which faults.  Every field can be set by name, also while it runs."""

    def __init__(self, **given):
        self.rate = 2520.0              # as sampling_frequency says
        self.ppm = 0.0                  # what the true rate differs by
        self.frequency = 60.0
        self.amplitude = 20000.0        # codes
        self.dc = 0.0
        self.phases = "0,-120,120,-30,-150,90"  # degrees
        self.format = "le:s16/16>>0"
        self.scale = "0.5"              # attribute of each channel, mV; "" = none
        self.offset = ""                # likewise
        self.available = ""             # sampling_frequency_available
        self.rate_on = "device"         # "device", "channel", "trigger", "none"
        self.available_on = ""          # where the list is; "" = where the rate is
        self.rate_unit = 1.0            # Hz that one of sampling_frequency stands for
        self.rate_fixed = 0             # 1: writing sampling_frequency gives EINVAL
        self.rate_grid = 0.0            # > 0: rates are rounded down to multiples
        self.stamps = "regular"         # "regular", "irq" (shared stamps, then holes), "none"
        self.irq_ms = 9.0               # longest hole
        self.late_us = 0.0              # each stamp is late by up to so much
        self.burst = 0                  # > 0: samples come in lumps of so many, as from a DMA engine
        self.labels = 0                 # 1: channels have label attributes L0..L5
        self.device_name = "simadc"
        self.device_label = ""
        self.trigger_name = "simtrig"   # "": the device has no trigger, and none exists
        self.channels = 7
        self.fast = 0                   # 1: samples as fast as they are asked for; stamps as if in time
        self.seed = 1
        for line in FAULTS.split("\n"):
            for name in re.findall(r"(?:^|\s{2,})([a-z_]{3,})(?=\s{2})", line):
                setattr(self, name, 0)
        self.stall_attr_name = ""
        self.trickle_print = self.stall_attr = self.garbage = self.endless = self.cut = 0
        self.update(**given)

    def update(self, **given):
        for name, value in given.items():
            if not hasattr(self, name):
                raise KeyError(name)
            setattr(self, name, type(getattr(self, name))(value))


class Closed(Exception):
    pass


def parse_format(text):
    order, sign, bits, storage, shift = re.match(r"(.)e:(.)(\d+)/(\d+)>>(\d+)$", text).groups()
    return order == "b", sign in "sS", int(bits), int(storage), int(shift)


def pack_code(code, text):
    """A code as the bytes that the format describes; what is outside of the real bits is filled with rubbish."""
    big, signed, bits, storage, shift = parse_format(text)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    word = min(max(code, low), high) & (1 << bits) - 1
    rubbish = 0 if storage == bits else 0x5A5A5A5A5A5A5A5A & ~((1 << bits) - 1 << shift) & (1 << storage) - 1
    return (word << shift | rubbish).to_bytes(storage // 8, "big" if big else "little")


class IiodServer:
    def __init__(self, port=0, wave=None, rate_rule=None, **options):
        self.options = Options(**options)
        self.wave, self.rate_rule = wave, rate_rule
        self.scans = {}                 # of the wave, packed
        self.set_rate = None
        self.claimed = None             # what sampling_frequency says, where that is not the rate
        self.lock = threading.Lock()
        self.opens = self.closes = self.connections = self.lost = 0
        self.worst_late_s = 0.0
        self.written = {}
        self.busy = None
        self.sockets = set()
        self.closing = threading.Event()
        self.stalled = threading.Event()    # it has come to a fault that stalls
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.uri = "ip:127.0.0.1:%d" % self.port
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.closing.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.cut_all()

    def cut_all(self):
        """Ends every connection."""
        with self.lock:
            sockets = list(self.sockets)
        for connection in sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.sockets.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        # A converter is never busy with other things; who may not ask for this is as punctual as the machine lets him be.
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        except OSError:
            pass
        session = Session(self, connection)
        try:
            session.run()
        except (Closed, OSError):
            pass
        finally:
            with self.lock:
                self.sockets.discard(connection)
                if self.busy is session:
                    self.busy = None
            connection.close()

    @property
    def rate(self):
        return self.options.rate if self.set_rate is None else self.set_rate

    def change_rate(self, text):
        o = self.options
        if o.rate_fixed:
            return -EINVAL
        rate = float(text.strip("\0\n "))
        if o.available and not o.available.startswith("[") and rate not in map(float, o.available.split()):
            return -EINVAL
        if self.rate_rule:
            rate = self.rate_rule(rate)
            if rate is None:
                return -EINVAL
        if o.rate_grid:
            rate = max(o.rate_grid, math.floor(rate / o.rate_grid) * o.rate_grid)
        self.set_rate = rate * o.rate_unit
        return len(text)

    def attributes(self, where):
        """Name to value of the device ("device"), a channel ("channel") or the trigger ("trigger")."""
        o, found = self.options, {}
        if o.rate_on == where:
            found["sampling_frequency"] = "%g" % ((self.claimed or self.rate) / o.rate_unit)
        if o.available and where == (o.available_on or o.rate_on):
            found["sampling_frequency_available"] = o.available
        if where == "device" and o.stamps != "none":
            found["current_timestamp_clock"] = self.written.get("current_timestamp_clock", "realtime")
        if where == "channel":
            found["raw"] = "0"
            if o.scale:
                found["scale"] = o.scale
            if o.offset:
                found["offset"] = o.offset
        return found

    def channel_attributes(self, _channel):
        """Name to value of one channel by its id; tests may let channels differ."""
        return self.attributes("channel")

    def xml(self):
        o = self.options
        names = lambda where: "".join('<attribute name="%s" />' % name for name in self.attributes(where))
        label = '<attribute name="label" />' if o.labels else ""
        channels = "".join('<channel id="voltage%d" type="input"><scan-element index="%d" format="%s" />%s%s</channel>'
                           % (c, c, o.format.replace(">", "&gt;"), names("channel"), label) for c in range(o.channels))
        if o.stamps != "none":
            channels += ('<channel id="timestamp" type="input"><scan-element index="%d" format="le:S64/64&gt;&gt;0" /></channel>'
                         % o.channels)
        trigger = '<device id="trigger0" name="%s">%s</device>' % (o.trigger_name, names("trigger")) if o.trigger_name else ""
        return ('<?xml version="1.0" encoding="utf-8"?>' + DTD + '<context name="local" description="test server">'
                '<device id="iio:device0" name="decoy"><channel id="temp" type="input"><attribute name="raw" /></channel></device>'
                '<device id="iio:device1" name="%s"%s>%s%s</device>%s</context>'
                % (o.device_name, ' label="%s"' % o.device_label if o.device_label else "", channels, names("device"), trigger))


class Session:
    """One connection."""

    def __init__(self, server, connection):
        self.server, self.connection, self.o = server, connection, server.options
        self.mask = None

    def left(self):
        """The other side has closed the connection, whether or not this thread has come to see it."""
        poll = select.poll()
        try:
            poll.register(self.connection, select.POLLRDHUP)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            return True

    def send(self, data):
        self.connection.sendall(data)

    def line(self, value):
        self.send(b"%d\n" % value)

    def wait_for_end(self):
        """Answers nothing until the client or the server goes."""
        self.server.stalled.set()
        while not self.server.closing.is_set():
            if not self.connection.recv(4096):
                break
        raise Closed

    def trickle(self, data, step, pause_s):
        self.server.stalled.set()
        for i in range(0, len(data), step):
            self.send(data[i:i + step])
            if self.server.closing.wait(pause_s):
                raise Closed

    def run(self):
        if self.o.stall_connect:
            self.wait_for_end()
        with self.connection.makefile("rb") as stream:
            self.stream = stream
            for command in iter(stream.readline, b""):
                words = command.decode("latin-1").split()
                if not words:
                    continue
                if words[0] == "EXIT":
                    return
                getattr(self, "do_" + words[0].lower(), self.unknown)(words[1:])

    def unknown(self, _words):
        self.line(-EINVAL)

    def do_version(self, _words):
        self.send(b"0.24.v0.24  \n")

    def do_timeout(self, _words):
        self.line(0)

    def do_set(self, _words):
        self.line(0)

    def do_print(self, _words):
        o = self.o
        if o.stall_print:
            self.wait_for_end()
        xml = b"<context name=" if o.bad_xml else self.server.xml().encode()
        if o.trickle_print:
            self.line(1000000)
            self.trickle(b" " * 1000000, 1, 0.1)
        self.line(len(xml))
        self.send(xml + b"\n")

    def attributes(self, words):
        if words[0].startswith("trigger"):
            return self.server.attributes("trigger"), words[1]
        if words[1] == "INPUT":
            found = self.server.channel_attributes(words[2])
            if self.o.labels:
                found["label"] = "L" + words[2].removeprefix("voltage")
            return found, words[3]
        return self.server.attributes("device"), words[1]

    def do_read(self, words):
        found, name = self.attributes(words)
        if self.o.stall_attr or name == self.o.stall_attr_name:
            self.wait_for_end()
        if name not in found:
            self.line(-ENOENT)
            return
        value = found[name].encode() + b"\0"
        self.line(len(value))
        self.send(value + b"\n")

    def do_write(self, words):
        value = self.stream.read(int(words[-1])).decode("latin-1")
        found, name = self.attributes(words[:-1])
        if name not in found:
            self.line(-ENOENT)
        elif name == "sampling_frequency":
            self.line(self.server.change_rate(value))
        else:
            self.server.written[name] = value.rstrip("\0\n")
            self.line(len(value))

    def do_gettrig(self, _words):
        name = self.o.trigger_name.encode()
        self.line(len(name))
        if name:
            self.send(name + b"\n")

    def do_settrig(self, words):
        if self.o.no_trigger:
            self.line(-EINVAL)
            return
        self.server.written["trigger"] = words[-1]
        self.line(0)

    def do_open(self, words):
        o, server = self.o, self.server
        if o.stall_open:
            self.wait_for_end()
        if words[0] != "iio:device1":
            self.line(-ENODEV)
            return
        with server.lock:
            if o.open_error or (server.busy and server.busy is not self and not server.busy.left()):
                error = o.open_error or EBUSY
            else:
                error, server.busy = 0, self
                server.opens += 1
        if error:
            self.line(-error)
            return
        self.mask = int(words[2], 16)
        self.start_converter()
        self.line(0)

    def do_close(self, _words):
        if self.o.stall_close:
            self.wait_for_end()
        with self.server.lock:
            self.server.closes += 1
            if self.server.busy is self:
                self.server.busy = None
        self.mask = None
        self.line(0)

    # ---- the converter ----

    def start_converter(self):
        self.n = 0
        self.random = random.Random(self.o.seed)
        self.start = time.monotonic()
        self.start_stamp = 1000000000000
        self.interrupt = self.next_interrupt = 0.0
        self.stepped = 0

    def codes(self, n):
        if self.server.wave:
            return self.server.wave[n % len(self.server.wave)]
        o, turn = self.o, self.o.frequency * n / self.server.rate
        return [round(o.amplitude * math.sin(2 * math.pi * (turn + float(phase) / 360)) + o.dc)
                for phase in o.phases.split(",")] + [n % 100] * (o.channels - 6)

    def stamp(self, n):
        """When sample n was taken, or when the interrupt came that fetched it."""
        at = n / (self.server.rate * (1 + self.o.ppm / 1e6))
        if self.o.stamps == "irq":
            while self.next_interrupt < at:
                hole = self.o.irq_ms / 1e3 if self.random.random() < 0.02 else 4 / self.server.rate
                self.next_interrupt += hole * self.random.uniform(0.5, 1)
            at = self.next_interrupt
        if self.o.late_us:
            at += self.random.uniform(0, self.o.late_us) / 1e6
        return self.start_stamp + self.stepped + round(at * 1e9)

    def pack_channels(self, n, mask):
        return b"".join(pack_code(code, self.o.format) for c, code in enumerate(self.codes(n)) if mask >> c & 1)

    def packed(self, n, mask):
        """The channels of a scan; those of a wave of its own are kept."""
        if not self.server.wave:
            return self.pack_channels(n, mask)
        key = n % len(self.server.wave), mask
        if key not in self.server.scans:
            self.server.scans[key] = self.pack_channels(n, mask)
        return self.server.scans[key]

    def scan(self, n, mask):
        data = self.packed(n, mask)
        stamped = mask >> self.o.channels & 1
        width = parse_format(self.o.format)[3] // 8
        if stamped:
            data += bytes(-len(data) % 8) + struct.pack("<q", self.stamp(n))
        return data + bytes(-len(data) % (8 if stamped else width))

    def lose(self, name):
        lost = int(getattr(self.o, name))
        if lost:
            setattr(self.o, name, 0)
            self.n += lost
            self.server.lost += lost

    def next_bytes(self, wanted, mask):
        """So many bytes of scans, when they have been taken."""
        o, data, size = self.o, [], 0
        self.lose("drop")
        if self.o.clock_step_ms:
            self.stepped += int(self.o.clock_step_ms * 1e6)
            self.o.clock_step_ms = 0
        while size < wanted:
            if data and len(data) * 2 >= wanted / len(data[0]):
                self.lose("drop_inside")
            data.append(self.scan(self.n, mask))
            size += len(data[-1])
            self.n += 1
        taken = math.ceil(self.n / o.burst) * o.burst if o.burst else self.n
        due = self.start + taken / (self.server.rate * (1 + self.o.ppm / 1e6)) - time.monotonic()
        self.server.worst_late_s = max(self.server.worst_late_s, -due)
        if not self.o.fast and due > 0 and self.server.closing.wait(due):
            raise Closed
        return b"".join(data)[:wanted]

    def do_readbuf(self, words):
        o, wanted = self.o, int(words[1])
        if self.mask is None:
            self.line(-EBADF)
            return
        if o.stall_refill:
            self.wait_for_end()
        if o.refill_error:
            self.line(-o.refill_error)
            self.mask = None
            return
        if o.empty:
            self.line(0)
            return
        if o.cut:
            raise Closed
        if o.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Closed
        if o.garbage:
            self.send(b"GET / HTTP/1.0\r\nthis is no iiod\n")
            return
        if o.endless:
            self.trickle(b"x" * 100000, 1000, 0.001)
            return
        mask = self.mask | 1 << 6 if o.widen else self.mask
        data = self.next_bytes(wanted, mask)
        if o.short:
            data = data[:-o.short]
        self.send_block(data, mask)
        if o.short:
            self.line(0)

    def send_block(self, data, mask):
        o, half = self.o, len(data) // 2
        head = b"%d\n%08x\n" % (len(data), mask)
        if o.trickle:
            self.send(head)
            self.trickle(data, 100, 0.1)
        elif o.stall_inside:
            self.send(head + data[:half])
            self.wait_for_end()
        elif o.cut_inside:
            self.send(head + data[:half])
            raise Closed
        else:
            self.send(head + data)


def main():
    options = Options()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog=FAULTS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    for name, value in sorted(vars(options).items()):
        parser.add_argument("--" + name.replace("_", "-"), default=value, type=type(value), help="default %r" % (value,))
    given = vars(parser.parse_args())
    with IiodServer(given.pop("port"), **given) as server:
        print(server.port, flush=True)
        for line in sys.stdin:
            name, _, value = line.strip().partition("=")
            if name == "cut_all":
                server.cut_all()
            elif name:
                server.options.update(**{name: value})


if __name__ == "__main__":
    main()
