/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are gone: which are let go, what of them was not read, what the state forgets. */
#include "source_inner.h"

#include "log.h"
#include "os_clock.h"
#include "publish.h"

#include <inttypes.h>
#include <string.h>

enum {
    ROTATE_WAIT_MS = 60000 /* how long a file that lost its name may still be written to by a lazy owner */
};

void source_set_begin_asking(struct source_set *s)
{
    s->ask_until_ms = os_monotonic_ms() + SOURCE_ASK_MS;
}

enum state_presence source_set_ask(const struct source_set *s, const char *path, struct os_file_id id)
{
    struct os_file_info info;
    struct fault f;
    if (os_monotonic_ms() > s->ask_until_ms)
        return STATE_UNKNOWN;
    if (os_path_info(path, &info, &f))
        return os_file_id_eq(info.id, id) ? STATE_THERE : STATE_GONE;
    return os_not_found(&f) ? STATE_GONE : STATE_UNKNOWN;
}

/* Its name would open another file, and it has no other one: what could not be opened so far never can be. */
static bool is_lost(struct source_set *s, struct tail *t)
{
    if (t->is_open || source_set_ask(s, t->path, t->saved.id) != STATE_GONE || tail_find_again(s->context, t))
        return false;
    t->vanished = true;
    return true;
}

/* A file without name that is deleted, or that nobody has written to for a while, is done once it is drained.
 */
static bool is_finished(struct source_set *s, struct tail *t)
{
    struct os_file_info info;
    struct fault f;
    if (ledger_pending(&t->ledger) != 0 || t->holds)
        return false;
    if (t->retired)
        return true;
    if (!t->gone || (t->status == TAIL_NEWS && !t->woken))
        return false;
    bool deleted = t->is_open && os_file_info(t->export.file, &info, &f) && info.links == 0;
    if (deleted && !t->export.input.complete) {
        tail_complete(t); /* gives out, or reports, an unfinished last record */
        return false;
    }
    if (t->status == TAIL_BROKEN && !is_lost(s, t))
        return false;
    if (!t->is_open)
        return true;
    if (deleted && t->saved.row) {
        state_forget(s->context->state, t->saved.row, &f);
        if (s->context->publisher)
            publisher_forget(s->context->publisher, t->saved.id);
        t->saved.row = 0;
        t->unwritten = false;
    }
    return deleted || os_monotonic_ms() - t->active_ms > ROTATE_WAIT_MS;
}

/* What of a closed file was there and not read; event logs do not tell by their size. */
static uint64_t unread_of(const struct tail *t)
{
    bool only_grows = !t->saved.row || t->saved.fingerprint_bytes;
    return only_grows && t->size_found > t->ledger.safe.offset ? t->size_found - t->ledger.safe.offset : 0;
}

/* One that was read to its end, and that nobody has written to since, is no loss; nor is one that is old. */
static void report_vanished(struct source_set *s, const struct tail *t)
{
    uint64_t unread = unread_of(t);
    bool was_missed = t->vanished || t->unfinished_bytes;
    bool was_read = t->saved.row && (!was_missed || (t->saved.fingerprint_bytes && !unread));
    const char *what = t->saved.row ? "vanished before it was read on" : "vanished before it was read";
    if (t->retired || t->is_open || t->status == TAIL_UNKNOWN || t->start_at_end || was_read)
        return;
    t->counts->vanished_bytes += unread;
    if (!unread) {
        log_warning(s->context->subject, "%s: %s", t->path, what);
        return;
    }
    cover_vanished(t->cover, unread);
    log_warning(s->context->subject, "%s: %s, %" PRIu64 " bytes of it unread", t->path, what, unread);
}

void source_set_tidy(struct source_set *s)
{
    for (struct tail *t = s->tails, *next; t; t = next) {
        next = t->next;
        if (is_finished(s, t) && !tail_is_dirty(s->context, t)) {
            report_vanished(s, t);
            source_set_drop(s, t);
        }
    }
}

/* Also what is no longer of any source, as long as it is where it was. */
static enum state_presence look_up(void *ctx, const struct state_entry *e)
{
    struct source_set *s = ctx;
    if (source_set_find(s, e->file.id) || strcmp(e->file.parser, "channel") == 0)
        return STATE_THERE;
    return source_set_ask(s, e->path, e->file.id);
}

static void on_forgotten(void *ctx, struct os_file_id id)
{
    struct source_set *s = ctx;
    if (s->context->publisher)
        publisher_forget(s->context->publisher, id);
    s->forgotten++;
}

void source_set_age(struct source_set *s)
{
    struct fault f;
    struct state_ageing ageing = {.output = s->context->output,
                                  .now_ms = os_realtime_ns() / 1000000,
                                  .keep_ms = s->keep_gone_ms,
                                  .look_up = look_up,
                                  .forgotten = on_forgotten,
                                  .ctx = s};
    if (os_monotonic_ms() < s->next_age_ms)
        return;
    s->next_age_ms = os_monotonic_ms() + SOURCE_AGE_MS;
    s->forgotten = 0;
    source_set_begin_asking(s);
    if (!state_age(s->context->state, &ageing, &f))
        log_warning(s->context->subject, "%s; what is gone for long is forgotten another day", f.text);
    else if (s->forgotten)
        log_info(s->context->subject,
                 "%zu files are gone for %" PRId64 " days; their positions are forgotten", s->forgotten,
                 s->keep_gone_ms / SOURCE_AGE_MS);
}
