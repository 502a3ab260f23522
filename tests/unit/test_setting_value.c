/* SPDX-License-Identifier: Apache-2.0 */
/* Values of settings to numbers, and back to what the documentation says of them; and the nearest word. */
#include "setting_value.h"
#include "suggest.h"

#include <criterion/criterion.h>

static const char *const modes[] = {"fast", "safe", NULL};
static struct buf out;

static void teardown(void)
{
    buf_free(&out);
}

TestSuite(setting_value, .fini = teardown);

static const char *written(enum setting_type type, int64_t value)
{
    buf_free(&out);
    buf_init(&out, 1000);
    setting_value_write(&out, type, value);
    buf_putc(&out, '\0');
    return buf_sv(&out).p;
}

static const char *facts(const struct setting *s)
{
    buf_free(&out);
    buf_init(&out, 1000);
    setting_facts(&out, s);
    buf_putc(&out, '\0');
    return buf_sv(&out).p;
}

Test(setting_value, numbers_are_written_in_their_largest_whole_unit)
{
    cr_assert_str_eq(written(SETTING_DURATION, 1), "1ms");
    cr_assert_str_eq(written(SETTING_DURATION, 90000), "90s");
    cr_assert_str_eq(written(SETTING_DURATION, 7200000), "2h");
    cr_assert_str_eq(written(SETTING_DURATION, 604800000), "7d");
    cr_assert_str_eq(written(SETTING_DURATION, 0), "0");
    cr_assert_str_eq(written(SETTING_SIZE, 480), "480");
    cr_assert_str_eq(written(SETTING_SIZE, 10 << 20), "10MiB");
    cr_assert_str_eq(written(SETTING_SIZE, 1 << 30), "1GiB");
    cr_assert_str_eq(written(SETTING_INT, 86400000), "86400000");
}

Test(setting_value, what_is_written_is_read_again)
{
    static const int64_t values[] = {0, 1, 999, 1000, 1024, 60000, 65536, 86400000, INT64_C(1) << 40};
    char why[160];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (int type = SETTING_INT; type <= SETTING_SIZE; type++) {
            struct setting s = {.key = "k", .type = (enum setting_type)type};
            int64_t value = -1;
            cr_assert_null(setting_value_read(&s, written(s.type, values[i]), &value, why));
            cr_expect_eq(value, values[i]);
        }
}

Test(setting_value, a_wrong_value_leaves_the_field_alone)
{
    struct setting s = {.key = "k", .type = SETTING_INT, .min = 1, .max = 9};
    char why[160];
    int64_t value = 5;
    cr_assert(setting_value_read(&s, "10", &value, why));
    cr_assert(setting_value_read(&s, "x", &value, why));
    cr_assert(setting_value_read(&s, "", &value, why));
    cr_assert_eq(value, 5);
}

Test(setting_value, facts_tell_type_range_choices_and_default)
{
    struct setting s = {.key = "k", .type = SETTING_DURATION, .fallback = "30s", .min = 1000, .max = 3600000};
    cr_assert_str_eq(facts(&s), "A time from 1s to 1h. Default: 30s.");
    s = (struct setting){.key = "k", .type = SETTING_CHOICE, .fallback = "safe", .choices = modes};
    cr_assert_str_eq(facts(&s), "One of: fast, safe. Default: safe.");
    s = (struct setting){.key = "k", .type = SETTING_INT};
    cr_assert_str_eq(facts(&s), "A whole number. Optional.");
    s = (struct setting){.key = "k", .type = SETTING_STRING, .required = true};
    cr_assert_str_eq(facts(&s), "Text. Required.");
}

static const char *nearest(const char *word)
{
    static const char *const known[] = {"name", "paths", "sync_interval", "id", "facility", NULL};
    struct suggestion s = {0};
    for (size_t i = 0; known[i]; i++)
        suggest(&s, word, known[i]);
    return s.word;
}

Test(setting_value, a_slip_is_near_and_another_word_is_not)
{
    cr_assert_str_eq(nearest("nmae"), "name");
    cr_assert_str_eq(nearest("Name"), "name");
    cr_assert_str_eq(nearest("path"), "paths");
    cr_assert_str_eq(nearest("sync-intervall"), "sync_interval");
    cr_assert_str_eq(nearest("faciltiy"), "facility");
    cr_assert_null(nearest("topic"));
    cr_assert_null(nearest("x"));
    cr_assert_null(nearest(""));
    cr_assert_null(nearest("a_word_that_is_much_longer_than_any_key_may_ever_be_here"));
}
