/* SPDX-License-Identifier: Apache-2.0 */
/* Several receivers and their turns. */
#include "targets.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct targets t;
static struct fault fault;

static void parse(size_t count)
{
    static const char *const more[] = {"b:2", "[::1]"};
    cr_assert(targets_parse(&t, "a", &(struct setting_list){more, count - 1}, "601", &fault), "%s",
              fault.text);
    cr_assert_eq(t.count, count);
}

Test(targets, addresses_have_their_port_or_the_default_one)
{
    parse(3);
    cr_assert_str_eq(t.items[0].text, "a:601");
    cr_assert_str_eq(t.items[1].text, "b:2");
    cr_assert_str_eq(t.items[2].text, "[::1]:601");
    cr_assert_str_eq(targets_current(&t)->text, "a:601");
}

Test(targets, a_wrong_address_is_told_with_its_key)
{
    static const char *const wrong[] = {"b:99999"};
    cr_assert_not(targets_parse(&t, "a b", &(struct setting_list){wrong, 1}, "601", &fault));
    cr_assert(strncmp(fault.text, "address: `a b`", 14) == 0, "%s", fault.text);
    cr_assert_not(targets_parse(&t, "a", &(struct setting_list){wrong, 1}, "601", &fault));
    cr_assert_eq(fault.code, FAULT_CONFIG);
    cr_assert(strncmp(fault.text, "failover: the port of `b:99999`", 31) == 0, "%s", fault.text);
}

Test(targets, eight_are_taken_and_nine_are_a_mistake)
{
    const char *more[TARGETS_MAX];
    for (size_t i = 0; i < TARGETS_MAX; i++)
        more[i] = "b";
    cr_assert(targets_parse(&t, "a", &(struct setting_list){more, TARGETS_MAX - 1}, "601", &fault));
    cr_assert_not(targets_parse(&t, "a", &(struct setting_list){more, TARGETS_MAX}, "601", &fault));
    cr_assert(strncmp(fault.text, "failover: more than 7", 21) == 0, "%s", fault.text);
}

Test(targets, after_a_failure_the_next_one_is_tried_at_once)
{
    parse(3);
    for (size_t i = 0; i < 2; i++) {
        targets_fail(&t);
        cr_assert_eq(t.current, i + 1);
        cr_assert_eq(targets_left(&t), 0);
    }
}

Test(targets, a_round_without_success_is_followed_by_a_wait_and_the_first_one)
{
    parse(3);
    for (int round = 0, base = 1000; round < 8; round++) {
        for (int i = 0; i < 3; i++)
            targets_fail(&t);
        cr_assert_eq(t.current, 0);
        cr_assert(targets_left(&t) > 0);
        cr_assert_eq(t.backoff.base_ms, base, "round %d", round);
        base = base * 2 > 6000 ? 6000 : base * 2;
    }
    targets_prove(&t);
    cr_assert_eq(targets_left(&t), 0);
}

Test(targets, a_round_that_begins_in_the_middle_has_its_turn_of_all)
{
    parse(3);
    targets_go_to(&t, 1);
    targets_fail(&t);
    cr_assert_eq(t.current, 2);
    targets_fail(&t);
    cr_assert_eq(t.current, 0);
    cr_assert_eq(targets_left(&t), 0);
    targets_fail(&t);
    cr_assert(targets_left(&t) > 0);
}

Test(targets, one_that_was_lost_after_a_proof_is_tried_first_after_the_shortest_wait)
{
    parse(2);
    targets_fail(&t);
    targets_prove(&t);
    targets_lose(&t);
    cr_assert_eq(t.current, 1);
    cr_assert_eq(t.backoff.base_ms, 1000);
    targets_fail(&t);
    cr_assert_eq(t.current, 0, "then it is the turn of the others");
}

Test(targets, a_single_one_waits_after_each_failure)
{
    parse(1);
    targets_fail(&t);
    cr_assert_eq(t.current, 0);
    cr_assert(targets_left(&t) > 0);
}
