#include "modbus/rtu_length.h"

/* A length that a byte count at data[at] completes. */
static int counted(const uint8_t *data, size_t available, size_t at, int rest)
{
	return available > at ? data[at] + rest : RTU_LENGTH_LATER;
}

int rtu_request_length(const uint8_t *data, size_t available)
{
	switch (data[1]) {
	case 0x01: case 0x02: case 0x03: case 0x04: case 0x05: case 0x06:
		return 8;
	case 0x07: case 0x0B: case 0x0C: case 0x11:
		return 4;
	case 0x0F: case 0x10:
		return counted(data, available, 6, 9);
	case 0x14: case 0x15:
		return counted(data, available, 2, 5);
	case 0x16:
		return 10;
	case 0x17:
		return counted(data, available, 10, 13);
	case 0x18:
		return 6;
	case 0x2B:
		if (available < 3)
			return RTU_LENGTH_LATER;
		return data[2] == 0x0E ? 7 : RTU_LENGTH_UNKNOWN;
	default:
		return RTU_LENGTH_UNKNOWN;
	}
}

/* Read device identification: address, function, MEI type, code, level, more, next, count, then id, length, text. */
static int identification_length(const uint8_t *data, size_t available)
{
	size_t at = 8;

	if (available < 3)
		return RTU_LENGTH_LATER;
	if (data[2] != 0x0E)
		return RTU_LENGTH_UNKNOWN;
	if (available < at)
		return RTU_LENGTH_LATER;
	for (unsigned i = 0; i < data[7]; i++) {
		if (at >= 256)
			break;
		if (available < at + 2)
			return RTU_LENGTH_LATER;
		at += 2 + (size_t)data[at + 1];
	}
	return (int)at + 2;
}

int rtu_reply_length(const uint8_t *data, size_t available)
{
	if (data[1] >= 0x80)
		return 5;
	switch (data[1]) {
	case 0x01: case 0x02: case 0x03: case 0x04: case 0x0C: case 0x11: case 0x14: case 0x15: case 0x17:
		return counted(data, available, 2, 5);
	case 0x05: case 0x06: case 0x0B: case 0x0F: case 0x10:
		return 8;
	case 0x07:
		return 5;
	case 0x16:
		return 10;
	case 0x18:
		return available < 4 ? RTU_LENGTH_LATER : (data[2] << 8 | data[3]) + 6;
	case 0x2B:
		return identification_length(data, available);
	default:
		return RTU_LENGTH_UNKNOWN;
	}
}

int rtu_reply_bytes(const uint8_t *request)
{
	unsigned quantity = (unsigned)request[4] << 8 | request[5];

	switch (request[1]) {
	case 0x01: case 0x02:
		return quantity && quantity <= 2000 ? (int)(quantity + 7) / 8 : -1;
	case 0x03: case 0x04: case 0x17:
		return quantity && quantity <= 125 ? (int)quantity * 2 : -1;
	default:
		return -1;
	}
}
