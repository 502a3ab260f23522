/* SPDX-License-Identifier: Apache-2.0 */
/* Who a record is: the published test vectors, and what must not change an id. */
#include "identity.h"
#include "sample_records.h"

#include <criterion/criterion.h>
#include <string.h>

static struct sample s;
static struct identity *identity;

static void setup(void)
{
    identity = identity_new();
    cr_assert_not_null(identity);
    sample_native(&s);
}

static void teardown(void)
{
    identity_free(identity);
}

TestSuite(identity, .init = setup, .fini = teardown);

/* The id of the event as it stands now, in a buffer of its own per call site. */
static const char *id_now(uint64_t ordinal)
{
    static char ids[8][RECORD_ID_TEXT];
    static unsigned next;
    cr_assert(identity_fill(identity, &s.record, ordinal));
    return memcpy(ids[next++ % 8], s.record.id, RECORD_ID_TEXT);
}

Test(identity, the_native_sample_has_its_published_id_and_hash)
{
    char id[RECORD_ID_TEXT], hash[RECORD_HASH_TEXT];
    memcpy(id, s.record.id, sizeof id);
    memcpy(hash, s.record.hash, sizeof hash);
    memset(s.record.id, 0, sizeof s.record.id);
    memset(s.record.hash, 0, sizeof s.record.hash);
    cr_assert(identity_fill(identity, &s.record, 1));
    cr_assert_str_eq(s.record.id, id);
    cr_assert_str_eq(s.record.hash, hash);
}

Test(identity, the_managed_sample_has_its_published_id_and_hash)
{
    sample_managed(&s);
    s.record.id[0] = s.record.hash[0] = '\0';
    cr_assert(identity_fill(identity, &s.record, 1));
    cr_assert_str_eq(s.record.id, "112c059c-1fc1-59b6-95bc-a924e199e7e8");
    cr_assert_str_eq(s.record.hash, "b691c81396fd4ae8a208addc6de3187f0e16b69b1b4dec64f06cec9a7e8e957c");
}

Test(identity, what_exports_write_differently_does_not_change_the_id)
{
    const char *first = id_now(1);
    s.event.computer = SV("EXCH01");
    s.event.provider = SV("msexchangeIS");
    s.event.event_id = opt_u64(UINT64_C(0xC00625AE));
    sample_time(&s.event.time, "2026-02-18T11:30:01+01:00");
    s.event.original = SV("another spelling");
    s.event.data_count = 0;
    cr_assert_str_eq(id_now(7), first);
}

Test(identity, host_provider_id_record_and_second_each_change_the_id)
{
    const char *ids[6];
    ids[0] = id_now(1);
    s.event.computer = SV("exch02.contoso.com");
    ids[1] = id_now(1);
    s.event.provider = SV("MSExchangeIS Mailbox Store");
    ids[2] = id_now(1);
    s.event.event_id = opt_u64(9647);
    ids[3] = id_now(1);
    s.event.record_id = opt_u64(126269);
    ids[4] = id_now(1);
    s.event.time.sec++;
    ids[5] = id_now(1);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < i; j++)
            cr_assert_str_neq(ids[i], ids[j], "ids %d and %d", i, j);
}

/* Values of these ids come from an independent implementation: Python's uuid.uuid5 and hashlib over the same
 * names. */
Test(identity, an_event_without_time_has_an_id_with_an_empty_time)
{
    s.event.time.present = false;
    cr_assert_str_eq(id_now(1), "ad49d3c2-7cbe-5ff9-aaea-4013a14f7dee");
}

Test(identity, an_event_without_record_id_is_known_by_its_strings_and_ordinal)
{
    s.event.record_id.has = false;
    cr_assert_str_eq(id_now(1), "06b77866-c4b6-5e1b-8aa4-8e84aff369fd");
    cr_assert_str_eq(id_now(2), "7afbf2e5-d64e-5607-8408-b7e39951089f");
}

Test(identity, the_content_hash_is_over_the_strings_joined_by_the_unit_separator)
{
    char hash[RECORD_HASH_TEXT];
    cr_assert(identity_content_hash(identity, &s.record, hash));
    cr_assert_str_eq(hash, "acde2ddbda12f0202e7f0ba9bf9c14032686774ba660247dbffb21ad6cfd0cd4");
}

Test(identity, empty_insertion_strings_count_in_the_content_hash)
{
    char with[RECORD_HASH_TEXT], without[RECORD_HASH_TEXT];
    cr_assert(identity_content_hash(identity, &s.record, without));
    event_add_datum(&s.event, SV_ABSENT, SV(""));
    cr_assert(identity_content_hash(identity, &s.record, with));
    cr_assert_str_neq(with, without);
}

Test(identity, white_space_of_a_message_does_not_change_its_content_hash)
{
    char folded[RECORD_HASH_TEXT], wrapped[RECORD_HASH_TEXT], other[RECORD_HASH_TEXT];
    s.event.data_count = 0;
    s.record.message = SV("Mapi session \"x\" exceeded");
    cr_assert(identity_content_hash(identity, &s.record, folded));
    s.record.message = SV("\r\n Mapi  session\r\n\"x\" \t exceeded\n");
    cr_assert(identity_content_hash(identity, &s.record, wrapped));
    s.record.message = SV("Mapisession \"x\" exceeded");
    cr_assert(identity_content_hash(identity, &s.record, other));
    cr_assert_str_eq(folded, "ffd04a4200c0dae25b454615682475369a97f279e9662978b928583ffa9a2430");
    cr_assert_str_eq(wrapped, folded);
    cr_assert_str_neq(other, folded);
}

Test(identity, an_event_of_which_nothing_is_known_has_an_id_and_no_hash)
{
    event_clear(&s.event);
    s.record.message = SV_ABSENT;
    cr_assert_str_eq(id_now(1), "18c46709-fca7-5ecb-bf77-75cd07352742");
    cr_assert_str_eq(s.record.hash, "");
}

Test(identity, content_over_the_limit_is_refused_with_empty_id_and_hash)
{
    enum { HUGE_BYTES = 5 << 20 };
    char *huge = malloc(HUGE_BYTES);
    cr_assert_not_null(huge);
    memset(huge, 'x', HUGE_BYTES);
    s.event.record_id.has = false;
    s.event.data[0].value = sv_make(huge, HUGE_BYTES);
    cr_assert_not(identity_fill(identity, &s.record, 1));
    cr_assert_str_eq(s.record.id, "");
    cr_assert_str_eq(s.record.hash, "");
    sample_native(&s);
    cr_assert_str_eq(id_now(1), "eca1105a-d9c1-5feb-9593-bc703948ef67");
    free(huge);
}

Test(identity, a_random_uuid_has_version_4_and_differs_from_the_next)
{
    char a[RECORD_ID_TEXT], b[RECORD_ID_TEXT];
    for (int i = 0; i < 100; i++) {
        identity_random_uuid(a);
        identity_random_uuid(b);
        cr_assert_str_neq(a, b);
        cr_assert_eq(strlen(a), 36);
        cr_assert_eq(strspn(a, "0123456789abcdef-"), 36);
        cr_assert(a[8] == '-' && a[13] == '-' && a[18] == '-' && a[23] == '-');
        cr_assert_eq(a[14], '4');
        cr_assert_not_null(strchr("89ab", a[19]));
    }
}

Test(identity, the_id_and_the_hash_can_be_had_one_without_the_other)
{
    char id[RECORD_ID_TEXT], hash[RECORD_HASH_TEXT];
    memcpy(id, s.record.id, sizeof id);
    memcpy(hash, s.record.hash, sizeof hash);
    s.record.id[0] = s.record.hash[0] = '\0';
    cr_assert(identity_fill_id(identity, &s.record, 1));
    cr_assert_str_eq(s.record.id, id);
    cr_assert_str_eq(s.record.hash, "");
    s.record.id[0] = '\0';
    cr_assert(identity_fill_hash(identity, &s.record));
    cr_assert_str_eq(s.record.id, "");
    cr_assert_str_eq(s.record.hash, hash);
}
