#include "outputs/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/backoff.h"
#include "daemon/heartbeat.h"
#include "daemon/kick.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "outputs/thread.h"

#define SECOND INT64_C(1000000000)
#define LOOK_NS (5 * SECOND)	/* so long the thread sleeps at most */
#define LASTED (5 * SECOND)	/* a line that worked for so long starts the back-off anew */

struct slot {
	struct contact_config config;
	struct gpio_line *line;		/* own of the thread that turns the contact */
	char said[GPIO_WHY];		/* the opener's: why it has no line, as the log has it */

	/* Under the lock. */
	struct gpio_line *fresh;	/* taken, for that thread to fetch */
	bool missing;			/* to be taken */
	int lost_error;			/* it was given back for that reason, which nobody has said yet */
	int64_t retry_ns, backoff_ns, taken_ns;
	char identity[GPIO_IDENTITY];	/* of the line, while there is one */
	struct contact_status status;
};

struct lines {
	struct slot slot[CONTACTS];
	struct gpio_paths paths;
	struct gpio_sim *sim;
	int wake_fd[CONTACTS];
	struct thread thread;
	pthread_mutex_t lock;
	int kick_fd;			/* wakes the thread */
	bool stop;
	struct log_limit limit;		/* the thread's, and lines_start's before it */
};

const char *lines_contact_name(enum contact contact)
{
	static const char *const names[CONTACTS] = { "energy contact", "alarm contact", "reactive contact" };

	return names[contact];
}

static void log_taken(struct lines *lines, enum contact contact, const char *name, bool sysfs)
{
	log_limited(&lines->limit, LOG_NOTICE, "%s: %s", lines_contact_name(contact), name);
	if (!sysfs)
		return;
	if (contact == CONTACT_ALARM)
		log_limited(&lines->limit, LOG_WARNING, "%s: sysfs holds the line when the program dies: not fail-safe then",
			    lines_contact_name(contact));
	if ((lines->slot[contact].config.bias | lines->slot[contact].config.drive) &&
	    (lines->slot[contact].config.bias != '=' || lines->slot[contact].config.drive != 'p'))
		log_limited(&lines->limit, LOG_WARNING, "%s: sysfs knows no bias and no drive: left as they are",
			    lines_contact_name(contact));
}

/* When to try again: at once after the first loss, then later each time, until a line works for a while. */
static void back_off(struct slot *slot)
{
	slot->retry_ns = monotonic_ns() + slot->backoff_ns;
	slot->backoff_ns = backoff_next_ns(slot->backoff_ns);
}

/* False: nobody will fetch it any more. */
static bool note_taken(struct lines *lines, enum contact contact, struct gpio_line *line, const char *name)
{
	struct slot *slot = &lines->slot[contact];
	bool wanted;

	pthread_mutex_lock(&lines->lock);
	wanted = !lines->stop;
	if (wanted) {
		slot->fresh = line;
		slot->missing = false;
		slot->taken_ns = monotonic_ns();
		memcpy(slot->identity, line->identity, sizeof(slot->identity));
		slot->status.working = true;
		snprintf(slot->status.name, sizeof(slot->status.name), "%s", name);
	}
	pthread_mutex_unlock(&lines->lock);
	kick_give(lines->wake_fd[contact]);
	return wanted;
}

static void note_refused(struct lines *lines, enum contact contact, int error)
{
	struct slot *slot = &lines->slot[contact];

	pthread_mutex_lock(&lines->lock);
	slot->status.errors++;
	slot->status.last_error = error;
	if (!slot->backoff_ns)
		slot->backoff_ns = backoff_next_ns(0);
	back_off(slot);
	pthread_mutex_unlock(&lines->lock);
}

static void note_lost(struct lines *lines, enum contact contact, int error)
{
	struct slot *slot = &lines->slot[contact];

	pthread_mutex_lock(&lines->lock);
	slot->status.working = false;
	slot->status.errors++;
	slot->status.last_error = slot->lost_error = error;
	slot->missing = true;
	*slot->identity = '\0';
	if (monotonic_ns() - slot->taken_ns >= LASTED)
		slot->backoff_ns = 0;
	back_off(slot);
	pthread_mutex_unlock(&lines->lock);
}

/* A reason is told once, however often it is found. */
static void log_refused(struct lines *lines, enum contact contact, const char *why)
{
	struct slot *slot = &lines->slot[contact];

	if (!strcmp(why, slot->said))
		return;
	snprintf(slot->said, sizeof(slot->said), "%s", why);
	log_limited(&lines->limit, LOG_WARNING, "%s: chip %s, line %s: %s, trying again", lines_contact_name(contact),
		    slot->config.chip, slot->config.line, why);
}

/* The lines that contacts have now.  A simulated one is no line. */
static void copy_held(struct lines *lines, struct gpio_held held[CONTACTS])
{
	pthread_mutex_lock(&lines->lock);
	for (int c = 0; c < CONTACTS; c++) {
		held[c].contact = lines_contact_name((enum contact)c);
		memcpy(held[c].identity, lines->slot[c].identity, sizeof(held[c].identity));
	}
	pthread_mutex_unlock(&lines->lock);
}

/* Tries to take a line that is missing. */
static void attempt(struct lines *lines, enum contact contact)
{
	struct slot *slot = &lines->slot[contact];
	struct gpio_held held[CONTACTS];
	struct gpio_request request = { .config = &slot->config, .contact = contact, .paths = lines->paths, .sim = lines->sim, .held = held };
	char why[GPIO_WHY] = "", name[sizeof(slot->status.name)];
	struct gpio_line *line;
	bool sysfs;
	int error;

	heartbeat_may_take(HEARTBEAT_DEVICE_NS);
	copy_held(lines, held);
	error = gpio_open(&line, &request, why);
	if (error) {
		log_refused(lines, contact, why);
		note_refused(lines, contact, error);
		return;
	}
	*slot->said = '\0';
	sysfs = line->ops == &gpio_sysfs_ops;
	line->ops->describe(line, name, sizeof(name));
	if (note_taken(lines, contact, line, name))
		log_taken(lines, contact, name, sysfs);
	else
		line->ops->close(line);
}

/* What the thread is to do next. */
struct task {
	int lost[CONTACTS];	/* -errno of a line that was given back: to be said */
	int contact;		/* to be taken, or -1: */
	int64_t until_ns;	/* ... wait until then */
	bool stop;
};

static void look_around(struct lines *lines, struct task *task)
{
	int64_t now = monotonic_ns();

	task->contact = -1;
	task->until_ns = now + LOOK_NS;
	pthread_mutex_lock(&lines->lock);
	task->stop = lines->stop;
	for (int c = 0; c < CONTACTS; c++) {
		struct slot *slot = &lines->slot[c];

		task->lost[c] = slot->lost_error;
		slot->lost_error = 0;
		if (slot->missing && slot->retry_ns <= now)
			task->contact = c;
		else if (slot->missing && slot->retry_ns < task->until_ns)
			task->until_ns = slot->retry_ns;
	}
	pthread_mutex_unlock(&lines->lock);
}

/* Not under the lock: the log may block. */
static void log_lost(struct lines *lines, const struct task *task)
{
	for (int c = 0; c < CONTACTS; c++)
		if (task->lost[c])
			log_limited(&lines->limit, LOG_WARNING, "%s: chip %s, line %s: cannot be set (%s), given back and taken again",
				    lines_contact_name((enum contact)c), lines->slot[c].config.chip, lines->slot[c].config.line,
				    strerror(-task->lost[c]));
}

static void run(void *context)
{
	struct lines *lines = context;
	struct task task;

	for (look_around(lines, &task); !task.stop; look_around(lines, &task)) {
		log_lost(lines, &task);
		if (task.contact >= 0)
			attempt(lines, (enum contact)task.contact);
		else
			thread_wait(lines->kick_fd, task.until_ns);
	}
}

static bool is_configured(const struct contact_config *config)
{
	return *config->chip && (!strcmp(config->chip, "sim") || contact_line_offset(config->line) != CONTACT_NO_LINE);
}

static int lines_init(struct lines *lines)
{
	int error;

	lines->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lines->kick_fd < 0)
		return -errno;
	error = thread_lock_init(&lines->lock);
	if (error)
		goto close_fd;
	lines->sim = gpio_sim_new();
	if (lines->sim)
		return 0;
	error = -ENOMEM;
	pthread_mutex_destroy(&lines->lock);
close_fd:
	close(lines->kick_fd);
	return error;
}

int lines_start(struct lines **out, const struct contact_config config[CONTACTS], const struct gpio_paths *paths,
		const int wake_fd[CONTACTS])
{
	struct lines *lines = calloc(1, sizeof(*lines));
	int error;

	if (!lines)
		return -ENOMEM;
	lines->paths = *paths;
	lines->limit = (struct log_limit){ .burst = 20, .interval_s = 300 };
	error = lines_init(lines);
	if (error) {
		free(lines);
		return error;
	}
	for (int c = 0; c < CONTACTS; c++) {
		lines->wake_fd[c] = wake_fd[c];
		lines->slot[c].config = config[c];
		lines->slot[c].missing = lines->slot[c].status.configured = is_configured(&config[c]);
		if (lines->slot[c].missing)
			attempt(lines, (enum contact)c);
	}
	error = thread_start(&lines->thread, "lines", run, lines);
	if (error) {
		lines_free(lines);
		return error;
	}
	*out = lines;
	return 0;
}

bool lines_taken(struct lines *lines, enum contact contact)
{
	struct slot *slot = &lines->slot[contact];
	bool taken;

	pthread_mutex_lock(&lines->lock);
	taken = slot->fresh != NULL;
	if (taken)
		slot->line = slot->fresh;
	slot->fresh = NULL;
	pthread_mutex_unlock(&lines->lock);
	return taken;
}

void lines_set(struct lines *lines, enum contact contact, bool active)
{
	struct slot *slot = &lines->slot[contact];
	int error;

	heartbeat_may_take(HEARTBEAT_DEVICE_NS);
	error = slot->line ? slot->line->ops->set(slot->line, active) : 0;
	heartbeat_beat();
	if (!error)
		return;
	slot->line->ops->close(slot->line);
	slot->line = NULL;
	note_lost(lines, contact, error);
	kick_give(lines->kick_fd);
}

void lines_release(struct lines *lines, enum contact contact)
{
	struct slot *slot = &lines->slot[contact];

	lines_taken(lines, contact);
	lines_set(lines, contact, false);
	if (slot->line)
		slot->line->ops->close(slot->line);
	slot->line = NULL;
}

void lines_get_status(struct lines *lines, struct contact_status status[CONTACTS])
{
	pthread_mutex_lock(&lines->lock);
	for (int c = 0; c < CONTACTS; c++)
		status[c] = lines->slot[c].status;
	pthread_mutex_unlock(&lines->lock);
}

unsigned lines_get_edges(struct lines *lines, uint64_t since, struct outputs_edge *edges, unsigned max)
{
	return gpio_sim_edges(lines->sim, since, edges, max);
}

void lines_ask_stop(struct lines *lines)
{
	pthread_mutex_lock(&lines->lock);
	lines->stop = true;
	pthread_mutex_unlock(&lines->lock);
	kick_give(lines->kick_fd);
}

int lines_wait_stop(struct lines *lines, int64_t until_ns)
{
	return thread_end(&lines->thread, until_ns);
}

/* A contact that no thread has turned has its line yet. */
void lines_free(struct lines *lines)
{
	for (int c = 0; c < CONTACTS; c++)
		lines_release(lines, (enum contact)c);
	gpio_sim_free(lines->sim);
	pthread_mutex_destroy(&lines->lock);
	close(lines->kick_fd);
	free(lines);
}
