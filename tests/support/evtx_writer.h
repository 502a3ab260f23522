/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes event logs (.evtx) for tests: sound files in the layouts that Windows writes, and the states a live
 * log can be in. The image is a complete file after every call, with all check sums right, as a reader would
 * find it on disk.
 *
 *     struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){.first_id = 1});
 *     evtx_writer_add(w, &(struct evtx_writer_event){.provider = "MSExchangeIS", .event_id = 9646, …});
 *     struct sv file = evtx_writer_image(w);
 *     evtx_writer_free(w);
 *
 * Deterministic: the same calls give the same bytes. Text is UTF-8. Aborts on what a test cannot mean: no
 * memory, a record that does not fit into a chunk.
 */
#ifndef MAPITAIL_EVTX_WRITER_H
#define MAPITAIL_EVTX_WRITER_H

#include "evtx_tokens.h"

enum evtx_writer_layout {
    EVTX_WRITE_CLASSIC,  /* ReportEvent: 20 values, provider and computer as literals, one string array and a
                            binary value */
    EVTX_WRITE_MANIFEST, /* 18 values, provider among them, named data */
    EVTX_WRITE_INLINE, /* forwarded: no template, everything as text; with RenderingInfo if there is a message
                        */
};

struct evtx_writer_event {
    enum evtx_writer_layout layout;
    const char *provider;     /* NULL: MSExchangeIS */
    const char *event_source; /* NULL: none */
    const char *channel;      /* NULL: Application */
    const char *computer;     /* NULL: EXCH01.contoso.com */
    uint16_t event_id;
    uint16_t qualifiers;
    uint8_t level;
    uint16_t task;
    uint64_t keywords;
    uint64_t filetime;  /* 0: one second after the event before */
    uint64_t record_id; /* EventRecordID; 0: the header id */
    const char *const *strings;
    size_t string_count;
    const void *binary;
    size_t binary_size;
    const char *message; /* of RenderingInfo */
    bool has_execution;  /* classic and inline: version, opcode and process, as Windows 2016 and later have
                            them */
};

struct evtx_writer_options {
    uint64_t first_id;        /* header id of the first record; 0: 1 */
    size_t records_per_chunk; /* 0: as many as fit */
    size_t max_chunks;        /* the log is a ring of so many; 0: it grows */
    size_t preallocated;      /* zero chunks behind the used ones */
    bool dirty;               /* the file header is marked dirty and stays as it was when the log was made */
    bool free_at_end;         /* free-space offset at the chunk's end, as archived logs may have it */
};

struct evtx_writer;

struct evtx_writer *evtx_writer_new(const struct evtx_writer_options *options);
void evtx_writer_free(struct evtx_writer *w);

/* Appends to the newest chunk, or to the next one when it is full. Returns the header id. */
uint64_t evtx_writer_add(struct evtx_writer *w, const struct evtx_writer_event *e);

/* Appends a record whose BinXML, behind the fragment header, is what body writes. */
uint64_t evtx_writer_add_tokens(struct evtx_writer *w, tokens_body body, const void *ctx);

/* Event 9646 of MSExchangeIS as Exchange 2010 logs it, numbered so that each differs from the others. */
uint64_t evtx_writer_add_9646(struct evtx_writer *w, enum evtx_writer_layout layout, unsigned number);

/* The next record goes into a new chunk. */
void evtx_writer_end_chunk(struct evtx_writer *w);

/* Clears the log as Windows does: one empty chunk with stale bytes behind its header; ids go on. */
void evtx_writer_clear(struct evtx_writer *w);

/* Closes the log, whose header is then clean and true, or opens it again: dirty, and left as it is from then
 * on. */
void evtx_writer_set_open(struct evtx_writer *w, bool open);

/* Chunks in use, and where the newest one is. */
size_t evtx_writer_chunks(const struct evtx_writer *w, size_t *newest);

/* The file; valid until the next call. */
struct sv evtx_writer_image(const struct evtx_writer *w);

/* Makes the check sums of the chunk at this index right again, after a test changed bytes of a copy. */
void evtx_writer_reseal(uint8_t *file, size_t chunk);

#endif
