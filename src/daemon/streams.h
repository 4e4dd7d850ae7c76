/*
 * streams - standard input, output and error of a program.
 */
#ifndef DAEMON_STREAMS_H
#define DAEMON_STREAMS_H

/*
 * To be called before anything is opened: of the descriptors 0 to 2 those that are closed become /dev/null, so that no file or
 * socket gets their number and is written to or read as if it were the stream.  Writing to a standard output that was closed
 * goes on to fail.
 */
void streams_reserve(void);

/* The exit status: `status`, or, after a message, 1 where that is 0 and not all that was printed has gone out. */
int streams_finish(const char *program, int status);

#endif
