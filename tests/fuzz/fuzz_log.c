/* SPDX-License-Identifier: Apache-2.0 */
/* A log of one chunk around a fuzzer's bytes, and what must hold of every event. */
#include "fuzz_log.h"

#include "hash64.h"
#include "reader.h"
#include "utf.h"

#include <libdeflate.h>
#include <stdlib.h>

enum { RECORD_MIN = 28, RECORD_MAGIC = 0x2a2a };

static uint8_t log_bytes[FUZZ_LOG_HEADER + FUZZ_CHUNK_BYTES];

void fuzz_check(bool holds)
{
    if (!holds)
        abort();
}

static void store(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t crc(uint32_t c, const uint8_t *p, size_t n)
{
    return libdeflate_crc32(c, p, n);
}

void fuzz_seal_chunk(uint8_t *chunk)
{
    uint32_t end = load_le32(chunk + 48);
    if (end >= FUZZ_CHUNK_HEADER && end <= FUZZ_CHUNK_BYTES)
        store(chunk + 52, crc(0, chunk + FUZZ_CHUNK_HEADER, end - FUZZ_CHUNK_HEADER), 4);
    store(chunk + 124, crc(crc(0, chunk, 120), chunk + 128, FUZZ_CHUNK_HEADER - 128), 4);
}

static size_t next_magic(const uint8_t *chunk, size_t from, size_t end)
{
    while (from + RECORD_MIN <= end && load_le32(chunk + from) != RECORD_MAGIC)
        from++;
    return from + RECORD_MIN <= end ? from : end;
}

static void repair_frames(uint8_t *chunk, size_t end)
{
    for (size_t at = next_magic(chunk, FUZZ_CHUNK_HEADER, end), next; at < end; at = next) {
        next = next_magic(chunk, at + RECORD_MIN, end);
        store(chunk + at + 4, next - at, 4);
        store(chunk + next - 4, next - at, 4);
    }
}

static void write_header(uint8_t *chunk, size_t end)
{
    memset(chunk, 0, FUZZ_CHUNK_HEADER);
    memcpy(chunk, "ElfChnk", 8);
    store(chunk + 8, 1, 8);
    store(chunk + 16, 9, 8);
    store(chunk + 24, end >= 536 ? load_le64(chunk + 520) : 1, 8);
    store(chunk + 32, 9, 8);
    store(chunk + 40, 128, 4);
    store(chunk + 44, FUZZ_CHUNK_HEADER, 4);
    store(chunk + 48, end, 4);
    store(chunk + 120, 1, 4);
}

struct sv fuzz_log_make(const uint8_t *data, size_t size)
{
    uint8_t *chunk = log_bytes + FUZZ_LOG_HEADER, mode = size ? data[0] : 0;
    size_t n = size ? size - 1 : 0, room = FUZZ_CHUNK_BYTES - FUZZ_CHUNK_HEADER;
    n = n < room ? n : room;
    memset(log_bytes, 0, sizeof log_bytes);
    memcpy(log_bytes, "ElfFile", 8);
    if (n)
        memcpy(chunk + FUZZ_CHUNK_HEADER, data + 1, n);
    size_t end = FUZZ_CHUNK_HEADER + n;
    if (mode & FUZZ_FRAMES_REPAIRED)
        repair_frames(chunk, end);
    write_header(chunk, end);
    fuzz_seal_chunk(chunk);
    chunk[52] ^= mode & FUZZ_RECORDS_SUM_WRONG;
    chunk[124] ^= mode & FUZZ_HEADER_SUM_WRONG;
    chunk[0] ^= mode & FUZZ_MAGIC_GONE;
    return sv_make((const char *)log_bytes, sizeof log_bytes);
}

static ptrdiff_t read_memory(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct sv *memory = ctx;
    fuzz_check(offset < memory->n && n <= memory->n - offset);
    memcpy(to, memory->p + offset, n);
    return (ptrdiff_t)n;
}

struct input fuzz_input(struct sv *memory)
{
    return (struct input){memory, read_memory, memory->n, true};
}

static uint64_t add_text(uint64_t h, struct sv v)
{
    fuzz_check(utf8_valid_length(v) == v.n);
    uint8_t is_there = !sv_absent(v);
    return hash64(hash64(h, v.p, v.n), &is_there, 1);
}

static uint64_t add_number(uint64_t h, struct opt_u64 n)
{
    uint64_t v = n.has ? n.v : UINT64_MAX;
    return hash64(h, &v, sizeof v);
}

static uint64_t add_texts(uint64_t h, const struct event *e)
{
    const struct sv texts[] = {e->provider,
                               e->provider_guid,
                               e->event_source_name,
                               e->time_text,
                               e->timezone,
                               e->activity_id,
                               e->related_activity_id,
                               e->channel,
                               e->computer,
                               e->user_sid,
                               e->binary,
                               e->culture,
                               e->message,
                               e->level_text,
                               e->task_text,
                               e->opcode_text,
                               e->channel_text,
                               e->provider_text,
                               e->original};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        h = add_text(h, texts[i]);
    return h;
}

uint64_t fuzz_look_at_event(const struct event *e)
{
    const struct opt_u64 numbers[] = {e->event_id, e->qualifiers, e->version,    e->level,     e->task,
                                      e->opcode,   e->keywords,   e->process_id, e->thread_id, e->record_id};
    uint64_t h = add_texts(HASH64_START, e);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        h = add_number(h, numbers[i]);
    fuzz_check(e->data_count <= EVENT_DATA_MAX && e->keyword_text_count <= EVENT_KEYWORDS_MAX);
    for (size_t i = 0; i < e->data_count; i++)
        h = add_text(add_text(h, e->data[i].name), e->data[i].value);
    for (size_t i = 0; i < e->keyword_text_count; i++)
        h = add_text(h, e->keyword_texts[i]);
    return h;
}
