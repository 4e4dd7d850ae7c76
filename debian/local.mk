# The Debian packages: a release can be built into them too (dpkg-buildpackage).
EXTRA_DIST += %D%/changelog %D%/control %D%/copyright %D%/rules %D%/source/format %D%/README.Debian \
	%D%/dinmeter.install %D%/dinmeterd.config %D%/dinmeterd.docs %D%/dinmeterd.install %D%/dinmeterd.postinst %D%/dinmeterd.postrm \
	%D%/dinmeterd.prerm %D%/dinmeterd.templates %D%/po/POTFILES.in %D%/po/templates.pot \
	%D%/tests/control %D%/tests/service
