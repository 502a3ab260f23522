/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON encoder: an event's XML, element by element. */
#include "sample_records.h"

#include <criterion/criterion.h>

extern const struct encoder_ops encoder_json;

static struct sample s;
static struct buf out;

static void setup(void)
{
    buf_init(&out, 1 << 20);
    sample_native(&s);
    event_clear(&s.event);
}

static void teardown(void)
{
    buf_free(&out);
}

TestSuite(enc_json, .init = setup, .fini = teardown);

static void expect(const char *json)
{
    buf_reset(&out);
    cr_assert_eq(encoder_json.encode(&s.context, &s.record, 1, &out), ENCODE_OK);
    cr_assert(sv_eq(buf_sv(&out), sv_from(json)), "%.*s", SV_ARG(buf_sv(&out)));
}

#define HEAD                                                                                                 \
    "{\"Event\":{\"#attributes\":{\"xmlns\":\"http://schemas.microsoft.com/win/2004/08/events/event\"},"     \
    "\"System\":{\"Provider\":"

Test(enc_json, attributes_and_text_stand_where_tools_look_for_them)
{
    struct event *e = &s.event;
    e->provider = SV("MSExchangeIS");
    e->provider_guid = SV("{54849625-5478-4994-a5ba-3e3b0328c30d}");
    e->event_id = opt_u64(9646);
    e->qualifiers = opt_u64(49158);
    e->version = opt_u64(0);
    e->level = opt_u64(2);
    e->task = opt_u64(6);
    e->opcode = opt_u64(0);
    e->keywords = opt_u64(UINT64_C(0x80000000000000));
    sample_time(&e->time, "2026-02-18T10:30:01.1234567Z");
    e->record_id = opt_u64(126268);
    e->activity_id = SV("{391f2712-f104-0001-e9ab-1f3904f1d501}");
    e->process_id = opt_u64(4711);
    e->thread_id = opt_u64(0);
    e->channel = SV("Application");
    e->computer = SV("exch01.contoso.com");
    e->user_sid = SV("S-1-5-18");
    event_add_datum(e, SV_ABSENT, SV("a \"quoted\" text\r\n"));
    event_add_datum(e, SV_ABSENT, SV(""));
    e->binary = SV("0700");
    e->culture = SV("en-US");
    e->message = SV("so on");
    e->keyword_texts[e->keyword_text_count++] = SV("Classic");
    expect(
        HEAD
        "{\"#attributes\":{\"Name\":\"MSExchangeIS\",\"Guid\":\"{54849625-5478-4994-a5ba-3e3b0328c30d}\"}},"
        "\"EventID\":{\"#attributes\":{\"Qualifiers\":49158},\"#text\":9646},\"Version\":0,\"Level\":2,"
        "\"Task\":6,\"Opcode\":0,\"Keywords\":\"0x80000000000000\","
        "\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2026-02-18T10:30:01.1234567Z\"}},"
        "\"EventRecordID\":126268,"
        "\"Correlation\":{\"#attributes\":{\"ActivityID\":\"{391f2712-f104-0001-e9ab-1f3904f1d501}\"}},"
        "\"Execution\":{\"#attributes\":{\"ProcessID\":4711,\"ThreadID\":0}},"
        "\"Channel\":\"Application\",\"Computer\":\"exch01.contoso.com\","
        "\"Security\":{\"#attributes\":{\"UserID\":\"S-1-5-18\"}}},"
        "\"EventData\":{\"Data\":{\"#text\":[\"a \\\"quoted\\\" text\\r\\n\",\"\"]},\"Binary\":\"0700\"},"
        "\"RenderingInfo\":{\"#attributes\":{\"Culture\":\"en-US\"},\"Message\":\"so on\","
        "\"Keywords\":[\"Classic\"]}}}");
}

Test(enc_json, what_is_not_there_is_null_or_left_out)
{
    expect(HEAD "null,\"Correlation\":null,\"Security\":null}}}");
}

Test(enc_json, named_data_stand_under_their_names_and_each_name_is_there_once)
{
    s.event.event_id = opt_u64(4624);
    s.event.is_user_data = true;
    event_add_datum(&s.event, SV("Name"), SV("a"));
    event_add_datum(&s.event, SV("odd \"name\""), SV("b"));
    event_add_datum(&s.event, SV("Name"), SV("c"));
    event_add_datum(&s.event, SV("Name"), SV("d"));
    expect(HEAD
           "null,\"EventID\":4624,\"Correlation\":null,\"Security\":null},"
           "\"UserData\":{\"Name\":\"a\",\"odd \\\"name\\\"\":\"b\",\"Name_1\":\"c\",\"Name_2\":\"d\"}}}");
}

Test(enc_json, a_message_over_the_limit_leaves_the_buffer_as_it_was)
{
    buf_reset(&out);
    buf_lit(&out, "before");
    s.context.max_bytes = 64;
    cr_assert_eq(encoder_json.encode(&s.context, &s.record, 1, &out), ENCODE_TOO_LARGE);
    cr_assert(sv_eq(buf_sv(&out), SV("before")));
}
