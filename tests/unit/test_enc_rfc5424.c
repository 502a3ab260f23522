/* SPDX-License-Identifier: Apache-2.0 */
/* The RFC 5424 encoder: the published messages, each rule, and what a parser of the grammar reads back. */
#include "encoder.h"
#include "hostile_text.h"
#include "sample_records.h"
#include "utf.h"

#include <criterion/criterion.h>

extern const struct encoder_ops encoder_rfc5424;

static struct sample s;
static struct buf out;

static void setup(void)
{
    buf_init(&out, 16 << 20);
    sample_native(&s);
}

static void teardown(void)
{
    buf_free(&out);
}

TestSuite(enc_rfc5424, .init = setup, .fini = teardown);

static enum encode_status encode(void)
{
    buf_reset(&out);
    return encoder_rfc5424.encode(&s.context, &s.record, 1, &out);
}

static void expect_bytes(const char *text)
{
    cr_assert(sv_eq(buf_sv(&out), sv_from(text)), "%.*s", SV_ARG(buf_sv(&out)));
}

static bool holds(const char *text)
{
    encode();
    return sv_find(buf_sv(&out), sv_from(text)) != SV_NPOS;
}

/* ---- a parser of the grammar of RFC 5424 section 6, written for these tests alone ---- */

enum { PARAMS_MAX = 32, VALUE_MAX = 1 << 14 };

struct param {
    char id[33], name[33];
    char value[VALUE_MAX];
    size_t n;
};

struct parsed {
    struct sv priority, time, host, app, process, message_id, message;
    bool has_message;
    struct param params[PARAMS_MAX];
    size_t count;
};

static struct parsed parsed;

struct scan {
    struct sv rest;
    bool ok;
};

static bool take(struct scan *c, char want)
{
    c->ok = c->ok && c->rest.n && c->rest.p[0] == want;
    if (c->ok)
        c->rest = sv_slice(c->rest, 1, c->rest.n);
    return c->ok;
}

/* One or more characters of PRINTUSASCII that are none of the stops, at most max. */
static struct sv take_name(struct scan *c, const char *stops, size_t max)
{
    size_t n = 0;
    while (n < c->rest.n && c->rest.p[n] > 32 && c->rest.p[n] < 127 && !strchr(stops, c->rest.p[n]))
        n++;
    c->ok = c->ok && n >= 1 && n <= max;
    struct sv name = sv_slice(c->rest, 0, n);
    c->rest = sv_slice(c->rest, n, c->rest.n);
    return name;
}

static void copy_name(char to[33], struct sv name)
{
    cr_assert_leq(name.n, 32);
    memcpy(to, name.p, name.n);
    to[name.n] = '\0';
}

/* PARAM-VALUE: a backslash before one of the three takes itself away, any other stays. */
static void take_value(struct scan *c, struct param *p)
{
    take(c, '"');
    while (c->ok && c->rest.n && c->rest.p[0] != '"') {
        if (c->rest.p[0] == '\\' && c->rest.n > 1 && strchr("\"\\]", c->rest.p[1]))
            c->rest = sv_slice(c->rest, 1, c->rest.n);
        else
            c->ok = c->rest.p[0] != ']' && c->rest.p[0] != '\\';
        cr_assert_lt(p->n, VALUE_MAX);
        p->value[p->n++] = c->rest.p[0];
        c->rest = sv_slice(c->rest, 1, c->rest.n);
    }
    take(c, '"');
}

static void take_element(struct scan *c)
{
    take(c, '[');
    struct sv id = take_name(c, "= ]\"", 32);
    while (c->ok && c->rest.n && c->rest.p[0] == ' ') {
        take(c, ' ');
        cr_assert_lt(parsed.count, PARAMS_MAX);
        struct param *p = &parsed.params[parsed.count++];
        p->n = 0;
        copy_name(p->id, id);
        copy_name(p->name, take_name(c, "= ]\"", 32));
        take(c, '=');
        take_value(c, p);
    }
    take(c, ']');
}

static void parse(void)
{
    struct scan c = {buf_sv(&out), true};
    parsed.count = 0;
    take(&c, '<');
    parsed.priority = take_name(&c, ">", 3);
    take(&c, '>');
    take(&c, '1');
    struct sv *const fields[] = {&parsed.time, &parsed.host, &parsed.app, &parsed.process,
                                 &parsed.message_id};
    static const size_t longest[] = {27, 255, 48, 128, 32};
    for (size_t i = 0; i < 5; i++) {
        take(&c, ' ');
        *fields[i] = take_name(&c, "", longest[i]);
    }
    take(&c, ' ');
    do
        take_element(&c);
    while (c.ok && c.rest.n && c.rest.p[0] == '[');
    parsed.has_message = c.rest.n != 0;
    if (parsed.has_message)
        take(&c, ' ');
    parsed.message = c.rest;
    cr_assert(c.ok, "no RFC 5424 at %.*s in %.*s", SV_ARG(c.rest), SV_ARG(buf_sv(&out)));
    for (size_t i = 0; i < out.n; i++)
        cr_assert((unsigned char)out.p[i] >= 32 && out.p[i] != 127, "a control character goes out");
    cr_assert_eq(utf8_valid_length(buf_sv(&out)), out.n);
}

static void encode_and_parse(void)
{
    cr_assert_neq(encode(), ENCODE_TOO_LARGE);
    parse();
}

/* The value of a parameter, absent when it is not there; one that is there twice fails. */
static struct sv param(const char *id, const char *name)
{
    struct sv found = SV_ABSENT;
    for (size_t i = 0; i < parsed.count; i++) {
        struct param *p = &parsed.params[i];
        if (strcmp(p->id, id) != 0 || strcmp(p->name, name) != 0)
            continue;
        cr_assert(sv_absent(found), "%s %s stands twice", id, name);
        found = sv_make(p->value, p->n);
    }
    return found;
}

/* ---- the published messages ---- */

#define HEADER "<11>1 2026-02-18T10:30:01.123456Z exch01.contoso.com MSExchangeIS - 9646 "
#define ORIGIN "[origin software=\"mapitail\" swVersion=\"0.1.0\"]"
#define META "[meta sequenceId=\"1\"]"
#define WINLOG                                                                                               \
    "[winlog@32473 channel=\"Application\" provider=\"MSExchangeIS\" eventId=\"9646\" recordId=\"126268\" "  \
    "level=\"2\" task=\"6\" keywords=\"0x80000000000000\" computer=\"exch01.contoso.com\"]"
#define MAPI_ID "[mapi@32473 id=\"eca1105a-d9c1-5feb-9593-bc703948ef67\""
#define MAPI_DN " dn=\"" SAMPLE_JSMITH "\""
#define MAPI_REST                                                                                            \
    " user=\"jsmith\" org=\"First Organization\" limit=\"32\" objectType=\"session\" class=\"session\"]"
#define MSG " Mapi session \"" SAMPLE_JSMITH "\" exceeded the maximum of 32 objects of type \"session\"."

Test(enc_rfc5424, the_sample_is_the_documented_message_byte_for_byte)
{
    cr_assert_eq(encode(), ENCODE_OK);
    expect_bytes(HEADER ORIGIN META WINLOG MAPI_ID MAPI_DN MAPI_REST MSG);
    cr_assert_eq(out.n, 719);
}

Test(enc_rfc5424, the_published_example_file_is_met)
{
    char *text = sample_file("rfc5424.txt");
    if (!text)
        cr_skip("the published examples are not beside this tree");
    encode();
    expect_bytes(text);
    free(text);
}

/*
 * The published UTF-8 example shows one parameter of mapi@ alone. The encoder writes all that it knows, so
 * what is compared is the header, the parameter as it is escaped and everything from the end of the
 * structured data on.
 */
#define UTF8_PARAM " user=\"J\xc3\xbcrgen \\\"J\\\" [ext\\]\""
#define UTF8_TAIL                                                                                            \
    "] \xef\xbb\xbfMapi session \"/o=Org/ou=AG/cn=Recipients/cn=J\xc3\xbcrgen \"J\" [ext]\" exceeded the "   \
    "maximum "                                                                                               \
    "of 32 objects of type \"session\"."

Test(enc_rfc5424, the_documented_escapes_and_byte_order_mark_are_written)
{
    s.record.mapi.user = SV("J\xc3\xbcrgen \"J\" [ext]");
    s.record.message =
        SV("Mapi session \"/o=Org/ou=AG/cn=Recipients/cn=J\xc3\xbcrgen \"J\" [ext]\" exceeded the maximum "
           "of 32 objects of type \"session\".");
    cr_assert_eq(encode(), ENCODE_OK);
    cr_assert(sv_starts(buf_sv(&out), SV(HEADER)));
    cr_assert_neq(sv_find(buf_sv(&out), SV(UTF8_PARAM)), SV_NPOS);
    cr_assert(sv_ends(buf_sv(&out), SV(UTF8_TAIL)));
    char *text = sample_file("rfc5424-utf8.txt");
    if (!text)
        cr_skip("the published examples are not beside this tree");
    cr_assert_str_eq(text, HEADER "[mapi@32473" UTF8_PARAM UTF8_TAIL);
    free(text);
}

Test(enc_rfc5424, the_managed_store_adds_the_client_type)
{
    sample_managed(&s);
    encode_and_parse();
    cr_assert(sv_eq(param("mapi@32473", "clientType"), SV("MoMT")));
    cr_assert(sv_eq(param("mapi@32473", "objectType"), SV("objtFolder")));
    cr_assert(sv_eq(param("mapi@32473", "class"), SV("object")));
    cr_assert(sv_absent(param("mapi@32473", "complete")));
}

/* ---- sizes: the documented steps ---- */

Test(enc_rfc5424, a_smaller_limit_takes_away_the_documented_parts_in_their_order)
{
    s.context.max_bytes = 719;
    cr_assert_eq(encode(), ENCODE_OK);
    s.context.max_bytes = 718;
    cr_assert_eq(encode(), ENCODE_REDUCED);
    expect_bytes(HEADER META MAPI_ID MAPI_DN MAPI_REST MSG);
    cr_assert_eq(out.n, 503);
    s.context.max_bytes = out.n - 1;
    cr_assert_eq(encode(), ENCODE_REDUCED);
    expect_bytes(HEADER META MAPI_ID MAPI_REST MSG);
    cr_assert_eq(out.n, 401);
}

Test(enc_rfc5424, the_last_step_cuts_the_message_at_a_character)
{
    s.record.message = SV("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc");
    size_t head = strlen(HEADER META MAPI_ID MAPI_REST);
    for (size_t room = 0; room < 12; room++) {
        s.context.max_bytes = head + room;
        cr_assert_eq(encode(), ENCODE_REDUCED);
        cr_assert_leq(out.n, s.context.max_bytes);
        parse();
        size_t text = parsed.has_message ? parsed.message.n - 3 : 0;
        cr_assert_eq(text, room < 6 ? 0 : (room - 4) / 2 * 2);
    }
    s.context.max_bytes = head - 1;
    buf_reset(&out);
    buf_lit(&out, "before");
    cr_assert_eq(encoder_rfc5424.encode(&s.context, &s.record, 1, &out), ENCODE_TOO_LARGE);
    cr_assert(buf_ok(&out) && sv_eq(buf_sv(&out), SV("before")));
}

Test(enc_rfc5424, every_limit_gives_a_valid_message_within_it_or_none)
{
    s.record.message = SV("plain \x1b \xe2\x80\xae \"J\xc3\xbcrgen\"\r\n\xff the end of a message");
    encode();
    size_t full = out.n;
    for (size_t limit = 1; limit <= full; limit++) {
        s.context.max_bytes = limit;
        if (encode() == ENCODE_TOO_LARGE) {
            cr_assert_eq(out.n, 0);
            continue;
        }
        parse();
        cr_assert_leq(out.n, limit);
    }
}

Test(enc_rfc5424, a_buffer_of_any_size_gives_a_valid_message_or_none)
{
    encode();
    size_t full = out.n;
    buf_free(&out);
    for (size_t limit = 0; limit <= full; limit++) {
        buf_init(&out, limit);
        enum encode_status status = encode();
        cr_assert(buf_ok(&out));
        cr_assert_eq(status == ENCODE_OK, limit == full);
        if (status == ENCODE_TOO_LARGE)
            cr_assert_eq(out.n, 0);
        else
            parse();
        buf_free(&out);
    }
}

/* ---- header ---- */

Test(enc_rfc5424, the_priority_is_made_of_facility_and_level)
{
    static const unsigned severities[] = {6, 2, 3, 4, 6, 7, 5};
    for (unsigned level = 0; level < 7; level++) {
        s.context.facility = 16;
        s.event.level = opt_u64(level);
        encode_and_parse();
        uint64_t priority;
        cr_assert(sv_to_u64(parsed.priority, &priority));
        cr_assert_eq(priority, 128 + severities[level]);
    }
    s.event.level.has = false;
    s.context.facility = 0;
    encode_and_parse();
    cr_assert(sv_eq(parsed.priority, SV("5")));
}

Test(enc_rfc5424, a_seventh_fraction_digit_is_cut_and_not_rounded)
{
    sample_time(&s.event.time, "2026-02-18T10:30:01.1234569Z");
    encode_and_parse();
    cr_assert(sv_eq(parsed.time, SV("2026-02-18T10:30:01.123456Z")));
}

Test(enc_rfc5424, what_is_not_known_is_nil)
{
    event_clear(&s.event);
    s.record = (struct record){.event = &s.event, .kind = RECORD_EVENT};
    s.context = (struct encode_context){0};
    cr_assert_eq(encode(), ENCODE_OK);
    expect_bytes(
        "<5>1 - - - - - [origin software=\"mapitail\"][meta sequenceId=\"1\"][winlog@32473][mapi@32473]");
    parse();
}

Test(enc_rfc5424, header_fields_are_printable_ascii_of_bounded_length)
{
    enum { LONG_BYTES = 1000 };
    char text[LONG_BYTES];
    memset(text, 'A', sizeof text);
    memcpy(text, "a b\xc3\xbc\x01\x7f", 7);
    s.event.computer = s.event.provider = sv_make(text, sizeof text);
    encode_and_parse();
    cr_assert(sv_starts(parsed.host, SV("a_b___a")));
    cr_assert_leq(parsed.host.n, 255);
    cr_assert_geq(parsed.host.n, 250);
    cr_assert(sv_starts(parsed.app, SV("a_b___A")));
    cr_assert_eq(parsed.app.n, 48);
}

Test(enc_rfc5424, blanks_of_a_provider_become_underscores)
{
    s.event.provider = SV("MSExchangeIS Mailbox Store");
    encode_and_parse();
    cr_assert(sv_eq(parsed.app, SV("MSExchangeIS_Mailbox_Store")));
    cr_assert(sv_eq(param("winlog@32473", "provider"), SV("MSExchangeIS Mailbox Store")));
}

/* ---- structured data ---- */

Test(enc_rfc5424, another_enterprise_number_names_both_elements)
{
    s.context.enterprise_number = SV("99999");
    encode_and_parse();
    cr_assert(sv_eq(param("winlog@99999", "recordId"), SV("126268")));
    cr_assert(sv_eq(param("mapi@99999", "user"), SV("jsmith")));
}

Test(enc_rfc5424, the_sequence_is_the_callers)
{
    buf_reset(&out);
    cr_assert_eq(encoder_rfc5424.encode(&s.context, &s.record, 2147483647, &out), ENCODE_OK);
    parse();
    cr_assert(sv_eq(param("meta", "sequenceId"), SV("2147483647")));
}

Test(enc_rfc5424, a_record_not_read_completely_says_so)
{
    s.record.mapi.status = PARSE_PARTIAL;
    encode_and_parse();
    cr_assert(sv_eq(param("mapi@32473", "complete"), SV("false")));
    cr_assert(sv_eq(param("mapi@32473", "class"), SV("session")));
    s.record.mapi = (struct mapi_limit){.status = PARSE_FAILED};
    encode_and_parse();
    cr_assert(sv_eq(param("mapi@32473", "complete"), SV("false")));
    cr_assert(sv_absent(param("mapi@32473", "class")));
}

Test(enc_rfc5424, another_event_has_its_id_and_nothing_of_a_9646)
{
    s.record.kind = RECORD_EVENT;
    s.record.mapi.status = PARSE_FAILED;
    cr_assert(holds(MAPI_ID "]" MSG));
}

Test(enc_rfc5424, keywords_are_hexadecimal_without_padding)
{
    s.event.keywords = opt_u64(UINT64_C(0x8080000000000000));
    cr_assert(holds(" keywords=\"0x8080000000000000\""));
    s.event.keywords = opt_u64(0);
    cr_assert(holds(" keywords=\"0x0\""));
    s.event.keywords.has = false;
    cr_assert_not(holds("keywords"));
}

/* ---- message ---- */

Test(enc_rfc5424, line_ends_become_one_blank)
{
    s.record.message = SV("a\r\nb\nc\rd\n\n\ne");
    encode_and_parse();
    cr_assert(sv_eq(parsed.message, SV("a b c d e")));
}

Test(enc_rfc5424, what_could_forge_a_display_is_written_out)
{
    s.record.message = sv_make("\x1b[2J\0\t\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa9\xe2\x81\xa9]\"\\", 21);
    s.record.mapi.user = s.record.message;
    encode_and_parse();
    struct sv written = SV("\\u001b[2J\\u0000\\u0009\\u007f\\u009b\\u202e\\u2029\\u2069]\"\\");
    cr_assert(sv_eq(parsed.message, written), "%.*s", SV_ARG(parsed.message));
    cr_assert(sv_eq(param("mapi@32473", "user"), written));
}

Test(enc_rfc5424, neighbours_of_dangerous_characters_stay)
{
    s.record.message = SV("\xc2\xa0\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa");
    s.context.bom = 2;
    encode_and_parse();
    cr_assert(sv_eq(parsed.message, s.record.message));
}

Test(enc_rfc5424, a_byte_order_mark_is_written_when_asked_for)
{
    static const struct {
        int bom;
        bool of_ascii, of_utf8;
    } rows[] = {{0, false, true}, {1, true, true}, {2, false, false}};
    for (size_t i = 0; i < 3; i++) {
        s.context.bom = rows[i].bom;
        s.record.message = SV("ascii");
        encode_and_parse();
        cr_assert_eq(sv_starts(parsed.message, SV("\xef\xbb\xbf")), rows[i].of_ascii);
        s.record.message = SV("\xc3\xbc");
        encode_and_parse();
        cr_assert_eq(sv_starts(parsed.message, SV("\xef\xbb\xbf")), rows[i].of_utf8);
    }
}

Test(enc_rfc5424, an_event_without_message_ends_with_its_structured_data)
{
    s.record.message = SV("");
    encode_and_parse();
    cr_assert_not(parsed.has_message);
}

/* ---- hostile records ---- */

/* What a receiver is to read for text: the rule of syslog_text.h said a second time, character by character.
 */
static struct sv readable(struct buf *b, struct sv text, bool is_message)
{
    static struct arena arena = {.limit = 1 << 20};
    arena_reset(&arena);
    struct sv v = utf8_clean(&arena, text, NULL);
    buf_reset(b);
    while (v.n) {
        uint32_t c;
        size_t n = utf8_decode(v, &c);
        bool line_end = is_message && (c == '\r' || c == '\n');
        bool separator = c >= 0x2028 && c <= 0x202e, isolate = c >= 0x2066 && c <= 0x2069;
        if (line_end && b->n && b->p[b->n - 1] == '\n')
            buf_cut(b, b->n - 1);
        if (line_end)
            buf_putc(b, '\n');
        else if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || separator || isolate)
            buf_printf(b, "\\u%04x", (unsigned)c);
        else
            buf_put(b, sv_slice(v, 0, n));
        v = sv_slice(v, n, v.n);
    }
    for (size_t i = 0; i < b->n; i++)
        if (b->p[i] == '\n')
            b->p[i] = ' ';
    return buf_sv(b);
}

static void expect_same(const char *id, const char *name, struct sv text)
{
    static struct buf b = {.limit = 1 << 20};
    struct sv expected = readable(&b, text, false), found = param(id, name);
    cr_assert(sv_eq(found, expected), "%s: %.*s\ninstead of %.*s", name, SV_ARG(found), SV_ARG(expected));
}

static void expect_message(struct sv text)
{
    static struct buf b = {.limit = 1 << 20};
    struct sv found = parsed.message;
    if (sv_starts(found, SV("\xef\xbb\xbf")))
        found = sv_slice(found, 3, found.n);
    struct sv expected = readable(&b, text, true);
    cr_assert(sv_eq(found, expected), "%.*s\ninstead of %.*s", SV_ARG(found), SV_ARG(expected));
}

Test(enc_rfc5424, hostile_records_are_read_back_from_one_line)
{
    static struct hostile h = {.state = 5424};
    struct mapi_limit *m = &s.record.mapi;
    struct sv *const fields[] = {
        &s.event.provider, &s.event.channel, &s.event.computer,         &s.record.message, &m->legacy_dn,
        &m->organization,  &m->user,         &m->client_type_canonical, &m->object_type,   &m->mailbox_guid};
    s.context.bom = 1;
    for (int round = 0; round < 3000; round++) {
        h.used = 0;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            *fields[i] = hostile_text(&h);
        encode_and_parse();
        expect_same("winlog@32473", "channel", s.event.channel);
        expect_same("winlog@32473", "provider", s.event.provider);
        expect_same("winlog@32473", "computer", s.event.computer);
        expect_same("mapi@32473", "dn", m->legacy_dn);
        expect_same("mapi@32473", "org", m->organization);
        expect_same("mapi@32473", "user", m->user);
        expect_same("mapi@32473", "clientType", m->client_type_canonical);
        expect_same("mapi@32473", "objectType", m->object_type);
        expect_same("mapi@32473", "mailboxGuid", m->mailbox_guid);
        expect_message(s.record.message);
    }
}

Test(enc_rfc5424, a_mebibyte_of_the_worst_text_fits_where_it_must)
{
    enum { MEBIBYTE = 1 << 20, DATAGRAM = 2048 };
    char *text = malloc(MEBIBYTE);
    cr_assert_not_null(text);
    for (size_t i = 0; i < MEBIBYTE; i++)
        text[i] = (char)(i * 31);
    s.record.message = sv_make(text, MEBIBYTE);
    cr_assert_eq(encode(), ENCODE_OK);
    s.context.max_bytes = DATAGRAM;
    cr_assert_eq(encode(), ENCODE_REDUCED);
    parse();
    cr_assert_leq(out.n, DATAGRAM);
    cr_assert_geq(out.n, DATAGRAM - 16, "the room is used");
    free(text);
}

Test(enc_rfc5424, a_record_of_a_damaged_log_says_how_far_it_is_to_be_trusted)
{
    cr_assert_not(holds("trust="));
    s.event.trust = EVENT_CRC;
    cr_assert(holds(" trust=\"crc\"]"));
    s.event.trust = EVENT_STALE;
    cr_assert(holds(" trust=\"stale\"]"));
}
