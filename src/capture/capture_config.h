/*
 * capture_config - the group capture of the configuration.
 */
#ifndef CAPTURE_CAPTURE_CONFIG_H
#define CAPTURE_CAPTURE_CONFIG_H

struct capture_config {
	double ring_s;			/* how much of the newest samples is held, 2..60 */
};

#endif
