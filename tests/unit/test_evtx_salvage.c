/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of records when the parts of a chunk that they lean on are gone: definitions and names stand
 * in the record that used them first, so damage to one record reaches all that follow.
 */
#include "../support/evtx_writer.h"
#include "evtx_recall.h"
#include "needle.h"
#include "parser.h"
#include "reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct parser_ops parser_evtx;

enum { CHUNK = 65536, HEADER = 4096, FIRST = HEADER + 512, EVENTS_MAX = 64, TEXT_MAX = 4096 };

/* An event's facts as one line of text, because views end with the event. */
struct line {
    char text[TEXT_MAX];
    uint64_t id, offset, length;
    enum event_trust trust;
    bool has_provider;
};

struct seen {
    struct line lines[EVENTS_MAX];
    size_t events, skips;
    uint64_t rejected;
    char reason[128];
};

struct memory {
    const uint8_t *p;
};

static struct seen whole, damaged;
static struct event event;
static struct selector everything = {.all = true}, mapi;
static uint8_t *file;
static size_t file_size;
static struct evtx_writer *writer;

static void setup(void)
{
    selector_init_default(&mapi);
}

static void teardown(void)
{
    free(file);
    evtx_writer_free(writer);
}

TestSuite(evtx_salvage, .init = setup, .fini = teardown);

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct memory *m = ctx;
    memcpy(to, m->p + offset, n);
    return (ptrdiff_t)n;
}

static size_t put(char *to, size_t at, const char *name, struct sv value)
{
    int n = snprintf(to + at, TEXT_MAX - at, "%s=%.*s;", name, SV_ARG(value));
    cr_assert(n >= 0 && at + (size_t)n < TEXT_MAX);
    return at + (size_t)n;
}

static size_t put_number(char *to, size_t at, const char *name, struct opt_u64 value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value.v);
    return put(to, at, name, value.has ? sv_from(digits) : SV("-"));
}

static void note_event(struct seen *s)
{
    struct line *l = &s->lines[s->events++];
    char *to = l->text;
    size_t at = put(to, 0, "time", event.time_text);
    cr_assert_leq(s->events, EVENTS_MAX);
    at = put_number(to, at, "id", event.event_id);
    at = put_number(to, at, "qualifiers", event.qualifiers);
    at = put_number(to, at, "level", event.level);
    at = put_number(to, at, "task", event.task);
    at = put_number(to, at, "keywords", event.keywords);
    at = put_number(to, at, "record", event.record_id);
    at = put(to, at, "user", event.user_sid);
    for (size_t i = 0; i < event.data_count; i++)
        at = put(to, at, "data", event.data[i].value);
    at = put(to, at, "binary", event.binary);
    at = put(to, at, "channel", event.channel);
    at = put(to, at, "computer", event.computer);
    put(to, at, "provider", event.provider);
    l->id = event.record_id.v;
    l->offset = event.offset;
    l->length = event.length;
    l->trust = event.trust;
    l->has_provider = !sv_absent(event.provider);
}

static void read_file(const struct selector *selector, struct seen *s)
{
    static const struct position beginning;
    struct memory m = {file};
    struct input in = {&m, read_memory, file_size, true};
    struct parser_options options = {.selector = selector};
    struct parser *p = parser_evtx.open(&in, &beginning, &options, NULL);
    struct parser_counts counts;
    struct step step;
    s->events = s->skips = 0;
    s->reason[0] = '\0';
    do {
        parser_evtx.next(p, &event, &step);
        if (step.kind == STEP_EVENT)
            note_event(s);
        if (step.kind == STEP_SKIP) {
            s->skips++;
            snprintf(s->reason, sizeof s->reason, "%s", step.reason);
        }
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_evtx.counts(p, &counts);
    s->rejected = counts.rejected;
    parser_evtx.close(p);
}

static void take_image(void)
{
    struct sv image = evtx_writer_image(writer);
    file = malloc(image.n);
    file_size = image.n;
    cr_assert(file);
    memcpy(file, image.p, image.n);
    read_file(&everything, &whole);
}

/* Overwrites the BinXML of a record with zeros and leaves its frame, so that the record itself is passed. */
static void zero_record(const struct line *l)
{
    memset(file + l->offset, 0, l->length);
}

static const struct line *line_of(const struct seen *s, uint64_t id)
{
    for (size_t i = 0; i < s->events; i++)
        if (s->lines[i].id == id)
            return &s->lines[i];
    return NULL;
}

static bool is_9646(const struct line *l)
{
    return strstr(l->text, ";id=9646;") != NULL;
}

/* Every 9646 of the whole log but the lost one is there, with all that was known of it. */
static void expect_all_but(uint64_t lost)
{
    size_t expected = 0;
    for (size_t i = 0; i < whole.events; i++) {
        const struct line *l = &whole.lines[i], *now = line_of(&damaged, l->id);
        if (l->id == lost || !is_9646(l))
            continue;
        expected++;
        cr_assert(now, "record %lu is lost", (unsigned long)l->id);
        cr_assert_str_eq(now->text, l->text);
        cr_assert_eq(now->trust, EVENT_SALVAGED);
    }
    cr_assert_gt(expected, 0);
    cr_assert_eq(damaged.events, expected);
}

Test(evtx_salvage, a_log_without_its_first_record_still_gives_the_others_with_their_strings)
{
    FILE *f = fopen(SOURCE_ROOT "/tests/data/application.evtx", "rb");
    cr_assert(f);
    file_size = HEADER + CHUNK;
    file = malloc(file_size);
    cr_assert_eq(fread(file, 1, file_size, f), file_size);
    fclose(f);
    read_file(&everything, &whole);
    cr_assert_eq(whole.events, 13);
    uint64_t decoy = whole.lines[0].id;
    cr_assert_eq(whole.lines[0].offset, FIRST);
    zero_record(&whole.lines[0]);
    read_file(&mapi, &damaged);
    expect_all_but(decoy);
    cr_assert_eq(damaged.skips, 1, "only the zeros: %s", damaged.reason);
    read_file(&everything, &damaged);
    cr_assert_eq(damaged.events, 12);
}

static void write_9646(unsigned count, enum evtx_writer_layout layout)
{
    for (unsigned i = 0; i < count; i++)
        evtx_writer_add_9646(writer, layout, i);
}

Test(evtx_salvage, a_lost_template_is_found_in_another_chunk)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){.records_per_chunk = 4});
    write_9646(12, EVTX_WRITE_CLASSIC);
    take_image();
    zero_record(&whole.lines[4]); /* the second chunk's definitions; the same stand in the others */
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events, 11);
    for (size_t i = 0; i < damaged.events; i++) {
        const struct line *before = line_of(&whole, damaged.lines[i].id);
        cr_assert_str_eq(damaged.lines[i].text, before->text);
        cr_assert_eq(damaged.lines[i].trust, i >= 4 && i < 7 ? EVENT_SALVAGED : EVENT_OK);
    }
}

Test(evtx_salvage, a_template_found_elsewhere_tells_decoys_too)
{
    static const char *strings[] = {"/o=A/ou=B/cn=c", "32", "session"};
    writer = evtx_writer_new(&(struct evtx_writer_options){.records_per_chunk = 3});
    for (int i = 0; i < 6; i++)
        evtx_writer_add(writer,
                        &(struct evtx_writer_event){
                            .provider = "ESE", .event_id = 9646, .strings = strings, .string_count = 3});
    take_image();
    zero_record(&whole.lines[0]);
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events, 0);
    cr_assert_eq(damaged.rejected, 5);
}

Test(evtx_salvage, a_template_found_nowhere_leaves_the_strings)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    write_9646(5, EVTX_WRITE_CLASSIC);
    take_image();
    zero_record(&whole.lines[0]);
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events, 4);
    for (size_t i = 0; i < 4; i++) {
        const char *before = whole.lines[i + 1].text, *now = damaged.lines[i].text;
        size_t known = (size_t)(strstr(before, "channel=") - before);
        cr_assert_not(damaged.lines[i].has_provider);
        cr_assert_eq(strncmp(now, before, known), 0, "%s", now);
        cr_assert_eq(damaged.lines[i].trust, EVENT_SALVAGED);
    }
}

Test(evtx_salvage, a_record_without_provider_and_with_other_strings_is_reported)
{
    static const char *strings[] = {"one", "two"};
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    for (int i = 0; i < 3; i++)
        evtx_writer_add(writer,
                        &(struct evtx_writer_event){.event_id = 9646, .strings = strings, .string_count = 2});
    take_image();
    zero_record(&whole.lines[0]);
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events, 0);
    cr_assert_eq(damaged.skips, 3);
    cr_assert_str_eq(damaged.reason, "a record with a wanted id whose provider is lost");
    read_file(&everything, &damaged);
    cr_assert_eq(damaged.events, 2, "whoever wants everything gets them");
}

Test(evtx_salvage, an_unwanted_record_without_template_is_passed_in_silence)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    for (int i = 0; i < 3; i++)
        evtx_writer_add(writer, &(struct evtx_writer_event){.event_id = 9647});
    take_image();
    zero_record(&whole.lines[0]);
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events + damaged.rejected, 0);
    cr_assert_eq(damaged.skips, 1, "the zeros");
}

Test(evtx_salvage, a_payload_without_its_template_keeps_strings_and_bytes)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    write_9646(4, EVTX_WRITE_CLASSIC);
    take_image();
    /* The payload's definition is the second one in the first record. */
    static const uint8_t nested[] = {0x0f, 0x01, 0x01, 0x00, 0x0c, 0x01};
    uint8_t *record = file + whole.lines[0].offset;
    size_t n = (size_t)whole.lines[0].length, at = 24 + sizeof nested;
    const uint8_t *hit = needle_find(record + at, n - at, nested, sizeof nested);
    cr_assert(hit);
    size_t definition = (size_t)(hit - record) + 4 + 10;
    memset(record + definition + 4, 0, 16); /* its GUID */
    evtx_writer_reseal(file, 0);
    read_file(&mapi, &damaged);
    expect_all_but(0);
}

Test(evtx_salvage, a_torn_record_gives_the_values_in_front_of_the_tear)
{
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    write_9646(3, EVTX_WRITE_CLASSIC);
    take_image();
    const struct line *last = &whole.lines[2];
    /* The file ends inside the event's bytes: the strings are in front of them. */
    file_size = (size_t)(last->offset + last->length) - 24;
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events, 3);
    size_t strings = (size_t)(strstr(last->text, "binary=") - last->text);
    cr_assert_eq(strncmp(damaged.lines[2].text, last->text, strings), 0, "%s", damaged.lines[2].text);
    cr_assert_eq(damaged.lines[2].trust, EVENT_SALVAGED);
    cr_assert_eq(damaged.lines[1].trust, EVENT_CRC);
}

Test(evtx_salvage, a_forwarded_log_without_its_names_is_read_by_place)
{
    static const char *strings[] = {"/o=A & B/ou=C/cn=d", "32", "session"};
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    for (int i = 0; i < 4; i++)
        evtx_writer_add(writer, &(struct evtx_writer_event){.layout = EVTX_WRITE_INLINE,
                                                            .provider = i == 2 ? "ESE" : "MSExchangeIS",
                                                            .event_id = 9646,
                                                            .qualifiers = 49158,
                                                            .level = 2,
                                                            .task = 6,
                                                            .strings = strings,
                                                            .string_count = 3,
                                                            .message = "Mapi session",
                                                            .binary = "\7\0\1\2",
                                                            .binary_size = 4});
    take_image();
    zero_record(&whole.lines[0]);
    read_file(&mapi, &damaged);
    cr_assert_eq(damaged.events, 2);
    cr_assert_eq(damaged.rejected, 1);
    for (size_t i = 0; i < 2; i++) {
        char expected[TEXT_MAX];
        const char *before = line_of(&whole, damaged.lines[i].id)->text;
        /* The ampersand was an entity, and its name is gone. */
        const char *mark = strchr(before, '&');
        snprintf(expected, sizeof expected, "%.*s\xef\xbf\xbd%s", (int)(mark - before), before, mark + 1);
        cr_assert_str_eq(damaged.lines[i].text, expected);
    }
}

/* Breaks the name where it is stored, for all records of the chunk. False if it is stored nowhere. */
static bool break_name(const char *name)
{
    uint8_t utf16[64];
    size_t n = strlen(name);
    utf16[0] = (uint8_t)n;
    utf16[1] = 0;
    for (size_t i = 0; i < n; i++) {
        utf16[2 + 2 * i] = (uint8_t)name[i];
        utf16[3 + 2 * i] = 0;
    }
    const uint8_t *hit = needle_find(file + FIRST, CHUNK - 512, utf16, 2 + 2 * n);
    if (!hit)
        return false;
    file[(size_t)(hit - file) + 2 + 2 * n] = 0xff; /* the NUL at its end */
    return true;
}

Test(evtx_salvage, a_name_that_is_lost_costs_trust_only)
{
    static const char *names[] = {"Event",     "System",      "Provider",   "EventID",       "Level",
                                  "Task",      "TimeCreated", "SystemTime", "EventRecordID", "Channel",
                                  "Computer",  "Keywords",    "Qualifiers", "Security",      "UserID",
                                  "EventData", "Data",        "Binary"};
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
    write_9646(3, EVTX_WRITE_CLASSIC);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        free(file);
        take_image();
        cr_assert(break_name(names[i]), "%s", names[i]);
        read_file(&mapi, &damaged);
        cr_assert_eq(damaged.events, 3, "%s: %zu", names[i], damaged.events);
        for (size_t k = 0; k < 3; k++) {
            cr_assert_str_eq(damaged.lines[k].text, whole.lines[k].text, "without %s: %s", names[i],
                             damaged.lines[k].text);
            cr_assert_eq(damaged.lines[k].trust, EVENT_SALVAGED);
        }
    }
}

/* A log of any size in which nothing is found. */
static ptrdiff_t read_nothing(void *ctx, uint64_t offset, void *to, size_t n)
{
    (void)offset;
    *(uint64_t *)ctx += n;
    memset(to, 0, n);
    return (ptrdiff_t)n;
}

Test(evtx_salvage, searches_for_lost_templates_are_bounded)
{
    uint64_t bytes = 0;
    struct input in = {&bytes, read_nothing, UINT64_C(1) << 40, true};
    struct evtx_recall recall;
    struct binxml_literals literals;
    evtx_recall_init(&recall, &in);
    recall.near = HEADER + CHUNK * UINT64_C(1000);
    for (uint32_t id = 1; id <= 2 * EVTX_RECALLED_MAX; id++)
        cr_assert_not(evtx_recall_find(&recall, id, &literals));
    cr_assert_leq(bytes, EVTX_RECALL_BYTES_MAX);
    cr_assert_gt(bytes, EVTX_RECALL_BYTES_MAX - CHUNK);

    /* What was looked for once is known, found or not. */
    in.size = HEADER + 10 * CHUNK;
    evtx_recall_free(&recall);
    evtx_recall_init(&recall, &in);
    cr_assert_not(evtx_recall_find(&recall, 7, &literals));
    bytes = 0;
    cr_assert_not(evtx_recall_find(&recall, 7, &literals));
    cr_assert_eq(bytes, 0);
    evtx_recall_free(&recall);
}

static bool matches(const struct line *l)
{
    const char *provider = strstr(l->text, ";provider=");
    cr_assert(provider);
    struct sv name = sv_from(provider + strlen(";provider="));
    return is_9646(l) && selector_wants(&mapi, sv_slice(name, 0, name.n - 1), 9646);
}

static bool is_at(const struct seen *s, uint64_t offset)
{
    for (size_t i = 0; i < s->events; i++)
        if (s->lines[i].offset == offset)
            return true;
    return false;
}

/* What the filter gives is what the decoded events say. Where the provider is lost either may be right. */
static void expect_lanes_to_agree(size_t at)
{
    read_file(&everything, &whole);
    read_file(&mapi, &damaged);
    for (size_t i = 0; i < whole.events; i++) {
        const struct line *l = &whole.lines[i];
        if (l->has_provider)
            cr_assert_eq(is_at(&damaged, l->offset), matches(l), "byte %zu: %s", at, l->text);
    }
}

Test(evtx_salvage, the_filter_agrees_with_the_decoder_whatever_byte_is_damaged, .timeout = 100)
{
    for (int layout = EVTX_WRITE_CLASSIC; layout <= EVTX_WRITE_INLINE; layout++) {
        writer = evtx_writer_new(&(struct evtx_writer_options){0});
        evtx_writer_add_9646(writer, (enum evtx_writer_layout)layout, 1);
        evtx_writer_add_9646(writer, (enum evtx_writer_layout)layout, 2);
        take_image();
        size_t used = FIRST + 2 * whole.lines[0].length;
        for (size_t at = FIRST; at < used; at++) {
            const uint8_t was = file[at], bits[] = {(uint8_t)(1u << at % 8), was};
            for (size_t i = 0; i < sizeof bits; i++) {
                file[at] = was ^ bits[i];
                expect_lanes_to_agree(at);
            }
            file[at] = was;
        }
        free(file);
        evtx_writer_free(writer);
        file = NULL;
        writer = NULL;
    }
}
