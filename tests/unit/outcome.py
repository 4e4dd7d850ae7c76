#!/usr/bin/python3
"""The programs of tests in Python end with the status that tells what happened: tests/lib/outcome.py."""
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")
sys.path.insert(0, LIB)
import outcome  # noqa: E402

PROGRAM = """
import sys, unittest
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv.pop(1))
import outcome
class One(unittest.TestCase):
    {}
outcome.main()
"""
PASSES = "def test_a(self): pass"
FAILS = "def test_b(self): self.fail('wrong')"
SKIPS = "def test_c(self): self.skipTest('there is no moon')"


class Outcome(unittest.TestCase):
    def run_program(self, *tests):
        done = subprocess.run([sys.executable, "-c", PROGRAM.format("\n    ".join(tests)), LIB], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def test_all_passed_is_0(self):
        self.assertEqual(self.run_program(PASSES), (0, ""))

    def test_a_skip_among_passes_is_77_and_its_reason_is_the_last_line(self):
        status, out = self.run_program(PASSES, SKIPS)
        self.assertEqual((status, out), (77, "not run whole: test_c: there is no moon\n"))

    def test_a_failure_is_1_whatever_was_skipped(self):
        self.assertEqual(self.run_program(PASSES, SKIPS, FAILS)[0], 1)

    def test_no_test_at_all_is_no_pass(self):
        self.assertEqual(self.run_program("pass")[0], 77)


if __name__ == "__main__":
    outcome.main()
