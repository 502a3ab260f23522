/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes event logs of Windows NT 4 to 2003 (.evt) for tests: rings in the states that a closed or a living
 * log can be in. The image is a complete file after every call.
 *
 *     struct evt_writer *w = evt_writer_new(&(struct evt_writer_options){.size = 4096});
 *     evt_writer_add(w, &(struct evt_writer_event){.source = "MSExchangeIS", .event_id = 0xC00625AE, …});
 *     struct sv file = evt_writer_image(w);
 *     evt_writer_free(w);
 *
 * Deterministic: the same calls give the same bytes. Text is UTF-8. Aborts on what a test cannot mean: no
 * memory, a record that does not fit into the ring.
 */
#ifndef MAPITAIL_EVT_WRITER_H
#define MAPITAIL_EVT_WRITER_H

#include "sv.h"

struct evt_writer_event {
    const char *source;   /* NULL: MSExchangeIS */
    const char *computer; /* NULL: EXCH2003 */
    uint32_t event_id;    /* all 32 bits */
    uint16_t type;        /* 0: 1, error */
    uint16_t category;
    uint32_t time; /* 0: one second after the event before */
    const void *sid;
    size_t sid_size;
    const char *const *strings;
    size_t string_count;
    const void *data;
    size_t data_size;
};

struct evt_writer_options {
    size_t size;    /* of the file; 0: 65536 */
    uint32_t first; /* number of the first record; 0: 1 */
    bool dirty;     /* the header stays as it was when the log was made */
    bool fill_end;  /* what is too little for a record's head in front of the file's end is filled with
                       27000000 */
};

struct evt_writer;

struct evt_writer *evt_writer_new(const struct evt_writer_options *options);
void evt_writer_free(struct evt_writer *w);

/* Writes over the oldest records if need be. Returns the number. */
uint32_t evt_writer_add(struct evt_writer *w, const struct evt_writer_event *e);

/* Event 9646 of MSExchangeIS as Exchange 2003 logs it, numbered so that each differs from the others. */
uint32_t evt_writer_add_9646(struct evt_writer *w, unsigned number);

/* Clears the log as Windows does: the same size, and numbers start again. Bytes behind the new cursor are
 * stale. */
void evt_writer_clear(struct evt_writer *w);

/* The file; valid until the next call. */
struct sv evt_writer_image(const struct evt_writer *w);

/* The oldest record's number, and the next one. */
uint32_t evt_writer_oldest(const struct evt_writer *w);
uint32_t evt_writer_next(const struct evt_writer *w);

/* Offset of the cursor. */
size_t evt_writer_cursor(const struct evt_writer *w);

#endif
