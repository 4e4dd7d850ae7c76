/*
 * Passwords against hashes: the truth is libcrypt's own crypt_r, asked directly.
 */
#include <check.h>
#include <crypt.h>
#include <errno.h>
#include <string.h>

#include "daemon/password.h"
#include "lib/check_main.h"

START_TEST(a_password_is_told_from_any_other)
{
	static struct crypt_data data;
	char word[6] = "48273", hash[NV_HASH_MAX];

	ck_assert_int_eq(password_hash(word, NULL, hash), 0);
	ck_assert_str_eq(crypt_r("48273", hash, &data), hash);
	ck_assert_int_eq(password_verify(word, hash), 0);
	for (int i = 0; i < 5; i++) {
		char other[6] = "48273";

		other[i] = other[i] == '9' ? '0' : (char)(other[i] + 1);
		ck_assert_int_eq(password_verify(other, hash), -EACCES);
	}
	ck_assert_int_eq(password_verify("4827", hash), -EACCES);
	ck_assert_int_eq(password_verify("", hash), -EACCES);
}
END_TEST

START_TEST(another_methods_hash_counts_too)
{
	static struct crypt_data data;
	const char *hash = crypt_r("00042", "$5$saltsalt$", &data);

	ck_assert_ptr_nonnull(hash);
	ck_assert_int_eq(password_verify("00042", hash), 0);
	ck_assert_int_eq(password_verify("00043", hash), -EACCES);
}
END_TEST

START_TEST(what_is_no_hash_lets_nobody_in_and_is_no_wrong_password)
{
	static const char *const broken[] = { "", "*", "*0", "00000", "$6", "$99$abc$def" };
	char longest[2 * NV_HASH_MAX];

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		int ret = password_verify("00000", broken[i]);

		ck_assert_msg(ret < 0 && (ret != -EACCES || *broken[i] != '*'), "%s: %d", broken[i], ret);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(password_verify("00000", longest), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("password");
	TCase *tcase = tcase_create("password");

	tcase_add_test(tcase, a_password_is_told_from_any_other);
	tcase_add_test(tcase, another_methods_hash_counts_too);
	tcase_add_test(tcase, what_is_no_hash_lets_nobody_in_and_is_no_wrong_password);
	suite_add_tcase(suite, tcase);
	return check_main_run(suite);
}
