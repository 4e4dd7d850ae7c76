#include "daemon/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD "$6$"	/* SHA-512 with a salt: every libcrypt has it */

bool password_legal(const char *word)
{
	return strlen(word) == 5 && strspn(word, "0123456789") == 5;
}

int password_hash(const char *word, const char *setting, char hash[NV_HASH_MAX])
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char salt[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *result;
	int ret = 0;

	if (!data)
		return -ENOMEM;
	if (!setting || !*setting)
		setting = crypt_gensalt_rn(METHOD, 0, NULL, 0, salt, sizeof(salt));
	result = setting ? crypt_rn(word, setting, data, sizeof(*data)) : NULL;
	if (!result)
		ret = -errno;
	else if ((size_t)snprintf(hash, NV_HASH_MAX, "%s", result) >= NV_HASH_MAX)
		ret = -ENAMETOOLONG;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return ret;
}

/* In a time that does not tell how much of the two is the same. */
static bool same(const char a[NV_HASH_MAX], const char b[NV_HASH_MAX])
{
	volatile unsigned char differ = 0;

	for (int i = 0; i < NV_HASH_MAX; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

int password_verify(const char *word, const char *hash)
{
	char kept[NV_HASH_MAX] = "", made[NV_HASH_MAX] = "";
	int ret;

	if (!*hash || (size_t)snprintf(kept, sizeof(kept), "%s", hash) >= sizeof(kept))
		return -EINVAL;
	ret = password_hash(word, kept, made);
	if (!ret && !same(kept, made))
		ret = -EACCES;
	explicit_bzero(made, sizeof(made));
	explicit_bzero(kept, sizeof(kept));
	return ret;
}
