/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an output did with each of its sources, in numbers that always add up:
 *
 *     selected = delivered + dead_lettered + deduplicated + in_flight + abandoned
 *
 * The pipeline's thread counts in structs of its own while it works and puts a copy on its board between two
 * turns, when the equation holds; everybody else reads the board. So a reader never sees half a turn, and
 * counting costs the pipeline no lock. Counts begin at 0 with the pipeline.
 */
#ifndef MAPITAIL_COUNTS_H
#define MAPITAIL_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source_counts {
    uint64_t read;          /* events passed over or selected; see read_is_least */
    uint64_t selected;      /* taken by `select` */
    uint64_t delivered;     /* the destination's proof came */
    uint64_t dead_lettered; /* in the dead-letter file */
    uint64_t deduplicated;  /* delivered before, from whatever export */
    uint64_t in_flight;     /* neither of these yet */
    uint64_t abandoned;     /* left undelivered by a stop: the next start reads them again */

    uint64_t damaged_parts, damaged_bytes; /* passed over */
    uint64_t overwritten_events;           /* gone before they were read, where the number is known */
    uint64_t vanished_bytes;               /* gone unread: truncated, replaced or deleted */
    uint64_t unknown_files;                /* no parser takes them */
    uint64_t unreadable_files;

    uint64_t channels_failing;    /* 1 while its live channel cannot be read */
    uint64_t files, unread_bytes; /* at present; unread: neither read nor settled */
    int64_t last_event_ms;        /* time of the event selected last, since 1970; 0: none */
    int64_t last_delivery_ms;     /* when the latest proof came; 0: none */
    const char *channel;          /* how it is with its live channel: static text; NULL: it has none */
    bool read_is_least; /* a format among the files does not count what it passes over: read is a least */
};

enum output_phase {
    OUTPUT_STARTING, /* opening state and destination */
    OUTPUT_RUNNING,
    OUTPUT_ENDED,  /* stopped, or done with --once */
    OUTPUT_FAILED, /* could not begin: it delivers nothing until the agent is restarted */
};

enum { OUTPUT_NOTICE_BYTES = 256 };

/* What concerns all sources of an output alike. */
struct output_counts {
    enum output_phase phase;
    uint64_t retried;                              /* records submitted again */
    uint64_t coverage_delivered, coverage_refused; /* coverage records, which are no events */
    bool in_trouble;   /* the latest notice tells of trouble and nothing was delivered since */
    bool state_failed; /* positions cannot be saved at present: delivery goes on, a restart would repeat */
    int64_t notice_ms; /* when the destination's latest notice came, since 1970; 0: none */
    char notice[OUTPUT_NOTICE_BYTES]; /* "connected to siem.example:6514" */
    char state_fault[OUTPUT_NOTICE_BYTES];
};

/* The equation above. */
bool counts_add_up(const struct source_counts *c);

struct board;

/* The board of an output with so many sources. NULL without memory. */
struct board *board_new(size_t sources);
void board_free(struct board *b); /* NULL is allowed */

/*
 * For the pipeline's thread, between two turns. True when something has changed that nobody was told of yet:
 * once until somebody reads.
 */
bool board_publish(struct board *b, const struct output_counts *output, const struct source_counts *sources);

/* Copies what was published last; sources has as many entries as the board, or is NULL. From any thread. */
void board_read(struct board *b, struct output_counts *output, struct source_counts *sources);

/* What was published last, over all sources. From any thread. */
void board_total(struct board *b, struct source_counts *total);

#endif
