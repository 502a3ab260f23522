/* SPDX-License-Identifier: Apache-2.0 */
/* A channel in the place of a file: what is saved when, and where reading goes on after a restart. */
#include "fake_channel.h"
#include "os_watch.h"
#include "tail.h"

#include <criterion/criterion.h>
#include <string.h>

static struct state *state;
static struct selector selector;
static struct source_counts counts;
static size_t open_files;
static struct config_source source;
static struct tail_context context;
static struct tail *tail;
static struct event event;
static struct step step;
static struct fault fault;

static void setup(void)
{
    char aside[512];
    fake_channel_reset();
    selector_init_default(&selector);
    state = state_open(NULL, aside, &fault);
    cr_assert(state, "%s", fault.text);
    source = (struct config_source){.name = "live", .channel = "Application", .from = FROM_BEGINNING};
    counts = (struct source_counts){0};
    context = (struct tail_context){.output = "out",
                                    .subject = "output out",
                                    .state = state,
                                    .selector = &selector,
                                    .sources = &source,
                                    .counts = &counts,
                                    .open_files = &open_files};
    tail = tail_new_channel(&context, &source);
}

static void teardown(void)
{
    tail_free(&context, tail);
    state_close(state);
}

TestSuite(tail_channel, .init = setup, .fini = teardown);

/* Reads one event, which is then in flight. */
static uint64_t take(uint64_t record)
{
    uint64_t token;
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_EVENT, "%s", step.fault.text);
    cr_assert_eq(event.record_id.v, record);
    cr_assert(ledger_open(&tail->ledger, &step.pos, &token));
    return token;
}

static void save(void)
{
    cr_assert(tail_save(&context, tail, &fault), "%s", fault.text);
}

static void restart(void)
{
    tail_free(&context, tail);
    tail = tail_new_channel(&context, &source);
}

Test(tail_channel, a_bookmark_is_saved_when_its_event_is_settled_and_not_before)
{
    fake_channel_add(1, 9646);
    fake_channel_add(2, 9646);
    uint64_t first = take(1), second = take(2);
    ledger_close(&tail->ledger, second);
    cr_assert_not(tail_is_dirty(&context, tail));
    ledger_close(&tail->ledger, first);
    cr_assert(tail_is_dirty(&context, tail));
    save();
    restart();
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_DRAINED);
    cr_assert_str_eq(fake_channel.bookmark, "<BookmarkList><Bookmark RecordId='2'/></BookmarkList>");
}

Test(tail_channel, what_was_in_flight_at_a_kill_is_read_again)
{
    fake_channel_add(1, 9646);
    fake_channel_add(2, 9646);
    ledger_close(&tail->ledger, take(1));
    save();
    take(2);
    restart();
    cr_assert_str_eq(tail->path, "channel:Application");
    take(2);
}

Test(tail_channel, from_end_is_decided_once)
{
    source.from = FROM_END;
    restart();
    fake_channel_add(1, 9646);
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_MOVED);
    fake_channel_add(2, 9646);
    restart(); /* nothing was saved but the row that came with the first answer */
    take(2);
}

Test(tail_channel, from_end_waits_for_a_service_that_is_away)
{
    source.from = FROM_END;
    fake_channel.look = OS_CHANNEL_AWAY;
    fake_channel_add(1, 9646);
    restart();
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_DRAINED);
    cr_assert_eq(counts.channels_failing, 1);
    cr_assert_str_eq(counts.channel, "service away");
    fake_channel.look = OS_CHANNEL_READING;
    restart();
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_MOVED, "the old event is left out");
    fake_channel_add(2, 9646);
    take(2);
    cr_assert_eq(counts.channels_failing, 0);
}

Test(tail_channel, a_gap_is_counted)
{
    fake_channel_add(1, 9646);
    ledger_close(&tail->ledger, take(1));
    save();
    fake_channel_reset();
    fake_channel_add(11, 9646);
    restart();
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_MOVED);
    cr_assert_eq(counts.overwritten_events, 9);
    take(11);
}

Test(tail_channel, trouble_waits_until_what_is_in_flight_has_settled)
{
    fake_channel_add(1, 9646);
    fake_channel_add(2, 9646);
    uint64_t token = take(1);
    fake_channel.next = OS_CHANNEL_AWAY;
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_DRAINED);
    fake_channel.next = OS_CHANNEL_READING;
    tail->retry_at_ms = 0;
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_DRAINED);
    ledger_close(&tail->ledger, token);
    take(2);
    cr_assert_eq(counts.unreadable_files, 1);
}

Test(tail_channel, two_sources_of_one_channel_have_places_of_their_own)
{
    struct config_source other = {.name = "other", .channel = "application"};
    struct config_source same = {.name = "live", .channel = "APPLICATION"};
    cr_assert_not(os_file_id_eq(tail_channel_id(&source), tail_channel_id(&other)));
    cr_assert(os_file_id_eq(tail_channel_id(&source), tail_channel_id(&same)));
}

Test(tail_channel, a_channel_has_no_path_in_records_and_never_sleeps)
{
    cr_assert_null(tail_file(tail));
    cr_assert_eq(tail_next(&context, tail, &event, &step), TAIL_DRAINED);
    cr_assert_not(tail_can_sleep(tail));
    cr_assert_eq(tail_unread_bytes(tail), 0);
    cr_assert_eq(open_files, 0);
}
