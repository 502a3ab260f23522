/* SPDX-License-Identifier: Apache-2.0 */
/* One file that is followed: its life, its reading, its saving. */
#include "tail_inner.h"

#include "crash_point.h"
#include "log.h"
#include "os_clock.h"
#include "recall.h"
#include "tail_channel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BACK_OFF_MIN_MS = 1000, BACK_OFF_MAX_MS = 60000 };

void tail_start_from(struct tail *t, const struct position *from)
{
    ledger_free(&t->ledger);
    ledger_init(&t->ledger, from);
    t->sealed = t->published = *from;
}

struct tail *tail_new(struct tail_context *c, const struct config_source *source, const char *path,
                      const struct os_file_info *info)
{
    struct tail *t = calloc(1, sizeof *t);
    if (!t || !(t->path = strdup(path))) {
        free(t);
        return NULL;
    }
    t->source = source;
    t->counts = &c->counts[source - c->sources];
    t->cover = coverage_open(c->coverage, source);
    t->size_found = info->size;
    t->modified_seen_ns = info->modified_ns;
    t->active_ms = os_monotonic_ms();
    if (!state_find(c->state, c->output, info->id, &t->saved))
        t->saved = (struct state_file){.id = info->id};
    tail_start_from(t, &t->saved.position);
    if (c->publisher)
        recall_prepare(c, t);
    return t;
}

void tail_close_export(struct tail_context *c, struct tail *t)
{
    if (t->channel)
        channel_close(t->channel);
    if (t->channel || !t->is_open)
        return;
    export_close(&t->export);
    t->is_open = false;
    (*c->open_files)--;
}

void tail_free(struct tail_context *c, struct tail *t)
{
    tail_close_export(c, t);
    recall_end(c, t);
    coverage_close(t->cover);
    channel_free(t->channel);
    ledger_free(&t->ledger);
    free(t->path);
    free(t);
}

bool tail_can_sleep(const struct tail *t)
{
    return !t->channel && t->is_open && t->status != TAIL_NEWS && ledger_pending(&t->ledger) == 0;
}

void tail_sleep(struct tail_context *c, struct tail *t)
{
    t->waits_asleep = tail_waits_for_next(t);
    tail_close_export(c, t);
    ledger_free(&t->ledger); /* keeps its safe position, which is all that it holds now */
}

uint64_t tail_unread_bytes(const struct tail *t)
{
    if (t->channel)
        return 0; /* nobody tells how much it is */
    uint64_t size = t->export.input.size > t->size_found ? t->export.input.size : t->size_found;
    bool is_read = t->status == TAIL_IDLE && ledger_pending(&t->ledger) == 0;
    if (is_read || t->status == TAIL_UNKNOWN || t->retired || size < t->ledger.safe.offset)
        return 0;
    return size - t->ledger.safe.offset;
}

/* ---- failures ---- */

static void back_off(struct tail *t)
{
    if (t->back_off_ms == 0)
        t->counts->unreadable_files++;
    t->back_off_ms = t->back_off_ms ? t->back_off_ms * 2 : BACK_OFF_MIN_MS;
    if (t->back_off_ms > BACK_OFF_MAX_MS)
        t->back_off_ms = BACK_OFF_MAX_MS;
    t->retry_at_ms = os_monotonic_ms() + t->back_off_ms;
    t->status = TAIL_BROKEN;
}

void tail_cannot_open(struct tail_context *c, struct tail *t, const struct fault *f)
{
    back_off(t);
    log_error(c->subject, "%s; trying again in %" PRId64 " s, other files go on", f->text,
              t->back_off_ms / 1000);
}

void tail_broken(struct tail_context *c, struct tail *t, const struct fault *f)
{
    back_off(t);
    log_error(c->subject, "%s: %s; trying again in %" PRId64 " s, other files go on", t->path, f->text,
              t->back_off_ms / 1000);
}

void tail_read_from(struct tail_context *c, struct tail *t, const struct position *from)
{
    tail_close_export(c, t);
    tail_start_from(t, from);
    t->status = TAIL_NEWS;
}

/* ---- reading ---- */

static void report_skip(struct tail_context *c, struct tail *t, const struct step *s)
{
    char text[EXPORT_DAMAGE_TEXT];
    t->counts->damaged_parts++;
    t->counts->damaged_bytes += s->length;
    cover_damaged(t->cover, s->length);
    log_warning(c->subject, "%s: %s", t->path, export_damage(s, text));
}

static void report_gap(struct tail_context *c, struct tail *t, const struct step *s)
{
    t->counts->overwritten_events += s->skipped_events;
    cover_overwritten(t->cover, s->skipped_events);
    log_warning(c->subject, "%s: %s: %" PRIu64 " events", t->path, s->reason, s->skipped_events);
}

static enum tail_step fatal(struct tail_context *c, struct tail *t, const struct step *s)
{
    /* The parser knows only that a read failed; the system's reason was kept beside it. */
    struct fault f = t->export.read_fault.code ? t->export.read_fault : s->fault;
    t->export.read_fault.code = FAULT_NONE;
    if (f.code == FAULT_REPLACED) {
        log_info(c->subject, "%s: %s; reading it from the beginning", t->path, f.text);
        return TAIL_REPLACED;
    }
    tail_broken(c, t, &f);
    return TAIL_DRAINED;
}

/* Once, since every time in the records hangs on it. */
static void say_order(struct tail_context *c, struct tail *t, enum date_order told)
{
    if (told == t->order_said)
        return;
    t->order_said = told;
    log_info(c->subject,
             "%s: its own dates tell that their order is %s; `date_order` at the source would set it",
             t->path, date_order_names[told]);
}

/* A format that finds its hits by searching does not know what it passes over. */
static void count_read(struct tail_context *c, struct tail *t, const struct step *step)
{
    struct parser_counts counts;
    uint64_t before = t->counts->read;
    t->export.ops->counts(t->export.parser, &counts);
    say_order(c, t, counts.order_told);
    if (counts.counts_records) {
        t->counts->read += counts.records - t->records_seen;
        t->records_seen = counts.records;
    } else {
        t->counts->read += step->kind == STEP_EVENT;
        t->counts->read_is_least = true;
    }
    cover_moved(t->cover, &step->pos, t->counts->read - before, !counts.counts_records);
}

/* False if the file is not ready to be read. */
static bool read_step(struct tail_context *c, struct tail *t, struct event *event, struct step *step)
{
    if (t->channel) {
        tail_channel_read(c, t, event, step);
        return true;
    }
    if (!tail_open(c, t))
        return false;
    t->export.ops->next(t->export.parser, event, step);
    count_read(c, t, step);
    return true;
}

enum tail_step tail_next(struct tail_context *c, struct tail *t, struct event *event, struct step *step)
{
    if (t->status == TAIL_BROKEN) {
        /* What was read is in flight: reading goes on from the safe place once it is settled. */
        if (os_monotonic_ms() < t->retry_at_ms || ledger_pending(&t->ledger) != 0)
            return TAIL_DRAINED;
        tail_close_export(c, t);
        t->status = TAIL_NEWS;
    }
    t->woken = false;
    if (!read_step(c, t, event, step))
        return TAIL_DRAINED;
    switch (step->kind) {
    case STEP_EVENT:
        return TAIL_EVENT;
    case STEP_SKIP:
        report_skip(c, t, step);
        ledger_pass(&t->ledger, &step->pos);
        return TAIL_MOVED;
    case STEP_GAP:
        report_gap(c, t, step);
        ledger_pass(&t->ledger, &step->pos);
        return TAIL_MOVED;
    case STEP_PROGRESS:
        ledger_pass(&t->ledger, &step->pos);
        return TAIL_MOVED;
    case STEP_MORE:
        ledger_pass(&t->ledger, &step->pos);
        if (!t->channel)
            tail_remember_end(t);
        t->unfinished_at = step->offset;
        t->unfinished_bytes = step->length;
        t->status = TAIL_IDLE;
        return TAIL_DRAINED;
    case STEP_FATAL:
        return fatal(c, t, step);
    }
    return TAIL_DRAINED;
}

void tail_read_again(struct tail_context *c, struct tail *t)
{
    struct fault f;
    fault_set(&f, FAULT_MEMORY, 0, "out of memory");
    tail_broken(c, t, &f);
}

void tail_complete(struct tail *t)
{
    if (t->is_open ? t->export.input.complete : !t->waits_asleep)
        return;
    t->ends_here = !t->is_open;
    t->waits_asleep = t->woken = false;
    t->export.input.complete = t->is_open;
    if (t->status == TAIL_IDLE)
        t->status = TAIL_NEWS;
}

bool tail_waits_for_next(const struct tail *t)
{
    if (t->status != TAIL_IDLE || !t->is_open)
        return t->status == TAIL_IDLE && t->waits_asleep;
    return t->unfinished_bytes && t->export.ops && t->export.ops->open_ended && !t->export.input.complete;
}

bool tail_is_written_in_place(const struct tail *t)
{
    return t->channel || (t->export.parser && t->saved.fingerprint_bytes == 0);
}

/* ---- saving ---- */

/* Where the destination carries positions, the state follows it and is never ahead. */
static const struct position *settled_position(const struct tail_context *c, const struct tail *t)
{
    return c->publisher ? &t->published : &t->ledger.safe;
}

bool tail_is_dirty(const struct tail_context *c, const struct tail *t)
{
    const struct position *a = settled_position(c, t), *b = &t->saved.position;
    return !t->retired && (t->unwritten || t->saved.row) &&
           (t->unwritten || t->unsaved || a->offset != b->offset || a->record != b->record ||
            a->check != b->check);
}

void tail_begin_anew(struct tail *t)
{
    t->saved.position = (struct position){0};
    tail_start_from(t, &t->saved.position);
    t->unwritten = true;
}

/* The stable beginning of a young file grows with it, up to its full length. */
static void extend_fingerprint(struct tail *t)
{
    struct fault ignored;
    uint64_t hash;
    uint32_t bytes;
    if (t->is_open && t->saved.fingerprint_bytes && t->saved.fingerprint_bytes < 1024 &&
        export_fingerprint(&t->export, &hash, &bytes, &ignored) && bytes > t->saved.fingerprint_bytes) {
        t->saved.fingerprint = hash;
        t->saved.fingerprint_bytes = bytes;
    }
}

bool tail_save(struct tail_context *c, struct tail *t, struct fault *f)
{
    struct position before = t->saved.position;
    int64_t row = t->saved.row;
    extend_fingerprint(t);
    t->saved.position = *settled_position(c, t);
    bool put = state_put(c->state, c->output, &t->saved, t->path, f);
    t->inserted |= put && t->saved.row != row;
    if (put && (!t->channel || tail_channel_save(c, t, f))) {
        t->unsaved = true;
        t->unwritten = false;
        crash_point("position-saved");
        return true;
    }
    t->saved.position = before;
    return false;
}
