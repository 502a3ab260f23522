/* SPDX-License-Identifier: Apache-2.0 */
/* Records of what was read, made of what was gathered. */
#include "coverage_inner.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- text of the record at hand ---- */

__attribute__((format(__printf__, 2, 3))) static struct sv text(struct coverage_book *b, const char *format,
                                                                ...)
{
    va_list args;
    char *to = b->text + b->text_bytes;
    size_t room = sizeof b->text - b->text_bytes;
    va_start(args, format);
    int n = vsnprintf(to, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room)
        return SV_ABSENT;
    b->text_bytes += (size_t)n + 1;
    return sv_make(to, (size_t)n);
}

static void say(struct coverage_book *b, struct sv name, struct sv value)
{
    if (!sv_absent(value))
        event_add_datum(&b->record.event, name, value);
}

static void say_number(struct coverage_book *b, struct sv name, struct opt_u64 n)
{
    if (n.has)
        say(b, name, text(b, "%" PRIu64, n.v));
}

static void say_time(struct coverage_book *b, struct sv name, const struct wtime *t)
{
    char buffer[WTIME_TEXT_MAX];
    if (!t->present)
        return;
    wtime_format(t, 9, buffer);
    say(b, name, text(b, "%s", buffer));
}

/* The facts once more as named data: what the id is made of, and what every encoder ships. */
static void say_facts(struct coverage_book *b)
{
    const struct coverage *f = &b->record.facts;
    say(b, SV("output"), sv_from(b->output->name));
    say(b, SV("source"), f->source);
    say(b, SV("file"), sv_from(b->record.path));
    say(b, SV("format"), f->format);
    say(b, SV("provider"), f->provider);
    say(b, SV("channel"), f->channel);
    say_time(b, SV("since"), &f->since);
    say_time(b, SV("until"), &f->until);
    say(b, SV("silent"), f->is_silent ? SV("true") : SV("false"));
    say_number(b, SV("first_record_id"), f->first_record_id);
    say_number(b, SV("last_record_id"), f->last_record_id);
    say_number(b, SV("from_offset"), f->from_offset);
    say_number(b, SV("to_offset"), f->to_offset);
    say_number(b, SV("read"), opt_u64(f->read));
    say_number(b, SV("matched"), opt_u64(f->matched));
    say_number(b, SV("damaged_bytes"), opt_u64(f->damaged_bytes));
    say_number(b, SV("overwritten_events"), opt_u64(f->overwritten_events));
    say_number(b, SV("vanished_bytes"), opt_u64(f->vanished_bytes));
    say_number(b, SV("files"), f->files);
}

static struct sv summary(struct coverage_book *b)
{
    const struct coverage *f = &b->record.facts;
    if (f->is_silent)
        return text(b, "nothing new in the %" PRIu64 " files of source %.*s", f->files.v, SV_ARG(f->source));
    char ids[80] = "";
    if (f->first_record_id.has && f->last_record_id.has)
        snprintf(ids, sizeof ids, ", %s %" PRIu64 " to %" PRIu64,
                 f->ids_are_of_matched ? "matched record ids" : "record ids", f->first_record_id.v,
                 f->last_record_id.v);
    return text(b,
                "read %s%" PRIu64 " events%s, %" PRIu64 " matched, %" PRIu64 " bytes damaged, %" PRIu64
                " events overwritten, in source %.*s",
                f->read_is_least ? "at least " : "", f->read, ids, f->matched, f->damaged_bytes,
                f->overwritten_events, SV_ARG(f->source));
}

static const struct coverage_record *finish(struct coverage_book *b, struct sv host)
{
    struct event *e = &b->record.event;
    event_clear(e);
    e->provider = SV("mapitail");
    e->level = opt_u64(4);
    e->computer = sv_empty(host) ? b->host : host;
    e->channel = b->record.facts.channel;
    e->time = b->record.facts.until;
    e->offset = b->record.facts.to_offset.v;
    e->message = summary(b);
    say_facts(b);
    return &b->record;
}

/* ---- a file ---- */

/* Event logs number their records in their positions; other formats show the ids of what was matched. */
static void put_ids(struct coverage *f, const struct cover *c)
{
    bool numbers = c->format && (strcmp(c->format, "evtx") == 0 || strcmp(c->format, "evt") == 0);
    f->ids_are_of_matched = !numbers || c->from.record == 0 || c->to.record <= c->from.record;
    if (f->ids_are_of_matched) {
        f->first_record_id = c->first_id;
        f->last_record_id = c->last_id;
    } else {
        f->first_record_id = opt_u64(c->from.record);
        f->last_record_id = opt_u64(c->to.record - 1);
    }
}

/* What was told is gathered anew; the names of host, provider and channel stay known. */
static void begin_period(struct cover *c, const struct wtime *now)
{
    c->since = *now;
    c->from = c->to;
    c->is_active = c->read_is_least = false;
    c->first_id = c->last_id = (struct opt_u64){0};
    c->first_event = c->last_event = (struct wtime){0};
    c->read = c->matched = c->damaged_parts = c->damaged_bytes = c->overwritten_events = c->vanished_bytes =
        0;
}

static const struct coverage_record *of_file(struct coverage_book *b, struct cover *c,
                                             const struct wtime *now)
{
    struct coverage *f = &b->record.facts;
    *f = (struct coverage){.source = sv_from(b->config->sources[c->source].name),
                           .format = sv_from(c->format),
                           .provider = *c->provider ? text(b, "%s", c->provider) : SV_ABSENT,
                           .channel = *c->channel ? text(b, "%s", c->channel) : SV_ABSENT,
                           .since = c->since,
                           .until = *now,
                           .from_offset = opt_u64(c->from.offset),
                           .to_offset = opt_u64(c->to.offset),
                           .first_event = c->first_event,
                           .last_event = c->last_event,
                           .read = c->read,
                           .read_is_least = c->read_is_least,
                           .matched = c->matched,
                           .damaged_parts = c->damaged_parts,
                           .damaged_bytes = c->damaged_bytes,
                           .overwritten_events = c->overwritten_events,
                           .vanished_bytes = c->vanished_bytes};
    put_ids(f, c);
    snprintf(b->told_path, sizeof b->told_path, "%s", c->path ? c->path : "");
    b->record.path = c->path ? b->told_path : NULL;
    begin_period(c, now);
    return finish(b, *c->host ? text(b, "%s", c->host) : SV_ABSENT);
}

/* ---- a source ---- */

/* Its events come from the host that its files have named. */
static struct sv host_of_source(struct coverage_book *b, size_t source)
{
    for (const struct cover *c = b->covers; c; c = c->next)
        if (c->source == source && *c->host)
            return text(b, "%s", c->host);
    return SV_ABSENT;
}

static const struct coverage_record *of_silent_source(struct coverage_book *b, size_t i,
                                                      const struct wtime *since, const struct wtime *now)
{
    b->record.facts = (struct coverage){.source = sv_from(b->config->sources[i].name),
                                        .since = *since,
                                        .until = *now,
                                        .is_silent = true,
                                        .files = opt_u64(b->sources[i].files)};
    b->record.path = NULL;
    return finish(b, host_of_source(b, i));
}

/* ---- a round ---- */

int64_t coverage_wait_ms(const struct coverage_book *b, int64_t now_ms)
{
    int64_t left = b->due_ms - now_ms;
    return b->in_round || left < 0 ? 0 : left;
}

void coverage_hasten(struct coverage_book *b)
{
    b->due_ms = 0; /* of a clock that never goes below */
}

static void begin_round(struct coverage_book *b, int64_t now_ms)
{
    b->in_round = true;
    b->due_ms = now_ms + b->config->coverage_interval_ms;
    coverage_drop_closed(b);
    b->cursor = b->covers;
    b->source = 0;
}

static const struct coverage_record *next_file(struct coverage_book *b, const struct wtime *now)
{
    while (b->cursor) {
        struct cover *c = b->cursor;
        b->cursor = c->next;
        if (!c->is_active)
            continue;
        b->sources[c->source].was_active = true;
        return of_file(b, c, now);
    }
    return NULL;
}

static const struct coverage_record *next_source(struct coverage_book *b, const struct wtime *now)
{
    while (b->source < b->config->source_count) {
        size_t i = b->source++;
        struct covered_source *s = &b->sources[i];
        struct wtime since = s->since;
        bool is_silent = s->is_wanted && !s->was_active;
        s->since = *now;
        s->was_active = false;
        if (is_silent)
            return of_silent_source(b, i, &since, now);
    }
    return NULL;
}

const struct coverage_record *coverage_next(struct coverage_book *b, const struct wtime *now, int64_t now_ms)
{
    const struct coverage_record *r;
    if (coverage_wait_ms(b, now_ms) > 0)
        return NULL;
    if (!b->in_round)
        begin_round(b, now_ms);
    b->text_bytes = 0;
    if ((r = next_file(b, now)) || (r = next_source(b, now)))
        return r;
    b->in_round = false;
    return NULL;
}
