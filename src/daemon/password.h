/*
 * password - the panel's passwords as crypt(5) hashes.  libcrypt's only owner.  Any thread.
 */
#ifndef DAEMON_PASSWORD_H
#define DAEMON_PASSWORD_H

#include <stdbool.h>

#include "store/nv.h"

/* Five digits? */
bool password_legal(const char *word);

/*
 * The hash of a word: salted anew, or, with `setting` (a hash), with that one's salt, so that equal words give equal hashes.
 * 0, or -errno.
 */
int password_hash(const char *word, const char *setting, char hash[NV_HASH_MAX]);

/* Is it the word of that hash?  Compared in constant time.  0, -EACCES when it is not, or another -errno when that cannot be told. */
int password_verify(const char *word, const char *hash);

#endif
