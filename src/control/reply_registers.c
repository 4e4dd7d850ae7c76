#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "control/request.h"
#include "registers/decode.h"

/* A row of more registers than a value has is a list (the page of the log): its registers are shown one by one. */
#define VALUE_REGISTERS 2

struct reader {
	struct snapshot snapshot;
	struct register_image image;
	struct decode_scales scales;
	struct json_object *list;
};

/* Appends a row, or the register `number` of a list. */
static void show(struct reader *reader, const struct point *point, unsigned number)
{
	bool whole = point->registers <= VALUE_REGISTERS;
	unsigned first = whole ? point->number : number, count = whole ? point->registers : 1;
	struct json_object *object, *words;
	char text[DECODE_TEXT_MAX];
	uint16_t word[VALUE_REGISTERS] = { 0 };

	registers_read(&reader->image, first, count, word);
	object = json_object_new_object();
	words = json_object_new_array();
	for (unsigned i = 0; i < count; i++)
		json_object_array_add(words, json_object_new_int(word[i]));
	decode_text(point, word, &reader->scales, text);
	json_add_integer(object, "register", first);
	json_add_text(object, "name", point->name);
	json_add(object, "words", words);
	json_add(object, "value", json_decimal(text));
	json_add_text(object, "units", point->units);
	json_object_array_add(reader->list, object);
}

/* False: nothing has the name. */
static bool show_name(struct reader *reader, const char *name)
{
	const struct point *point = registers_find_name(name, NULL);

	if (!point)
		return false;
	for (; point; point = registers_find_name(name, point))
		show(reader, point, point->number);
	return true;
}

static bool show_number(struct reader *reader, int64_t number)
{
	const struct point *point = number > 0 && number <= 65536 ? registers_find((unsigned)number) : NULL;

	if (point)
		show(reader, point, (unsigned)number);
	return point;
}

static int show_one(struct request *request, struct reader *reader, struct json_object *wanted)
{
	const char *name = json_get_text(wanted);
	char shown[REQUEST_SHOWN_MAX];

	if (name ? show_name(reader, name) : json_object_is_type(wanted, json_type_int) && show_number(reader, json_object_get_int64(wanted)))
		return 0;
	return request_fail(request, "unknown_name", "registers: %s is no register: must be a name or a number of the map",
			    request_show(wanted, shown));
}

static void show_all(struct reader *reader)
{
	size_t n;
	const struct point *points = registers_points(&n);

	for (size_t i = 0; i < n; i++)
		if (points[i].registers <= VALUE_REGISTERS)
			show(reader, &points[i], points[i].number);
}

static int show_chosen(struct request *request, struct reader *reader, struct json_object *wanted)
{
	size_t n = json_object_array_length(wanted);

	if (n > PROTOCOL_REGISTERS_MAX)
		return request_fail(request, "bad_request", "registers: got %zu, must be at most %d", n, PROTOCOL_REGISTERS_MAX);
	for (size_t i = 0; i < n; i++)
		if (show_one(request, reader, json_object_array_get_idx(wanted, i)))
			return -1;
	return 0;
}

int reply_registers(struct request *request)
{
	const struct protocol *protocol = request->protocol;
	struct json_object *wanted;
	struct reader *reader;
	int result = 0;

	if (request_get_array(request, "registers", &wanted))
		return -1;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return request_fail(request, "failed", "memory is short");
	protocol->ops->snapshot(protocol->context, &reader->snapshot);
	registers_encode(&reader->snapshot, &reader->image);
	reader->scales = decode_get_scales(&reader->snapshot.derived);
	reader->list = json_object_new_array();
	if (wanted)
		result = show_chosen(request, reader, wanted);
	else
		show_all(reader);
	json_add(request->reply, "registers", reader->list);
	free(reader);
	return result;
}
