/* SPDX-License-Identifier: Apache-2.0 */
/* What an output reads, told to the receivers: gathering. The records are made in coverage_record.c. */
#include "coverage_inner.h"

#include "source.h"

#include <stdlib.h>
#include <string.h>

struct coverage_book *coverage_new(const struct config *config, const struct config_output *output,
                                   struct sv host, const struct wtime *now, int64_t now_ms)
{
    struct coverage_book *b = calloc(1, sizeof *b + config->source_count * sizeof *b->sources);
    if (!b)
        return NULL;
    b->config = config;
    b->output = output;
    b->host = host;
    b->due_ms = now_ms + config->coverage_interval_ms;
    for (size_t i = 0; i < config->source_count; i++)
        b->sources[i] = (struct covered_source){
            .since = *now, .is_wanted = source_is_wanted(output, config->sources[i].name)};
    return b;
}

static void free_cover(struct cover *c)
{
    free(c->path);
    free(c);
}

void coverage_free(struct coverage_book *b)
{
    for (struct cover *c = b ? b->covers : NULL, *next; c; c = next) {
        next = c->next;
        free_cover(c);
    }
    free(b);
}

struct cover *coverage_open(struct coverage_book *b, const struct config_source *source)
{
    struct cover *c = b ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return NULL;
    c->source = (size_t)(source - b->config->sources);
    c->since = b->sources[c->source].since;
    c->next = b->covers;
    b->covers = c;
    b->sources[c->source].files++;
    return c;
}

void coverage_close(struct cover *c)
{
    if (c)
        c->is_closed = true;
}

void coverage_drop_closed(struct coverage_book *b)
{
    for (struct cover **at = &b->covers; *at;) {
        struct cover *c = *at;
        if (c->is_closed && !c->is_active) {
            *at = c->next;
            b->sources[c->source].files--;
            free_cover(c);
        } else {
            at = &c->next;
        }
    }
}

/* ---- what tails note ---- */

void cover_begin(struct cover *c, const char *path, const char *format, const struct position *from)
{
    char *copy = c ? strdup(path) : NULL;
    if (!copy)
        return;
    free(c->path);
    c->path = copy;
    c->format = format;
    if (!c->is_active)
        c->from = c->to = *from;
}

void cover_moved(struct cover *c, const struct position *to, uint64_t read, bool read_is_least)
{
    if (!c)
        return;
    c->is_active |= read > 0 || to->offset != c->to.offset || to->record != c->to.record;
    c->to = *to;
    c->read += read;
    c->read_is_least |= read_is_least;
}

static void keep(char to[COVER_NAME_BYTES], struct sv name)
{
    size_t n = name.n < COVER_NAME_BYTES - 1 ? name.n : COVER_NAME_BYTES - 1;
    if (n == 0 || (strlen(to) == n && memcmp(to, name.p, n) == 0))
        return;
    memcpy(to, name.p, n);
    to[n] = '\0';
}

void cover_matched(struct cover *c, const struct event *e)
{
    if (!c)
        return;
    c->is_active = true;
    c->matched++;
    keep(c->host, e->computer);
    keep(c->provider, event_source(e));
    keep(c->channel, e->channel);
    if (e->time.present) {
        if (!c->first_event.present)
            c->first_event = e->time;
        c->last_event = e->time;
    }
    if (e->record_id.has) {
        if (!c->first_id.has || e->record_id.v < c->first_id.v)
            c->first_id = e->record_id;
        if (!c->last_id.has || e->record_id.v > c->last_id.v)
            c->last_id = e->record_id;
    }
}

void cover_damaged(struct cover *c, uint64_t bytes)
{
    if (!c)
        return;
    c->is_active = true;
    c->damaged_parts++;
    c->damaged_bytes += bytes;
}

void cover_overwritten(struct cover *c, uint64_t events)
{
    if (!c)
        return;
    c->is_active = true;
    c->overwritten_events += events;
}

void cover_vanished(struct cover *c, uint64_t bytes)
{
    if (!c)
        return;
    c->is_active = true;
    c->vanished_bytes += bytes;
}
