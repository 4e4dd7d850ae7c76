#include "client/instance.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAIN "dinmeterd.conf"
#define ENDING ".conf"

/* Is `name` in the directory of `path` (a name without a slash: the present one) a configuration's? */
static bool take(struct instance *instance, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char directory[PATH_MAX], real[PATH_MAX], ours[PATH_MAX];
	size_t length = strlen(name), ending = strlen(ENDING);

	if ((size_t)snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".") >= sizeof(directory) ||
	    !realpath(directory, real) || !realpath(INSTANCE_DIRECTORY, ours) || strcmp(real, ours) != 0 || length <= ending ||
	    length - ending >= sizeof(instance->name) || strcmp(name + length - ending, ENDING) != 0)
		return false;
	instance->has_unit = true;
	if (strcmp(name, MAIN) != 0)
		snprintf(instance->name, sizeof(instance->name), "%.*s", (int)(length - ending), name);
	return true;
}

void instance_find(struct instance *instance, const char *file)
{
	char real[PATH_MAX];

	*instance = (struct instance){ .has_unit = false };
	/* a link in the directory is the unit's file, wherever it leads to */
	if (!take(instance, file) && realpath(file, real))
		take(instance, real);
}

/* As conf/systemd/dinmeterd@.service has them: systemd makes directories there, wherever we are installed. */
int instance_apply(const struct instance *instance, struct config *config, FILE *errors)
{
	if (!*instance->name)
		return 0;
	if ((size_t)snprintf(config->store_path, sizeof(config->store_path), "/var/lib/dinmeterd-%s", instance->name) < sizeof(config->store_path) &&
	    (size_t)snprintf(config->control_socket, sizeof(config->control_socket), "/run/dinmeterd-%s/control", instance->name) <
	    sizeof(config->control_socket))
		return 0;
	fprintf(errors, "dinmeter: the name of the instance %s has %zu bytes, must have at most %zu\n", instance->name, strlen(instance->name),
		sizeof(config->control_socket) - sizeof("/run/dinmeterd-/control"));
	return -EINVAL;
}

int instance_load(struct config *config, const char *file, FILE *errors)
{
	struct instance instance;
	int error = config_load(config, file, errors);

	if (error)
		return error;
	instance_find(&instance, file);
	return instance_apply(&instance, config, errors);
}
