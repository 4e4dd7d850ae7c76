#include "daemon/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "adc/acquire.h"
#include "adc/adc.h"
#include "adc/queue.h"
#include "daemon/config.h"
#include "daemon/log.h"
#include "daemon/meter_thread.h"
#include "daemon/options.h"
#include "modbus/slave.h"

/* The meter may stand still that long before blocks are dropped. */
#define QUEUE_S 4.0
#define RATE_MAX_HZ 100000.0

static const int ending_signals[] = { SIGTERM, SIGINT };
#define ENDING_SIGNALS (sizeof(ending_signals) / sizeof(ending_signals[0]))

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct daemon {
	struct config config;
	sd_event *event;
	struct adc *adc;
	struct block_queue *queue;
	struct acquire *acquire;
	struct meter_thread *meter;
	struct slave *slave;
};

static void slave_image(void *context, struct register_image *image)
{
	struct daemon *daemon = context;

	meter_thread_get_image(daemon->meter, image);
}

static int slave_write(void *context, const struct pdu_write *write)
{
	struct daemon *daemon = context;
	struct posted_write posted = { .first = write->first, .count = write->count };

	memcpy(posted.values, write->values, sizeof(posted.values));
	return meter_thread_post(daemon->meter, &posted);
}

static int on_write_done(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct daemon *daemon = context;
	int result = meter_thread_take_result(daemon->meter);

	(void)source;
	(void)fd;
	(void)revents;
	if (result >= 0)
		slave_write_done(daemon->slave, result);
	return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct daemon *daemon = context;

	(void)source;
	log_notice("%s: ending", strsignal((int)info->ssi_signo));
	return sd_event_exit(daemon->event, EXIT_DONE);
}

static int start_meter(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	struct meter_config meter = {
		.settings = config->settings, .rules = config->rules, .max_rate_hz = RATE_MAX_HZ,
		.sinc_order = config->adc.sinc_order, .firmware_version = config->identity.os_version,
		.power_ups = 1, .record = registers_record,
	};

	for (int c = 0; c < ADC_CHANNELS; c++)
		meter.delay_us[c] = config->adc.channel[c].delay_us;
	return meter_thread_start(&daemon->meter, &meter, daemon->queue);
}

/* The port as configured, with the address, speed and parity in force. */
static struct modbus_config port_config(const struct daemon *daemon, const struct settings *settings)
{
	static const char parity[] = { [PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O' };
	struct modbus_config config = daemon->config.modbus;

	config.address = settings->address;
	config.baud = settings->baud;
	config.parity = parity[settings->parity];
	return config;
}

static int start_event_loop(struct daemon *daemon)
{
	int ret = sd_event_new(&daemon->event);

	for (size_t i = 0; ret >= 0 && i < ENDING_SIGNALS; i++)
		ret = sd_event_add_signal(daemon->event, NULL, ending_signals[i], on_signal, daemon);
	return ret;
}

static void log_service(const struct daemon *daemon)
{
	struct modbus_config modbus = port_config(daemon, &daemon->config.settings);

	log_notice("modbus: %s (%s), address %d, %d baud, 8%c%d", modbus.device, slave_port_name(daemon->slave), modbus.address,
		   modbus.baud, modbus.parity, modbus.stop_bits);
}

/* The consumers stand before the producers start; what fails says so itself or is named here. */
static int start(struct daemon *daemon)
{
	static const struct slave_ops slave_ops = { slave_image, slave_write };
	struct modbus_config modbus = port_config(daemon, &daemon->config.settings);
	const struct adc_config *adc = &daemon->config.adc;
	unsigned slots = (unsigned)(QUEUE_S * adc->rate_hz / adc->block_scans) + 2;
	int ret;

	ret = start_event_loop(daemon);
	if (ret < 0)
		return ret;
	daemon->queue = block_queue_new(slots, adc->block_scans);
	daemon->adc = adc_new(adc);
	if (!daemon->queue || !daemon->adc)
		return -ENOMEM;
	ret = start_meter(daemon);
	if (ret < 0)
		return ret;
	ret = sd_event_add_io(daemon->event, NULL, meter_thread_done_fd(daemon->meter), EPOLLIN, on_write_done, daemon);
	if (ret < 0)
		return ret;
	ret = slave_new(&daemon->slave, daemon->event, &modbus, &daemon->config.identity, &slave_ops, daemon);
	if (ret < 0)
		return ret;
	log_service(daemon);
	return acquire_start(&daemon->acquire, daemon->adc, daemon->queue);
}

static void log_account(struct daemon *daemon)
{
	struct acquire_status status;
	struct snapshot snapshot;

	acquire_get_status(daemon->acquire, &status);
	meter_thread_get_snapshot(daemon->meter, &snapshot);
	log_notice("samples: %" PRIu64 " lost in %" PRIu64 " gaps, %" PRIu64 " windows void, %.3f s bridged, %" PRIu64 " ADC errors",
		   status.lost, status.gaps, snapshot.void_windows, snapshot.bridged_s, status.errors);
}

/* In the reverse of the start. */
static void stop(struct daemon *daemon)
{
	if (daemon->acquire && daemon->meter)
		log_account(daemon);
	if (daemon->acquire)
		acquire_stop(daemon->acquire);
	slave_free(daemon->slave);
	meter_thread_stop(daemon->meter);
	if (daemon->adc)
		daemon->adc->ops->free(daemon->adc);
	block_queue_free(daemon->queue);
	sd_event_unref(daemon->event);
}

/*
 * What ends us in good order reaches the event loop alone, whichever thread it is sent to; all else, a
 * terminal's hang-up or stop key, does what it does to any program.  A vanished peer is an error code, not the end.
 */
static void prepare_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ENDING_SIGNALS; i++)
		sigaddset(&set, ending_signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(struct daemon *daemon)
{
	int ret;

	prepare_signals();
	ret = start(daemon);
	if (ret < 0) {
		log_error("cannot start: %s", strerror(-ret));
		ret = EXIT_FAILED;
	} else {
		sd_notify(0, "READY=1");
		ret = sd_event_loop(daemon->event);
		if (ret < 0) {
			log_error("event loop: %s", strerror(-ret));
			ret = EXIT_FAILED;
		}
		sd_notify(0, "STOPPING=1");
	}
	stop(daemon);
	return ret;
}

static int configure(struct config *config, const struct options *options)
{
	const char *file = options->file ? options->file : options->simulate ? NULL : DAEMON_CONFIG_FILE;
	int ret = 0;

	config_defaults(config);
	if (file)
		ret = config_load(config, file, stderr);
	if (options->simulate)
		snprintf(config->adc.source, sizeof(config->adc.source), "sim");
	if (!ret)
		ret = config_check_source(config, stderr);
	if (options->pty && (size_t)snprintf(config->modbus.device, sizeof(config->modbus.device), "pty:%s", options->pty) >=
				    sizeof(config->modbus.device)) {
		fprintf(stderr, "dinmeterd: --pty: the path is longer than %zu bytes\n", sizeof(config->modbus.device) - 5);
		ret = -EINVAL;
	}
	if (options->state && (size_t)snprintf(config->store_path, sizeof(config->store_path), "%s", options->state) >=
				      sizeof(config->store_path)) {
		fprintf(stderr, "dinmeterd: --state: the path is longer than %zu bytes\n", sizeof(config->store_path) - 1);
		ret = -EINVAL;
	}
	return ret;
}

int daemon_main(int argc, char **argv)
{
	struct options options;
	struct daemon *daemon;
	int status = options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	if (options.verbose)
		log_set_level(LOG_DEBUG);
	daemon = calloc(1, sizeof(*daemon));
	if (!daemon) {
		log_error("cannot start: %s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	if (configure(&daemon->config, &options) < 0)
		status = EXIT_USAGE;
	else if (options.print || options.check)
		status = EXIT_DONE;
	else
		status = run(daemon);
	if (status == EXIT_DONE && options.print)
		config_print(&daemon->config, stdout);
	free(daemon);
	return status;
}
