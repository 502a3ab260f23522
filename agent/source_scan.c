/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the files that an output reads: patterns spelled out, what is new, renamed or gone. */
#include "source_inner.h"

#include "glob.h"
#include "log.h"
#include "os_clock.h"

#include <stdlib.h>
#include <string.h>

enum { QUIET_MS = 3000 /* after which a last record that only the next one would end is taken as it is */ };

struct scan {
    struct source_set *set;
    struct watched_source *source;
    bool *said; /* of the path that is spelled out */
    bool is_unusable;
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
    if (t->saved.row)
        state_met(s->context->state, t->saved.row);
    t->start_at_end = w->old_files && !t->saved.row;
    source_set_add(s, t);
    log_debug(s->context->subject, "%s: found, reading from %s", path,
              t->start_at_end ? "its end"
              : t->saved.row  ? "the saved position"
                              : "its beginning");
}

static void note_change(struct tail *t, const struct os_file_info *info)
{
    bool was_missed = t->vanished;
    t->size_found = info->size;
    t->vanished = false;
    if (was_missed)
        t->status = TAIL_NEWS;
    if (t->is_open || (info->size == t->size_seen && info->modified_ns == t->modified_seen_ns))
        return;
    /* Asleep, or never understood: worth another look. */
    t->modified_seen_ns = info->modified_ns;
    if (t->status == TAIL_IDLE || t->status == TAIL_UNKNOWN)
        t->status = TAIL_NEWS;
}

static bool found_file(void *ctx, const char *path)
{
    struct scan *scan = ctx;
    struct source_set *s = scan->set;
    struct os_file_info info;
    struct fault f;
    if (source_excludes(scan->source->config, path) || !os_path_info(path, &info, &f) || info.directory)
        return true;
    struct tail *t = source_set_find(s, info.id);
    if (!t) {
        begin_tail(s, scan->source, path, &info);
        return true;
    }
    /* Two names of one file are one file: the first name found keeps it. */
    char *name = t->listed != s->scan && strcmp(t->path, path) != 0 ? strdup(path) : NULL;
    if (name)
        tail_rename(s->context, t, name);
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

/* Once, until it can be used again. */
static bool is_news(struct scan *scan)
{
    bool is_news = !*scan->said;
    *scan->said = scan->is_unusable = true;
    return is_news;
}

/* A folder that is missing may come yet, or its drive is away: a warning, in which a misspelled name is seen.
 */
static void found_unreadable(void *ctx, const char *path, const struct fault *f)
{
    struct scan *scan = ctx;
    bool is_missing = os_not_found(f);
    (void)path;
    scan->source->is_partial |= !is_missing;
    if (is_news(scan))
        log_write(is_missing ? LOG_WARNING : LOG_ERROR, scan->set->context->subject,
                  "source %s: %s; looking again at every poll", scan->source->config->name, f->text);
}

/* A plain path that is no file is a mistake that globbing would hide. */
static void check_plain_path(struct scan *scan, const char *path)
{
    struct os_file_info info;
    struct fault f;
    if (glob_is_pattern(path))
        return;
    bool found = os_path_info(path, &info, &f);
    if ((found && !info.directory) || !is_news(scan))
        return;
    if (found)
        log_error(scan->set->context->subject,
                  "source %s: %s is a directory; to read the files in it write %s/*",
                  scan->source->config->name, path, path);
    else
        log_warning(scan->set->context->subject, "source %s: %s; waiting for it", scan->source->config->name,
                    f.text);
}

static void scan_channel(struct source_set *s, const struct config_source *c)
{
    struct tail *t = source_set_find(s, tail_channel_id(c));
    if (!t && (t = tail_new_channel(s->context, c)))
        source_set_add(s, t);
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
    w->is_partial = false;
    for (size_t i = 0; i < w->config->paths.count; i++) {
        scan.said = &w->said[i];
        scan.is_unusable = false;
        check_plain_path(&scan, w->config->paths.items[i]);
        glob_walk(w->config->paths.items[i], &v);
        if (*scan.said && !scan.is_unusable)
            log_info(s->context->subject, "source %s: %s can be read again", w->config->name,
                     w->config->paths.items[i]);
        *scan.said = scan.is_unusable;
    }
    if (s->scan == 1 && state_mark(s->context->state, s->context->output, w->config->name, &f))
        w->old_files = false;
}

static bool is_partial(const struct source_set *s, const struct config_source *source)
{
    for (size_t i = 0; i < s->source_count; i++)
        if (s->sources[i].config == source)
            return s->sources[i].is_partial;
    return false;
}

/* One folder that can never be listed must not keep what was deleted in others. */
static bool may_be_there(const struct source_set *s, const struct tail *t)
{
    return is_partial(s, t->source) && source_set_ask(s, t->path, t->saved.id) != STATE_GONE;
}

static void note_gone(struct source_set *s)
{
    for (struct tail *t = s->tails; t; t = t->next)
        if (t->listed != s->scan && !t->gone && !t->retired && !may_be_there(s, t)) {
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
    int64_t now = os_monotonic_ms();
    for (struct tail *t = s->tails; t; t = t->next) {
        if (tail_waits_for_next(t) && now - t->active_ms >= QUIET_MS)
            tail_complete(t);
        bool may_hide_news = t->unfinished_bytes || (!t->gone && tail_is_written_in_place(t));
        if (t->status == TAIL_IDLE && t->is_open && may_hide_news) {
            t->status = TAIL_NEWS;
            t->woken = true;
        }
    }
}

void source_set_scan(struct source_set *s)
{
    int64_t interval = INT64_MAX;
    s->scan++;
    s->context->searches = 0;
    for (size_t i = 0; i < s->source_count; i++) {
        scan_source(s, &s->sources[i]);
        if (s->sources[i].config->poll_interval_ms < interval)
            interval = s->sources[i].config->poll_interval_ms;
    }
    source_set_begin_asking(s);
    note_gone(s);
    wake_waiting(s);
    s->next_scan_ms = os_monotonic_ms() + (interval == INT64_MAX ? 1000 : interval);
    source_set_look(s);
}
