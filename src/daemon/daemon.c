#include "daemon/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "daemon/access.h"
#include "daemon/daemon_private.h"
#include "daemon/log.h"
#include "daemon/memory_lock.h"
#include "daemon/monotonic.h"
#include "daemon/options.h"
#include "daemon/restore.h"
#include "daemon/sandbox.h"

/* The meter may stand still that long before blocks are dropped. */
#define QUEUE_S 4.0
#define RATE_MAX_HZ 100000.0
/* How long the end waits for the disk; a handover holds the state in any case. */
#define STORE_PATIENCE_S 5.0
#define OUTPUT_CONFIG_REACTIVE 2	/* 153: the third output is a reactive energy contact */

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static void slave_image(void *context, struct register_image *image)
{
	struct daemon *daemon = context;

	meter_thread_get_image(daemon->meter, image);
}

static int slave_write(void *context, const struct pdu_write *write)
{
	struct daemon *daemon = context;
	struct meter_request request = { .kind = METER_WRITE_REGISTERS, .first = write->first, .count = write->count };

	memcpy(request.values, write->values, sizeof(request.values));
	return meter_thread_post(daemon->meter, &request);
}

/* Bytes came or went, or the port did: the account for others to copy, and the LEDs. */
static void slave_activity(void *context, const struct slave_counters *counters)
{
	struct daemon *daemon = context;
	const struct slave_counters *old = &daemon->bus;
	bool damaged = counters->crc_errors + counters->line_errors != old->crc_errors + old->line_errors;

	if (counters->replies != old->replies)
		outputs_flash(daemon->outputs, LED_TX);
	if (damaged || counters->requests + counters->broadcasts + counters->other_frames != old->requests + old->broadcasts + old->other_frames)
		outputs_flash(daemon->outputs, LED_RX);
	if (damaged)
		outputs_flash(daemon->outputs, LED_ERROR);
	pthread_mutex_lock(&daemon->bus_lock);
	daemon->bus = *counters;
	snprintf(daemon->bus_port, sizeof(daemon->bus_port), "%s", daemon->slave ? slave_port_name(daemon->slave) : "");
	pthread_mutex_unlock(&daemon->bus_lock);
}

/* The state is kept, and a new start takes three seconds: less than a bus that is deaf until somebody sees it. */
static void slave_excluded(void *context)
{
	struct daemon *daemon = context;

	log_error("modbus: %s: it came after the start, and is forbidden: ending, as the service's devices are named when it is started",
		  daemon->config.modbus.device);
	sd_event_exit(daemon->event, EXIT_FAILED);
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

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct daemon *daemon = context;

	(void)source;
	log_notice("%s: ending", strsignal((int)info->ssi_signo));
	return sd_event_exit(daemon->event, EXIT_DONE);
}

/* The machine's supply is about to fail. */
static int on_power_fail(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct daemon *daemon = context;

	(void)source;
	(void)info;
	log_warning("power is failing: the state is written");
	if (daemon->store)
		store_commit(daemon->store);
	return 0;
}

/* From a terminal that went away the signal comes from the kernel, and is the end. */
static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	if (info->ssi_code > 0)
		return on_end(source, info, context);
	daemon_reload(context);
	return 0;
}

static const struct {
	int number;
	sd_event_signal_handler_t handler;
} handled_signals[] = { { SIGTERM, on_end }, { SIGINT, on_end }, { SIGPWR, on_power_fail }, { SIGHUP, on_hangup } };
#define HANDLED_SIGNALS (sizeof(handled_signals) / sizeof(handled_signals[0]))

static void pull_nv(void *context, struct nv *nv)
{
	struct daemon *daemon = context;

	meter_thread_get_nv(daemon->meter, nv);
}

static unsigned pull_entries(void *context, uint64_t from, unsigned max, struct datalog_entry *entries)
{
	struct daemon *daemon = context;

	return meter_thread_get_entries(daemon->meter, from, max, entries);
}

/* The contacts' counts outlive a kill, where the state directory is ours.  The number of this run, or 0. */
static uint64_t share_closures(struct daemon *daemon, struct closures_left *left)
{
	uint64_t run = (uint64_t)daemon->started_ns;
	struct store_status status = { .state = STORE_UNUSABLE };
	struct nv nv = { .run = 0 };
	int error;

	memset(left, 0, sizeof(*left));
	if (daemon->store)
		store_get_status(daemon->store, &status);
	if (status.state == STORE_UNUSABLE)
		return 0;
	store_get_nv(daemon->store, &nv);
	error = closures_share(daemon->closures, daemon->config.store_path, run, nv.run, left);
	explicit_bzero(&nv, sizeof(nv));
	if (error)
		log_warning("contacts: closures of the last second before a kill will be made again: %s", strerror(-error));
	return error ? 0 : run;
}

/* The meter as it was left, with the settings in force. */
static int start_meter(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	struct restored restored;
	struct meter_config meter = {
		.rules = config->rules, .max_rate_hz = RATE_MAX_HZ, .sinc_order = config->adc.sinc_order,
		.firmware_version = config->identity.os_version, .state = &restored.nv.meter, .record = registers_record,
		.output_config = *config->outputs.contact[CONTACT_REACTIVE].chip ? OUTPUT_CONFIG_REACTIVE : 0,
	};
	struct meter_thread_config thread = {
		.meter = &meter, .nv = &restored.nv, .queue = daemon->queue, .outputs = daemon->outputs, .store = daemon->store,
		.tap = daemon->tap,
	};
	struct closures_left left;
	uint64_t run = share_closures(daemon, &left);
	int ret = restore_state(&restored, config, daemon->store, &left);

	if (ret < 0)
		goto out;
	restored.nv.run = run;
	meter.settings = restored.nv.meter.settings;
	meter.power_ups = restored.nv.meter.power_ups;
	meter.was_off = restored.found;
	for (int c = 0; c < ADC_CHANNELS; c++)
		meter.delay_us[c] = config->adc.channel[c].delay_us;
	thread.entries = restored.entries;
	thread.entries_n = restored.entries_n;
	ret = meter_thread_start(&daemon->meter, &thread);
out:
	free(restored.entries);
	return ret;
}

static int start_store(struct daemon *daemon)
{
	static const struct store_ops ops = { pull_nv, pull_entries };
	int ret;

	if (!daemon->store)
		return 0;
	ret = store_start(daemon->store, &ops, daemon);
	/* what the start itself has changed: power-ups, settings of a changed file */
	if (!ret)
		store_commit(daemon->store);
	return ret;
}

struct modbus_config daemon_port_config(const struct config *config, const struct settings *settings)
{
	static const char parity[] = { [PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O' };
	struct modbus_config modbus = config->modbus;

	modbus.address = settings->address;
	modbus.baud = settings->baud;
	modbus.parity = parity[settings->parity];
	return modbus;
}

static int on_port_changed(sd_event_source *source, int fd, uint32_t revents, void *context)
{
	struct daemon *daemon = context;
	struct modbus_config config;
	struct snapshot snapshot;

	(void)source;
	(void)fd;
	(void)revents;
	meter_thread_clear_port_fd(daemon->meter);
	meter_thread_get_snapshot(daemon->meter, &snapshot);
	config = daemon_port_config(&daemon->config, &snapshot.settings);
	log_notice("modbus: %s: now address %d, %d baud, 8%c%d", config.device, config.address, config.baud, config.parity,
		   config.stop_bits);
	return slave_reconfigure(daemon->slave, &config);
}

static int start_event_loop(struct daemon *daemon)
{
	int ret = sd_event_new(&daemon->event);

	for (size_t i = 0; ret >= 0 && i < HANDLED_SIGNALS; i++)
		ret = sd_event_add_signal(daemon->event, NULL, handled_signals[i].number, handled_signals[i].handler, daemon);
	return ret;
}

static void log_service(const struct daemon *daemon, const struct modbus_config *modbus)
{
	const char *name = slave_counters(daemon->slave)->port_open ? slave_port_name(daemon->slave) : "not open";

	log_notice("modbus: %s (%s), address %d, %d baud, 8%c%d", modbus->device, name, modbus->address,
		   modbus->baud, modbus->parity, modbus->stop_bits);
}

static int start_slave(struct daemon *daemon)
{
	struct slave_ops ops = { .image = slave_image, .write = slave_write, .activity = slave_activity };
	struct modbus_config modbus;
	struct snapshot snapshot;
	int ret;

	if (getenv("NOTIFY_SOCKET"))
		ops.excluded = slave_excluded;
	ret = sd_event_add_io(daemon->event, NULL, meter_thread_done_fd(daemon->meter), EPOLLIN, on_write_done, daemon);
	if (ret >= 0)
		ret = sd_event_add_io(daemon->event, NULL, meter_thread_port_fd(daemon->meter), EPOLLIN, on_port_changed, daemon);
	if (ret < 0)
		return ret;
	meter_thread_get_snapshot(daemon->meter, &snapshot);
	modbus = daemon_port_config(&daemon->config, &snapshot.settings);
	ret = slave_new(&daemon->slave, daemon->event, &modbus, &daemon->config.identity, &ops, daemon);
	if (ret < 0)
		return ret;
	slave_activity(daemon, slave_counters(daemon->slave));
	log_service(daemon, &modbus);
	return 0;
}

/* A converter may run faster than asked for, and a recording at any rate: memory that is not needed is never touched. */
static struct tap *new_tap(const struct config *config)
{
	double rate_hz = strcmp(config->adc.source, "comtrade") ? 2 * config->adc.rate_hz : RATE_MAX_HZ, delay_us[ADC_CHANNELS];

	for (int c = 0; c < ADC_CHANNELS; c++)
		delay_us[c] = config->adc.channel[c].delay_us;
	return tap_new(config->capture.ring_s, fmin(rate_hz, RATE_MAX_HZ), config->adc.block_scans, delay_us);
}

/*
 * Contacts first: they are safe before anything else can fail.  The consumers stand before the producers start; what fails
 * says so itself or is named here.
 */
static int start(struct daemon *daemon)
{
	const struct config *config = &daemon->config;
	unsigned slots = (unsigned)(QUEUE_S * config->adc.rate_hz / config->adc.block_scans) + 2;
	int ret;

	daemon->started_ns = monotonic_ns();
	daemon->closures = closures_new();
	if (!daemon->closures)
		return -ENOMEM;
	ret = outputs_start(&daemon->outputs, &config->outputs, closures_made(daemon->closures));
	if (ret >= 0)
		ret = start_event_loop(daemon);
	if (ret >= 0 && daemon->keeps_state)
		ret = store_open(&daemon->store, config->store_path, config->store_interval_s);
	if (ret < 0)
		return ret;
	daemon->queue = block_queue_new(slots, config->adc.block_scans);
	daemon->adc = adc_new(&config->adc);
	daemon->tap = new_tap(config);
	if (!daemon->queue || !daemon->adc || !daemon->tap)
		return -ENOMEM;
	ret = start_meter(daemon);
	if (ret >= 0)
		ret = start_slave(daemon);
	if (ret >= 0)
		ret = start_store(daemon);
	if (ret >= 0)
		ret = acquire_start(&daemon->acquire, daemon->adc, daemon->queue);
	if (ret >= 0)
		ret = daemon_panel_start(daemon);
	if (ret >= 0)
		ret = daemon_capture_start(daemon);
	if (ret >= 0 && *config->control_socket)
		ret = control_start(&daemon->control, config->control_socket, config->control_group, &daemon_control_ops, daemon);
	if (ret >= 0)
		ret = daemon_service_start(daemon);
	return ret;
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

/* In the reverse of the start.  The meter's last word, closures accounted for, is what the store keeps. */
static void stop(struct daemon *daemon)
{
	if (daemon->acquire && daemon->meter)
		log_account(daemon);
	if (daemon->control)
		control_stop(daemon->control);
	daemon_capture_stop(daemon);
	daemon_panel_stop(daemon);
	if (daemon->acquire)
		acquire_stop(daemon->acquire);
	slave_free(daemon->slave);
	meter_thread_stop(daemon->meter);
	if (daemon->store)
		store_stop(daemon->store, STORE_PATIENCE_S);
	meter_thread_free(daemon->meter);
	if (daemon->outputs)
		outputs_stop(daemon->outputs);
	closures_free(daemon->closures);
	if (daemon->adc)
		daemon->adc->ops->free(daemon->adc);
	block_queue_free(daemon->queue);
	tap_free(daemon->tap);
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
	for (size_t i = 0; i < HANDLED_SIGNALS; i++)
		sigaddset(&set, handled_signals[i].number);
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

static int override(const char *option, const char *prefix, const char *path, char *field, size_t size, FILE *errors)
{
	if ((size_t)snprintf(field, size, "%s%s", prefix, path) < size)
		return 0;
	fprintf(errors, "dinmeterd: %s: the path is longer than %zu bytes\n", option, size - 1 - strlen(prefix));
	return -EINVAL;
}

/* What the file says in vain, and not only as the default. */
static void tell_override(const char *option, const char *key, const char *said, const char *usual, const char *field)
{
	if (strcmp(said, usual) != 0 && strcmp(said, field) != 0)
		log_notice("%s: %s %s, not %s as the file says", key, option, field, said);
}

static const char *config_file(const struct options *options)
{
	return options->file ? options->file : options->simulate ? NULL : DAEMON_CONFIG_FILE;
}

int daemon_configure(struct config *config, const struct options *options, FILE *errors)
{
	const char *file = config_file(options);
	char usual_state[sizeof(config->store_path)], usual_control[sizeof(config->control_socket)];
	char state[sizeof(config->store_path)], control[sizeof(config->control_socket)];
	int ret = 0;

	config_defaults(config);
	memcpy(usual_state, config->store_path, sizeof(usual_state));
	memcpy(usual_control, config->control_socket, sizeof(usual_control));
	if (file)
		ret = config_load(config, file, errors);
	memcpy(state, config->store_path, sizeof(state));
	memcpy(control, config->control_socket, sizeof(control));
	if (options->simulate)
		snprintf(config->adc.source, sizeof(config->adc.source), "sim");
	if (!ret)
		ret = config_check_source(config, errors);
	if (options->pty)
		ret = override("--pty", MODBUS_PTY, options->pty, config->modbus.device, sizeof(config->modbus.device), errors) ? -EINVAL : ret;
	if (options->state)
		ret = override("--state", "", options->state, config->store_path, sizeof(config->store_path), errors) ? -EINVAL : ret;
	if (options->control)
		ret = override("--control", "", options->control, config->control_socket, sizeof(config->control_socket), errors) ? -EINVAL : ret;
	if (!ret && !options->check && !options->print) {
		tell_override("--state", "store.path", state, usual_state, config->store_path);
		tell_override("--control", "control.socket", control, usual_control, config->control_socket);
	}
	if (!*config->capture.path)
		snprintf(config->capture.path, sizeof(config->capture.path), "%s/captures", config->store_path);
	return ret;
}

/* Before there are threads: each has what it starts with. */
static int run_confined(struct daemon *daemon, const struct options *options)
{
	memory_lock();
	if (daemon->config.sandbox)
		sandbox_enter(&daemon->config, config_file(options), daemon->keeps_state);
	return run(daemon);
}

int daemon_main(int argc, char **argv)
{
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	struct options *options;
	int status;

	if (!daemon) {
		log_error("cannot start: %s", strerror(ENOMEM));
		return EXIT_FAILED;
	}
	options = &daemon->options;
	status = options_read(options, argc, argv);
	if (status < 0 && options->grant)
		status = access_main(options->file, options->grant);
	if (status >= 0) {
		free(daemon);
		return status;
	}
	if (options->verbose)
		log_set_level(LOG_DEBUG);
	pthread_mutex_init(&daemon->bus_lock, NULL);
	pthread_mutex_init(&daemon->config_lock, NULL);
	/* What is simulated on the command line must not be added to a meter's energies. */
	daemon->keeps_state = !options->simulate || options->state;
	if (daemon_configure(&daemon->config, options, stderr) < 0)
		status = EXIT_USAGE;
	else if (options->print || options->check)
		status = EXIT_DONE;
	else
		status = run_confined(daemon, options);
	if (status == EXIT_DONE && options->print)
		config_print(&daemon->config, stdout);
	free(daemon);
	return status;
}
