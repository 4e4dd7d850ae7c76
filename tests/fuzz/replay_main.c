/*
 * replay_main - runs a fuzz target over files, without libFuzzer.
 *
 * usage: fuzz_X FILE|DIRECTORY...
 * Feeds each file (each file of a directory, in name order) to LLVMFuzzerTestOneInput once.  Fails when there is
 * nothing to replay, so that a lost corpus does not look like a success.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat st;
	int ret = -1;

	if (!file || fstat(fileno(file), &st) < 0)
		goto out;
	/* exactly as long as the input, so that a sanitizer sees a read behind its end */
	data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
	if (!data || fread(data, 1, (size_t)st.st_size, file) != (size_t)st.st_size)
		goto out;
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	ret = 0;
out:
	if (ret < 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(data);
	if (file)
		fclose(file);
	return ret;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns the number of files replayed, or -1. */
static int replay_directory(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, visible, alphasort), ret = n;

	if (n < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		char name[4096];

		if (snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name) >= (int)sizeof(name) ||
		    replay_file(name) < 0)
			ret = -1;
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int n = 1;

		if (!stat(argv[i], &st) && S_ISDIR(st.st_mode))
			n = replay_directory(argv[i]);
		else if (replay_file(argv[i]) < 0)
			n = -1;
		if (n < 0)
			return 1;
		files += n;
	}
	if (!files) {
		fprintf(stderr, "%s: no input to replay\n", argv[0]);
		return 1;
	}
	printf("%d inputs replayed\n", files);
	return 0;
}
