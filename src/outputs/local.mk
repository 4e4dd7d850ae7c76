# What a contact or an indicator does when: pure.
libpure_a_SOURCES += \
	%D%/contact.c %D%/contact.h \
	%D%/flash.c %D%/flash.h

libshell_a_SOURCES += %D%/outputs.h \
	%D%/alarm_contact.c %D%/alarm_contact.h \
	%D%/contacts.c %D%/contacts.h \
	%D%/gpio.c %D%/gpio.h \
	%D%/gpio_sim.c \
	%D%/gpio_sysfs.c \
	%D%/led.c %D%/led.h \
	%D%/lines.c %D%/lines.h \
	%D%/pulse_contacts.c %D%/pulse_contacts.h \
	%D%/thread.c %D%/thread.h \
	%D%/worker.c %D%/worker.h

# One of the two is compiled.
if GPIOD_2
libshell_a_SOURCES += %D%/gpio_v2.c
else
libshell_a_SOURCES += %D%/gpio_v1.c
endif
