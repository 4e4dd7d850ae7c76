bin_PROGRAMS += dinmeter
dinmeter_SOURCES = \
	%D%/main.c %D%/client.h \
	%D%/analyze.c \
	%D%/calibrate.c %D%/calibrate.h %D%/calibrate_file.c %D%/calibrate_measure.c \
	%D%/capture.c \
	%D%/control_client.c %D%/control_client.h \
	%D%/doctor.c %D%/doctor.h \
	%D%/doctor_contacts.c %D%/doctor_control.c %D%/doctor_converter.c %D%/doctor_disk.c \
	%D%/doctor_findings.c %D%/doctor_holders.c %D%/doctor_machine.c \
	%D%/doctor_panel.c %D%/doctor_place.c %D%/doctor_port.c %D%/doctor_service.c \
	%D%/doctor_unit.c %D%/doctor_unit.h %D%/doctor_user.c \
	%D%/hidden_line.c %D%/hidden_line.h \
	%D%/instance.c %D%/instance.h \
	%D%/log_columns.c %D%/log_columns.h \
	%D%/log_export.c \
	%D%/log_read.c %D%/log_read.h \
	%D%/outputs.c \
	%D%/panel.c \
	%D%/panel_link.c %D%/panel_link.h \
	%D%/panel_live.c %D%/panel_live.h \
	%D%/panel_screen.c %D%/panel_screen.h \
	%D%/panel_show.c %D%/panel_show.h \
	%D%/registers.c \
	%D%/said.c %D%/said.h \
	%D%/samples.c %D%/samples.h \
	%D%/samples_json.c %D%/samples_json.h \
	%D%/scope.c \
	%D%/scope_json.c %D%/scope_json.h \
	%D%/scope_live.c %D%/scope_live.h \
	%D%/scope_source.c %D%/scope_source.h \
	%D%/sheet.c %D%/sheet.h \
	%D%/report.c %D%/report.h %D%/report_charts.c %D%/report_fill.c %D%/report_html.c %D%/report_pdf.c \
	%D%/report_days.c %D%/report_days.h \
	%D%/since.c %D%/since.h \
	%D%/status.c \
	%D%/status_text.c %D%/status_text.h \
	%D%/state.c \
	%D%/state_json.c %D%/state_json.h \
	%D%/wiring.c \
	%D%/wiring_text.c %D%/wiring_text.h \
	%D%/tui.c %D%/tui.h \
	%D%/write.c
dinmeter_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS) $(LIBSYSTEMD_CFLAGS) $(NCURSESW_CFLAGS) $(CAIRO_CFLAGS)
dinmeter_LDADD = $(PICTURE_LIBS) $(SHELL_LIBS) $(NCURSESW_LIBS)
