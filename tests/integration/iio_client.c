/*
 * Opens the IIO source, reads, and prints what it got: for tests against a server.
 *
 *   iio_client URI [key=value ...]
 *
 * Keys: device, trigger, rate, block, gain, voltage_ratio, current_ratio, va .. ic (channels); blocks (how many to read in each
 * opening), opens (how often to open), cancel_ms (cancel from a second thread so long after the end of standard input), dump (1: every scan),
 * seconds (read until so much time has passed), step (1: each opening waits for a line on stdin).
 * Lines: "open RATE", "block n lost restarted clipped nominal rate t_ns", "scan six values", "error WHAT errno",
 * "stopped MS": how long cancel, join and close took.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adc/adc.h"

struct client {
	struct adc_config config;
	struct adc *adc;
	unsigned blocks, opens;
	double seconds;
	long cancel_ms;
	bool dump, step;
	double *values;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool take_channel(struct client *client, const char *key, const char *value)
{
	static const char *const keys[ADC_CHANNELS] = { "va", "vb", "vc", "ia", "ib", "ic" };

	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		if (!strcmp(key, keys[c])) {
			snprintf(client->config.channel[c].channel, sizeof(client->config.channel[c].channel), "%s", value);
			return true;
		}
	return false;
}

static bool take_number(struct client *client, const char *key, double value)
{
	const struct {
		const char *key;
		double *number;
	} numbers[] = {
		{ "rate", &client->config.rate_hz }, { "voltage_ratio", &client->config.voltage_ratio },
		{ "current_ratio", &client->config.current_ratio }, { "gain", &client->config.channel[ADC_VA].gain },
		{ "seconds", &client->seconds },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (!strcmp(key, numbers[i].key)) {
			*numbers[i].number = value;
			return true;
		}
	if (!strcmp(key, "block"))
		client->config.block_scans = (unsigned)value;
	else if (!strcmp(key, "blocks"))
		client->blocks = (unsigned)value;
	else if (!strcmp(key, "opens"))
		client->opens = (unsigned)value;
	else if (!strcmp(key, "cancel_ms"))
		client->cancel_ms = (long)value;
	else if (!strcmp(key, "dump"))
		client->dump = value > 0;
	else if (!strcmp(key, "step"))
		client->step = value > 0;
	else
		return false;
	return true;
}

static bool take(struct client *client, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(word, "device"))
		snprintf(client->config.device, sizeof(client->config.device), "%s", value);
	else if (!strcmp(word, "trigger"))
		snprintf(client->config.trigger, sizeof(client->config.trigger), "%s", value);
	else
		return take_channel(client, word, value) || take_number(client, word, strtod(value, NULL));
	return true;
}

static void print_block(const struct client *client, const struct adc_block *block)
{
	printf("block %u %llu %d %u %.9g %.9g %lld\n", block->n, (unsigned long long)block->lost, block->restarted,
			block->clipped, block->nominal_hz, block->rate_hz, (long long)block->t_ns);
	for (unsigned i = 0; i < block->n && client->dump; i++)
		printf("scan %.12g %.12g %.12g %.12g %.12g %.12g\n", block->scans[0][i], block->scans[1][i], block->scans[2][i],
				block->scans[3][i], block->scans[4][i], block->scans[5][i]);
	fflush(stdout);
}

/* 0, or what ended it. */
static int read_blocks(struct client *client, unsigned block_scans)
{
	int64_t end_ns = now_ns() + (int64_t)(client->seconds * 1e9);
	struct adc_block block;

	memset(&block, 0, sizeof(block));
	for (unsigned c = 0; c < ADC_CHANNELS; c++)
		block.scans[c] = client->values + (size_t)c * block_scans;
	for (unsigned i = 0; client->seconds > 0 ? now_ns() < end_ns : i < client->blocks;) {
		int n = client->adc->ops->read(client->adc, &block);

		if (n < 0) {
			printf("error read %d\n", -n);
			fflush(stdout);
			return n;
		}
		i += n > 0;
		if (n > 0)
			print_block(client, &block);
	}
	return 0;
}

static void *run(void *data)
{
	struct client *client = data;

	for (unsigned i = 0; i < client->opens; i++) {
		struct adc_info info;
		char line[16];
		int error;

		if (client->step && !fgets(line, sizeof(line), stdin))
			break;
		error = client->adc->ops->open(client->adc, &info);
		if (error) {
			printf("error open %d\n", -error);
		} else {
			printf("open %.9g\n", info.rate_hz);
			fflush(stdout);
			error = read_blocks(client, info.block_scans);
			client->adc->ops->close(client->adc);
		}
		fflush(stdout);
		if (error == -ECANCELED)
			break;
	}
	return NULL;
}

static void run_with_cancel(struct client *client)
{
	struct timespec pause = { .tv_sec = client->cancel_ms / 1000, .tv_nsec = client->cancel_ms % 1000 * 1000000 };
	pthread_t thread;
	int64_t start_ns;
	char byte;

	if (pthread_create(&thread, NULL, run, client))
		exit(1);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	nanosleep(&pause, NULL);
	start_ns = now_ns();
	client->adc->ops->cancel(client->adc);
	pthread_join(thread, NULL);
	printf("stopped %.0f\n", (double)(now_ns() - start_ns) / 1e6);
}

int main(int argc, char **argv)
{
	struct client client = { .blocks = 10, .opens = 1, .cancel_ms = -1 };
	struct adc_config *config = &client.config;

	if (argc < 2) {
		fprintf(stderr, "usage: %s URI [key=value ...]\n", argv[0]);
		return 2;
	}
	snprintf(config->source, sizeof(config->source), "iio");
	snprintf(config->uri, sizeof(config->uri), "%s", argv[1]);
	config->rate_hz = 2520;
	config->block_scans = 126;
	config->voltage_ratio = config->current_ratio = 1000;
	for (unsigned c = 0; c < ADC_CHANNELS; c++) {
		snprintf(config->channel[c].channel, sizeof(config->channel[c].channel), "voltage%u", c);
		config->channel[c].gain = 1;
	}
	for (int i = 2; i < argc; i++)
		if (!take(&client, argv[i])) {
			fprintf(stderr, "%s: not understood: %s\n", argv[0], argv[i]);
			return 2;
		}
	client.values = calloc((size_t)ADC_CHANNELS * config->block_scans, sizeof(double));
	client.adc = adc_iio_new(config);
	if (!client.values || !client.adc)
		return 1;
	if (client.cancel_ms >= 0)
		run_with_cancel(&client);
	else
		run(&client);
	client.adc->ops->free(client.adc);
	free(client.values);
	return 0;
}
