/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of an output against a sink that does what a test says: what it does while there is nothing to do,
 * and what it leaves in the state. */
#include "os_clock.h"
#include "pipeline.h"
#include "recall.h"
#include "registry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 3 };

/* What the sink is to do, and what was done with it. */
static struct sink {
    const struct sink_host *host;
    struct sink_batch *lent;
    bool cannot_open, is_superseded;
    unsigned refusals; /* submits that come to nothing after the first batch came back */
    unsigned submitted, given_back, polls;
} sink;

static char directory[64], path[128];
static struct fault fault;

static void append_event(unsigned number)
{
    FILE *file = fopen(path, "a");
    cr_assert(file);
    fprintf(file,
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            "<Provider Name='MSExchangeIS'/><EventID>9646</EventID><EventRecordID>%u</EventRecordID>"
            "<TimeCreated SystemTime='2026-02-18T10:30:%02u.000Z'/><Computer>mbx1</Computer></System>"
            "<EventData><Data>S-1-5-21</Data><Data>250</Data><Data>objtFolder</Data></EventData></Event>\n",
            number, number % 60);
    fclose(file);
}

/* ---- the sink ---- */

static enum sink_proof fake_proof(const void *config)
{
    (void)config;
    return PROOF_COMMITTED;
}

static bool fake_carries(const void *config)
{
    (void)config;
    return true;
}

static struct sink *fake_open(const void *config, const struct sink_host *host, struct fault *f)
{
    (void)config;
    sink.host = host;
    if (!sink.cannot_open)
        return &sink;
    fault_set(f, FAULT_CONNECT, 0, "the test says no");
    return NULL;
}

static bool fake_recover(struct sink *s, int timeout_ms,
                         void (*visit)(void *ctx, const struct sink_position *position), void *ctx)
{
    (void)timeout_ms;
    (void)visit;
    (void)ctx;
    if (s->is_superseded)
        s->host->superseded(s->host->ctx, "another agent has taken over");
    return !s->is_superseded;
}

static bool fake_submit(struct sink *s, struct sink_batch *batch)
{
    if (s->given_back && s->refusals) {
        s->refusals--;
        return false;
    }
    s->lent = batch;
    s->submitted++;
    return true;
}

static int give_back(struct sink *s, bool delivered)
{
    struct sink_batch *batch = s->lent;
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i].result = delivered ? ITEM_DELIVERED : ITEM_RETRY;
    batch->positions_kept = delivered;
    s->lent = NULL;
    s->given_back++;
    s->host->done(s->host->ctx, batch);
    return 1;
}

/* Waits as long as it is told to, gives every batch back TRIES times, and one more event comes meanwhile. */
static int fake_poll(struct sink *s, int timeout_ms)
{
    s->polls++;
    if (!s->lent) {
        os_sleep_ms(timeout_ms);
        return 0;
    }
    if (s->given_back == 0)
        append_event(2);
    return give_back(s, s->given_back >= TRIES);
}

static bool fake_flush(struct sink *s, int timeout_ms)
{
    fake_poll(s, timeout_ms);
    return !s->lent;
}

static void fake_close(struct sink *s, int timeout_ms)
{
    (void)timeout_ms;
    if (s->lent)
        give_back(s, false);
}

static const struct sink_ops fake = {.name = "fake",
                                     .title = "what a test says",
                                     .proof = fake_proof,
                                     .carries_positions = fake_carries,
                                     .open = fake_open,
                                     .recover = fake_recover,
                                     .submit = fake_submit,
                                     .poll = fake_poll,
                                     .flush = fake_flush,
                                     .close = fake_close};

/* ---- a pipeline ---- */

static void setup(void)
{
    char aside[512];
    snprintf(directory, sizeof directory, "/tmp/mapitail-pipeline-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/a.xml", directory);
    sink = (struct sink){0};
    state_close(state_open(directory, aside, &fault));
    append_event(1);
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    cr_assert_eq(system(command), 0);
}

TestSuite(pipeline, .init = setup, .fini = teardown);

static enum pipeline_result run_once(void)
{
    const char *paths[] = {path};
    struct config_source source = {
        .name = "s", .paths = {paths, 1}, .follow_links = true, .poll_interval_ms = 100};
    struct config_output output = {
        .name = "out", .sink = &fake, .encoder = registry_encoder("json"), .key = KEY_NONE};
    struct config config = {.state_directory = directory,
                            .sync_interval_ms = 1000,
                            .sources = &source,
                            .source_count = 1,
                            .outputs = &output,
                            .output_count = 1};
    struct encode_context context = {.agent_id = SV("agent")};
    selector_init_default(&config.selector);
    struct dead_letters *letters = dead_letters_new("/dev/null");
    struct board *board = board_new(1);
    struct pipeline_setup setup = {.config = &config,
                                   .output = &output,
                                   .context = &context,
                                   .dead_letters = letters,
                                   .board = board,
                                   .once = true};
    struct pipeline *p = pipeline_new(&setup);
    cr_assert(p && pipeline_start(p));
    enum pipeline_result result = pipeline_join(p);
    pipeline_free(p);
    board_free(board);
    dead_letters_free(letters);
    return result;
}

static bool is_marked(void)
{
    struct state *s = state_join(directory, &fault);
    cr_assert(s, "%s", fault.text);
    bool marked = state_marked(s, "out", RECALL_MARK);
    state_close(s);
    return marked;
}

/* ---- claims ---- */

Test(pipeline, what_waits_for_its_next_try_costs_next_to_nothing_while_the_next_batch_fills)
{
    cr_assert_eq(run_once(), PIPELINE_DONE);
    cr_assert_eq(sink.given_back, TRIES + 2, "the first batch until it was taken, and the second");
    cr_assert_lt(sink.polls, 200, "%u polls", sink.polls);
}

Test(pipeline, a_sink_that_is_busy_after_a_failure_is_not_asked_without_a_pause)
{
    sink.refusals = 5;
    cr_assert_eq(run_once(), PIPELINE_DONE);
    cr_assert_eq(sink.refusals, 0);
    cr_assert_lt(sink.polls, 200, "%u polls", sink.polls);
}

Test(pipeline, positions_count_as_carried_once_they_are)
{
    cr_assert_not(is_marked());
    cr_assert_eq(run_once(), PIPELINE_DONE);
    cr_assert(is_marked());
}

Test(pipeline, an_output_that_could_not_begin_has_carried_nothing)
{
    sink.cannot_open = true;
    cr_assert_eq(run_once(), PIPELINE_FAILED);
    cr_assert_not(is_marked());
    sink = (struct sink){.is_superseded = true};
    cr_assert_eq(run_once(), PIPELINE_SUPERSEDED);
    cr_assert_not(is_marked());
}
