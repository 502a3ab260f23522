/* SPDX-License-Identifier: Apache-2.0 */
/* The .evtx parser: what is read from damaged logs, and what is said of them. */
#include "../support/evtx_reading.h"

#include <criterion/criterion.h>

enum { CHUNK = 65536, HEADER = 4096 };

static struct reading first, second;

TestSuite(evtx_damage, .init = reading_setup);

Test(evtx_damage, stale_records_are_not_given_when_the_chunk_header_is_damaged)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 20);
    evtx_writer_clear(w);
    for (unsigned i = 0; i < 3; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    struct sv file = log_copy(w);
    memset(log_bytes(file) + HEADER + 44, 0xff, 8); /* last record and free-space offset */
    reading_all(file, &first);
    reading_expect_ids(&first, 21, 23);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_ruined_file_header_costs_nothing)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 25);
    struct sv file = log_copy(w);
    memset(log_bytes(file), 0xee, 128);
    reading_all(file, &first);
    reading_expect_ids(&first, 1, 25);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_chunk_without_its_magic_is_salvaged)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 30);
    struct sv file = log_copy(w);
    memset(log_bytes(file) + HEADER + CHUNK, 0, 8);
    reading_all(file, &first);
    reading_expect_ids(&first, 1, 30);
    cr_assert_eq(first.salvaged, 10);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_foreign_block_is_reported_and_passed)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 30);
    struct sv file = log_copy(w);
    memset(log_bytes(file) + HEADER + CHUNK, 0x77, CHUNK);
    reading_all(file, &first);
    cr_assert_eq(first.events, 20);
    cr_assert_eq(first.skips, 1);
    cr_assert_str_eq(first.reason, "a block without chunk header and without records");
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_zero_hole_costs_the_records_it_covers)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 30);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w);
    /* From the middle of the tenth record to the middle of the twelfth. */
    size_t from = first.offset[9] + first.length[9] / 2, to = first.offset[11] + first.length[11] / 2;
    memset(log_bytes(file) + from, 0, to - from);
    reading_all(file, &second);
    cr_assert_eq(second.events, 28, "the eleventh and twelfth are gone, the tenth is salvaged");
    cr_assert_eq(second.salvaged, 1);
    cr_assert_eq(second.skips, 1);
    cr_assert_eq(second.crc, 27);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, records_behind_lost_bytes_are_found_again)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 20}, 60);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w);
    size_t from = first.offset[30] + 40, lost = 13;
    memmove(log_bytes(file) + from, file.p + from + lost, file.n - from - lost);
    reading_all(sv_make(file.p, file.n - lost), &second);
    cr_assert_geq(second.events, 58, "%zu events", second.events);
    for (size_t i = 1; i < second.events; i++)
        cr_assert_gt(second.id[i], second.id[i - 1], "nothing is given twice");
    log_release(file);
    evtx_writer_free(w);
}

/* Takes n bytes out of the file. */
static struct sv without(struct sv file, size_t at, size_t n)
{
    memmove(log_bytes(file) + at, file.p + at + n, file.n - at - n);
    return sv_make(file.p, file.n - n);
}

Test(evtx_damage, losses_that_make_up_for_each_other_cost_no_record_between_them)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 30);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w), rest = file;
    rest = without(rest, first.offset[20] + 60, 5); /* records behind this one are aligned again */
    rest = without(rest, first.offset[5] + 60, 3);
    reading_all(rest, &second);
    size_t between = 0;
    for (size_t i = 0; i < second.events; i++)
        between += second.id[i] > 6 && second.id[i] < 21;
    cr_assert_eq(between, 14);
    cr_assert_geq(second.events, 28, "%zu events", second.events);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_record_before_the_end_of_a_chunk_header_that_lost_bytes_is_found)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 10);
    struct sv file = log_copy(w);
    reading_all(without(file, HEADER + 300, 21), &first);
    reading_expect_ids(&first, 1, 10);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, damaged_ids_end_nothing_where_the_end_of_the_chunk_is_not_known)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 30);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w);
    memset(log_bytes(file) + HEADER + 44, 0xff, 8);       /* last record and free-space offset */
    log_bytes(file)[first.offset[10] + 14] = 1;           /* far too high */
    memset(log_bytes(file) + first.offset[20] + 8, 0, 8); /* too low */
    reading_all(file, &second);
    reading_expect_ids(&second, 1, 30);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_wrong_size_copy_costs_trust_but_not_the_record)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 30);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w);
    log_bytes(file)[first.offset[5] + first.length[5] - 4] ^= 0xff;
    reading_all(file, &second);
    reading_expect_ids(&second, 1, 30);
    cr_assert_eq(second.salvaged, 1);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_wrong_check_sum_costs_trust_only)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 20);
    struct sv file = log_copy(w);
    log_bytes(file)[HEADER + 52] ^= 1; /* the sum itself, which the header's own sum covers too */
    reading_from(file, &reading_mapi, &reading_beginning, &first);
    reading_expect_ids(&first, 1, 20);
    cr_assert_eq(first.crc, 10);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_wanted_record_whose_template_is_gone_is_given_with_what_is_known)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (unsigned i = 0; i < 2; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_MANIFEST, i);
    for (unsigned i = 0; i < 2; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    struct sv file = log_copy(w);
    reading_all(file, &first);
    for (size_t i = 0; i < 4; i += 2)
        log_bytes(file)[first.offset[i] + 24 + 4 + 10 + 4] ^= 0xff; /* the definition's GUID */
    evtx_writer_reseal(log_bytes(file), 0);
    reading_from(file, &reading_mapi, &reading_beginning, &second);
    reading_expect_ids(&second, 1, 4);
    cr_assert_eq(second.salvaged, 4);
    cr_assert_eq(second.event.event_id.v, 9646);
    cr_assert_eq(second.event.qualifiers.v, 49158);
    cr_assert(sv_absent(second.event.provider), "a classic provider stands in the template alone");
    cr_assert_eq(second.event.data_count, 3, "the payload has a template of its own");
    cr_assert(second.event.time.present);
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_hidden_record_is_reported_and_not_given)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 12);
    reading_all(evtx_writer_image(w), &first);
    struct sv file = log_copy(w);
    for (size_t i = 3; i < 6; i++) { /* each layout swallows the record behind it */
        size_t host = i * 2 - 3, size = first.length[host] + first.length[host + 1];
        uint8_t *p = log_bytes(file) + first.offset[host];
        for (size_t k = 0; k < 4; k++)
            p[4 + k] = p[size - 4 + k] = (uint8_t)(size >> (8 * k));
    }
    evtx_writer_reseal(log_bytes(file), 0);
    reading_all(file, &second);
    cr_assert_eq(second.events, 9);
    cr_assert_eq(second.skips, 3);
    cr_assert_str_eq(second.reason, "a record hidden in the tail of another one");
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_truncated_file_yields_its_complete_records)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 12}, 18);
    struct sv file = log_copy(w);
    reading_all(file, &first);
    size_t last = HEADER + CHUNK + 16384;
    for (size_t cut = 0; cut < last; cut += cut < HEADER + 20000 ? 7 : 61) {
        size_t whole = 0;
        while (whole < first.events && first.offset[whole] + first.length[whole] <= cut)
            whole++;
        reading_all(sv_make(file.p, cut), &second);
        cr_assert_geq(second.events, whole, "cut at %zu: %zu of %zu", cut, second.events, whole);
        cr_assert_leq(second.events, whole + 1, "at most the record that is cut is salvaged");
        for (size_t i = 0; i < whole; i++)
            cr_assert_eq(second.hash[i], first.hash[i]);
    }
    log_release(file);
    evtx_writer_free(w);
}

Test(evtx_damage, a_copy_that_ends_between_two_chunks_is_told_by_its_header)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 12}, 24);
    struct sv file = evtx_writer_image(w);
    static const size_t cuts[] = {3000, HEADER, HEADER + 100, HEADER + CHUNK, HEADER + CHUNK + 100};
    reading_all(file, &first);
    cr_assert_eq(first.skips, 0);
    cr_assert_eq(first.events, 24);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        reading_all(sv_make(file.p, cuts[i]), &second);
        cr_assert_eq(second.events, cuts[i] > HEADER + CHUNK - 1 ? 12 : 0, "cut at %zu", cuts[i]);
        cr_assert_geq(second.skips, 1, "cut at %zu", cuts[i]);
        cr_assert_str_eq(second.reason, "the file ends before the chunks that its header counts");
    }
    evtx_writer_free(w);
}

Test(evtx_damage, the_header_of_a_log_that_was_not_closed_says_nothing_about_its_end)
{
    struct evtx_writer *w =
        log_with(&(struct evtx_writer_options){.records_per_chunk = 12, .dirty = true}, 24);
    struct sv file = evtx_writer_image(w);
    reading_all(sv_make(file.p, HEADER + CHUNK), &second);
    cr_assert_eq(second.events, 12);
    cr_assert_eq(second.skips, 0);
    evtx_writer_free(w);
}

Test(evtx_damage, flipped_bytes_cost_what_they_hit)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.records_per_chunk = 20}, 40);
    struct sv file = log_copy(w);
    uint8_t *p = log_bytes(file);
    uint32_t random = 9646;
    size_t given = 0, rounds = 3000;
    for (size_t round = 0; round < rounds; round++) {
        size_t at[3];
        uint8_t was[3];
        for (size_t k = 0; k < 3; k++) {
            at[k] = HEADER + reading_random(&random) % 2 * CHUNK + reading_random(&random) % 24000;
            was[k] = p[at[k]];
            p[at[k]] = (uint8_t)reading_random(&random);
        }
        reading_all(file, &second);
        cr_assert_leq(second.events, 40);
        given += second.events;
        for (size_t i = 0; i < second.events; i++)
            cr_assert_leq(second.offset[i] + second.length[i], file.n);
        for (size_t k = 3; k-- > 0;)
            p[at[k]] = was[k];
    }
    cr_assert_geq(given, rounds * 40 * 95 / 100, "%zu of %zu", given, rounds * 40);
    log_release(file);
    evtx_writer_free(w);
}
