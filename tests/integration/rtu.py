"""A Modbus RTU master down to the bytes, for frames that no library would send."""
import os
import select
import struct
import termios
import time
import tty

REPLY_DEADLINE_S = 20.0     # a loaded machine may be slow; a reply that never comes is the failure


def crc16(data):
    """CRC of the serial line guide: polynomial 0xA001, from 0xFFFF, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


def frame(address, pdu):
    body = bytes([address]) + bytes(pdu)
    return body + crc16(body)


class ModbusException(Exception):
    def __init__(self, function, code):
        super().__init__(f"function {function:#04x}: exception {code:02}")
        self.code = code


class NoReply(Exception):
    pass


def expected_length(data):
    """Length of the reply that begins with these bytes, None while they are too few or the function is unknown."""
    if len(data) < 3:
        return None
    function = data[1]
    if function & 0x80:
        return 5
    if function in (3, 4, 0x11):
        return 5 + data[2]
    if function in (6, 0x10):
        return 8
    if function == 0x2B:
        if len(data) < 8:
            return None
        at = 8
        for _ in range(data[7]):
            if len(data) < at + 2:
                return None
            at += 2 + data[at + 1]
        return at + 2
    return None


class Bus:
    """One end of the line: a tty by its path, or the master side of a pseudo-terminal by its descriptor."""

    def __init__(self, line, address=1):
        self.address = address
        self.fd = line if isinstance(line, int) else os.open(line, os.O_RDWR | os.O_NOCTTY)
        if not isinstance(line, int):
            try:
                tty.setraw(self.fd, termios.TCSANOW)
            except termios.error as error:      # which is no OSError: the other end went between open and here
                os.close(self.fd)
                raise OSError(*error.args) from error
        self.pending = b""

    def close(self):
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        view = memoryview(bytes(data))
        while view:
            view = view[os.write(self.fd, view):]

    def receive(self, deadline_s=REPLY_DEADLINE_S):
        """The next frame with a good CRC, as address and PDU.  Raises NoReply at the deadline."""
        deadline = time.monotonic() + deadline_s
        while True:
            length = expected_length(self.pending)
            if length is not None and len(self.pending) >= length:
                data, self.pending = self.pending[:length], self.pending[length:]
                assert crc16(data[:-2]) == data[-2:], f"bad CRC in {data.hex(' ')}"
                return data[0], data[1:-2]
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise NoReply(f"only {self.pending.hex(' ') or 'silence'}")
            data = os.read(self.fd, 512)
            if not data:
                raise NoReply("the line is gone")
            self.pending += data

    def request(self, pdu, deadline_s=REPLY_DEADLINE_S):
        """Sends a PDU, returns the PDU of the reply; an exception reply is raised."""
        self.send(frame(self.address, pdu))
        address, reply = self.receive(deadline_s)
        assert address == self.address
        if reply[0] == pdu[0] | 0x80:
            raise ModbusException(pdu[0], reply[1])
        assert reply[0] == pdu[0], f"function {pdu[0]:#04x} answered by {reply.hex(' ')}"
        return reply

    def read(self, register, count=1, function=3, deadline_s=REPLY_DEADLINE_S):
        """Registers by number (register N has the address N - 1)."""
        reply = self.request(struct.pack(">BHH", function, register - 1, count), deadline_s)
        assert reply[1] == 2 * count == len(reply) - 2
        return list(struct.unpack(f">{count}H", reply[2:]))

    def write(self, register, value):
        pdu = struct.pack(">BHH", 6, register - 1, value)
        assert self.request(pdu) == pdu

    def write_many(self, register, values):
        reply = self.request(write_many_pdu(register, values))
        assert reply == struct.pack(">BHH", 0x10, register - 1, len(values))

    def exception_of(self, pdu):
        """The exception code that a request gets, 0 for none."""
        try:
            self.request(pdu)
        except ModbusException as exception:
            return exception.code
        return 0


def read_pdu(register, count=1, function=3):
    return struct.pack(">BHH", function, register - 1, count)


def write_pdu(register, value):
    return struct.pack(">BHH", 6, register - 1, value)


def write_many_pdu(register, values):
    return struct.pack(f">BHHB{len(values)}H", 0x10, register - 1, len(values), 2 * len(values), *values)


def float_of(words):
    return struct.unpack(">f", struct.pack(">2H", *words))[0]


def signed(word):
    return word - 0x10000 if word & 0x8000 else word
