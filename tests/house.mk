# Rules of the house, checked on the sources and the built library.
dist_check_SCRIPTS += %D%/unit/faults.py %D%/unit/manual.sh %D%/unit/manual_pages.sh %D%/unit/outcome.py %D%/unit/packaging.sh %D%/unit/purity.sh %D%/unit/rooms.sh %D%/unit/sample.py
TESTS += %D%/unit/faults.py %D%/unit/manual.sh %D%/unit/manual_pages.sh %D%/unit/outcome.py %D%/unit/packaging.sh %D%/unit/purity.sh %D%/unit/rooms.sh %D%/unit/sample.py
