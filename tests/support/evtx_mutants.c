/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged event logs, and what a reader still gets out of them. */
#include "evtx_mutants.h"

#include "hash64.h"
#include "needle.h"
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct parser_ops parser_evtx;

enum { FILE_HEADER = 4096, CHUNK_HEADER = 512, RECORD_MIN = 28, TIMES_MAX = 23, CUT_MAX = 63 };

const char *const evtx_damage_names[DAMAGE_KINDS] = {"bit flipped", "byte of the chunk's header", "word set",
                                                     "bytes lost"};

bool evtx_seed_take(struct evtx_seed *s, const void *bytes, size_t n)
{
    s->count = 0;
    if (n < sizeof s->bytes)
        return false;
    if (bytes != s->bytes)
        memcpy(s->bytes, bytes, sizeof s->bytes);
    size_t end = FILE_HEADER + load_le32(s->bytes + FILE_HEADER + 48);
    for (size_t at = FILE_HEADER + CHUNK_HEADER; at + RECORD_MIN <= end && s->count < EVTX_SEED_RECORDS;) {
        uint32_t size = load_le32(s->bytes + at + 4);
        if (load_le32(s->bytes + at) != 0x2a2a || size < RECORD_MIN || size > end - at)
            break;
        s->records[s->count].at = at;
        s->records[s->count].size = size;
        s->records[s->count++].id = load_le64(s->bytes + at + 8);
        at += size;
    }
    return s->count > 0;
}

bool evtx_seed_read(struct evtx_seed *s, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    size_t n = fread(s->bytes, 1, sizeof s->bytes, f);
    fclose(f);
    return evtx_seed_take(s, s->bytes, n);
}

/* splitmix64: neighbouring numbers give unrelated mutants. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t n)
{
    return (size_t)(next_random(state) % n);
}

static void set_word(struct evtx_mutant *m, uint64_t *state)
{
    static const uint32_t values[] = {0, 1, 512, 65535, 65536, 0x7fffffff, 0xffffffff};
    enum { VALUES = sizeof values / sizeof *values };
    size_t at = FILE_HEADER + below(state, m->n - FILE_HEADER - 3), which = below(state, VALUES + 1);
    uint32_t v = which < VALUES ? values[which] : (uint32_t)(at - FILE_HEADER);
    for (size_t i = 0; i < 4; i++)
        m->bytes[at + i] = (uint8_t)(v >> (8 * i));
}

static void cut_bytes(struct evtx_mutant *m, uint64_t *state)
{
    size_t lost = 1 + below(state, CUT_MAX);
    size_t at = FILE_HEADER + below(state, m->n - FILE_HEADER - lost);
    m->bytes[at] = (uint8_t)next_random(state);
    memmove(m->bytes + at + 1, m->bytes + at + lost, m->n - at - lost);
    m->n -= lost - 1;
}

static void damage_once(struct evtx_mutant *m, uint64_t *state)
{
    switch (m->damage) {
    case DAMAGE_BIT:
        m->bytes[FILE_HEADER + below(state, m->n - FILE_HEADER)] ^= (uint8_t)(1u << below(state, 8));
        break;
    case DAMAGE_HEADER:
        m->bytes[FILE_HEADER + below(state, CHUNK_HEADER)] = (uint8_t)next_random(state);
        break;
    case DAMAGE_WORD:
        set_word(m, state);
        break;
    case DAMAGE_CUT:
    case DAMAGE_KINDS:
        cut_bytes(m, state);
        break;
    }
}

void evtx_mutant_make(struct evtx_mutant *m, const struct evtx_seed *s, uint64_t number)
{
    uint64_t state = number;
    memcpy(m->bytes, s->bytes, sizeof m->bytes);
    m->n = sizeof m->bytes;
    m->damage = (enum evtx_damage)below(&state, DAMAGE_KINDS);
    for (size_t times = 1 + below(&state, TIMES_MAX); times > 0; times--)
        damage_once(m, &state);
}

static ptrdiff_t read_mutant(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct evtx_mutant *m = ctx;
    memcpy(to, m->bytes + offset, n);
    return (ptrdiff_t)n;
}

static void note_event(struct evtx_yield *y, const struct evtx_seed *s, uint64_t id,
                       bool given[EVTX_SEED_RECORDS])
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->records[i].id != id)
            continue;
        y->given += !given[i];
        y->repeated += given[i];
        given[i] = true;
        return;
    }
    y->foreign++;
}

static void note_losses(struct evtx_yield *y, const struct evtx_seed *s, const struct evtx_mutant *m,
                        const bool given[EVTX_SEED_RECORDS])
{
    for (size_t i = 0; i < s->count; i++) {
        bool intact = needle_find(m->bytes + FILE_HEADER, m->n - FILE_HEADER, s->bytes + s->records[i].at,
                                  s->records[i].size) != NULL;
        y->intact += intact;
        y->intact_lost += intact && !given[i];
    }
}

void evtx_yield_add(struct evtx_yield *y, const struct evtx_seed *s, const struct evtx_mutant *m)
{
    static const struct selector everything = {.all = true};
    static const struct position beginning;
    static struct event event;
    struct parser_options options = {.selector = &everything};
    struct input in = {(void *)(uintptr_t)m, read_mutant, m->n, true};
    struct parser *p = parser_evtx.open(&in, &beginning, &options, NULL);
    bool given[EVTX_SEED_RECORDS] = {false};
    struct step step;
    size_t steps = 0;
    do {
        parser_evtx.next(p, &event, &step);
        if (step.kind == STEP_EVENT && event.offset + 16 <= m->n)
            note_event(y, s, load_le64(m->bytes + event.offset + 8), given);
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL && ++steps < m->n);
    parser_evtx.close(p);
    y->files++;
    y->records += s->count;
    y->endless += steps >= m->n;
    note_losses(y, s, m, given);
}

static uint64_t hash_event(uint64_t h, const struct event *e)
{
    uint64_t facts[] = {e->offset, e->length, e->event_id.v, (uint64_t)e->trust, e->cut, e->text_replaced};
    h = hash64(h, facts, sizeof facts);
    return hash64(h, e->original.p, e->original.n);
}

uint64_t evtx_mutant_hash(const struct evtx_mutant *m, const struct parser_options *options)
{
    static const struct position beginning;
    static struct event event;
    struct input in = {(void *)(uintptr_t)m, read_mutant, m->n, true};
    struct parser *p = parser_evtx.open(&in, &beginning, options, NULL);
    uint64_t h = HASH64_START;
    struct step step;
    do {
        parser_evtx.next(p, &event, &step);
        if (step.kind == STEP_EVENT)
            h = hash_event(h, &event);
    } while (step.kind != STEP_MORE && step.kind != STEP_FATAL);
    parser_evtx.close(p);
    return h;
}
