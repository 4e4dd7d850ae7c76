"""The end of a test program made of unittest: what was skipped is no pass."""
import sys
import unittest

SKIPPED = 77


def main(verbosity=1):
    """Runs the tests of the program.  Ends with 1 when one failed, 77 when none did but one was skipped, else 0."""
    result = unittest.main(exit=False, verbosity=verbosity).result
    sys.stderr.flush()
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped or not result.testsRun:
        # one line, the last: that is what a summary shows
        print("not run whole:", "; ".join(f"{test.id().split('.')[-1]}: {why}" for test, why in result.skipped) or "no test")
        sys.exit(SKIPPED)
    sys.exit(0)
