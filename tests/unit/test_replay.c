/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent again after a break: the last messages, whole, in order, within the bound. */
#include "outbox.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct replay replay;

static void teardown(void)
{
    replay_free(&replay);
}

TestSuite(replay, .fini = teardown);

static void keep_numbers(int from, int to)
{
    for (int i = from; i < to; i++) {
        char text[8];
        snprintf(text, sizeof text, "%04d", i);
        replay_keep(&replay, sv_from(text));
    }
}

static uint64_t next_number(void)
{
    uint64_t n;
    cr_assert(sv_to_u64(replay_next(&replay), &n));
    return n;
}

/* The next to be sent again are these and no more. */
static void expect_numbers(int from, int to)
{
    cr_assert_eq(replay_left(&replay), (size_t)(to - from));
    for (int i = from; i < to; i++) {
        cr_assert(replay_is_due(&replay));
        cr_assert_eq(next_number(), (uint64_t)i);
        cr_assert_eq(replay_next(&replay).n, 4);
        replay_pass(&replay);
    }
    cr_assert_not(replay_is_due(&replay));
}

Test(replay, nothing_is_due_before_a_break)
{
    cr_assert(replay_init(&replay, 1000));
    keep_numbers(0, 10);
    expect_numbers(0, 0);
    replay_rewind(&replay);
    expect_numbers(0, 10);
}

Test(replay, the_last_messages_stay_however_many_there_were)
{
    cr_assert(replay_init(&replay, 80)); /* ten of 4 bytes and their lengths */
    for (int i = 0; i < 1000; i++) {
        keep_numbers(i, i + 1);
        replay_rewind(&replay);
        expect_numbers(i < 10 ? 0 : i - 9, i + 1);
    }
}

Test(replay, a_second_break_repeats_all_of_it_again)
{
    cr_assert(replay_init(&replay, 80));
    keep_numbers(0, 12);
    replay_rewind(&replay);
    cr_assert_eq(next_number(), 2);
    replay_pass(&replay);
    replay_rewind(&replay);
    expect_numbers(2, 12);
    keep_numbers(12, 13);
    expect_numbers(0, 0);
}

Test(replay, what_is_pushed_out_while_it_is_due_is_not_sent)
{
    cr_assert(replay_init(&replay, 80));
    keep_numbers(0, 10);
    replay_rewind(&replay);
    keep_numbers(10, 13);
    expect_numbers(3, 13);
}

Test(replay, a_message_above_the_bound_leaves_nothing)
{
    cr_assert(replay_init(&replay, 20));
    keep_numbers(0, 2);
    replay_keep(&replay, SV("12345678901234567"));
    replay_rewind(&replay);
    expect_numbers(0, 0);
    replay_keep(&replay, SV("1234567890123456"));
    replay_rewind(&replay);
    cr_assert_eq(replay_left(&replay), 1);
}

Test(replay, without_a_bound_nothing_is_kept)
{
    cr_assert(replay_init(&replay, 0));
    keep_numbers(0, 3);
    replay_rewind(&replay);
    expect_numbers(0, 0);
}

/* ---- In the outbox ---- */

static struct sink_item abc[3] = {{.body = SV_INIT("a")}, {.body = SV_INIT("bb")}, {.body = SV_INIT("ccc")}};
static struct sink_batch batch = {.items = abc, .count = 3};

static void ignore_done(void *ctx, struct sink_batch *done)
{
    (void)ctx;
    (void)done;
}

static const struct sink_host host = {.done = ignore_done};

Test(replay, what_was_acknowledged_goes_out_again_before_what_was_not)
{
    struct outbox box;
    struct buf out;
    buf_init(&out, 1000);
    cr_assert(outbox_init(&box, &host, FRAMING_OCTET_COUNTING, 100));
    outbox_add(&box, &batch);
    outbox_fill(&box, &out, 1000, 0);
    outbox_settle(&box, 7); /* "1 a2 bb" */
    outbox_lose(&box);
    cr_assert_eq(abc[2].result, ITEM_RETRY);
    buf_reset(&out);
    struct sink_batch rest = {.items = abc + 2, .count = 1};
    outbox_add(&box, &rest);
    cr_assert(outbox_fill(&box, &out, 1000, 0));
    cr_assert(sv_eq(buf_sv(&out), SV("1 a2 bb3 ccc")), "%.*s", SV_ARG(buf_sv(&out)));
    cr_assert_not(outbox_settle(&box, 11), "the repeats prove nothing for it");
    cr_assert(outbox_settle(&box, 12));
    outbox_free(&box);
    buf_free(&out);
}

Test(replay, filling_stops_at_the_limit_also_among_repeats)
{
    struct outbox box;
    struct buf out;
    buf_init(&out, 1000);
    cr_assert(outbox_init(&box, &host, FRAMING_OCTET_COUNTING, 100));
    outbox_add(&box, &batch);
    outbox_fill(&box, &out, 1000, 0);
    outbox_settle(&box, 12);
    outbox_lose(&box);
    buf_reset(&out);
    outbox_fill(&box, &out, 4, 0);
    cr_assert(sv_eq(buf_sv(&out), SV("1 a2 bb")), "%.*s", SV_ARG(buf_sv(&out)));
    outbox_lose(&box);
    buf_reset(&out);
    outbox_fill(&box, &out, 1000, 0);
    cr_assert(sv_eq(buf_sv(&out), SV("1 a2 bb3 ccc")), "a second break begins again");
    outbox_free(&box);
    buf_free(&out);
}

Test(replay, an_orderly_end_repeats_nothing)
{
    struct outbox box;
    struct buf out;
    buf_init(&out, 1000);
    cr_assert(outbox_init(&box, &host, FRAMING_OCTET_COUNTING, 100));
    outbox_add(&box, &batch);
    outbox_fill(&box, &out, 1000, 0);
    outbox_settle(&box, 12);
    outbox_return(&box);
    buf_reset(&out);
    cr_assert_not(outbox_fill(&box, &out, 1000, 0));
    outbox_free(&box);
    buf_free(&out);
}

Test(replay, repeats_alone_want_a_connection_once_after_each_delivery)
{
    struct fault f;
    struct buf out;
    buf_init(&out, 1000);
    struct box *box = outbox_new(&host, FRAMING_OCTET_COUNTING, 100, &f);
    const struct box_ops *ops = box->ops;
    ops->add(box, &batch);
    ops->fill(box, &out, 1000, 0);
    ops->settle(box, 12);
    cr_assert_not(ops->wants_peer(box));
    ops->lose(box);
    cr_assert(ops->wants_peer(box), "three messages may be lost");
    ops->fill(box, &out, 1000, 0);
    cr_assert(ops->is_waiting(box));
    ops->lose(box);
    cr_assert(ops->wants_peer(box), "the repeats may be lost, too");
    buf_reset(&out);
    ops->fill(box, &out, 1000, 0);
    ops->settle(box, out.n);
    cr_assert_not(ops->is_waiting(box));
    ops->lose(box);
    cr_assert_not(ops->wants_peer(box), "nothing new was delivered in between");
    cr_assert_eq(ops->begin(box), 3, "but they go out before what is new");
    ops->give_back(box);
    ops->free(box);
    buf_free(&out);
}
