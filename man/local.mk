# Register documentation is generated from the register table by the program that prints it; no copy is kept.
# A cross build sets REGISTERS_PRINTER to a dinmeter of the build machine.
REGISTERS_PRINTER = ./dinmeter$(EXEEXT)

man_MANS += %D%/dinmeter-registers.7
doc_DATA += doc/registers.md
EXTRA_DIST += %D%/dinmeter-registers.7.in doc/registers.md.in
CLEANFILES += %D%/dinmeter-registers.7 doc/registers.md \
	%D%/dinmeter-registers.7.rows %D%/dinmeter-registers.7.tmp doc/registers.md.rows doc/registers.md.tmp

# Puts what "dinmeter registers FORM" prints in the place of the template's line of that name; the brackets keep
# config.status from taking the marks for its own.
fill_in = $(MKDIR_P) $(@D) && $(REGISTERS_PRINTER) registers $$form >$@.rows && \
	$(SED) -e '/^[@]REGISTERS[@]$$/{' -e 'r $@.rows' -e 'd' -e '}' -e 's/[@]VERSION[@]/$(VERSION)/' $(srcdir)/$@.in >$@.tmp && \
	rm -f $@.rows && mv -f $@.tmp $@

%D%/dinmeter-registers.7: %D%/dinmeter-registers.7.in dinmeter$(EXEEXT) Makefile
	$(AM_V_GEN)form=--man; $(fill_in)

doc/registers.md: doc/registers.md.in dinmeter$(EXEEXT) Makefile
	$(AM_V_GEN)form=--markdown; $(fill_in)
