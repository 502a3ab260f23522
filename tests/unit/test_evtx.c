/* SPDX-License-Identifier: Apache-2.0 */
/* The .evtx parser: what is read from sound logs. */
#include "../support/evtx_reading.h"

#include <criterion/criterion.h>
#include <libdeflate.h>
#include <stdio.h>

enum { CHUNK = 65536, HEADER = 4096 };

static struct reading first, second;
static struct event event;

TestSuite(evtx, .init = reading_setup);

Test(evtx, a_log_gives_its_records_in_order)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.first_id = 1000}, 300);
    reading_all(evtx_writer_image(w), &first);
    reading_expect_ids(&first, 1000, 1299);
    cr_assert_eq(first.records, 300);
    cr_assert_eq(first.named, 300);
    cr_assert_eq(first.skips + first.gaps + first.salvaged + first.crc + first.cut, 0);
    cr_assert_eq(first.last, STEP_MORE);
    evtx_writer_free(w);
}

Test(evtx, a_classic_record_is_decoded_field_by_field)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){.first_id = 7}, 1);
    struct log_memory m;
    struct input in = log_input(&m, evtx_writer_image(w), true);
    struct parser *p =
        parser_evtx.open(&in, &reading_beginning, &(struct parser_options){.selector = &reading_mapi}, NULL);
    struct step step;
    parser_evtx.next(p, &event, &step);
    cr_assert_eq(step.kind, STEP_EVENT);
    cr_assert_eq(step.pos.record, 8);
    cr_assert(sv_eq(event.provider, SV("MSExchangeIS")));
    cr_assert(event.event_id.has && event.event_id.v == 9646);
    cr_assert_eq(event.qualifiers.v, 49158);
    cr_assert_eq(event.level.v, 2);
    cr_assert_eq(event.task.v, 6);
    cr_assert_eq(event.keywords.v, UINT64_C(0x80000000000000));
    cr_assert_eq(event.record_id.v, 7);
    cr_assert_eq(event.time.sec, 1605526401);
    cr_assert_eq(event.time.digits, 7);
    cr_assert(sv_eq(event.channel, SV("Application")));
    cr_assert(sv_eq(event.computer, SV("EXCH01.contoso.com")));
    cr_assert_eq(event.data_count, 3);
    cr_assert(sv_absent(event.data[0].name));
    cr_assert(sv_ends(event.data[0].value, SV("/cn=Recipients/cn=user0")));
    cr_assert(sv_eq(event.data[1].value, SV("32")));
    cr_assert(sv_eq(event.data[2].value, SV("session")));
    cr_assert(sv_eq(event.binary, SV("070000005B444941475F4354585D000004000000FFE83A00")));
    cr_assert_eq(event.trust, EVENT_OK);
    cr_assert_eq(event.offset, HEADER + 512);
    parser_evtx.close(p);
    evtx_writer_free(w);
}

Test(evtx, decoys_are_passed_and_counted)
{
    static const char *providers[] = {"ESE", "MSExchangeTransport", "msexchangeis",
                                      "MSExchangeIS Mailbox Store"};
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (size_t i = 0; i < 4; i++)
        for (int layout = EVTX_WRITE_CLASSIC; layout <= EVTX_WRITE_INLINE; layout++)
            evtx_writer_add(w, &(struct evtx_writer_event){.layout = (enum evtx_writer_layout)layout,
                                                           .provider = providers[i],
                                                           .event_id = 9646});
    /* The number elsewhere, and other ids that look like it. */
    evtx_writer_add(w,
                    &(struct evtx_writer_event){.event_id = 19646 & 0xffff, .task = 9646, .record_id = 9646});
    reading_from(evtx_writer_image(w), &reading_mapi, &reading_beginning, &first);
    cr_assert_eq(first.records, 13);
    cr_assert_eq(first.events, 6,
                 "names are compared without regard to case, and the default takes all of the store's");
    cr_assert_eq(first.rejected, 6);
    evtx_writer_free(w);
}

Test(evtx, the_event_source_name_wins_over_the_provider_name)
{
    for (int layout = EVTX_WRITE_CLASSIC; layout <= EVTX_WRITE_INLINE; layout++) {
        struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
        struct evtx_writer_event e = {.layout = (enum evtx_writer_layout)layout, .event_id = 9646};
        e.provider = "Exchange Store", e.event_source = "MSExchangeIS";
        evtx_writer_add(w, &e);
        e.provider = "MSExchangeIS", e.event_source = "Something Else";
        evtx_writer_add(w, &e);
        reading_from(evtx_writer_image(w), &reading_mapi, &reading_beginning, &first);
        reading_expect_ids(&first, 1, 1);
        evtx_writer_free(w);
    }
}

Test(evtx, the_filter_and_the_decoder_agree_on_every_record)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 50);
    for (uint16_t id = 9600; id < 9700; id++)
        evtx_writer_add(
            w, &(struct evtx_writer_event){.layout = (enum evtx_writer_layout)(id % 3), .event_id = id});
    reading_from(evtx_writer_image(w), &reading_mapi, &reading_beginning, &first);
    reading_all(evtx_writer_image(w), &second);
    cr_assert_eq(first.events, second.named);
    cr_assert_eq(first.events, 51);
    evtx_writer_free(w);
}

Test(evtx, a_wrapped_log_is_read_in_the_order_of_ids)
{
    struct evtx_writer *w =
        log_with(&(struct evtx_writer_options){.records_per_chunk = 10, .max_chunks = 4}, 65);
    reading_all(evtx_writer_image(w), &first);
    reading_expect_ids(&first, 31, 65);
    evtx_writer_free(w);
}

Test(evtx, a_dirty_header_and_preallocated_chunks_hide_nothing)
{
    struct evtx_writer *w = log_with(
        &(struct evtx_writer_options){.records_per_chunk = 10, .preallocated = 5, .dirty = true}, 35);
    reading_all(evtx_writer_image(w), &first);
    reading_expect_ids(&first, 1, 35);
    cr_assert_eq(first.skips, 0);
    evtx_writer_free(w);
}

Test(evtx, zeros_up_to_a_free_space_offset_at_the_chunks_end_are_a_clean_end)
{
    struct evtx_writer *w =
        log_with(&(struct evtx_writer_options){.free_at_end = true, .records_per_chunk = 9}, 20);
    reading_all(evtx_writer_image(w), &first);
    reading_expect_ids(&first, 1, 20);
    cr_assert_eq(first.skips, 0);
    evtx_writer_free(w);
}

Test(evtx, stale_records_of_a_cleared_log_are_not_given)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 20);
    evtx_writer_clear(w);
    reading_all(evtx_writer_image(w), &first);
    cr_assert_eq(first.events, 0);
    evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, 1);
    reading_all(evtx_writer_image(w), &first);
    reading_expect_ids(&first, 21, 21);
    evtx_writer_free(w);
}

Test(evtx, reading_goes_on_from_every_position)
{
    const struct evtx_writer_options options[] = {{.records_per_chunk = 7},
                                                  {.records_per_chunk = 7, .max_chunks = 5}};
    for (size_t o = 0; o < 2; o++) {
        struct evtx_writer *w = log_with(&options[o], 40);
        reading_all(evtx_writer_image(w), &first);
        for (size_t i = 0; i < first.events; i++) {
            reading_from(evtx_writer_image(w), &reading_everything, &first.pos[i], &second);
            cr_assert_eq(second.fault, FAULT_NONE);
            cr_assert_eq(second.events, first.events - i - 1);
            cr_assert_eq(second.gaps, 0);
            cr_assert_arr_eq(second.hash, first.hash + i + 1, second.events * sizeof *first.hash);
        }
        evtx_writer_free(w);
    }
}

Test(evtx, the_end_is_behind_everything_there_is)
{
    struct evtx_writer *w =
        log_with(&(struct evtx_writer_options){.records_per_chunk = 7, .max_chunks = 3}, 40);
    struct log_memory m;
    struct input in = log_input(&m, evtx_writer_image(w), false);
    struct position end;
    cr_assert(parser_evtx.end(&in, &end, NULL));
    cr_assert_eq(end.record, 41);
    evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, 1);
    reading_from(evtx_writer_image(w), &reading_everything, &end, &first);
    reading_expect_ids(&first, 41, 41);
    evtx_writer_free(w);
}

/* A log of any size made of one chunk: only ids differ. Chunk i has the id (i + shift) mod count + 1. */
struct huge {
    const uint8_t *head, *chunk;
    uint64_t chunks, shift;
};

static ptrdiff_t read_huge(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct huge *h = ctx;
    if (offset < HEADER) {
        memcpy(to, h->head + offset, n < HEADER - offset ? n : (size_t)(HEADER - offset));
        return (ptrdiff_t)n;
    }
    uint64_t index = (offset - HEADER) / CHUNK, at = (offset - HEADER) % CHUNK;
    uint64_t id = (index + h->shift) % h->chunks + 1;
    cr_assert_eq(at, 0);
    memcpy(to, h->chunk, n);
    uint8_t *p = to;
    for (size_t k = 0; k < 8 && n >= 536; k++)
        p[24 + k] = p[32 + k] = p[512 + 8 + k] = (uint8_t)(id >> (8 * k));
    uint32_t crc = n >= 512 ? libdeflate_crc32(libdeflate_crc32(0, p, 120), p + 128, 384) : 0;
    for (size_t k = 0; k < 4 && n >= 512; k++)
        p[124 + k] = (uint8_t)(crc >> (8 * k));
    return (ptrdiff_t)n;
}

Test(evtx, a_ring_above_65535_chunks_is_read_whole_and_in_order)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    evtx_writer_add(w, &(struct evtx_writer_event){.event_id = 1});
    struct sv image = evtx_writer_image(w);
    struct huge h = {(const uint8_t *)image.p, (const uint8_t *)image.p + HEADER, 66000, 20000};
    struct input in = {&h, read_huge, HEADER + h.chunks * CHUNK, true};
    struct parser *p =
        parser_evtx.open(&in, &reading_beginning, &(struct parser_options){.selector = &reading_mapi}, NULL);
    struct step step;
    uint64_t before = 0, steps = 0;
    do {
        parser_evtx.next(p, &event, &step);
        cr_assert_geq(step.pos.record, before);
        before = step.pos.record;
        steps++;
    } while (step.kind == STEP_PROGRESS);
    cr_assert_eq(step.kind, STEP_MORE);
    cr_assert_eq(step.pos.record, h.chunks + 1);
    cr_assert_geq(steps, h.chunks * CHUNK / PARSER_PROGRESS_BYTES, "the owner may breathe: %lu",
                  (unsigned long)steps);
    struct parser_counts counts;
    parser_evtx.counts(p, &counts);
    cr_assert_eq(counts.records, h.chunks);
    parser_evtx.close(p);
    evtx_writer_free(w);
}

Test(evtx, logs_are_recognized_by_their_beginning)
{
    struct evtx_writer *w = log_with(&(struct evtx_writer_options){0}, 1);
    struct sv file = log_copy(w);
    cr_assert_eq(parser_evtx.probe(sv_slice(file, 0, 4096), true), 100);
    cr_assert_eq(parser_evtx.probe(sv_slice(file, 0, 5), false), PROBE_MORE);
    cr_assert_eq(parser_evtx.probe(sv_slice(file, 0, 5), true), 0);
    cr_assert_gt(parser_evtx.probe(sv_slice(file, 4096, 8192), true), 50);
    memset(log_bytes(file), 'x', 8);
    cr_assert_gt(parser_evtx.probe(sv_slice(file, 0, 4096), true), 50);
    memset(log_bytes(file), 0, 128);
    cr_assert_gt(parser_evtx.probe(sv_slice(file, 0, 8192), true), 50);
    cr_assert_eq(parser_evtx.probe(SV("<Events><Event>ElfChnk</Event></Events>"), true), 0);
    log_release(file);
    evtx_writer_free(w);
}
