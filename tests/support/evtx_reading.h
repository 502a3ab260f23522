/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readings of event logs in memory, for Criterion tests of the .evtx parser: everything that a reading gave,
 * to be held against what it should have, or against another one.
 */
#ifndef MAPITAIL_EVTX_READING_H
#define MAPITAIL_EVTX_READING_H

#include "evtx_writer.h"
#include "parser.h"

extern const struct parser_ops parser_evtx;

extern const struct selector reading_everything;
extern const struct position reading_beginning;
extern struct selector reading_mapi; /* the default one, once set up */

/* Of a suite. */
void reading_setup(void);

/* ---- logs ---- */

/* A new log with so many events 9646, in all layouts by turns. */
struct evtx_writer *log_with(const struct evtx_writer_options *options, unsigned records);

/* A copy that may be damaged, to be released; and its bytes. */
struct sv log_copy(const struct evtx_writer *w);
void log_release(struct sv file);
uint8_t *log_bytes(struct sv file);

struct log_memory {
    const uint8_t *p;
};

/* An input that reads memory; *m must live as long, and may be set to another place. */
struct input log_input(struct log_memory *m, struct sv file, bool complete);

/* ---- readings ---- */

enum { READING_EVENTS_MAX = 40000 };

/* What one reading gave. Large: to be static. */
struct reading {
    uint64_t hash[READING_EVENTS_MAX], id[READING_EVENTS_MAX], offset[READING_EVENTS_MAX],
        length[READING_EVENTS_MAX];
    struct position pos[READING_EVENTS_MAX];
    size_t events, named, salvaged, crc, cut, skips, gaps, gap_events;
    uint64_t records, rejected;
    enum step_kind last;
    struct position end;
    const char *reason; /* of the last skip */
    enum fault_code fault;
    struct event event; /* the last one; its texts are gone with the parser */
};

/* Reads until there is nothing more for now, and adds to the reading. */
void reading_drain(struct parser *p, struct reading *r);

/* Reads a whole file: with the selector, from a position; or everything from its beginning. */
void reading_from(struct sv file, const struct selector *selector, const struct position *from,
                  struct reading *r);
void reading_all(struct sv file, struct reading *r);

/* The reading gave the events with these record ids, in order. */
void reading_expect_ids(const struct reading *r, uint64_t from, uint64_t to);

/* A small deterministic generator: the same damage in every run. */
uint32_t reading_random(uint32_t *state);

#endif
