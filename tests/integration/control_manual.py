"""dinmeter-control(7): each example is sent to a server and its answer compared, and all that the server says is told of."""
import json
import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from control_meter import TOP, Server  # noqa: E402
import outcome  # noqa: E402

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def page():
    with open(os.path.join(TOP, "man", "dinmeter-control.7"), encoding="utf-8") as file:
        return file.read()


def plain(roff):
    return roff.replace("\\-", "-").replace("\\e", "\\")


def parse(text):
    # numbers as they are written: 2.00 is not 2
    return json.loads(text, parse_float=str, parse_int=str)


def keys(value):
    """All keys in a JSON value."""
    if isinstance(value, dict):
        return set(value) | set().union(*map(keys, value.values()))
    if isinstance(value, list):
        return set().union(*map(keys, value))
    return set()


class Manual(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.server.script("edge 1 98000000000000 0 1")
        self.server.script("edge 2 98000500000000 0 0")
        self.client = self.server.connect()
        self.addCleanup(self.client.close)

    def ask(self, request):
        self.client.send(request.encode() + b"\n")
        while b"\n" not in self.client.buffer:
            data = self.client.socket.recv(65536)
            self.assertTrue(data)
            self.client.buffer += data
        line, self.client.buffer = self.client.buffer.split(b"\n", 1)
        return line.decode()

    def test_each_example_answers_as_the_page_says(self):
        examples = re.findall(r'^\.\\" request\n(.*?)^\.\\" response\n(.*?)^\.\\" end$', page(), re.M | re.S)
        self.assertGreater(len(examples), 12)
        for request, response in examples:
            request, response = plain(request).replace("\n", ""), parse(plain(response))
            got = parse(self.ask(request))
            for edge, told in zip(got.get("edges", ()), response.get("edges", ())):
                # the moment of an edge depends on when the machine was started
                self.assertRegex(edge.pop("utc"), TIME)
                self.assertRegex(told.pop("utc"), TIME)
            self.assertEqual(got, response, request)

    def told(self):
        text = plain(page()).replace("\\fB", "").replace("\\fR", "")
        return set(re.findall(r"[a-z_0-9]+", re.sub(r'^\.\\" request\n.*?^\.\\" end$', "", text, flags=re.M | re.S)))

    def test_all_that_a_response_may_hold_is_told_of(self):
        self.server.script("alerts 0xFFFF")
        told = self.told()
        with open(os.path.join(TOP, "tests", "data", "point-map.tsv"), encoding="utf-8") as file:
            registers = {name for line in file for name in line.split("\t")[2:3]}
        for request in ('{"v":1,"cmd":"ping"}', '{"v":1,"cmd":"status"}', '{"v":1,"cmd":"registers"}', '{"v":1,"cmd":"log"}',
                        '{"v":1,"cmd":"edges"}', '{"v":1,"cmd":"panel"}', '{"v":1,"cmd":"samples"}', '{"v":1,"cmd":"samples","from":0,"max":1}', '{"v":1,"cmd":"nothing"}', '{"v":0}', '{"v":1,"cmd":"store"}',
                        '{"v":1,"cmd":"set","name":"ct_primary","value":7}', '{"v":1,"cmd":"reset","what":"energy"}'):
            self.assertEqual(keys(json.loads(self.ask(request))) - told - registers, set(), request)
        alerts = json.loads(self.ask('{"v":1,"cmd":"status","parts":["alerts"]}'))["alerts"]["list"]
        self.assertEqual({alert["code"] for alert in alerts} - told, set())

    def test_how_many_may_be_asked_for_is_what_the_page_says(self):
        told = {}
        for command, section in re.findall(r"^\.SS ([a-z]+)\n(.*?)(?=^\.S[SH] )", page(), re.M | re.S):
            found = re.search(r"\.BR? max\b.*?\(1 to ([0-9]+)\b", section, re.S)
            if found:
                told[command] = int(found[1])
        self.assertEqual(set(told), {"log", "edges", "samples"})
        for command, most in told.items():
            # samples have a number from which on, else the positions alone are asked for
            behind = ',"from":0' if command == "samples" else ""
            for number, allowed in ((most, True), (most + 1, False)):
                answer = json.loads(self.ask(f'{{"v":1,"cmd":"{command}"{behind},"max":{number}}}'))
                self.assertEqual(answer["ok"], allowed, (command, number, answer.get("error")))

    def test_each_command_part_and_error_has_its_entry(self):
        text = page()
        commands = json.loads(self.ask('{"v":1,"cmd":"nothing"}'))["error"]["message"].split("one of ")[1].split(", ")
        headings = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^\.SS ([a-z, ]+)$", text, re.M))))
        self.assertEqual(set(commands) - headings, set())
        parts = json.loads(self.ask('{"v":1,"cmd":"status","parts":["x"]}'))["error"]["message"].split("must be of ")[1].split(", ")
        entries = set(re.findall(r"^\.TP\n\.B ([a-z_]+)$", text, re.M))
        self.assertEqual(set(parts) - entries, set())
        codes = set()
        sources = os.path.join(TOP, "src", "control")
        for name in os.listdir(sources):
            if name.endswith(".c"):
                with open(os.path.join(sources, name), encoding="utf-8") as file:
                    content = file.read()
                codes |= set(re.findall(r'request_fail\(request,\s*"([a-z_]+)"', content))
                codes |= set(re.findall(r'(?:turn_away\(fd|protocol_error\(|return request_fail\(request),? ?"([a-z_]+)"', content))
        self.assertGreater(len(codes), 10)
        errors = text[text.index(".SH ERRORS"):]
        self.assertEqual({code for code in codes if not re.search(rf"^\.BR? .*\b{code}\b", errors, re.M)}, set())


if __name__ == "__main__":
    outcome.main()
