/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a record's message. */
#include "headers.h"

#include "envelope.h"

struct list {
    struct sink_header *headers;
    size_t count;
};

static void add(struct list *l, const char *name, struct sv value)
{
    if (value.n)
        l->headers[l->count++] = (struct sink_header){name, value};
}

/* RFC 3986 2.3: what stands for itself in every part of a URI. */
static bool is_unreserved(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Appends v as one path segment; returns the new end. Room for 3 bytes per byte must be there. */
static char *put_segment(char *to, struct sv v)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < v.n; i++) {
        unsigned char byte = (unsigned char)v.p[i];
        if (is_unreserved(v.p[i])) {
            *to++ = v.p[i];
            continue;
        }
        *to++ = '%';
        *to++ = hex[byte >> 4];
        *to++ = hex[byte & 15];
    }
    return to;
}

static char *put_text(char *to, struct sv v)
{
    if (v.n)
        memcpy(to, v.p, v.n);
    return to + v.n;
}

/* "//host/winlog/Channel/Provider", a URI reference as CloudEvents wants it; absent when the arena is full.
 */
static struct sv source_of(const struct event *e, struct arena *arena)
{
    static const struct sv host_prefix = SV_INIT("//"), kind = SV_INIT("/winlog/"), separator = SV_INIT("/");
    struct host_names host;
    struct sv provider = event_source(e);
    host_names_of(e, &host);
    size_t room = 16 + 3 * (host.full.n + e->channel.n + provider.n);
    char *text = arena_alloc(arena, room);
    if (!text)
        return SV_ABSENT;
    char *end = put_segment(put_text(text, host_prefix), host.full);
    end = put_segment(put_text(end, kind), e->channel);
    end = put_segment(put_text(end, separator), provider);
    arena_shrink(arena, text, room, (size_t)(end - text));
    return sv_make(text, (size_t)(end - text));
}

static struct sv time_of(const struct record *r, struct arena *arena)
{
    char text[WTIME_TEXT_MAX];
    struct wtime t = record_time(r);
    return arena_copy(arena, sv_make(text, wtime_format(&t, 9, text)));
}

static struct sv type_of(const struct record *r)
{
    switch (r->kind) {
    case RECORD_MAPI_LIMIT:
        return SV("org.example.msexchange.mapi.limit_exceeded.v1");
    case RECORD_COVERAGE:
        return SV("org.example.msexchange.mapi.coverage.v1");
    case RECORD_EVENT:
        break;
    }
    return SV("org.example.msexchange.event.v1");
}

bool headers_make(const struct encode_context *context, const struct record *record,
                  const struct encoder_ops *encoder, struct arena *arena,
                  struct sink_header headers[HEADERS_MAX], size_t *count)
{
    struct list list = {headers, 0};
    struct sv id = arena_copy(arena, sv_from(record->id)), source = source_of(record->event, arena);
    struct sv time = time_of(record, arena), subject = arena_copy(arena, record->key);
    bool is_json = sv_starts(sv_from(encoder->content_type), SV("application/json"));
    if (sv_absent(id) || sv_absent(source) || sv_absent(time) ||
        (sv_absent(subject) && !sv_absent(record->key)))
        return false;
    add(&list, "content-type", sv_from(encoder->content_type));
    add(&list, "ce_specversion", SV("1.0"));
    add(&list, "ce_id", id);
    add(&list, "ce_source", source);
    add(&list, "ce_type", type_of(record));
    add(&list, "ce_time", time);
    add(&list, "ce_subject", subject);
    add(&list, "ecs.version", is_json ? SV("9.4.0") : SV_ABSENT);
    add(&list, "agent.id", context->agent_id);
    *count = list.count;
    return true;
}
