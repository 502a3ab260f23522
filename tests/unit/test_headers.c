/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a message: CloudEvents in binary mode. */
#include "headers.h"
#include "sample_records.h"

#include <criterion/criterion.h>

static struct sample s;
static struct arena arena;
static struct sink_header headers[HEADERS_MAX];
static size_t count;
static const struct encoder_ops json = {.content_type = "application/json"};
static const struct encoder_ops text = {.content_type = "text/plain; charset=utf-8"};

static void setup(void)
{
    arena_init(&arena, 1 << 16);
    sample_native(&s);
}

static void teardown(void)
{
    arena_free(&arena);
}

TestSuite(headers, .init = setup, .fini = teardown);

static struct sv value_of(const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].name, name) == 0)
            return headers[i].value;
    return SV_ABSENT;
}

static void expect(size_t i, const char *name, const char *value)
{
    cr_assert_str_eq(headers[i].name, name);
    cr_assert(sv_eq(headers[i].value, sv_from(value)), "%s: %.*s", name, SV_ARG(headers[i].value));
}

Test(headers, the_sample_has_its_published_headers_in_their_order)
{
    cr_assert(headers_make(&s.context, &s.record, &json, &arena, headers, &count));
    cr_assert_eq(count, 9);
    expect(0, "content-type", "application/json");
    expect(1, "ce_specversion", "1.0");
    expect(2, "ce_id", "eca1105a-d9c1-5feb-9593-bc703948ef67");
    expect(3, "ce_source", "//exch01.contoso.com/winlog/Application/MSExchangeIS");
    expect(4, "ce_type", "org.example.msexchange.mapi.limit_exceeded.v1");
    expect(5, "ce_time", "2026-02-18T10:30:01.123456Z");
    expect(6, "ce_subject", SAMPLE_KEY "jsmith");
    expect(7, "ecs.version", "9.4.0");
    expect(8, "agent.id", "7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10");
}

Test(headers, absent_values_and_what_does_not_fit_the_format_are_left_out)
{
    s.record.key = SV_ABSENT;
    s.context.agent_id = SV_ABSENT;
    cr_assert(headers_make(&s.context, &s.record, &text, &arena, headers, &count));
    cr_assert_eq(count, 6);
    cr_assert(sv_absent(value_of("ce_subject")));
    cr_assert(sv_absent(value_of("ecs.version")));
    cr_assert(sv_absent(value_of("agent.id")));
}

Test(headers, the_source_is_a_uri_reference_whatever_the_names_hold)
{
    s.event.channel = SV("Microsoft-Windows-X/Operational");
    s.event.provider = SV("MSExchangeIS Mailbox\xc3\xbc?#");
    cr_assert(headers_make(&s.context, &s.record, &json, &arena, headers, &count));
    cr_assert(sv_eq(value_of("ce_source"), SV("//exch01.contoso.com/winlog/Microsoft-Windows-X%2FOperational/"
                                              "MSExchangeIS%20Mailbox%C3%BC%3F%23")));
}

Test(headers, an_event_without_time_has_the_time_of_reading)
{
    s.event.time.present = false;
    cr_assert(headers_make(&s.context, &s.record, &json, &arena, headers, &count));
    cr_assert(sv_eq(value_of("ce_time"), SV("2026-02-18T10:30:01.987Z")));
}

Test(headers, another_event_has_another_type)
{
    s.record.kind = RECORD_EVENT;
    cr_assert(headers_make(&s.context, &s.record, &json, &arena, headers, &count));
    cr_assert(sv_eq(value_of("ce_type"), SV("org.example.msexchange.event.v1")));
}

Test(headers, nothing_borrows_the_record)
{
    struct sample *copy = malloc(sizeof *copy);
    cr_assert_not_null(copy);
    *copy = s;
    copy->record.event = &copy->event;
    cr_assert(headers_make(&s.context, &copy->record, &json, &arena, headers, &count));
    memset(copy, 'x', sizeof *copy);
    free(copy);
    cr_assert(sv_eq(value_of("ce_id"), SV("eca1105a-d9c1-5feb-9593-bc703948ef67")));
    cr_assert(sv_eq(value_of("ce_time"), SV("2026-02-18T10:30:01.123456Z")));
}

Test(headers, a_full_arena_is_a_failure)
{
    size_t limit = 0;
    for (;; limit += 16) {
        struct arena small;
        arena_init(&small, limit);
        bool made = headers_make(&s.context, &s.record, &json, &small, headers, &count);
        arena_free(&small);
        if (made)
            break;
    }
    cr_assert_gt(limit, 200);
    cr_assert_lt(limit, 800);
}
