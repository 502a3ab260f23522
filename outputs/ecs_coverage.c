/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a JSON record that says what was read. */
#include "ecs_coverage.h"

#include "json_text.h"

static void put_time(struct buf *b, struct sv key, const struct wtime *t)
{
    char text[WTIME_TEXT_MAX];
    if (t->present)
        json_plain_field(b, key, sv_make(text, wtime_format(t, 9, text)));
}

static void put_number(struct buf *b, struct sv key, struct opt_u64 n)
{
    if (n.has && n.v <= INT64_MAX)
        json_number(b, key, n.v);
}

void ecs_put_coverage_event_head(struct buf *b, const struct coverage *c)
{
    buf_lit(b, ",\"event\":{\"kind\":\"metric\",\"action\":\"mapi-coverage\"");
    put_time(b, SV(",\"start\":\""), &c->since);
    put_time(b, SV(",\"end\":\""), &c->until);
}

static void put_ids(struct buf *b, const struct coverage *c)
{
    put_number(b, SV(",\"first_record_id\":"), c->first_record_id);
    put_number(b, SV(",\"last_record_id\":"), c->last_record_id);
    if (c->first_record_id.has && c->ids_are_of_matched)
        buf_lit(b, ",\"record_ids_of\":\"matched\"");
    else if (c->first_record_id.has)
        buf_lit(b, ",\"record_ids_of\":\"read\"");
}

void ecs_put_coverage(struct buf *b, const struct coverage *c)
{
    struct json_mark mark = json_open(b, SV(",\"microsoft\":{\"exchange\":{\"mapi\":{\"coverage\":"));
    json_keyword(b, SV(",\"source\":\""), c->source);
    json_keyword(b, SV(",\"format\":\""), c->format);
    json_keyword(b, SV(",\"provider\":\""), c->provider);
    json_keyword(b, SV(",\"channel\":\""), c->channel);
    buf_put(b, c->is_silent ? SV(",\"silent\":true") : SV(",\"silent\":false"));
    put_number(b, SV(",\"files\":"), c->files);
    put_ids(b, c);
    put_number(b, SV(",\"from_offset\":"), c->from_offset);
    put_number(b, SV(",\"to_offset\":"), c->to_offset);
    put_time(b, SV(",\"first_event\":\""), &c->first_event);
    put_time(b, SV(",\"last_event\":\""), &c->last_event);
    put_number(b, SV(",\"read\":"), opt_u64(c->read));
    buf_put(b, c->read_is_least ? SV(",\"read_is_least\":true") : SV(",\"read_is_least\":false"));
    put_number(b, SV(",\"matched\":"), opt_u64(c->matched));
    put_number(b, SV(",\"damaged_parts\":"), opt_u64(c->damaged_parts));
    put_number(b, SV(",\"damaged_bytes\":"), opt_u64(c->damaged_bytes));
    put_number(b, SV(",\"overwritten_events\":"), opt_u64(c->overwritten_events));
    put_number(b, SV(",\"vanished_bytes\":"), opt_u64(c->vanished_bytes));
    json_close(b, mark, "{}");
    buf_lit(b, "}}}");
}
