/* SPDX-License-Identifier: Apache-2.0 */
/* The .evtx parser: what is read from sound, damaged and living logs. */
#include "../support/evtx_writer.h"
#include "hash64.h"
#include "parser.h"
#include "reader.h"

#include <criterion/criterion.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct parser_ops parser_evtx;

enum { CHUNK = 65536, HEADER = 4096, EVENTS_MAX = 40000, STEPS_MAX = 200000 };

/* What one reading gave. */
struct seen {
    uint64_t hash[EVENTS_MAX], id[EVENTS_MAX], offset[EVENTS_MAX], length[EVENTS_MAX];
    struct position pos[EVENTS_MAX];
    size_t events, named, salvaged, crc, cut, skips, gaps, gap_events;
    uint64_t records, rejected;
    enum step_kind last;
    struct position end;
    const char *reason;
    enum fault_code fault;
};

struct memory {
    const uint8_t *p;
};

static struct seen first, second;
static struct event event;
static struct selector everything = {.all = true}, mapi;
static const struct position beginning;

static void setup(void)
{
    selector_init_default(&mapi);
}

TestSuite(evtx, .init = setup);

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct memory *m = ctx;
    memcpy(to, m->p + offset, n);
    return (ptrdiff_t)n;
}

static struct input input_of(struct memory *m, struct sv file, bool complete)
{
    m->p = (const uint8_t *)file.p;
    return (struct input){m, read_memory, file.n, complete};
}

static uint64_t event_hash(const struct event *e)
{
    uint64_t h = hash64(HASH64_START, e->original.p, e->original.n);
    h = hash64(h, e->provider.p, e->provider.n);
    for (size_t i = 0; i < e->data_count; i++)
        h = hash64(hash64(h, e->data[i].value.p, e->data[i].value.n), "|", 1);
    return hash64(h, &e->event_id.v, sizeof e->event_id.v);
}

static void note_event(struct seen *s, const struct step *step)
{
    cr_assert_lt(s->events, EVENTS_MAX);
    s->hash[s->events] = event_hash(&event);
    s->id[s->events] = event.record_id.v;
    s->offset[s->events] = event.offset;
    s->length[s->events] = event.length;
    s->pos[s->events] = step->pos;
    s->events++;
    s->named += event.event_id.v == 9646 && sv_ieq(event.provider, SV("MSExchangeIS"));
    s->salvaged += event.trust == EVENT_SALVAGED;
    s->crc += event.trust == EVENT_CRC;
    s->cut += event.cut;
}

/* Reads until there is nothing more for now. */
static void drain(struct parser *p, struct seen *s)
{
    struct step step;
    struct parser_counts counts;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, STEPS_MAX, "the parser does not come to an end");
        parser_evtx.next(p, &event, &step);
        s->last = step.kind;
        s->end = step.pos;
        if (step.kind == STEP_EVENT) {
            note_event(s, &step);
        } else if (step.kind == STEP_SKIP) {
            s->skips++;
            s->reason = step.reason;
        } else if (step.kind == STEP_GAP) {
            s->gaps++;
            s->gap_events += step.skipped_events;
        } else if (step.kind != STEP_PROGRESS) {
            break;
        }
    }
    if (s->last == STEP_FATAL)
        s->fault = step.fault.code;
    parser_evtx.counts(p, &counts);
    s->records = counts.records;
    s->rejected = counts.rejected;
}

static void read_from(struct sv file, const struct selector *selector, const struct position *from,
                      struct seen *s)
{
    struct memory m;
    struct input in = input_of(&m, file, true);
    struct fault fault = {0};
    memset(s, 0, sizeof *s);
    struct parser *p = parser_evtx.open(&in, from, &(struct parser_options){.selector = selector}, &fault);
    s->fault = fault.code;
    if (!p)
        return;
    drain(p, s);
    parser_evtx.close(p);
}

static void read_all(struct sv file, struct seen *s)
{
    read_from(file, &everything, &beginning, s);
}

static struct evtx_writer *writer_with(const struct evtx_writer_options *o, unsigned records)
{
    struct evtx_writer *w = evtx_writer_new(o);
    for (unsigned i = 0; i < records; i++)
        evtx_writer_add_9646(w, (enum evtx_writer_layout)(i % 3), i);
    return w;
}

static struct sv copy_of(const struct evtx_writer *w)
{
    struct sv image = evtx_writer_image(w);
    char *p = malloc(image.n);
    cr_assert(p);
    memcpy(p, image.p, image.n);
    return sv_make(p, image.n);
}

static void release(struct sv file)
{
    free((void *)(uintptr_t)file.p);
}

static uint8_t *bytes_of(struct sv file)
{
    return (uint8_t *)(uintptr_t)file.p;
}

static void expect_ids(const struct seen *s, uint64_t from, uint64_t to)
{
    cr_assert_eq(s->events, to - from + 1, "%zu events", s->events);
    for (size_t i = 0; i < s->events; i++)
        cr_assert_eq(s->id[i], from + i);
}

Test(evtx, a_log_gives_its_records_in_order)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.first_id = 1000}, 300);
    read_all(evtx_writer_image(w), &first);
    expect_ids(&first, 1000, 1299);
    cr_assert_eq(first.records, 300);
    cr_assert_eq(first.named, 300);
    cr_assert_eq(first.skips + first.gaps + first.salvaged + first.crc + first.cut, 0);
    cr_assert_eq(first.last, STEP_MORE);
    evtx_writer_free(w);
}

Test(evtx, a_classic_record_is_decoded_field_by_field)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.first_id = 7}, 1);
    struct memory m;
    struct input in = input_of(&m, evtx_writer_image(w), true);
    struct parser *p = parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &mapi}, NULL);
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
    read_from(evtx_writer_image(w), &mapi, &beginning, &first);
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
        read_from(evtx_writer_image(w), &mapi, &beginning, &first);
        expect_ids(&first, 1, 1);
        evtx_writer_free(w);
    }
}

Test(evtx, the_filter_and_the_decoder_agree_on_every_record)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 50);
    for (uint16_t id = 9600; id < 9700; id++)
        evtx_writer_add(
            w, &(struct evtx_writer_event){.layout = (enum evtx_writer_layout)(id % 3), .event_id = id});
    read_from(evtx_writer_image(w), &mapi, &beginning, &first);
    read_all(evtx_writer_image(w), &second);
    cr_assert_eq(first.events, second.named);
    cr_assert_eq(first.events, 51);
    evtx_writer_free(w);
}

Test(evtx, a_wrapped_log_is_read_in_the_order_of_ids)
{
    struct evtx_writer *w =
        writer_with(&(struct evtx_writer_options){.records_per_chunk = 10, .max_chunks = 4}, 65);
    read_all(evtx_writer_image(w), &first);
    expect_ids(&first, 31, 65);
    evtx_writer_free(w);
}

Test(evtx, a_dirty_header_and_preallocated_chunks_hide_nothing)
{
    struct evtx_writer *w = writer_with(
        &(struct evtx_writer_options){.records_per_chunk = 10, .preallocated = 5, .dirty = true}, 35);
    read_all(evtx_writer_image(w), &first);
    expect_ids(&first, 1, 35);
    cr_assert_eq(first.skips, 0);
    evtx_writer_free(w);
}

Test(evtx, zeros_up_to_a_free_space_offset_at_the_chunks_end_are_a_clean_end)
{
    struct evtx_writer *w =
        writer_with(&(struct evtx_writer_options){.free_at_end = true, .records_per_chunk = 9}, 20);
    read_all(evtx_writer_image(w), &first);
    expect_ids(&first, 1, 20);
    cr_assert_eq(first.skips, 0);
    evtx_writer_free(w);
}

Test(evtx, stale_records_of_a_cleared_log_are_not_given)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 20);
    evtx_writer_clear(w);
    read_all(evtx_writer_image(w), &first);
    cr_assert_eq(first.events, 0);
    evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, 1);
    read_all(evtx_writer_image(w), &first);
    expect_ids(&first, 21, 21);
    evtx_writer_free(w);
}

Test(evtx, stale_records_are_not_given_when_the_chunk_header_is_damaged)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 20);
    evtx_writer_clear(w);
    for (unsigned i = 0; i < 3; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    struct sv file = copy_of(w);
    memset(bytes_of(file) + HEADER + 44, 0xff, 8); /* last record and free-space offset */
    read_all(file, &first);
    expect_ids(&first, 21, 23);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_ruined_file_header_costs_nothing)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 25);
    struct sv file = copy_of(w);
    memset(bytes_of(file), 0xee, 128);
    read_all(file, &first);
    expect_ids(&first, 1, 25);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_chunk_without_its_magic_is_salvaged)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 30);
    struct sv file = copy_of(w);
    memset(bytes_of(file) + HEADER + CHUNK, 0, 8);
    read_all(file, &first);
    expect_ids(&first, 1, 30);
    cr_assert_eq(first.salvaged, 10);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_foreign_block_is_reported_and_passed)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 30);
    struct sv file = copy_of(w);
    memset(bytes_of(file) + HEADER + CHUNK, 0x77, CHUNK);
    read_all(file, &first);
    cr_assert_eq(first.events, 20);
    cr_assert_eq(first.skips, 1);
    cr_assert_str_eq(first.reason, "a block without chunk header and without records");
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_zero_hole_costs_the_records_it_covers)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 30);
    read_all(evtx_writer_image(w), &first);
    struct sv file = copy_of(w);
    /* From the middle of the tenth record to the middle of the twelfth. */
    size_t from = first.offset[9] + first.length[9] / 2, to = first.offset[11] + first.length[11] / 2;
    memset(bytes_of(file) + from, 0, to - from);
    read_all(file, &second);
    cr_assert_eq(second.events, 28, "the eleventh and twelfth are gone, the tenth is salvaged");
    cr_assert_eq(second.salvaged, 1);
    cr_assert_eq(second.skips, 1);
    cr_assert_eq(second.crc, 27);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, records_behind_lost_bytes_are_found_again)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 20}, 60);
    read_all(evtx_writer_image(w), &first);
    struct sv file = copy_of(w);
    size_t from = first.offset[30] + 40, lost = 13;
    memmove(bytes_of(file) + from, file.p + from + lost, file.n - from - lost);
    read_all(sv_make(file.p, file.n - lost), &second);
    cr_assert_geq(second.events, 58, "%zu events", second.events);
    for (size_t i = 1; i < second.events; i++)
        cr_assert_gt(second.id[i], second.id[i - 1], "nothing is given twice");
    release(file);
    evtx_writer_free(w);
}

/* Takes n bytes out of the file. */
static struct sv without(struct sv file, size_t at, size_t n)
{
    memmove(bytes_of(file) + at, file.p + at + n, file.n - at - n);
    return sv_make(file.p, file.n - n);
}

Test(evtx, losses_that_make_up_for_each_other_cost_no_record_between_them)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 30);
    read_all(evtx_writer_image(w), &first);
    struct sv file = copy_of(w), rest = file;
    rest = without(rest, first.offset[20] + 60, 5); /* records behind this one are aligned again */
    rest = without(rest, first.offset[5] + 60, 3);
    read_all(rest, &second);
    size_t between = 0;
    for (size_t i = 0; i < second.events; i++)
        between += second.id[i] > 6 && second.id[i] < 21;
    cr_assert_eq(between, 14);
    cr_assert_geq(second.events, 28, "%zu events", second.events);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_record_before_the_end_of_a_chunk_header_that_lost_bytes_is_found)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 10);
    struct sv file = copy_of(w);
    read_all(without(file, HEADER + 300, 21), &first);
    expect_ids(&first, 1, 10);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, damaged_ids_end_nothing_where_the_end_of_the_chunk_is_not_known)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 30);
    read_all(evtx_writer_image(w), &first);
    struct sv file = copy_of(w);
    memset(bytes_of(file) + HEADER + 44, 0xff, 8);       /* last record and free-space offset */
    bytes_of(file)[first.offset[10] + 14] = 1;           /* far too high */
    memset(bytes_of(file) + first.offset[20] + 8, 0, 8); /* too low */
    read_all(file, &second);
    expect_ids(&second, 1, 30);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_wrong_size_copy_costs_trust_but_not_the_record)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 30);
    read_all(evtx_writer_image(w), &first);
    struct sv file = copy_of(w);
    bytes_of(file)[first.offset[5] + first.length[5] - 4] ^= 0xff;
    read_all(file, &second);
    expect_ids(&second, 1, 30);
    cr_assert_eq(second.salvaged, 1);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_wrong_check_sum_costs_trust_only)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 10}, 20);
    struct sv file = copy_of(w);
    bytes_of(file)[HEADER + 52] ^= 1; /* the sum itself, which the header's own sum covers too */
    read_from(file, &mapi, &beginning, &first);
    expect_ids(&first, 1, 20);
    cr_assert_eq(first.crc, 10);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_wanted_record_whose_template_is_gone_is_given_with_what_is_known)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (unsigned i = 0; i < 2; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_MANIFEST, i);
    for (unsigned i = 0; i < 2; i++)
        evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, i);
    struct sv file = copy_of(w);
    read_all(file, &first);
    for (size_t i = 0; i < 4; i += 2)
        bytes_of(file)[first.offset[i] + 24 + 4 + 10 + 4] ^= 0xff; /* the definition's GUID */
    evtx_writer_reseal(bytes_of(file), 0);
    read_from(file, &mapi, &beginning, &second);
    expect_ids(&second, 1, 4);
    cr_assert_eq(second.salvaged, 4);
    cr_assert_eq(event.event_id.v, 9646);
    cr_assert_eq(event.qualifiers.v, 49158);
    cr_assert(sv_absent(event.provider), "a classic provider stands in the template alone");
    cr_assert_eq(event.data_count, 3, "the payload has a template of its own");
    cr_assert(event.time.present);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_hidden_record_is_reported_and_not_given)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 12);
    read_all(evtx_writer_image(w), &first);
    struct sv file = copy_of(w);
    for (size_t i = 3; i < 6; i++) { /* each layout swallows the record behind it */
        size_t host = i * 2 - 3, size = first.length[host] + first.length[host + 1];
        uint8_t *p = bytes_of(file) + first.offset[host];
        for (size_t k = 0; k < 4; k++)
            p[4 + k] = p[size - 4 + k] = (uint8_t)(size >> (8 * k));
    }
    evtx_writer_reseal(bytes_of(file), 0);
    read_all(file, &second);
    cr_assert_eq(second.events, 9);
    cr_assert_eq(second.skips, 3);
    cr_assert_str_eq(second.reason, "a record hidden in the tail of another one");
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_truncated_file_yields_its_complete_records)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 12}, 18);
    struct sv file = copy_of(w);
    read_all(file, &first);
    size_t last = HEADER + CHUNK + 16384;
    for (size_t cut = 0; cut < last; cut += cut < HEADER + 20000 ? 7 : 61) {
        size_t whole = 0;
        while (whole < first.events && first.offset[whole] + first.length[whole] <= cut)
            whole++;
        read_all(sv_make(file.p, cut), &second);
        cr_assert_geq(second.events, whole, "cut at %zu: %zu of %zu", cut, second.events, whole);
        cr_assert_leq(second.events, whole + 1, "at most the record that is cut is salvaged");
        for (size_t i = 0; i < whole; i++)
            cr_assert_eq(second.hash[i], first.hash[i]);
    }
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_copy_that_ends_between_two_chunks_is_told_by_its_header)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 12}, 24);
    struct sv file = evtx_writer_image(w);
    static const size_t cuts[] = {3000, HEADER, HEADER + 100, HEADER + CHUNK, HEADER + CHUNK + 100};
    read_all(file, &first);
    cr_assert_eq(first.skips, 0);
    cr_assert_eq(first.events, 24);
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        read_all(sv_make(file.p, cuts[i]), &second);
        cr_assert_eq(second.events, cuts[i] > HEADER + CHUNK - 1 ? 12 : 0, "cut at %zu", cuts[i]);
        cr_assert_geq(second.skips, 1, "cut at %zu", cuts[i]);
        cr_assert_str_eq(second.reason, "the file ends before the chunks that its header counts");
    }
    evtx_writer_free(w);
}

Test(evtx, the_header_of_a_log_that_was_not_closed_says_nothing_about_its_end)
{
    struct evtx_writer *w =
        writer_with(&(struct evtx_writer_options){.records_per_chunk = 12, .dirty = true}, 24);
    struct sv file = evtx_writer_image(w);
    read_all(sv_make(file.p, HEADER + CHUNK), &second);
    cr_assert_eq(second.events, 12);
    cr_assert_eq(second.skips, 0);
    evtx_writer_free(w);
}

/* A small deterministic generator: the same flips in every run. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

Test(evtx, flipped_bytes_cost_what_they_hit)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 20}, 40);
    struct sv file = copy_of(w);
    uint8_t *p = bytes_of(file);
    uint32_t random = 9646;
    size_t given = 0, rounds = 3000;
    for (size_t round = 0; round < rounds; round++) {
        size_t at[3];
        uint8_t was[3];
        for (size_t k = 0; k < 3; k++) {
            at[k] = HEADER + next_random(&random) % 2 * CHUNK + next_random(&random) % 24000;
            was[k] = p[at[k]];
            p[at[k]] = (uint8_t)next_random(&random);
        }
        read_all(file, &second);
        cr_assert_leq(second.events, 40);
        given += second.events;
        for (size_t i = 0; i < second.events; i++)
            cr_assert_leq(second.offset[i] + second.length[i], file.n);
        for (size_t k = 3; k-- > 0;)
            p[at[k]] = was[k];
    }
    cr_assert_geq(given, rounds * 40 * 95 / 100, "%zu of %zu", given, rounds * 40);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, how_a_file_grows_does_not_change_its_events)
{
    const struct evtx_writer_options options[] = {
        {.records_per_chunk = 10}, {.records_per_chunk = 10, .max_chunks = 4}, {.preallocated = 2}};
    for (size_t o = 0; o < 3; o++) {
        struct evtx_writer *w = writer_with(&options[o], 55);
        struct sv file = evtx_writer_image(w);
        uint32_t random = 1 + (uint32_t)o;
        struct memory m;
        struct input in = input_of(&m, file, false);
        read_all(file, &first);
        memset(&second, 0, sizeof second);
        in.size = 0;
        struct parser *p =
            parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &everything}, NULL);
        while (in.size < file.n) {
            in.size += next_random(&random) % 20000;
            if (in.size > file.n)
                in.size = file.n;
            drain(p, &second);
        }
        in.complete = true;
        drain(p, &second);
        parser_evtx.close(p);
        cr_assert_eq(second.events, first.events);
        cr_assert_arr_eq(second.hash, first.hash, first.events * sizeof *first.hash);
        evtx_writer_free(w);
    }
}

Test(evtx, reading_goes_on_from_every_position)
{
    const struct evtx_writer_options options[] = {{.records_per_chunk = 7},
                                                  {.records_per_chunk = 7, .max_chunks = 5}};
    for (size_t o = 0; o < 2; o++) {
        struct evtx_writer *w = writer_with(&options[o], 40);
        read_all(evtx_writer_image(w), &first);
        for (size_t i = 0; i < first.events; i++) {
            read_from(evtx_writer_image(w), &everything, &first.pos[i], &second);
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
        writer_with(&(struct evtx_writer_options){.records_per_chunk = 7, .max_chunks = 3}, 40);
    struct memory m;
    struct input in = input_of(&m, evtx_writer_image(w), false);
    struct position end;
    cr_assert(parser_evtx.end(&in, &end, NULL));
    cr_assert_eq(end.record, 41);
    evtx_writer_add_9646(w, EVTX_WRITE_CLASSIC, 1);
    read_from(evtx_writer_image(w), &everything, &end, &first);
    expect_ids(&first, 41, 41);
    evtx_writer_free(w);
}

/* A parser on a log that is written to while it is open. */
struct tail {
    struct evtx_writer *w;
    struct memory m;
    struct input in;
    struct parser *p;
};

static void tail_open(struct tail *t, const struct evtx_writer_options *o, unsigned records)
{
    t->w = writer_with(o, records);
    t->in = input_of(&t->m, evtx_writer_image(t->w), false);
    t->p = parser_evtx.open(&t->in, &beginning, &(struct parser_options){.selector = &everything}, NULL);
    cr_assert(t->p);
}

static void tail_read(struct tail *t, struct seen *s)
{
    struct sv image = evtx_writer_image(t->w);
    t->m.p = (const uint8_t *)image.p;
    t->in.size = image.n;
    memset(s, 0, sizeof *s);
    drain(t->p, s);
}

static void tail_close(struct tail *t)
{
    parser_evtx.close(t->p);
    evtx_writer_free(t->w);
}

Test(evtx, records_added_in_place_are_given_once)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 6, .preallocated = 4, .dirty = true}, 3);
    tail_read(&t, &first);
    expect_ids(&first, 1, 3);
    tail_read(&t, &first);
    cr_assert_eq(first.events, 0);
    for (uint64_t next = 4; next < 60; next++) {
        evtx_writer_add_9646(t.w, (enum evtx_writer_layout)(next % 3), (unsigned)next);
        tail_read(&t, &first);
        expect_ids(&first, next, next);
        cr_assert_eq(first.gaps + first.skips, 0);
    }
    tail_close(&t);
}

Test(evtx, a_ring_is_followed_over_its_end)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5, .max_chunks = 3}, 8);
    tail_read(&t, &first);
    expect_ids(&first, 1, 8);
    for (uint64_t next = 9; next < 100; next += 4) {
        for (unsigned i = 0; i < 4; i++)
            evtx_writer_add_9646(t.w, EVTX_WRITE_CLASSIC, i);
        tail_read(&t, &first);
        expect_ids(&first, next, next + 3);
        cr_assert_eq(first.gaps, 0);
    }
    tail_close(&t);
}

Test(evtx, records_overwritten_before_they_were_read_are_a_gap_with_a_number)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5, .max_chunks = 3}, 8);
    tail_read(&t, &first);
    struct position saved = first.end;
    for (unsigned i = 0; i < 32; i++) /* ids 9 to 40; the ring holds 26 to 40 */
        evtx_writer_add_9646(t.w, EVTX_WRITE_CLASSIC, i);
    tail_read(&t, &first);
    expect_ids(&first, 26, 40);
    cr_assert_eq(first.gaps, 1);
    cr_assert_eq(first.gap_events, 17);
    read_from(evtx_writer_image(t.w), &everything, &saved, &second);
    expect_ids(&second, 26, 40);
    cr_assert_eq(second.gap_events, 17);
    tail_close(&t);
}

Test(evtx, a_cleared_log_goes_on)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5}, 12);
    tail_read(&t, &first);
    struct position saved = first.end;
    evtx_writer_clear(t.w);
    tail_read(&t, &first);
    cr_assert_eq(first.last, STEP_MORE);
    cr_assert_eq(first.events, 0);
    read_from(evtx_writer_image(t.w), &everything, &saved, &second);
    cr_assert_eq(second.fault, FAULT_NONE);
    evtx_writer_add_9646(t.w, EVTX_WRITE_CLASSIC, 1);
    tail_read(&t, &first);
    expect_ids(&first, 13, 13);
    cr_assert_eq(first.gaps, 0);
    tail_close(&t);
}

Test(evtx, a_log_whose_ids_start_again_is_another_one)
{
    struct tail t;
    tail_open(&t, &(struct evtx_writer_options){.records_per_chunk = 5}, 12);
    tail_read(&t, &first);
    struct position saved = first.end;
    for (unsigned records = 3; records <= 20; records += 17) { /* fewer than before, and more */
        struct evtx_writer *other = evtx_writer_new(&(struct evtx_writer_options){0});
        for (unsigned i = 0; i < records; i++)
            evtx_writer_add(other, &(struct evtx_writer_event){.event_id = 9646, .level = 3});
        read_from(evtx_writer_image(other), &everything, &saved, &second);
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

Test(evtx, a_torn_newest_chunk_is_waited_for_and_then_salvaged)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){.records_per_chunk = 5}, 8);
    struct sv file = copy_of(w);
    bytes_of(file)[HEADER + CHUNK + 52] ^= 0x55;
    struct memory m;
    struct input in = input_of(&m, file, false);
    struct parser *p =
        parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &everything}, NULL);
    memset(&first, 0, sizeof first);
    for (int call = 0; call < 3; call++) {
        drain(p, &first);
        expect_ids(&first, 1, 5);
    }
    drain(p, &first);
    expect_ids(&first, 1, 8);
    cr_assert_eq(first.crc, 3);
    parser_evtx.close(p);

    /* The writer comes to an end in time: nothing is damaged. */
    p = parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &everything}, NULL);
    memset(&first, 0, sizeof first);
    drain(p, &first);
    expect_ids(&first, 1, 5);
    bytes_of(file)[HEADER + CHUNK + 52] ^= 0x55;
    drain(p, &first);
    expect_ids(&first, 1, 8);
    cr_assert_eq(first.crc, 0);
    parser_evtx.close(p);
    release(file);
    evtx_writer_free(w);
}

Test(evtx, a_record_half_written_is_read_when_it_is_whole)
{
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 9);
    struct sv whole = copy_of(w), file = copy_of(w);
    read_all(whole, &first);
    memset(bytes_of(file) + first.offset[8] + 100, 0, first.length[8] - 100);
    struct memory m;
    struct input in = input_of(&m, file, false);
    struct parser *p =
        parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &everything}, NULL);
    memset(&second, 0, sizeof second);
    drain(p, &second);
    cr_assert_eq(second.events, 0);
    memcpy(bytes_of(file), whole.p, whole.n);
    drain(p, &second);
    expect_ids(&second, 1, 9);
    cr_assert_eq(second.salvaged + second.crc, 0);
    parser_evtx.close(p);
    release(file);
    release(whole);
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
    struct parser *p = parser_evtx.open(&in, &beginning, &(struct parser_options){.selector = &mapi}, NULL);
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
    struct evtx_writer *w = writer_with(&(struct evtx_writer_options){0}, 1);
    struct sv file = copy_of(w);
    cr_assert_eq(parser_evtx.probe(sv_slice(file, 0, 4096), true), 100);
    cr_assert_eq(parser_evtx.probe(sv_slice(file, 0, 5), false), PROBE_MORE);
    cr_assert_eq(parser_evtx.probe(sv_slice(file, 0, 5), true), 0);
    cr_assert_gt(parser_evtx.probe(sv_slice(file, 4096, 8192), true), 50);
    memset(bytes_of(file), 'x', 8);
    cr_assert_gt(parser_evtx.probe(sv_slice(file, 0, 4096), true), 50);
    memset(bytes_of(file), 0, 128);
    cr_assert_gt(parser_evtx.probe(sv_slice(file, 0, 8192), true), 50);
    cr_assert_eq(parser_evtx.probe(SV("<Events><Event>ElfChnk</Event></Events>"), true), 0);
    release(file);
    evtx_writer_free(w);
}

static struct sv load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return SV_ABSENT;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(n + 1);
    cr_assert(p && fread(p, 1, n, f) == n);
    fclose(f);
    return sv_make(p, n);
}

/* Field `index` of a tab-separated line. */
static struct sv field(struct sv line, size_t index)
{
    for (;; index--) {
        size_t tab = sv_find_char(line, '\t');
        if (index == 0 || tab == SV_NPOS)
            return index ? SV("") : sv_slice(line, 0, tab == SV_NPOS ? line.n : tab);
        line = sv_slice(line, tab + 1, line.n);
    }
}

static uint64_t number(struct sv text)
{
    uint64_t n = 0;
    return sv_to_u64(text, &n) ? n : 0;
}

static void check_truth(struct sv line)
{
    enum { FILE_NAME = 0, RECORDS = 2, FORWARDED = 10, MAPI = 11, DAMAGE = 12 };
    char path[1024];
    struct sv name = field(line, FILE_NAME);
    if (!sv_ends(name, SV(".evtx")))
        return;
    snprintf(path, sizeof path, SOURCE_ROOT "/../shared/corpus/%.*s", SV_ARG(name));
    struct sv file = load(path);
    cr_assert(!sv_absent(file), "%s", path);
    uint64_t records = number(field(line, RECORDS)), named = number(field(line, MAPI));
    read_from(file, &mapi, &beginning, &first);
    read_all(file, &second);
    if (sv_empty(field(line, DAMAGE))) {
        cr_assert_eq(first.records, records, "%s: %lu", path, (unsigned long)first.records);
        cr_assert_eq(first.named, named, "%s: %zu", path, first.named);
        cr_assert_eq(second.events, records, "%s: %zu", path, second.events);
        cr_assert_eq(second.named, named, "%s: %zu", path, second.named);
        cr_assert_eq(second.cut + second.salvaged, 0, "%s", path);
    } else {
        cr_assert_geq(first.records, records, "%s", path);
        cr_assert_geq(first.named, named, "%s", path);
        cr_assert_geq(second.events, records, "%s: %zu", path, second.events);
    }
    release(file);
}

Test(evtx, published_logs_have_the_records_that_were_counted_in_them, .timeout = 120)
{
    struct sv truth = load(SOURCE_ROOT "/../shared/corpus/TRUTH.tsv");
    if (sv_absent(truth))
        cr_skip("the corpus is not here");
    struct sv rest = truth;
    while (rest.n) {
        size_t end = sv_find_char(rest, '\n');
        check_truth(sv_slice(rest, 0, end == SV_NPOS ? rest.n : end));
        rest = end == SV_NPOS ? SV("") : sv_slice(rest, end + 1, rest.n);
    }
    release(truth);
}

/* Of the tests' own writer, which is the same everywhere. */
Test(evtx, what_the_writer_writes_is_read_by_libevtx, .disabled = ON_WINDOWS)
{
    if (system("evtxexport -V >/dev/null 2>&1") != 0)
        cr_skip("evtxexport is not installed");
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){.records_per_chunk = 20});
    for (unsigned i = 0; i < 50; i++) /* not the inline layout, which this libevtx does not know */
        evtx_writer_add_9646(w, i % 2 ? EVTX_WRITE_CLASSIC : EVTX_WRITE_MANIFEST, i);
    struct sv file = evtx_writer_image(w);
    char path[] = "/tmp/mapitail-test-XXXXXX", command[128], line[512];
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, file.p, file.n) == (ssize_t)file.n);
    snprintf(command, sizeof command, "evtxexport -f xml %s", path);
    FILE *f = popen(command, "r");
    size_t events = 0, users = 0;
    while (fgets(line, sizeof line, f)) {
        events += strstr(line, "<Event ") != NULL;
        users += strstr(line, "cn=Recipients/cn=user") != NULL;
    }
    cr_assert_eq(pclose(f), 0);
    cr_assert_eq(events, 50);
    cr_assert_eq(users, 50);
    close(fd);
    unlink(path);
    evtx_writer_free(w);
}
