/* SPDX-License-Identifier: Apache-2.0 */
/* The 9646 normalizer: from events to records. Published samples are read where they lie beside the source
 * tree. */
#include "mapi9646.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct event event;
static struct record record;

static void setup(void)
{
    arena_init(&arena, 8 << 20);
    event_clear(&event);
    event.provider = SV("MSExchangeIS");
    event.event_id = opt_u64(9646);
}

static void teardown(void)
{
    arena_free(&arena);
}

TestSuite(mapi9646, .init = setup, .fini = teardown);

static void hold(struct sv actual, const char *wanted, const char *what, const char *id)
{
    cr_assert(sv_eq(actual, sv_from(wanted)) && sv_absent(actual) == (wanted == NULL),
              "%s%s is \"%.*s\", expected \"%s\"", id, what, SV_ARG(actual), wanted ? wanted : "(absent)");
}

#define CR_ASSERT_SV(actual, wanted) hold(actual, wanted, #actual, "")

static void normalize_strings(const char *const *strings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        event_add_datum(&event, SV_ABSENT, sv_from(strings[i]));
    record_normalize(&event, &arena, &record);
}

#define NORMALIZE(...)                                                                                       \
    normalize_strings((const char *const[]){__VA_ARGS__},                                                    \
                      sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char dn[] = "/o=Contoso/ou=First Administrative Group/cn=Recipients/cn=AnnLee";

/* ---- which events ---- */

Test(mapi9646, the_low_16_bits_of_the_id_decide)
{
    event.event_id = opt_u64(UINT64_C(0xc00625ae));
    cr_assert(mapi9646_is(&event));
    event.event_id = opt_u64(UINT64_C(3221497262));
    cr_assert(mapi9646_is(&event));
    event.event_id = opt_u64(9647);
    cr_assert_not(mapi9646_is(&event));
    event.event_id.has = false;
    cr_assert_not(mapi9646_is(&event));
}

Test(mapi9646, the_source_is_known_by_its_beginning_in_any_case)
{
    event.provider = SV("msexchangeis Mailbox Store");
    cr_assert(mapi9646_is(&event));
    event.provider = SV("MSExchangeI");
    cr_assert_not(mapi9646_is(&event));
}

Test(mapi9646, the_event_source_name_wins_over_the_provider)
{
    event.provider = SV("Microsoft-Windows-Exchange");
    event.event_source_name = SV("MSExchangeIS");
    cr_assert(mapi9646_is(&event));
    event.provider = SV("MSExchangeIS");
    event.event_source_name = SV("MSExchangeTransport");
    cr_assert_not(mapi9646_is(&event));
}

static bool is_known_without_provider(const char *const *strings, size_t n)
{
    event_clear(&event);
    event.event_id = opt_u64(9646);
    for (size_t i = 0; i < n; i++)
        event_add_datum(&event, SV_ABSENT, sv_from(strings[i]));
    return mapi9646_is(&event);
}

#define WITHOUT_PROVIDER(...)                                                                                \
    is_known_without_provider((const char *const[]){__VA_ARGS__},                                            \
                              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

Test(mapi9646, an_event_that_lost_its_provider_is_known_by_its_strings)
{
    cr_assert(WITHOUT_PROVIDER(dn, "32", "session"));
    cr_assert(WITHOUT_PROVIDER("ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99", "500", "objtFolder"));
    cr_assert(
        WITHOUT_PROVIDER("ba765653-5439-437a-993f-806575b85fbb: /o=Contoso/ou=A/cn=x", "250", "Message"));
    cr_assert(WITHOUT_PROVIDER(dn, "MOMT", "500", "Folder"));
}

Test(mapi9646, an_event_that_lost_its_provider_and_has_other_strings_is_another_one)
{
    cr_assert_not(WITHOUT_PROVIDER("Information Store", "32", "session"));
    cr_assert_not(WITHOUT_PROVIDER(dn, "many", "session"));
    cr_assert_not(WITHOUT_PROVIDER(dn, "32", "database"));
    cr_assert_not(WITHOUT_PROVIDER(dn, "", "session"));
    cr_assert_not(WITHOUT_PROVIDER(dn, "32"));
    cr_assert_not(WITHOUT_PROVIDER(dn, "MOMT", "500", "Folder", "x"));
    cr_assert_not(WITHOUT_PROVIDER(dn, "7", "500", "Folder"));
    cr_assert(WITHOUT_PROVIDER(dn, "32", "session"));
    event.event_id = opt_u64(9647);
    cr_assert_not(mapi9646_is(&event));
    event.event_id = opt_u64(9646);
    event.provider = SV("ESE");
    cr_assert_not(mapi9646_is(&event), "a provider that is known decides");
    event.provider = SV_ABSENT;
    event.data[1].name = SV("Limit");
    cr_assert_not(mapi9646_is(&event), "classic strings have no names");
}

Test(mapi9646, another_event_keeps_its_message_and_gets_no_key)
{
    event.event_id = opt_u64(1022);
    event.message = SV("Log on Failure on database");
    NORMALIZE(dn, "32", "session");
    cr_assert_eq(record.kind, RECORD_EVENT);
    CR_ASSERT_SV(record.message, "Log on Failure on database");
    CR_ASSERT_SV(record.key, NULL);
    cr_assert_eq(record.event, &event);
}

/* ---- insertion strings ---- */

Test(mapi9646, three_strings_are_who_limit_and_type)
{
    NORMALIZE(dn, "32", "session");
    cr_assert_eq(record.kind, RECORD_MAPI_LIMIT);
    CR_ASSERT_SV(record.mapi.legacy_dn, dn);
    CR_ASSERT_SV(record.mapi.user, "AnnLee");
    CR_ASSERT_SV(record.mapi.client_type, NULL);
    CR_ASSERT_SV(record.mapi.object_type, "session");
    cr_assert(record.mapi.limit.has && record.mapi.limit.v == 32);
    cr_assert_eq(record.mapi.limit_class, LIMIT_SESSION);
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, four_strings_hold_a_client_type_in_the_second_place)
{
    NORMALIZE(dn, "MOMT", "500", "Folder");
    CR_ASSERT_SV(record.mapi.client_type, "MOMT");
    CR_ASSERT_SV(record.mapi.client_type_canonical, "MoMT");
    CR_ASSERT_SV(record.mapi.object_type, "objtFolder");
    CR_ASSERT_SV(record.mapi.object_type_raw, "Folder");
    cr_assert_eq(record.mapi.limit_class, LIMIT_OBJECT);
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, a_client_type_that_is_a_number_is_no_limit)
{
    NORMALIZE(dn, "99", "500", "Folder");
    CR_ASSERT_SV(record.mapi.client_type, "99");
    cr_assert_eq(record.mapi.limit.v, 500);
}

Test(mapi9646, an_empty_client_type_is_absent)
{
    NORMALIZE(dn, "", "16", "Session");
    CR_ASSERT_SV(record.mapi.client_type, NULL);
    cr_assert_eq(record.mapi.limit_class, LIMIT_SERVICE_SESSION);
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, an_empty_principal_leaves_a_partial_record)
{
    NORMALIZE("", "32", "session");
    CR_ASSERT_SV(record.mapi.legacy_dn, NULL);
    CR_ASSERT_SV(record.key, NULL);
    cr_assert_eq(record.mapi.status, PARSE_PARTIAL);
    CR_ASSERT_SV(record.message, "Mapi session \"\" exceeded the maximum of 32 objects of type \"session\".");
}

Test(mapi9646, strings_appended_by_the_store_do_not_become_the_type)
{
    NORMALIZE(dn, "MoMT", "500", "Folder", "Mailbox Database 7");
    CR_ASSERT_SV(record.mapi.object_type, "objtFolder");
    CR_ASSERT_SV(record.mapi.client_type, "MoMT");
    cr_assert_eq(record.mapi.limit.v, 500);
}

Test(mapi9646, two_strings_give_what_they_hold)
{
    NORMALIZE(dn, "session");
    CR_ASSERT_SV(record.mapi.object_type, "session");
    CR_ASSERT_SV(record.mapi.user, "AnnLee");
    cr_assert_not(record.mapi.limit.has);
    cr_assert_eq(record.mapi.status, PARSE_PARTIAL);
    CR_ASSERT_SV(record.message, NULL);
}

Test(mapi9646, a_limit_as_last_string_is_a_limit_without_type)
{
    NORMALIZE(dn, "32");
    cr_assert(record.mapi.limit.has && record.mapi.limit.v == 32);
    CR_ASSERT_SV(record.mapi.object_type, NULL);
    cr_assert_eq(record.mapi.status, PARSE_PARTIAL);
}

Test(mapi9646, a_single_string_is_read_as_the_message)
{
    NORMALIZE(
        "Closing Mapi session \"/o=a/ou=b/cn=c/cn=d\" because it exceeded the maximum of 32 objects of type "
        "\"session\".");
    CR_ASSERT_SV(record.mapi.legacy_dn, "/o=a/ou=b/cn=c/cn=d");
    cr_assert_eq(record.mapi.form, FORM_CLOSING);
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, nothing_at_all_is_a_failed_parse_and_still_a_record)
{
    record_normalize(&event, &arena, &record);
    cr_assert_eq(record.kind, RECORD_MAPI_LIMIT);
    cr_assert_eq(record.mapi.status, PARSE_FAILED);
    cr_assert_eq(record.mapi.limit_class, LIMIT_OTHER);
    CR_ASSERT_SV(record.message, NULL);
}

Test(mapi9646, a_limit_above_64_bits_is_absent)
{
    NORMALIZE(dn, "18446744073709551616", "session");
    cr_assert_not(record.mapi.limit.has);
    cr_assert_eq(record.mapi.status, PARSE_PARTIAL);
}

Test(mapi9646, strings_are_data_and_no_html)
{
    NORMALIZE("/o=R&amp;D/ou=a \"b\"/cn=Recipients/cn=<BR>", "32", "session");
    CR_ASSERT_SV(record.mapi.organization, "R&amp;D");
    CR_ASSERT_SV(record.mapi.admin_group, "a \"b\"");
    CR_ASSERT_SV(record.mapi.user, "<BR>");
}

Test(mapi9646, an_event_that_was_cut_is_never_complete)
{
    event.cut = true;
    NORMALIZE(dn, "32", "session");
    cr_assert_eq(record.mapi.status, PARSE_PARTIAL);
}

/* ---- strings and text together ---- */

Test(mapi9646, strings_win_over_the_message)
{
    event.message =
        SV("Mapi session \"/o=x/ou=y/cn=z/cn=other\" exceeded the maximum of 7 objects of type \"Stream\".");
    NORMALIZE(dn, "32", "session");
    CR_ASSERT_SV(record.mapi.user, "AnnLee");
    cr_assert_eq(record.mapi.limit.v, 32);
    CR_ASSERT_SV(record.mapi.object_type, "session");
    cr_assert(sv_eq(record.message, event.message));
}

Test(mapi9646, the_message_fills_only_what_the_strings_lack)
{
    event.message =
        SV("Mapi session \"/o=x/ou=y/cn=z/cn=other\" exceeded the maximum of 7 objects of type \"Stream\".");
    NORMALIZE("", "32", "session");
    CR_ASSERT_SV(record.mapi.user, "other");
    cr_assert_eq(record.mapi.limit.v, 32);
    CR_ASSERT_SV(record.mapi.object_type, "session");
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, the_message_tells_the_form)
{
    event.message =
        SV("Closing Mapi session \"x\" because it exceeded the maximum of 32 objects of type \"session\".");
    NORMALIZE(dn, "32", "session");
    cr_assert_eq(record.mapi.form, FORM_CLOSING);
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, a_name_in_the_dn_does_not_tell_the_form)
{
    event.message =
        SV("Mapi session \"/o=a/ou=b/cn=Recipients/cn=Closing Team\" exceeded the maximum of 32 objects of "
           "type \"session\".");
    NORMALIZE("/o=a/ou=b/cn=Recipients/cn=Closing Team", "32", "session");
    cr_assert_eq(record.mapi.form, FORM_EXCEEDED);
}

Test(mapi9646, the_sentence_is_built_from_three_strings)
{
    NORMALIZE(dn, "32", "session");
    CR_ASSERT_SV(record.message,
                 "Mapi session \"/o=Contoso/ou=First Administrative Group/cn=Recipients/cn=AnnLee\" "
                 "exceeded the maximum of 32 objects of type \"session\".");
}

Test(mapi9646, the_sentence_is_built_from_four_strings)
{
    event.message = SV("");
    NORMALIZE(dn, "MoMT", "500", "Folder");
    CR_ASSERT_SV(record.message,
                 "Mapi session \"/o=Contoso/ou=First Administrative Group/cn=Recipients/cn=AnnLee\" with "
                 "client type \"MoMT\" exceeded the maximum of 500 objects of type \"Folder\".");
}

Test(mapi9646, a_built_sentence_reads_back_as_its_strings)
{
    NORMALIZE("/o=a/ou=\"b\"/cn=Recipients/cn=with client type X exceeded the maximum of 3", "OWA", "16",
              "Session");
    struct mapi_limit read;
    mapi9646_parse_text(record.message, &arena, &read);
    cr_assert(sv_eq(read.legacy_dn, record.mapi.legacy_dn), "%.*s", SV_ARG(read.legacy_dn));
    cr_assert(sv_eq(read.client_type, SV("OWA")));
    cr_assert_eq(read.limit.v, 16);
    cr_assert_eq(read.status, PARSE_COMPLETE);
}

/* ---- the key ---- */

Test(mapi9646, the_key_is_the_dn_with_ascii_letters_in_lower_case)
{
    NORMALIZE("/O=ÄBC@[`{Z/OU=Site/cn=Recipients/CN=ZZtop", "32", "session");
    CR_ASSERT_SV(record.key, "/o=Äbc@[`{z/ou=site/cn=recipients/cn=zztop");
    CR_ASSERT_SV(record.mapi.legacy_dn, "/O=ÄBC@[`{Z/OU=Site/cn=Recipients/CN=ZZtop");
}

Test(mapi9646, every_byte_of_the_key_is_folded_as_ascii)
{
    char text[7 + 15 + 1] = "/o=a/cn";
    for (unsigned c = 1; c < 256; c++) {
        if (c == '/' || ascii_is_space((char)c))
            continue;
        memset(text + 7, (int)c, 15);
        text[7] = '=';
        event_clear(&event);
        event.provider = SV("MSExchangeIS");
        event.event_id = opt_u64(9646);
        NORMALIZE(text, "32", "session");
        cr_assert_eq(record.key.n, 22, "byte %u", c);
        for (size_t i = 0; i < 22; i++)
            cr_assert_eq(record.key.p[i], ascii_lower(text[i]), "byte %u", c);
    }
}

Test(mapi9646, without_a_dn_the_key_is_the_guid_in_lower_case)
{
    NORMALIZE("{CCCE3FE1-0BDB-4C25-BAF9-D3EA6BB9AF99}", "500", "objtFolder");
    CR_ASSERT_SV(record.mapi.mailbox_guid, "ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99");
    CR_ASSERT_SV(record.key, "ccce3fe1-0bdb-4c25-baf9-d3ea6bb9af99");
    cr_assert_eq(record.mapi.status, PARSE_COMPLETE);
}

Test(mapi9646, with_both_the_key_is_the_dn)
{
    NORMALIZE("ba765653-5439-437a-993f-806575b85fbb: /o=a/ou=b/cn=Recipients/cn=U", "500", "objtFolder");
    CR_ASSERT_SV(record.mapi.mailbox_guid, "ba765653-5439-437a-993f-806575b85fbb");
    CR_ASSERT_SV(record.mapi.legacy_dn, "/o=a/ou=b/cn=Recipients/cn=U");
    CR_ASSERT_SV(record.key, "/o=a/ou=b/cn=recipients/cn=u");
}

Test(mapi9646, a_dn_over_its_limit_is_cut_before_a_character_and_the_record_is_partial)
{
    char text[1200] = "/o=a/ou=b/cn=Recipients/cn=";
    for (size_t n = strlen(text); n + 2 < sizeof text; n += 2)
        memcpy(text + n, "Ä", 2);
    NORMALIZE(text, "32", "session");
    cr_assert_eq(record.mapi.legacy_dn.n, 1023);
    cr_assert_eq(record.key.n, 1023);
    cr_assert_eq(record.mapi.status, PARSE_PARTIAL);
}

/* ---- published samples ---- */

static FILE *open_samples(void)
{
    FILE *f = fopen(SOURCE_ROOT "/../shared/facts/event-9646-samples.jsonl", "r");
    if (!f)
        cr_skip("1 file of published samples is not beside the source tree");
    return f;
}

static const char *text_at(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void hold_expectation(const struct mapi_limit *m, const json_t *sample, const char *way)
{
    const json_t *expect = json_object_get(sample, "expect"), *limit = json_object_get(expect, "limit");
    const char *id = text_at(sample, "id");
    const struct {
        const char *name;
        struct sv value;
    } fields[] = {
        {"mailbox_guid", m->mailbox_guid},      {"legacy_dn", m->legacy_dn},
        {"organization", m->organization},      {"admin_group", m->admin_group},
        {"recipients_container", m->container}, {"user", m->user},
        {"client_type", m->client_type},        {"object_type", m->object_type},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        hold(fields[i].value, text_at(expect, fields[i].name), fields[i].name, id);
    cr_assert_eq(m->limit.has, json_is_integer(limit), "limit of %s, %s", id, way);
    if (m->limit.has)
        cr_assert_eq(m->limit.v, (uint64_t)json_integer_value(limit), "limit of %s, %s", id, way);
    cr_assert_eq(m->status == PARSE_COMPLETE, json_is_true(json_object_get(expect, "complete")), "%s, %s", id,
                 way);
    cr_assert_str_eq(message_form_name(m->form), text_at(sample, "form"), "%s, %s", id, way);
}

static void take_data_elements(struct sv xml)
{
    for (size_t at; (at = sv_find(xml, SV("<Data>"))) != SV_NPOS;) {
        xml = sv_slice(xml, at + 6, xml.n);
        size_t end = sv_find(xml, SV("</Data>"));
        event_add_datum(&event, SV_ABSENT, sv_slice(xml, 0, end));
    }
}

Test(mapi9646, published_samples_give_what_they_say)
{
    FILE *f = open_samples();
    char line[16384];
    int count = 0;
    for (; fgets(line, sizeof line, f); count++) {
        json_t *sample = json_loads(line, 0, NULL);
        cr_assert_not_null(sample);
        struct sv text = sv_from(text_at(sample, "text"));
        bool is_xml = strncmp(text_at(sample, "id"), "xml-", 4) == 0;
        arena_reset(&arena);
        setup();
        if (is_xml)
            take_data_elements(text);
        else
            event.message = text;
        record_normalize(&event, &arena, &record);
        hold_expectation(&record.mapi, sample, "record");
        struct mapi_limit read;
        mapi9646_parse_text(text, &arena, &read);
        hold_expectation(&read, sample, "text");
        json_decref(sample);
        arena_free(&arena);
    }
    fclose(f);
    cr_assert_gt(count, 50);
}

static bool has_expected_facts(const struct mapi_limit *m, const json_t *expect)
{
    return sv_eq(m->legacy_dn, sv_from(text_at(expect, "legacy_dn"))) &&
           sv_eq(m->mailbox_guid, sv_from(text_at(expect, "mailbox_guid"))) &&
           sv_eq(m->object_type, sv_from(text_at(expect, "object_type"))) &&
           m->limit.v == (uint64_t)json_integer_value(json_object_get(expect, "limit"));
}

/* The text in memory of exactly its size, so that a sanitizer sees a read behind it. */
static void read_exact_copy(const char *text, size_t n, size_t flipped, char bits)
{
    struct mapi_limit m;
    char *copy = malloc(n ? n : 1);
    cr_assert_not_null(copy);
    memcpy(copy, text, n);
    if (flipped < n)
        copy[flipped] = (char)(copy[flipped] ^ bits);
    mapi9646_parse_text(sv_make(copy, n), &arena, &m);
    bool complete_without_facts = m.status == PARSE_COMPLETE && (!m.limit.has || sv_empty(m.object_type));
    cr_assert_not(complete_without_facts);
    free(copy);
    arena_reset(&arena);
}

Test(mapi9646, published_samples_survive_cuts_and_flipped_bits)
{
    FILE *f = open_samples();
    char line[16384];
    while (fgets(line, sizeof line, f)) {
        json_t *sample = json_loads(line, 0, NULL);
        cr_assert_not_null(sample);
        const char *text = text_at(sample, "text");
        const json_t *expect = json_object_get(sample, "expect");
        for (size_t n = 0; n < strlen(text); n++) {
            struct mapi_limit m;
            arena_reset(&arena);
            mapi9646_parse_text(sv_make(text, n), &arena, &m);
            cr_assert(m.status != PARSE_COMPLETE || has_expected_facts(&m, expect), "%s cut to %zu",
                      text_at(sample, "id"), n);
            read_exact_copy(text, n, n, 0);
            read_exact_copy(text, strlen(text), n, (char)(1 << n % 8));
        }
        json_decref(sample);
    }
    fclose(f);
}
