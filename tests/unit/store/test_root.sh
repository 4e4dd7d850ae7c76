#!/bin/sh
# The store's tests that need root; 77 where they cannot run.
exec tests/unit/store/test_faults root
