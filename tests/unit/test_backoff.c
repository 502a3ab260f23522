/* SPDX-License-Identifier: Apache-2.0 */
/* Waits between attempts. */
#include "backoff.h"

#include <criterion/criterion.h>

Test(backoff, nothing_is_waited_for_before_a_failure_and_after_a_success)
{
    struct backoff b = {0};
    cr_assert_eq(backoff_left(&b), 0);
    backoff_fail(&b);
    cr_assert_gt(backoff_left(&b), 0);
    backoff_reset(&b);
    cr_assert_eq(backoff_left(&b), 0);
}

Test(backoff, waits_double_from_one_second_and_never_reach_ten)
{
    struct backoff b = {0};
    static const int bases_ms[] = {1000, 2000, 4000, 6000, 6000, 6000};
    for (size_t i = 0; i < sizeof bases_ms / sizeof *bases_ms; i++) {
        backoff_fail(&b);
        cr_assert_eq(b.base_ms, bases_ms[i]);
        cr_assert_leq(backoff_left(&b), bases_ms[i] + bases_ms[i] / 2);
    }
}

Test(backoff, the_longest_waits_of_many_agents_differ)
{
    enum { AGENTS = 100 };
    int least = INT32_MAX, most = 0;
    for (int i = 0; i < AGENTS; i++) {
        struct backoff b = {0};
        for (int k = 0; k < 10; k++)
            backoff_fail(&b);
        int left = backoff_left(&b);
        least = left < least ? left : least;
        most = left > most ? left : most;
    }
    cr_assert_gt(most - least, 1000, "from %d to %d ms", least, most);
}
