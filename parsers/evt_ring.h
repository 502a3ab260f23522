/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring that an .evt file is: bytes over the seam, the cursor record, the frames of records (Platform SDK,
 * "Event Log File Format" and EVENTLOGRECORD; libevt documentation).
 *
 * Behind a header of 48 bytes the file is a ring. Records follow each other from the oldest one to the
 * cursor, and what reaches over the file's end goes on at byte 48, in the middle of a record if need be. A
 * new record is written over the cursor and a new cursor behind it. In a log that is open the header is stale
 * and the cursor is right. Record numbers rise by one.
 *
 * The file's end itself counts as a place: it is where the ring goes on at 48, or where the file grows.
 */
#ifndef MAPITAIL_EVT_RING_H
#define MAPITAIL_EVT_RING_H

#include "parser.h"
#include "reader.h"

enum {
    EVT_HEADER_BYTES = 48, /* and the ring's first byte */
    EVT_CURSOR_BYTES = 40,
    EVT_HEAD_BYTES = 56, /* of a record: all but text and data */
    EVT_RECORD_MIN = 60, /* head and copy of the length */
    EVT_RECORD_MAX = 1 << 18,
    EVT_WINDOW = 1 << 18,
};

#define EVT_MAGIC UINT32_C(0x654c664c) /* LfLe */

struct evt_ring {
    const struct input *in;
    uint64_t size;   /* of the file, as of the last refresh */
    uint8_t *window; /* the part of the file that is looked at */
    uint64_t window_at;
    size_t window_n;
    uint8_t *seam; /* what reaches over the file's end, in one piece */
    bool failed;   /* the input could not be read; sticky until the next refresh */
};

/* A record. bytes live until the ring is asked for others. */
struct evt_frame {
    uint64_t at;
    uint64_t number;
    size_t length; /* 0: it cannot be true */
    const uint8_t *bytes;
};

/* Where the log begins and ends. */
struct evt_cursor {
    uint64_t at;           /* the cursor's place: the next record's */
    uint64_t oldest_at;    /* the oldest record's */
    uint64_t oldest, next; /* numbers; equal in an empty log */
    bool is_made;          /* there is none: put together from what records there are */
    bool known;
};

enum evt_look {
    EVT_WHOLE,   /* the record with the number asked for; bytes are there */
    EVT_TORN,    /* the same, but its magic, its length or the copy of it is wrong */
    EVT_END,     /* the cursor, and that number is the next to be written */
    EVT_NOTHING, /* neither */
};

/* False without memory; free in any case. */
bool evt_ring_init(struct evt_ring *r, const struct input *in);
void evt_ring_free(struct evt_ring *r);

/* Forgets what was read and takes the input's present size. */
void evt_ring_refresh(struct evt_ring *r);

/* n bytes, at most EVT_RECORD_MAX, from the place at; they live until the next call. False: not there, or the
 * input failed. */
__attribute__((warn_unused_result)) bool evt_ring_bytes(struct evt_ring *r, uint64_t at, size_t n,
                                                        const uint8_t **out);

/* What of the ring was read already from the place at on, without the seam; empty if nothing. Lives as above.
 */
static inline struct sv evt_ring_window(const struct evt_ring *r, uint64_t at)
{
    if (at < r->window_at || at - r->window_at >= r->window_n)
        return SV_ABSENT;
    return sv_make(r->window + (at - r->window_at), r->window_n - (size_t)(at - r->window_at));
}

/* The length of the whole record at p, of which n bytes are there, if it has this number; else 0. */
static inline size_t evt_whole_length(const uint8_t *p, size_t n, uint64_t number)
{
    if (n < EVT_RECORD_MIN || load_le32(p + 4) != EVT_MAGIC || load_le32(p + 8) != number)
        return 0;
    uint32_t length = load_le32(p);
    return length >= EVT_RECORD_MIN && length <= n && load_le32(p + length - 4) == length ? length : 0;
}

/* The place n bytes behind at. */
uint64_t evt_ring_add(const struct evt_ring *r, uint64_t at, uint64_t n);

/* The bytes from one place to another, going forward; 0 from a place to itself. */
uint64_t evt_ring_distance(const struct evt_ring *r, uint64_t from, uint64_t to);

/* What stands at a place where the record with this number is expected. */
enum evt_look evt_ring_look(struct evt_ring *r, uint64_t at, uint64_t number, struct evt_frame *f);

/*
 * The next whole record that lies in the span of bytes behind at and whose number is in [low, high), in *f
 * (without bytes) and its *distance. One whose number does not fit the next one's was inside another's data
 * and is passed over.
 */
bool evt_ring_find(struct evt_ring *r, uint64_t at, uint64_t span, uint64_t low, uint64_t high,
                   uint64_t *distance, struct evt_frame *f);

/*
 * Where the log begins and ends: by a clean header and the cursor it names, else by the cursor with the
 * highest next number, else (is_made) by the records themselves. known is false where there is nothing of all
 * that.
 */
struct evt_cursor evt_ring_survey(struct evt_ring *r);

/* A few bytes, at most EVT_HEAD_BYTES, copied: cheaper than evt_ring_bytes where nothing else is read around
 * them. */
__attribute__((warn_unused_result)) bool evt_ring_peek(struct evt_ring *r, uint64_t at, uint8_t *to,
                                                       size_t n);

/* Is there still a cursor at c->at, with c->next for its next number? */
bool evt_ring_still(struct evt_ring *r, const struct evt_cursor *c);

#endif
