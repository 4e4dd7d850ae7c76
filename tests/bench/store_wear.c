/*
 * store_wear - what the store writes to the flash in a day at the default settings: a commit each 10 s, all energies
 * changed, a log entry each 900 s.  A day's commits are made one after the other in a new directory (of TMPDIR, or the
 * argument; a disk, no tmpfs) and counted twice: by the store (bytes that SQLite writes to its files) and by the kernel
 * (/proc/self/io: write_bytes, whole pages that went to the storage).
 *
 *   tests/bench/store_wear [DIRECTORY]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/monotonic.h"
#include "store/store_private.h"
#include "unit/store/script.h"

#define INTERVAL_S 10
#define SUBINTERVAL_S 900
#define DAY_S 86400
#define GOAL_BYTES 100e6
#define GOAL_FILES_BYTES 20e6	/* the same on every machine; more: hot rows have come to lie on more pages */

static struct script script;

static uint64_t kernel_bytes(void)
{
	FILE *io = fopen("/proc/self/io", "re");
	uint64_t bytes = 0;
	char line[128];

	while (io && fgets(line, sizeof(line), io))
		if (sscanf(line, "write_bytes: %" SCNu64, &bytes) == 1)
			break;
	if (io)
		fclose(io);
	return bytes;
}

int main(int argc, char **argv)
{
	const char *parent = argc > 1 ? argv[1] : getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
	char directory[256], runtime[64];
	struct store_status before, behind;
	struct store *store;
	uint64_t kernel;
	double worst_s;
	int status = EXIT_FAILURE;

	snprintf(directory, sizeof(directory), "%s/dinmeterd-wear-XXXXXX", parent);
	script_make_directory(runtime);
	handover_set_place(runtime);
	if (!mkdtemp(directory)) {
		perror(directory);
		return EXIT_FAILURE;
	}
	script_init(&script, 1);
	store = script_open(&script, directory);
	/* a full log, as after two months */
	for (int i = 0; i < DATALOG_ENTRIES; i++)
		script_log(&script);
	if (script_write(store, true))
		goto out;
	store_get_status(store, &before);
	kernel = kernel_bytes();
	for (int s = INTERVAL_S; s <= DAY_S; s += INTERVAL_S) {
		for (int k = 0; k < INTERVAL_S; k++)
			script_advance(&script);
		if (s % SUBINTERVAL_S == 0)
			script_log(&script);
		if (script_write(store, false))
			goto out;
	}
	kernel = kernel_bytes() - kernel;
	store_get_status(store, &behind);
	worst_s = behind.worst_commit_s;
	printf("a day at default settings: %" PRIu64 " commits\n", behind.commits - before.commits);
	printf("written by SQLite to its files: %.1f MB\n", (double)(behind.bytes_written - before.bytes_written) / 1e6);
	printf("written to the storage (kernel): %.1f MB%s\n", (double)kernel / 1e6, kernel ? "" : " (none counted: a tmpfs?)");
	printf("longest commit: %.1f ms\n", worst_s * 1e3);
	status = (double)kernel < GOAL_BYTES && (double)(behind.bytes_written - before.bytes_written) < GOAL_FILES_BYTES ? EXIT_SUCCESS : EXIT_FAILURE;
out:
	script_kill(store);
	script_remove_directory(directory);
	script_remove_directory(runtime);
	return status;
}
