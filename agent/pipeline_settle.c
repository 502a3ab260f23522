/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the records of a batch that came back. */
#include "pipeline_inner.h"

#include "headers.h"
#include "log.h"
#include "os_clock.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    LETTER_TRIES = 2, /* whole, and without a body where even the place of dead letters finds it too large */
    LETTER_HEADERS = 4,
};

/* --- dead letters --- */

/* The file is what counts. False: it cannot be written now. */
static bool write_letter(struct pipeline *p, struct sink_item *item, struct batch_note *note)
{
    struct fault f;
    struct dead_letter letter = {.output = p->setup.output->name,
                                 .reason = item->reason,
                                 .id = note->id,
                                 .file = note->tail->path,
                                 .offset = note->offset,
                                 .format = p->setup.output->encoder->name,
                                 .item = item};
    if (note->lettered)
        return true;
    if (!dead_letter_write(p->setup.dead_letters, &letter, &f)) {
        log_error(p->subject, "dead-letter file: %s; the record %s is kept and tried again", f.text,
                  note->id);
        pipeline_note_health(p, true, f.text);
        return false;
    }
    log_warning(p->subject, "record %s of %s at byte %" PRIu64 " went to the dead-letter file: %s", note->id,
                note->tail->path, note->offset, item->reason ? item->reason : "refused");
    note->lettered = true;
    return true;
}

static struct sink_header letter_header(struct arena *arena, const char *name, const char *value)
{
    return (struct sink_header){name, arena_copy(arena, sv_from(value))};
}

/* The record's own headers, and why and from where it came here: names of ECS. */
static bool add_headers(struct batch *b, struct sink_item *item, const struct batch_note *note)
{
    char offset[24];
    size_t n = item->header_count;
    struct sink_header *headers = arena_alloc(&b->arena, (n + LETTER_HEADERS) * sizeof *headers);
    if (!headers)
        return false;
    for (size_t i = 0; i < n; i++)
        headers[i] = item->headers[i];
    snprintf(offset, sizeof offset, "%" PRIu64, note->offset);
    headers[n++] = letter_header(&b->arena, "error.message", item->reason ? item->reason : "refused");
    headers[n++] = letter_header(&b->arena, "log.file.path", note->tail->path);
    headers[n++] = letter_header(&b->arena, "log.offset", offset);
    headers[n++] = letter_header(&b->arena, "event.id", note->id);
    item->headers = headers;
    item->header_count = n;
    return true;
}

/* The destination may have a place for dead letters. False: it does not take this one. */
static bool send_letter(struct pipeline *p, struct sink_item *item, struct batch_note *note)
{
    const void *config = p->setup.output->sink_config;
    if (!p->ops->takes_dead_letters || !p->ops->takes_dead_letters(config) ||
        note->letters_sent == LETTER_TRIES)
        return false;
    if (note->letters_sent == 0 && !add_headers(p->settling, item, note))
        return false;
    if (++note->letters_sent == LETTER_TRIES || item->body.n == 0) {
        item->body = SV("");
        note->letters_sent = LETTER_TRIES;
    }
    item->is_dead_letter = true;
    item->result = ITEM_PENDING;
    return true;
}

/* Makes a rejected item safe; what is then left to do is in its result. */
static bool keep_letter(void *ctx, struct sink_item *item, struct batch_note *note)
{
    struct pipeline *p = ctx;
    if (item->result == ITEM_REJECTED && note->tail && write_letter(p, item, note))
        send_letter(p, item, note);
    return false;
}

static bool has_unwritten_letters(const struct batch *b)
{
    for (size_t i = b->lent.count; i < b->count; i++)
        if (b->items[i].result == ITEM_REJECTED && b->notes[i].tail && !b->notes[i].lettered)
            return true;
    return false;
}

bool pipeline_write_letters(struct pipeline *p, struct batch *b)
{
    if (!has_unwritten_letters(b))
        return true;
    p->settling = b;
    batch_settle(b, keep_letter, p);
    return !has_unwritten_letters(b);
}

/* --- settling --- */

static bool settle(struct pipeline *p, const struct batch_note *note, uint64_t *counter)
{
    (*counter)++;
    ledger_close(&note->tail->ledger, note->token);
    note->tail->counts->in_flight--;
    if (note->remembered)
        dedup_settle(p->dedup, note->id);
    p->settled_some = true;
    return true;
}

/* A record whose position goes with it is not settled before that is kept. */
static bool settle_rejected(struct pipeline *p, struct sink_item *item, struct batch_note *note)
{
    const struct batch *b = p->settling;
    if (!write_letter(p, item, note) || send_letter(p, item, note) ||
        (b->position_count && !b->lent.positions_kept))
        return false;
    return settle(p, note, &note->tail->counts->dead_lettered);
}

/* What was read is told once, or not at all: it is no event, holds back no position and has no dead letter.
 */
static bool settle_coverage(struct pipeline *p, struct sink_item *item)
{
    if (item->result == ITEM_DELIVERED) {
        p->delivered_some = true;
        p->counts.in_trouble = false;
        p->counts.coverage_delivered++;
        return true;
    }
    if (item->result == ITEM_REJECTED) {
        p->counts.coverage_refused++;
        log_warning(p->subject, "a coverage record was refused: %s",
                    item->reason ? item->reason : "no reason");
        return true;
    }
    item->result = ITEM_PENDING;
    return false;
}

static bool settle_item(void *ctx, struct sink_item *item, struct batch_note *note)
{
    struct pipeline *p = ctx;
    if (!note->tail)
        return settle_coverage(p, item);
    struct source_counts *counts = note->tail->counts;
    switch (item->result) {
    case ITEM_DELIVERED:
        p->delivered_some = true;
        p->counts.in_trouble = false;
        counts->last_delivery_ms = p->settling_ms;
        return settle(p, note, item->is_dead_letter ? &counts->dead_lettered : &counts->delivered);
    case ITEM_REJECTED:
        return settle_rejected(p, item, note);
    case ITEM_PENDING:
    case ITEM_RETRY:
        break;
    }
    if (!atomic_load(&p->stop))
        p->counts.retried++;
    item->result = ITEM_PENDING;
    return false;
}

bool pipeline_settle_items(struct pipeline *p, struct batch *b)
{
    bool kept = b->lent.positions_kept;
    p->settling = b;
    batch_settle(b, settle_item, p);
    if (kept) {
        publisher_committed(b);
        p->settled_some = true;
    }
    return b->count == 0 && b->position_count == 0;
}
