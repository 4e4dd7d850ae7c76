# The real libiio client against a server that speaks iiod's protocol on loopback.
check_PROGRAMS += tests/integration/iio_client
tests_integration_iio_client_SOURCES = %D%/iio_client.c
tests_integration_iio_client_LDADD = $(SHELL_LIBS)
dist_check_SCRIPTS += %D%/iio.sh %D%/iio_leaks.sh
EXTRA_DIST += %D%/test_iio.py %D%/test_iio_leaks.py %D%/libiio.supp %D%/tsan.supp
SLOW_TESTS += %D%/iio.sh %D%/iio_leaks.sh

# The daemon as a whole, on a pseudo-terminal.
dist_check_SCRIPTS += %D%/daemon.sh
EXTRA_DIST += %D%/conftest.py %D%/control.py %D%/converter.py %D%/doctor.py %D%/iiod_server.py \
	%D%/liveness.py %D%/rtu.py %D%/truth.py %D%/test_calibrate.py %D%/test_capture.py \
	%D%/test_capture_alerts.py %D%/test_command_line.py %D%/test_configuration.py %D%/test_contacts.py %D%/test_converter.py \
	%D%/test_converter_faults.py %D%/test_datalog.py %D%/test_doctor.py %D%/test_examples.py %D%/test_map.py \
	%D%/test_mbpoll.py %D%/test_panel.py %D%/test_panel_terminal.py %D%/test_port.py %D%/test_pymodbus.py \
	%D%/test_recording.py %D%/test_report.py %D%/test_scope.py %D%/test_service.py %D%/test_snapshot.py \
	%D%/test_store.py %D%/test_wiring.py %D%/test_writes.py
SLOW_TESTS += %D%/daemon.sh
check_PROGRAMS += tests/integration/stall
tests_integration_stall_SOURCES = %D%/stall.c
dist_check_SCRIPTS += %D%/kill.sh
EXTRA_DIST += %D%/test_kill.py
SLOW_TESTS += %D%/kill.sh
dist_check_SCRIPTS += %D%/disk.sh
EXTRA_DIST += %D%/test_disk.py %D%/test_doctor_user.py %D%/test_memory.py %D%/kept.py
SLOW_TESTS += %D%/disk.sh

# The client's commands, run whole.
dist_check_SCRIPTS += %D%/analyze.py
TESTS += %D%/analyze.py

# The control socket and the commands that use it, before a scripted meter.
dist_check_SCRIPTS += %D%/control_commands.py %D%/control_completion.py %D%/control_manual.py %D%/control_socket.py
EXTRA_DIST += %D%/control_meter.py
TESTS += %D%/control_completion.py %D%/control_manual.py
SLOW_TESTS += %D%/control_commands.py %D%/control_socket.py
