/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to an encoded message. */
#include "shape.h"

#include "hash64.h"
#include "mapi9646.h"
#include "os_clock.h"

#include <string.h>

enum { RECORD_MEMORY_MAX = 4 << 20, CREATED_DIGITS = 3 };

bool shape_init(struct shape *s, const struct encoder_ops *encoder, const struct encode_context *context)
{
    *s = (struct shape){.encoder = encoder, .context = *context};
    arena_init(&s->arena, RECORD_MEMORY_MAX);
    s->identity = identity_new();
    shape_tick(s);
    return s->identity != NULL;
}

void shape_free(struct shape *s)
{
    identity_free(s->identity);
    arena_free(&s->arena);
    s->identity = NULL;
}

void shape_tick(struct shape *s)
{
    s->now = wtime_from_unix_ns(os_realtime_ns(), CREATED_DIGITS);
}

/* Which of the equal records of this second and file it is. */
static uint64_t ordinal_of(struct shape *s, struct state *ordinals, int64_t row)
{
    char content[RECORD_HASH_TEXT];
    const struct event *e = s->record.event;
    if (e->record_id.has || !identity_content_hash(s->identity, &s->record, content))
        return 1;
    uint64_t key = hash64(HASH64_START, content, sizeof content - 1);
    key = hash64(key, &e->time.sec, sizeof e->time.sec);
    return state_ordinal(ordinals, row, key, e->offset);
}

bool shape_record(struct shape *s, const struct event *event, const char *path, struct state *ordinals,
                  int64_t row)
{
    arena_reset(&s->arena);
    record_normalize(event, &s->arena, &s->record);
    s->record.file_path = sv_from(path);
    s->record.created = s->now;
    s->record.hash[0] = '\0';
    return identity_fill_id(s->identity, &s->record, ordinal_of(s, ordinals, row)) && !s->arena.starved;
}

/* A message that had no memory, or was reduced for want of it, is none. */
static enum encode_status without_memory(struct buf *out, size_t start)
{
    buf_cut(out, start);
    out->failed = out->starved = false;
    return ENCODE_NO_MEMORY;
}

void shape_event(struct shape *s, const struct event *event)
{
    s->record.kind = RECORD_EVENT;
    s->record.event = event;
    s->record.id[0] = s->record.hash[0] = '\0';
}

bool shape_coverage(struct shape *s, const struct event *event, const struct coverage *facts,
                    const char *path)
{
    arena_reset(&s->arena);
    s->record = (struct record){.event = event,
                                .kind = RECORD_COVERAGE,
                                .coverage = facts,
                                .message = event->message,
                                .file_path = sv_from(path),
                                .created = s->now};
    return identity_fill_id(s->identity, &s->record, 1);
}

enum encode_status shape_encode(struct shape *s, struct buf *out)
{
    size_t start = out->n;
    uint32_t sequence = s->sequence >= INT32_MAX ? 1 : s->sequence + 1;
    /* Only what is shipped is worth the hash. */
    if (s->encoder->ships_hash && s->record.id[0] && !identity_fill_hash(s->identity, &s->record))
        return without_memory(out, start);
    enum encode_status status = s->encoder->encode(&s->context, &s->record, sequence, out);
    if (out->starved)
        return without_memory(out, start);
    s->sequence = sequence;
    return status;
}
