/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: only the end of the closed prefix is ever safe. */
#include "ledger.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct ledger ledger;
static const struct position start = {.offset = 100};

static void setup(void)
{
    ledger_init(&ledger, &start);
}

static void teardown(void)
{
    ledger_free(&ledger);
}

TestSuite(ledger, .init = setup, .fini = teardown);

static uint64_t open_at(uint64_t end)
{
    uint64_t token;
    cr_assert(ledger_open(&ledger, &(struct position){.offset = end}, &token));
    return token;
}

Test(ledger, nothing_read_leaves_the_start_safe)
{
    cr_assert_eq(ledger.safe.offset, 100);
    cr_assert_eq(ledger_pending(&ledger), 0);
}

Test(ledger, an_open_record_holds_back_all_that_closed_after_it)
{
    uint64_t a = open_at(200), b = open_at(300), c = open_at(400);
    ledger_close(&ledger, c);
    ledger_close(&ledger, b);
    cr_assert_eq(ledger.safe.offset, 100);
    ledger_close(&ledger, a);
    cr_assert_eq(ledger.safe.offset, 400);
    cr_assert_eq(ledger_pending(&ledger), 0);
}

Test(ledger, passed_bytes_are_safe_at_once_when_nothing_is_open)
{
    ledger_pass(&ledger, &(struct position){.offset = 5000});
    cr_assert_eq(ledger.safe.offset, 5000);
}

Test(ledger, passed_bytes_wait_for_the_record_before_them)
{
    uint64_t a = open_at(200);
    ledger_pass(&ledger, &(struct position){.offset = 5000});
    cr_assert_eq(ledger.safe.offset, 100);
    ledger_close(&ledger, a);
    cr_assert_eq(ledger.safe.offset, 5000);
}

/* The model: a plain array of what is open, searched from the front after every step. */
enum { STEPS = 20000 };
static bool closed[STEPS];
static uint64_t ends[STEPS];

static uint64_t model_safe(uint64_t opened)
{
    uint64_t safe = start.offset;
    for (uint64_t i = 0; i < opened && closed[i]; i++)
        safe = ends[i];
    return safe;
}

Test(ledger, random_operations_agree_with_a_plain_model)
{
    uint64_t opened = 0, oldest = 0, end = start.offset;
    srand(7);
    for (int step = 0; step < STEPS; step++) {
        if (opened == oldest || (rand() % 2 && opened - oldest < 300)) {
            end += 1 + (uint64_t)(rand() % 50);
            ends[opened] = end;
            cr_assert_eq(open_at(end), opened);
            opened++;
        } else {
            uint64_t pick = oldest + (uint64_t)rand() % (opened - oldest);
            while (closed[pick])
                pick = pick + 1 == opened ? oldest : pick + 1;
            closed[pick] = true;
            ledger_close(&ledger, pick);
            while (oldest < opened && closed[oldest])
                oldest++;
        }
        if (step % 97 == 0)
            cr_assert_eq(ledger.safe.offset, model_safe(opened));
        cr_assert_eq(ledger_pending(&ledger), opened - oldest);
    }
    cr_assert_eq(ledger.safe.offset, model_safe(opened));
}
