/* SPDX-License-Identifier: Apache-2.0 */
/* The ECS encoder: the published records byte for byte, each rule of the record schema, hostile values. */
#include "encoder.h"
#include "hostile_text.h"
#include "sample_records.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <jansson.h>

extern const struct encoder_ops encoder_ecs;

static struct sample s;
static struct buf out;
static json_t *root;

static void setup(void)
{
    buf_init(&out, 16 << 20);
    sample_native(&s);
}

static void teardown(void)
{
    json_decref(root);
    root = NULL;
    buf_free(&out);
}

TestSuite(enc_ecs, .init = setup, .fini = teardown);

static enum encode_status encode(void)
{
    buf_reset(&out);
    return encoder_ecs.encode(&s.context, &s.record, 1, &out);
}

/* Encodes, and reads the message back with a parser that is not ours. */
static json_t *parsed(void)
{
    json_error_t error;
    cr_assert_neq(encode(), ENCODE_TOO_LARGE);
    cr_assert_null(memchr(out.p, '\n', out.n), "more than one line");
    json_decref(root);
    root = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    cr_assert_not_null(root, "%s at %d: %.*s", error.text, error.position, SV_ARG(buf_sv(&out)));
    return root;
}

/* The value at a path of names separated by '/', or NULL. */
static json_t *at(const char *path)
{
    json_t *value = root;
    char name[64];
    while (value && *path) {
        size_t n = strcspn(path, "/");
        memcpy(name, path, n);
        name[n] = '\0';
        path += n + (path[n] == '/');
        value = json_object_get(value, name);
    }
    return value;
}

static void expect(const char *path, const char *value)
{
    json_t *found = at(path);
    if (!value) {
        cr_assert_null(found, "%s is there", path);
        return;
    }
    cr_assert(json_is_string(found), "%s is no string", path);
    cr_assert_str_eq(json_string_value(found), value, "%s: %s", path, json_string_value(found));
}

static bool has_tag(const char *tag)
{
    size_t i;
    json_t *each;
    json_array_foreach(at("tags"), i, each) if (strcmp(json_string_value(each), tag) == 0) return true;
    return false;
}

/* ---- the published records ---- */

#define ENVELOPE_1                                                                                           \
    "\"tags\":[\"exchange\",\"mapi-limit\",\"preserve_original_event\"],"                                    \
    "\"labels\":{\"site\":\"hq\",\"dag\":\"DAG01\"},"                                                        \
    "\"data_stream\":{\"type\":\"logs\",\"dataset\":\"msexchange.mapi_limit\",\"namespace\":\"default\"},"   \
    "\"event\":{\"kind\":\"event\",\"category\":[\"session\"],\"type\":[\"info\"],\"outcome\":\"failure\","  \
    "\"action\":\"mapi-limit-exceeded\",\"code\":\"9646\",\"provider\":\"MSExchangeIS\",\"module\":"         \
    "\"msexchange\",\"dataset\":\"msexchange.mapi_limit\",\"severity\":2,"
#define XML_HEAD                                                                                             \
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "                \
    "Name='MSExchangeIS'/>"

static const char native_json[] =
    "{\"@timestamp\":\"2026-02-18T10:30:01.123456Z\",\"ecs\":{\"version\":\"9.4.0\"},"
    "\"message\":\"Mapi session \\\"" SAMPLE_JSMITH "\\\" exceeded the maximum of 32 objects of type "
    "\\\"session\\\".\"," ENVELOPE_1
    "\"reason\":\"exceeded the maximum of 32 objects of type \\\"session\\\"\","
    "\"reference\":\"https://support.microsoft.com/kb/842022\","
    "\"id\":\"eca1105a-d9c1-5feb-9593-bc703948ef67\","
    "\"hash\":\"69a6c4989d088a4032940378e8aa6bec6f891971c79bd01cde4ec6006c909d0e\",\"sequence\":126268,"
    "\"created\":\"2026-02-18T10:30:01.987Z\",\"original\":\"" XML_HEAD
    "<EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task><Keywords>0x80000000000000"
    "</Keywords><TimeCreated SystemTime='2026-02-18T10:30:01.123456Z'/><EventRecordID>126268</EventRecordID>"
    "<Channel>Application</Channel><Computer>exch01.contoso.com</Computer><Security/></"
    "System><EventData><Data>" SAMPLE_JSMITH
    "</Data><Data>32</Data><Data>session</Data></EventData></Event>\"},"
    "\"log\":{\"level\":\"error\",\"file\":{\"path\":\"C:\\\\ProgramData\\\\evt-export\\\\Application.xml\"},"
    "\"offset\":4711982,\"syslog\":{\"facility\":{\"code\":1,\"name\":\"user-level\"},\"severity\":{\"code\":"
    "3,"
    "\"name\":\"Error\"},\"priority\":11,\"appname\":\"MSExchangeIS\",\"hostname\":\"exch01.contoso.com\","
    "\"msgid\":\"9646\"}},"
    "\"host\":{\"name\":\"exch01.contoso.com\",\"hostname\":\"EXCH01\",\"os\":{\"type\":\"windows\","
    "\"family\":"
    "\"windows\",\"platform\":\"windows\"}},"
    "\"user\":{\"name\":\"jsmith\"},\"organization\":{\"name\":\"First Organization\"},"
    "\"related\":{\"user\":[\"jsmith\",\"" SAMPLE_JSMITH "\"],\"hosts\":[\"exch01.contoso.com\",\"EXCH01\"]},"
    "\"service\":{\"name\":\"MSExchangeIS\",\"type\":\"exchange\"},"
    "\"agent\":{\"id\":\"7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10\",\"ephemeral_id\":"
    "\"c0a8e6d2-6c6b-4b4f-8a39-0f5d5c2b7a11\",\"name\":\"EXCH01\",\"type\":\"mapitail\",\"version\":\"0.1."
    "0\"},"
    "\"winlog\":{\"api\":\"wineventlog\",\"channel\":\"Application\",\"computer_name\":\"exch01.contoso."
    "com\","
    "\"event_id\":\"9646\",\"provider_name\":\"MSExchangeIS\",\"record_id\":\"126268\",\"task\":\"General\","
    "\"keywords\":[\"Classic\"],\"event_data\":{\"param1\":\"" SAMPLE_JSMITH
    "\",\"param2\":\"32\",\"param3\":"
    "\"session\"}},"
    "\"microsoft\":{\"exchange\":{\"mapi\":{\"session\":{\"dn\":\"" SAMPLE_JSMITH "\",\"cn\":\"jsmith\","
    "\"container\":\"Recipients\"},\"mailbox\":{\"key\":\"" SAMPLE_KEY "jsmith\"},\"organization\":"
    "\"First Organization\",\"admin_group\":\"Exchange Administrative Group (FYDIBOHF23SPDLT)\","
    "\"limit\":{\"value\":32,\"object_type\":\"session\",\"class\":\"session\"},\"message_form\":"
    "\"exceeded\","
    "\"complete\":true,\"event_qualifiers\":49158}}}}";

static const char managed_json[] =
    "{\"@timestamp\":\"2026-02-18T10:31:07.500000Z\",\"ecs\":{\"version\":\"9.4.0\"},"
    "\"message\":\"Mapi session \\\"" SAMPLE_ANN
    "\\\" with client type \\\"MoMT\\\" exceeded the maximum of 500 "
    "objects of type \\\"Folder\\\".\"," ENVELOPE_1
    "\"reason\":\"exceeded the maximum of 500 objects of type \\\"Folder\\\"\","
    "\"reference\":\"https://support.microsoft.com/kb/842022\","
    "\"id\":\"112c059c-1fc1-59b6-95bc-a924e199e7e8\","
    "\"hash\":\"b691c81396fd4ae8a208addc6de3187f0e16b69b1b4dec64f06cec9a7e8e957c\",\"sequence\":884213,"
    "\"created\":\"2026-02-18T10:31:08.004Z\",\"original\":\"" XML_HEAD
    "<EventID Qualifiers='49156'>9646</EventID><Level>2</Level><Task>6</Task><Keywords>0x80000000000000"
    "</Keywords><TimeCreated SystemTime='2026-02-18T10:31:07.500000Z'/><EventRecordID>884213</EventRecordID>"
    "<Channel>Application</Channel><Computer>exch13.contoso.com</Computer><Security/></"
    "System><EventData><Data>" SAMPLE_ANN
    "</Data><Data>MoMT</Data><Data>500</Data><Data>Folder</Data></EventData></Event>\"},"
    "\"log\":{\"level\":\"error\",\"file\":{\"path\":\"C:\\\\ProgramData\\\\evt-export\\\\Application.xml\"},"
    "\"offset\":9034112,\"syslog\":{\"facility\":{\"code\":1,\"name\":\"user-level\"},\"severity\":{\"code\":"
    "3,"
    "\"name\":\"Error\"},\"priority\":11,\"appname\":\"MSExchangeIS\",\"hostname\":\"exch13.contoso.com\","
    "\"msgid\":\"9646\"}},"
    "\"host\":{\"name\":\"exch13.contoso.com\",\"hostname\":\"EXCH13\",\"os\":{\"type\":\"windows\","
    "\"family\":"
    "\"windows\",\"platform\":\"windows\"}},"
    "\"user\":{\"name\":\"Ann Lee\"},\"organization\":{\"name\":\"First Organization\"},"
    "\"related\":{\"user\":[\"Ann Lee\",\"" SAMPLE_ANN "\"],\"hosts\":[\"exch13.contoso.com\",\"EXCH13\"]},"
    "\"service\":{\"name\":\"MSExchangeIS\",\"type\":\"exchange\"},"
    "\"agent\":{\"id\":\"7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10\",\"ephemeral_id\":"
    "\"c0a8e6d2-6c6b-4b4f-8a39-0f5d5c2b7a11\",\"name\":\"EXCH13\",\"type\":\"mapitail\",\"version\":\"0.1."
    "0\"},"
    "\"winlog\":{\"api\":\"wineventlog\",\"channel\":\"Application\",\"computer_name\":\"exch13.contoso."
    "com\","
    "\"event_id\":\"9646\",\"provider_name\":\"MSExchangeIS\",\"record_id\":\"884213\","
    "\"keywords\":[\"Classic\"],\"event_data\":{\"param1\":\"" SAMPLE_ANN "\",\"param2\":\"MoMT\",\"param3\":"
    "\"500\",\"param4\":\"Folder\"}},"
    "\"microsoft\":{\"exchange\":{\"mapi\":{\"session\":{\"dn\":\"" SAMPLE_ANN "\",\"cn\":\"" SAMPLE_ANN_CN
    "\",\"container\":\"Recipients\"},\"mailbox\":{\"key\":\"" SAMPLE_KEY
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0-ann lee\"},\"organization\":\"First Organization\",\"admin_group\":"
    "\"Exchange Administrative Group "
    "(FYDIBOHF23SPDLT)\",\"limit\":{\"value\":500,\"object_type\":\"objtFolder\","
    "\"class\":\"object\",\"object_type_raw\":\"Folder\"},\"client\":{\"type\":\"MoMT\"},\"message_form\":"
    "\"exceeded\",\"complete\":true,\"event_qualifiers\":49156}}}}";

static void expect_bytes(const char *text)
{
    size_t n = 0, most = strlen(text) < out.n ? strlen(text) : out.n;
    while (n < most && text[n] == out.p[n])
        n++;
    cr_assert(n == out.n && text[n] == '\0', "differ at %zu: %.*s", n,
              SV_ARG(sv_slice(buf_sv(&out), n, n + 80)));
}

Test(enc_ecs, the_native_record_is_the_documented_one_byte_for_byte)
{
    cr_assert_eq(encode(), ENCODE_OK);
    expect_bytes(native_json);
}

Test(enc_ecs, the_managed_record_is_the_documented_one_byte_for_byte)
{
    sample_managed(&s);
    cr_assert_eq(encode(), ENCODE_OK);
    expect_bytes(managed_json);
}

/*
 * The published examples also hold host.domain, which no export of the event carries; it is taken out before
 * they are compared, the order of all other fields kept.
 */
static char *published(const char *name)
{
    char *text = sample_file(name);
    if (!text)
        return NULL;
    json_t *json = json_loads(text, 0, NULL);
    free(text);
    cr_assert_eq(json_object_del(json_object_get(json, "host"), "domain"), 0);
    text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(json);
    return text;
}

Test(enc_ecs, the_published_example_files_are_met)
{
    char *native = published("ecs-9646.ndjson"), *managed = published("ecs-9646-managed.json");
    if (!native || !managed)
        cr_skip("the published examples are not beside this tree");
    encode();
    expect_bytes(native);
    sample_managed(&s);
    encode();
    expect_bytes(managed);
    free(native);
    free(managed);
}

Test(enc_ecs, without_original_the_sample_is_smaller_by_it_and_its_tag)
{
    encode();
    size_t with = out.n;
    s.context.original = ORIGINAL_NEVER;
    encode();
    cr_assert_eq(with - out.n, s.event.original.n + strlen(",\"original\":\"\",\"preserve_original_event\""));
}

Test(enc_ecs, the_zone_of_a_time_is_told_only_where_the_export_named_none)
{
    parsed();
    cr_assert_null(at("event/timezone"));
    s.event.timezone = SV("Europe/Berlin");
    parsed();
    cr_assert_str_eq(json_string_value(at("event/timezone")), "Europe/Berlin");
}

/* ---- original, hash, tags ---- */

static bool ships(void)
{
    parsed();
    cr_assert_eq(at("event/original") != NULL, has_tag("preserve_original_event"));
    cr_assert_not_null(at("event/hash"));
    return at("event/original") != NULL;
}

Test(enc_ecs, auto_ships_the_original_only_of_what_could_not_be_read_completely)
{
    s.context.original = ORIGINAL_AUTO;
    cr_assert_not(ships());
    s.record.mapi.status = PARSE_PARTIAL;
    cr_assert(ships());
    s.record.mapi.status = PARSE_FAILED;
    cr_assert(ships());
    s.record.mapi.status = PARSE_COMPLETE;
    s.event.trust = EVENT_SALVAGED;
    cr_assert(ships());
    s.event.trust = EVENT_CRC;
    cr_assert_not(ships());
    s.event.cut = true;
    cr_assert(ships());
    s.event.cut = false;
    s.event.text_replaced = true;
    cr_assert(ships());
    s.context.original = ORIGINAL_NEVER;
    cr_assert_not(ships());
}

Test(enc_ecs, a_record_without_original_has_neither_original_nor_hash)
{
    s.event.original = SV_ABSENT;
    s.record.hash[0] = '\0';
    parsed();
    expect("event/original", NULL);
    expect("event/hash", NULL);
    cr_assert_not(has_tag("preserve_original_event"));
}

Test(enc_ecs, configured_tags_follow_the_fixed_ones_once)
{
    static const char *const own[] = {"blue", "exchange", "mapi-limit"};
    s.context.tags = (struct setting_list){own, 3};
    s.context.original = ORIGINAL_NEVER;
    parsed();
    cr_assert_eq(json_array_size(at("tags")), 3);
    cr_assert_str_eq(json_string_value(json_array_get(at("tags"), 2)), "blue");
}

Test(enc_ecs, labels_stay_flat_and_without_empty_values)
{
    static const struct setting_pair labels[] = {{"site.name", "a\"b", false}, {"none", "", false}};
    s.context.labels = (struct setting_map){labels, 2};
    parsed();
    cr_assert_eq(json_object_size(at("labels")), 1);
    expect("labels/site_name", "a\"b");
    s.context.labels.count = 0;
    parsed();
    expect("labels", NULL);
}

/* ---- time ---- */

Test(enc_ecs, as_many_fraction_digits_go_out_as_came_in)
{
    static const char *const times[] = {"2026-02-18T10:30:01Z", "2026-02-18T10:30:01.1Z",
                                        "2026-02-18T10:30:01.1234567Z", "2026-02-18T10:30:01.123456789Z"};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        sample_time(&s.event.time, times[i]);
        parsed();
        expect("@timestamp", times[i]);
    }
}

Test(enc_ecs, created_is_later_than_the_event_even_when_clocks_disagree)
{
    sample_time(&s.event.time, "2026-02-18T10:30:01.9870001Z");
    parsed();
    expect("event/created", "2026-02-18T10:30:01.988Z");
    sample_time(&s.event.time, "2026-02-18T10:30:59.9995Z");
    parsed();
    expect("@timestamp", "2026-02-18T10:30:59.9995Z");
    expect("event/created", "2026-02-18T10:31:00.000Z");
    sample_time(&s.event.time, "2026-02-18T10:30:01.986Z");
    parsed();
    expect("event/created", "2026-02-18T10:30:01.987Z");
}

Test(enc_ecs, a_record_of_a_damaged_log_says_how_far_it_is_to_be_trusted)
{
    static const char *const tags[] = {NULL, "_mapi_trust_crc", "_mapi_trust_salvaged", "_mapi_trust_stale"};
    for (int trust = EVENT_OK; trust <= EVENT_STALE; trust++) {
        s.event.trust = (enum event_trust)trust;
        parsed();
        for (int i = 1; i < 4; i++)
            cr_assert_eq(has_tag(tags[i]), i == trust);
    }
}

Test(enc_ecs, an_event_without_time_is_filed_under_the_time_of_reading_and_says_so)
{
    s.event.time.present = false;
    parsed();
    expect("@timestamp", "2026-02-18T10:30:01.987Z");
    expect("event/created", "2026-02-18T10:30:01.987Z");
    cr_assert(has_tag("_mapi_time_missing"));
}

/* ---- the 9646 ---- */

Test(enc_ecs, a_closing_session_is_an_end)
{
    s.record.mapi.form = FORM_CLOSING;
    parsed();
    cr_assert_str_eq(json_string_value(json_array_get(at("event/type"), 0)), "end");
    expect("microsoft/exchange/mapi/message_form", "closing");
}

Test(enc_ecs, a_service_session_refers_to_its_own_article)
{
    s.record.mapi.limit_class = LIMIT_SERVICE_SESSION;
    parsed();
    expect("event/reference", "https://support.microsoft.com/kb/980049");
    expect("microsoft/exchange/mapi/limit/class", "service_session");
}

Test(enc_ecs, a_record_read_in_part_says_so)
{
    s.record.mapi.status = PARSE_PARTIAL;
    s.record.mapi.object_type = s.record.mapi.object_type_raw = SV_ABSENT;
    parsed();
    expect("event/kind", "event");
    expect("event/reason", "exceeded the maximum of 32 objects");
    cr_assert(json_is_false(at("microsoft/exchange/mapi/complete")));
    cr_assert(has_tag("_mapi_parse_partial") && !has_tag("_mapi_parse_failure"));
    expect("error", NULL);
}

Test(enc_ecs, a_record_that_could_not_be_parsed_is_a_pipeline_error_with_its_original)
{
    s.record.mapi = (struct mapi_limit){.status = PARSE_FAILED, .limit_class = LIMIT_OTHER};
    s.record.key = SV_ABSENT;
    s.context.original = ORIGINAL_AUTO;
    parsed();
    expect("event/kind", "pipeline_error");
    expect("event/code", "9646");
    expect("event/reason", NULL);
    cr_assert(json_is_string(at("error/message")));
    cr_assert(has_tag("_mapi_parse_failure") && !has_tag("_mapi_parse_partial"));
    cr_assert_not_null(at("event/original"));
    cr_assert_eq(json_object_size(at("microsoft/exchange/mapi")), 2, "complete and event_qualifiers");
    expect("user", NULL);
    expect("organization", NULL);
    expect("related/user", NULL);
}

Test(enc_ecs, a_mailbox_guid_is_a_related_name_and_no_name_stands_twice)
{
    s.record.mapi.mailbox_guid = SV("ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99");
    s.record.mapi.legacy_dn = s.record.mapi.user;
    s.event.computer = SV("EXCH01");
    parsed();
    cr_assert_eq(json_array_size(at("related/user")), 2);
    expect("microsoft/exchange/mapi/mailbox/guid", "ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99");
    s.event.computer = SV("10");
    parsed();
    cr_assert_eq(json_array_size(at("related/hosts")), 1);
}

Test(enc_ecs, qualifiers_of_a_32_bit_id_are_found)
{
    s.event.qualifiers.has = false;
    s.event.event_id = opt_u64(UINT64_C(0xC00425AE));
    parsed();
    cr_assert_eq(json_integer_value(at("microsoft/exchange/mapi/event_qualifiers")), 49156);
    expect("winlog/event_id", "9646");
}

Test(enc_ecs, binary_of_a_9646_is_diag_context_if_asked_for)
{
    s.event.binary = SV("07000000");
    parsed();
    expect("microsoft/exchange/mapi/diag_context", NULL);
    expect("winlog/event_data/Binary", NULL);
    s.context.diag_context = true;
    parsed();
    expect("microsoft/exchange/mapi/diag_context", "07000000");
}

Test(enc_ecs, a_keyword_is_never_longer_than_1024_characters)
{
    enum { LONG_BYTES = 4096 };
    static char text[LONG_BYTES + 1];
    for (size_t i = 0; i < LONG_BYTES; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    s.record.mapi.object_type_raw = s.record.mapi.user = sv_make(text, LONG_BYTES);
    parsed();
    size_t n = json_string_length(at("event/reason"));
    const char *reason = json_string_value(at("event/reason"));
    size_t ascii = strlen("exceeded the maximum of 32 objects of type \"\"");
    cr_assert_eq(n, ascii + 2 * (1024 - ascii));
    cr_assert_eq(reason[n - 1], '"');
    cr_assert_eq(json_string_length(at("user/name")), 2 * 1024);
}

/* ---- the envelope ---- */

Test(enc_ecs, an_event_of_which_nothing_is_known_is_still_a_record)
{
    event_clear(&s.event);
    s.record = (struct record){.event = &s.event, .kind = RECORD_EVENT};
    s.context = (struct encode_context){0};
    parsed();
    expect("@timestamp", "1970-01-01T00:00:00.000Z");
    expect("ecs/version", "9.4.0");
    expect("data_stream/dataset", "msexchange.event");
    cr_assert_str_eq(json_string_value(json_array_get(at("tags"), 0)), "_mapi_time_missing");
    expect("log/syslog/severity/name", "Notice");
    expect("event/code", NULL);
    expect("microsoft", NULL);
    expect("related", NULL);
}

Test(enc_ecs, levels_have_english_names_and_syslog_severities)
{
    static const struct {
        uint64_t level;
        const char *name, *severity;
    } rows[] = {
        {0, "information", "Informational"}, {1, "critical", "Critical"},         {2, "error", "Error"},
        {3, "warning", "Warning"},           {4, "information", "Informational"}, {5, "verbose", "Debug"}};
    s.event.level_text = SV("Fehler");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s.event.level = opt_u64(rows[i].level);
        parsed();
        expect("log/level", rows[i].name);
        expect("log/syslog/severity/name", rows[i].severity);
    }
    s.event.level = opt_u64(17);
    parsed();
    expect("log/level", "Fehler");
    expect("log/syslog/severity/name", "Notice");
}

Test(enc_ecs, facilities_have_names_and_make_the_priority)
{
    s.context.facility = 23;
    parsed();
    expect("log/syslog/facility/name", "local7");
    cr_assert_eq(json_integer_value(at("log/syslog/priority")), 23 * 8 + 3);
}

Test(enc_ecs, keywords_are_the_rendered_ones_or_else_the_names_of_their_bits)
{
    s.event.keywords = opt_u64(UINT64_C(0x80a0000000000000));
    parsed();
    cr_assert_eq(json_array_size(at("winlog/keywords")), 2);
    cr_assert_str_eq(json_string_value(json_array_get(at("winlog/keywords"), 0)), "Audit Success");
    cr_assert_str_eq(json_string_value(json_array_get(at("winlog/keywords"), 1)), "Classic");
    s.event.keyword_texts[0] = SV("Klassisch");
    s.event.keyword_text_count = 1;
    parsed();
    cr_assert_eq(json_array_size(at("winlog/keywords")), 1);
    cr_assert_str_eq(json_string_value(json_array_get(at("winlog/keywords"), 0)), "Klassisch");
    s.event.keyword_text_count = 0;
    s.event.keywords = opt_u64(0);
    parsed();
    expect("winlog/keywords", NULL);
}

Test(enc_ecs, numbers_beyond_what_receivers_hold_are_kept_as_text_only)
{
    s.event.record_id = opt_u64(UINT64_MAX);
    parsed();
    expect("winlog/record_id", "18446744073709551615");
    expect("event/sequence", NULL);
}

/* ---- other events ---- */

static void other_event(void)
{
    s.record.kind = RECORD_EVENT;
    s.record.mapi = (struct mapi_limit){0};
    s.event.event_id = opt_u64(1001);
    s.event.data_count = 0;
}

Test(enc_ecs, another_event_has_the_envelope_and_nothing_of_a_9646)
{
    other_event();
    s.event.user_sid = SV("S-1-5-18");
    parsed();
    expect("event/code", "1001");
    expect("event/kind", "event");
    expect("event/dataset", "msexchange.event");
    expect("event/category", NULL);
    expect("event/type", NULL);
    expect("event/outcome", NULL);
    expect("event/action", NULL);
    expect("event/reason", NULL);
    expect("event/reference", NULL);
    expect("microsoft", NULL);
    expect("user/id", "S-1-5-18");
    expect("winlog/user/identifier", "S-1-5-18");
    cr_assert_eq(json_array_size(at("related/user")), 1);
    cr_assert(has_tag("exchange") && !has_tag("mapi-limit"));
}

Test(enc_ecs, a_service_stands_only_where_the_provider_is_of_exchange)
{
    other_event();
    s.event.provider = SV("MSExchangeTransport");
    parsed();
    expect("service/name", "MSExchangeTransport");
    s.event.provider = SV("Service Control Manager");
    parsed();
    expect("service", NULL);
    cr_assert_not(has_tag("exchange"));
}

Test(enc_ecs, empty_data_keep_their_number_and_named_data_their_name)
{
    other_event();
    event_add_datum(&s.event, SV_ABSENT, SV("a"));
    event_add_datum(&s.event, SV_ABSENT, SV(""));
    event_add_datum(&s.event, SV_ABSENT, SV("c"));
    event_add_datum(&s.event, SV("Target User.Name"), SV("d"));
    event_add_datum(&s.event, SV("Target User.Name"), SV("second"));
    event_add_datum(&s.event, SV("Target_User_Name"), SV("third"));
    event_add_datum(&s.event, SV("empty"), SV(""));
    event_add_datum(&s.event, SV("empty"), SV("first with a value"));
    event_add_datum(&s.event, SV("param1"), SV("late"));
    s.event.binary = SV("00ff");
    parsed();
    cr_assert_eq(json_object_size(at("winlog/event_data")), 5);
    expect("winlog/event_data/param1", "a");
    expect("winlog/event_data/param3", "c");
    expect("winlog/event_data/Target_User_Name", "d");
    expect("winlog/event_data/empty", "first with a value");
    expect("winlog/event_data/Binary", "00ff");
}

Test(enc_ecs, the_index_of_positional_data_has_as_many_digits_as_it_needs)
{
    other_event();
    for (int i = 0; i < EVENT_DATA_MAX; i++)
        event_add_datum(&s.event, SV_ABSENT, SV("x"));
    parsed();
    cr_assert_eq(json_object_size(at("winlog/event_data")), EVENT_DATA_MAX);
    expect("winlog/event_data/param9", "x");
    expect("winlog/event_data/param10", "x");
    expect("winlog/event_data/param99", "x");
    expect("winlog/event_data/param100", "x");
    expect("winlog/event_data/param256", "x");
}

Test(enc_ecs, user_data_have_their_own_object_and_never_both)
{
    other_event();
    event_add_datum(&s.event, SV("Reason"), SV("x"));
    s.event.is_user_data = true;
    parsed();
    expect("winlog/user_data/Reason", "x");
    expect("winlog/event_data", NULL);
}

Test(enc_ecs, process_opcode_version_and_activity_are_where_winlogbeat_has_them)
{
    other_event();
    s.event.process_id = opt_u64(776);
    s.event.thread_id = opt_u64(5788);
    s.event.opcode = opt_u64(1);
    s.event.version = opt_u64(2);
    s.event.activity_id = SV("{b}");
    s.event.related_activity_id = SV("{c}");
    s.event.provider_guid = SV("{a}");
    parsed();
    cr_assert_eq(json_integer_value(at("winlog/process/pid")), 776);
    cr_assert_eq(json_integer_value(at("winlog/process/thread/id")), 5788);
    cr_assert_eq(json_integer_value(at("winlog/version")), 2);
    expect("winlog/opcode", "Start");
    expect("winlog/activity_id", "{b}");
    expect("winlog/related_activity_id", "{c}");
    expect("winlog/provider_guid", "{a}");
    s.event.process_id = s.event.thread_id = s.event.version = opt_u64(0);
    s.event.opcode_text = SV("Gestartet");
    parsed();
    expect("winlog/process", NULL);
    expect("winlog/version", NULL);
    expect("winlog/opcode", "Gestartet");
}

/* ---- sizes ---- */

Test(enc_ecs, a_message_over_its_limit_first_loses_the_original)
{
    encode();
    size_t full = out.n;
    s.context.max_bytes = full;
    cr_assert_eq(encode(), ENCODE_OK);
    s.context.max_bytes = full - 1;
    cr_assert_eq(encode(), ENCODE_REDUCED);
    parsed();
    cr_assert_leq(out.n, s.context.max_bytes);
    expect("event/original", NULL);
    cr_assert_not_null(at("event/hash"));
    cr_assert(has_tag("_mapi_reduced") && !has_tag("preserve_original_event"));
}

Test(enc_ecs, then_values_of_winlog_are_cut_at_a_character)
{
    enum { LONG_BYTES = 3001 };
    static char text[LONG_BYTES];
    memset(text, 'x', sizeof text);
    for (size_t i = 1; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    s.event.data[0].value = sv_make(text, LONG_BYTES);
    s.context.max_bytes = 4000;
    cr_assert_eq(encode(), ENCODE_REDUCED);
    parsed();
    cr_assert_leq(out.n, 4000);
    cr_assert_eq(json_string_length(at("winlog/event_data/param1")), 255, "x and 127 times two bytes");
}

Test(enc_ecs, what_cannot_become_small_enough_leaves_the_buffer_as_it_was)
{
    s.context.max_bytes = 500;
    buf_reset(&out);
    buf_lit(&out, "before");
    cr_assert_eq(encoder_ecs.encode(&s.context, &s.record, 1, &out), ENCODE_TOO_LARGE);
    cr_assert(buf_ok(&out) && sv_eq(buf_sv(&out), SV("before")));
}

Test(enc_ecs, a_buffer_of_any_size_gives_a_whole_message_or_none)
{
    encode();
    size_t full = out.n;
    for (size_t limit = 0; limit <= full + 10; limit++) {
        struct buf small;
        buf_init(&small, limit);
        enum encode_status status = encoder_ecs.encode(&s.context, &s.record, 1, &small);
        cr_assert(buf_ok(&small));
        cr_assert_eq(status == ENCODE_TOO_LARGE, small.n == 0);
        cr_assert_eq(status == ENCODE_OK, limit >= full);
        if (small.n) {
            json_t *json = json_loadb(small.p, small.n, JSON_REJECT_DUPLICATES, NULL);
            cr_assert_not_null(json);
            json_decref(json);
        }
        buf_free(&small);
    }
}

Test(enc_ecs, a_mebibyte_of_the_worst_text_is_one_valid_line)
{
    enum { MEBIBYTE = 1 << 20 };
    char *text = malloc(MEBIBYTE);
    cr_assert_not_null(text);
    for (size_t i = 0; i < MEBIBYTE; i++)
        text[i] = (char)(i * 31);
    s.record.message = s.event.data[0].value = s.event.original = sv_make(text, MEBIBYTE);
    s.event.computer = s.event.provider = s.event.channel = sv_make(text, MEBIBYTE);
    parsed();
    free(text);
}

Test(enc_ecs, messages_are_appended)
{
    encode();
    size_t one = out.n;
    cr_assert_eq(encoder_ecs.encode(&s.context, &s.record, 2, &out), ENCODE_OK);
    cr_assert_eq(out.n, 2 * one);
    cr_assert_eq(memcmp(out.p, out.p + one, one), 0);
}

/* ---- hostile records ---- */

/* The string at path is what text says, invalid bytes replaced as the base library does it. */
static void expect_same(const char *path, struct sv text)
{
    static struct arena arena = {.limit = 4 << 20};
    arena_reset(&arena);
    struct sv clean = utf8_clean(&arena, text, NULL);
    json_t *found = at(path);
    if (clean.n == 0) {
        cr_assert_null(found, "%s is there", path);
        return;
    }
    cr_assert(json_is_string(found), "%s is no string", path);
    struct sv read = sv_make(json_string_value(found), json_string_length(found));
    cr_assert(sv_eq(read, clean), "%s: %.*s", path, SV_ARG(read));
}

static void make_hostile(struct hostile *h)
{
    struct mapi_limit *m = &s.record.mapi;
    struct sv *const fields[] = {&s.event.provider,
                                 &s.event.channel,
                                 &s.event.user_sid,
                                 &s.event.task_text,
                                 &s.event.opcode_text,
                                 &s.event.original,
                                 &s.event.binary,
                                 &s.record.message,
                                 &s.record.key,
                                 &s.record.file_path,
                                 &m->legacy_dn,
                                 &m->organization,
                                 &m->admin_group,
                                 &m->container,
                                 &m->cn,
                                 &m->user,
                                 &m->client_type_canonical,
                                 &m->object_type,
                                 &m->object_type_raw,
                                 &s.event.computer,
                                 &m->mailbox_guid};
    h->used = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        *fields[i] = hostile_text(h);
    s.event.data_count = 0;
    for (size_t i = hostile_below(h, 6); i > 0; i--)
        event_add_datum(&s.event, hostile_text(h), hostile_text(h));
    s.record.kind = hostile_below(h, 4) ? RECORD_MAPI_LIMIT : RECORD_EVENT;
    m->status = (enum parse_status)hostile_below(h, 3);
}

Test(enc_ecs, hostile_records_are_read_back_unchanged)
{
    static struct hostile h = {.state = 9646};
    for (int round = 0; round < 3000; round++) {
        sample_native(&s);
        make_hostile(&h);
        parsed();
        expect_same("message", s.record.message);
        expect_same("winlog/channel", s.event.channel);
        expect_same("winlog/task", s.event.task_text);
        expect_same("winlog/computer_name", s.event.computer);
        expect_same("event/original", s.event.original);
        expect_same("log/file/path", s.record.file_path);
        if (s.record.kind == RECORD_EVENT) {
            expect("microsoft", NULL);
            continue;
        }
        expect_same("microsoft/exchange/mapi/session/dn", s.record.mapi.legacy_dn);
        expect_same("microsoft/exchange/mapi/session/cn", s.record.mapi.cn);
        expect_same("microsoft/exchange/mapi/mailbox/key", s.record.key);
        expect_same("microsoft/exchange/mapi/admin_group", s.record.mapi.admin_group);
        expect_same("user/name", s.record.mapi.user);
        expect_same("organization/name", s.record.mapi.organization);
        if (s.record.mapi.status != PARSE_FAILED)
            expect_same("microsoft/exchange/mapi/client/type", s.record.mapi.client_type_canonical);
    }
}

/* No member anywhere may be null, empty text, an empty object or an empty array. */
static void expect_nothing_empty(json_t *value)
{
    const char *key;
    size_t i;
    json_t *each;
    cr_assert_not(json_is_null(value));
    cr_assert_not(json_is_string(value) && json_string_length(value) == 0);
    cr_assert_not((json_is_object(value) || json_is_array(value)) &&
                  json_object_size(value) + json_array_size(value) == 0);
    json_object_foreach(value, key, each) expect_nothing_empty(each);
    json_array_foreach(value, i, each) expect_nothing_empty(each);
}

Test(enc_ecs, absent_values_are_left_out_of_every_record)
{
    static struct hostile h = {.state = 126268};
    for (int round = 0; round < 1000; round++) {
        sample_native(&s);
        make_hostile(&h);
        expect_nothing_empty(parsed());
    }
}
