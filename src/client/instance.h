/*
 * instance - which meter of several a configuration is of: NAME.conf in the configuration's directory is that of
 * dinmeterd@NAME.service, whose command line says where state and socket are, whatever the file does.
 */
#ifndef CLIENT_INSTANCE_H
#define CLIENT_INSTANCE_H

#include <stdbool.h>
#include <stdio.h>

#include "daemon/config.h"

#define INSTANCE_DIRECTORY SYSCONFDIR "/dinmeterd"
#define INSTANCE_MAIN_CONFIG INSTANCE_DIRECTORY "/dinmeterd.conf"

struct instance {
	bool has_unit;		/* the file is that of dinmeterd.service, or of an instance */
	char name[256];		/* of the instance, "" = none */
};

/* By the real path of the file, however it is typed. */
void instance_find(struct instance *instance, const char *file);

/* Puts the instance's state directory and socket into its configuration.  0, or -EINVAL after a message. */
int instance_apply(const struct instance *instance, struct config *config, FILE *errors);

/* The file with what the unit says of it: config_load() and both of the above.  0 or -errno after messages. */
int instance_load(struct config *config, const char *file, FILE *errors);

#endif
