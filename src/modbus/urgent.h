/*
 * urgent - a thread that must run soon when it is woken, and then only briefly.
 */
#ifndef MODBUS_URGENT_H
#define MODBUS_URGENT_H

/*
 * Asks the scheduler for short slices for the calling thread (and what it starts): since Linux 6.12 it is then chosen
 * sooner after a wakeup, at no cost to its share.  Needs no privilege; older kernels take no notice.
 */
void urgent_thread(void);

#endif
