/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of a parser: one export format in, events out.
 *
 * A parser is pure: it does no I/O of its own, reads no clock and logs nothing. It pulls bytes from a struct
 * input, so that memory, a file and a fuzzer are the same to it. It tests the selector before it decodes a
 * record. How an input is cut by reads, or how often and by how much it grows between calls, never changes
 * the events: a test proves it for every parser of the registry.
 *
 * One parser object belongs to one thread.
 */
#ifndef MAPITAIL_PARSER_H
#define MAPITAIL_PARSER_H

#include "codepage.h"
#include "event.h"
#include "fault.h"
#include "local_time.h"
#include "selector.h"

/* Where bytes come from. Filled and kept up to date by the owner, who may change size and complete between
 * calls. */
struct input {
    void *ctx;
    /*
     * Reads n bytes at offset into to. Returns the bytes read, fewer than n only at the input's present end,
     * or -1 after an I/O error (the owner knows which). Never called for bytes at or behind size.
     */
    ptrdiff_t (*read_at)(void *ctx, uint64_t offset, void *to, size_t n);
    uint64_t size; /* bytes there are now */
    /*
     * No more bytes will come, ever: a tail that waits for its end is to be given out, or reported as cut.
     * Where it is false an unfinished record is waited for.
     */
    bool complete;
};

/*
 * A place in an input from which reading can go on: all that is saved. The fields mean what the parser wants
 * them to mean; offset 0 with record 0 and check 0 is the beginning for every parser.
 */
struct position {
    uint64_t offset; /* text formats: the next byte. EVTX: a hint */
    uint64_t record; /* EVTX: the next header id */
    uint64_t check;  /* proves, when read on, that the content before the position is still the same; 0:
                        nothing to prove */
};

enum step_kind {
    STEP_EVENT,    /* a selected event */
    STEP_PROGRESS, /* nothing selected, but pos moved on; given at least every few MiB so that the owner can
                      breathe */
    STEP_MORE,     /* nothing to read until the input has grown or changed (or, if complete, never again) */
    STEP_SKIP,     /* a damaged part was passed over: where, how many bytes and why */
    STEP_GAP,   /* intact, but events before this were overwritten before they were read: skipped_events, if
                   known */
    STEP_FATAL, /* nothing more can be read from here on: fault tells; the parser is to be closed */
};

struct step {
    enum step_kind kind;
    struct position pos; /* safe to save once every event up to and including this step is delivered */
    uint64_t offset,
        length; /* SKIP: the part passed over. MORE: the record that has begun at the end; length 0: none */
    uint64_t skipped_events; /* GAP, and SKIP where the number is known */
    const char *reason;      /* SKIP, GAP: static text, a phrase */
    struct fault fault;      /* FATAL */
};

/* Counts since the parser was opened, for metrics and `mapitail cat`'s summary. */
struct parser_counts {
    uint64_t records;    /* records passed, selected or not; estimated by no one: 0 where the format's filter
                            does not count */
    uint64_t rejected;   /* records that looked selected and were not (decoys) */
    bool counts_records; /* records is meaningful */
    /* What the file's own dates tell of the order of day and month, for the owner to say; AUTO: they were not
     * needed, or tell nothing. */
    enum date_order order_told;
};

/* How a source is to be read. Formats that carry their times in UTC and name their encoding need the selector
 * alone. */
struct parser_options {
    const struct selector *selector;
    const struct zone *zone;    /* of times that are written without one; NULL: UTC */
    enum date_order date_order; /* of numeric dates */
    enum code_page code_page;   /* of text without a byte order mark, and of ANSI text in event logs */
    /*
     * Of an event, event_id, original, offset, length and the marks behind them are all that the owner reads.
     * A parser that gives original without the rest for less may do so.
     */
    bool original_only;
    /* Records that were overwritten or cleared but are still legible come too, as EVENT_STALE, when a
     * complete input has been read. For formats that leave such records behind. */
    bool carve;
};

struct parser;

struct parser_ops {
    const char *name;  /* "evtx": in configuration, records of state, metrics */
    const char *title; /* "Windows event log (.evtx)": in messages */

    /*
     * The end of a record shows only by what follows it: text blocks that run to the next one. The owner then
     * sets input.complete for a while when a file has been quiet, so that its last record does not wait for
     * ever, and clears it again when the file grows.
     */
    bool open_ended;

    /* Positions follow each other by record; else by offset, and at the same offset by record. */
    bool ordered_by_record;

    /*
     * How sure this parser is that a file that begins with head (up to PARSER_HEAD_BYTES, fewer if the file
     * is shorter) is its format: 0 no, PROBE_CERTAIN that it is no other, and none is asked any more.
     * complete is false while the file may still grow. Consumes nothing. A beginning that is too short to
     * tell gives PROBE_MORE when more bytes could make it this format.
     */
    int (*probe)(struct sv head, bool complete);

    /*
     * Bytes of head that never change while the file only grows: the fingerprint's input (D11). 0: the format
     * has none and position.check does all the work.
     */
    size_t (*stable_prefix)(struct sv head);

    /*
     * Opens at a position that this parser gave earlier, or at the beginning. in and what options points to
     * are borrowed until close. FAULT_REPLACED: the content is not the one that the position belongs to; the
     * owner starts again at the beginning. options is borrowed for this call only and is to be copied; what
     * it points to lives until close.
     */
    struct parser *(*open)(const struct input *in, const struct position *from,
                           const struct parser_options *options, struct fault *fault);

    /* One step. event is valid after STEP_EVENT and until the next call. */
    void (*next)(struct parser *p, struct event *event, struct step *step);

    /*
     * The position behind everything the input holds now: for `from: end`. May read, decodes nothing.
     * NULL fault allowed. False after an I/O error.
     */
    bool (*end)(const struct input *in, struct position *out, struct fault *fault);

    void (*counts)(const struct parser *p, struct parser_counts *out);
    void (*close)(struct parser *p); /* NULL is allowed */
};

enum {
    PARSER_HEAD_BYTES = 4096,
    PROBE_MORE = -1,
    PROBE_CERTAIN = 100,
    PARSER_PROGRESS_BYTES = 4 << 20, /* the least often that STEP_PROGRESS is given */
    EVENT_TEXT_MAX = 1 << 20,        /* longest text record, bytes of UTF-8 */
    PARSER_MEMORY_MAX = 8 << 20,     /* what one open parser may take */
};

#endif
