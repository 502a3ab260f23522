/* SPDX-License-Identifier: Apache-2.0 */
/* Which repeats of a fact reach the log. */
#include "notice_limit.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct notice_limit limit;
static unsigned held;

static void init(void)
{
    notice_limit_init(&limit);
    held = 99;
}

TestSuite(notice_limit, .init = init);

Test(notice_limit, a_fact_passes_once_a_minute_and_tells_its_repeats)
{
    cr_expect(notice_limit_passes(&limit, "connect to a:9092 failed after 3 ms", 1000, &held));
    cr_expect(held == 0);
    cr_expect(!notice_limit_passes(&limit, "connect to a:9092 failed after 17 ms", 1001, &held));
    cr_expect(!notice_limit_passes(&limit, "connect to a:9092 failed after 4 ms", 60999, &held));
    cr_expect(notice_limit_passes(&limit, "connect to a:9092 failed after 5 ms", 61000, &held));
    cr_expect(held == 2);
}

Test(notice_limit, another_fact_is_not_held_back)
{
    cr_expect(notice_limit_passes(&limit, "refused", 1, &held));
    cr_expect(notice_limit_passes(&limit, "not trusted", 1, &held));
}

Test(notice_limit, a_peer_that_always_says_something_new_is_bounded)
{
    int passed = 0;
    for (int i = 0; i < 1000; i++) {
        char text[] = "x__";
        text[1] = (char)('a' + i % 26);
        text[2] = (char)('a' + i / 26 % 26);
        passed += notice_limit_passes(&limit, text, 5, &held);
    }
    cr_expect(passed == NOTICE_PER_MINUTE);
    cr_expect(notice_limit_passes(&limit, "another minute", 5 + 60000, &held));
}
