#include "capture/recorder.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/comtrade_write.h"
#include "daemon/heartbeat.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "metering/alerts.h"

#define NS_PER_S INT64_C(1000000000)
#define LOOK_NS INT64_C(100000000)	/* between two looks; the ring holds seconds */
#define SILENT_NS NS_PER_S		/* beyond its end a capture waits no longer for samples */
#define READ_SCANS 4096u
#define NAMES 9				/* captures of one alert in a second */
#define BYTES_PER_MB 1000000u

struct recorder {
	pthread_t thread;
	struct capture_config config;		/* with the texts: this thread may be left alone at the end */
	char station[140], device[48];
	struct tap *tap;
	const struct recorder_ops *ops;
	void *context;
	struct comtrade_write_info info;
	unsigned wanted;			/* alerts that begin a capture */

	/* the thread's own */
	unsigned before;			/* alerts at the last look */
	bool looked;
	unsigned risen;				/* and not captured yet */
	int told;				/* the error that was told last */
	struct comtrade_write *writer;		/* NULL: no capture is under way */
	uint64_t next;				/* scan to be read */
	int64_t trigger_ns, end_ns, newest_ns;
	char name[SHELF_NAME_MAX];
	struct settings settings;		/* in force at the alert .. */
	char text[RECORDER_CONFIG_MAX];		/* .. with all that makes the registers */
	struct snapshot snapshot;
	struct tap_reading reading;
	double *memory;

	pthread_mutex_t lock;			/* all below */
	pthread_cond_t changed;
	bool stop, abandoned, ended;
	struct recorder_status status;
};

static const char *code_of(unsigned alerts)
{
	size_t n;
	const struct alert_word *words = alerts_words(&n);

	for (size_t i = 0; i < n; i++)
		if (alerts & words[i].bit)
			return words[i].code;
	return "alert";
}

static void set_state(struct recorder *recorder, enum recorder_state state)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->status.state = state;
	pthread_mutex_unlock(&recorder->lock);
}

/* Told once, until something else is the matter or a capture succeeds. */
static void fail(struct recorder *recorder, int error, const char *what)
{
	if (error != recorder->told)
		log_error("capture: %s", what);
	recorder->told = error;
	pthread_mutex_lock(&recorder->lock);
	recorder->status.state = RECORDER_FAILING;
	recorder->status.failures++;
	recorder->status.last_error = error;
	pthread_mutex_unlock(&recorder->lock);
}

static void drop(struct recorder *recorder)
{
	comtrade_write_close(recorder->writer);
	recorder->writer = NULL;
}

/* What has risen since the last look; what the first second measured shows was there before. */
static unsigned look(struct recorder *recorder)
{
	unsigned risen;

	recorder->ops->snapshot(recorder->context, &recorder->snapshot);
	if (!recorder->looked && !recorder->snapshot.live)
		return 0;
	risen = recorder->looked ? recorder->snapshot.alerts & ~recorder->before : 0;
	recorder->before = recorder->snapshot.alerts;
	recorder->looked = true;
	return risen & recorder->wanted;
}

/* The first name that is free.  0 or -errno. */
static int open_writer(struct recorder *recorder, const char *name)
{
	char path[sizeof(recorder->config.path) + SHELF_NAME_MAX + 2];
	int ret = -EEXIST;

	for (int n = 1; ret == -EEXIST && n <= NAMES; n++) {
		drop(recorder);
		snprintf(recorder->name, sizeof(recorder->name), "%.80s", name);
		if (n > 1)
			snprintf(recorder->name, sizeof(recorder->name), "%.80s-%d", name, n);
		snprintf(path, sizeof(path), "%s/%s", recorder->config.path, recorder->name);
		ret = comtrade_write_open(&recorder->writer, path, false);
	}
	return ret;
}

/* All that is asked of others comes before the disk, which may hang until they are gone. */
static void begin(struct recorder *recorder)
{
	int64_t now_ns = monotonic_ns(), utc_less_ns = monotonic_to_utc_ns();
	struct tap_reading *reading = &recorder->reading;
	char name[SHELF_NAME_MAX], error[sizeof(recorder->config.path) + 100];
	int ret;

	recorder->settings = recorder->snapshot.settings;
	recorder->ops->measurement(recorder->context, recorder->text, sizeof(recorder->text));
	tap_look(recorder->tap, reading);
	recorder->next = reading->oldest;
	shelf_name((now_ns + utc_less_ns) / NS_PER_S, code_of(recorder->risen), name);
	recorder->risen = 0;
	ret = shelf_make(recorder->config.path);
	if (ret) {
		snprintf(error, sizeof(error), "%s: cannot be made: %s", recorder->config.path, strerror(-ret));
		fail(recorder, ret, error);
		return;
	}
	ret = open_writer(recorder, name);
	if (ret) {
		fail(recorder, ret, recorder->writer ? comtrade_write_error(recorder->writer) : "memory is short");
		drop(recorder);
		return;
	}
	recorder->info.config = recorder->text;
	recorder->info.settings = &recorder->settings;
	recorder->info.line_hz = isnan(recorder->snapshot.readings.hz) ? 0 : recorder->snapshot.readings.hz < 55 ? 50 : 60;
	recorder->info.utc_less_clock_ns = utc_less_ns;
	recorder->info.trigger_ns = recorder->trigger_ns = now_ns;
	recorder->end_ns = now_ns + llround(recorder->config.after_s * (double)NS_PER_S);
	recorder->newest_ns = 0;
	set_state(recorder, RECORDER_CAPTURING);
}

/* Another alert: the capture goes on as long behind it, within bounds; or there will be another. */
static void extend(struct recorder *recorder, unsigned risen)
{
	int64_t now_ns = monotonic_ns(), after_ns = llround(recorder->config.after_s * (double)NS_PER_S);
	int64_t last_ns = recorder->trigger_ns + RECORDER_LONGEST * after_ns;

	if (now_ns + after_ns <= last_ns)
		recorder->end_ns = now_ns + after_ns;
	else
		recorder->risen |= risen;
}

/* A part of the reading as the block it was.  0, 1: the capture is over; or -errno. */
static int add_part(struct recorder *recorder, unsigned p, unsigned at, uint64_t missed)
{
	const struct tap_reading *reading = &recorder->reading;
	const struct tap_block *part = &reading->block[p];
	struct tap_window windows[TAP_BLOCKS_MAX];
	struct adc_block block = {
		.n = part->n, .t_ns = part->t_ns, .nominal_hz = reading->source.nominal_hz, .rate_hz = part->rate_hz,
		.primary = reading->source.primary, .lost = part->lost + missed, .restarted = part->restarted, .clipped = part->clipped,
	};
	unsigned n = 0;
	int ret;

	memcpy(block.delay_us, reading->source.delay_us, sizeof(block.delay_us));
	memcpy(block.step, reading->source.step, sizeof(block.step));
	memcpy(block.zero, reading->source.zero, sizeof(block.zero));
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = reading->scans[c] + at;
	for (unsigned w = 0; w < reading->windows; w++) {
		uint64_t end = reading->window[w].first + reading->window[w].n;

		if (end > part->first && end <= part->first + part->n)
			windows[n++] = reading->window[w];
	}
	ret = comtrade_write_add(recorder->writer, &block, part->first, windows, n);
	recorder->newest_ns = part->t_ns;
	if (ret == -ESTALE || comtrade_write_taken(recorder->writer) * COMTRADE_WRITE_RECORD_BYTES >=
			      (uint64_t)recorder->config.max_mb * BYTES_PER_MB)
		return 1;
	return ret ? ret : part->t_ns >= recorder->end_ns;
}

static bool is_stopped(struct recorder *recorder)
{
	bool stop;

	pthread_mutex_lock(&recorder->lock);
	stop = recorder->stop;
	pthread_mutex_unlock(&recorder->lock);
	return stop;
}

/* What has come since.  0 to go on, 1: the capture is over; or -errno. */
static int take(struct recorder *recorder)
{
	struct tap_reading *reading = &recorder->reading;
	int ret = 0;

	while (!ret && !is_stopped(recorder)) {
		uint64_t missed;
		unsigned at = 0;

		if (tap_read(recorder->tap, recorder->next, reading))
			return 0;
		if (!reading->n)
			break;
		missed = reading->from - recorder->next;
		for (unsigned p = 0; p < reading->blocks && !ret; p++) {
			ret = add_part(recorder, p, at, p || !comtrade_write_taken(recorder->writer) ? 0 : missed);
			at += reading->block[p].n;
		}
		recorder->next = reading->from + reading->n;
	}
	if (!ret && monotonic_ns() > recorder->end_ns + SILENT_NS)
		return 1;
	return ret;
}

static void say_finished(struct recorder *recorder)
{
	struct comtrade_write_account account;

	comtrade_write_get_account(recorder->writer, &account);
	log_notice("capture: %s: %.1f s, %.1f s of them before the alert", account.file, account.seconds, account.before_s);
	if (account.gaps)
		log_warning("capture: %s: samples are missing: %llu in %llu gaps", account.file, (unsigned long long)account.lost,
			    (unsigned long long)account.gaps);
	recorder->told = 0;
	pthread_mutex_lock(&recorder->lock);
	recorder->status.state = RECORDER_WAITING;
	recorder->status.count++;
	recorder->status.last_error = 0;
	memcpy(recorder->status.last, recorder->name, sizeof(recorder->status.last));
	pthread_mutex_unlock(&recorder->lock);
}

static void prune(struct recorder *recorder)
{
	const struct capture_config *config = &recorder->config;
	int gone = shelf_prune(config->path, (unsigned)config->keep, (uint64_t)config->max_mb * BYTES_PER_MB);

	if (gone < 0) {
		snprintf(recorder->text, sizeof(recorder->text), "%s: old captures cannot be removed: %s", config->path, strerror(-gone));
		fail(recorder, gone, recorder->text);
	} else if (gone) {
		log_info("capture: %d old captures removed", gone);
	}
}

/* `error`: of the disk meanwhile, or 0. */
static void finish(struct recorder *recorder, int error)
{
	if (!error)
		error = comtrade_write_finish(recorder->writer, &recorder->info);
	if (!error)
		say_finished(recorder);
	else
		fail(recorder, error, comtrade_write_error(recorder->writer));
	drop(recorder);
	if (!error)
		prune(recorder);
}

static void pass(struct recorder *recorder)
{
	unsigned risen = look(recorder);
	int over;

	if (recorder->writer && risen)
		extend(recorder, risen);
	else
		recorder->risen |= risen;
	if (!recorder->writer && recorder->risen)
		begin(recorder);
	if (!recorder->writer)
		return;
	over = take(recorder);
	if (over)
		finish(recorder, over < 0 ? over : 0);
}

/* Waits for the next look.  False: the end. */
static bool rest(struct recorder *recorder)
{
	int64_t until_ns = monotonic_ns() + LOOK_NS;
	bool stop;

	heartbeat_beat();
	pthread_mutex_lock(&recorder->lock);
	while (!recorder->stop && !monotonic_wait_until(&recorder->changed, &recorder->lock, until_ns))
		;
	stop = recorder->stop;
	pthread_mutex_unlock(&recorder->lock);
	return !stop;
}

static void free_all(struct recorder *recorder)
{
	comtrade_write_close(recorder->writer);
	pthread_cond_destroy(&recorder->changed);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder->memory);
	free(recorder);
}

static void *run(void *context)
{
	struct recorder *recorder = context;
	bool abandoned;

	/* what a crash has left; that there is no directory yet is no matter */
	heartbeat_begin("recorder");
	heartbeat_may_take(HEARTBEAT_DEVICE_NS);
	shelf_sweep(recorder->config.path);
	while (rest(recorder)) {
		heartbeat_may_take(HEARTBEAT_DEVICE_NS);
		pass(recorder);
	}
	pthread_mutex_lock(&recorder->lock);
	abandoned = recorder->abandoned;
	pthread_mutex_unlock(&recorder->lock);
	if (recorder->writer && !abandoned)
		finish(recorder, 0);
	pthread_mutex_lock(&recorder->lock);
	heartbeat_end();
	abandoned = recorder->abandoned;
	recorder->ended = true;
	pthread_cond_signal(&recorder->changed);
	pthread_mutex_unlock(&recorder->lock);
	if (abandoned)
		free_all(recorder);
	return NULL;
}

int recorder_start(struct recorder **out, const struct capture_config *config, struct tap *tap, const char *station,
		   const char *device, const struct recorder_ops *ops, void *context)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int ret;

	if (!recorder)
		return -ENOMEM;
	ret = monotonic_lock_init(&recorder->lock, &recorder->changed);
	if (ret) {
		free(recorder);
		return ret;
	}
	recorder->config = *config;
	recorder->tap = tap;
	recorder->ops = ops;
	recorder->context = context;
	snprintf(recorder->station, sizeof(recorder->station), "%s", station);
	snprintf(recorder->device, sizeof(recorder->device), "%s", device);
	recorder->info.station = recorder->station;
	recorder->info.device = recorder->device;
	recorder->status.state = RECORDER_WAITING;
	recorder->reading.room = READ_SCANS;
	recorder->memory = malloc((size_t)READ_SCANS * ADC_CHANNELS * sizeof(double));
	for (int c = 0; c < ADC_CHANNELS && recorder->memory; c++)
		recorder->reading.scans[c] = recorder->memory + (size_t)c * READ_SCANS;
	ret = recorder->memory ? alerts_parse(config->on_alerts, &recorder->wanted) : -ENOMEM;
	if (!ret)
		ret = -pthread_create(&recorder->thread, NULL, run, recorder);
	if (ret) {
		free_all(recorder);
		return ret;
	}
	pthread_setname_np(recorder->thread, "recorder");
	*out = recorder;
	return 0;
}

void recorder_get_status(struct recorder *recorder, struct recorder_status *status)
{
	memset(status, 0, sizeof(*status));
	if (!recorder)
		return;
	pthread_mutex_lock(&recorder->lock);
	*status = recorder->status;
	pthread_mutex_unlock(&recorder->lock);
}

void recorder_stop(struct recorder *recorder, int64_t until_ns)
{
	bool ended;

	if (!recorder)
		return;
	pthread_mutex_lock(&recorder->lock);
	recorder->stop = true;
	pthread_cond_signal(&recorder->changed);
	while (!recorder->ended && !monotonic_wait_until(&recorder->changed, &recorder->lock, until_ns))
		;
	ended = recorder->ended;
	recorder->abandoned = !ended;
	if (!ended)	/* and frees itself, from the moment the lock is given back */
		pthread_detach(recorder->thread);
	pthread_mutex_unlock(&recorder->lock);
	if (!ended) {
		log_error("capture: the disk does not answer; the capture under way may not be kept");
		return;
	}
	pthread_join(recorder->thread, NULL);
	free_all(recorder);
}
