#!/usr/bin/python3
"""The soak holds on a sound meter, and says which limit is broken on one that is not."""
import concurrent.futures
import os
import subprocess
import sys
import types
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
import outcome  # noqa: E402
import soak as program  # noqa: E402

BUILD = os.environ.get("top_builddir", os.getcwd())
# A machine that is busy with other tests may be late; what the meter does about that is checked elsewhere.
PATIENT = ("--speed", "4", "--max-growth", "8", "--max-resident", "1024", "--max-p99", "300", "--max-reply", "10000", "--max-unanswered", "20",
           "--max-lost", "1000000", "--max-cpu", "100")
# Of warp.c, and the limits that they break.
FAULTS = {"WARP_LEAK": "1000", "WARP_LEAK_FILES": "1", "WARP_LATE_MS": "2000", "WARP_FAST_PPM": "50000"}
BROKEN = "memory allocated, descriptors, reply, p99, seconds measured"


def soak(*arguments, faults=None):
    done = subprocess.run([sys.executable, os.path.join(HERE, "soak.py"), "--build", BUILD, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env={**os.environ, **(faults or {})})
    return done.returncode, done.stdout


def broken(status=0, allocated=0.9, memory=63, files=0, threads=0, times=(0.001,) * 1000, unanswered=0, lost=0, cpu=0.49, energy=0.8e-7, pulses=0,
           meter_s=0.2, state="good", faults=()):
    """The limits that are broken by an hour of these growths and faults, each of them within its own as it stands here."""
    sys.argv = ["soak"]
    seconds, hour = 3600, program.read_arguments()
    kwh = program.POWER_KW * seconds / 3600
    run = types.SimpleNamespace(arguments=hour, times=program.Times(), faults=list(faults), late=types.SimpleNamespace(value=0.0),
                                pause=types.SimpleNamespace(value=0.0), unanswered=types.SimpleNamespace(value=unanswered))
    for one in times:
        run.times.add(one)
    samples = [{"t": t, "allocated": 1000 + allocated * (t > 1800), "memory": 5000 + memory * (t > 1800), "files": 37 + files * (t > 1800),
                "threads": 11 + threads * (t > 1800), "cpu": cpu * t} for t in range(seconds + 1)]

    def seen(at_s, energy_kwh, closures, gaps, when_s):
        return {"meter": {"cycle": at_s}, "adc": {"bridged_s": 0, "lost": gaps, "gaps": gaps}, "energy": {"kwh": energy_kwh},
                "outputs": {"pulses_1": closures}, "meter_s": when_s, "store": {"state": state}}
    made = int(kwh * 1000 / program.PULSE_WH)
    first, last = seen(0, 0.0, 0, 0, 0.0), seen(seconds, kwh * (1 + energy), made - pulses, lost, seconds + meter_s)
    return [name for name, _, _, kept in program.judge(run, samples, first, last, status) if not kept]


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

    def test_a_value_just_beyond_its_limit_breaks_that_one_and_no_other(self):
        self.assertEqual(broken(), [])
        for name, change in {
                "ends by SIGTERM": {"status": 1}, "memory allocated": {"allocated": 1.1}, "memory written": {"memory": 65}, "descriptors": {"files": 1},
                "threads": {"threads": 1}, "reply, p99": {"times": [0.0001] * 98 + [0.0021] * 2}, "reply, worst": {"times": [0.0001] * 998 + [0.101]},
                "unanswered": {"unanswered": 1}, "samples lost": {"lost": 1}, "processor": {"cpu": 0.51}, "energy": {"energy": 1.2e-7},
                "pulses": {"pulses": 3}, "seconds measured": {"meter_s": 0.3}, "state": {"state": "failing"}, "errors": {"faults": ["one"]}}.items():
            self.assertEqual(broken(**change), [name], change)
        # the limits of replies are not kept by a bus that answers nothing
        self.assertEqual(broken(times=[]), ["reply, p99", "reply, worst"])

    def test_a_percentile_is_of_the_values_that_were_counted(self):
        times = program.Times()
        for n in range(1000):
            times.add((n + 0.5) * 1e-4)
        self.assertAlmostEqual(times.percentile(0.99), 0.0991, 6)
        self.assertEqual(times.n, 1000)
        self.assertAlmostEqual(times.worst, 0.09995, 9)
        self.assertEqual(program.Times().percentile(0.99), 0)

    def test_bad_usage_says_what_is_allowed(self):
        for arguments, words in ((("soon",), "such as 30s"), (("0.1s",), "2 s or more"), (("--speed", "0"), "1 to 100"), (("--no-such",), "unrecognized")):
            status, out = soak(*arguments)
            self.assertEqual(status, 2)
            self.assertIn(words, out)


if __name__ == "__main__":
    outcome.main()
