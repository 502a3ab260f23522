/* SPDX-License-Identifier: Apache-2.0 */
/* Positions for a destination that carries them. */
#include "publish.h"

#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 64 << 10, SCOPE_MAX = 160, FORGOTTEN_MAX = 256 };

/* What the destination has of one file. */
struct known {
    struct known *next;
    struct position_record record;
};

struct publisher {
    char scope[SCOPE_MAX], output[80];
    struct known *known; /* not yet asked for */
    size_t taken, unreadable;
    struct os_file_id forgotten[FORGOTTEN_MAX]; /* to be taken away */
    size_t forgotten_count;
    int64_t published_ms; /* when the latest batch with positions was sealed */
    struct buf key, value;
};

struct publisher *publisher_new(const char *scope, const char *output)
{
    struct publisher *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    snprintf(p->scope, sizeof p->scope, "%s", scope);
    snprintf(p->output, sizeof p->output, "%s", output);
    buf_init(&p->key, VALUE_MAX);
    buf_init(&p->value, VALUE_MAX);
    p->published_ms = os_monotonic_ms();
    return p;
}

void publisher_free(struct publisher *p)
{
    for (struct known *next, *k = p ? p->known : NULL; k; k = next) {
        next = k->next;
        free(k);
    }
    if (p) {
        buf_free(&p->key);
        buf_free(&p->value);
    }
    free(p);
}

const char *publisher_scope(const struct publisher *p)
{
    return p->scope;
}

/* --- what came back --- */

void publisher_take(void *ctx, const struct sink_position *position)
{
    struct publisher *p = ctx;
    struct known *k = malloc(sizeof *k);
    if (!k || !position_record_read(&k->record, p->scope, position)) {
        p->unreadable++;
        free(k);
        return;
    }
    k->next = p->known;
    p->known = k;
    p->taken++;
}

size_t publisher_taken(const struct publisher *p)
{
    return p->taken;
}

size_t publisher_unreadable(const struct publisher *p)
{
    return p->unreadable;
}

static struct known **find(struct publisher *p, struct os_file_id id)
{
    struct known **at = &p->known;
    while (*at && !os_file_id_eq((*at)->record.id, id))
        at = &(*at)->next;
    return at;
}

bool publisher_recall(struct publisher *p, struct os_file_id id, struct position_record *out)
{
    struct known **at = find(p, id), *k = *at;
    if (!k)
        return false;
    *out = k->record;
    *at = k->next;
    free(k);
    return true;
}

/* --- what goes out --- */

static bool has_moved(const struct tail *t)
{
    struct position now = ledger_end(&t->ledger);
    return !t->retired && t->saved.row && (t->recall == RECALL_NONE || t->recall == RECALL_LOST) &&
           (now.offset != t->sealed.offset || now.record != t->sealed.record || now.check != t->sealed.check);
}

/* The last record of the file in this batch. */
static const struct batch_note *last_note(const struct batch *b, const struct tail *t)
{
    for (size_t i = b->count; i-- > 0;)
        if (b->notes[i].tail == t)
            return &b->notes[i];
    return NULL;
}

struct sealing {
    struct publisher *publisher;
    struct batch *batch;
};

static bool add(struct publisher *p, struct batch *b, bool tombstone)
{
    struct sv value = tombstone ? SV_ABSENT : arena_copy(&b->arena, buf_sv(&p->value));
    struct sv key = arena_copy(&b->arena, buf_sv(&p->key));
    if (!buf_ok(&p->key) || !buf_ok(&p->value) || sv_absent(key) || (sv_absent(value) && !tombstone))
        return false;
    b->positions[b->position_count++] = (struct sink_position){key, value};
    return true;
}

/* Room is left where there is too much of it: the next batch goes on. */
static bool seal_tail(void *ctx, struct tail *t)
{
    struct sealing *s = ctx;
    struct batch *b = s->batch;
    struct publisher *p = s->publisher;
    if (!has_moved(t))
        return true;
    if (b->position_count == SINK_BATCH_POSITIONS_MAX)
        return false;
    struct position now = ledger_end(&t->ledger);
    struct position_source source = {p->scope, p->output, t, &now, last_note(b, t), b->number};
    buf_reset(&p->key);
    buf_reset(&p->value);
    position_record_key(&p->key, p->scope, t->saved.id);
    position_record_value(&p->value, &source);
    b->moved[b->position_count] = (struct batch_move){t, now};
    if (!add(p, b, false))
        return true; /* no memory: the next batch carries it */
    t->sealed = now;
    t->holds++;
    return true;
}

/* Files with records come first: a record without its position would come again after a restart. */
static void seal_records(struct sealing *s)
{
    for (size_t i = 0; i < s->batch->count; i++)
        if (s->batch->notes[i].tail)
            seal_tail(s, s->batch->notes[i].tail);
}

static void seal_forgotten(struct publisher *p, struct batch *b)
{
    while (p->forgotten_count && b->position_count < SINK_BATCH_POSITIONS_MAX) {
        buf_reset(&p->key);
        position_record_key(&p->key, p->scope, p->forgotten[--p->forgotten_count]);
        b->moved[b->position_count] = (struct batch_move){0};
        add(p, b, true);
    }
}

bool publisher_seal(struct publisher *p, struct batch *b, struct source_set *files)
{
    struct sealing s = {p, b};
    seal_records(&s);
    source_set_each(files, seal_tail, &s);
    seal_forgotten(p, b);
    if (b->position_count)
        p->published_ms = os_monotonic_ms();
    return b->position_count > 0;
}

static bool has_not_moved(void *ctx, struct tail *t)
{
    (void)ctx;
    return !has_moved(t);
}

bool publisher_is_due(const struct publisher *p, struct source_set *files, bool at_once)
{
    if (!at_once && os_monotonic_ms() - p->published_ms < PUBLISH_PASSED_MS)
        return false;
    return p->forgotten_count || !source_set_each(files, has_not_moved, NULL);
}

void publisher_committed(struct batch *b)
{
    for (size_t i = 0; i < b->position_count; i++)
        if (b->moved[i].tail) {
            b->moved[i].tail->published = b->moved[i].position;
            b->moved[i].tail->holds--;
        }
    b->position_count = 0;
}

void publisher_forget(struct publisher *p, struct os_file_id id)
{
    if (p->forgotten_count < FORGOTTEN_MAX) /* one that is left costs a few bytes of the topic */
        p->forgotten[p->forgotten_count++] = id;
}
