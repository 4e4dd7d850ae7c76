#include "capture/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/comtrade_write.h"
#include "capture/recorder_files.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "metering/alerts.h"
#include "metering/quantities.h"

#define SECOND INT64_C(1000000000)
#define LOOK_NS (SECOND / 10)
#define PATIENCE_NS SECOND
#define LONGEST 6		/* times after_s: however many alerts follow each other */
#define READ_SCANS 4096u
#define SCAN_BYTES 32		/* of a recording */
#define CONFIG_MAX 4096

/* One capture under way. */
struct session {
	struct comtrade_writer *writer;
	char path[300];
	uint64_t next, first;		/* scan to be read; the first that was */
	bool begun, aligned;
	double rate_hz;
	int64_t trigger_ns, until_ns, latest_ns;
	struct tap_source source;
};

struct recorder {
	pthread_t thread;
	struct capture_config config;
	unsigned mask;
	char station[64], device[64], text[CONFIG_MAX];
	/* Of the daemon: not touched once `stop` is set. */
	struct tap *tap;
	const struct recorder_ops *ops;
	void *context;

	/* The thread's own. */
	struct snapshot snapshot;
	struct tap_reading reading;
	double scans[ADC_CHANNELS][READ_SCANS];
	unsigned alerts;		/* at the last look */
	int told;			/* the failure that the log knows of */

	pthread_mutex_t lock;		/* below */
	pthread_cond_t changed;
	bool stop, ended;
	struct recorder_status status;
};

/* Waits for a look's time.  True: stop. */
static bool rest(struct recorder *recorder)
{
	int64_t until_ns = monotonic_ns() + LOOK_NS;
	bool stop;

	pthread_mutex_lock(&recorder->lock);
	while (!recorder->stop && !monotonic_wait_until(&recorder->changed, &recorder->lock, until_ns))
		;
	stop = recorder->stop;
	pthread_mutex_unlock(&recorder->lock);
	return stop;
}

static bool stopping(struct recorder *recorder)
{
	bool stop;

	pthread_mutex_lock(&recorder->lock);
	stop = recorder->stop;
	pthread_mutex_unlock(&recorder->lock);
	return stop;
}

/* The bits that have risen since the last look. */
static unsigned look(struct recorder *recorder)
{
	unsigned before = recorder->alerts;

	recorder->ops->snapshot(recorder->context, &recorder->snapshot);
	recorder->alerts = recorder->snapshot.alerts & recorder->mask;
	return recorder->alerts & ~before;
}

static void fail(struct recorder *recorder, const char *path, int error)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->status.failures++;
	recorder->status.last_error = error;
	recorder->status.recording = false;
	pthread_mutex_unlock(&recorder->lock);
	if (error != recorder->told)
		log_warning("capture: %s: %s: the alert is not recorded", path, strerror(-error));
	recorder->told = error;
}

static const char *code_of(unsigned bits)
{
	size_t n;
	const struct alert_word *words = alerts_words(&n);

	for (size_t i = 0; i < n; i++)
		if (bits & words[i].bit)
			return words[i].code;
	return "alert";
}

static int begin(struct recorder *recorder, struct session *session, unsigned risen)
{
	int64_t now_ns = monotonic_ns();
	int error = recorder_files_prepare(recorder->config.path);

	memset(session, 0, sizeof(*session));
	session->trigger_ns = recorder->snapshot.live ? recorder->snapshot.t_ns : now_ns;
	session->until_ns = session->trigger_ns + llround(recorder->config.after_s * 1e9);
	session->latest_ns = session->trigger_ns + llround(LONGEST * recorder->config.after_s * 1e9);
	snprintf(session->path, sizeof(session->path), "%s", recorder->config.path);
	if (!error)
		error = recorder_files_name(recorder->config.path, (session->trigger_ns + monotonic_to_utc_ns()) / SECOND, code_of(risen),
					    session->path, sizeof(session->path));
	if (!error)
		error = comtrade_write_begin(&session->writer, session->path, false);
	if (error) {
		fail(recorder, session->path, error);
		return error;
	}
	recorder->ops->measurement(recorder->context, recorder->text, sizeof(recorder->text));
	pthread_mutex_lock(&recorder->lock);
	recorder->status.recording = true;
	pthread_mutex_unlock(&recorder->lock);
	return 0;
}

/* A block of the reading, whose scans begin at `at`. */
static int put_block(struct recorder *recorder, struct session *session, const struct tap_block *part, unsigned at)
{
	const struct tap_source *source = &recorder->reading.source;
	struct adc_block block = {
		.n = part->n, .t_ns = part->t_ns, .nominal_hz = source->nominal_hz, .rate_hz = part->rate_hz, .primary = source->primary,
		.lost = part->lost, .restarted = part->restarted, .clipped = part->clipped,
	};

	memcpy(block.step, source->step, sizeof(block.step));
	memcpy(block.zero, source->zero, sizeof(block.zero));
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = recorder->scans[c] + at;
	if (session->begun && part->first > session->next)	/* gone before it could be read */
		block.lost += part->first - session->next;
	if (!session->begun)
		session->first = part->first;
	session->begun = true;
	session->next = part->first + part->n;
	session->rate_hz = part->rate_hz;
	return comtrade_write_block(session->writer, &block);
}

static int put_windows(struct recorder *recorder, struct session *session)
{
	int error = 0;

	for (unsigned i = 0; i < recorder->reading.windows && !error; i++) {
		const struct tap_window *window = &recorder->reading.window[i];

		if (window->first < session->first)
			continue;
		if (!session->aligned)
			comtrade_write_skip(session->writer, window->first - session->first);
		session->aligned = true;
		error = comtrade_write_window(session->writer, window->rate_hz, (unsigned)(session->next - window->first - window->n));
	}
	return error;
}

/* What the ring has beyond what was read.  0 or -errno. */
static int record(struct recorder *recorder, struct session *session)
{
	struct tap_reading *reading = &recorder->reading;

	do {
		unsigned at = 0;
		int error;

		reading->room = READ_SCANS;
		for (unsigned c = 0; c < ADC_CHANNELS; c++)
			reading->scans[c] = recorder->scans[c];
		error = tap_read(recorder->tap, session->next, reading);
		if (error)
			return error == -EAGAIN ? 0 : error;
		if (reading->n)
			session->source = reading->source;
		for (unsigned i = 0; i < reading->blocks && !error; at += reading->block[i++].n)
			error = put_block(recorder, session, &reading->block[i], at);
		if (!error)
			error = put_windows(recorder, session);
		if (error)
			return error;
	} while (reading->n && !stopping(recorder));
	return 0;
}

static void describe(const struct recorder *recorder, const struct session *session, struct comtrade_about *about)
{
	const struct tap_source *source = &session->source;
	const struct settings *settings = &recorder->snapshot.settings;

	*about = (struct comtrade_about){
		.station = recorder->station, .device = recorder->device, .config = recorder->text,
		.line_hz = fabs(recorder->snapshot.readings.hz - 50) < 5 ? 50 : 60,
		.utc_less_clock_ns = monotonic_to_utc_ns(), .trigger_ns = session->trigger_ns,
	};
	for (int c = 0; c < ADC_CHANNELS; c++) {
		about->scale[c] = c < ADC_IA ? quantities_voltage_scale(settings, source->primary)
					     : quantities_current_scale(settings, source->primary);
		about->primary[c] = source->primary ? 1 : about->scale[c];
		about->secondary[c] = 1;
		about->delay_us[c] = source->delay_us[c];
	}
}

static void finish(struct recorder *recorder, struct session *session, int error)
{
	uint64_t scans = comtrade_write_scans(session->writer), lost = comtrade_write_lost(session->writer);
	char path[320];
	struct comtrade_about about;

	snprintf(path, sizeof(path), "%s", comtrade_write_path(session->writer));
	if (error == -EXDEV || error == -ERANGE)	/* the recording ends where its source does */
		error = 0;
	if (error) {
		comtrade_write_abandon(session->writer);
	} else {
		describe(recorder, session, &about);
		error = comtrade_write_end(session->writer, &about);
	}
	session->writer = NULL;
	if (!error)
		error = recorder_files_limit(recorder->config.path, (unsigned)recorder->config.keep,
					     (uint64_t)recorder->config.max_mb * 1000000);
	if (error) {
		fail(recorder, path, error);
		return;
	}
	recorder->told = 0;
	log_notice("capture: %s: %.1f s of samples, %" PRIu64 " missing", path, (double)(scans + lost) / session->rate_hz, lost);
	pthread_mutex_lock(&recorder->lock);
	recorder->status.recording = false;
	recorder->status.captures++;
	recorder->status.last_error = 0;
	memcpy(recorder->status.newest, path, sizeof(path));
	pthread_mutex_unlock(&recorder->lock);
}

/* From the alert to the end of its recording. */
static void capture(struct recorder *recorder, unsigned risen)
{
	struct session session;
	uint64_t most = (uint64_t)recorder->config.max_mb * 1000000 / SCAN_BYTES;
	int error = begin(recorder, &session, risen);

	if (error)
		return;
	for (;;) {
		int64_t now_ns;

		error = record(recorder, &session);
		now_ns = monotonic_ns();
		if (error || now_ns >= session.until_ns || comtrade_write_scans(session.writer) >= most || rest(recorder))
			break;
		if (look(recorder) && now_ns < session.latest_ns) {
			session.until_ns = now_ns + llround(recorder->config.after_s * 1e9);
			if (session.until_ns > session.latest_ns)
				session.until_ns = session.latest_ns;
		}
	}
	finish(recorder, &session, error);
}

static void *run(void *argument)
{
	struct recorder *recorder = argument;

	while (!rest(recorder)) {
		unsigned risen = look(recorder);

		if (risen)
			capture(recorder, risen);
	}
	pthread_mutex_lock(&recorder->lock);
	recorder->ended = true;
	pthread_cond_broadcast(&recorder->changed);
	pthread_mutex_unlock(&recorder->lock);
	return NULL;
}

static int start_thread(struct recorder *recorder)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&recorder->thread, NULL, run, recorder);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!error)
		pthread_setname_np(recorder->thread, "recorder");
	return error;
}

int recorder_start(struct recorder **out, const struct capture_config *config, const char *station, const char *device,
		   struct tap *tap, const struct recorder_ops *ops, void *context)
{
	struct recorder *recorder;
	unsigned mask;
	int error = alerts_parse(config->on_alerts, &mask);

	*out = NULL;
	if (error || !mask)
		return error;
	recorder = calloc(1, sizeof(*recorder));
	if (!recorder)
		return -ENOMEM;
	recorder->config = *config;
	recorder->mask = mask;
	snprintf(recorder->station, sizeof(recorder->station), "%s", station);
	snprintf(recorder->device, sizeof(recorder->device), "%s", device);
	recorder->tap = tap;
	recorder->ops = ops;
	recorder->context = context;
	recorder->status.configured = true;
	error = monotonic_lock_init(&recorder->lock, &recorder->changed);
	if (error) {
		free(recorder);
		return error;
	}
	error = start_thread(recorder);
	if (error) {
		pthread_cond_destroy(&recorder->changed);
		pthread_mutex_destroy(&recorder->lock);
		free(recorder);
		return error;
	}
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

void recorder_stop(struct recorder *recorder)
{
	int64_t until_ns = monotonic_ns() + PATIENCE_NS;
	bool ended;

	if (!recorder)
		return;
	pthread_mutex_lock(&recorder->lock);
	recorder->stop = true;
	pthread_cond_broadcast(&recorder->changed);
	while (!recorder->ended && !monotonic_wait_until(&recorder->changed, &recorder->lock, until_ns))
		;
	ended = recorder->ended;
	pthread_mutex_unlock(&recorder->lock);
	if (!ended) {
		log_warning("capture: the disk does not answer: the recording is left behind");
		pthread_detach(recorder->thread);
		return;
	}
	pthread_join(recorder->thread, NULL);
	pthread_cond_destroy(&recorder->changed);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder);
}
