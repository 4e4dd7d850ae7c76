/*
 * meter_thread - the one thread that changes meter state.
 *
 * It waits for blocks and for requests, runs the pure meter, and publishes one second at a time: a snapshot, its register
 * image, what is to be kept and the data log, copied whole.  It gives the contacts their plans and says whether all is well.
 */
#ifndef DAEMON_METER_THREAD_H
#define DAEMON_METER_THREAD_H

#include <stdint.h>

#include "adc/queue.h"
#include "capture/tap.h"
#include "metering/meter.h"
#include "outputs/outputs.h"
#include "registers/registers.h"
#include "store/store.h"

struct meter_thread;

struct meter_thread_config {
	const struct meter_config *meter;
	const struct datalog_entry *entries;	/* of the log, that survived .. */
	unsigned entries_n;			/* .. and how many */
	const struct nv *nv;			/* what is kept beside the meter's state */
	struct block_queue *queue;		/* borrowed until meter_thread_free */
	struct outputs *outputs;		/* likewise; NULL = no contacts, pulses are not made */
	struct store *store;			/* likewise; NULL = nothing is kept */
	struct tap *tap;			/* likewise; NULL = nobody looks at the samples */
};

/* What can be asked of the meter. */
enum meter_request_kind {
	METER_WRITE_REGISTERS,	/* a write as a bus master's; addresses are checked too */
	METER_SET,		/* one setting */
	METER_SET_PASSWORD,	/* the hash of one password */
	METER_TAKE_FILE		/* what a configuration file that was read again makes of settings and passwords */
};

/*
 * As restore.h decides it: what is to be in force, what the file says, and what was in force then.  Where that has changed since, the request
 * gives -EAGAIN and does nothing: it is to be decided anew.
 */
struct meter_file {
	struct settings settings, file_settings, old_settings;
	char old_setup_password[NV_HASH_MAX], old_reset_password[NV_HASH_MAX];
	char setup_password[NV_HASH_MAX], reset_password[NV_HASH_MAX], file_setup_password[NV_HASH_MAX], file_reset_password[NV_HASH_MAX];
};

struct meter_request {
	enum meter_request_kind kind;
	unsigned first, count;		/* registers; count <= REGISTERS_WRITE_MAX */
	uint16_t values[REGISTERS_WRITE_MAX];
	enum setting setting;
	int value;
	bool setup;			/* the setup password; false: the reset password */
	bool panel;			/* the panel asks: it has one request under way beside that of the others */
	char hash[NV_HASH_MAX];
	struct meter_file file;
};

/* Starts the thread.  Returns 0 or -errno. */
int meter_thread_start(struct meter_thread **thread, const struct meter_thread_config *config);

/* Any thread: a copy of the newest second; shown as not valid when the thread has stood still for stale_s. */
void meter_thread_get_image(struct meter_thread *thread, struct register_image *image);
void meter_thread_get_snapshot(struct meter_thread *thread, struct snapshot *snapshot);
void meter_thread_get_nv(struct meter_thread *thread, struct nv *nv);

/* Any thread: entries of the log with a serial >= from, ascending, at most `max`; returns how many. */
unsigned meter_thread_get_entries(struct meter_thread *thread, uint64_t from, unsigned max, struct datalog_entry *entries);

/*
 * The bus: hands a request to the meter; one at a time.  Returns 0, or -EBUSY while another is under way.
 * When it has been checked and applied, and the image shows it, the descriptor of
 * meter_thread_done_fd() becomes readable; meter_thread_take_result() then gives
 * 0 or the Modbus exception code, or -EAGAIN when there is no result.
 */
int meter_thread_post(struct meter_thread *thread, const struct meter_request *request);
int meter_thread_done_fd(const struct meter_thread *thread);
int meter_thread_take_result(struct meter_thread *thread);

/*
 * Any other thread: the same, waiting for the result.  0, the Modbus exception code, -EBUSY while another waits (of the panel's: another of its
 * own), or
 * -ETIMEDOUT when the meter did not answer within 2 s (it will carry the request out all the same).
 */
int meter_thread_request(struct meter_thread *thread, const struct meter_request *request);

/* Readable when address, baud or parity have changed; to be read by meter_thread_clear_port_fd(). */
int meter_thread_port_fd(const struct meter_thread *thread);
void meter_thread_clear_port_fd(struct meter_thread *thread);

/* CLOCK_MONOTONIC of the thread's last sign of life; it gives one at least every 0.1 s. */
int64_t meter_thread_heartbeat_ns(struct meter_thread *thread);

/* Ends the thread; what it published last, closures accounted for, can be read until it is freed. */
void meter_thread_stop(struct meter_thread *thread);
void meter_thread_free(struct meter_thread *thread);

#endif
