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

# Whole configurations of front ends, each with its wiring and arithmetic.
examplesdir = $(docdir)/examples
dist_examples_DATA = %D%/examples/ad7606.conf %D%/examples/ad7606b-fpga.conf %D%/examples/ad7779.conf %D%/examples/ads1298.conf \
	%D%/examples/ads131e08.conf

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
