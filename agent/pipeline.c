/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of one output: read, select, encode, submit, poll, save. */
#include "pipeline_inner.h"

#include "crash_point.h"
#include "log.h"
#include "os_clock.h"
#include "os_thread.h"
#include "os_watch.h"
#include "recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINGER_MS = 100,   /* the longest that a record waits for its batch to fill */
    SCAN_GAP_MS = 200, /* at least this between two scans, however often files change */
    BUSY_POLL_MS = 50,
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 5000,
    ONCE_ROUNDS = 4, /* a parser may hold back what looks torn for three looks */
    ONCE_PAUSE_MS = 30,
    SURVEY_MS = 1000, /* how often files and unread bytes are counted while there is work */
};

_Static_assert(DEDUP_IN_FLIGHT_MAX >= BATCHES * SINK_BATCH_ITEMS_MAX, "every record in flight is known");

/* ---- settling ---- */

void pipeline_note_health(struct pipeline *p, bool in_trouble, const char *text)
{
    p->counts.in_trouble = in_trouble;
    p->counts.notice_ms = os_realtime_ns() / 1000000;
    snprintf(p->counts.notice, sizeof p->counts.notice, "%s", text);
}

/* Waiting batches stand in the order of reading, so that what failed goes out before what came later. */
static void wait_in_line(struct pipeline *p, struct batch *b)
{
    struct batch **at = &p->waiting;
    while (*at && (*at)->number < b->number)
        at = &(*at)->next;
    b->next = *at;
    *at = b;
    b->state = BATCH_WAITING;
}

static void wait_for_retry(struct pipeline *p, struct batch *b)
{
    p->retry_ms = p->retry_ms ? p->retry_ms * 2 : RETRY_MIN_MS;
    if (p->retry_ms > RETRY_MAX_MS)
        p->retry_ms = RETRY_MAX_MS;
    b->not_before_ms = os_monotonic_ms() + p->retry_ms;
}

static void settle_batch(struct pipeline *p, struct batch *b)
{
    p->delivered_some = false;
    p->settling_ms = os_realtime_ns() / 1000000;
    bool done = pipeline_settle_items(p, b);
    if (p->delivered_some)
        p->retry_ms = 0;
    if (done) {
        b->state = BATCH_FREE;
        return;
    }
    wait_for_retry(p, b);
    wait_in_line(p, b);
}

static void on_done(void *ctx, struct sink_batch *lent)
{
    struct pipeline *p = ctx;
    crash_point("done-received");
    p->lent--;
    settle_batch(p, lent->owner);
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    struct pipeline *p = ctx;
    static const enum log_level levels[] = {LOG_INFO, LOG_WARNING, LOG_ERROR};
    log_write(levels[level], p->subject, "%s", text);
    pipeline_note_health(p, level != NOTICE_INFO, text);
}

static void on_superseded(void *ctx, const char *text)
{
    struct pipeline *p = ctx;
    log_error(p->subject, "%s; this output ends", text);
    pipeline_note_health(p, true, text);
    atomic_store(&p->superseded, true);
    atomic_store(&p->stop, true);
}

/* ---- submitting ---- */

/* Batches that carry positions go one at a time, and not before their dead letters are safe. */
static bool may_go(struct pipeline *p, struct batch *b)
{
    if (!p->publisher)
        return true;
    if (p->lent)
        return false;
    if (pipeline_write_letters(p, b))
        return true;
    wait_for_retry(p, b);
    return false;
}

/* Lends what waits, oldest first, until the sink is busy. */
static void submit_waiting(struct pipeline *p)
{
    while (p->waiting) {
        struct batch *b = p->waiting;
        if (b->not_before_ms && os_monotonic_ms() < b->not_before_ms)
            return;
        b->not_before_ms = 0; /* from now on it is the sink that it waits for */
        if (!may_go(p, b))
            return;
        if (b->lent.count == 0 && b->lent.position_count == 0) { /* only dead letters are left of it */
            p->waiting = b->next;
            settle_batch(p, b);
            continue;
        }
        b->state = BATCH_LENT;
        if (!p->ops->submit(p->sink, &b->lent)) {
            b->state = BATCH_WAITING;
            return;
        }
        p->waiting = b->next;
        p->lent++;
        crash_point("submitted");
    }
}

static void seal(struct pipeline *p)
{
    struct batch *b = p->filling;
    if (!b)
        return;
    p->filling = NULL;
    if (b->count == 0) {
        b->state = BATCH_FREE;
        return;
    }
    if (p->publisher)
        publisher_seal(p->publisher, b, p->files);
    batch_seal(b);
    wait_in_line(p, b);
    crash_point("batch-sealed");
}

static struct batch *batch_to_fill(struct pipeline *p)
{
    if (p->filling)
        return p->filling;
    for (size_t i = 0; i < BATCHES; i++)
        if (p->batches[i]->state == BATCH_FREE) {
            p->filling = p->batches[i];
            batch_begin(p->filling, p->next_number++);
            return p->filling;
        }
    return NULL;
}

/* ---- reading ---- */

enum fill { FILL_MORE, FILL_DRAINED, FILL_BLOCKED };

static bool lingers(const struct batch *b)
{
    return b->count && os_monotonic_ms() - b->first_ms >= LINGER_MS;
}

/* Copies that wait for a record in flight are as bounded as what is in flight. */
static bool has_room_for_copies(const struct pipeline *p)
{
    return !p->dedup || !dedup_is_full(p->dedup);
}

void pipeline_tick(struct pipeline *p)
{
    shape_tick(&p->shape);
    if (p->dedup)
        dedup_tick(p->dedup, wtime_unix_ms(&p->shape.now));
}

/* Tells what was read, when the time has come and there is room; or what there is to tell now. */
static void add_coverage(struct pipeline *p, bool now)
{
    const struct coverage_record *r;
    if (p->coverage && now)
        coverage_hasten(p->coverage);
    if (!p->coverage || coverage_wait_ms(p->coverage, os_monotonic_ms()) > 0)
        return;
    pipeline_tick(p);
    for (struct batch *b;
         (b = batch_to_fill(p)) && (r = coverage_next(p->coverage, &p->shape.now, os_monotonic_ms()));) {
        struct batch_note note = {.tail = NULL};
        if (!shape_coverage(&p->shape, &r->event, &r->facts, r->path) || !pipeline_add_message(p, b, &note))
            log_warning(p->subject, "out of memory; a record of what was read is left out");
        if (batch_is_full(b))
            seal(p);
    }
}

/* Reads until a batch is full, nothing is left, or it is time to look around. */
static enum fill fill(struct pipeline *p)
{
    if (p->tail_context.recalling && !pipeline_catch_up(p))
        return FILL_MORE;
    struct batch *b = has_room_for_copies(p) ? batch_to_fill(p) : NULL;
    if (!b)
        return FILL_BLOCKED;
    pipeline_tick(p);
    unsigned events = 0;
    for (struct tail *t; (t = source_set_next(p->files));) {
        if (t->recall == RECALL_UNDECIDED || t->recall == RECALL_DELIVERED)
            return FILL_MORE; /* it has only now become readable */
        switch (tail_next(&p->tail_context, t, &p->event, &p->step)) {
        case TAIL_EVENT:
            crash_point("record-read");
            if (!pipeline_take_event(p, b, t)) {
                tail_read_again(&p->tail_context, t);
                return FILL_MORE;
            }
            /* Copies fill no batch. */
            if (batch_is_full(b) || ++events == SINK_BATCH_ITEMS_MAX || !has_room_for_copies(p))
                return FILL_MORE;
            break;
        case TAIL_MOVED:
            return FILL_MORE;
        case TAIL_DRAINED:
            break;
        case TAIL_REPLACED:
            source_set_replace(p->files, t);
            break;
        }
    }
    return FILL_DRAINED;
}

/* ---- counting ---- */

/* Between two turns, when the counts add up. */
void pipeline_publish_counts(struct pipeline *p)
{
    if (board_publish(p->setup.board, &p->counts, p->source_counts) && p->setup.news)
        p->setup.news(p->setup.news_ctx);
}

static void survey(struct pipeline *p, bool is_idle)
{
    int64_t now = os_monotonic_ms();
    if (!is_idle && now - p->last_survey_ms < SURVEY_MS)
        return;
    p->last_survey_ms = now;
    source_set_survey(p->files);
}

/* ---- waiting ---- */

static void look_around(struct pipeline *p, bool changed)
{
    int64_t now = os_monotonic_ms();
    if (source_set_wait_ms(p->files) == 0 || (changed && now - p->last_scan_ms >= SCAN_GAP_MS)) {
        p->last_scan_ms = now;
        source_set_scan(p->files);
        source_set_tidy(p->files);
        source_set_age(p->files);
    } else if (changed) {
        source_set_look(p->files);
    }
}

static int idle_wait_ms(const struct pipeline *p)
{
    int wait = source_set_wait_ms(p->files);
    int64_t coverage = p->coverage ? coverage_wait_ms(p->coverage, os_monotonic_ms()) : wait;
    wait = coverage < wait ? (int)coverage : wait;
    if (p->waiting && p->waiting->not_before_ms) {
        int64_t left = p->waiting->not_before_ms - os_monotonic_ms();
        if (left < wait)
            wait = left < 0 ? 0 : (int)left;
    }
    return wait;
}

/* Nothing can be done before a file or the clock moves on: what fills goes out behind what waits. */
static bool has_nothing_to_do(const struct pipeline *p)
{
    return p->lent == 0 && (!p->filling || (p->waiting && p->waiting->not_before_ms));
}

/* One round of moving things on; reading is how it went. Returns with something to do, or after a bounded
 * wait. */
static void serve(struct pipeline *p, enum fill reading)
{
    bool busy = p->lent > 0 || (p->waiting && !p->waiting->not_before_ms);
    bool can_read = reading == FILL_MORE;
    int given_back = p->ops->poll(p->sink, can_read || !busy ? 0 : BUSY_POLL_MS);
    pipeline_save_if_due(p);
    /* What was settled may have freed a handle for a file that waits for one: then there is more to read. */
    bool idle = !can_read && given_back == 0 && has_nothing_to_do(p);
    survey(p, idle);
    pipeline_publish_counts(p);
    look_around(p, os_watch_wait(p->watch, idle && !atomic_load(&p->stop) ? idle_wait_ms(p) : 0));
    log_tick();
}

/* Transactions cost the same whatever is in them: while one is under way, the next batch fills. */
static bool is_worth_sealing(const struct pipeline *p, enum fill reading)
{
    if (!p->filling || batch_is_full(p->filling))
        return p->filling != NULL;
    if (p->publisher && p->filling->count && (p->lent || p->waiting))
        return false;
    return reading != FILL_MORE || lingers(p->filling);
}

/* Positions of files that gave no record for a while; at_once: all there are. True if a batch was made. */
static bool publish_passed(struct pipeline *p, bool at_once)
{
    if (!p->publisher || p->lent || p->waiting || (p->filling && p->filling->count) ||
        !publisher_is_due(p->publisher, p->files, at_once) || !batch_to_fill(p))
        return false;
    struct batch *b = p->filling;
    p->filling = NULL;
    b->state = BATCH_FREE;
    if (!publisher_seal(p->publisher, b, p->files))
        return false;
    batch_seal(b);
    wait_in_line(p, b);
    return true;
}

static bool nothing_left(const struct pipeline *p)
{
    return !p->filling && !p->waiting && p->lent == 0;
}

static void loop(struct pipeline *p)
{
    unsigned drained_rounds = 0;
    while (!atomic_load(&p->stop)) {
        atomic_store_explicit(&p->turned_ms, os_monotonic_ms(), memory_order_relaxed);
        add_coverage(p, false);
        enum fill reading = fill(p);
        if (is_worth_sealing(p, reading))
            seal(p);
        publish_passed(p, false);
        submit_waiting(p);
        if (p->setup.once && reading == FILL_DRAINED && nothing_left(p)) {
            if (source_set_end_records(p->files)) {
                drained_rounds = 0;
                continue;
            }
            if (drained_rounds == ONCE_ROUNDS - 1 && publish_passed(p, true))
                continue;
            if (++drained_rounds == ONCE_ROUNDS) {
                source_set_report_unfinished(p->files);
                return;
            }
            os_sleep_ms(ONCE_PAUSE_MS);
            source_set_wake(p->files);
            continue;
        }
        if (reading != FILL_DRAINED)
            drained_rounds = 0;
        serve(p, reading);
    }
}

/* ---- beginning and ending ---- */

static void flush(struct pipeline *p)
{
    int64_t until = os_monotonic_ms() + STOP_FLUSH_MS;
    add_coverage(p, true);
    seal(p);
    for (int64_t left;
         (left = until - os_monotonic_ms()) > 0 && !nothing_left(p) && !atomic_load(&p->superseded);) {
        submit_waiting(p);
        p->ops->poll(p->sink, left < BUSY_POLL_MS ? (int)left : BUSY_POLL_MS);
        pipeline_save_if_due(p);
    }
}

static void end(struct pipeline *p)
{
    if (p->sink) {
        flush(p);
        crash_point("stop-flushed");
        p->ops->close(p->sink, STOP_CLOSE_MS);
    }
    if (p->files && p->state) {
        struct fault f;
        pipeline_save(p);
        crash_point("stop-saved");
        if (!state_sync(p->state, &f))
            log_error(p->subject, "%s", f.text);
    }
    for (size_t i = 0; i < p->setup.config->source_count; i++) {
        p->source_counts[i].abandoned = p->source_counts[i].in_flight;
        p->source_counts[i].in_flight = 0;
    }
    source_set_free(p->files);
    coverage_free(p->coverage);
    shape_free(&p->shape);
    for (size_t i = 0; i < BATCHES; i++)
        batch_free(p->batches[i]);
    publisher_free(p->publisher);
    dedup_free(p->dedup);
    state_close(p->state);
}

static void run(void *ctx)
{
    struct pipeline *p = ctx;
    p->host = (struct sink_host){.ctx = p, .done = on_done, .notice = on_notice, .superseded = on_superseded};
    if (!pipeline_open(p)) {
        p->result = PIPELINE_FAILED;
    } else {
        if (pipeline_recover(p)) {
            p->counts.phase = OUTPUT_RUNNING;
            source_set_scan(p->files);
            source_set_age(p->files);
            loop(p);
        }
        p->result = atomic_load(&p->superseded) ? PIPELINE_SUPERSEDED
                    : atomic_load(&p->stop)     ? PIPELINE_STOPPED
                                                : PIPELINE_DONE;
    }
    end(p);
    p->counts.phase = p->result == PIPELINE_FAILED ? OUTPUT_FAILED : OUTPUT_ENDED;
    pipeline_publish_counts(p);
    atomic_store(&p->ended, true);
    if (p->setup.news)
        p->setup.news(p->setup.news_ctx);
}

struct pipeline *pipeline_new(const struct pipeline_setup *setup)
{
    struct pipeline *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->watch = os_watch_new();
    p->source_counts = calloc(setup->config->source_count + 1, sizeof *p->source_counts);
    if (!p->watch || !p->source_counts) {
        pipeline_free(p);
        return NULL;
    }
    p->setup = *setup;
    atomic_init(&p->turned_ms, os_monotonic_ms());
    p->ops = setup->output->sink;
    snprintf(p->subject, sizeof p->subject, "output %s", setup->output->name);
    return p;
}

bool pipeline_start(struct pipeline *p)
{
    p->thread = os_thread_start(run, p);
    return p->thread != NULL;
}

void pipeline_stop(struct pipeline *p)
{
    atomic_store(&p->stop, true);
    os_watch_wake(p->watch);
}

int64_t pipeline_turned_ms(const struct pipeline *p)
{
    return atomic_load_explicit(&p->turned_ms, memory_order_relaxed);
}

bool pipeline_has_ended(struct pipeline *p)
{
    return atomic_load(&p->ended);
}

enum pipeline_result pipeline_join(struct pipeline *p)
{
    os_thread_join(p->thread);
    p->thread = NULL;
    return p->result;
}

void pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    os_watch_free(p->watch);
    free(p->source_counts);
    free(p);
}
