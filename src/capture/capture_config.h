/*
 * capture_config - the group capture of the configuration.
 */
#ifndef CAPTURE_CAPTURE_CONFIG_H
#define CAPTURE_CAPTURE_CONFIG_H

struct capture_config {
	double ring_s;			/* how much of the newest samples is held, 2..60 */
	char path[256];			/* directory of what alerts have captured; "": captures in the store's */
	char on_alerts[256];		/* codes of alerts, or "all"; "" = none */
	double after_s;			/* how long a capture goes on behind the alert, 1..3600 */
	int keep;			/* captures at most, 1..10000 */
	int max_mb;			/* all together, 1..1000000 MB */
};

#endif
