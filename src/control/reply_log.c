#include <stdlib.h>

#include "control/request.h"
#include "control/status.h"
#include "daemon/monotonic.h"
#include "metering/alerts.h"

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static struct json_object *alert_codes(unsigned alerts)
{
	struct json_object *list = json_object_new_array();
	size_t n;
	const struct alert_word *words = alerts_words(&n);

	for (size_t i = 0; i < n; i++)
		if (alerts & words[i].bit)
			json_object_array_add(list, json_text(words[i].code));
	return list;
}

/* null: an older program recorded it, which did not keep them. */
static void add_noted(struct json_object *object, const struct datalog_entry *entry)
{
	if (!entry->noted) {
		json_add(object, "alerts", NULL);
		json_add(object, "energy_resets", NULL);
		json_add(object, "measured_s", NULL);
		return;
	}
	json_add(object, "alerts", alert_codes(entry->alerts));
	json_add_count(object, "energy_resets", entry->energy_resets);
	json_add_count(object, "measured_s", entry->measured_s);
}

static struct json_object *entry_object(const struct datalog_entry *entry)
{
	struct json_object *object = json_object_new_object(), *pointers = json_object_new_array(),
			   *words = json_object_new_array(), *scales = json_object_new_object();

	for (int i = 0; i < DATALOG_LOGS; i++) {
		json_object_array_add(pointers, json_object_new_int(entry->pointer[i]));
		json_object_array_add(words, json_object_new_int(entry->word[i]));
	}
	json_add_integer(scales, "i", entry->scale_i);
	json_add_integer(scales, "v", entry->scale_v);
	json_add_integer(scales, "w", entry->scale_w);
	json_add_integer(scales, "e", entry->scale_e);
	json_add_count(object, "serial", entry->serial);
	json_add_integer(object, "utc_s", entry->utc_s);
	json_add_time(object, "utc", entry->utc_s, -1);
	json_add_integer(object, "clock_s", entry->clock_s);
	json_add_time(object, "clock", entry->clock_s, -1);
	json_add(object, "pointers", pointers);
	json_add(object, "words", words);
	json_add(object, "scales", scales);
	add_noted(object, entry);
	return object;
}

int reply_log(struct request *request)
{
	const struct protocol *protocol = request->protocol;
	struct json_object *list;
	struct datalog_entry *entries;
	uint64_t from, max;
	unsigned n;

	if (request_get_number(request, "from", 0, INT64_MAX, 0, &from) ||
	    request_get_number(request, "max", 1, PROTOCOL_LOG_MAX, PROTOCOL_LOG_MAX, &max))
		return -1;
	entries = calloc(max, sizeof(*entries));
	if (!entries)
		return request_fail(request, "failed", "memory is short");
	n = protocol->ops->entries(protocol->context, from, (unsigned)max, entries);
	list = json_object_new_array();
	for (unsigned i = 0; i < n; i++)
		json_object_array_add(list, entry_object(&entries[i]));
	json_add(request->reply, "entries", list);
	json_add_count(request->reply, "next", n ? entries[n - 1].serial + 1 : from);
	json_add_bool(request->reply, "more", n == max);
	free(entries);
	return 0;
}

/* Edges are told in the time that people know, too. */
static struct json_object *edge_object(const struct outputs_edge *edge, int64_t ahead_ns)
{
	struct json_object *object = json_object_new_object();
	int64_t part_ns = edge->t_ns % NS_PER_S + ahead_ns % NS_PER_S;

	json_add_count(object, "number", edge->number);
	json_add_integer(object, "t_ns", edge->t_ns);
	json_add_time(object, "utc", edge->t_ns / NS_PER_S + ahead_ns / NS_PER_S + part_ns / NS_PER_S, (int)(part_ns % NS_PER_S / NS_PER_MS));
	json_add_text(object, "contact", status_contact_name(edge->contact));
	json_add_bool(object, "closed", edge->closed);
	return object;
}

int reply_edges(struct request *request)
{
	const struct protocol *protocol = request->protocol;
	struct outputs_edge edges[PROTOCOL_EDGES_MAX];
	struct json_object *list;
	uint64_t since, max;
	int64_t ahead_ns;
	unsigned n;

	if (request_get_number(request, "since", 0, INT64_MAX, 0, &since) ||
	    request_get_number(request, "max", 1, PROTOCOL_EDGES_MAX, PROTOCOL_EDGES_MAX, &max))
		return -1;
	n = protocol->ops->edges(protocol->context, since, (unsigned)max, edges);
	ahead_ns = monotonic_to_utc_ns();
	list = json_object_new_array();
	for (unsigned i = 0; i < n; i++)
		json_object_array_add(list, edge_object(&edges[i], ahead_ns));
	json_add(request->reply, "edges", list);
	json_add_count(request->reply, "next", n ? edges[n - 1].number : since);
	json_add_bool(request->reply, "more", n == max);
	return 0;
}
