/*
 * kick - waking who polls an eventfd (EFD_NONBLOCK).  Any thread; nothing blocks.
 */
#ifndef DAEMON_KICK_H
#define DAEMON_KICK_H

/* It becomes readable; kicks that nobody has taken are one. */
void kick_give(int fd);

/* It is readable no longer, until the next kick. */
void kick_take(int fd);

#endif
