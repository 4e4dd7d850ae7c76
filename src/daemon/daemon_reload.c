/*
 * The configuration file read again while the meter runs.  Settings and passwords go the way of a start (the newest change wins), so that
 * nothing flips back at the next one; what else can be taken at once is; each key that cannot is named.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/config_table.h"
#include "daemon/daemon_private.h"
#include "daemon/log.h"
#include "daemon/monotonic.h"
#include "daemon/restore.h"

#define TRIES 20		/* while another request is under way */
#define AGAIN_NS 20000000L

/* The reader's errors, a line of the log each. */
static void log_lines(char *lines)
{
	char *rest = lines, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line)
			log_error("reload: %s", line);
}

static int read_again(struct config *config, const struct options *options)
{
	char *text = NULL;
	size_t size;
	FILE *errors = open_memstream(&text, &size);
	int ret = errors ? daemon_configure(config, options, errors) : -ENOMEM;

	if (errors)
		fclose(errors);
	if (text)
		log_lines(text);
	free(text);
	return ret;
}

/* What the file makes of what is in force now. */
static int decide(struct daemon *daemon, const struct config *fresh, struct meter_file *file)
{
	struct nv nv;
	int ret;

	meter_thread_get_nv(daemon->meter, &nv);
	file->old_settings = nv.meter.settings;
	memcpy(file->old_setup_password, nv.setup_password, NV_HASH_MAX);
	memcpy(file->old_reset_password, nv.reset_password, NV_HASH_MAX);
	ret = restore_take_file(fresh, true, &nv);
	file->settings = nv.meter.settings;
	file->file_settings = nv.file_settings;
	memcpy(file->setup_password, nv.setup_password, NV_HASH_MAX);
	memcpy(file->reset_password, nv.reset_password, NV_HASH_MAX);
	memcpy(file->file_setup_password, nv.file_setup_password, NV_HASH_MAX);
	memcpy(file->file_reset_password, nv.file_reset_password, NV_HASH_MAX);
	explicit_bzero(&nv, sizeof(nv));
	return ret;
}

/* Settings and passwords, through the meter's thread as any change; a change that came in between is newer than the file. */
static int take_settings(struct daemon *daemon, const struct config *fresh)
{
	struct meter_request request = { .kind = METER_TAKE_FILE };
	struct timespec pause = { .tv_nsec = AGAIN_NS };
	int ret = -EAGAIN;

	for (int i = 0; i < TRIES && (ret == -EBUSY || ret == -EAGAIN); i++) {
		if (ret == -EBUSY)
			nanosleep(&pause, NULL);
		ret = ret == -EAGAIN ? decide(daemon, fresh, &request.file) : 0;
		if (!ret)
			ret = meter_thread_request(daemon->meter, &request);
	}
	explicit_bzero(&request, sizeof(request));
	return ret;
}

static bool is_setting(const char *path)
{
	const char *name = strchr(path, '.');

	for (int s = 0; name && s < SETTINGS_N; s++)
		if (!strcmp(name + 1, setting_name((enum setting)s)))
			return !strncmp(path, "meter.", 6) || !strncmp(path, "modbus.", 7);
	return !strcmp(path, "meter.setup_password") || !strcmp(path, "meter.reset_password");
}

/* All of the port but the device: the sandbox was made for that one. */
static bool is_port(const char *path)
{
	return !strncmp(path, "modbus.", 7) && strcmp(path, "modbus.device") && !is_setting(path);
}

static bool is_taken(const char *path)
{
	return is_setting(path) || is_port(path) || !strcmp(path, "store.interval_s");
}

/* What the file says of the keys that are taken is the configuration from now on. */
static void take_rest(struct daemon *daemon, const struct config *fresh)
{
	struct config *config = &daemon->config;
	bool port = false;
	struct snapshot snapshot;
	struct modbus_config modbus;
	char device[sizeof(modbus.device)];

	for (unsigned k = 0; k < config_keys_n; k++) {
		const struct config_key *key = &config_keys[k];

		if (config_key_same(key, config, fresh))
			continue;
		port |= is_port(key->path);
		if (is_taken(key->path))
			log_notice("reload: %s: taken", key->path);
		else
			log_warning("reload: %s: is another in the file; takes effect at the next start", key->path);
	}
	pthread_mutex_lock(&daemon->config_lock);
	config->settings = fresh->settings;
	memcpy(config->setup_password, fresh->setup_password, sizeof(config->setup_password));
	memcpy(config->reset_password, fresh->reset_password, sizeof(config->reset_password));
	memcpy(device, config->modbus.device, sizeof(device));
	config->modbus = fresh->modbus;
	memcpy(config->modbus.device, device, sizeof(device));
	config->store_interval_s = fresh->store_interval_s;
	pthread_mutex_unlock(&daemon->config_lock);
	if (daemon->store)
		store_set_interval(daemon->store, fresh->store_interval_s);
	if (!port)
		return;
	meter_thread_get_snapshot(daemon->meter, &snapshot);
	modbus = daemon_port_config(config, &snapshot.settings);
	slave_reconfigure(daemon->slave, &modbus);
}

void daemon_reload(struct daemon *daemon)
{
	struct config *fresh = calloc(1, sizeof(*fresh));
	int ret = -ENOMEM;

	/* while it starts it is not ready by being reloaded */
	if (daemon->service.ready)
		sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(monotonic_ns() / 1000));
	log_notice("reload: reading the configuration again");
	if (fresh)
		ret = read_again(fresh, &daemon->options);
	if (ret >= 0)
		ret = take_settings(daemon, fresh);
	if (ret == -ETIMEDOUT)
		log_error("reload: the measurement does not answer: settings and passwords of the file may be taken when it does, nothing else is");
	else if (ret)
		log_error("reload: nothing is changed: %s", ret == -EINVAL ? "the configuration is not good" : ret < 0 ? strerror(-ret) : "refused");
	else
		take_rest(daemon, fresh);
	if (fresh)
		explicit_bzero(fresh, sizeof(*fresh));
	free(fresh);
	if (daemon->service.ready)
		sd_notify(0, "READY=1");
}
