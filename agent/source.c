/* SPDX-License-Identifier: Apache-2.0 */
/* The files that one output reads. */
#include "source.h"

#include "crash_point.h"
#include "glob.h"
#include "log.h"
#include "os_clock.h"
#include "publish.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_SIZE = 1024,
    TURN_STEPS = 4096,      /* steps of one file before the next one's turn */
    QUIET_MS = 3000,        /* after which a last record that only the next one would end is taken as it is */
    ROTATE_WAIT_MS = 60000, /* how long a file that lost its name may still be written to by a lazy owner */
};

struct watched_source {
    const struct config_source *config;
    bool old_files;       /* this is the first scan ever of an output with `from: beginning` not set */
    bool said_missing;    /* that a plain path is no file: once, since rotation leaves gaps */
    bool said_unreadable; /* that a directory cannot be listed; until it can */
};

struct source_set {
    struct tail_context *context;
    struct os_watch *watch;
    struct watched_source *sources;
    size_t source_count;
    struct tail *tails; /* in order of discovery */
    struct tail **end;
    struct tail *current;           /* whose turn it is */
    unsigned steps;                 /* of that turn */
    struct tail *turn;              /* where the search for the next one begins */
    struct tail *table[TABLE_SIZE]; /* by file id; retired ones are not in it */
    size_t count;
    unsigned scan;
    int64_t next_scan_ms;
    bool said_full;
};

/* ---- table of files by id ---- */

static struct tail **bucket(struct source_set *s, struct os_file_id id)
{
    uint64_t h = (id.file[0] ^ id.file[1] ^ id.volume * 31) * UINT64_C(0x9e3779b97f4a7c15);
    return &s->table[h >> 54];
}

static struct tail *find(struct source_set *s, struct os_file_id id)
{
    for (struct tail *t = *bucket(s, id); t; t = t->same_hash)
        if (os_file_id_eq(t->saved.id, id))
            return t;
    return NULL;
}

static void add(struct source_set *s, struct tail *t)
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
    for (size_t i = 0; i < config->source_count; i++) {
        const struct config_source *c = &config->sources[i];
        if (!source_is_wanted(output, c->name))
            continue;
        bool first = !state_marked(context->state, context->output, c->name);
        s->sources[s->source_count++] =
            (struct watched_source){.config = c, .old_files = first && c->from == FROM_END};
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
    free(s->sources);
    free(s);
}

/* ---- scanning ---- */

struct scan {
    struct source_set *set;
    struct watched_source *source;
    bool any;     /* files of the path at hand */
    bool trouble; /* with a directory of the source */
};

static void begin_tail(struct source_set *s, struct watched_source *w, const char *path,
                       const struct os_file_info *info)
{
    if (s->count >= SOURCE_FILES_MAX) {
        if (!s->said_full)
            log_error(s->context->subject, "more than %d files; %s and others are left out", SOURCE_FILES_MAX,
                      path);
        s->said_full = true;
        return;
    }
    struct tail *t = tail_new(s->context, w->config, path, info);
    if (!t)
        return; /* the next scan tries again */
    t->start_at_end = w->old_files && !t->saved.row;
    add(s, t);
    log_debug(s->context->subject, "%s: found, reading from %s", path,
              t->start_at_end ? "its end"
              : t->saved.row  ? "the saved position"
                              : "its beginning");
}

static void rename_tail(struct source_set *s, struct tail *t, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        return;
    log_info(s->context->subject, "%s: renamed to %s", t->path, path);
    free(t->path);
    t->path = copy;
    crash_point("rotation-followed");
}

static void note_change(struct tail *t, const struct os_file_info *info)
{
    t->size_found = info->size;
    if (t->is_open || (info->size == t->size_seen && info->modified_ns == t->modified_seen_ns))
        return;
    /* Asleep, or never understood: worth another look. */
    t->modified_seen_ns = info->modified_ns;
    if (t->status == TAIL_IDLE || t->status == TAIL_UNKNOWN)
        t->status = TAIL_NEWS;
}

static bool is_excluded(const struct config_source *c, const char *path)
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

static bool found_file(void *ctx, const char *path)
{
    struct scan *scan = ctx;
    struct source_set *s = scan->set;
    struct os_file_info info;
    struct fault f;
    scan->any = true;
    if (is_excluded(scan->source->config, path) || !os_path_info(path, &info, &f) || info.directory)
        return true;
    struct tail *t = find(s, info.id);
    if (!t) {
        begin_tail(s, scan->source, path, &info);
        return true;
    }
    /* Two names of one file are one file: the first name found keeps it. */
    if (t->listed != s->scan && strcmp(t->path, path) != 0)
        rename_tail(s, t, path);
    t->listed = s->scan;
    note_change(t, &info);
    return true;
}

static void found_directory(void *ctx, const char *path)
{
    struct scan *scan = ctx;
    if (scan->set->watch)
        os_watch_directory(scan->set->watch, path);
}

/* A folder that does not exist may come yet; a drive or share that is away looks the same, or is an error. */
static void found_unreadable(void *ctx, const char *path, const struct fault *f)
{
    struct scan *scan = ctx;
    (void)path;
    scan->trouble = true;
    if (scan->source->said_unreadable)
        return;
    scan->source->said_unreadable = true;
    log_write(os_not_found(f) ? LOG_WARNING : LOG_ERROR, scan->set->context->subject,
              "source %s: %s; looking again at every poll", scan->source->config->name, f->text);
}

/* A plain path that is no file is a mistake that globbing would hide. */
static void check_plain_path(struct scan *scan, const char *path)
{
    struct watched_source *w = scan->source;
    const char *subject = scan->set->context->subject;
    struct os_file_info info;
    struct fault f;
    if (scan->any || glob_is_pattern(path))
        return;
    bool is_there = os_path_info(path, &info, &f);
    if (!is_there && !os_not_found(&f)) {
        found_unreadable(scan, path, &f);
        return;
    }
    if (!w->said_missing && !is_there)
        log_warning(subject, "source %s: %s; waiting for it", w->config->name, f.text);
    else if (!w->said_missing && info.directory)
        log_error(subject, "source %s: %s is a directory; to read the files in it write %s/*",
                  w->config->name, path, path);
    w->said_missing = true;
}

static void scan_channel(struct source_set *s, const struct config_source *c)
{
    struct tail *t = find(s, tail_channel_id(c));
    if (!t && (t = tail_new_channel(s->context, c)))
        add(s, t);
    if (t)
        t->listed = s->scan;
}

static void scan_source(struct source_set *s, struct watched_source *w)
{
    struct scan scan = {.set = s, .source = w};
    struct glob_visitor v = {&scan, found_file, found_directory, found_unreadable};
    struct fault f;
    if (w->config->channel) {
        scan_channel(s, w->config);
        return;
    }
    for (size_t i = 0; i < w->config->paths.count; i++) {
        scan.any = false;
        glob_walk(w->config->paths.items[i], &v);
        check_plain_path(&scan, w->config->paths.items[i]);
    }
    if (w->said_unreadable && !scan.trouble) {
        log_info(s->context->subject, "source %s: all its folders can be read again", w->config->name);
        w->said_unreadable = false;
    }
    if (s->scan == 1 && state_mark(s->context->state, s->context->output, w->config->name, &f))
        w->old_files = false;
}

static void note_gone(struct source_set *s)
{
    for (struct tail *t = s->tails; t; t = t->next)
        if (t->listed != s->scan && !t->gone && !t->retired) {
            t->gone = true;
            t->active_ms = os_monotonic_ms();
            log_debug(s->context->subject, "%s: no longer there; finishing what is open", t->path);
        } else if (t->listed == s->scan) {
            t->gone = false;
        }
}

/*
 * A file may change without saying so: what a parser holds back because it looks torn may be whole by now,
 * and a log that is written in place through a mapping keeps its size and, while it is open, its time.
 */
static void wake_waiting(struct source_set *s)
{
    for (struct tail *t = s->tails; t; t = t->next) {
        if (tail_waits_for_next(t) && os_monotonic_ms() - t->active_ms >= QUIET_MS)
            tail_complete(t);
        bool may_hide_news = t->unfinished_bytes || (!t->gone && tail_is_written_in_place(t));
        if (t->status == TAIL_IDLE && t->is_open && may_hide_news)
            t->status = TAIL_NEWS;
    }
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

void source_set_scan(struct source_set *s)
{
    int64_t interval = INT64_MAX;
    s->scan++;
    for (size_t i = 0; i < s->source_count; i++) {
        scan_source(s, &s->sources[i]);
        if (s->sources[i].config->poll_interval_ms < interval)
            interval = s->sources[i].config->poll_interval_ms;
    }
    note_gone(s);
    wake_waiting(s);
    s->next_scan_ms = os_monotonic_ms() + (interval == INT64_MAX ? 1000 : interval);
    source_set_look(s);
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
    if (t)
        add(s, t);
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

/* ---- letting go ---- */

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
    if (!t->gone || t->status == TAIL_NEWS)
        return false;
    if (!t->is_open)
        return true;
    bool deleted = os_file_info(t->export.file, &info, &f) && info.links == 0;
    if (deleted && !t->export.input.complete) {
        tail_complete(t); /* gives out, or reports, an unfinished last record */
        return false;
    }
    if (deleted && t->saved.row) {
        state_forget(s->context->state, t->saved.row, &f);
        if (s->context->publisher)
            publisher_forget(s->context->publisher, t->saved.id);
        t->saved.row = 0;
    }
    return deleted || os_monotonic_ms() - t->active_ms > ROTATE_WAIT_MS;
}

static void report_vanished(struct source_set *s, const struct tail *t)
{
    if (t->retired || t->is_open || (t->saved.row && t->status != TAIL_NEWS))
        return;
    log_warning(s->context->subject, "%s: vanished before it was read%s", t->path,
                t->saved.row ? " again; an earlier run has read it, perhaps not to its end" : "");
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

bool source_set_settled(const struct source_set *s)
{
    for (const struct tail *t = s->tails; t; t = t->next)
        if (ledger_pending(&t->ledger) != 0)
            return false;
    return true;
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

size_t source_set_count(const struct source_set *s)
{
    return s->count;
}
