# The sample is installed as the configuration where there is none yet; who has one keeps it.
EXTRA_DIST += %D%/dinmeterd.conf %D%/demo.conf
dinmeterdconfdir = $(sysconfdir)/dinmeterd

install-data-local: install-sample-config
.PHONY: install-sample-config uninstall-sample-config
install-sample-config:
	$(MKDIR_P) '$(DESTDIR)$(dinmeterdconfdir)'
	test -e '$(DESTDIR)$(dinmeterdconfdir)/dinmeterd.conf' || \
		$(INSTALL_DATA) '$(srcdir)/conf/dinmeterd.conf' '$(DESTDIR)$(dinmeterdconfdir)/dinmeterd.conf'

uninstall-local: uninstall-sample-config
uninstall-sample-config:
	if cmp -s '$(srcdir)/conf/dinmeterd.conf' '$(DESTDIR)$(dinmeterdconfdir)/dinmeterd.conf'; then \
		rm -f '$(DESTDIR)$(dinmeterdconfdir)/dinmeterd.conf'; fi

# Found by the command's name.
EXTRA_DIST += %D%/dinmeter.bash-completion
install-data-local: install-completion
uninstall-local: uninstall-completion
.PHONY: install-completion uninstall-completion
install-completion:
	$(MKDIR_P) '$(DESTDIR)$(datadir)/bash-completion/completions'
	$(INSTALL_DATA) '$(srcdir)/conf/dinmeter.bash-completion' '$(DESTDIR)$(datadir)/bash-completion/completions/dinmeter'
uninstall-completion:
	rm -f '$(DESTDIR)$(datadir)/bash-completion/completions/dinmeter'

# The service: two units that differ in names alone, what makes their user and directory, and the rights on devices.
service_rule = $(SED) -e '/^@SERVICE@$$/{r $(srcdir)/%D%/systemd/service.in' -e 'd' -e '}' \
	-e 's,[@]sbindir@,$(sbindir),g' -e 's,[@]sysconfdir@,$(sysconfdir),g'
%D%/systemd/dinmeterd.service: %D%/systemd/dinmeterd.service.in %D%/systemd/service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(service_rule) '$(srcdir)/%D%/systemd/dinmeterd.service.in' >$@.new && mv $@.new $@
%D%/systemd/dinmeterd@.service: %D%/systemd/dinmeterd@.service.in %D%/systemd/service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(service_rule) '$(srcdir)/%D%/systemd/dinmeterd@.service.in' >$@.new && mv $@.new $@
%D%/udev/60-dinmeterd.rules: %D%/udev/60-dinmeterd.rules.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's,[@]sbindir@,$(sbindir),g' '$(srcdir)/%D%/udev/60-dinmeterd.rules.in' >$@.new && mv $@.new $@
EXTRA_DIST += %D%/systemd/dinmeterd.service.in %D%/systemd/dinmeterd@.service.in %D%/systemd/service.in %D%/udev/60-dinmeterd.rules.in
CLEANFILES += %D%/systemd/dinmeterd.service %D%/systemd/dinmeterd@.service %D%/udev/60-dinmeterd.rules
SERVICE_FILES = %D%/systemd/dinmeterd.service %D%/systemd/dinmeterd@.service
noinst_DATA += $(SERVICE_FILES)
if SYSTEMD_UNITS
systemdsystemunit_DATA = $(SERVICE_FILES)
# systemd reads these of a prefix's lib only where that is /usr.
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_sysusers_DATA = %D%/sysusers/dinmeterd.conf
dist_tmpfiles_DATA = %D%/tmpfiles/dinmeterd.conf
else
EXTRA_DIST += %D%/sysusers/dinmeterd.conf %D%/tmpfiles/dinmeterd.conf
endif
noinst_DATA += %D%/udev/60-dinmeterd.rules
if UDEV_RULES
udevrules_DATA = %D%/udev/60-dinmeterd.rules
endif
