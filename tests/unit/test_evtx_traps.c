/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What published logs have that nobody would expect of one, each once the end of some reader: header fields
 * that lie, records of no size or of any, ids that come twice or fall, chunks without sums.
 */
#include "../support/evtx_reading.h"
#include "reader.h"

#include <criterion/criterion.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 65536, HEADER = 4096, FIRST = HEADER + 512 };

static struct reading first, second;

TestSuite(evtx_traps, .init = reading_setup);

static void seal_header(uint8_t *file)
{
    tokens_store(file + 124, libdeflate_crc32(0, file, 120), 4);
}

static void seal_chunk_header(uint8_t *file)
{
    uint8_t *chunk = file + HEADER;
    uint32_t crc = libdeflate_crc32(libdeflate_crc32(0, chunk, 120), chunk + 128, 384);
    tokens_store(chunk + 124, crc, 4);
}

Test(evtx_traps, whatever_the_file_header_counts_and_flags_all_chunks_are_read)
{
    static const struct {
        size_t at, n;
        uint64_t value;
    } lies[] = {
        {8, 8, 77},  {16, 8, 1},  {16, 8, UINT64_MAX},  {24, 8, 1},           {32, 4, 127}, {36, 2, 2},
        {36, 2, 9},  {40, 2, 0},  {40, 2, 128},         {40, 2, 65535},       {42, 2, 0},   {42, 2, 1},
        {120, 4, 1}, {120, 4, 2}, {120, 4, 0x1b970000}, {120, 4, UINT32_MAX},
    };
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 45);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        for (int sealed = 0; sealed < 2; sealed++) {
            struct sv file = log_copy(w);
            tokens_store(log_bytes(file) + lies[i].at, lies[i].value, lies[i].n);
            if (sealed)
                seal_header(log_bytes(file));
            reading_all(file, &first);
            reading_expect_ids(&first, 1, 45);
            cr_assert_eq(first.skips, 0, "%zu = %llu: %s", lies[i].at, (unsigned long long)lies[i].value,
                         first.reason);
            log_release(file);
        }
    evtx_writer_free(w);
}

Test(evtx_traps, a_header_of_another_size_is_believed_where_a_chunk_follows_it)
{
    enum { LARGER = 8192 };
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 25);
    struct sv image = evtx_writer_image(w);
    uint8_t *file = calloc(1, image.n + LARGER - HEADER);
    cr_assert(file);
    memcpy(file, image.p, HEADER);
    memcpy(file + LARGER, image.p + HEADER, image.n - HEADER);
    tokens_store(file + 40, LARGER, 2);
    seal_header(file);
    reading_all(sv_make(file, image.n + LARGER - HEADER), &first);
    reading_expect_ids(&first, 1, 25);
    cr_assert_eq(first.skips, 0);
    free(file);
    evtx_writer_free(w);
}

/* The numbers in a chunk's header: of its records, of their ids. */
Test(evtx_traps, whatever_ids_a_chunk_header_counts_its_records_are_read)
{
    static const uint64_t values[] = {0, 1, 9, UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_MAX - 1};
    for (size_t at = 8; at < 40; at += 8)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 20);
            struct sv file = log_copy(w);
            tokens_store(log_bytes(file) + HEADER + at, values[i], 8);
            evtx_writer_reseal(log_bytes(file), 0);
            reading_all(file, &first);
            reading_expect_ids(&first, 1, 20);
            cr_assert_eq(first.skips + first.salvaged + first.crc, 0);
            log_release(file);
            evtx_writer_free(w);
        }
}

Test(evtx_traps, a_free_space_offset_that_is_too_high_brings_no_stale_record_back)
{
    static const size_t ends[] = {CHUNK, 30000, 8192, CHUNK + 1, 0x7fffffff, 0xffffffff};
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.first_id = 100}, 20);
    evtx_writer_clear(w);
    for (unsigned i = 0; i < 3; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        for (int sealed = 0; sealed < 3; sealed++) {
            struct sv file = log_copy(w);
            tokens_store(log_bytes(file) + HEADER + 48, ends[i], 4);
            if (sealed == 1)
                seal_chunk_header(log_bytes(file));
            if (sealed == 2 && ends[i] <= CHUNK)
                evtx_writer_reseal(log_bytes(file), 0);
            reading_all(file, &first);
            reading_expect_ids(&first, 120, 122);
            log_release(file);
        }
    evtx_writer_free(w);
}

Test(evtx_traps, records_behind_the_one_that_the_header_calls_the_last_are_read)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 20);
    reading_all(evtx_writer_image(w), &first);
    for (size_t i = 0; i < 20; i++) {
        struct sv file = log_copy(w);
        tokens_store(log_bytes(file) + HEADER + 44, first.offset[i] - HEADER, 4);
        evtx_writer_reseal(log_bytes(file), 0);
        reading_all(file, &second);
        reading_expect_ids(&second, 1, 20);
        cr_assert_eq(second.skips + second.salvaged + second.crc, 0);
        log_release(file);
    }
    evtx_writer_free(w);
}

Test(evtx_traps, a_record_of_any_size_costs_itself_at_most)
{
    static const uint32_t sizes[] = {0,  1,     8,     23,         24,         27,
                                     28, 65535, 65536, 0x7fffffff, 0xfffffff8, 0xffffffff};
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 20);
    reading_all(evtx_writer_image(w), &first);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < 20; k += 5)
            for (int sealed = 0; sealed < 2; sealed++) {
                struct sv file = log_copy(w);
                tokens_store(log_bytes(file) + first.offset[k] + 4, sizes[i], 4);
                if (sealed)
                    evtx_writer_reseal(log_bytes(file), 0);
                reading_all(file, &second);
                cr_assert_geq(second.events, 19, "size %u of %zu: %zu", sizes[i], k, second.events);
                cr_assert_leq(second.events, 20);
                log_release(file);
            }
    evtx_writer_free(w);
}

Test(evtx_traps, ids_that_come_twice_or_fall_cost_nothing_where_sums_are_right)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 30);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w);
    for (size_t i = 0; i < 30; i++) /* 10 1 9 1 8 1 … */
        tokens_store(log_bytes(file) + first.offset[i] + 8, i / 10 * 10 + (i % 2 ? 1 : 10 - i % 10 / 2), 8);
    for (size_t chunk = 0; chunk < 3; chunk++)
        evtx_writer_reseal(log_bytes(file), chunk);
    reading_all(file, &second);
    cr_assert_eq(second.events, 30, "%zu", second.events);
    cr_assert_eq(second.skips + second.salvaged + second.crc, 0);
    for (size_t i = 0; i < 30; i++) { /* and reading goes on from each of them */
        struct position from = second.pos[i];
        reading_from(file, &reading_everything, &from, &first);
        cr_assert_eq(first.events, 29 - i, "from %zu: %zu", i, first.events);
    }
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_traps, times_of_zero_and_times_that_fall_are_no_damage)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (uint64_t i = 0; i < 20; i++)
        evtx_writer_add(
            w, &(struct evtx_writer_event){.event_id = 9646, .filetime = UINT64_C(132500000000000000) - i});
    struct sv file = log_copy(w);
    tokens_store(log_bytes(file) + FIRST + 16, 0, 8);
    evtx_writer_reseal(log_bytes(file), 0);
    reading_all(file, &first);
    reading_expect_ids(&first, 1, 20);
    cr_assert_eq(first.skips + first.salvaged + first.crc, 0);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_traps, a_chunk_that_says_it_has_no_sums_is_trusted_without)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 20);
    struct sv file = log_copy(w);
    uint8_t *chunk = log_bytes(file) + HEADER;
    tokens_store(chunk + 120, 5, 4);
    tokens_store(chunk + 52, 0, 4);
    tokens_store(chunk + 124, 0, 4);
    reading_all(file, &first);
    reading_expect_ids(&first, 1, 20);
    cr_assert_eq(first.skips + first.salvaged + first.crc, 0);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_traps, records_behind_zeros_over_the_head_of_a_chunk_are_read)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 40}, 80);
    reading_all(evtx_writer_image(w), &first);
    for (size_t zeros = 512; zeros <= 32768; zeros *= 2) {
        struct sv file = log_copy(w);
        size_t behind = 0;
        memset(log_bytes(file) + HEADER + CHUNK, 0, zeros);
        for (size_t i = 40; i < 80; i++)
            behind += first.offset[i] >= HEADER + CHUNK + zeros;
        reading_all(file, &second);
        cr_assert_geq(second.events, 40 + behind, "%zu zeros: %zu, not %zu", zeros, second.events,
                      40 + behind);
        log_release(file);
    }
    evtx_writer_free(w);
}

/* Text of so many characters, written as a forwarded event. */
static void write_filler(struct tokens *o, const void *ctx)
{
    struct tokens_element e = tokens_open_plain(o, "Event"), s = tokens_open_plain(o, "System");
    tokens_literal_element(o, "EventID", "7");
    tokens_close(o, &s);
    struct tokens_element d = tokens_open_plain(o, "EventData"), x = tokens_open_plain(o, "Data");
    size_t units = *(const size_t *)ctx;
    tokens_number(o, 0x05, 1);
    tokens_number(o, 1, 1);
    tokens_number(o, units, 2);
    for (size_t i = 0; i < units; i++)
        tokens_number(o, 'x', 2);
    tokens_close(o, &x);
    tokens_close(o, &d);
    tokens_close(o, &e);
}

Test(evtx_traps, a_record_may_end_where_its_chunk_does)
{
    bool is_exact = false;
    for (size_t units = 32300; units < 32600 && !is_exact; units += 4) {
        struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
        evtx_writer_add_tokens(w, write_filler, &units);
        struct sv image = evtx_writer_image(w);
        is_exact = load_le32((const uint8_t *)image.p + HEADER + 48) == CHUNK;
        reading_all(image, &first);
        reading_expect_ids(&first, 0, 0);
        cr_assert_eq(first.skips + first.salvaged + first.crc + first.cut, 0);
        evtx_writer_free(w);
    }
    cr_assert(is_exact);
}
