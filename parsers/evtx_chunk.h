/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One 64 KiB chunk of an .evtx file and the record frames in it (libevtx documentation, "Chunk" and "Event
 * record").
 *
 * A frame is whole when magic, size and the copy of the size agree. What does not is passed over to the next
 * whole frame, looked for at every byte, because lost or inserted bytes move what follows. Behind the used
 * part stand records of earlier days: they are never given, and where the header that says how much is used
 * is itself damaged, the walk ends at the first id that does not rise.
 */
#ifndef MAPITAIL_EVTX_CHUNK_H
#define MAPITAIL_EVTX_CHUNK_H

#include "reader.h"

enum {
    EVTX_CHUNK_BYTES = 65536,
    EVTX_CHUNK_HEADER = 512,
    EVTX_RECORD_HEAD = 24,
    EVTX_RECORD_MIN = 28,
    /* What tells about a chunk without reading it: its header and the head of its first record. */
    EVTX_GLANCE_BYTES = EVTX_CHUNK_HEADER + EVTX_RECORD_HEAD,
};

#define EVTX_RECORD_MAGIC UINT32_C(0x00002a2a)
#define EVTX_NO_ID UINT64_MAX /* header ids of an empty chunk */

enum evtx_crc { EVTX_CRC_UNKNOWN, EVTX_CRC_RIGHT, EVTX_CRC_WRONG, EVTX_CRC_NONE };

struct evtx_chunk {
    uint8_t *bytes;  /* EVTX_CHUNK_BYTES, the owner's */
    size_t n;        /* of them that the input had */
    uint64_t offset; /* of the chunk in the input */
    size_t end;      /* where the used part ends */
    size_t free; /* where the header says so, if that is behind the record that it calls the last; else 0 */
    size_t at;   /* where the next record begins */
    uint64_t last_id;  /* the highest of the whole frames that can be believed; EVTX_NO_ID before the first */
    uint64_t sure_id;  /* the highest that is below one behind it: no damage has made it high */
    size_t damage_end; /* where the damage looked at last ends */
    bool has_header;   /* its magic is right */
    bool end_is_known; /* the header says where the used part ends, and is right about it */
    enum evtx_crc crc; /* of the records; see evtx_chunk_crc */
};

/* A record. torn: its size copy or its size is wrong; size is then as far as it can reach. */
struct evtx_frame {
    size_t at, size;
    uint64_t id;
    bool torn;
};

enum evtx_found { EVTX_FRAME, EVTX_DAMAGE, EVTX_DONE };

/* True for the magic of a chunk. */
bool evtx_is_chunk(const uint8_t *p, size_t n);

/* What a glance at a chunk's beginning tells: false for an empty one. first is the id to order chunks by. */
bool evtx_glance(const uint8_t *p, size_t n, uint64_t *first);

/* Takes up the chunk whose n bytes were read from offset. bytes stays, everything else is set. */
void evtx_chunk_begin(struct evtx_chunk *c, uint64_t offset, size_t n);

/*
 * The next record, or a damaged part: *frame.at and .size tell where, *reason why. c->at stands behind it
 * afterwards. EVTX_DONE: the used part has no more.
 */
enum evtx_found evtx_chunk_damaged(struct evtx_chunk *c, struct evtx_frame *frame, const char **reason);

/* The check sum over the used part, computed once. Costs a pass over the chunk. */
enum evtx_crc evtx_chunk_crc(struct evtx_chunk *c);

/* The CRC-32 that the format uses, for the file header. */
uint32_t evtx_crc32(uint32_t crc, const uint8_t *p, size_t n);

/* Identity of the record at `at`, for struct position. */
uint64_t evtx_record_check(const uint8_t *record);

static inline bool evtx_is_whole(const uint8_t *p, size_t left, uint32_t *size)
{
    if (left < EVTX_RECORD_MIN || load_le32(p) != EVTX_RECORD_MAGIC)
        return false;
    uint32_t n = load_le32(p + 4);
    if (n < EVTX_RECORD_MIN || n > left || load_le32(p + n - 4) != n)
        return false;
    *size = n;
    return true;
}

static inline enum evtx_found evtx_chunk_next(struct evtx_chunk *c, struct evtx_frame *frame,
                                              const char **reason)
{
    uint32_t size;
    if (!c->end_is_known || !evtx_is_whole(c->bytes + c->at, c->end - c->at, &size))
        return evtx_chunk_damaged(c, frame, reason);
    *frame = (struct evtx_frame){c->at, size, load_le64(c->bytes + c->at + 8), false};
    c->at += size;
    c->last_id = frame->id;
    return EVTX_FRAME;
}

#endif
