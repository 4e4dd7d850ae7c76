# Losses, the true rate, and what a recording's text and records mean: pure, for the fuzzer too.
libpure_a_SOURCES += \
	%D%/gaps.c %D%/gaps.h \
	%D%/rate_check.c %D%/rate_check.h \
	%D%/rate_clock.c %D%/rate_clock.h \
	%D%/rate_list.c %D%/rate_list.h \
	%D%/comtrade_text.c %D%/comtrade_text.h \
	%D%/comtrade_cfg.c %D%/comtrade_cfg.h \
	%D%/comtrade_cff.c %D%/comtrade_cff.h \
	%D%/comtrade_map.c %D%/comtrade_map.h \
	%D%/comtrade_record.c %D%/comtrade_record.h \
	%D%/comtrade_time.c %D%/comtrade_time.h

libshell_a_SOURCES += \
	%D%/adc.c %D%/adc.h \
	%D%/adc_sim.c \
	%D%/acquire.c %D%/acquire.h \
	%D%/queue.c %D%/queue.h \
	%D%/adc_comtrade.c %D%/adc_comtrade.h \
	%D%/comtrade_open.c %D%/comtrade_open.h \
	%D%/comtrade_file.c %D%/comtrade_file.h \
	%D%/adc_iio.c \
	%D%/adc_iio_capture.c %D%/adc_iio_capture.h \
	%D%/adc_iio_convert.c \
	%D%/adc_iio_probe.c %D%/adc_iio_probe.h \
	%D%/adc_iio_queue.c %D%/adc_iio_queue.h \
	%D%/adc_iio_rate.c \
	%D%/adc_iio_setup.c \
	%D%/adc_iio_thread.c %D%/adc_iio_thread.h
