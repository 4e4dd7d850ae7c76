#!/usr/bin/python3
"""The soak holds on a sound meter, and says which limit is broken on one that is not."""
import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import outcome  # noqa: E402

BUILD = os.environ.get("top_builddir", os.getcwd())
# A machine that is busy with other tests may be late; what the meter does about that is checked elsewhere.
PATIENT = ("--max-reply", "10000", "--max-p99", "2000", "--max-unanswered", "20", "--max-lost", "1000000", "--max-cpu", "100", "--speed", "2")


def soak(*arguments):
    done = subprocess.run([sys.executable, os.path.join(HERE, "soak.py"), "--build", BUILD, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


class Soak(unittest.TestCase):
    def test_a_sound_meter_keeps_every_limit(self):
        status, out = soak("12s", *PATIENT)
        print(out)
        self.assertEqual(status, 0, out)
        self.assertNotIn("BROKEN", out)
        self.assertNotIn(" 0 masters' requests", out)

    def test_a_broken_limit_is_named_and_the_status_1(self):
        status, out = soak("4s", "--max-p99", "0.001", "--max-growth", "-100000", *PATIENT[4:])
        self.assertEqual(status, 1, out)
        self.assertRegex(out, r"soak: FAILED: memory allocated, reply, p99\n")

    def test_bad_usage_says_what_is_allowed(self):
        for arguments, words in ((("soon",), "such as 30s"), (("0.1s",), "2 s or more"), (("--speed", "0"), "1 to 100"), (("--no-such",), "unrecognized")):
            status, out = soak(*arguments)
            self.assertEqual(status, 2)
            self.assertIn(words, out)


if __name__ == "__main__":
    outcome.main()
