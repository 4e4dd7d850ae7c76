/*
 * rtu_length - how long a Modbus RTU frame is, by its function code (application protocol V1.1b3, section 6).  Pure.
 */
#ifndef MODBUS_RTU_LENGTH_H
#define MODBUS_RTU_LENGTH_H

#include <stddef.h>
#include <stdint.h>

enum {
	RTU_LENGTH_UNKNOWN = -1,	/* the function code does not tell */
	RTU_LENGTH_LATER = 0		/* a byte that tells has not come yet */
};

/*
 * Length in bytes, address and CRC included, of the request or reply of which data[0..available) have
 * come (available >= 2).  May exceed what a frame can be: then it is none.
 */
int rtu_request_length(const uint8_t *data, size_t available);
int rtu_reply_length(const uint8_t *data, size_t available);

/* The byte count that the reply to a whole request must carry in its third byte, -1 = it does not tell. */
int rtu_reply_bytes(const uint8_t *request);

#endif
