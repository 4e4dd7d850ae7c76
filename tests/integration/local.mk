# The real libiio client against a server that speaks iiod's protocol on loopback.
check_PROGRAMS += tests/integration/iio_client
tests_integration_iio_client_SOURCES = %D%/iio_client.c
tests_integration_iio_client_LDADD = $(SHELL_LIBS)
