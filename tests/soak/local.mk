# The whole daemon under load for long; a short run of it is a test.
dist_check_SCRIPTS += %D%/test_soak.py
EXTRA_DIST += scripts/soak %D%/soak.py %D%/warp.c
SLOW_TESTS += %D%/test_soak.py
