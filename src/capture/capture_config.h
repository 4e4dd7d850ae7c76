/*
 * capture_config - the group capture of the configuration.
 */
#ifndef CAPTURE_CAPTURE_CONFIG_H
#define CAPTURE_CAPTURE_CONFIG_H

struct capture_config {
	double ring_s;			/* how much of the newest samples is held, 2..60 */
	char path[272];			/* directory of the captures; "" = captures in that of the state, until that is known */
	char on_alerts[256];		/* codes of the alerts that begin one, as alerts_parse() takes them; "" = none */
	double after_s;			/* how long a capture goes on behind its alert, 1..600 */
	int keep;			/* so many captures at most, 1..100000 .. */
	int max_mb;			/* .. of so many megabytes together, 1..1000000 */
};

#endif
