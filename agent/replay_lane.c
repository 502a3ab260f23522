/* SPDX-License-Identifier: Apache-2.0 */
/* One output that dead letters are sent through again. */
#include "replay_lane.h"

#include "os_clock.h"
#include "pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 50, RETRY_MS = 200, CLOSE_MS = 1000, MEMORY_MAX = 16 << 20 };

struct replay_lane {
    const struct config_output *output;
    size_t message_max;
    replay_told *told;
    void *ctx;
    struct sink *sink;
    struct sink_host host;
    struct batch *batch;
    struct letter letters[SINK_BATCH_ITEMS_MAX]; /* of the batch, by line: what is told about them */
    size_t count;
    struct arena memory; /* of these */
    bool is_lent;
    int64_t progress_ms; /* when something was acknowledged, or sending began */
};

static void on_done(void *ctx, struct sink_batch *lent)
{
    struct replay_lane *l = ctx;
    (void)lent;
    l->is_lent = false;
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    struct replay_lane *l = ctx;
    if (level != NOTICE_INFO)
        fprintf(stderr, "output %s: %s\n", l->output->name, text);
}

struct replay_lane *replay_lane_new(const struct config_output *output, replay_told *told, void *ctx,
                                    struct fault *f)
{
    struct replay_lane *l = calloc(1, sizeof *l);
    if (!l || !(l->batch = batch_new())) {
        free(l);
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        return NULL;
    }
    l->output = output;
    l->message_max = output_message_max(output);
    l->told = told;
    l->ctx = ctx;
    arena_init(&l->memory, MEMORY_MAX);
    batch_begin(l->batch, 0);
    l->host = (struct sink_host){.ctx = l, .done = on_done, .notice = on_notice};
    l->sink = output->sink->open(output->sink_config, &l->host, f);
    if (l->sink)
        return l;
    replay_lane_free(l);
    return NULL;
}

void replay_lane_free(struct replay_lane *l)
{
    if (!l)
        return;
    if (l->sink)
        l->output->sink->close(l->sink, CLOSE_MS);
    batch_free(l->batch);
    arena_free(&l->memory);
    free(l);
}

/* ---- filling ---- */

/* What is needed to tell of a letter when its line is long gone. */
static bool keep(struct replay_lane *l, const struct letter *letter)
{
    struct letter *copy = &l->letters[l->count];
    *copy = (struct letter){.number = letter->number,
                            .output = arena_copy(&l->memory, letter->output),
                            .event_id = arena_copy(&l->memory, letter->event_id),
                            .time = arena_copy(&l->memory, letter->time)};
    return !sv_absent(copy->output) && !sv_absent(copy->time);
}

bool replay_lane_add(struct replay_lane *l, const struct letter *letter)
{
    struct batch *b = l->batch;
    size_t body_at = b->bodies.n;
    struct batch_note note = {.token = l->count};
    bool fits = letter->message.n <= l->message_max;
    if (l->count == SINK_BATCH_ITEMS_MAX || batch_is_full(b) || !keep(l, letter))
        return false;
    buf_put(&b->bodies, letter->message);
    struct sink_item *item = batch_add(b, body_at, &note, fits ? ITEM_PENDING : ITEM_REJECTED,
                                       fits ? NULL : "the message is larger than the output takes");
    if (!letter_address(letter, &b->arena, item)) {
        item->result = ITEM_REJECTED;
        item->reason = "its headers are too large";
    }
    l->count++;
    return true;
}

/* ---- sending ---- */

static bool settle(void *ctx, struct sink_item *item, struct batch_note *note)
{
    struct replay_lane *l = ctx;
    if (item->result != ITEM_DELIVERED && item->result != ITEM_REJECTED) {
        item->result = ITEM_PENDING;
        return false;
    }
    l->progress_ms = os_monotonic_ms();
    l->told(l->ctx, &l->letters[note->token], item->result, item->reason);
    return true;
}

static bool give_up(void *ctx, struct sink_item *item, struct batch_note *note)
{
    struct replay_lane *l = ctx;
    (void)item;
    l->told(l->ctx, &l->letters[note->token], ITEM_RETRY, "nothing was acknowledged");
    return true;
}

static bool has_patience(const struct replay_lane *l, int patience_ms, const volatile sig_atomic_t *stop)
{
    return !*stop && os_monotonic_ms() - l->progress_ms < patience_ms;
}

/* Lends the batch and waits until it is given back; false when it is still lent, and the sink must be closed.
 */
static bool lend(struct replay_lane *l, int patience_ms, const volatile sig_atomic_t *stop)
{
    const struct sink_ops *ops = l->output->sink;
    while (has_patience(l, patience_ms, stop) && !(l->is_lent = ops->submit(l->sink, &l->batch->lent)))
        ops->poll(l->sink, POLL_MS);
    while (l->is_lent && has_patience(l, patience_ms, stop))
        ops->poll(l->sink, POLL_MS);
    return !l->is_lent;
}

/* A sink that holds what nobody acknowledges gives it back when it is closed: with it ends this replay. */
static void take_back(struct replay_lane *l)
{
    l->output->sink->close(l->sink, CLOSE_MS);
    l->sink = NULL;
}

void replay_lane_send(struct replay_lane *l, int patience_ms, const volatile sig_atomic_t *stop)
{
    struct batch *b = l->batch;
    l->progress_ms = os_monotonic_ms();
    batch_seal(b);
    while (l->sink && b->lent.count && has_patience(l, patience_ms, stop)) {
        if (!lend(l, patience_ms, stop))
            take_back(l);
        batch_settle(b, settle, l);
        if (b->lent.count && l->sink)
            l->output->sink->poll(l->sink, RETRY_MS);
    }
    batch_settle(b, settle, l); /* what was rejected before it was lent */
    batch_settle(b, give_up, l);
    l->count = 0;
    arena_reset(&l->memory);
    batch_begin(b, 0);
}
