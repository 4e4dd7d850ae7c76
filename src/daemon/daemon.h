/*
 * daemon - the whole of dinmeterd: options, start and stop order, main loop.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#define DAEMON_CONFIG_FILE SYSCONFDIR "/dinmeterd/dinmeterd.conf"

/* Runs dinmeterd to its end.  Returns the exit status: 0 done, 1 failed at run time, 2 bad usage or configuration. */
int daemon_main(int argc, char **argv);

#endif
