/* SPDX-License-Identifier: Apache-2.0 */
/* The files that one output reads: whose turn it is, what is saved, what is let go. */
#include "source_inner.h"

#include "crash_point.h"
#include "glob.h"
#include "log.h"
#include "os_clock.h"
#include "publish.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    TURN_STEPS = 4096,      /* steps of one file before the next one's turn */
    ROTATE_WAIT_MS = 60000, /* how long a file that lost its name may still be written to by a lazy owner */
};

/* ---- table of files by id ---- */

static struct tail **bucket(struct source_set *s, struct os_file_id id)
{
    uint64_t h = (id.file[0] ^ id.file[1] ^ id.volume * 31) * UINT64_C(0x9e3779b97f4a7c15);
    return &s->table[h >> 54];
}

struct tail *source_set_find(struct source_set *s, struct os_file_id id)
{
    for (struct tail *t = *bucket(s, id); t; t = t->same_hash)
        if (os_file_id_eq(t->saved.id, id))
            return t;
    return NULL;
}

void source_set_add(struct source_set *s, struct tail *t)
{
    struct tail **b = bucket(s, t->saved.id);
    t->same_hash = *b;
    *b = t;
    t->listed = s->scan;
    *s->end = t;
    s->end = &t->next;
    s->count++;
}

static void leave_table(struct source_set *s, struct tail *gone)
{
    for (struct tail **at = bucket(s, gone->saved.id); *at; at = &(*at)->same_hash)
        if (*at == gone) {
            *at = gone->same_hash;
            return;
        }
}

static void drop(struct source_set *s, struct tail *gone)
{
    struct tail **at = &s->tails;
    if (!gone->retired)
        leave_table(s, gone);
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    if (s->end == &gone->next)
        s->end = at;
    if (s->turn == gone)
        s->turn = gone->next;
    if (s->current == gone)
        s->current = NULL;
    s->count--;
    tail_free(s->context, gone);
}

/* ---- making ---- */

bool source_is_wanted(const struct config_output *o, const char *name)
{
    if (o->sources.count == 0)
        return true;
    for (size_t i = 0; i < o->sources.count; i++)
        if (strcmp(o->sources.items[i], name) == 0)
            return true;
    return false;
}

bool source_excludes(const struct config_source *c, const char *path)
{
    const char *name = path + strlen(path);
    while (name > path && !os_is_separator(name[-1]))
        name--;
    for (size_t i = 0; i < c->exclude.count; i++)
        if (glob_match_name(c->exclude.items[i], name, os_paths_fold_case()) ||
            glob_match_path(c->exclude.items[i], path))
            return true;
    return false;
}

struct source_set *source_set_new(const struct config *config, const struct config_output *output,
                                  struct tail_context *context, struct os_watch *watch)
{
    struct source_set *s = calloc(1, sizeof *s);
    if (!s || !(s->sources = calloc(config->source_count + 1, sizeof *s->sources))) {
        free(s);
        return NULL;
    }
    s->context = context;
    s->watch = watch;
    s->end = &s->tails;
    s->keep_gone_ms =
        output->deduplicate_age_ms > SOURCE_GONE_MS ? output->deduplicate_age_ms : SOURCE_GONE_MS;
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *c = &config->sources[i];
        if (!source_is_wanted(output, c->name))
            continue;
        bool first = !state_marked(context->state, context->output, c->name);
        bool *said = calloc(c->paths.count + 1, sizeof *said);
        s->sources[s->source_count++] =
            (struct watched_source){.config = c, .old_files = first && c->from == FROM_END, .said = said};
        if (said)
            continue;
        source_set_free(s);
        return NULL;
    }
    return s;
}

void source_set_free(struct source_set *s)
{
    if (!s)
        return;
    for (struct tail *t = s->tails; t;) {
        struct tail *next = t->next;
        tail_free(s->context, t);
        t = next;
    }
    for (size_t i = 0; i < s->source_count; i++)
        free(s->sources[i].said);
    free(s->sources);
    free(s);
}

bool source_set_end_records(struct source_set *s)
{
    bool any = false;
    for (struct tail *t = s->tails; t; t = t->next)
        if (tail_waits_for_next(t)) {
            tail_complete(t);
            any = true;
        }
    return any;
}

int source_set_wait_ms(const struct source_set *s)
{
    int64_t left = s->next_scan_ms - os_monotonic_ms();
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* ---- following ---- */

void source_set_look(struct source_set *s)
{
    for (struct tail *t = s->tails, *next; t; t = next) {
        next = t->next;
        if (!t->retired && !tail_look(s->context, t))
            source_set_replace(s, t);
    }
}

void source_set_replace(struct source_set *s, struct tail *old)
{
    struct fault f;
    struct os_file_info info;
    leave_table(s, old);
    old->retired = true;
    /* What is in flight keeps its ids; the row goes, because it described the old content. */
    if (old->saved.row)
        state_forget(s->context->state, old->saved.row, &f);
    crash_point("content-replaced");
    if (old->gone || !os_path_info(old->path, &info, &f) || !os_file_id_eq(info.id, old->saved.id))
        return;
    struct tail *t = tail_new(s->context, old->source, old->path, &info);
    if (!t)
        return;       /* the next scan tries again */
    if (t->saved.row) /* the state could not be written */
        tail_begin_anew(t);
    source_set_add(s, t);
}

/* Room for one more open file: closes the least recently active one that can be. */
static bool make_room(struct source_set *s)
{
    if (*s->context->open_files < SOURCE_OPEN_MAX)
        return true;
    struct tail *oldest = NULL;
    for (struct tail *t = s->tails; t; t = t->next)
        if (tail_can_sleep(t) && (!oldest || t->active_ms < oldest->active_ms))
            oldest = t;
    if (oldest)
        tail_sleep(s->context, oldest);
    return oldest != NULL;
}

static bool may_be_read(const struct tail *t)
{
    if (t->retired)
        return false;
    return t->status == TAIL_NEWS || (t->status == TAIL_BROKEN && ledger_pending(&t->ledger) == 0 &&
                                      os_monotonic_ms() >= t->retry_at_ms);
}

static struct tail *next_turn(struct source_set *s)
{
    struct tail *start = s->turn ? s->turn : s->tails;
    struct tail *t = start;
    if (!t)
        return NULL;
    bool has_room = true; /* asked once: the answer takes a look at every file */
    do {
        struct tail *next = t->next ? t->next : s->tails;
        if (may_be_read(t) && (t->is_open || (has_room && (has_room = make_room(s))))) {
            s->turn = next;
            return t;
        }
        t = next;
    } while (t != start);
    return NULL;
}

struct tail *source_set_next(struct source_set *s)
{
    if (!s->current || s->steps == TURN_STEPS || !may_be_read(s->current)) {
        s->current = next_turn(s);
        s->steps = 0;
    }
    s->steps++;
    return s->current;
}

void source_set_wake(struct source_set *s)
{
    for (struct tail *t = s->tails; t; t = t->next)
        if (t->status == TAIL_IDLE && t->is_open && !t->retired)
            t->status = TAIL_NEWS;
}

void source_set_report_unfinished(const struct source_set *s)
{
    for (const struct tail *t = s->tails; t; t = t->next) {
        if (t->unfinished_bytes)
            log_warning(s->context->subject,
                        "%s: the record that begins at byte %" PRIu64 " is unfinished, %" PRIu64
                        " bytes so far; the next run looks at it again",
                        t->path, t->unfinished_at, t->unfinished_bytes);
        else if (t->is_open && !t->export.parser && t->status == TAIL_IDLE && t->export.input.size)
            log_warning(s->context->subject,
                        "%s: too short to tell its format; the next run looks at it again", t->path);
    }
}

bool source_set_each_dirty(struct source_set *s, bool (*save)(void *ctx, struct tail *t), void *ctx)
{
    for (struct tail *t = s->tails; t; t = t->next)
        if (tail_is_dirty(s->context, t) && !save(ctx, t))
            return false;
    return true;
}

bool source_set_each(struct source_set *s, bool (*visit)(void *ctx, struct tail *t), void *ctx)
{
    for (struct tail *t = s->tails; t; t = t->next)
        if (!visit(ctx, t))
            return false;
    return true;
}

struct tail *source_set_next_recall(struct source_set *s)
{
    for (struct tail *t = s->tails; t && s->context->recalling; t = t->next)
        if ((t->recall == RECALL_UNDECIDED || t->recall == RECALL_DELIVERED) && may_be_read(t) &&
            (t->is_open || make_room(s)))
            return t;
    return NULL;
}

void source_set_saved(struct source_set *s)
{
    for (struct tail *t = s->tails; t; t = t->next)
        t->unsaved = false;
}

void source_set_ended(struct source_set *s, bool committed)
{
    for (struct tail *t = s->tails; t; t = t->next) {
        if (t->inserted && !committed) {
            t->saved.row = 0;
            t->unwritten = true;
        }
        t->inserted = false;
    }
}

/* ---- letting go ---- */

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

/* Its name would open another file: what could not be opened so far never can be. */
static bool is_lost(const struct source_set *s, struct tail *t)
{
    if (t->is_open || source_set_ask(s, t->path, t->saved.id) != STATE_GONE)
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
            drop(s, t);
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

void source_set_survey(const struct source_set *s)
{
    for (size_t i = 0; i < s->source_count; i++) {
        struct source_counts *c = &s->context->counts[s->sources[i].config - s->context->sources];
        c->files = c->unread_bytes = 0;
    }
    for (const struct tail *t = s->tails; t; t = t->next) {
        t->counts->files += !t->retired && !t->gone && !t->channel;
        t->counts->unread_bytes += tail_unread_bytes(t);
    }
}
