/* SPDX-License-Identifier: Apache-2.0 */
/* Records under way and their copies: no copy is settled before its record. */
#include "twins.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct twins *twins;
static struct ledger ledger;
static struct source_counts counts;

static void setup(void)
{
    twins = twins_new(UINT64_C(0x9e3779b97f4a7c15));
    cr_assert(twins);
    ledger_init(&ledger, &(struct position){0});
}

static void teardown(void)
{
    twins_free(twins);
    ledger_free(&ledger);
}

TestSuite(twins, .init = setup, .fini = teardown);

static const uint8_t *id_of(unsigned number)
{
    static uint8_t id[ID_BYTES];
    memset(id, 0, sizeof id);
    memcpy(id, &number, sizeof number);
    return id;
}

static void wait_for(unsigned number)
{
    uint64_t token;
    cr_assert(ledger_open(&ledger, &(struct position){.offset = ledger.next + 1}, &token));
    counts.in_flight++;
    twins_wait(twins, id_of(number), &ledger, token, &counts);
}

Test(twins, an_id_is_unknown_then_in_flight_then_settled_then_forgotten)
{
    cr_assert_eq(twins_state(twins, id_of(1)), TWIN_UNKNOWN);
    twins_begin(twins, id_of(1));
    cr_assert_eq(twins_state(twins, id_of(1)), TWIN_IN_FLIGHT);
    cr_assert_eq(twins_settle(twins, id_of(1)), 0);
    cr_assert_eq(twins_state(twins, id_of(1)), TWIN_SETTLED);
    cr_assert_eq(twins_under_way(twins), 1);
    twins_forget(twins, id_of(1));
    cr_assert_eq(twins_state(twins, id_of(1)), TWIN_UNKNOWN);
    cr_assert_eq(twins_under_way(twins), 0);
}

Test(twins, what_is_in_flight_cannot_be_forgotten)
{
    twins_begin(twins, id_of(1));
    twins_forget(twins, id_of(1));
    cr_assert_eq(twins_state(twins, id_of(1)), TWIN_IN_FLIGHT);
}

Test(twins, copies_hold_their_position_until_the_record_is_settled)
{
    twins_begin(twins, id_of(1));
    twins_begin(twins, id_of(2));
    wait_for(1);
    wait_for(2);
    wait_for(1);
    cr_assert_eq(ledger.safe.offset, 0);
    cr_assert_eq(twins_settle(twins, id_of(2)), 1);
    cr_assert_eq(ledger.safe.offset, 0);
    cr_assert_eq(twins_settle(twins, id_of(1)), 2);
    cr_assert_eq(ledger.safe.offset, 3);
}

Test(twins, room_for_copies_is_bounded_and_comes_back)
{
    twins_begin(twins, id_of(1));
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < TWINS_WAITING_MAX; i++) {
            cr_assert_not(twins_are_full(twins));
            wait_for(1);
        }
        cr_assert(twins_are_full(twins));
        cr_assert_eq(twins_settle(twins, id_of(1)), TWINS_WAITING_MAX);
        cr_assert_not(twins_are_full(twins));
        cr_assert_eq(ledger_pending(&ledger), 0);
        twins_forget(twins, id_of(1));
        twins_begin(twins, id_of(1));
    }
}

Test(twins, random_operations_agree_with_a_plain_list)
{
    enum { IDS = 12000, STEPS = 200000 };
    static enum twin_state states[IDS];
    size_t under_way = 0;
    srand(5);
    for (int step = 0; step < STEPS; step++) {
        unsigned i = (unsigned)rand() % IDS;
        if (states[i] == TWIN_UNKNOWN && under_way < TWINS_UNDER_WAY_MAX) {
            twins_begin(twins, id_of(i));
            states[i] = TWIN_IN_FLIGHT;
            under_way++;
        } else if (states[i] == TWIN_IN_FLIGHT) {
            cr_assert_eq(twins_settle(twins, id_of(i)), 0);
            states[i] = TWIN_SETTLED;
        } else if (states[i] == TWIN_SETTLED) {
            twins_forget(twins, id_of(i));
            states[i] = TWIN_UNKNOWN;
            under_way--;
        }
        unsigned other = (unsigned)rand() % IDS;
        cr_assert_eq(twins_state(twins, id_of(other)), states[other]);
        cr_assert_eq(twins_under_way(twins), under_way);
    }
}
