/* SPDX-License-Identifier: Apache-2.0 */
/* What was read, gathered and told. */
#include "coverage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000 };

static struct config_source sources[2] = {{.name = "exports"}, {.name = "archive"}};
static struct config config = {.sources = sources, .source_count = 2, .coverage_interval_ms = MINUTE_MS};
static struct config_output output = {.name = "siem"};
static struct coverage_book *book;
static struct event event;
static int64_t clock_ms;

static struct wtime now(void)
{
    return wtime_from_unix_ns((1771408800000 + clock_ms) * 1000000, 3);
}

static void setup(void)
{
    struct wtime start = now();
    clock_ms = 0;
    book = coverage_new(&config, &output, SV("agent-host"), &start, clock_ms);
    cr_assert(book);
}

static void teardown(void)
{
    coverage_free(book);
}

TestSuite(coverage, .init = setup, .fini = teardown);

static const struct coverage_record *next(void)
{
    struct wtime t = now();
    return coverage_next(book, &t, clock_ms);
}

static void match(struct cover *c, uint64_t id)
{
    event_clear(&event);
    event.provider = SV("MSExchangeIS");
    event.channel = SV("Application");
    event.computer = SV("exch01.contoso.com");
    event.record_id = opt_u64(id);
    event.time = wtime_from_unix_ns((int64_t)id * 1000000000, 0);
    cover_matched(c, &event);
}

static void drain(void)
{
    while (next())
        ;
}

static struct cover *open_file(const char *path, const char *format, uint64_t offset, uint64_t record)
{
    struct cover *c = coverage_open(book, &sources[0]);
    cr_assert(c);
    cover_begin(c, path, format, &(struct position){.offset = offset, .record = record});
    return c;
}

Test(coverage, nothing_is_told_before_its_time)
{
    struct cover *c = open_file("a.xml", "xml", 0, 0);
    match(c, 7);
    clock_ms = MINUTE_MS - 1;
    cr_assert_null(next());
    cr_assert_eq(coverage_wait_ms(book, clock_ms), 1);
    clock_ms++;
    cr_assert_eq(coverage_wait_ms(book, clock_ms), 0);
    cr_assert(next());
}

Test(coverage, a_period_is_told_once_and_the_next_begins_where_it_ended)
{
    struct cover *c = open_file("a.xml", "xml", 100, 0);
    match(c, 9);
    match(c, 7);
    cover_moved(c, &(struct position){.offset = 500}, 20, true);
    clock_ms = MINUTE_MS;
    const struct coverage_record *r = next();
    cr_assert_str_eq(r->path, "a.xml");
    cr_assert_eq(r->facts.from_offset.v, 100);
    cr_assert_eq(r->facts.to_offset.v, 500);
    cr_assert_eq(r->facts.read, 20);
    cr_assert(r->facts.read_is_least && r->facts.ids_are_of_matched);
    cr_assert_eq(r->facts.first_record_id.v, 7);
    cr_assert_eq(r->facts.last_record_id.v, 9);
    drain();
    cover_moved(c, &(struct position){.offset = 600}, 1, false);
    clock_ms = 2 * MINUTE_MS;
    r = next();
    cr_assert_eq(r->facts.from_offset.v, 500);
    cr_assert_eq(r->facts.matched, 0);
    cr_assert_not(r->facts.first_record_id.has);
    cr_assert(sv_eq(r->facts.channel, SV("Application")), "known from before");
    cr_assert(sv_eq(r->event.computer, SV("exch01.contoso.com")));
}

Test(coverage, event_logs_tell_the_numbers_of_all_records)
{
    struct cover *c = open_file("a.evtx", "evtx", 0, 100);
    match(c, 120);
    cover_moved(c, &(struct position){.offset = 4096, .record = 151}, 51, false);
    coverage_hasten(book);
    const struct coverage_record *r = next();
    cr_assert_not(r->facts.ids_are_of_matched);
    cr_assert_eq(r->facts.first_record_id.v, 100);
    cr_assert_eq(r->facts.last_record_id.v, 150);
}

Test(coverage, a_source_is_silent_only_when_none_of_its_files_was_read)
{
    struct cover *c = open_file("a.xml", "xml", 0, 0);
    match(c, 1);
    coverage_hasten(book);
    cr_assert_not(next()->facts.is_silent);
    const struct coverage_record *r = next();
    cr_assert(r->facts.is_silent);
    cr_assert(sv_eq(r->facts.source, SV("archive")));
    cr_assert(sv_eq(r->event.computer, SV("agent-host")));
    cr_assert_eq(r->facts.files.v, 0);
    cr_assert_null(next());
    coverage_hasten(book);
    r = next();
    cr_assert(r->facts.is_silent && sv_eq(r->facts.source, SV("exports")));
    cr_assert_eq(r->facts.files.v, 1);
    cr_assert(sv_eq(r->event.computer, SV("exch01.contoso.com")));
}

Test(coverage, a_source_that_the_output_does_not_read_is_not_told_of)
{
    static const char *const names[] = {"exports"};
    struct wtime start = now();
    struct config_output one = {.name = "siem", .sources = {names, 1}};
    coverage_free(book);
    book = coverage_new(&config, &one, SV("agent-host"), &start, clock_ms);
    coverage_hasten(book);
    cr_assert(sv_eq(next()->facts.source, SV("exports")));
    cr_assert_null(next());
}

Test(coverage, what_a_file_had_to_tell_is_told_after_it_is_gone)
{
    struct cover *c = open_file("gone.xml", "xml", 0, 0);
    match(c, 3);
    cover_vanished(c, 77);
    coverage_close(c);
    coverage_hasten(book);
    const struct coverage_record *r = next();
    cr_assert_str_eq(r->path, "gone.xml");
    cr_assert_eq(r->facts.vanished_bytes, 77);
    drain();
    coverage_hasten(book);
    r = next();
    cr_assert(r->facts.is_silent);
    cr_assert_eq(r->facts.files.v, 0, "it is counted no more");
}

Test(coverage, a_round_that_was_interrupted_goes_on)
{
    struct cover *c[3];
    for (unsigned i = 0; i < 3; i++)
        match(c[i] = open_file("a.xml", "xml", 0, 0), i + 1);
    coverage_hasten(book);
    unsigned files = next() != NULL;
    clock_ms += 10 * MINUTE_MS; /* the destination takes nothing for a while */
    match(c[0], 10);
    for (const struct coverage_record *r; (r = next());)
        files += r->path != NULL;
    cr_assert_eq(files, 3);
}

Test(coverage, without_a_book_there_is_nothing_to_note)
{
    struct cover *c = coverage_open(NULL, &sources[0]);
    cr_assert_null(c);
    cover_begin(c, "a", "xml", &(struct position){0});
    cover_moved(c, &(struct position){0}, 1, false);
    match(c, 1);
    cover_damaged(c, 1);
    cover_overwritten(c, 1);
    cover_vanished(c, 1);
    coverage_close(c);
}
