# Unit tests are Check programs; each room has a fragment of its own.
include tests/house.mk
include tests/unit/metering.mk
include tests/unit/report.mk
include tests/unit/capture.mk
include tests/unit/registers.mk
include tests/unit/modbus.mk
include tests/unit/adc.mk
include tests/unit/outputs.mk
include tests/unit/panel.mk
include tests/unit/store.mk
include tests/unit/control.mk
include tests/unit/picture.mk
include tests/unit/scope.mk
include tests/unit/daemon.mk
include tests/unit/doctor.mk
include tests/unit/view_panel.mk
include tests/integration/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/soak/local.mk
include tests/vm/local.mk

# What the programs in Python share.
EXTRA_DIST += tests/lib/check_main.h tests/lib/require.h tests/lib/outcome.py tests/lib/python.sh tests/leaks.supp
