/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose event a record is, whatever way it is written: event id and provider as literals, values, nested
 * values or in pieces, in templates and without. What the filter takes from raw bytes is held against what
 * the selector says of the decoded event.
 */
#include "../support/evtx_forms.h"
#include "../support/evtx_writer.h"
#include "binxml.h"
#include "parser.h"
#include "reader.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct parser_ops parser_evtx;

enum { HEADER = 4096, RECORD_HEAD = 24, COPIES = 3 };

static struct selector everything = {.all = true}, mapi;
static struct evtx_writer *writer;
static struct event event;
static const struct position beginning;

static void setup(void)
{
    selector_init_default(&mapi);
    writer = evtx_writer_new(&(struct evtx_writer_options){0});
}

static void teardown(void)
{
    evtx_writer_free(writer);
}

TestSuite(evtx_filter, .init = setup, .fini = teardown);

/* ---- reading ---- */

struct seen {
    size_t events, wanted, skips, salvaged;
};

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    memcpy(to, (const char *)ctx + offset, n);
    return (ptrdiff_t)n;
}

static struct seen read_with(const struct selector *selector, struct sv file)
{
    struct input in = {(void *)(uintptr_t)file.p, read_memory, file.n, true};
    struct parser_options options = {.selector = selector};
    struct parser *p = parser_evtx.open(&in, &beginning, &options, NULL);
    struct seen s = {0};
    struct step step;
    do {
        parser_evtx.next(p, &event, &step);
        s.skips += step.kind == STEP_SKIP;
        if (step.kind != STEP_EVENT)
            continue;
        s.events++;
        s.salvaged += event.trust == EVENT_SALVAGED;
        s.wanted += event.event_id.has && selector_wants(&mapi, event_source(&event), event.event_id.v);
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_evtx.close(p);
    return s;
}

Test(evtx_filter, an_event_is_told_from_others_however_it_is_written)
{
    for (size_t i = 0; i < evtx_form_count; i++) {
        const struct evtx_form *f = &evtx_forms[i];
        evtx_writer_free(writer);
        writer = evtx_writer_new(&(struct evtx_writer_options){0});
        for (unsigned k = 0; k < COPIES; k++) { /* the first brings the template */
            evtx_writer_add_tokens(writer, evtx_form_write, f);
            evtx_writer_add(writer, &(struct evtx_writer_event){.event_id = 7});
        }
        size_t want = f->is_wanted ? COPIES : 0;
        struct seen all = read_with(&everything, evtx_writer_image(writer));
        struct seen some = read_with(&mapi, evtx_writer_image(writer));
        cr_expect_eq(all.wanted, want, "%s: %zu decoded", f->claim, all.wanted);
        cr_expect_eq(some.events, want, "%s: %zu taken", f->claim, some.events);
        cr_expect_eq(some.skips, all.skips, "%s: %zu and %zu skips", f->claim, some.skips, all.skips);
        cr_expect_eq(all.salvaged, 0, "%s", f->claim);
    }
}

Test(evtx_filter, more_templates_than_are_kept_are_told_apart)
{
    char computer[32];
    for (unsigned i = 0; i < 300; i++) {
        snprintf(computer, sizeof computer, "EXCH%u", i % 100);
        evtx_writer_add(writer, &(struct evtx_writer_event){.event_id = 9646,
                                                            .computer = computer,
                                                            .provider = i % 2 ? "ESE" : NULL});
    }
    cr_assert_eq(read_with(&mapi, evtx_writer_image(writer)).events, 150);
    cr_assert_eq(read_with(&everything, evtx_writer_image(writer)).wanted, 150);
}

Test(evtx_filter, a_definition_that_cannot_be_where_it_is_said_costs_trust_alone)
{
    struct sv image;
    evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, 1);
    evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, 2);
    evtx_writer_add_9646(writer, EVTX_WRITE_CLASSIC, 3);
    image = evtx_writer_image(writer);
    uint8_t *file = malloc(image.n);
    cr_assert(file);
    memcpy(file, image.p, image.n);
    size_t first = HEADER + 512, second = first + load_le32(file + first + 4);
    size_t at = second + RECORD_HEAD + 4 + 6, third = second + load_le32(file + second + 4) - HEADER;
    const size_t offsets[] = {0, 8, 511, third, third + 38, second - HEADER, at + 90, 65535, 0xffffffff};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        tokens_store(file + at, offsets[i], 4);
        evtx_writer_reseal(file, 0);
        struct seen all = read_with(&everything, sv_make(file, image.n));
        struct seen some = read_with(&mapi, sv_make(file, image.n));
        cr_assert_eq(all.events, 3, "offset %zu: %zu", offsets[i], all.events);
        cr_assert_eq(some.events, 3, "offset %zu: %zu", offsets[i], some.events);
        cr_assert_leq(all.salvaged, 1);
    }
    free(file);
}

static void provider_from_value(struct tokens *o, const void *ctx)
{
    (void)ctx;
    struct tokens_element e = tokens_open_plain(o, "Event"), s = tokens_open_plain(o, "System");
    struct tokens_element p = tokens_open(o, "Provider", TOKENS_NO_DEPENDENCY, true);
    tokens_value_attribute(o, "Name", 0, TYPE_ANSI, false);
    tokens_end_attributes(o, &p, TOKEN_CLOSE_EMPTY);
    tokens_end_element(o, &p);
    tokens_literal_element(o, "EventID", "7");
    tokens_close(o, &s);
    tokens_close(o, &e);
}

/* An event whose provider is ANSI text. */
static void in_cyrillic(struct tokens *o, const void *ctx)
{
    (void)ctx;
    tokens_instance(o, 0x1251, provider_from_value, NULL);
    struct tokens_values v = tokens_open_values(o, 1);
    tokens_put(o, "\xcf\xf0\xe8", 3);
    tokens_end_value(o, &v, TYPE_ANSI);
}

Test(evtx_filter, ansi_text_is_of_the_page_that_the_owner_names)
{
    static const struct {
        enum code_page page;
        const char *want;
    } rows[] = {{CODE_PAGE_AUTO, "\xc3\x8f\xc3\xb0\xc3\xa8"},
                {CODE_PAGE_WINDOWS_1251, "\xd0\x9f\xd1\x80\xd0\xb8"},
                {CODE_PAGE_IBM_866, "\xc3\x8f\xc3\xb0\xc3\xa8"}};
    evtx_writer_add_tokens(writer, in_cyrillic, NULL);
    struct sv file = evtx_writer_image(writer);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct input in = {(void *)(uintptr_t)file.p, read_memory, file.n, true};
        struct parser_options options = {.selector = &everything, .code_page = rows[i].page};
        struct parser *p = parser_evtx.open(&in, &beginning, &options, NULL);
        struct step step;
        parser_evtx.next(p, &event, &step);
        cr_assert_eq(step.kind, STEP_EVENT);
        cr_assert(sv_eq(event.provider, sv_from(rows[i].want)), "%.*s", SV_ARG(event.provider));
        parser_evtx.close(p);
    }
}
