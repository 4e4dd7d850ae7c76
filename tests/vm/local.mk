# scripts/vm-test and what it makes the virtual machine of.
EXTRA_DIST += scripts/vm-test %D%/rig.sh %D%/kernel.sh %D%/image.sh %D%/driver/Kbuild %D%/driver/simadc.c %D%/driver/simgpio.c %D%/driver/simled.c \
	%D%/guest/run %D%/guest/lib.sh %D%/guest/meter.sh %D%/guest/test-machine %D%/guest/test-readings %D%/guest/test-formats \
	%D%/guest/test-losses %D%/guest/test-rebind %D%/guest/test-crystal

EXTRA_DIST += %D%/guest/test-stall %D%/guest/test-speeds %D%/guest/test-unit %D%/guest/test-package %D%/speeds.py

# Runs in the machine.
EXTRA_DIST += %D%/guest/test-contacts %D%/guest/test-doctor
check_PROGRAMS += %D%/contacts
tests_vm_contacts_SOURCES = %D%/contacts.c
tests_vm_contacts_LDADD = $(SHELL_LIBS)

# A front panel: buttons that the kernel takes for true ones, and a display.
EXTRA_DIST += %D%/guest/test-panel
check_PROGRAMS += %D%/front
tests_vm_front_SOURCES = %D%/front.c
tests_vm_front_LDADD = -lutil

# The machine whose power is cut, and the bus master outside of it.
EXTRA_DIST += %D%/power/init %D%/power/meter.conf %D%/power/master.py

# What the service's unit forbids, tried in its place.
EXTRA_DIST += %D%/guest/test-protection
check_PROGRAMS += %D%/tries
tests_vm_tries_SOURCES = %D%/tries.c
