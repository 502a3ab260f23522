/* SPDX-License-Identifier: Apache-2.0 */
/* The .evt parser: what is read from sound, damaged and living rings. */
#include "../support/corpus_truth.h"
#include "../support/evt_writer.h"
#include "hash64.h"
#include "identity.h"
#include "mapi9646.h"
#include "parser.h"
#include "reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct parser_ops parser_evt, parser_xml;

enum { HEADER = 48, CURSOR = 40, HEAD = 56, EVENTS_MAX = 8192, STEPS_MAX = 100000 };

/* What one reading gave. */
struct seen {
    uint64_t hash[EVENTS_MAX], id[EVENTS_MAX], offset[EVENTS_MAX], length[EVENTS_MAX];
    struct position pos[EVENTS_MAX];
    size_t events, salvaged, cut, skips, gaps, gap_events, skipped_bytes, skipped_events, progress;
    uint64_t records, rejected;
    struct position gap_pos;
    struct step last;
    const char *reason;
    enum fault_code fault;
};

struct memory {
    const uint8_t *p;
};

static struct seen first, second;
static struct event event;
static struct selector everything = {.all = true}, mapi;
static const struct parser_options take_everything = {.selector = &everything},
                                   take_mapi = {.selector = &mapi};
static const struct position beginning;

static void setup(void)
{
    selector_init_default(&mapi);
}

TestSuite(evt, .init = setup);

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

static void note_event(struct seen *s, const struct step *step)
{
    cr_assert_lt(s->events, EVENTS_MAX);
    s->hash[s->events] = hash64(HASH64_START, event.original.p, event.original.n);
    s->id[s->events] = event.record_id.v;
    s->offset[s->events] = event.offset;
    s->length[s->events] = event.length;
    s->pos[s->events] = step->pos;
    s->events++;
    s->salvaged += event.trust == EVENT_SALVAGED;
    s->cut += event.cut;
}

static void note_step(struct seen *s, const struct step *step)
{
    if (step->kind == STEP_SKIP) {
        s->skips++;
        s->skipped_bytes += step->length;
        s->skipped_events += step->skipped_events;
        s->reason = step->reason;
    } else if (step->kind == STEP_GAP) {
        s->gaps++;
        s->gap_events += step->skipped_events;
        s->gap_pos = step->pos;
    } else {
        cr_assert_eq(step->kind, STEP_PROGRESS);
        s->progress++;
    }
}

/* Reads until there is nothing more for now. */
static void drain(struct parser *p, struct seen *s)
{
    struct parser_counts counts;
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, STEPS_MAX, "the parser does not come to an end");
        parser_evt.next(p, &event, &s->last);
        if (s->last.kind == STEP_MORE || s->last.kind == STEP_FATAL)
            break;
        if (s->last.kind == STEP_EVENT)
            note_event(s, &s->last);
        else
            note_step(s, &s->last);
    }
    if (s->last.kind == STEP_FATAL)
        s->fault = s->last.fault.code;
    parser_evt.counts(p, &counts);
    s->records = counts.records;
    s->rejected = counts.rejected;
}

static void clear(struct seen *s)
{
    memset(&s->events, 0, sizeof *s - offsetof(struct seen, events));
}

static void read_from(struct sv file, const struct selector *selector, const struct position *from,
                      struct seen *s)
{
    struct memory m;
    struct input in = input_of(&m, file, true);
    struct fault fault = {0};
    clear(s);
    struct parser *p = parser_evt.open(&in, from, &(struct parser_options){.selector = selector}, &fault);
    s->fault = fault.code;
    if (!p)
        return;
    drain(p, s);
    parser_evt.close(p);
}

static void read_all(struct sv file, struct seen *s)
{
    read_from(file, &everything, &beginning, s);
}

/* Records of many lengths: each string has another one. */
static void add_some(struct evt_writer *w, unsigned count)
{
    char text[80];
    const char *strings[] = {text, "500", "objtFolder"};
    for (unsigned i = 0; i < count; i++) {
        unsigned number = evt_writer_next(w);
        snprintf(text, sizeof text, "%u%.*s", number, (int)(number * 7 % 60),
                 "/o=First Organization/ou=First Administrative Group/cn=Recipients");
        evt_writer_add(
            w, &(struct evt_writer_event){.event_id = 0xC00625AE, .strings = strings, .string_count = 3});
    }
}

static struct evt_writer *writer_with(const struct evt_writer_options *o, unsigned records)
{
    struct evt_writer *w = evt_writer_new(o);
    add_some(w, records);
    return w;
}

static struct sv copy_of(const struct evt_writer *w)
{
    struct sv image = evt_writer_image(w);
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
        cr_assert_eq(s->id[i], from + i, "%lu is not %lu", (unsigned long)s->id[i],
                     (unsigned long)(from + i));
}

static void expect_clean(const struct seen *s)
{
    cr_assert_eq(s->skips + s->gaps + s->salvaged + s->cut, 0);
    cr_assert_eq(s->last.kind, STEP_MORE);
    cr_assert_eq(s->last.length, 0);
}

/* ---- records ---- */

Test(evt, a_log_gives_its_records_in_order)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.first = 1000}, 200);
    read_all(evt_writer_image(w), &first);
    expect_ids(&first, 1000, 1199);
    expect_clean(&first);
    cr_assert_eq(first.records, 200);
    evt_writer_free(w);
}

/* S-1-5-21-1-2-500 */
static const uint8_t sid[] = {1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0,    0, 1, 0,
                              0, 0, 2, 0, 0, 0, 3, 0, 0,  0, 0xf4, 1, 0, 0};

static void next_event(struct parser *p)
{
    struct step step;
    parser_evt.next(p, &event, &step);
    cr_assert_eq(step.kind, STEP_EVENT);
}

Test(evt, a_record_is_decoded_field_by_field)
{
    static const char *strings[] = {"/o=Org & Co/cn=<x>", "", "J\xc3\xbcrgen \xf0\x9f\x93\xa7"};
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.first = 126268});
    evt_writer_add(w, &(struct evt_writer_event){.event_id = 0xC00625AE,
                                                 .category = 6,
                                                 .time = 1239531776,
                                                 .sid = sid,
                                                 .sid_size = sizeof sid,
                                                 .strings = strings,
                                                 .string_count = 3,
                                                 .data = "\x07\0[X]\xff",
                                                 .data_size = 6});
    struct memory m;
    struct input in = input_of(&m, evt_writer_image(w), true);
    struct parser *p = parser_evt.open(&in, &beginning, &take_mapi, NULL);
    next_event(p);
    cr_assert(sv_eq(event.provider, SV("MSExchangeIS")));
    cr_assert(sv_eq(event.computer, SV("EXCH2003")));
    cr_assert(sv_absent(event.channel), "the file does not say which log it is");
    cr_assert_eq(event.event_id.v, 9646);
    cr_assert_eq(event.qualifiers.v, 49158);
    cr_assert_eq(event.level.v, 2);
    cr_assert_eq(event.task.v, 6);
    cr_assert_eq(event.keywords.v, UINT64_C(0x80000000000000));
    cr_assert_eq(event.record_id.v, 126268);
    cr_assert(event.time.present && event.time.sec == 1239531776 && event.time.digits == 0);
    cr_assert(sv_eq(event.user_sid, SV("S-1-5-21-1-2-3-500")));
    cr_assert_eq(event.data_count, 3);
    cr_assert(sv_eq(event.data[0].value, SV("/o=Org & Co/cn=<x>")));
    cr_assert(!sv_absent(event.data[1].value) && event.data[1].value.n == 0,
              "an empty string keeps its place");
    cr_assert(sv_eq(event.data[2].value, SV("J\xc3\xbcrgen \xf0\x9f\x93\xa7")));
    cr_assert(sv_eq(event.binary, SV("07005B585DFF")));
    cr_assert(sv_eq(event.original,
                    SV("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
                       "<Provider Name='MSExchangeIS'/><EventID "
                       "Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"
                       "<Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2009-04-12T10:22:56Z'/>"
                       "<EventRecordID>126268</EventRecordID><Computer>EXCH2003</Computer>"
                       "<Security UserID='S-1-5-21-1-2-3-500'/></System><EventData><Data>/o=Org &amp; "
                       "Co/cn=&lt;x&gt;</Data>"
                       "<Data></Data><Data>J\xc3\xbcrgen "
                       "\xf0\x9f\x93\xa7</Data><Binary>07005B585DFF</Binary></EventData></Event>")));
    cr_assert(event.trust == EVENT_OK && !event.cut && !event.text_replaced);
    cr_assert_eq(event.offset, HEADER);
    parser_evt.close(p);
    evt_writer_free(w);
}

Test(evt, types_become_levels_and_keywords)
{
    static const struct {
        uint16_t type;
        uint64_t level, keywords;
    } types[] = {{1, 2, 0x80000000000000},
                 {2, 3, 0x80000000000000},
                 {4, 4, 0x80000000000000},
                 {8, 4, 0xa0000000000000},
                 {0x10, 4, 0x90000000000000}};
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){0});
    for (size_t i = 0; i < 5; i++)
        evt_writer_add(w, &(struct evt_writer_event){.event_id = 9646, .type = types[i].type});
    struct memory m;
    struct input in = input_of(&m, evt_writer_image(w), true);
    struct parser *p = parser_evt.open(&in, &beginning, &take_everything, NULL);
    for (size_t i = 0; i < 5; i++) {
        next_event(p);
        cr_assert_eq(event.level.v, types[i].level);
        cr_assert_eq(event.keywords.v, types[i].keywords);
    }
    parser_evt.close(p);
    evt_writer_free(w);
}

Test(evt, decoys_are_passed_and_counted)
{
    static const char *sources[] = {"ESE", "msexchangeis", "MSExchangeIS Mailbox Store",
                                    "MSExchangeTransport"};
    static const char *strings[] = {"MSExchangeIS", "9646"};
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){0});
    for (size_t i = 0; i < 4; i++)
        evt_writer_add(w, &(struct evt_writer_event){.source = sources[i], .event_id = 0xC00425AE});
    evt_writer_add(w, &(struct evt_writer_event){
                          .event_id = 0x25AE0000, .category = 9646, .strings = strings, .string_count = 2});
    read_from(evt_writer_image(w), &mapi, &beginning, &first);
    cr_assert_eq(first.records, 5);
    cr_assert_eq(first.events, 2, "any case, and all of the store's sources");
    cr_assert(first.id[0] == 2 && first.id[1] == 3);
    cr_assert_eq(first.rejected, 2);
    evt_writer_free(w);
}

Test(evt, offsets_out_of_the_record_cost_the_field_only)
{
    static const size_t fields[] = {36, 44, 52};
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){0});
    static const char *strings[] = {"a", "b"};
    evt_writer_add(w, &(struct evt_writer_event){.event_id = 9646,
                                                 .sid = sid,
                                                 .sid_size = sizeof sid,
                                                 .strings = strings,
                                                 .string_count = 2,
                                                 .data = "xyz",
                                                 .data_size = 3});
    for (size_t i = 0; i < 3; i++) {
        struct sv file = copy_of(w);
        memset(bytes_of(file) + HEADER + fields[i], 0xff, 4);
        read_all(file, &first);
        expect_ids(&first, 1, 1);
        cr_assert_eq(first.cut, 1);
        cr_assert_eq(event.data_count, fields[i] == 36 ? 0 : 2);
        cr_assert_eq(sv_absent(event.user_sid), fields[i] == 44);
        cr_assert_eq(sv_absent(event.binary), fields[i] == 52);
        release(file);
    }
    evt_writer_free(w);
}

/* Takes an event apart as the pipeline does, and gives the id under which it is delivered. */
static struct record normalized(struct arena *arena, struct identity *identity)
{
    struct record r = {0};
    record_normalize(&event, arena, &r);
    cr_assert(identity_fill(identity, &r, 1));
    return r;
}

Test(evt, the_9646_of_exchange_2003_is_the_same_record_as_in_its_xml_export)
{
    static const char xml[] =
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
        "Name='MSExchangeIS'/>"
        "<EventID "
        "Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task><Keywords>0x80000000000000</Keywords>"
        "<TimeCreated SystemTime='2009-04-12T10:10:01.000000000Z'/><EventRecordID>77</EventRecordID>"
        "<Channel>Application</Channel><Computer>EXCH2003.contoso.com</Computer><Security/></"
        "System><EventData><Data>"
        "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=user5</Data><Data>500</Data>"
        "<Data>objtFolder</Data></EventData></Event>";
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.first = 77});
    evt_writer_add_9646(w, 5);
    struct memory m[2];
    struct input in[2] = {input_of(&m[0], evt_writer_image(w), true), input_of(&m[1], sv_from(xml), true)};
    struct arena arena[2];
    struct identity *identity = identity_new();
    struct record record[2];
    struct step step;
    struct parser *evt = parser_evt.open(&in[0], &beginning, &take_mapi, NULL);
    struct parser *text = parser_xml.open(&in[1], &beginning, &take_mapi, NULL);
    arena_init(&arena[0], 1 << 16);
    arena_init(&arena[1], 1 << 16);
    next_event(evt);
    record[0] = normalized(&arena[0], identity);
    parser_xml.next(text, &event, &step);
    cr_assert_eq(step.kind, STEP_EVENT);
    record[1] = normalized(&arena[1], identity);
    cr_assert_str_eq(record[0].id, record[1].id);
    cr_assert_eq(record[0].mapi.status, PARSE_COMPLETE);
    cr_assert_eq(record[1].mapi.status, PARSE_COMPLETE);
    cr_assert_eq(record[0].mapi.limit.v, 500);
    cr_assert(sv_eq(record[0].mapi.user, SV("user5")));
    cr_assert(sv_eq(record[0].mapi.legacy_dn, record[1].mapi.legacy_dn));
    cr_assert(sv_eq(record[0].mapi.object_type, record[1].mapi.object_type));
    cr_assert(sv_eq(record[0].message, record[1].message));
    cr_assert(sv_eq(record[0].key, record[1].key));
    parser_xml.close(text);
    parser_evt.close(evt);
    identity_free(identity);
    arena_free(&arena[0]);
    arena_free(&arena[1]);
    evt_writer_free(w);
}

/* ---- rings ---- */

Test(evt, a_wrapped_log_is_read_from_its_oldest_record_wherever_the_seam_lies)
{
    size_t records_over = 0, cursors_over = 0;
    for (unsigned variant = 0; variant < 2 * 160; variant++) {
        struct evt_writer_options o = {
            .size = 4096 + variant / 2 * 4, .fill_end = variant % 2, .dirty = variant % 3};
        struct evt_writer *w = writer_with(&o, 60 + variant % 7);
        read_all(evt_writer_image(w), &first);
        expect_ids(&first, evt_writer_oldest(w), evt_writer_next(w) - 1);
        expect_clean(&first);
        cr_assert_gt(evt_writer_oldest(w), 1);
        for (size_t i = 0; i < first.events; i++)
            records_over += first.offset[i] + first.length[i] > o.size;
        cursors_over += evt_writer_cursor(w) + CURSOR > o.size;
        evt_writer_free(w);
    }
    cr_assert_gt(records_over, 100, "%zu", records_over);
    cr_assert_gt(cursors_over, 3, "%zu", cursors_over);
}

Test(evt, a_header_that_says_it_is_clean_is_not_believed_without_its_cursor)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192, .dirty = true}, 100);
    struct sv file = copy_of(w);
    bytes_of(file)[36] = 0;
    read_all(file, &first);
    expect_ids(&first, evt_writer_oldest(w), 100);
    expect_clean(&first);
    memset(bytes_of(file), 0xee, HEADER);
    read_all(file, &first);
    expect_ids(&first, evt_writer_oldest(w), 100);
    expect_clean(&first);
    release(file);
    evt_writer_free(w);
}

Test(evt, stale_records_are_not_given)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192, .dirty = true}, 100);
    evt_writer_clear(w);
    read_all(evt_writer_image(w), &first);
    cr_assert_eq(first.events, 0);
    expect_clean(&first);
    add_some(w, 3);
    read_all(evt_writer_image(w), &first);
    expect_ids(&first, 1, 3);
    expect_clean(&first);
    /* Not even where the last record of the new log is damaged. */
    struct sv file = copy_of(w);
    memset(bytes_of(file) + first.offset[2], 0x55, 40);
    read_all(file, &second);
    expect_ids(&second, 1, 2);
    cr_assert_eq(second.skips, 1);
    release(file);
    evt_writer_free(w);
}

Test(evt, a_cursor_in_a_records_data_is_no_cursor)
{
    /* Length and marks, the offset where it will stand, and numbers above all others. */
    static const uint32_t words[10] = {40,         0x11111111, 0x22222222, 0x33333333, 0x44444444,
                                       HEADER + 1, 0,          70000,      60000,      40};
    uint8_t decoy[40];
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.dirty = true});
    for (int place = 0; place < 2; place++) {
        for (size_t i = 0; i < 10; i++)
            for (size_t k = 0; k < 4; k++)
                decoy[i * 4 + k] = (uint8_t)(words[i] >> (8 * k));
        size_t at = evt_writer_cursor(w) + HEAD + 26 + 18; /* behind head, source and computer */
        for (size_t k = 0; k < 4; k++)
            decoy[24 + k] = (uint8_t)(place ? at >> (8 * k) : 0);
        evt_writer_add(w,
                       &(struct evt_writer_event){.event_id = 1, .data = decoy, .data_size = sizeof decoy});
        cr_assert_eq(memcmp(evt_writer_image(w).p + at, decoy, sizeof decoy), 0);
        add_some(w, 5);
    }
    read_all(evt_writer_image(w), &first);
    expect_ids(&first, 1, 12);
    expect_clean(&first);
    evt_writer_free(w);
}

/* ---- damage ---- */

Test(evt, a_torn_record_is_given_as_far_as_it_reaches)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, 60);
    read_all(evt_writer_image(w), &first);
    for (size_t i = 0; i < first.events; i++) {
        struct sv file = copy_of(w);
        size_t end = first.offset[i] + first.length[i];
        if (end < file.n)
            memset(bytes_of(file) + end - 40, 0,
                   40); /* the last string, the data and the copy of the length */
        read_all(file, &second);
        expect_ids(&second, first.id[0], 60);
        cr_assert_eq(second.salvaged, end < file.n);
        release(file);
    }
    evt_writer_free(w);
}

Test(evt, damage_to_a_records_frame_leaves_its_neighbours_alone)
{
    static const struct {
        size_t at;
        bool is_salvaged;
    } fields[] = {{0, true}, {4, true}, {8, false}};
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, 60);
    read_all(evt_writer_image(w), &first);
    for (size_t i = 0; i < first.events; i++)
        for (size_t k = 0; k < 3; k++) {
            struct sv file = copy_of(w);
            if (first.offset[i] + 12 > file.n)
                continue;
            bytes_of(file)[first.offset[i] + fields[k].at] ^= 0x80;
            read_all(file, &second);
            cr_assert_eq(second.events, first.events - !fields[k].is_salvaged, "%zu of record %zu",
                         fields[k].at, i);
            size_t gone = fields[k].is_salvaged ? SIZE_MAX : i;
            for (size_t e = 0; e < second.events; e++)
                cr_assert_eq(second.id[e], first.id[e + (e >= gone)]);
            if (!fields[k].is_salvaged) {
                cr_assert_eq(second.skipped_events, 1);
                cr_assert_eq(second.skipped_bytes, first.length[i]);
            }
            release(file);
        }
    evt_writer_free(w);
}

Test(evt, a_log_without_its_cursor_is_read_by_its_records)
{
    for (unsigned records = 20; records <= 80; records += 3) {
        struct evt_writer *w =
            writer_with(&(struct evt_writer_options){.size = 8192, .dirty = true}, records);
        struct sv file = copy_of(w);
        for (size_t i = 0; i < CURSOR; i++) {
            size_t at = evt_writer_cursor(w) + i;
            bytes_of(file)[at < file.n ? at : at - file.n + HEADER] = 0x99;
        }
        read_all(file, &first);
        expect_ids(&first, evt_writer_oldest(w), records);
        cr_assert_eq(first.salvaged, first.events, "what is stale cannot be told with certainty");
        cr_assert_str_eq(first.reason, "the end record is missing");
        release(file);
        evt_writer_free(w);
    }
}

Test(evt, a_record_in_the_data_of_a_damaged_one_is_not_given)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){0}, 10), *other;
    other = writer_with(&(struct evt_writer_options){.first = 17}, 1);
    struct sv inner = sv_slice(evt_writer_image(other), HEADER, evt_writer_cursor(other));
    evt_writer_add(w, &(struct evt_writer_event){.event_id = 1, .data = inner.p, .data_size = inner.n});
    add_some(w, 9);
    struct sv file = copy_of(w);
    read_all(file, &first);
    expect_ids(&first, 1, 20);
    memset(bytes_of(file) + first.offset[10], 0xee, HEAD);
    read_all(file, &second);
    cr_assert_eq(second.events, 19);
    cr_assert_eq(second.id[10], 12);
    release(file);
    evt_writer_free(other);
    evt_writer_free(w);
}

Test(evt, records_behind_lost_bytes_are_found_again)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){0}, 60);
    read_all(evt_writer_image(w), &first);
    struct sv file = copy_of(w);
    size_t from = first.offset[30] + 40, lost = 13;
    memmove(bytes_of(file) + from, file.p + from + lost, file.n - from - lost);
    read_all(sv_make(file.p, file.n - lost), &second);
    cr_assert_geq(second.events, 59, "%zu events", second.events);
    for (size_t i = 1; i < second.events; i++)
        cr_assert_gt(second.id[i], second.id[i - 1], "nothing is given twice");
    release(file);
    evt_writer_free(w);
}

Test(evt, a_truncated_log_yields_its_complete_records)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 16384}, 40);
    struct sv file = copy_of(w);
    read_all(file, &first);
    for (size_t cut = 0; cut < evt_writer_cursor(w) + 60; cut++) {
        size_t whole = 0;
        while (whole < first.events && first.offset[whole] + first.length[whole] <= cut)
            whole++;
        read_all(sv_make(file.p, cut), &second);
        cr_assert_geq(second.events, whole, "cut at %zu: %zu of %zu", cut, second.events, whole);
        cr_assert_leq(second.events, whole + 1, "at most the record that is cut is salvaged");
        for (size_t i = 0; i < whole; i++)
            cr_assert_eq(second.hash[i], first.hash[i]);
        cr_assert_eq(second.last.kind, STEP_MORE);
    }
    release(file);
    evt_writer_free(w);
}

/* A small deterministic generator: the same flips in every run. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

Test(evt, flipped_bytes_cost_what_they_hit)
{
    uint32_t random = 9646;
    size_t given = 0, of = 0;
    for (unsigned records = 40; records <= 80; records += 40) { /* not wrapped and wrapped */
        struct evt_writer *w =
            writer_with(&(struct evt_writer_options){.size = 10240, .dirty = true}, records);
        struct sv file = copy_of(w);
        uint8_t *p = bytes_of(file);
        read_all(file, &first);
        for (size_t round = 0; round < 2000; round++) {
            size_t at[3];
            uint8_t was[3];
            for (size_t k = 0; k < 3; k++) {
                at[k] = next_random(&random) % file.n;
                was[k] = p[at[k]];
                p[at[k]] = (uint8_t)next_random(&random);
            }
            read_all(file, &second);
            cr_assert_leq(second.events, first.events);
            cr_assert_geq(second.events, first.events - 3, "%zu of %zu with flips at %zu, %zu and %zu",
                          second.events, first.events, at[0], at[1], at[2]);
            for (size_t i = 1; i < second.events; i++)
                cr_assert_gt(second.id[i], second.id[i - 1], "nothing is given twice");
            given += second.events;
            of += first.events;
            for (size_t k = 3; k-- > 0;)
                p[at[k]] = was[k];
        }
        release(file);
        evt_writer_free(w);
    }
    cr_assert_geq(given, of * 98 / 100, "%zu of %zu", given, of);
}

/* ---- growth and positions ---- */

Test(evt, how_a_file_grows_does_not_change_its_events)
{
    const struct evt_writer_options options[] = {
        {.size = 20000}, {.size = 8192}, {.size = 8196, .dirty = true}, {.size = 8192, .fill_end = true}};
    for (uint32_t o = 0; o < 4 * 16; o++) {
        struct evt_writer *w = writer_with(&options[o % 4], 70 + o / 4);
        struct sv file = evt_writer_image(w);
        uint32_t random = 1 + o;
        struct memory m;
        struct input in = input_of(&m, file, false);
        read_all(file, &first);
        clear(&second);
        in.size = 0;
        struct parser *p = parser_evt.open(&in, &beginning, &take_everything, NULL);
        while (in.size < file.n) {
            in.size += 4 + next_random(&random) % 200 / 4 * 4;
            if (in.size > file.n)
                in.size = file.n;
            drain(p, &second);
        }
        in.complete = true;
        drain(p, &second);
        parser_evt.close(p);
        cr_assert_eq(second.events, first.events, "%u: %zu of %zu", o, second.events, first.events);
        cr_assert_arr_eq(second.hash, first.hash, first.events * sizeof *first.hash);
        cr_assert_eq(second.skips + second.gaps, 0);
        evt_writer_free(w);
    }
}

Test(evt, reading_goes_on_from_every_position)
{
    for (unsigned records = 30; records <= 90; records += 30) {
        struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, records);
        read_all(evt_writer_image(w), &first);
        for (size_t i = 0; i < first.events; i++) {
            read_from(evt_writer_image(w), &everything, &first.pos[i], &second);
            cr_assert_eq(second.fault, FAULT_NONE);
            cr_assert_eq(second.events, first.events - i - 1);
            cr_assert_eq(second.gaps + second.skips, 0);
            cr_assert_arr_eq(second.hash, first.hash + i + 1, second.events * sizeof *first.hash);
        }
        evt_writer_free(w);
    }
}

Test(evt, reading_goes_on_from_every_position_of_a_damaged_log)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, 60);
    struct sv file = copy_of(w);
    read_all(file, &first);
    for (size_t i = 1; i + 1 < first.events; i += 3)
        if (first.offset[i] + first.length[i] < file.n)
            bytes_of(file)[first.offset[i] + (i % 2 ? 0 : first.length[i] - 1)] ^= 0x40;
    memset(bytes_of(file) + evt_writer_cursor(w), 0, CURSOR);
    read_all(file, &first);
    cr_assert_gt(first.salvaged, 5);
    for (size_t i = 0; i < first.events; i++) {
        read_from(file, &everything, &first.pos[i], &second);
        cr_assert_eq(second.fault, FAULT_NONE);
        cr_assert_eq(second.events, first.events - i - 1, "from %zu", i);
        cr_assert_arr_eq(second.hash, first.hash + i + 1, second.events * sizeof *first.hash);
    }
    release(file);
    evt_writer_free(w);
}

Test(evt, the_end_is_behind_everything_there_is)
{
    for (unsigned records = 0; records <= 90; records += 9) {
        struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, records);
        struct memory m;
        struct input in = input_of(&m, evt_writer_image(w), false);
        struct position end;
        cr_assert(parser_evt.end(&in, &end, NULL));
        cr_assert_eq(end.record, records + 1);
        add_some(w, 2);
        read_from(evt_writer_image(w), &everything, &end, &first);
        expect_ids(&first, records + 1, records + 2);
        expect_clean(&first);
        evt_writer_free(w);
    }
}

/* A parser on a log that is written to while it is open. */
struct tail {
    struct evt_writer *w;
    struct memory m;
    struct input in;
    struct parser *p;
};

static void tail_open(struct tail *t, const struct evt_writer_options *o, unsigned records)
{
    t->w = writer_with(o, records);
    t->in = input_of(&t->m, evt_writer_image(t->w), false);
    t->p = parser_evt.open(&t->in, &beginning, &take_everything, NULL);
    cr_assert(t->p);
}

static void tail_read(struct tail *t, struct seen *s)
{
    struct sv image = evt_writer_image(t->w);
    t->m.p = (const uint8_t *)image.p;
    t->in.size = image.n;
    clear(s);
    drain(t->p, s);
}

static void tail_close(struct tail *t)
{
    parser_evt.close(t->p);
    evt_writer_free(t->w);
}

/* Closes it and opens it again where it was. */
static void tail_reopen(struct tail *t, const struct position *pos)
{
    parser_evt.close(t->p);
    t->p = parser_evt.open(&t->in, pos, &take_everything, NULL);
    cr_assert(t->p);
}

Test(evt, a_living_ring_is_followed_over_its_end_again_and_again)
{
    for (unsigned variant = 0; variant < 4; variant++) {
        struct tail t;
        uint32_t random = 5 + variant;
        uint64_t next = 1;
        tail_open(
            &t,
            &(struct evt_writer_options){.size = 8192 + variant * 4, .dirty = true, .fill_end = variant % 2},
            0);
        for (unsigned step = 0; step < 2000; step++) {
            add_some(t.w, next_random(&random) % 8);
            tail_read(&t, &first);
            expect_ids(&first, next, evt_writer_next(t.w) - 1);
            expect_clean(&first);
            next = evt_writer_next(t.w);
            if (step % 7 == 0)
                tail_reopen(&t, &first.last.pos);
        }
        cr_assert_gt(next, 6000);
        tail_close(&t);
    }
}

Test(evt, records_overwritten_before_they_were_read_are_a_gap_with_a_number)
{
    for (unsigned more = 40; more < 140; more++) {
        struct tail t;
        tail_open(&t, &(struct evt_writer_options){.size = 8192}, 20);
        tail_read(&t, &first);
        expect_ids(&first, 1, 20);
        struct position saved = first.last.pos;
        add_some(t.w, more);
        uint64_t oldest = evt_writer_oldest(t.w), lost = oldest > 21 ? oldest - 21 : 0;
        tail_read(&t, &first);
        expect_ids(&first, lost ? oldest : 21, 20 + more);
        cr_assert_eq(first.gap_events, lost);
        cr_assert_eq(first.gaps, lost > 0);
        cr_assert_eq(first.skips, 0);
        read_from(evt_writer_image(t.w), &everything, &saved, &second);
        expect_ids(&second, lost ? oldest : 21, 20 + more);
        cr_assert_eq(second.gap_events, lost);
        if (lost) { /* where it goes on is a position, too */
            struct position behind_gap = second.gap_pos;
            read_from(evt_writer_image(t.w), &everything, &behind_gap, &second);
            expect_ids(&second, oldest, 20 + more);
            expect_clean(&second);
            add_some(t.w, 1);
            read_from(evt_writer_image(t.w), &everything, &behind_gap, &second);
            expect_ids(&second, evt_writer_oldest(t.w), 21 + more);
            cr_assert_eq(second.gap_events, evt_writer_oldest(t.w) - oldest);
        }
        tail_close(&t);
    }
}

Test(evt, a_log_that_was_cleared_is_another_one)
{
    for (unsigned records = 0; records <= 40; records += 5) { /* fewer than before, as many, and more */
        struct tail t;
        tail_open(&t, &(struct evt_writer_options){0}, 20);
        tail_read(&t, &first);
        struct position saved = first.last.pos;
        evt_writer_clear(t.w);
        for (unsigned i = 0; i < records; i++)
            evt_writer_add(t.w, &(struct evt_writer_event){.event_id = 7 + i});
        tail_read(&t, &first);
        cr_assert_eq(first.last.kind, STEP_FATAL, "%u", records);
        cr_assert_eq(first.fault, FAULT_REPLACED);
        cr_assert_eq(first.events, 0);
        read_from(evt_writer_image(t.w), &everything, &saved, &second);
        cr_assert_eq(second.fault, FAULT_REPLACED);
        tail_close(&t);
    }
}

Test(evt, a_record_half_written_is_read_when_it_is_whole)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, 70);
    struct sv file = copy_of(w);
    size_t at = evt_writer_cursor(w);
    add_some(w, 1);
    struct sv whole = evt_writer_image(w);
    struct memory m;
    struct input in = input_of(&m, file, false);
    struct parser *p = parser_evt.open(&in, &beginning, &take_everything, NULL);
    clear(&first);
    drain(p, &first);
    expect_ids(&first, first.id[0], 70);
    memcpy(bytes_of(file) + at, whole.p + at,
           60); /* the head stands over the cursor, the rest is not there */
    clear(&first);
    drain(p, &first);
    cr_assert_eq(first.events, 0);
    cr_assert_gt(first.last.length, 0, "what is waited for is told");
    memcpy(bytes_of(file), whole.p, whole.n);
    drain(p, &first);
    expect_ids(&first, 71, 71);
    cr_assert_eq(first.salvaged + first.skips, 0);
    parser_evt.close(p);
    release(file);
    evt_writer_free(w);
}

Test(evt, what_is_never_finished_is_waited_for_and_then_salvaged)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){0}, 20);
    struct sv file = copy_of(w);
    size_t at = evt_writer_cursor(w);
    add_some(w, 1);
    memcpy(bytes_of(file) + at, evt_writer_image(w).p + at, 130);
    struct memory m;
    struct input in = input_of(&m, file, false);
    struct parser *p = parser_evt.open(&in, &beginning, &take_everything, NULL);
    clear(&first);
    for (int call = 0; call < 3; call++)
        drain(p, &first);
    cr_assert_eq(first.events, 0, "without a cursor nobody knows yet where the log begins");
    drain(p, &first);
    expect_ids(&first, 1, 20);
    in.complete = true;
    drain(p, &first);
    expect_ids(&first, 1, 21);
    parser_evt.close(p);
    release(file);
    evt_writer_free(w);
}

Test(evt, a_full_log_that_may_grow_and_is_moved_goes_on)
{
    /* Windows enlarges a wrapped log by moving the part up to the old end to the new one. */
    struct evt_writer *w =
        writer_with(&(struct evt_writer_options){.size = 8192, .dirty = true, .fill_end = true}, 90);
    struct sv small = copy_of(w);
    read_all(small, &first);
    size_t added = 4096, oldest = first.offset[0];
    uint8_t *large = calloc(1, small.n + added);
    cr_assert(large);
    memcpy(large, small.p, oldest);
    memcpy(large + oldest + added, small.p + oldest, small.n - oldest);
    for (size_t k = 0; k < 4; k++)
        large[evt_writer_cursor(w) + 20 + k] = (uint8_t)((oldest + added) >> (8 * k));
    for (size_t i = 0; i < first.events; i++) {
        read_from(sv_make(large, small.n + added), &everything, &first.pos[i], &second);
        cr_assert_eq(second.fault, FAULT_NONE);
        cr_assert_eq(second.events, first.events - i - 1);
        cr_assert_arr_eq(second.hash, first.hash + i + 1, second.events * sizeof *first.hash);
    }
    free(large);
    release(small);
    evt_writer_free(w);
}

Test(evt, a_large_log_lets_its_owner_breathe)
{
    static char text[30000];
    const char *strings[] = {text};
    memset(text, 'x', sizeof text - 1);
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.size = 20 << 20, .dirty = true});
    for (unsigned i = 0; i < 400; i++)
        evt_writer_add(w, &(struct evt_writer_event){.event_id = i, .strings = strings, .string_count = 1});
    read_from(evt_writer_image(w), &mapi, &beginning, &first);
    cr_assert_geq(first.progress, 4);
    cr_assert_eq(first.events, 0);
    cr_assert_eq(first.records, evt_writer_next(w) - evt_writer_oldest(w));
    read_all(evt_writer_image(w), &first);
    expect_ids(&first, evt_writer_oldest(w), 400);
    expect_clean(&first);
    evt_writer_free(w);
}

Test(evt, a_record_up_to_256_kib_is_read_and_a_longer_one_costs_itself_only)
{
    static uint8_t data[1 << 19];
    struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.size = 2 << 20});
    size_t rest = HEAD + 26 + 18 + 4; /* head, source, computer, copy of the length */
    add_some(w, 3);
    evt_writer_add(w, &(struct evt_writer_event){.event_id = 1, .data = data, .data_size = (1 << 18) - rest});
    add_some(w, 3);
    evt_writer_add(
        w, &(struct evt_writer_event){.event_id = 1, .data = data, .data_size = (1 << 18) - rest + 4096});
    add_some(w, 3);
    read_all(evt_writer_image(w), &first);
    cr_assert_eq(first.length[3], 1 << 18);
    cr_assert_eq(first.cut, 1, "what there is of the long one");
    cr_assert_eq(first.salvaged, 1);
    expect_ids(&first, 1, 11);
    evt_writer_free(w);
}

/* An input whose reads fail from one call on. */
struct failing {
    const uint8_t *p;
    int reads_left;
};

static ptrdiff_t read_failing(void *ctx, uint64_t offset, void *to, size_t n)
{
    struct failing *f = ctx;
    if (f->reads_left-- <= 0)
        return -1;
    memcpy(to, f->p + offset, n);
    return (ptrdiff_t)n;
}

Test(evt, a_read_that_fails_is_no_damage_and_loses_nothing)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){.size = 8192}, 70);
    struct sv file = copy_of(w);
    read_all(file, &first);
    bytes_of(file)[first.offset[5]] ^= 0x40;
    bytes_of(file)[first.offset[9] + 8] ^= 0x40;
    read_all(file, &first);
    for (int reads = 0;; reads++) {
        struct failing f = {(const uint8_t *)file.p, reads};
        struct input in = {&f, read_failing, file.n, true};
        struct parser *p = parser_evt.open(&in, &beginning, &take_everything, NULL);
        clear(&second);
        drain(p, &second);
        parser_evt.close(p);
        if (second.last.kind == STEP_MORE)
            break;
        cr_assert_eq(second.fault, FAULT_OS);
        cr_assert_leq(second.skips, first.skips);
        cr_assert_arr_eq(second.hash, first.hash, second.events * sizeof *first.hash);
        struct position pos = second.last.pos;
        size_t given = second.events;
        read_from(file, &everything, &pos, &second);
        cr_assert_eq(second.events, first.events - given);
        cr_assert_arr_eq(second.hash, first.hash + given, second.events * sizeof *first.hash);
    }
    cr_assert_arr_eq(second.hash, first.hash, first.events * sizeof *first.hash);
    release(file);
    evt_writer_free(w);
}

Test(evt, logs_are_recognized_by_their_beginning)
{
    struct evt_writer *w = writer_with(&(struct evt_writer_options){0}, 1);
    struct sv file = copy_of(w);
    cr_assert_eq(parser_evt.probe(sv_slice(file, 0, 4096), true), 100);
    cr_assert_eq(parser_evt.probe(sv_slice(file, 0, 5), false), PROBE_MORE);
    cr_assert_eq(parser_evt.probe(sv_slice(file, 0, 5), true), 0);
    cr_assert_eq(parser_evt.probe(SV("0"), true), 0);
    memset(bytes_of(file), 'x', HEADER);
    cr_assert_gt(parser_evt.probe(sv_slice(file, 0, 4096), true), 50);
    cr_assert_eq(
        parser_evt.probe(SV("<Events><Event>LfLe</Event></Events> LfLe LfLe LfLe LfLe LfLe LfLe LfLe LfLe"
                            " LfLe LfLe LfLe LfLe LfLe LfLe"),
                         true),
        0);
    release(file);
    evt_writer_free(w);
}

/* ---- published logs ---- */

static void check_truth(const struct corpus_log *log)
{
    uint64_t records = corpus_number(log, CORPUS_RECORDS);
    cr_assert_gt(records, 0, "%s", log->path);
    read_all(log->file, &first);
    expect_ids(&first, 1, records);
    expect_clean(&first);
    read_from(log->file, &mapi, &beginning, &second);
    cr_assert_eq(second.records, records);
    cr_assert_eq(second.events, 0);
}

Test(evt, published_logs_have_the_records_that_were_counted_in_them)
{
    cr_assert_eq(corpus_each(SV(".evt"), check_truth), 3);
}
