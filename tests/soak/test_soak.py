#!/usr/bin/python3
"""The soak holds on a sound meter, and says which limit is broken on one that is not."""
import concurrent.futures
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
PATIENT = ("--speed", "4", "--max-growth", "8", "--max-p99", "300", "--max-reply", "10000", "--max-unanswered", "20",
           "--max-lost", "1000000", "--max-cpu", "100")
# Of warp.c, and the limits that they break.
FAULTS = {"WARP_LEAK": "1000", "WARP_LEAK_FILES": "1", "WARP_LATE_MS": "2000", "WARP_FAST_PPM": "50000"}
BROKEN = "memory allocated, descriptors, reply, p99, seconds measured"


def soak(*arguments, faults=None):
    done = subprocess.run([sys.executable, os.path.join(HERE, "soak.py"), "--build", BUILD, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env={**os.environ, **(faults or {})})
    return done.returncode, done.stdout


class Soak(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with concurrent.futures.ThreadPoolExecutor() as at_once:
            sound, faulty = (at_once.submit(soak, "9s", *PATIENT, faults=faults) for faults in (None, FAULTS))
            cls.sound, cls.faulty = sound.result(), faulty.result()

    def test_a_sound_meter_keeps_every_limit(self):
        status, out = self.sound
        print(out)
        self.assertEqual(status, 0, out)
        self.assertNotIn("BROKEN", out)
        self.assertNotIn(" 0 masters' requests", out)

    def test_what_leaks_is_late_or_fast_is_named_and_the_status_1(self):
        status, out = self.faulty
        self.assertEqual(status, 1, out)
        self.assertIn(f"soak: FAILED: {BROKEN}\n", out)

    def test_bad_usage_says_what_is_allowed(self):
        for arguments, words in ((("soon",), "such as 30s"), (("0.1s",), "2 s or more"), (("--speed", "0"), "1 to 100"), (("--no-such",), "unrecognized")):
            status, out = soak(*arguments)
            self.assertEqual(status, 2)
            self.assertIn(words, out)


if __name__ == "__main__":
    outcome.main()
