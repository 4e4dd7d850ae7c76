/*
 * json - members of a JSON object that is being built (json-c), so that what comes out is always valid JSON.
 *
 * Shortage of memory makes a member null; who serialises the whole finds out.
 */
#ifndef CONTROL_JSON_H
#define CONTROL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* Bytes that are not UTF-8 become '?'. */
struct json_object *json_text(const char *text);

/* Nine significant digits; null for what is not a finite number. */
struct json_object *json_number(double value);

/* A decimal number written as it stands (valid JSON); null for "". */
struct json_object *json_decimal(const char *text);

/* The text of a JSON string; NULL when it is none, or when a NUL within would hide what stands behind it. */
const char *json_get_text(struct json_object *value);

void json_add(struct json_object *object, const char *key, struct json_object *value);
void json_add_text(struct json_object *object, const char *key, const char *text);
void json_add_number(struct json_object *object, const char *key, double value);
void json_add_integer(struct json_object *object, const char *key, int64_t value);
void json_add_count(struct json_object *object, const char *key, uint64_t value);
void json_add_bool(struct json_object *object, const char *key, bool value);

/* "2026-02-28T23:59:59Z" of seconds since 1970.  False, and "", outside the years 1970 to 9999. */
#define JSON_TIME_MAX 21
bool json_show_time(int64_t seconds, char text[JSON_TIME_MAX]);

/* The same with `ms` (-1: without), or null. */
void json_add_time(struct json_object *object, const char *key, int64_t seconds, int ms);

#endif
