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

void shape_record(struct shape *s, const struct event *event, const char *path, struct state *ordinals,
                  int64_t row)
{
    arena_reset(&s->arena);
    record_normalize(event, &s->arena, &s->record);
    s->record.file_path = sv_from(path);
    s->record.created = s->now;
    s->record.hash[0] = '\0';
    if (!identity_fill_id(s->identity, &s->record, ordinal_of(s, ordinals, row)))
        s->record.id[0] = '\0';
}

void shape_event(struct shape *s, const struct event *event)
{
    s->record.kind = RECORD_EVENT;
    s->record.event = event;
    s->record.id[0] = s->record.hash[0] = '\0';
}

void shape_coverage(struct shape *s, const struct event *event, const struct coverage *facts,
                    const char *path)
{
    arena_reset(&s->arena);
    s->record = (struct record){.event = event,
                                .kind = RECORD_COVERAGE,
                                .coverage = facts,
                                .message = event->message,
                                .file_path = sv_from(path),
                                .created = s->now};
    if (!identity_fill_id(s->identity, &s->record, 1))
        s->record.id[0] = '\0';
}

enum encode_status shape_encode(struct shape *s, struct buf *out)
{
    /* Only what is shipped is worth the hash. An id and a hash stand together or not at all. */
    if (s->encoder->ships_hash && s->record.id[0] && !identity_fill_hash(s->identity, &s->record))
        s->record.id[0] = '\0';
    s->sequence = s->sequence >= INT32_MAX ? 1 : s->sequence + 1;
    return s->encoder->encode(&s->context, &s->record, s->sequence, out);
}
