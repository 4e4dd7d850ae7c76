/*
 * dinmeter export-state, import-state - a meter's whole non-volatile state as one JSON file, to move it to other hardware.
 */
#include "client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client/instance.h"
#include "client/state_json.h"
#include "store/transfer.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char export_usage[] = "usage: dinmeter export-state [-c FILE | --state DIR] [-o FILE]\n";
static const char export_help[] =
	"\nWrites all that the meter keeps (energies, settings, passwords' hashes, data log) as JSON, also while dinmeterd runs.\n"
	"\n"
	"  -c FILE      configuration that names the state directory (default " INSTANCE_MAIN_CONFIG ",\n"
	"               where there is one); NAME.conf beside it: that of dinmeterd@NAME\n"
	"  --state DIR  state directory\n"
	"  -o FILE      write to FILE (mode 0600) instead of standard output\n"
	"\n"
	"Exit status: 0 done, 1 there is no state or it cannot be written, 2 bad usage or configuration.\n";

static const char import_usage[] = "usage: dinmeter import-state [-c FILE | --state DIR] FILE\n";
static const char import_help[] =
	"\nPuts what export-state has written in the place of the meter's state.  dinmeterd must not run.  Everything is checked\n"
	"first; what was there is renamed to NAME.before-import-TIME.\n"
	"\n"
	"  -c FILE      configuration that names the state directory (default " INSTANCE_MAIN_CONFIG ",\n"
	"               where there is one); NAME.conf beside it: that of dinmeterd@NAME\n"
	"  --state DIR  state directory\n"
	"\n"
	"Exit status: 0 done, 1 FILE is not good or the state cannot be written, 2 bad usage or configuration.\n";

struct arguments {
	char directory[256];
	const char *output;	/* -o, NULL = standard output */
	const char *input;
};

/* The state directory by option, configuration or default.  0 or -EINVAL, said already. */
static int choose_directory(struct arguments *arguments, const char *config_file, const char *state)
{
	struct config config;

	if (state && config_file) {
		fputs("dinmeter: -c and --state exclude each other\n", stderr);
		return -EINVAL;
	}
	config_defaults(&config);
	if (!state) {
		if (!config_file && access(INSTANCE_MAIN_CONFIG, F_OK) == 0)
			config_file = INSTANCE_MAIN_CONFIG;
		if (config_file && instance_load(&config, config_file, stderr))
			return -EINVAL;
		state = config.store_path;
	}
	if (!*state || strlen(state) >= sizeof(arguments->directory)) {
		fprintf(stderr, "dinmeter: --state: got a path of %zu characters, must be 1 to %zu\n", strlen(state),
			sizeof(arguments->directory) - 1);
		return -EINVAL;
	}
	snprintf(arguments->directory, sizeof(arguments->directory), "%s", state);
	return 0;
}

/* An exit status, or -1: go on. */
static int parse(struct arguments *arguments, int argc, char **argv, bool import)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "state", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 }
	};
	const char *config_file = NULL, *state = NULL, *usage = import ? import_usage : export_usage;
	int option;

	while ((option = getopt_long(argc, argv, import ? "c:h" : "c:o:h", options, NULL)) != -1) {
		if (option == 'h') {
			printf("%s%s", usage, import ? import_help : export_help);
			return EXIT_DONE;
		}
		if (option == 'c')
			config_file = optarg;
		else if (option == 'd')
			state = optarg;
		else if (option == 'o' && !import)
			arguments->output = optarg;
		else
			return fputs(usage, stderr), EXIT_USAGE;
	}
	if (argc - optind != (import ? 1 : 0)) {
		fprintf(stderr, "dinmeter %s: got %d arguments, expected %d\n%s", argv[0], argc - optind, import ? 1 : 0, usage);
		return EXIT_USAGE;
	}
	arguments->input = import ? argv[optind] : NULL;
	return choose_directory(arguments, config_file, state) ? EXIT_USAGE : -1;
}

/* Where -o writes: a new file that gets the name when it is whole, or what is no plain file (a pipe, a terminal) itself. */
struct output {
	char path[PATH_MAX], fresh[PATH_MAX + 8];	/* fresh "" = none */
	FILE *out;
};

static int open_fresh(struct output *output)
{
	snprintf(output->fresh, sizeof(output->fresh), "%s.XXXXXX", output->path);
	return mkostemp(output->fresh, O_CLOEXEC);	/* mode 0600: passwords' hashes are in it */
}

/* 0 or -errno. */
static int open_output(struct output *output, const char *path)
{
	struct stat status;
	int fd, error;

	memset(output, 0, sizeof(*output));
	/* A link stays one: the file that it names is replaced. */
	if (!realpath(path, output->path)) {
		if (errno != ENOENT)
			return -errno;
		if (snprintf(output->path, sizeof(output->path), "%s", path) >= (int)sizeof(output->path))
			return -ENAMETOOLONG;
	}
	if (stat(output->path, &status) == 0 && !S_ISREG(status.st_mode))
		fd = open(output->path, O_WRONLY | O_CLOEXEC);
	else
		fd = open_fresh(output);
	output->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (output->out)
		return 0;
	error = -errno;
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && *output->fresh)
		unlink(output->fresh);
	return error;
}

/* `error`: of what was written.  0 or -errno; then nothing has changed. */
static int close_output(struct output *output, int error)
{
	if (!error && fsync(fileno(output->out)) < 0 && errno != EINVAL && errno != EROFS)
		error = -errno;
	if (fclose(output->out) && !error)
		error = -errno;
	if (!*output->fresh)
		return error;
	if (!error && rename(output->fresh, output->path) < 0)
		error = -errno;
	if (error)
		unlink(output->fresh);
	return error;
}

static int write_output(const struct state_content *content, const char *path)
{
	char exported[32] = "";
	time_t now = time(NULL);
	struct output output = { .out = stdout };
	struct tm utc;
	int error = path ? open_output(&output, path) : 0;

	if (gmtime_r(&now, &utc))
		strftime(exported, sizeof(exported), "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (!error) {
		error = state_json_write(content, exported, output.out);
		if (path)
			error = close_output(&output, error);
	}
	if (error)
		fprintf(stderr, "dinmeter: %s: the state cannot be written: %s\n", path ? path : "standard output", strerror(-error));
	return error ? EXIT_FAILED : EXIT_DONE;
}

int client_export_state(int argc, char **argv)
{
	char message[TRANSFER_MESSAGE_MAX];
	struct arguments arguments = { .output = NULL };
	struct state_content *content;
	int status = parse(&arguments, argc, argv, false);

	if (status >= 0)
		return status;
	content = calloc(1, sizeof(*content));
	if (!content)
		return EXIT_FAILED;
	if (transfer_read(arguments.directory, &content->nv, content->entry, &content->n, message)) {
		fprintf(stderr, "dinmeter: %s\n", message);
		status = EXIT_FAILED;
	} else {
		status = write_output(content, arguments.output);
	}
	free(content);
	return status;
}

int client_import_state(int argc, char **argv)
{
	char message[TRANSFER_MESSAGE_MAX];
	struct arguments arguments = { .output = NULL };
	struct state_content *content;
	int status = parse(&arguments, argc, argv, true);

	if (status >= 0)
		return status;
	content = calloc(1, sizeof(*content));
	if (!content)
		return EXIT_FAILED;
	status = EXIT_FAILED;
	if (!state_json_read(content, arguments.input, stderr)) {
		if (transfer_write(arguments.directory, &content->nv, content->entry, content->n, message))
			fprintf(stderr, "dinmeter: %s\n", message);
		else
			status = EXIT_DONE;
	}
	free(content);
	return status;
}
