/* SPDX-License-Identifier: Apache-2.0 */
/* One file that is followed. */
#include "tail.h"

#include "border.h"
#include "crash_point.h"
#include "hash64.h"
#include "log.h"
#include "os_clock.h"
#include "recall.h"
#include "tail_channel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BACK_OFF_MIN_MS = 1000, BACK_OFF_MAX_MS = 60000, TAIL_HASH_BYTES = 64 };

/* Nothing before it is to be read, saved or published. */
static void start_from(struct tail *t, const struct position *from)
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
    start_from(t, &t->saved.position);
    if (c->publisher)
        recall_prepare(c, t);
    return t;
}

static void close_export(struct tail_context *c, struct tail *t)
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
    close_export(c, t);
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
    close_export(c, t);
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
    t->back_off_ms = t->back_off_ms ? t->back_off_ms * 2 : BACK_OFF_MIN_MS;
    if (t->back_off_ms > BACK_OFF_MAX_MS)
        t->back_off_ms = BACK_OFF_MAX_MS;
    t->retry_at_ms = os_monotonic_ms() + t->back_off_ms;
    t->status = TAIL_BROKEN;
}

static void broken(struct tail_context *c, struct tail *t, const struct fault *f)
{
    if (t->back_off_ms == 0)
        t->counts->unreadable_files++;
    back_off(t);
    log_error(c->subject, "%s: %s; trying again in %" PRId64 " s, other files go on", t->path, f->text,
              t->back_off_ms / 1000);
}

/* ---- opening ---- */

/* Event logs have no stable beginning: when their file was created tells them apart, where the system knows.
 */
static uint64_t birth_of(const struct tail *t)
{
    struct os_file_info info;
    struct fault ignored;
    return os_file_info(t->export.file, &info, &ignored) ? (uint64_t)info.created_ns : 0;
}

static bool is_same_content(struct tail *t)
{
    uint64_t hash;
    if (!t->saved.row)
        return true;
    if (t->saved.fingerprint_bytes == 0)
        return !t->saved.fingerprint || !birth_of(t) || birth_of(t) == t->saved.fingerprint;
    return export_hash_head(&t->export, t->saved.fingerprint_bytes, &hash) && hash == t->saved.fingerprint;
}

/* A fingerprint that differs means another content under the same id: what the state says is not about this
 * file. */
static void forget_foreign_state(struct tail_context *c, struct tail *t)
{
    struct fault f;
    if (is_same_content(t))
        return;
    log_info(c->subject, "%s: another content than before; reading it from the beginning", t->path);
    state_forget(c->state, t->saved.row, &f);
    t->saved = (struct state_file){.id = t->saved.id};
    start_from(t, &t->saved.position);
}

/* What was truncated while nobody looked, or the state of a file that was restored from a backup. Formats
 * without a stable beginning look after themselves in their parser. */
static void forget_position_ahead(struct tail_context *c, struct tail *t)
{
    if (!t->saved.fingerprint_bytes || t->ledger.safe.offset <= t->export.input.size)
        return;
    log_warning(c->subject,
                "%s: the saved position, byte %" PRIu64 ", is behind its end at %" PRIu64
                ": it was truncated or replaced; reading it from the beginning",
                t->path, t->ledger.safe.offset, t->export.input.size);
    t->saved.position = (struct position){0};
    start_from(t, &t->saved.position);
}

struct parser_options tail_options(const struct tail_context *c, const struct tail *t)
{
    return (struct parser_options){.selector = c->selector,
                                   .zone = t->source->zone,
                                   .date_order = (enum date_order)t->source->date_order,
                                   .code_page = (enum code_page)t->source->encoding};
}

static bool skip_old_content(struct tail_context *c, struct tail *t)
{
    struct fault f;
    struct position end;
    struct parser_options options = tail_options(c, t);
    t->start_at_end = false;
    if (!t->export.ops->end(&t->export.input, &end, &f)) {
        broken(c, t, &f);
        return false;
    }
    t->saved.position = end;
    t->export.ops->close(t->export.parser);
    t->export.parser = t->export.ops->open(&t->export.input, &end, &options, &f);
    if (!t->export.parser) {
        broken(c, t, &f);
        return false;
    }
    start_from(t, &end);
    return true;
}

/* The row must exist before the first record is read: ordinals hang on it, and `from: end` must not be
 * decided twice. */
static void take_into_state(struct tail_context *c, struct tail *t)
{
    struct fault f;
    uint32_t was = t->saved.fingerprint_bytes;
    strncpy(t->saved.parser, t->export.ops->name, sizeof t->saved.parser - 1);
    bool known = export_fingerprint(&t->export, &t->saved.fingerprint, &t->saved.fingerprint_bytes, &f);
    if (known && t->saved.fingerprint_bytes == 0)
        t->saved.fingerprint = birth_of(t);
    if (!known || t->saved.fingerprint_bytes < was || !state_put(c->state, c->output, &t->saved, t->path, &f))
        log_error(c->subject, "%s: %s; its position is not kept over a restart until this works", t->path,
                  f.text);
}

static bool begin_reading(struct tail_context *c, struct tail *t)
{
    t->records_seen = 0;
    struct fault f = {0};
    struct parser_options options = tail_options(c, t);
    forget_foreign_state(c, t);
    forget_position_ahead(c, t);
    if (t->recall == RECALL_UNDECIDED && !recall_decide(c, t, &f)) {
        broken(c, t, &f);
        return false;
    }
    enum export_status status = export_open(&t->export, &t->ledger.safe, &options, &f);
    if (status == EXPORT_FAILED && f.code == FAULT_REPLACED) {
        log_info(c->subject, "%s: %s; reading it from the beginning", t->path, f.text);
        t->saved.position = (struct position){0};
        start_from(t, &t->saved.position);
        status = export_open(&t->export, &t->saved.position, &options, &f);
    }
    switch (status) {
    case EXPORT_READY:
        if (t->start_at_end && !skip_old_content(c, t))
            return false;
        take_into_state(c, t);
        cover_begin(t->cover, t->path, t->export.ops->name, &t->ledger.safe);
        if (t->back_off_ms)
            log_info(c->subject, "%s: reading again", t->path);
        t->back_off_ms = 0;
        return true;
    case EXPORT_WAITING:
        t->status = TAIL_IDLE;
        return false;
    case EXPORT_UNKNOWN:
        t->status = TAIL_UNKNOWN;
        t->counts->unknown_files += !t->counted_unknown;
        t->counted_unknown = true;
        t->size_seen = t->export.input.size; /* so that the next scan sees whether it has changed */
        log_error(c->subject, "%s: %s; leaving it alone until it changes", t->path, f.text);
        return false;
    case EXPORT_FAILED:
        broken(c, t, &f);
        return false;
    }
    return false;
}

static bool open_file(struct tail_context *c, struct tail *t)
{
    struct fault f = {0};
    struct os_file_info info;
    struct os_file *file = os_file_open(t->path, &f);
    if (!file) {
        if (os_not_found(&f)) {
            t->status = TAIL_IDLE; /* the next scan sees that it is gone */
            return false;
        }
        broken(c, t, &f);
        return false;
    }
    export_init(&t->export, file);
    t->is_open = true;
    (*c->open_files)++;
    if (!os_file_info(file, &info, &f) || !border_allows(t->source, t->path, file, &f)) {
        broken(c, t, &f);
        close_export(c, t);
        return false;
    }
    if (!os_file_id_eq(info.id, t->saved.id)) {
        /* Replaced between the look at the name and the opening: the next scan finds the new one. */
        close_export(c, t);
        t->status = TAIL_IDLE;
        return false;
    }
    t->export.input.size = info.size;
    return true;
}

bool tail_open(struct tail_context *c, struct tail *t)
{
    if (!t->is_open && !open_file(c, t))
        return false;
    if (t->export.parser)
        return true;
    if (!begin_reading(c, t)) {
        if (t->status == TAIL_BROKEN || t->status == TAIL_UNKNOWN)
            close_export(c, t);
        return false;
    }
    return true;
}

void tail_read_from(struct tail_context *c, struct tail *t, const struct position *from)
{
    close_export(c, t);
    start_from(t, from);
    t->status = TAIL_NEWS;
}

/* ---- noticing another content ---- */

static void remember_end(struct tail *t)
{
    char bytes[TAIL_HASH_BYTES];
    struct fault ignored;
    uint64_t size = t->export.input.size;
    size_t n = size < sizeof bytes ? (size_t)size : sizeof bytes;
    t->size_seen = size;
    t->tail_bytes = 0;
    if (t->saved.fingerprint_bytes && n &&
        os_file_read_at(t->export.file, size - n, bytes, n, &ignored) == (ptrdiff_t)n) {
        t->tail_hash = hash64(HASH64_START, bytes, n);
        t->tail_bytes = (unsigned)n;
    }
}

static bool end_is_still_there(struct tail *t)
{
    char bytes[TAIL_HASH_BYTES];
    struct fault ignored;
    if (t->tail_bytes == 0)
        return true;
    return os_file_read_at(t->export.file, t->size_seen - t->tail_bytes, bytes, t->tail_bytes, &ignored) ==
               (ptrdiff_t)t->tail_bytes &&
           hash64(HASH64_START, bytes, t->tail_bytes) == t->tail_hash;
}

static void count_vanished(struct tail_context *c, struct tail *t, const char *what)
{
    uint64_t read_to = t->ledger.safe.offset;
    if (t->saved.fingerprint_bytes && t->size_seen > read_to && t->status != TAIL_IDLE) {
        t->counts->vanished_bytes += t->size_seen - read_to;
        cover_vanished(t->cover, t->size_seen - read_to);
        log_warning(c->subject, "%s: %s, %" PRIu64 " bytes of it unread", t->path, what,
                    t->size_seen - read_to);
    } else {
        log_info(c->subject, "%s: %s; reading it from the beginning", t->path, what);
    }
}

/* Formats that only grow have a stable beginning; the others look after themselves in their parser. */
static bool content_is_the_same(struct tail_context *c, struct tail *t, uint64_t size)
{
    uint64_t hash;
    if (!t->saved.fingerprint_bytes)
        return true;
    if (size < t->size_seen) {
        count_vanished(c, t, "the file was truncated");
        return false;
    }
    if (export_hash_head(&t->export, t->saved.fingerprint_bytes, &hash) && hash == t->saved.fingerprint &&
        end_is_still_there(t))
        return true;
    count_vanished(c, t, "the file was written anew");
    return false;
}

bool tail_look(struct tail_context *c, struct tail *t)
{
    struct fault f;
    struct os_file_info info;
    if (t->channel)
        t->status = t->status == TAIL_IDLE ? TAIL_NEWS : t->status;
    if (t->channel || !t->is_open || !os_file_info(t->export.file, &info, &f))
        return true;
    if (info.size == t->size_seen && info.modified_ns == t->modified_seen_ns)
        return true;
    if (t->status == TAIL_BROKEN)
        return true;
    t->modified_seen_ns = info.modified_ns;
    t->active_ms = os_monotonic_ms();
    if (!content_is_the_same(c, t, info.size))
        return false;
    t->export.input.size = info.size;
    t->export.input.complete = false;
    t->status = TAIL_NEWS;
    return true;
}

/* ---- reading ---- */

static void report_skip(struct tail_context *c, struct tail *t, const struct step *s)
{
    t->counts->damaged_parts++;
    t->counts->damaged_bytes += s->length;
    cover_damaged(t->cover, s->length);
    log_warning(c->subject, "%s: damaged at byte %" PRIu64 ": %s; skipping %" PRIu64 " bytes", t->path,
                s->offset, s->reason, s->length);
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
    broken(c, t, &f);
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
        close_export(c, t);
        t->status = TAIL_NEWS;
    }
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
            remember_end(t);
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
    broken(c, t, &f);
}

void tail_complete(struct tail *t)
{
    if (t->export.input.complete)
        return;
    t->export.input.complete = true;
    if (t->status == TAIL_IDLE)
        t->status = TAIL_NEWS;
}

bool tail_waits_for_next(const struct tail *t)
{
    return t->status == TAIL_IDLE && t->is_open && t->unfinished_bytes && t->export.ops &&
           t->export.ops->open_ended && !t->export.input.complete;
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
    return !t->retired && t->saved.row &&
           (t->unsaved || a->offset != b->offset || a->record != b->record || a->check != b->check);
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
    extend_fingerprint(t);
    t->saved.position = *settled_position(c, t);
    if (state_put(c->state, c->output, &t->saved, t->path, f) &&
        (!t->channel || tail_channel_save(c, t, f))) {
        t->unsaved = true;
        crash_point("position-saved");
        return true;
    }
    t->saved.position = before;
    return false;
}
