#include "modbus/pdu.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define READ_MAX 125

/* Function codes (V1.1b3, section 6). */
enum {
	READ_HOLDING = 0x03,
	READ_INPUT = 0x04,
	WRITE_ONE = 0x06,
	WRITE_SEVERAL = 0x10,
	REPORT_SERVER_ID = 0x11,
	ENCAPSULATED = 0x2B
};

#define SERVER_ID	247
#define RUNNING		0xFF	/* the operating system runs, not the reset system */

#define MEI_IDENTIFICATION	0x0E
#define CONFORMITY_BASIC	0x01	/* basic objects, stream access only */

void identity_defaults(struct identity *identity)
{
	*identity = (struct identity) {
		.vendor = "Leviton",
		.product = "Series 4000",
		.id_string = "Leviton Series 4000K Power Meter Full Data Set",
		.os_version = 12345,
		.rs_version = "1.000",
		.model = "S4000-K",
		.serial = "000000",
	};
}

static unsigned get16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static void put16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static size_t exception_response(uint8_t function, int exception, uint8_t *response)
{
	response[0] = function | 0x80;
	response[1] = (uint8_t)exception;
	return 2;
}

/* Each of these returns 0 or an exception code; a response's length goes to *used. */

static int read_registers(const uint8_t *request, size_t length, const struct register_image *image,
			  uint8_t *response, size_t *used)
{
	uint16_t values[READ_MAX];
	unsigned count;
	int exception;

	if (length != 5)
		return PDU_ILLEGAL_VALUE;
	count = get16(request + 3);
	if (count < 1 || count > READ_MAX)
		return PDU_ILLEGAL_VALUE;
	exception = registers_read(image, get16(request + 1) + 1, count, values);
	if (exception)
		return exception;
	response[0] = request[0];
	response[1] = (uint8_t)(2 * count);
	for (unsigned i = 0; i < count; i++)
		put16(response + 2 + 2 * i, values[i]);
	*used = 2 + 2 * (size_t)count;
	return 0;
}

static int write_one(const uint8_t *request, size_t length, struct pdu_write *write)
{
	if (length != 5)
		return PDU_ILLEGAL_VALUE;
	write->first = get16(request + 1) + 1;
	write->count = 1;
	write->values[0] = (uint16_t)get16(request + 3);
	return registers_check_address(write->first, 1);
}

static int write_several(const uint8_t *request, size_t length, struct pdu_write *write)
{
	unsigned count;

	if (length < 6)
		return PDU_ILLEGAL_VALUE;
	count = get16(request + 3);
	if (count < 1 || count > REGISTERS_WRITE_MAX || request[5] != 2 * count || length != 6 + 2 * (size_t)count)
		return PDU_ILLEGAL_VALUE;
	write->first = get16(request + 1) + 1;
	write->count = count;
	for (unsigned i = 0; i < count; i++)
		write->values[i] = (uint16_t)get16(request + 6 + 2 * i);
	return registers_check_address(write->first, count);
}

static int report_server_id(const uint8_t *request, size_t length, const struct identity *identity,
			    uint8_t *response, size_t *used)
{
	size_t text = strlen(identity->id_string);

	if (length != 1)
		return PDU_ILLEGAL_VALUE;
	response[0] = request[0];
	response[1] = (uint8_t)(2 + text);
	response[2] = SERVER_ID;
	response[3] = RUNNING;
	memcpy(response + 4, identity->id_string, text);
	*used = 4 + text;
	return 0;
}

/* Appends an object of the identification: id, length, text. */
static size_t put_object(uint8_t *response, size_t at, unsigned id, const char *text)
{
	size_t length = strlen(text);

	response[at] = (uint8_t)id;
	response[at + 1] = (uint8_t)length;
	memcpy(response + at + 2, text, length);
	return at + 2 + length;
}

/* V1.1b3, 6.21.  Regular and extended access get the basic objects: the level of conformity says no more. */
static int read_identification(const uint8_t *request, size_t length, const struct identity *identity,
			       uint8_t *response, size_t *used)
{
	char version[16];
	const char *objects[3] = { identity->vendor, identity->product, version };
	unsigned first;
	size_t at = 7;

	if (length >= 2 && request[1] != MEI_IDENTIFICATION)
		return PDU_ILLEGAL_FUNCTION;
	if (length != 4 || request[2] < 1 || request[2] > 3)
		return PDU_ILLEGAL_VALUE;
	first = request[3] < 3 ? request[3] : 0;
	snprintf(version, sizeof(version), "V%02u.%03u", identity->os_version / 1000 % 100, identity->os_version % 1000);
	memcpy(response, request, 3);
	response[3] = CONFORMITY_BASIC;
	response[4] = 0;	/* no more follows: */
	response[5] = 0;	/* nothing to ask next */
	response[6] = (uint8_t)(3 - first);
	for (unsigned id = first; id < 3; id++)
		at = put_object(response, at, id, objects[id]);
	*used = at;
	return 0;
}

bool pdu_needs_image(const uint8_t *request, size_t length)
{
	return length && (request[0] == READ_HOLDING || request[0] == READ_INPUT);
}

enum pdu_result pdu_handle(const uint8_t *request, size_t length, bool broadcast,
			   const struct register_image *image, const struct identity *identity,
			   uint8_t response[PDU_MAX], size_t *response_length, struct pdu_write *write)
{
	bool writes = request[0] == WRITE_ONE || request[0] == WRITE_SEVERAL;
	int exception;

	assert(length >= 1 && length <= PDU_MAX);
	if (broadcast && !writes)
		return PDU_SILENT;
	write->function = request[0];
	write->broadcast = broadcast;
	switch (request[0]) {
	case READ_HOLDING:
	case READ_INPUT:
		exception = read_registers(request, length, image, response, response_length);
		break;
	case WRITE_ONE:
		exception = write_one(request, length, write);
		break;
	case WRITE_SEVERAL:
		exception = write_several(request, length, write);
		break;
	case REPORT_SERVER_ID:
		exception = report_server_id(request, length, identity, response, response_length);
		break;
	case ENCAPSULATED:
		exception = read_identification(request, length, identity, response, response_length);
		break;
	default:
		exception = PDU_ILLEGAL_FUNCTION;
		break;
	}
	if (writes && !exception)
		return PDU_WRITE;
	if (broadcast)
		return PDU_SILENT;
	if (exception)
		*response_length = exception_response(request[0], exception, response);
	return PDU_RESPONSE;
}

size_t pdu_write_response(const struct pdu_write *write, int exception, uint8_t response[PDU_MAX])
{
	if (exception)
		return exception_response(write->function, exception, response);
	response[0] = write->function;
	put16(response + 1, write->first - 1);
	put16(response + 3, write->function == WRITE_ONE ? write->values[0] : write->count);
	return 5;
}
