/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a followed file: is it the one that the state knows, and where does reading begin? */
#include "tail_inner.h"

#include "border.h"
#include "log.h"
#include "recall.h"

#include <inttypes.h>
#include <stdio.h>

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
    tail_start_from(t, &t->saved.position);
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
    tail_start_from(t, &t->saved.position);
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
        tail_broken(c, t, &f);
        return false;
    }
    t->saved.position = end;
    t->export.ops->close(t->export.parser);
    t->export.parser = t->export.ops->open(&t->export.input, &end, &options, &f);
    if (!t->export.parser) {
        tail_broken(c, t, &f);
        return false;
    }
    tail_start_from(t, &end);
    return true;
}

/* By what the content is known again. False: its beginning cannot be read; what was known of it stays. */
static bool take_fingerprint(struct tail *t, struct fault *f)
{
    uint64_t hash;
    uint32_t bytes;
    if (!export_fingerprint(&t->export, &hash, &bytes, f))
        return false;
    if (bytes < t->saved.fingerprint_bytes)
        return fault_set(f, FAULT_OS, 0, "it has become shorter while it was opened");
    t->saved.fingerprint = bytes ? hash : birth_of(t);
    t->saved.fingerprint_bytes = bytes;
    return true;
}

/* The row must exist before the first record is read: ordinals hang on it, and `from: end` must not be
 * decided twice. Where the state cannot be written, delivery goes on without it. */
static void take_into_state(struct tail_context *c, struct tail *t)
{
    struct fault f;
    snprintf(t->saved.parser, sizeof t->saved.parser, "%s", t->export.ops->name);
    if (take_fingerprint(t, &f) && state_put(c->state, c->output, &t->saved, t->path, &f))
        return;
    t->unwritten = true;
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
        tail_broken(c, t, &f);
        return false;
    }
    enum export_status status = export_open(&t->export, &t->ledger.safe, &options, &f);
    if (status == EXPORT_FAILED && f.code == FAULT_REPLACED) {
        log_info(c->subject, "%s: %s; reading it from the beginning", t->path, f.text);
        t->saved.position = (struct position){0};
        tail_start_from(t, &t->saved.position);
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
        tail_broken(c, t, &f);
        return false;
    }
    return false;
}

static bool open_file(struct tail_context *c, struct tail *t)
{
    struct fault f = {0};
    struct os_file_info info;
    struct os_file *file = os_file_open(t->path, &f);
    if (!file && os_not_found(&f) && tail_find_again(c, t))
        file = os_file_open(t->path, &f);
    if (!file) {
        if (os_not_found(&f)) {
            t->status = TAIL_IDLE; /* the next scan sees that it is gone */
            t->vanished = true;
            return false;
        }
        tail_cannot_open(c, t, &f);
        return false;
    }
    export_init(&t->export, file);
    t->is_open = true;
    t->vanished = false;
    (*c->open_files)++;
    if (!os_file_info(file, &info, &f) || !border_allows(t->source, t->path, file, &f)) {
        tail_broken(c, t, &f);
        tail_close_export(c, t);
        return false;
    }
    if (!os_file_id_eq(info.id, t->saved.id)) {
        /* Replaced between the look at the name and the opening: the next scan finds the new one. */
        tail_close_export(c, t);
        t->status = tail_find_again(c, t) ? TAIL_NEWS : TAIL_IDLE;
        t->vanished = t->status == TAIL_IDLE;
        return false;
    }
    t->export.input.size = info.size;
    t->export.input.complete = t->ends_here && info.size == t->size_seen;
    t->ends_here = t->waits_asleep = false;
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
            tail_close_export(c, t);
        return false;
    }
    return true;
}
