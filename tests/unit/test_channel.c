/* SPDX-License-Identifier: Apache-2.0 */
/* A live channel as a source: what it gives, what it says of every state, and where it goes on. */
#include "channel.h"
#include "channel_query.h"
#include "fake_channel.h"
#include "registry.h"

#include <criterion/criterion.h>
#include <string.h>

static struct selector selector;
static struct channel_setup plan;
static struct channel *channel;
static struct position safe;
static struct event event;
static struct step step;

static void setup(void)
{
    fake_channel_reset();
    selector_init_default(&selector);
    plan = (struct channel_setup){
        .name = "Application", .selector = &selector, .xml = registry_parser("xml"), .look_ms = 0};
    safe = (struct position){0};
}

static void teardown(void)
{
    channel_free(channel);
    channel = NULL;
}

TestSuite(channel, .init = setup, .fini = teardown);

static enum step_kind next(void)
{
    if (!channel)
        channel = channel_new(&plan);
    cr_assert(channel);
    channel_next(channel, &safe, &event, &step);
    return step.kind;
}

/* The next event is the one with this record id. */
static void expect_event(uint64_t record)
{
    cr_assert_eq(next(), STEP_EVENT, "step %d, %s", step.kind, step.fault.text);
    cr_assert_eq(event.record_id.v, record);
    cr_assert_eq(step.pos.record, record);
}

static void expect_state(enum channel_state state)
{
    cr_assert_str_eq(channel_state_name(channel_state(channel)), channel_state_name(state));
}

/* Forgets the channel and begins anew behind a position, as after a restart. */
static void restart(struct position at, const char *bookmark)
{
    teardown();
    plan.position = safe = at;
    plan.bookmark = bookmark;
}

/* ---- reading ---- */

Test(channel, events_come_with_their_strings_in_the_order_of_the_log)
{
    fake_channel_add(10, 9646);
    fake_channel_add(12, 9646);
    expect_event(10);
    cr_assert_eq(event.data_count, 3);
    cr_assert(sv_eq(event.data[2].value, SV("objtFolder")));
    cr_assert(sv_eq(event.computer, SV("EXCH01.example")));
    cr_assert(sv_starts(event.original, SV("<Event ")));
    expect_event(12);
    cr_assert_eq(next(), STEP_MORE);
    expect_state(CHANNEL_READING);
    fake_channel_add(13, 9646);
    expect_event(13);
    cr_assert_eq(fake_channel.opened, 1);
}

Test(channel, what_the_query_lets_through_is_tested_again)
{
    bool is_least;
    fake_channel_add(1, 9646);
    fake_channel_add(2, 1000);
    fake_channel_add(3, 9646);
    expect_event(1);
    expect_event(3);
    cr_assert_eq(channel_records(channel, &is_least), 3);
    cr_assert(is_least);
}

Test(channel, many_unwanted_events_are_passed_with_pauses)
{
    for (unsigned i = 1; i <= 200; i++)
        fake_channel_add(i, 1000);
    fake_channel_add(201, 9646);
    for (unsigned i = 64; i <= 192; i += 64) {
        cr_assert_eq(next(), STEP_PROGRESS);
        cr_assert_eq(step.pos.record, i);
    }
    expect_event(201);
}

Test(channel, an_event_that_cannot_be_rendered_costs_itself)
{
    fake_channel_add(1, 9646);
    fake_channel.events[0].xml = NULL;
    fake_channel_add(2, 9646);
    cr_assert_eq(next(), STEP_SKIP);
    cr_assert(strstr(step.reason, "render"));
    cr_assert_eq(step.pos.record, 1);
    expect_event(2);
}

Test(channel, an_event_that_is_cut_costs_itself)
{
    fake_channel_add(1, 9646);
    fake_channel.events[0].xml = "<Event><System><Provider Name='MSExchangeIS'/><EventID>9646</EventID>";
    fake_channel_add(2, 9646);
    cr_assert_eq(next(), STEP_SKIP);
    cr_assert_eq(step.pos.record, 1);
    expect_event(2);
}

/* ---- the query ---- */

Test(channel, the_selectors_ids_are_asked_for)
{
    next();
    cr_assert_str_eq(fake_channel.query, "*[System[(EventID=9646)]]");
}

Test(channel, a_query_of_the_configuration_is_asked_instead)
{
    plan.query = "*[System[Level=2]]";
    next();
    cr_assert_str_eq(fake_channel.query, "*[System[Level=2]]");
}

Test(channel, a_query_names_each_id_once_and_nothing_that_it_cannot_say)
{
    char query[CHANNEL_QUERY_BYTES];
    struct selector s = {.rules = {{SV("A"), 1, false}, {SV("B*"), 65535, false}, {SV("C"), 1, false}},
                         .count = 3};
    cr_assert(channel_query(&s, query));
    cr_assert_str_eq(query, "*[System[(EventID=1 or EventID=65535)]]");
    s.rules[1].any_id = true;
    cr_assert_not(channel_query(&s, query));
    cr_assert_str_eq(query, "*");
    s = (struct selector){.all = true};
    cr_assert_not(channel_query(&s, query));
    cr_assert_str_eq(query, "*");
}

Test(channel, more_ids_than_windows_takes_are_not_asked_for)
{
    char query[CHANNEL_QUERY_BYTES];
    struct selector s = {.count = CHANNEL_QUERY_IDS_MAX};
    for (unsigned i = 0; i <= CHANNEL_QUERY_IDS_MAX; i++)
        s.rules[i] = (struct selector_rule){SV("*"), 60000 + i, false};
    cr_assert(channel_query(&s, query));
    cr_assert(strstr(query, "EventID=60019)]]"), "%s", query);
    s.count++;
    cr_assert_not(channel_query(&s, query));
    cr_assert_str_eq(query, "*");
}

/* ---- going on ---- */

Test(channel, reading_goes_on_behind_the_saved_bookmark)
{
    for (unsigned i = 1; i <= 4; i++)
        fake_channel_add(i, 9646);
    restart((struct position){.record = 2}, "<saved RecordId='2'/>");
    expect_event(3);
    cr_assert_str_eq(fake_channel.bookmark, "<saved RecordId='2'/>");
    cr_assert(fake_channel.strict);
    cr_assert_eq(fake_channel.opened, 1);
}

Test(channel, a_lost_bookmark_is_made_from_the_record_id)
{
    fake_channel_add(1, 9646);
    fake_channel_add(2, 9646);
    plan.name = "A&B";
    restart((struct position){.record = 1}, NULL);
    expect_event(2);
    cr_assert_str_eq(
        fake_channel.bookmark,
        "<BookmarkList><Bookmark Channel='A&amp;B' RecordId='1' IsCurrent='true'/></BookmarkList>");
}

Test(channel, a_bookmark_that_the_query_hides_is_used_all_the_same)
{
    fake_channel_add(1, 9646);
    fake_channel_add(2, 9646);
    fake_channel.hides_bookmarks = true;
    restart((struct position){.record = 1}, NULL);
    expect_event(2);
    cr_assert_not(fake_channel.strict);
}

Test(channel, the_bookmark_of_a_settled_event_is_the_systems_own)
{
    struct position first, last;
    fake_channel_add(1, 9646);
    fake_channel_add(2, 1000);
    fake_channel_add(3, 9646);
    expect_event(1);
    first = step.pos;
    expect_event(3);
    last = step.pos;
    cr_assert_str_eq(channel_bookmark(channel, &first),
                     "<BookmarkList><Bookmark RecordId='1'/></BookmarkList>");
    cr_assert_str_eq(channel_bookmark(channel, &first),
                     "<BookmarkList><Bookmark RecordId='1'/></BookmarkList>");
    cr_assert_str_eq(channel_bookmark(channel, &last),
                     "<BookmarkList><Bookmark RecordId='3'/></BookmarkList>");
    cr_assert_null(channel_bookmark(channel, &(struct position){0}));
}

Test(channel, from_end_leaves_out_what_is_there)
{
    fake_channel_add(7, 9646);
    fake_channel.hides_bookmarks = true; /* as its event need not be one that the query takes */
    plan.from_end = true;
    cr_assert_eq(next(), STEP_PROGRESS);
    cr_assert_eq(step.pos.record, 7);
    cr_assert_eq(next(), STEP_MORE);
    fake_channel_add(8, 9646);
    expect_event(8);
}

Test(channel, from_end_of_an_empty_log_takes_everything_that_comes)
{
    plan.from_end = true;
    cr_assert_eq(next(), STEP_PROGRESS);
    cr_assert_eq(next(), STEP_MORE);
    fake_channel_add(1, 9646);
    expect_event(1);
}

/* ---- what is gone ---- */

Test(channel, a_log_that_wrapped_is_told_with_the_number_of_unread_events)
{
    fake_channel_add(151, 9646);
    fake_channel.log.size_bytes = 20 << 20;
    restart((struct position){.record = 100}, "<saved RecordId='100'/>");
    cr_assert_eq(next(), STEP_GAP);
    cr_assert_eq(step.skipped_events, 50);
    cr_assert(strstr(step.reason, "wrapped"));
    expect_state(CHANNEL_WRAPPED);
    expect_event(151);
    expect_state(CHANNEL_READING);
}

Test(channel, what_was_seen_and_not_wanted_is_not_lost_when_the_log_wraps)
{
    fake_channel_add(151, 9646);
    fake_channel.log.size_bytes = 20 << 20;
    restart((struct position){.record = 100, .check = 150}, "<saved RecordId='100'/>");
    expect_event(151);
    expect_state(CHANNEL_READING);
}

Test(channel, a_log_that_was_cleared_and_numbers_on_is_told_by_its_size)
{
    fake_channel_add(151, 9646);
    fake_channel.log.size_bytes = 69632;
    restart((struct position){.record = 100}, "<saved RecordId='100'/>");
    cr_assert_eq(next(), STEP_GAP);
    cr_assert_eq(step.skipped_events, 50);
    cr_assert(strstr(step.reason, "cleared"));
    expect_state(CHANNEL_CLEARED);
    expect_event(151);
}

Test(channel, a_log_that_is_empty_was_cleared)
{
    restart((struct position){.record = 100}, "<saved RecordId='100'/>");
    cr_assert_eq(next(), STEP_GAP);
    expect_state(CHANNEL_CLEARED);
    cr_assert_eq(next(), STEP_MORE);
    fake_channel_add(101, 9646);
    expect_event(101);
}

Test(channel, a_new_log_with_the_old_ids_is_told_by_its_time_of_creation)
{
    for (unsigned i = 1; i <= 3; i++)
        fake_channel_add(i, 9646);
    fake_channel.log.created_ns = 2;
    plan.created_ns = 1;
    restart((struct position){.record = 2}, "<saved RecordId='2'/>");
    cr_assert_eq(next(), STEP_GAP);
    expect_state(CHANNEL_CLEARED);
    expect_event(1);
    cr_assert_eq(channel_created_ns(channel), 2);
}

Test(channel, a_log_that_is_cleared_while_it_is_read_is_found)
{
    fake_channel_add(100, 9646);
    expect_event(100);
    cr_assert_eq(next(), STEP_MORE);
    fake_channel.count = 0;
    fake_channel.log = (struct os_channel_log){0};
    cr_assert_eq(next(), STEP_GAP);
    expect_state(CHANNEL_CLEARED);
    fake_channel_add(1, 9646);
    expect_event(1);
}

Test(channel, what_the_log_held_when_all_was_read_counts_as_seen)
{
    fake_channel_add(1, 9646);
    fake_channel.log.newest = 90;
    expect_event(1);
    cr_assert_eq(next(), STEP_MORE);
    cr_assert_eq(step.pos.check, 90);
    cr_assert_eq(step.pos.record, 1);
}

Test(channel, a_try_opens_and_reads_nothing)
{
    struct fault f = {0};
    fake_channel_add(1, 9646);
    plan.from_end = true;
    cr_assert(channel_try(&plan, &f));
    fake_channel.open = OS_CHANNEL_DENIED;
    cr_assert_not(channel_try(&plan, &f));
    cr_assert(strstr(f.text, "the fake answers"));
    cr_assert_eq(fake_channel.closed, 1);
}

/* ---- trouble ---- */

static const struct trouble {
    enum os_channel_state answer;
    enum channel_state state;
} troubles[] = {
    {OS_CHANNEL_LOST, CHANNEL_LOST},       {OS_CHANNEL_AWAY, CHANNEL_AWAY},
    {OS_CHANNEL_MISSING, CHANNEL_MISSING}, {OS_CHANNEL_DENIED, CHANNEL_DENIED},
    {OS_CHANNEL_QUERY, CHANNEL_QUERY},     {OS_CHANNEL_UNSUPPORTED, CHANNEL_UNSUPPORTED},
    {OS_CHANNEL_FAILED, CHANNEL_FAILED},
};

/* Whatever call meets it: the fault is handed on, and when it is over reading goes on where it was. */
static void meet(enum os_channel_state *call, const struct trouble *t)
{
    setup();
    fake_channel_add(1, 9646);
    if (call == &fake_channel.next) {
        expect_event(1);
        safe = step.pos;
    }
    *call = t->answer;
    cr_assert_eq(next(), STEP_FATAL);
    cr_assert(strstr(step.fault.text, "the fake answers"));
    expect_state(t->state);
    *call = OS_CHANNEL_READING;
    fake_channel_add(2, 9646);
    if (call != &fake_channel.next)
        expect_event(1);
    expect_event(2);
    expect_state(CHANNEL_READING);
    teardown();
    cr_assert_eq(fake_channel.closed, call == &fake_channel.next ? 2 : 1);
}

Test(channel, every_trouble_is_a_state_of_its_own_and_passes)
{
    enum os_channel_state *calls[] = {&fake_channel.look, &fake_channel.open, &fake_channel.next};
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
            meet(calls[c], &troubles[i]);
}

Test(channel, a_service_that_went_away_without_a_word_is_noticed)
{
    fake_channel_add(1, 9646);
    expect_event(1);
    fake_channel.look = OS_CHANNEL_AWAY;
    cr_assert_eq(next(), STEP_FATAL);
    expect_state(CHANNEL_AWAY);
}

Test(channel, every_state_has_a_name_of_its_own)
{
    for (int a = CHANNEL_UNOPENED; a <= CHANNEL_FAILED; a++)
        for (int b = CHANNEL_UNOPENED; b < a; b++)
            cr_assert_str_neq(channel_state_name((enum channel_state)a),
                              channel_state_name((enum channel_state)b));
}
