/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event's XML as one line of JSON, element by element, as the readers of event logs write it that tools
 * for Sigma rules work with: attributes as "#attributes", text beside them as "#text", unnamed data as a
 * list, named data under their names.
 */
#include "encoder.h"
#include "json_text.h"

static void put_text(struct buf *b, struct sv key, struct sv text)
{
    if (!sv_absent(text))
        json_string(b, key, text);
}

static void put_number(struct buf *b, struct sv key, struct opt_u64 number)
{
    if (number.has)
        json_number(b, key, number.v);
}

/* Appends an object with attributes alone, or null. */
static void put_attributes_end(struct buf *b, struct json_mark attributes)
{
    size_t from = attributes.key;
    json_close(b, attributes, "{}");
    if (b->n == from)
        buf_lit(b, "null");
    else
        buf_putc(b, '}');
}

static void put_provider(struct buf *b, const struct event *e)
{
    struct json_mark attributes = json_open(b, SV("{\"#attributes\":"));
    put_text(b, SV(",\"Name\":\""), e->provider);
    put_text(b, SV(",\"Guid\":\""), e->provider_guid);
    put_text(b, SV(",\"EventSourceName\":\""), e->event_source_name);
    put_attributes_end(b, attributes);
}

static void put_event_id(struct buf *b, const struct event *e)
{
    if (e->event_id.has && e->qualifiers.has) {
        json_number(b, SV(",\"EventID\":{\"#attributes\":{\"Qualifiers\":"), e->qualifiers.v);
        json_number_then(b, SV("},\"#text\":"), e->event_id.v, SV("}"));
    } else {
        put_number(b, SV(",\"EventID\":"), e->event_id);
    }
}

static void put_keywords(struct buf *b, const struct event *e)
{
    if (e->keywords.has)
        buf_printf(b, ",\"Keywords\":\"0x%llx\"", (unsigned long long)e->keywords.v);
}

static void put_time(struct buf *b, const struct event *e)
{
    char text[WTIME_TEXT_MAX];
    struct sv time = e->time_text;
    if (e->time.present)
        time = sv_make(text, wtime_format(&e->time, 9, text));
    if (sv_absent(time))
        return;
    json_string(b, SV(",\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\""), time);
    buf_lit(b, "}}");
}

static void put_correlation(struct buf *b, const struct event *e)
{
    buf_lit(b, ",\"Correlation\":");
    struct json_mark attributes = json_open(b, SV("{\"#attributes\":"));
    put_text(b, SV(",\"ActivityID\":\""), e->activity_id);
    put_text(b, SV(",\"RelatedActivityID\":\""), e->related_activity_id);
    put_attributes_end(b, attributes);
}

static void put_execution(struct buf *b, const struct event *e)
{
    if (!e->process_id.has && !e->thread_id.has)
        return;
    buf_lit(b, ",\"Execution\":");
    struct json_mark attributes = json_open(b, SV("{\"#attributes\":"));
    put_number(b, SV(",\"ProcessID\":"), e->process_id);
    put_number(b, SV(",\"ThreadID\":"), e->thread_id);
    put_attributes_end(b, attributes);
}

static void put_system(struct buf *b, const struct event *e)
{
    buf_lit(b, ",\"System\":{\"Provider\":");
    put_provider(b, e);
    put_event_id(b, e);
    put_number(b, SV(",\"Version\":"), e->version);
    put_number(b, SV(",\"Level\":"), e->level);
    put_number(b, SV(",\"Task\":"), e->task);
    put_number(b, SV(",\"Opcode\":"), e->opcode);
    put_keywords(b, e);
    put_time(b, e);
    put_number(b, SV(",\"EventRecordID\":"), e->record_id);
    put_correlation(b, e);
    put_execution(b, e);
    put_text(b, SV(",\"Channel\":\""), e->channel);
    put_text(b, SV(",\"Computer\":\""), e->computer);
    buf_lit(b, ",\"Security\":");
    struct json_mark attributes = json_open(b, SV("{\"#attributes\":"));
    put_text(b, SV(",\"UserID\":\""), e->user_sid);
    put_attributes_end(b, attributes);
    buf_putc(b, '}');
}

static void put_unnamed(struct buf *b, const struct event *e)
{
    struct json_mark data = json_open(b, SV(",\"Data\":{\"#text\":"));
    for (size_t i = 0; i < e->data_count; i++)
        if (sv_empty(e->data[i].name))
            json_string(b, SV(",\""), e->data[i].value);
    size_t from = data.key;
    json_close(b, data, "[]");
    if (b->n > from)
        buf_putc(b, '}');
}

/* How many data before this one have its name: JSON knows a name once, so the others get a number. */
static unsigned namesakes(const struct event *e, size_t index)
{
    struct sv name = e->data[index].name;
    unsigned count = 0;
    for (size_t i = 0; i < index; i++)
        count += e->data[i].name.n == name.n && memcmp(e->data[i].name.p, name.p, name.n) == 0;
    return count;
}

static void put_named(struct buf *b, const struct event *e)
{
    for (size_t i = 0; i < e->data_count; i++) {
        if (sv_empty(e->data[i].name))
            continue;
        unsigned before = namesakes(e, i);
        buf_lit(b, ",\"");
        json_text(b, e->data[i].name);
        if (before)
            buf_printf(b, "_%u", before);
        json_string(b, SV("\":\""), e->data[i].value);
    }
}

static void put_data(struct buf *b, const struct event *e)
{
    struct json_mark data = json_open(b, e->is_user_data ? SV(",\"UserData\":") : SV(",\"EventData\":"));
    put_unnamed(b, e);
    put_named(b, e);
    put_text(b, SV(",\"Binary\":\""), e->binary);
    json_close(b, data, "{}");
}

static void put_rendering(struct buf *b, const struct event *e)
{
    struct json_mark rendering = json_open(b, SV(",\"RenderingInfo\":"));
    if (!sv_empty(e->culture)) {
        json_string(b, SV(",\"#attributes\":{\"Culture\":\""), e->culture);
        buf_putc(b, '}');
    }
    json_field(b, SV(",\"Message\":\""), e->message);
    json_field(b, SV(",\"Level\":\""), e->level_text);
    json_field(b, SV(",\"Task\":\""), e->task_text);
    json_field(b, SV(",\"Opcode\":\""), e->opcode_text);
    json_field(b, SV(",\"Channel\":\""), e->channel_text);
    json_field(b, SV(",\"Provider\":\""), e->provider_text);
    struct json_mark keywords = json_open(b, SV(",\"Keywords\":"));
    for (size_t i = 0; i < e->keyword_text_count; i++)
        json_item(b, e->keyword_texts[i]);
    json_close(b, keywords, "[]");
    json_close(b, rendering, "{}");
}

static enum encode_status encode(const struct encode_context *context, const struct record *record,
                                 uint32_t sequence, struct buf *out)
{
    (void)sequence;
    size_t start = out->n;
    if (!buf_ok(out))
        return ENCODE_TOO_LARGE;
    buf_lit(out, "{\"Event\":{\"#attributes\":"
                 "{\"xmlns\":\"http://schemas.microsoft.com/win/2004/08/events/event\"}");
    put_system(out, record->event);
    put_data(out, record->event);
    put_rendering(out, record->event);
    buf_lit(out, "}}");
    if (buf_ok(out) && (context->max_bytes == 0 || out->n - start <= context->max_bytes))
        return ENCODE_OK;
    buf_cut(out, start);
    out->failed = false;
    return ENCODE_TOO_LARGE;
}

extern const struct encoder_ops encoder_json;
const struct encoder_ops encoder_json = {
    .name = "json",
    .title = "the event's XML as JSON, one line",
    .content_type = "application/json",
    .is_plain_event = true,
    .single_line = true,
    .encode = encode,
};
