/*
 * Any request.  Beside crashes: a response fits, and is the request's function or its exception 01, 02
 * or 03; a write stays within its bounds; a broadcast gets no response.
 *
 * Input: broadcast or not, then the request.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modbus/pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_write(const struct pdu_write *write)
{
	uint8_t response[PDU_MAX];

	if (write->count < 1 || write->count > REGISTERS_WRITE_MAX || write->first < 1 ||
	    registers_check_address(write->first, write->count) != REGISTERS_OK)
		abort();
	if (pdu_write_response(write, 0, response) != 5 || pdu_write_response(write, 3, response) != 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct register_image image;
	static struct pdu_write write;
	struct identity identity;
	uint8_t request[PDU_MAX], response[PDU_MAX];
	size_t length = size - 1, used = 0;
	bool broadcast;

	if (size < 2 || length > PDU_MAX)
		return 0;
	identity_defaults(&identity);
	broadcast = data[0] & 1;
	memcpy(request, data + 1, length);
	switch (pdu_handle(request, length, broadcast, &image, &identity, response, &used, &write)) {
	case PDU_RESPONSE:
		if (broadcast || used < 2 || used > PDU_MAX || (response[0] & 0x7F) != (request[0] & 0x7F))
			abort();
		if (response[0] >= 0x80 && (used != 2 || response[1] < 1 || response[1] > 3))
			abort();
		break;
	case PDU_WRITE:
		check_write(&write);
		break;
	case PDU_SILENT:
		if (!broadcast)
			abort();
		break;
	}
	return 0;
}
