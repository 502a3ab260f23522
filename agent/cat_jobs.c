/* SPDX-License-Identifier: Apache-2.0 */
/* Files of `mapitail cat` read side by side and written one after the other. */
#include "cat_jobs.h"

#include "os_thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A file that is being read, or has been and waits to be written. */
struct slot {
    struct cat_sink sink; /* first: a sink is its slot */
    struct jobs *jobs;
    size_t index; /* in the list */
    bool is_done;
};

struct jobs {
    const struct cat_list *list;
    struct os_mutex *mutex; /* guards what follows */
    struct os_cond *changed;
    size_t next;        /* the file that nobody has taken */
    size_t turn;        /* the file that is written */
    int error;          /* of writing */
    struct slot *slots; /* of the files from turn on */
    size_t slot_count;
};

struct worker {
    struct jobs *jobs;
    struct cat_reader *reader;
    struct os_thread *thread;
};

int cat_sink_write(struct cat_sink *sink)
{
    int error = 0;
    errno = 0;
    if (fwrite(buf_sv(&sink->records).p, 1, sink->records.n, stdout) != sink->records.n)
        error = errno ? errno : EIO;
    if (sink->complaints.n)
        fwrite(sink->complaints.p, 1, sink->complaints.n, stderr);
    buf_reset(&sink->records);
    buf_reset(&sink->complaints);
    return error;
}

static bool has_turn(struct cat_sink *sink)
{
    struct slot *slot = (struct slot *)(void *)sink;
    os_mutex_lock(slot->jobs->mutex);
    bool it_is = slot->jobs->turn == slot->index;
    os_mutex_unlock(slot->jobs->mutex);
    return it_is;
}

static int flush_in_turn(struct cat_sink *sink)
{
    struct slot *slot = (struct slot *)(void *)sink;
    struct jobs *j = slot->jobs;
    os_mutex_lock(j->mutex);
    while (j->turn != slot->index && !j->error)
        os_cond_wait(j->changed, j->mutex);
    int error = j->error;
    os_mutex_unlock(j->mutex);
    return error ? error : cat_sink_write(sink);
}

/* The next file to be read, as soon as there is a place for what it says; NULL: there is none. */
static struct slot *take_slot(struct jobs *j)
{
    struct slot *slot = NULL;
    os_mutex_lock(j->mutex);
    while (j->next < j->list->count && j->next - j->turn >= j->slot_count && !j->error)
        os_cond_wait(j->changed, j->mutex);
    if (j->next < j->list->count && !j->error) {
        slot = &j->slots[j->next % j->slot_count];
        slot->index = j->next++;
        slot->is_done = false;
    }
    os_mutex_unlock(j->mutex);
    return slot;
}

static void work(void *ctx)
{
    struct worker *w = ctx;
    struct jobs *j = w->jobs;
    struct slot *slot;
    while ((slot = take_slot(j)) != NULL) {
        const struct cat_entry *entry = &j->list->entries[slot->index];
        if (entry->is_empty)
            cat_read_nothing(w->reader, entry->path, &slot->sink);
        else
            cat_read(w->reader, entry->path, &slot->sink);
        os_mutex_lock(j->mutex);
        slot->is_done = true;
        os_cond_wake_all(j->changed);
        os_mutex_unlock(j->mutex);
    }
}

/* Writes the files in order as they are done. */
static void write_in_order(struct jobs *j)
{
    int error = 0;
    for (size_t i = 0; i < j->list->count && !error; i++) {
        struct slot *slot = &j->slots[i % j->slot_count];
        os_mutex_lock(j->mutex);
        j->turn = i;
        os_cond_wake_all(j->changed);
        while (slot->index != i || !slot->is_done)
            os_cond_wait(j->changed, j->mutex);
        os_mutex_unlock(j->mutex);
        error = slot->sink.error ? slot->sink.error : cat_sink_write(&slot->sink);
    }
    os_mutex_lock(j->mutex);
    j->error = error;
    j->turn = j->list->count;
    os_cond_wake_all(j->changed);
    os_mutex_unlock(j->mutex);
}

static bool jobs_init(struct jobs *j, const struct cat_list *list, unsigned count)
{
    enum { WAITING = 2 }; /* files that may be done before their turn, for each thread */
    *j = (struct jobs){.list = list, .slot_count = (size_t)count * WAITING};
    j->mutex = os_mutex_new();
    j->changed = os_cond_new();
    j->slots = calloc(j->slot_count, sizeof *j->slots);
    for (size_t i = 0; j->slots && i < j->slot_count; i++) {
        cat_sink_init(&j->slots[i].sink);
        j->slots[i].sink.flush = flush_in_turn;
        j->slots[i].sink.has_turn = has_turn;
        j->slots[i].jobs = j;
        j->slots[i].index = SIZE_MAX;
    }
    return j->mutex && j->changed && j->slots;
}

static void jobs_free(struct jobs *j)
{
    for (size_t i = 0; j->slots && i < j->slot_count; i++)
        cat_sink_free(&j->slots[i].sink);
    free(j->slots);
    os_cond_free(j->changed);
    os_mutex_free(j->mutex);
}

/* As many as there can be; returns how many there are. */
static unsigned start(struct worker *workers, unsigned count, struct jobs *j, const struct cat_options *o,
                      const struct encode_context *context)
{
    unsigned started = 0;
    for (; started < count; started++) {
        struct worker *w = &workers[started];
        w->jobs = j;
        w->reader = cat_reader_new(o, context);
        w->thread = w->reader ? os_thread_start(work, w) : NULL;
        if (!w->thread) {
            cat_reader_free(w->reader);
            break;
        }
    }
    return started;
}

bool cat_jobs_run(const struct cat_options *o, const struct encode_context *context,
                  const struct cat_list *list, unsigned count, struct cat_counts *counts, int *error)
{
    struct worker workers[CAT_JOBS_MAX];
    struct jobs j;
    unsigned started = jobs_init(&j, list, count) ? start(workers, count, &j, o, context) : 0;
    if (started)
        write_in_order(&j);
    for (unsigned i = 0; i < started; i++) {
        os_thread_join(workers[i].thread);
        cat_counts_add(counts, cat_reader_counts(workers[i].reader));
        cat_reader_free(workers[i].reader);
    }
    *error = j.error;
    jobs_free(&j);
    return started > 0;
}
