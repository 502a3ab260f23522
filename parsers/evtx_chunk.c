/* SPDX-License-Identifier: Apache-2.0 */
/* One chunk of an .evtx file and the record frames in it. */
#include "evtx_chunk.h"

#include "hash64.h"
#include "needle.h"

#include <libdeflate.h>

enum { /* offsets in the chunk's header */
       AT_FIRST_ID = 24,
       AT_LAST_ID = 32,
       AT_LAST_RECORD = 44,
       AT_FREE = 48,
       AT_RECORDS_CRC = 52,
       AT_FLAGS = 120,
       AT_HEADER_CRC = 124,
       AT_TABLES = 128,
       FLAG_NO_CRC = 4,
};

uint32_t evtx_crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    return libdeflate_crc32(crc, p, n);
}

bool evtx_is_chunk(const uint8_t *p, size_t n)
{
    return n >= 8 && memcmp(p, "ElfChnk", 8) == 0;
}

uint64_t evtx_record_check(const uint8_t *record)
{
    /* Magic, size, id and time of writing: what no two records of a log have in common. 0 means "nothing to
     * prove". */
    uint64_t h = hash64(HASH64_START, record, EVTX_RECORD_HEAD);
    return h ? h : 1;
}

/* Two of the three signs of an empty chunk do, so that a damaged one of them deceives nobody. */
static bool looks_empty(const uint8_t *p)
{
    int signs = (load_le64(p + AT_FIRST_ID) == EVTX_NO_ID) + (load_le64(p + AT_LAST_ID) == EVTX_NO_ID) +
                (load_le32(p + AT_FREE) == EVTX_CHUNK_HEADER);
    return signs >= 2;
}

static bool header_is_sound(const uint8_t *p)
{
    if (load_le32(p + AT_FLAGS) & FLAG_NO_CRC)
        return true;
    uint32_t crc = evtx_crc32(evtx_crc32(0, p, AT_FLAGS), p + AT_TABLES, EVTX_CHUNK_HEADER - AT_TABLES);
    return crc == load_le32(p + AT_HEADER_CRC);
}

bool evtx_glance(const uint8_t *p, size_t n, uint64_t *first)
{
    if (n < AT_TABLES || looks_empty(p))
        return false;
    *first = load_le64(p + AT_FIRST_ID);
    if (n < EVTX_GLANCE_BYTES || load_le32(p + EVTX_CHUNK_HEADER) != EVTX_RECORD_MAGIC)
        return true;
    /* Where they disagree the record is the better witness, unless the header can prove what it says: an id
     * that damage has made high would hide all chunks that follow. */
    uint64_t of_record = load_le64(p + EVTX_CHUNK_HEADER + 8);
    if (of_record != *first && !header_is_sound(p))
        *first = of_record;
    return true;
}

/* Where the record ends that the header calls the last; 0 if there is none. */
static size_t last_record_end(const struct evtx_chunk *c, size_t end)
{
    size_t last = load_le32(c->bytes + AT_LAST_RECORD);
    uint32_t size;
    if (last < EVTX_CHUNK_HEADER || last >= end || end > c->n ||
        !evtx_is_whole(c->bytes + last, end - last, &size))
        return 0;
    return last + size;
}

/* Where the first record begins: bytes lost in the header let it begin before the header's end. */
static size_t first_record(const struct evtx_chunk *c)
{
    enum { LOST_MAX = AT_TABLES + 16 };
    uint32_t size;
    for (size_t at = LOST_MAX; at < EVTX_CHUNK_HEADER && at < c->n; at++)
        if (evtx_is_whole(c->bytes + at, c->n - at, &size))
            return at;
    return c->n < EVTX_CHUNK_HEADER ? c->n : EVTX_CHUNK_HEADER;
}

void evtx_chunk_begin(struct evtx_chunk *c, uint64_t offset, size_t n)
{
    *c = (struct evtx_chunk){
        .bytes = c->bytes, .n = n, .offset = offset, .last_id = EVTX_NO_ID, .sure_id = EVTX_NO_ID};
    c->at = n < EVTX_CHUNK_HEADER ? n : EVTX_CHUNK_HEADER;
    c->end = n;
    c->has_header = n >= EVTX_CHUNK_HEADER && evtx_is_chunk(c->bytes, n);
    if (!c->has_header) {
        c->at = first_record(c);
        return;
    }
    size_t end = load_le32(c->bytes + AT_FREE);
    bool sane = end >= EVTX_CHUNK_HEADER && end <= EVTX_CHUNK_BYTES;
    if (looks_empty(c->bytes)) {
        c->end = c->at;
        c->end_is_known = true;
        return;
    }
    size_t last = sane ? last_record_end(c, end) : 0;
    /* A header with damage elsewhere may still be right about its end: the last record ends there. */
    if (!sane || (last != end && !header_is_sound(c->bytes))) {
        c->at = first_record(c);
        return;
    }
    c->end_is_known = true;
    c->end = end < n ? end : n;
    if (last && last < c->end) {
        c->free = c->end;
        c->end = last;
    }
}

enum evtx_crc evtx_chunk_crc(struct evtx_chunk *c)
{
    if (c->crc != EVTX_CRC_UNKNOWN)
        return c->crc;
    c->crc = EVTX_CRC_WRONG;
    if (!c->has_header)
        return c->crc;
    size_t end = load_le32(c->bytes + AT_FREE);
    if (load_le32(c->bytes + AT_FLAGS) & FLAG_NO_CRC)
        c->crc = EVTX_CRC_NONE;
    else if (end >= EVTX_CHUNK_HEADER && end <= c->n &&
             evtx_crc32(0, c->bytes + EVTX_CHUNK_HEADER, end - EVTX_CHUNK_HEADER) ==
                 load_le32(c->bytes + AT_RECORDS_CRC))
        c->crc = EVTX_CRC_RIGHT;
    return c->crc;
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

static uint64_t id_at(const struct evtx_chunk *c, size_t at)
{
    return load_le64(c->bytes + at + 8);
}

/* The whole frame behind the one of this size goes on from the last id: the one between has a damaged one. */
static bool next_goes_on(const struct evtx_chunk *c, size_t at, size_t size)
{
    enum { NEAR = 16 };
    size_t next = at + size;
    uint32_t next_size;
    return evtx_is_whole(c->bytes + next, c->end - next, &next_size) && id_at(c, next) > c->last_id &&
           id_at(c, next) - c->last_id <= NEAR;
}

/*
 * Ids rise within a chunk. One that does not, where the end is not known, belongs to earlier days, unless it
 * is only low beside an id that damage has made high, or is damaged itself.
 */
static bool id_rises(const struct evtx_chunk *c, size_t at, size_t size)
{
    uint64_t id = id_at(c, at);
    if (c->last_id == EVTX_NO_ID || id > c->last_id)
        return true;
    if (c->sure_id != EVTX_NO_ID && id > c->sure_id)
        return true;
    return size && next_goes_on(c, at, size);
}

/* Takes note of the id of a whole frame. */
static void note_id(struct evtx_chunk *c, uint64_t id)
{
    if (c->last_id == EVTX_NO_ID) {
        c->last_id = id;
    } else if (id > c->last_id) {
        c->sure_id = c->last_id;
        c->last_id = id;
    } else if (c->sure_id != EVTX_NO_ID && id > c->sure_id) {
        c->last_id = id; /* the one before was too high */
    }
}

/*
 * The next whole frame behind the damage at c->at; c->end if there is none. Records begin at every eighth
 * byte until bytes are lost or inserted, so each byte is looked at: the next aligned frame may be the first
 * one behind a later loss that happens to make up for an earlier one.
 */
static size_t resync(const struct evtx_chunk *c)
{
    static const uint8_t magic[4] = {0x2a, 0x2a, 0, 0};
    uint32_t size;
    for (size_t at = c->at + 1; at + EVTX_RECORD_MIN <= c->end; at++) {
        const uint8_t *hit = needle_find(c->bytes + at, c->end - at, magic, sizeof magic);
        if (!hit)
            break;
        at = (size_t)(hit - c->bytes);
        if (evtx_is_whole(hit, c->end - at, &size))
            return at;
    }
    return c->end;
}

/* A record with its magic and a rising id, though its size or its size copy is wrong. */
static bool is_torn_record(const struct evtx_chunk *c, size_t next)
{
    return next - c->at >= EVTX_RECORD_MIN && load_le32(c->bytes + c->at) == EVTX_RECORD_MAGIC &&
           id_rises(c, c->at, 0) && id_at(c, c->at) != EVTX_NO_ID;
}

static const char *reason_for(const struct evtx_chunk *c, size_t at, size_t n)
{
    if (is_zero(c->bytes + at, n))
        return "zeros where records should be";
    if (c->n < EVTX_CHUNK_BYTES && at + n == c->n)
        return "the file ends inside a record";
    return "bytes that are no record";
}

/* Where the damage at c->at ends: at the next whole frame that belongs here, at another chunk, or at the end.
 */
static size_t damage_end(struct evtx_chunk *c)
{
    if (c->at < c->damage_end) /* many torn records in front of it */
        return c->damage_end;
    size_t next = resync(c);
    /* Lost bytes bring the next chunk in here; it is read as a chunk of its own. */
    const uint8_t *chunk = needle_find(c->bytes + c->at, next - c->at, (const uint8_t *)"ElfChnk", 8);
    if (chunk)
        next = c->end = (size_t)(chunk - c->bytes);
    if (!c->end_is_known && next < c->end && !id_rises(c, next, load_le32(c->bytes + next + 4)))
        next = c->end;
    return c->damage_end = next;
}

/* Zeros up to the end of the used part are how an archived log ends, and stale bytes are no damage. */
static bool is_clean_end(const struct evtx_chunk *c, size_t next)
{
    if (next < c->end)
        return false;
    return is_zero(c->bytes + c->at, next - c->at) || (!c->end_is_known && c->last_id != EVTX_NO_ID);
}

static enum evtx_found pass_damage(struct evtx_chunk *c, struct evtx_frame *frame, const char **reason)
{
    size_t at = c->at, next = damage_end(c);
    if (is_clean_end(c, next)) {
        c->at = c->end;
        return EVTX_DONE;
    }
    *frame = (struct evtx_frame){.at = at, .size = next - at};
    if (!is_torn_record(c, next)) {
        *reason = reason_for(c, at, next - at);
        c->at = next;
        return EVTX_DAMAGE;
    }
    uint32_t size = load_le32(c->bytes + at + 4);
    if (size >= EVTX_RECORD_MIN && size < frame->size)
        frame->size = size;
    frame->id = id_at(c, at);
    frame->torn = true;
    c->at = at + frame->size;
    return EVTX_FRAME;
}

/*
 * Between the last record and the free space stand zeros in archived logs; records that the header does not
 * count if their ids rise, and stale ones where the offset is too high.
 */
static void go_on_to_free_space(struct evtx_chunk *c)
{
    c->end = c->free;
    c->free = 0;
    c->end_is_known = false;
}

enum evtx_found evtx_chunk_damaged(struct evtx_chunk *c, struct evtx_frame *frame, const char **reason)
{
    size_t at = c->at;
    uint32_t size;
    if (at >= c->end && c->free)
        go_on_to_free_space(c);
    if (at >= c->end)
        return EVTX_DONE;
    if (!evtx_is_whole(c->bytes + at, c->end - at, &size))
        return pass_damage(c, frame, reason);
    if (!id_rises(c, at, size)) {
        c->at = c->end;
        return EVTX_DONE;
    }
    *frame = (struct evtx_frame){at, size, id_at(c, at), false};
    note_id(c, frame->id);
    c->at = at + size;
    return EVTX_FRAME;
}
