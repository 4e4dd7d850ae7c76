/*
 * value - settings in JSON as the configuration file writes them: pt_ratio 2.00 for 200, display_units "IEEE" for 1,
 * parity "even" for 1; all else the register's number.
 */
#ifndef CONTROL_VALUE_H
#define CONTROL_VALUE_H

#include "control/json.h"
#include "metering/settings.h"

/* `name`: of a setting or any register; what has no words is the number itself. */
struct json_object *value_to_json(const char *name, int number);

/*
 * The number of a JSON value.  0, or -EINVAL when it is of the wrong kind (text, a fraction, a word that is none): *allowed
 * then says in words what is right, unless it is NULL because any whole number is.
 */
int value_from_json(const char *name, struct json_object *value, long *number, const char **allowed);

/* The legal values in the same form, from the range in the register's form. */
const char *value_range(const char *name, const char *range);

#endif
