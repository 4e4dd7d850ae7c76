/*
 * The configuration file: whatever it holds, it is refused with at least one line of reason, or it is in effect, and
 * then what is printed reads back the same.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/config_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text that stands before an error of syntax: 64 bytes, once, in a process that ends then. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

/* Loads `size` bytes as a file; *errors, which the caller frees, is what was said. */
static int load(struct config *config, const void *data, size_t size, char **errors)
{
	char path[64];
	size_t length;
	FILE *out = open_memstream(errors, &length);
	int file = memfd_create("config", 0), result;

	if (!out || file < 0 || write(file, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	config_defaults(config);
	result = config_load(config, path, out);
	fclose(out);
	close(file);
	return result;
}

static char *print(const struct config *config, size_t *size)
{
	char *text;
	FILE *out = open_memstream(&text, size);

	if (!out)
		abort();
	config_print(config, out);
	fclose(out);
	return text;
}

static void check_round_trip(const struct config *config)
{
	struct config back;
	size_t size, again_size;
	char *text, *errors, *again;
	struct config shown = *config;

	/* what is printed in the place of a password is refused */
	memcpy(shown.setup_password, CONFIG_PASSWORD_DEFAULT, sizeof(shown.setup_password));
	memcpy(shown.reset_password, CONFIG_PASSWORD_DEFAULT, sizeof(shown.reset_password));
	text = print(&shown, &size);
	if (load(&back, text, size, &errors) || *errors)
		abort();
	again = print(&back, &again_size);
	if (size != again_size || memcmp(text, again, size))
		abort();
	free(again);
	free(errors);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	char *errors;
	int result;

	/* Other files are not the fuzzer's to open. */
	if (memmem(data, size, "@include", 8))
		return 0;
	result = load(&config, data, size, &errors);
	if (result ? result != -EINVAL || !strchr(errors, '\n') : *errors)
		abort();
	if (!result)
		check_round_trip(&config);
	free(errors);
	return 0;
}
