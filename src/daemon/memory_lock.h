/*
 * memory_lock - keeps what the process uses in memory: no sample waits for a page that was swapped out.
 */
#ifndef DAEMON_MEMORY_LOCK_H
#define DAEMON_MEMORY_LOCK_H

/*
 * Locks every page from its first use on, now and in future.  Only without a limit (RLIMIT_MEMLOCK), which is lifted where that is allowed:
 * under one, later allocations would fail.  Where not, that is logged, once.  Ahead of the threads.
 */
void memory_lock(void);

#endif
