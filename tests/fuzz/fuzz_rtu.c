/*
 * Any bytes in any pieces at any times.  Beside crashes: what comes out is a frame that stands in the
 * input, with a CRC that holds, for this station; and silence leaves nothing behind.
 *
 * Input: the station's address, echo or not, then pieces: length, pause in ms, bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modbus/rtu.h"

static const uint8_t *input;
static size_t input_length;
static uint8_t heard[4096];	/* without the pieces' heads */
static size_t heard_length;
static uint8_t address;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, const struct rtu_frame *frame)
{
	uint8_t whole[RTU_FRAME_MAX];
	uint16_t crc;

	(void)context;
	if (frame->length < 1 || frame->length > RTU_FRAME_MAX - 3 || frame->pdu[0] >= 0x80)
		abort();
	whole[0] = frame->broadcast ? 0 : address;
	memcpy(whole + 1, frame->pdu, frame->length);
	crc = rtu_crc(whole, frame->length + 1);
	whole[frame->length + 1] = (uint8_t)crc;
	whole[frame->length + 2] = (uint8_t)(crc >> 8);
	if (memmem(heard, heard_length, whole, frame->length + 3) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rtu rtu;
	struct rtu_config config = { .t35_ns = 2000000, .silence_ns = 20000000, .frame = take };
	int64_t now_ns = 1000000000;

	if (size < 2)
		return 0;
	address = config.address = (uint8_t)(1 + data[0] % 247);
	rtu_init(&rtu, &config);
	heard_length = 0;
	input = data + 2;
	input_length = size - 2;
	if (data[1] & 1 && input_length >= 8)
		rtu_expect_echo(&rtu, input, 8, now_ns + 10000000, now_ns + 100000000);
	while (input_length > 2) {
		size_t count = input[0];

		now_ns += input[1] % 32 * INT64_C(1000000);
		input += 2;
		input_length -= 2;
		if (count > input_length)
			count = input_length;
		if (heard_length + count > sizeof(heard))
			break;
		memcpy(heard + heard_length, input, count);
		heard_length += count;
		rtu_poll(&rtu, now_ns);
		rtu_receive(&rtu, input, count, now_ns);
		input += count;
		input_length -= count;
	}
	rtu_poll(&rtu, now_ns + 20000000);
	if (rtu_deadline_ns(&rtu) != INT64_MAX)
		abort();
	return 0;
}
