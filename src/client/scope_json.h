/*
 * scope_json - the numbers of a picture as one JSON object on a line; null where not known.
 */
#ifndef CLIENT_SCOPE_JSON_H
#define CLIENT_SCOPE_JSON_H

#include <stdio.h>

#include "view/scope_view.h"

/* 0 or -errno. */
int scope_json_print(FILE *out, const struct scope_view *view);

#endif
