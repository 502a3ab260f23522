/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of Criterion the unit tests use, for builds where Criterion is not to be had: the same test files
 * compile with either. Each test has a process of its own, and one that crashes is one that failed. Of its
 * options
 * --tap=FILE is known, and a word without dashes runs only the tests whose "suite::name" contains it.
 */
#ifndef MAPITAIL_TEST_CRITERION_H
#define MAPITAIL_TEST_CRITERION_H

/* As the real one is: a system's header, so that its macros may be called without the text. */
#pragma GCC system_header

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct criterion_options {
    void (*init)(void);
    void (*fini)(void);
    bool disabled;
    double timeout; /* meson's serves */
    const char *description;
};

/* A test; without run, the options of a suite. */
struct criterion_test {
    const char *suite, *name;
    void (*run)(void);
    struct criterion_options options;
    struct criterion_test *next;
};

void criterion_register(struct criterion_test *test);

/* A fatal one does not return. */
__attribute__((format(__printf__, 5, 6))) void criterion_failed(bool fatal, const char *file, int line,
                                                                const char *claim, const char *format, ...);
__attribute__((format(__printf__, 1, 2))) void criterion_note(const char *format, ...);
_Noreturn void criterion_skip(const char *why);

#define CRITERION_REGISTER(id, suite_name, test_name, function, ...)                                         \
    static struct criterion_test id = {suite_name, test_name, function, {__VA_ARGS__}, NULL};                \
    __attribute__((constructor)) static void id##_register(void)                                             \
    {                                                                                                        \
        criterion_register(&id);                                                                             \
    }

#define Test(suite, name, ...)                                                                               \
    static void criterion_run_##suite##_##name(void);                                                        \
    CRITERION_REGISTER(criterion_test_##suite##_##name, #suite, #name, criterion_run_##suite##_##name,       \
                       __VA_ARGS__)                                                                          \
    static void criterion_run_##suite##_##name(void)

#define TestSuite(suite, ...)                                                                                \
    CRITERION_REGISTER(criterion_suite_##suite, #suite, "", NULL, __VA_ARGS__)                               \
    extern int criterion_end_##suite

/* A blank before the text, so that it is a format even when there is none. */
#define CRITERION_CHECK(fatal, condition, claim, ...)                                                        \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            criterion_failed(fatal, __FILE__, __LINE__, claim, " " __VA_ARGS__);                             \
    } while (0)

#define cr_log_info criterion_note
#define cr_log_warn criterion_note
#define cr_log_error criterion_note
#define cr_skip(why) criterion_skip(why)
#define cr_skip_test(why) criterion_skip(why)
#define cr_assert_fail(...) criterion_failed(true, __FILE__, __LINE__, "not to be reached", " " __VA_ARGS__)

#define cr_assert(c, ...) CRITERION_CHECK(true, c, #c, __VA_ARGS__)
#define cr_assert_not(c, ...) CRITERION_CHECK(true, !(c), "not " #c, __VA_ARGS__)
#define cr_assert_null(p, ...) CRITERION_CHECK(true, (p) == NULL, #p " is NULL", __VA_ARGS__)
#define cr_assert_not_null(p, ...) CRITERION_CHECK(true, (p) != NULL, #p " is not NULL", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) CRITERION_CHECK(true, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) CRITERION_CHECK(true, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) CRITERION_CHECK(true, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) CRITERION_CHECK(true, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) CRITERION_CHECK(true, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) CRITERION_CHECK(true, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) CRITERION_CHECK(true, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...) CRITERION_CHECK(true, strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) CRITERION_CHECK(true, memcmp(a, b, n) == 0, #a " is " #b, __VA_ARGS__)

#define cr_expect(c, ...) CRITERION_CHECK(false, c, #c, __VA_ARGS__)
#define cr_expect_not(c, ...) CRITERION_CHECK(false, !(c), "not " #c, __VA_ARGS__)
#define cr_expect_null(p, ...) CRITERION_CHECK(false, (p) == NULL, #p " is NULL", __VA_ARGS__)
#define cr_expect_not_null(p, ...) CRITERION_CHECK(false, (p) != NULL, #p " is not NULL", __VA_ARGS__)
#define cr_expect_eq(a, b, ...) CRITERION_CHECK(false, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) CRITERION_CHECK(false, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) CRITERION_CHECK(false, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) CRITERION_CHECK(false, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) CRITERION_CHECK(false, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) CRITERION_CHECK(false, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...) CRITERION_CHECK(false, strcmp(a, b) == 0, #a " is " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...) CRITERION_CHECK(false, memcmp(a, b, n) == 0, #a " is " #b, __VA_ARGS__)

#endif
