/*
 * since - a time as the user of a command gives it: an ISO 8601 date or date and time in UTC, or "-2h", "-3d" from now.
 */
#ifndef CLIENT_SINCE_H
#define CLIENT_SINCE_H

#include <stdint.h>

#define SINCE_ALLOWED "2026-11-27, 2026-11-27T05:00, 2026-11-27T05:00:00Z (UTC), or -30m, -2h, -3d, -1w from now"

/* Seconds since 1970.  0, or -EINVAL. */
int since_parse(const char *text, int64_t now_s, int64_t *seconds);

#endif
