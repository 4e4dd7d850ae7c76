/*
 * require - what a test that runs through very many cases asserts each of them with: libcheck writes a mark for each of its own
 * assertions, which costs more than the cases do.
 */
#ifndef TESTS_LIB_REQUIRE_H
#define TESTS_LIB_REQUIRE_H

#include <check.h>

/* REQUIRE(condition, FORMAT, ...): where it does not hold, the test fails with that message. */
#define REQUIRE(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)

#endif
