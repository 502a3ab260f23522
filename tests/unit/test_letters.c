/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: what is written is what is read, and which ones were sent again. */
#include "dead_letter.h"
#include "hostile_text.h"
#include "letter_reader.h"
#include "os_file.h"
#include "replay_marks.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[64], path[96];
static struct fault fault;
static struct dead_letters *written;
static struct letter_reader *reader;
static struct arena memory;

static void setup(void)
{
    snprintf(directory, sizeof directory, "/tmp/mapitail-letters-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/dead-letter.ndjson", directory);
    written = dead_letters_new(path);
    cr_assert(written);
    arena_init(&memory, 1 << 20);
}

static void teardown(void)
{
    char command[128];
    dead_letters_free(written);
    letter_reader_close(reader);
    reader = NULL;
    arena_free(&memory);
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(letters, .init = setup, .fini = teardown);

static void write_letter(const char *id, const struct sink_item *item)
{
    struct dead_letter l = {.output = "siem",
                            .reason = "too large",
                            .id = id,
                            .file = "/exports/a.xml",
                            .offset = 42,
                            .format = "ecs",
                            .item = item};
    cr_assert(dead_letter_write(written, &l, &fault), "%s", fault.text);
}

static struct letter next_letter(void)
{
    struct letter l;
    if (!reader)
        reader = letter_reader_open(path, &fault);
    cr_assert(reader, "%s", fault.text);
    cr_assert_eq(letter_reader_next(reader, &l), LETTER_READ);
    return l;
}

static void expect_same(struct sv got, struct sv want)
{
    cr_assert(sv_eq(got, want), "got \"%.*s\", want \"%.*s\"", SV_ARG(got), SV_ARG(want));
}

Test(letters, a_message_comes_back_with_key_headers_and_time)
{
    const struct sink_header headers[] = {
        {"ce_id", SV("eca1105a")}, {"x \"quoted\"", SV("a\nb\x1f\xc3\xbc")}, {"empty", SV("")}};
    struct sink_item item = {.body = SV("{\"a\":1}\n\\"),
                             .key = SV("/o=x/cn=\"j\""),
                             .headers = headers,
                             .header_count = 3,
                             .time_ms = 1771408800123};
    struct sink_item got = {0};
    write_letter("eca1105a-d9c1-5feb-9593-bc703948ef67", &item);
    struct letter l = next_letter();
    expect_same(l.message, item.body);
    expect_same(l.output, SV("siem"));
    expect_same(l.event_id, SV("eca1105a-d9c1-5feb-9593-bc703948ef67"));
    expect_same(l.format, SV("ecs"));
    expect_same(l.offset, SV("42"));
    cr_assert(letter_address(&l, &memory, &got));
    expect_same(got.key, item.key);
    cr_assert_eq(got.time_ms, item.time_ms);
    cr_assert_eq(got.header_count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_str_eq(got.headers[i].name, headers[i].name);
        expect_same(got.headers[i].value, headers[i].value);
        cr_assert_not(sv_absent(got.headers[i].value));
    }
}

Test(letters, what_a_message_lacks_is_absent_again)
{
    struct sink_item item = {.body = SV("x")}, got = {.key = SV("left over")};
    write_letter("1", &item);
    struct letter l = next_letter();
    cr_assert(letter_address(&l, &memory, &got));
    cr_assert(sv_absent(got.key));
    cr_assert_eq(got.header_count, 0);
    cr_assert_eq(got.time_ms, 0);
}

Test(letters, hostile_text_comes_back_byte_for_byte)
{
    enum { MANY = 300 };
    static struct hostile hostile = {.state = 42};
    static struct sv texts[MANY];
    for (size_t i = 0; i < MANY; i++) {
        texts[i] = arena_copy(&memory, hostile_text(&hostile));
        struct sink_item item = {.body = texts[i], .key = texts[i]};
        hostile.used = 0;
        write_letter("1", &item);
    }
    for (size_t i = 0; i < MANY; i++) {
        struct letter l = next_letter();
        if (utf8_valid_length(texts[i]) == texts[i].n)
            expect_same(l.message, texts[i]);
    }
}

Test(letters, a_message_of_the_largest_size_comes_back)
{
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    memset(text, '\x01', SIZE); /* six bytes each as JSON */
    struct sink_item item = {.body = sv_make(text, SIZE)};
    write_letter("1", &item);
    struct letter l = next_letter();
    expect_same(l.message, item.body);
    free(text);
}

Test(letters, a_line_that_is_still_being_written_is_read_when_it_is_whole)
{
    struct letter l;
    struct sink_item item = {.body = SV("x")};
    write_letter("1", &item);
    struct os_file *file = os_file_append(path, 0, &fault);
    const char *half = "{\"@timestamp\":\"2026-02-18T10:30:01Z\",\"output\":\"siem\"";
    cr_assert(os_file_write(file, half, strlen(half), &fault));
    next_letter();
    cr_assert_eq(letter_reader_next(reader, &l), LETTER_END);
    cr_assert(os_file_write(file, "}\n", 2, &fault));
    cr_assert_eq(letter_reader_next(reader, &l), LETTER_READ);
    cr_assert_eq(l.number, 2);
    os_file_close(file);
}

static struct letter named(const char *id, const char *time)
{
    return (struct letter){.output = SV("siem"), .event_id = sv_from(id), .time = sv_from(time)};
}

static struct replay_marks *open_marks(void)
{
    bool is_held;
    struct replay_marks *m = replay_marks_open(path, false, &is_held, &fault);
    cr_assert(m, "%s", fault.text);
    return m;
}

Test(letters, marks_are_kept_and_tell_letters_of_the_same_event_apart)
{
    struct letter one = named("1", "2026-01-01T00:00:00Z"), later = named("1", "2026-01-02T00:00:00Z");
    struct replay_marks *m = open_marks();
    cr_assert_not(replay_marks_have(m, &one));
    cr_assert(replay_marks_add(m, &one) && replay_marks_save(m, &fault));
    replay_marks_close(m);
    m = open_marks();
    cr_assert(replay_marks_have(m, &one));
    cr_assert_not(replay_marks_have(m, &later));
    replay_marks_close(m);
}

Test(letters, many_marks_are_all_known)
{
    enum { MANY = 5000 };
    char id[16];
    struct replay_marks *m = open_marks();
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "%d", i);
        struct letter l = named(id, "t");
        cr_assert(replay_marks_add(m, &l));
    }
    cr_assert(replay_marks_save(m, &fault));
    replay_marks_close(m);
    m = open_marks();
    for (int i = 0; i < 2 * MANY; i++) {
        snprintf(id, sizeof id, "%d", i);
        struct letter l = named(id, "t");
        cr_assert_eq(replay_marks_have(m, &l), i < MANY);
    }
    replay_marks_close(m);
}

Test(letters, one_replay_at_a_time_has_the_marks)
{
    bool is_held = false;
    struct replay_marks *m = open_marks();
    cr_assert_null(replay_marks_open(path, false, &is_held, &fault));
    cr_assert(is_held);
    struct replay_marks *look = replay_marks_open(path, true, &is_held, &fault);
    cr_assert(look, "%s", fault.text);
    replay_marks_close(look);
    replay_marks_close(m);
}
