"""The control socket before a scripted meter (tests/unit/control_server.c), and a client of it that knows nothing of the project's."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BUILD = os.environ.get("top_builddir", os.getcwd())
TOP = os.environ.get("top_srcdir", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SERVER = os.path.join(BUILD, "tests", "unit", "control_server")
HANG_S = 60     # only a hang lasts so long, on a loaded machine and under a sanitizer too
# What a shell runs in the background ignores these, and so would every program that is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
SANITIZER = re.compile(r"WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer|runtime error:")


def wait_for(condition, what):
    """Polls until condition() is true and returns it; an exception of the network means not yet."""
    deadline = time.monotonic() + HANG_S
    while True:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)


class Client:
    """A connection: lines out, lines in."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # waits for room in the backlog, which a socket with a time limit does not
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.socket.settimeout(HANG_S)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        """The next line, parsed; None at the end."""
        while b"\n" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                assert not self.buffer, self.buffer
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, cmd, **members):
        self.send(json.dumps({"v": 1, "cmd": cmd, **members}).encode() + b"\n")
        return self.line()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Server:
    """A running server; `path` is its socket."""

    def __init__(self, path=None, group="", **popen):
        self.directory = None
        if path is None:
            self.directory = tempfile.mkdtemp(prefix="dinmeter-test.")
            path = os.path.join(self.directory, "run", "control")
        self.path = path
        self.log_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen([SERVER, path, group], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log_file, text=True, **popen)
        assert self.process.stdout.readline() == "ready\n", self.log

    @property
    def log(self):
        self.log_file.seek(0)
        return self.log_file.read().decode(errors="replace")

    def script(self, line):
        """Has the scripted meter changed; returns what it says behind "ok"."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer.startswith("ok"), answer
        return answer.split()[1:]

    def connect(self):
        return Client(self.path)

    def counters(self):
        with self.connect() as client:
            return client.ask("status", parts=["control"])["control"]

    def stop(self):
        self.process.stdin.close()
        try:
            status = self.process.wait(HANG_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("hung:\n" + self.log) from None
        finally:
            self.process.stdout.close()
        log = self.log
        self.log_file.close()
        left = os.path.lexists(self.path) and self.directory
        if self.directory:
            shutil.rmtree(self.directory)
        assert status == 0 and not SANITIZER.search(log), f"ended with {status}:\n{log}"
        assert not left, "the socket is left behind"
