/*
 * crc32 - the checksum of IEEE 802.3 (polynomial 0x04C11DB7, reflected).  Pure.
 */
#ifndef STORE_CRC32_H
#define STORE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of `size` bytes after those that gave `crc`; 0 at the beginning. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

#endif
