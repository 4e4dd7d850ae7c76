"""Openings without number under valgrind: nothing is left of them, neither memory nor a descriptor."""
import errno
import os

from iiod_server import IiodServer
from test_iio import HERE, in_parallel, run

VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=9", "--track-fds=yes",
            "--suppressions=" + os.path.join(HERE, "libiio.supp")]


def test_thirty_reopenings_leak_nothing():
    with IiodServer(fast=1, labels=1) as server:
        result = run(server, VALGRIND, opens=30, blocks=2)
        assert result.errors == [], result.log
        assert len(result.of("open")) == 30
        assert result.status == 0, result.log
        assert "Open AF_INET" not in result.log, result.log
        assert server.opens == 30


def test_failed_openings_leak_nothing():
    def one(option):
        with IiodServer(fast=1, **option) as server:
            result = run(server, VALGRIND, opens=5, blocks=2, trigger="simtrig", device=option.get("device_label", ""))
            assert len(result.errors) == 5
            assert result.status == 0, result.log
    in_parallel(one, [{"open_error": errno.EBUSY}, {"no_trigger": 1}, {"cut": 1}, {"bad_xml": 1}, {"refill_error": errno.EIO}])
