/* SPDX-License-Identifier: Apache-2.0 */
/* Lent batches from frames to proof, without a socket. */
#include "outbox.h"

#include <criterion/criterion.h>

static struct outbox box;
static struct buf out;
static struct sink_batch *back[16];
static size_t back_count;

static void on_done(void *ctx, struct sink_batch *batch)
{
    (void)ctx;
    back[back_count++] = batch;
}

static const struct sink_host host = {.done = on_done};

static void setup(void)
{
    cr_assert(outbox_init(&box, &host, FRAMING_OCTET_COUNTING, 0));
    buf_init(&out, 4 << 20);
}

static void teardown(void)
{
    outbox_free(&box);
    buf_free(&out);
}

TestSuite(outbox, .init = setup, .fini = teardown);

static struct sink_item abc[3] = {{.body = SV_INIT("a")}, {.body = SV_INIT("bb")}, {.body = SV_INIT("ccc")}};
static struct sink_batch batch = {.items = abc, .count = 3};

Test(outbox, octet_counting_counts_octets)
{
    struct sink_item item = {.body = SV("gr\303\274n\nblau")};
    struct sink_batch one = {.items = &item, .count = 1};
    outbox_add(&box, &one);
    outbox_add(&box, &batch);
    cr_assert(outbox_fill(&box, &out, 1000, 0));
    cr_assert(sv_eq(buf_sv(&out), SV("10 gr\303\274n\nblau1 a2 bb3 ccc")), "%.*s", SV_ARG(buf_sv(&out)));
    outbox_return(&box);
}

Test(outbox, in_lines_no_message_holds_a_line_break_or_nul)
{
    struct sink_item item = {.body = SV("a\r\nb\0c")};
    struct sink_batch one = {.items = &item, .count = 1};
    box.framing = FRAMING_LF;
    outbox_add(&box, &one);
    outbox_fill(&box, &out, 1000, 0);
    cr_assert(sv_eq(buf_sv(&out), SV("a  b c\n")));
    outbox_return(&box);
}

Test(outbox, a_frame_is_delivered_with_its_last_byte_and_not_before)
{
    outbox_add(&box, &batch);
    outbox_fill(&box, &out, 1000, 100);
    /* "1 a" ends at 103, "2 bb" at 107, "3 ccc" at 112 */
    cr_assert_not(outbox_settle(&box, 102));
    cr_assert_eq(abc[0].result, ITEM_PENDING);
    cr_assert(outbox_settle(&box, 103));
    cr_assert_eq(abc[0].result, ITEM_DELIVERED);
    cr_assert(outbox_settle(&box, 111));
    cr_assert_eq(abc[1].result, ITEM_DELIVERED);
    cr_assert_eq(abc[2].result, ITEM_PENDING);
    cr_assert_eq(back_count, 0);
    cr_assert(outbox_is_waiting(&box));
    outbox_settle(&box, 112);
    cr_assert_eq(abc[2].result, ITEM_DELIVERED);
    cr_assert_eq(back_count, 1);
    cr_assert(outbox_is_empty(&box));
}

Test(outbox, after_a_break_only_what_was_not_settled_is_to_be_retried)
{
    struct sink_item more = {.body = SV("later")};
    struct sink_batch second = {.items = &more, .count = 1};
    outbox_add(&box, &batch);
    outbox_add(&box, &second);
    outbox_fill(&box, &out, 4, 0);
    outbox_settle(&box, 3);
    outbox_return(&box);
    cr_assert_eq(abc[0].result, ITEM_DELIVERED);
    cr_assert_eq(abc[1].result, ITEM_RETRY);
    cr_assert_eq(abc[2].result, ITEM_RETRY);
    cr_assert_eq(more.result, ITEM_RETRY);
    cr_assert_eq(back_count, 2);
    cr_assert(back[0] == &batch && back[1] == &second);
}

Test(outbox, filling_stops_at_the_limit_and_goes_on_where_it_stopped)
{
    outbox_add(&box, &batch);
    cr_assert(outbox_fill(&box, &out, 3, 0));
    cr_assert(sv_eq(buf_sv(&out), SV("1 a")));
    cr_assert_not(outbox_fill(&box, &out, 3, 0), "the limit is reached already");
    buf_reset(&out);
    cr_assert(outbox_fill(&box, &out, 1000, 3));
    cr_assert(sv_eq(buf_sv(&out), SV("2 bb3 ccc")));
    outbox_settle(&box, 12);
    cr_assert_eq(back_count, 1);
}

Test(outbox, sealed_frames_are_delivered_only_with_the_whole_seal)
{
    outbox_add(&box, &batch);
    outbox_fill(&box, &out, 1000, 0);
    outbox_seal(&box, 500);
    cr_assert_not(outbox_settle(&box, 499));
    cr_assert(outbox_settle(&box, 500));
    cr_assert_eq(back_count, 1);
}

Test(outbox, an_empty_message_is_rejected_and_the_rest_goes_on)
{
    struct sink_item items[] = {{.body = SV("x")}, {.body = SV("")}, {.body = SV("y")}};
    struct sink_batch three = {.items = items, .count = 3};
    outbox_add(&box, &three);
    outbox_fill(&box, &out, 1000, 0);
    cr_assert(sv_eq(buf_sv(&out), SV("1 x1 y")));
    outbox_settle(&box, 6);
    cr_assert_eq(items[0].result, ITEM_DELIVERED);
    cr_assert_eq(items[1].result, ITEM_REJECTED);
    cr_assert(items[1].reason);
    cr_assert_eq(items[2].result, ITEM_DELIVERED);
    cr_assert_eq(back_count, 1);
}

Test(outbox, the_longest_message_goes_and_one_byte_more_does_not)
{
    static char bytes[OUTBOX_MESSAGE_MAX + 1];
    struct sink_item items[] = {{.body = sv_make(bytes, OUTBOX_MESSAGE_MAX)},
                                {.body = sv_make(bytes, OUTBOX_MESSAGE_MAX + 1)}};
    struct sink_batch two = {.items = items, .count = 2};
    outbox_add(&box, &two);
    outbox_fill(&box, &out, 2 << 20, 0);
    cr_assert_eq(out.n, 8 + OUTBOX_MESSAGE_MAX);
    outbox_settle(&box, out.n);
    cr_assert_eq(items[0].result, ITEM_DELIVERED);
    cr_assert_eq(items[1].result, ITEM_REJECTED);
}

Test(outbox, a_full_box_takes_nothing)
{
    static struct sink_batch batches[OUTBOX_BATCHES_MAX + 1];
    for (size_t i = 0; i < OUTBOX_BATCHES_MAX; i++)
        cr_assert(outbox_add(&box, &batches[i]));
    cr_assert_not(outbox_add(&box, &batches[OUTBOX_BATCHES_MAX]));
    outbox_settle(&box, 0);
    cr_assert_eq(back_count, OUTBOX_BATCHES_MAX, "batches without items are finished");
}

Test(outbox, without_room_for_a_frame_nothing_half_goes_out)
{
    buf_free(&out);
    buf_init(&out, 5);
    outbox_add(&box, &batch);
    cr_assert(outbox_fill(&box, &out, 1000, 0));
    cr_assert(sv_eq(buf_sv(&out), SV("1 a")));
    buf_reset(&out);
    outbox_fill(&box, &out, 4, 3);
    cr_assert(sv_eq(buf_sv(&out), SV("2 bb")));
}
