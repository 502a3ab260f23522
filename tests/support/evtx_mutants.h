/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged event logs, and what a reader still gets out of them: one-chunk files with one of four kinds of
 * damage, applied 1 to 23 times. Deterministic: the same number is the same mutant.
 */
#ifndef MAPITAIL_EVTX_MUTANTS_H
#define MAPITAIL_EVTX_MUTANTS_H

#include "parser.h"

enum evtx_damage {
    DAMAGE_BIT,    /* a bit is flipped, anywhere behind the file header */
    DAMAGE_HEADER, /* a byte of the chunk's header is overwritten */
    DAMAGE_WORD,   /* a 32-bit word is set to 0, 1, 512, 65535, 65536, 7fffffff, ffffffff or its own offset */
    DAMAGE_CUT,    /* 1 to 63 bytes are replaced by one, and the rest moves up */
    DAMAGE_KINDS,
};

extern const char *const evtx_damage_names[DAMAGE_KINDS];

enum { EVTX_SEED_BYTES = 4096 + 65536, EVTX_SEED_RECORDS = 256 };

/* A log's file header and first chunk, with where its records stand. */
struct evtx_seed {
    uint8_t bytes[EVTX_SEED_BYTES];
    struct {
        size_t at, size;
        uint64_t id;
    } records[EVTX_SEED_RECORDS];
    size_t count;
};

/* Takes the beginning of a log. False if there is no whole chunk. */
bool evtx_seed_take(struct evtx_seed *s, const void *bytes, size_t n);

/* The same from a file. False if there is none. */
bool evtx_seed_read(struct evtx_seed *s, const char *path);

struct evtx_mutant {
    enum evtx_damage damage;
    uint8_t bytes[EVTX_SEED_BYTES];
    size_t n;
};

void evtx_mutant_make(struct evtx_mutant *m, const struct evtx_seed *s, uint64_t number);

/* What was read of some mutants. */
struct evtx_yield {
    uint64_t files, records;    /* before the damage */
    uint64_t intact;            /* of them, those whose bytes are all still there, in one piece */
    uint64_t given;             /* events with the header id of a record of the seed, each once */
    uint64_t intact_lost;       /* records whose bytes are all there and that were not given */
    uint64_t foreign, repeated; /* events with another header id, or with one given before */
    uint64_t endless;           /* files that took more steps than they have bytes */
};

/* Reads the mutant to its end with the parser for .evtx, every event, and adds what it gave. */
void evtx_yield_add(struct evtx_yield *y, const struct evtx_seed *s, const struct evtx_mutant *m);

/* A hash of all events that the parser gives with these options: place, id, trust, marks and original. */
uint64_t evtx_mutant_hash(const struct evtx_mutant *m, const struct parser_options *options);

#endif
