"""The control socket against real clients, well-behaved and not."""
import fcntl
import grp
import json
import os
import random
import resource
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from control_meter import SERVER, Client, Server, wait_for  # noqa: E402
import outcome  # noqa: E402

MOST = 50
PING = b'{"v":1,"cmd":"ping"}\n'
SEED = int(os.environ.get("SEED", time.time()))


def ping(number):
    return b'{"v":1,"id":%d,"cmd":"ping"}\n' % number


class Socket(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)

    def connect(self):
        client = self.server.connect()
        self.addCleanup(client.close)
        return client

    def alive(self):
        with self.server.connect() as client:
            self.assertTrue(client.ask("ping")["ok"])

    def test_fifty_are_served_and_the_51st_is_told_that_it_is_too_many(self):
        clients = [self.connect() for _ in range(MOST)]
        for _ in range(2):
            for number, client in enumerate(clients):
                self.assertEqual(client.ask("ping", id=number)["id"], number)
        extra = self.connect()
        answer = extra.line()
        self.assertFalse(answer["ok"])
        self.assertEqual(answer["error"]["code"], "busy")
        self.assertIsNone(extra.line())
        counters = clients[0].ask("status", parts=["control"])["control"]
        self.assertEqual(counters["clients"], MOST)
        self.assertEqual(counters["busy"], 1)
        clients.pop().close()

        def room():
            with self.server.connect() as client:
                return client.ask("ping")["ok"]
        wait_for(room, "there is room again")

    def test_who_does_not_read_is_dropped_and_others_are_served_meanwhile(self):
        slow, other = self.connect(), self.connect()
        slow.socket.setblocking(False)
        request = b'{"v":1,"cmd":"registers"}\n'
        sent, pings = 0, 0

        def dropped():
            nonlocal sent, pings
            try:
                while True:
                    sent += slow.socket.send(request * 100)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                pass
            pings += 1
            return other.ask("status", id=pings, parts=["control"])["control"]["dropped"]
        self.assertEqual(wait_for(dropped, "the slow client is dropped"), 1)
        self.assertGreater(pings, 1)
        slow.socket.settimeout(60)
        received = 0
        try:
            while data := slow.socket.recv(1 << 20):
                received += len(data)
        except ConnectionResetError:
            pass
        # what the kernel held for it, and no more than 256 KiB of ours
        self.assertLess(received, 4 << 20)

    def test_who_says_nothing_may_stay(self):
        quiet = self.connect()
        self.assertTrue(quiet.ask("ping")["ok"])
        # longer than the time after which who does not read is dropped: another is dropped meanwhile
        slow = self.connect()
        slow.socket.setblocking(False)

        def dropped():
            try:
                while True:
                    slow.socket.send(b'{"v":1,"cmd":"registers"}\n' * 100)
            except OSError:
                return self.server.counters()["dropped"]
        wait_for(dropped, "the slow client is dropped")
        self.assertTrue(quiet.ask("ping")["ok"])

    def test_ten_thousand_requests_in_a_row_are_answered_in_order(self):
        client = self.connect()
        n = 10000
        sender = threading.Thread(target=lambda: client.send(b"".join(ping(i) for i in range(n))))
        sender.start()
        for i in range(n):
            self.assertEqual(client.line()["id"], i)
        sender.join()

    def test_a_flood_does_not_keep_others_waiting(self):
        flood, other = self.connect(), self.connect()
        n = 5000
        request = b'{"v":1,"id":%d,"cmd":"registers"}\n'
        sender = threading.Thread(target=lambda: flood.send(b"".join(request % i for i in range(n))))
        sender.start()
        flood.line()
        for i in range(20):
            self.assertEqual(other.ask("ping", id=i)["id"], i)
        # the flood still stands: its last answer cannot have been sent
        flood.socket.setblocking(False)
        got = flood.buffer
        try:
            while data := flood.socket.recv(1 << 20):
                got += data
        except BlockingIOError:
            pass
        self.assertNotIn(b'"id":%d,' % (n - 1), got)
        flood.close()
        try:
            sender.join()
        except OSError:
            pass

    def processor_s(self):
        """Processor time of the server's thread."""
        tasks = f"/proc/{self.server.process.pid}/task"
        for task in os.listdir(tasks):
            with open(f"{tasks}/{task}/stat", encoding="ascii") as file:
                name, _, fields = file.read().partition(") ")
            if name.endswith("(control"):
                return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")
        return self.fail("there is no thread of that name")

    def test_floods_take_no_more_than_their_share_of_a_processor(self):
        # a machine that is busy with other things makes the share smaller, never larger
        clients = [self.connect() for _ in range(20)]
        request = b'{"v":1,"cmd":"registers"}\n'
        begun, used = time.monotonic(), self.processor_s()
        while self.processor_s() - used < 1:
            for client in clients:
                client.send(request * 20)
            for client in clients:
                for _ in range(20):
                    client.line()
        share = (self.processor_s() - used - 0.1) / (time.monotonic() - begun)
        # a quarter, and what the kernel's account of it is coarse by; without a limit it is nearly all
        self.assertLess(share, 0.4)

    def test_garbage_gets_an_error_a_line(self):
        print("seed", SEED)
        chance = random.Random(SEED)
        client = self.connect()
        for _ in range(500):
            line = bytes(chance.randrange(256) for _ in range(chance.randrange(200))).replace(b"\n", b"")
            client.send(line + b"\n")
            self.assertEqual(client.line()["error"]["code"], "bad_json")
        self.assertTrue(client.ask("ping")["ok"])

    def test_mutations_of_requests_never_stop_the_server(self):
        chance = random.Random(SEED + 1)
        seeds = [b'{"v":1,"id":[1,{"a":2}],"cmd":"status","parts":["bus","log"]}', b'{"v":1,"cmd":"set","name":"pt_ratio","value":2.00}',
                 b'{"v":1,"cmd":"registers","registers":["kw",257,8000]}', b'{"v":1,"cmd":"log","from":1,"max":2}']
        client = self.connect()
        for _ in range(1000):
            line = bytearray(chance.choice(seeds))
            for _ in range(chance.randrange(1, 5)):
                at = chance.randrange(len(line))
                line[at:at + chance.randrange(3)] = bytes(chance.choice(b'{}[]",:0159eE-+.\\u\x00\xff') for _ in range(chance.randrange(3)))
            client.send(bytes(line).replace(b"\n", b"") + b"\n")
            self.assertIn(client.line()["ok"], (True, False))

    def test_a_line_of_4096_bytes_is_a_request_and_one_of_4097_is_not(self):
        client = self.connect()
        request = b'{"v":1,"cmd":"ping","id":"%s"}'
        client.send(request % (b"x" * (4096 - len(request) + 2)) + b"\n")
        self.assertTrue(client.line()["ok"])
        client.send(request % (b"x" * (4097 - len(request) + 2)) + b"\n")
        self.assertEqual(client.line()["error"]["code"], "too_long")
        self.assertIsNone(client.line())

    def test_a_line_without_end_is_an_error_and_the_end(self):
        client = self.connect()
        try:
            for _ in range(1000):
                client.send(b"[" * 10000)
        except (BrokenPipeError, ConnectionResetError):
            pass
        self.assertEqual(client.line()["error"]["code"], "too_long")
        self.assertIsNone(client.line())
        self.alive()

    def test_requests_may_come_in_pieces(self):
        client = self.connect()
        for at in range(len(PING) + 1):
            client.send(PING[:at])
            self.alive()
            client.send(PING[at:])
            self.assertTrue(client.line()["ok"])
        for byte in PING * 3:
            client.send(bytes([byte]))
        for _ in range(3):
            self.assertTrue(client.line()["ok"])

    def test_nul_bytes_deep_nesting_and_huge_numbers_are_errors(self):
        client = self.connect()
        for line in (b"\0", PING[:-1] + b"\0", b'{"v":1,"cmd":"ping","id":' + b"[" * 2000 + b"]" * 2000 + b"}",
                     b"[" * 4000, b'{"a":' * 500, b'{"v":1,"cmd":"ping","id":' + b"9" * 3000 + b"}",
                     b'{"v":1,"cmd":"ping","id":1e99999}', b'{"v":1,"cmd":"ping","id":-' + b"9" * 30 + b"}"):
            client.send(line + b"\n")
            self.assertEqual(client.line()["error"]["code"], "bad_json", line[:40])
        self.assertTrue(client.ask("ping")["ok"])

    def test_who_leaves_in_the_middle_leaves_nothing(self):
        for i in range(300):
            with self.server.connect() as client:
                client.send(PING * (i % 7) + PING[:i % len(PING)])
        wait_for(lambda: self.server.counters()["clients"] == 1, "all are gone")

    def test_who_is_done_asking_gets_all_answers_and_the_end(self):
        client = self.connect()
        client.send(b"".join(ping(i) for i in range(100)) + b'{"v":1,')
        client.socket.shutdown(socket.SHUT_WR)
        for i in range(100):
            self.assertEqual(client.line()["id"], i)
        self.assertIsNone(client.line())

    def test_a_vanished_reader_costs_nothing(self):
        for _ in range(100):
            with self.server.connect() as client:
                client.send(b'{"v":1,"cmd":"registers"}\n' * 50)
        wait_for(lambda: self.server.counters()["clients"] == 1, "all are gone")


class Place(unittest.TestCase):
    """The socket's name: who may use it, who had it before."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="dinmeter-test.")
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "run", "control")

    def start(self, path=None, **options):
        server = Server(path or self.path, **options)
        self.addCleanup(server.stop)
        return server

    def alive(self):
        with Client(self.path) as client:
            return client.ask("ping")["ok"]

    def test_directory_and_socket_are_for_owner_and_group_alone(self):
        group = next((g for g in grp.getgrall() if g.gr_name in ("games", "dialout")), grp.getgrgid(os.getgid()))
        for umask in (0, 0o077):
            path = os.path.join(self.directory.name, f"run{umask}", "control")
            before = os.umask(umask)
            try:
                self.start(path, group=group.gr_name)
            finally:
                os.umask(before)
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
            directory = os.stat(os.path.dirname(path))
            self.assertEqual(stat.S_IMODE(directory.st_mode), 0o750)
            if os.getuid() == 0:
                self.assertEqual(os.stat(path).st_gid, group.gr_gid)
                self.assertEqual(directory.st_gid, group.gr_gid)

    def test_a_group_that_is_not_there_is_a_warning(self):
        server = self.start(group="no-such-group")
        self.assertIn("there is no group 'no-such-group'", server.log)
        self.assertTrue(self.alive())
        # it is for its owner then, whom no other group joins
        for path, mode in (self.path, 0o660), (os.path.dirname(self.path), 0o750):
            found = os.stat(path)
            self.assertEqual((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), (os.getuid(), os.getgid(), mode))

    def test_the_socket_is_removed_at_the_end(self):
        server = Server(self.path)
        self.assertTrue(self.alive())
        server.stop()
        self.assertFalse(os.path.lexists(self.path))

    def test_a_dead_processs_socket_is_replaced(self):
        os.mkdir(os.path.dirname(self.path))
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(self.path)
            dead.listen()
        self.start()
        self.assertTrue(self.alive())

    def test_a_live_one_is_left_alone_and_taken_over_when_it_ends(self):
        first = Server(self.path)
        second = self.start()
        self.assertIn(f"process {first.process.pid} serves it", second.log)
        self.assertTrue(self.alive())
        first.stop()
        wait_for(self.alive, "the second takes over")

    def test_a_lock_on_the_directory_keeps_nobody_away(self):
        # whoever may enter it can take one
        os.mkdir(os.path.dirname(self.path))
        directory = os.open(os.path.dirname(self.path), os.O_RDONLY)
        self.addCleanup(os.close, directory)
        fcntl.flock(directory, fcntl.LOCK_EX)
        server = self.start()
        self.assertIn("listening at", server.log)
        self.assertTrue(self.alive())

    def test_who_starts_at_the_same_path_meanwhile_is_named_and_waited_for(self):
        os.mkdir(os.path.dirname(self.path))
        with open(self.path + ".lock", "w", encoding="ascii") as lock:
            os.chmod(self.path + ".lock", 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            server = self.start()
            self.assertRegex(server.log, rf"(process {os.getpid()}|another process) is starting there")
            self.assertFalse(os.path.lexists(self.path))
        wait_for(self.alive, "the socket is made")

    def test_the_lock_is_gone_when_it_is_released(self):
        os.mkdir(os.path.dirname(self.path))
        # one that a killed process left behind is taken over
        with open(self.path + ".lock", "w", encoding="ascii"):
            pass
        self.start()
        self.assertTrue(self.alive())
        self.assertEqual(os.listdir(os.path.dirname(self.path)), ["control"])

    @unittest.skipUnless(os.getuid() == 0, "only root can be somebody else")
    def test_an_ordinary_users_directory_has_the_mode_though_it_cannot_be_given_away(self):
        os.chmod(self.directory.name, 0o777)
        server = self.start_as(65534, "games", umask=0o077)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path)).st_mode), 0o750)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
        self.assertIn("cannot be given to the group", server.log)

    def start_as(self, uid, group, **options):
        """A server of an ordinary user, or the test is skipped."""
        try:
            subprocess.run([SERVER], user=uid, check=False, capture_output=True)
        except PermissionError:
            self.skipTest("an ordinary user may not run what was built here")
        return self.start(group=group, user=uid, extra_groups=[], **options)

    def test_of_many_that_start_at_once_one_has_the_socket(self):
        servers = [self.start() for _ in range(6)]
        for _ in range(20):
            self.assertTrue(self.alive())
        self.assertEqual(sum("listening at" in server.log for server in servers), 1)

    def test_what_is_no_socket_is_left_alone(self):
        os.mkdir(os.path.dirname(self.path))
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("precious")
        server = Server(self.path)
        self.assertIn("there is something else than a socket", server.log)
        server.stop()
        with open(self.path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_a_directory_that_appears_later_is_found(self):
        deep = os.path.join(self.directory.name, "a", "b", "control")
        server = self.start(deep)
        self.assertIn("No such file or directory", server.log)
        os.mkdir(os.path.join(self.directory.name, "a"))

        def there():
            with Client(deep) as client:
                return client.ask("ping")["ok"]
        wait_for(there, "the socket is made")

    def test_a_removed_socket_is_made_anew(self):
        self.start()
        os.unlink(self.path)
        wait_for(self.alive, "the socket is made anew")

    def test_without_free_descriptors_clients_wait_and_are_served_later(self):
        self.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16)))
        clients = [Client(self.path) for _ in range(30)]
        for client in clients:
            client.send(PING)
        for client in clients:
            self.assertTrue(client.line()["ok"])
            client.close()

    def interpreter(self, uid):
        """A Python that this user may run, or the test is skipped."""
        for candidate in (sys.executable, "/usr/bin/python3"):
            try:
                subprocess.run([candidate, "-c", "import socket"], user=uid, group=uid, extra_groups=[], check=True, capture_output=True)
                return candidate
            except (OSError, subprocess.CalledProcessError):
                pass
        return self.skipTest("no Python that an ordinary user may run")

    # Run as another user: says what the socket says.
    ASK = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.settimeout(60); s.connect(sys.argv[1]);\n"
           "try: s.sendall(b'{\"v\":1,\"cmd\":\"ping\"}\\n')\n"
           "except OSError: pass\n"
           "print(s.makefile().readline())")

    def ask_as(self, uid, gid, groups):
        run = subprocess.run([self.interpreter(uid), "-c", self.ASK, self.path], user=uid, group=gid, extra_groups=groups, capture_output=True,
                             text=True, check=True)
        return json.loads(run.stdout)

    @unittest.skipUnless(os.getuid() == 0, "only root can be somebody else")
    def test_only_root_and_the_group_may(self):
        gid = grp.getgrnam("games").gr_gid
        server = self.start(group="games")
        os.chmod(self.directory.name, 0o755)
        os.chmod(os.path.dirname(self.path), 0o755)
        # the file's mode says no already: here the credentials alone are looked at
        os.chmod(self.path, 0o666)
        self.assertTrue(self.ask_as(0, 0, [])["ok"])
        self.assertTrue(self.ask_as(65534, gid, [])["ok"])
        self.assertTrue(self.ask_as(65534, 65534, [3, gid, 5])["ok"])
        self.assertTrue(self.ask_as(65534, 65534, [*range(2000, 2500), gid])["ok"])
        for groups in ([], [0], [*range(2000, 2500)]):
            answer = self.ask_as(65534, 65534, groups)
            self.assertFalse(answer["ok"])
            self.assertEqual(answer["error"]["code"], "denied")
        self.assertIn("user 65534 may not use the meter", server.log)
        with Client(self.path) as client:
            self.assertEqual(client.ask("status", parts=["control"])["control"]["denied"], 3)

    @unittest.skipUnless(os.getuid() == 0, "only root can be somebody else")
    def test_the_daemons_own_user_may(self):
        os.chmod(self.directory.name, 0o777)
        self.start_as(65534, "no-such-group")
        self.assertTrue(self.ask_as(65534, 65534, [])["ok"])
        os.chmod(os.path.dirname(self.path), 0o755)
        os.chmod(self.path, 0o666)
        self.assertFalse(self.ask_as(65533, 65534, [])["ok"])


if __name__ == "__main__":
    outcome.main()
