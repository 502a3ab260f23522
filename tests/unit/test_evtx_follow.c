/* SPDX-License-Identifier: Apache-2.0 */
/* The .evtx parser on logs that are written to while it reads them. */
#include "../support/evtx_reading.h"

#include <criterion/criterion.h>

enum { CHUNK = 65536, HEADER = 4096 };

static struct reading first, second;

TestSuite(evtx_follow, .init = reading_setup);

Test(evtx_follow, how_a_file_grows_does_not_change_its_events)
{
    const struct evtx_writer_options options[] = {
        {.records_per_chunk = 10}, {.records_per_chunk = 10, .max_chunks = 4}, {.preallocated = 2}};
    for (size_t o = 0; o < 3; o++) {
        struct evtx_writer *w = log_with(&options[o], 55);
        struct sv file = evtx_writer_image(w);
        uint32_t random = 1 + (uint32_t)o;
        struct log_memory m;
        struct input in = log_input(&m, file, false);
        reading_all(file, &first);
        memset(&second, 0, sizeof second);
        in.size = 0;
        struct parser *p = parser_evtx.open(&in, &reading_beginning,
                                            &(struct parser_options){.selector = &reading_everything}, NULL);
        while (in.size < file.n) {
            in.size += reading_random(&random) % 20000;
            if (in.size > file.n)
                in.size = file.n;
            reading_drain(p, &second);
        }
        in.complete = true;
        reading_drain(p, &second);
        parser_evtx.close(p);
        cr_assert_eq(second.events, first.events);
        cr_assert_arr_eq(second.hash, first.hash, first.events * sizeof *first.hash);
        evtx_writer_free(w);
    }
}

/* A parser on a log that is written to while it is open. */
struct tail {
    struct evtx_writer *w;
    struct log_memory m;
    struct input in;
    struct parser *p;
};

static void tail_open(struct tail *t, const struct evtx_writer_options *o, unsigned records)
{
    t->w = log_with(o, records);
    t->in = log_input(&t->m, evtx_writer_image(t->w), false);
    t->p = parser_evtx.open(&t->in, &reading_beginning,
                            &(struct parser_options){.selector = &reading_everything}, NULL);
    cr_assert(t->p);
}

static void tail_read(struct tail *t, struct reading *s)
{
    struct sv image = evtx_writer_image(t->w);
    t->m.p = (const uint8_t *)image.p;
    t->in.size = image.n;
    memset(s, 0, sizeof *s);
    reading_drain(t->p, s);
}

static void tail_close(struct tail *t)
{
    parser_evtx.close(t->p);
    evtx_writer_free(t->w);
}

Test(evtx_follow, records_added_in_place_are_given_once)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 6, .preallocated = 4, .dirty = true}, 3);
    tail_read(&t, &first);
    reading_expect_ids(&first, 1, 3);
    tail_read(&t, &first);
    cr_assert_eq(first.events, 0);
    for (uint64_t next = 4; next < 60; next++) {
        evtx_writer_add_9646(t.w, (enum evtx_writer_layout)(next % 3), (unsigned)next);
        tail_read(&t, &first);
        reading_expect_ids(&first, next, next);
        cr_assert_eq(first.gaps + first.skips, 0);
    }
    tail_close(&t);
}

Test(evtx_follow, a_ring_is_followed_over_its_end)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5, .max_chunks = 3}, 8);
    tail_read(&t, &first);
    reading_expect_ids(&first, 1, 8);
    for (uint64_t next = 9; next < 100; next += 4) {
        for (unsigned i = 0; i < 4; i++)
            evtx_writer_add_9646(t.w, EVTX_WRITE_CLASSIC, i);
        tail_read(&t, &first);
        reading_expect_ids(&first, next, next + 3);
        cr_assert_eq(first.gaps, 0);
    }
    tail_close(&t);
}

Test(evtx_follow, records_overwritten_before_they_were_read_are_a_gap_with_a_number)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5, .max_chunks = 3}, 8);
    tail_read(&t, &first);
    struct position saved = first.end;
    for (unsigned i = 0; i < 32; i++) /* ids 9 to 40; the ring holds 26 to 40 */
        evtx_writer_add_9646(t.w, EVTX_WRITE_CLASSIC, i);
    tail_read(&t, &first);
    reading_expect_ids(&first, 26, 40);
    cr_assert_eq(first.gaps, 1);
    cr_assert_eq(first.gap_events, 17);
    reading_from(evtx_writer_image(t.w), &reading_everything, &saved, &second);
    reading_expect_ids(&second, 26, 40);
    cr_assert_eq(second.gap_events, 17);
    tail_close(&t);
}

Test(evtx_follow, a_cleared_log_goes_on)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5}, 12);
    tail_read(&t, &first);
    struct position saved = first.end;
    evtx_writer_clear(t.w);
    tail_read(&t, &first);
    cr_assert_eq(first.last, STEP_MORE);
    cr_assert_eq(first.events, 0);
    reading_from(evtx_writer_image(t.w), &reading_everything, &saved, &second);
    cr_assert_eq(second.fault, FAULT_NONE);
    evtx_writer_add_9646(t.w, EVTX_WRITE_CLASSIC, 1);
    tail_read(&t, &first);
    reading_expect_ids(&first, 13, 13);
    cr_assert_eq(first.gaps, 0);
    tail_close(&t);
}

Test(evtx_follow, a_log_whose_ids_start_again_is_another_one)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5}, 12);
    tail_read(&t, &first);
    struct position saved = first.end;
    for (unsigned records = 3; records <= 20; records += 17) { /* fewer than before, and more */
        struct evtx_writer *other = evtx_writer_new(&(struct evtx_writer_options){0});
        for (unsigned i = 0; i < records; i++)
            evtx_writer_add(other, &(struct evtx_writer_event){.event_id = 9646, .level = 3});
        reading_from(evtx_writer_image(other), &reading_everything, &saved, &second);
        cr_assert_eq(second.fault, FAULT_REPLACED);
        evtx_writer_free(t.w);
        t.w = other;
    }
    /* A log that is being cleared looks the same for a moment, so it is looked at again before that is said.
     */
    for (int call = 0; call < 4; call++) {
        tail_read(&t, &first);
        cr_assert_eq(first.events, 0);
        cr_assert_eq(first.last, call < 3 ? STEP_MORE : STEP_FATAL);
    }
    cr_assert_eq(first.fault, FAULT_REPLACED);
    tail_close(&t);
}

Test(evtx_follow, a_torn_newest_chunk_is_waited_for_and_then_salvaged)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 5}, 8);
    struct sv file = log_copy(w);
    log_bytes(file)[HEADER + CHUNK + 52] ^= 0x55;
    struct log_memory m;
    struct input in = log_input(&m, file, false);
    struct parser *p = parser_evtx.open(&in, &reading_beginning,
                                        &(struct parser_options){.selector = &reading_everything}, NULL);
    memset(&first, 0, sizeof first);
    for (int call = 0; call < 3; call++) {
        reading_drain(p, &first);
        reading_expect_ids(&first, 1, 5);
    }
    reading_drain(p, &first);
    reading_expect_ids(&first, 1, 8);
    cr_assert_eq(first.crc, 3);
    parser_evtx.close(p);

    /* The writer comes to an end in time: nothing is damaged. */
    p = parser_evtx.open(&in, &reading_beginning, &(struct parser_options){.selector = &reading_everything},
                         NULL);
    memset(&first, 0, sizeof first);
    reading_drain(p, &first);
    reading_expect_ids(&first, 1, 5);
    log_bytes(file)[HEADER + CHUNK + 52] ^= 0x55;
    reading_drain(p, &first);
    reading_expect_ids(&first, 1, 8);
    cr_assert_eq(first.crc, 0);
    parser_evtx.close(p);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_follow, a_record_half_written_is_read_when_it_is_whole)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 9);
    struct sv whole = log_copy(w), file = log_copy(w);
    reading_all(whole, &first);
    memset(log_bytes(file) + first.offset[8] + 100, 0, first.length[8] - 100);
    struct log_memory m;
    struct input in = log_input(&m, file, false);
    struct parser *p = parser_evtx.open(&in, &reading_beginning,
                                        &(struct parser_options){.selector = &reading_everything}, NULL);
    memset(&second, 0, sizeof second);
    reading_drain(p, &second);
    cr_assert_eq(second.events, 0);
    memcpy(log_bytes(file), whole.p, whole.n);
    reading_drain(p, &second);
    reading_expect_ids(&second, 1, 9);
    cr_assert_eq(second.salvaged + second.crc, 0);
    parser_evtx.close(p);
    log_release(file);
    log_release(whole);
    evtx_writer_free(w);
}
