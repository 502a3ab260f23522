/* SPDX-License-Identifier: Apache-2.0 */
/* What an output did with each of its sources. */
#include "counts.h"

#include "os_thread.h"

#include <stdlib.h>
#include <string.h>

struct board {
    struct os_mutex *lock;
    bool announced; /* board_publish said so, and nobody has read since */
    struct output_counts output;
    size_t count;
    struct source_counts sources[];
};

bool counts_add_up(const struct source_counts *c)
{
    return c->selected == c->delivered + c->dead_lettered + c->deduplicated + c->in_flight + c->abandoned;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Adds what can be added up, and the latest of the times. */
static void add(struct source_counts *to, const struct source_counts *c)
{
    to->read += c->read;
    to->selected += c->selected;
    to->delivered += c->delivered;
    to->dead_lettered += c->dead_lettered;
    to->deduplicated += c->deduplicated;
    to->in_flight += c->in_flight;
    to->abandoned += c->abandoned;
    to->damaged_parts += c->damaged_parts;
    to->damaged_bytes += c->damaged_bytes;
    to->overwritten_events += c->overwritten_events;
    to->vanished_bytes += c->vanished_bytes;
    to->unknown_files += c->unknown_files;
    to->unreadable_files += c->unreadable_files;
    to->channels_failing += c->channels_failing;
    to->files += c->files;
    to->unread_bytes += c->unread_bytes;
    to->last_event_ms = later(to->last_event_ms, c->last_event_ms);
    to->last_delivery_ms = later(to->last_delivery_ms, c->last_delivery_ms);
    to->read_is_least |= c->read_is_least;
}

struct board *board_new(size_t sources)
{
    struct board *b = calloc(1, sizeof *b + sources * sizeof *b->sources);
    if (!b || !(b->lock = os_mutex_new())) {
        free(b);
        return NULL;
    }
    b->count = sources;
    return b;
}

void board_free(struct board *b)
{
    if (!b)
        return;
    os_mutex_free(b->lock);
    free(b);
}

bool board_publish(struct board *b, const struct output_counts *output, const struct source_counts *sources)
{
    size_t bytes = b->count * sizeof *sources;
    os_mutex_lock(b->lock);
    bool same = memcmp(&b->output, output, sizeof *output) == 0 && memcmp(b->sources, sources, bytes) == 0;
    bool announce = !same && !b->announced;
    if (!same) {
        b->output = *output;
        memcpy(b->sources, sources, bytes);
    }
    b->announced |= announce;
    os_mutex_unlock(b->lock);
    return announce;
}

void board_read(struct board *b, struct output_counts *output, struct source_counts *sources)
{
    os_mutex_lock(b->lock);
    b->announced = false;
    *output = b->output;
    if (sources)
        memcpy(sources, b->sources, b->count * sizeof *sources);
    os_mutex_unlock(b->lock);
}

void board_total(struct board *b, struct source_counts *total)
{
    *total = (struct source_counts){0};
    os_mutex_lock(b->lock);
    for (size_t i = 0; i < b->count; i++)
        add(total, &b->sources[i]);
    os_mutex_unlock(b->lock);
}
