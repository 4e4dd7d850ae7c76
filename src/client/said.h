/*
 * said - what is said on stderr while a full screen is shown: caught, so that it does not spoil the screen, and its last line kept.
 */
#ifndef CLIENT_SAID_H
#define CLIENT_SAID_H

#include <stddef.h>

/* Catches stderr from now on.  0 or -errno. */
int said_begin(void);
/* The last line that was said since, "" for none; stays until another is. */
void said_last(char *text, size_t size);
/* Gives stderr back. */
void said_end(void);

#endif
