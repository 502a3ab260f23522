/* SPDX-License-Identifier: Apache-2.0 */
/* What a destination keeps of a file: written, read again, and refused where it is damaged. */
#include "position_record.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char scope[] = "agent/kafka/";
static char key[200], value[2048];

static void write_record(const char *path, const struct position *position)
{
    struct config_source source = {.name = "exports"};
    struct tail tail = {.source = &source,
                        .path = (char *)(uintptr_t)path,
                        .saved = {.id = {0xfe00, {UINT64_MAX, 7}},
                                  .fingerprint = UINT64_C(0xb97db0599317cd44),
                                  .fingerprint_bytes = 1024,
                                  .parser = "xml"}};
    struct batch_note note = {
        .id = "eca1105a-d9c1-5feb-9593-bc703948ef67", .record_id = opt_u64(4711), .time_ms = 1771410601123};
    struct position_source from = {scope, "kafka", &tail, position, &note, 17};
    struct buf b;
    buf_init(&b, sizeof value - 1);
    position_record_key(&b, scope, tail.saved.id);
    snprintf(key, sizeof key, "%.*s", SV_ARG(buf_sv(&b)));
    buf_reset(&b);
    position_record_value(&b, &from);
    cr_assert(buf_ok(&b));
    snprintf(value, sizeof value, "%.*s", SV_ARG(buf_sv(&b)));
    buf_free(&b);
}

static bool read_record(struct position_record *out)
{
    struct sink_position p = {sv_from(key), sv_from(value)};
    return position_record_read(out, scope, &p);
}

Test(position_record, what_is_written_is_read_again)
{
    struct position_record r;
    struct position position = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(0x8000000000000001)};
    write_record("/exports/\"a\",\"offset\":5\\.xml", &position);
    cr_assert(read_record(&r), "%s %s", key, value);
    cr_expect(r.id.volume == 0xfe00 && r.id.file[0] == UINT64_MAX && r.id.file[1] == 7);
    cr_expect(r.fingerprint == UINT64_C(0xb97db0599317cd44) && r.fingerprint_bytes == 1024);
    cr_expect_str_eq(r.parser, "xml");
    cr_expect(r.position.offset == position.offset && r.position.record == position.record &&
              r.position.check == position.check);
    cr_expect(strstr(value, "\"event\":\"eca1105a-d9c1-5feb-9593-bc703948ef67\",\"record_id\":4711,"
                            "\"time\":\"2026-02-18T10:30:01.123Z\"}"),
              "%s", value);
}

Test(position_record, a_value_that_is_cut_anywhere_is_refused)
{
    struct position_record r;
    struct position position = {1, 2, 3};
    write_record("/a.xml", &position);
    for (size_t n = strlen(value); n-- > 0;) {
        value[n] = '\0';
        cr_assert(!read_record(&r), "%zu bytes", n);
    }
}

Test(position_record, a_foreign_key_and_a_newer_format_are_refused)
{
    struct position_record r;
    struct position position = {1, 2, 3};
    write_record("/a.xml", &position);
    char good[sizeof key];
    strcpy(good, key);
    static const char *const wrong[] = {"agent/kafka/owner",
                                        "agent/kafka/",
                                        "other/kafka/1-2",
                                        "agent/kafka/-",
                                        "agent/kafka/1-00000000000000000000000000000000f",
                                        ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        strcpy(key, wrong[i]);
        cr_expect(!read_record(&r), "%s", wrong[i]);
    }
    strcpy(key, good);
    cr_expect(read_record(&r));
    memcpy(value, "{\"v\":2", 6);
    cr_expect(!read_record(&r));
}

Test(position_record, positions_follow_each_other_as_their_parser_has_it)
{
    struct parser_ops by_offset = {.name = "xml"}, by_record = {.name = "evtx", .ordered_by_record = true};
    struct position a = {100, 5, 1}, b = {200, 4, 1}, c = {100, 6, 9};
    cr_expect(position_order(&by_offset, &a, &b) < 0);
    cr_expect(position_order(&by_record, &a, &b) > 0);
    cr_expect(position_order(&by_offset, &a, &c) < 0);
    cr_expect(position_order(&by_record, &c, &a) > 0);
    cr_expect(position_order(&by_offset, &a, &a) == 0 && position_order(&by_record, &a, &a) == 0);
}
