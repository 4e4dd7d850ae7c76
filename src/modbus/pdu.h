/*
 * pdu - Modbus requests to responses (Modbus application protocol V1.1b3).  Pure.
 */
#ifndef MODBUS_PDU_H
#define MODBUS_PDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registers/registers.h"

#define PDU_MAX 253

/* Exception codes (V1.1b3, section 7). */
enum {
	PDU_ILLEGAL_FUNCTION = 1,
	PDU_ILLEGAL_ADDRESS = 2,
	PDU_ILLEGAL_VALUE = 3,
	PDU_DEVICE_BUSY = 6
};

/* The identity group of the configuration, and what 0x11 and 0x2B say. */
struct identity {
	char vendor[64], product[64];	/* 0x2B objects 0 and 1 */
	char id_string[200];		/* 0x11 */
	unsigned os_version;		/* 7001; object 2 is "V%02u.%03u" of it / 1000, % 1000; 0..65535 */
	char rs_version[32], model[64], serial[64];
};

void identity_defaults(struct identity *identity);

/* A write whose addresses are legal: to be checked and applied by the meter. */
struct pdu_write {
	uint8_t function;	/* 0x06, 0x10 */
	bool broadcast;		/* nobody is answered */
	unsigned first, count;	/* registers */
	uint16_t values[REGISTERS_WRITE_MAX];
};

enum pdu_result {
	PDU_RESPONSE,		/* *response is ready */
	PDU_WRITE,		/* *write waits for the meter; finish with pdu_write_response() */
	PDU_SILENT		/* nothing to send (a broadcast that is not a write, or not a legal one) */
};

/*
 * Answers a request PDU (function code and data, without address and CRC, 1..PDU_MAX bytes).
 * Order of checks: function, quantity (and length), address, value.
 */
enum pdu_result pdu_handle(const uint8_t *request, size_t length, bool broadcast,
			   const struct register_image *image, const struct identity *identity,
			   uint8_t response[PDU_MAX], size_t *response_length, struct pdu_write *write);

/* Is the function one that reads registers, that is, needs the image? */
bool pdu_needs_image(const uint8_t *request, size_t length);

/* The response to an applied write; `exception` as the meter gave it (0 = done).  Returns its length. */
size_t pdu_write_response(const struct pdu_write *write, int exception, uint8_t response[PDU_MAX]);

#endif
