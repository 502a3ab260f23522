/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event as Windows prints it (`wevtutil qe /f:xml`): the original where it is that already, else made
 * from the facts. The elements of System stand in the order of the Event schema ([MS-EVEN6] 2.2.12).
 */
#include "encoder.h"
#include "xml_escape.h"

static void put_attribute(struct buf *b, struct sv name, struct sv value)
{
    if (sv_absent(value))
        return;
    buf_putc(b, ' ');
    buf_put(b, name);
    buf_lit(b, "='");
    xml_escape_put(b, value, true);
    buf_putc(b, '\'');
}

static void put_leaf(struct buf *b, struct sv name, struct sv text)
{
    if (sv_absent(text))
        return;
    buf_putc(b, '<');
    buf_put(b, name);
    buf_putc(b, '>');
    xml_escape_put(b, text, false);
    buf_lit(b, "</");
    buf_put(b, name);
    buf_putc(b, '>');
}

static void put_number(struct buf *b, struct sv name, struct opt_u64 number)
{
    if (number.has)
        buf_printf(b, "<%.*s>%llu</%.*s>", SV_ARG(name), (unsigned long long)number.v, SV_ARG(name));
}

/* An attribute that is a number. */
static void put_numbered(struct buf *b, const char *name, struct opt_u64 number)
{
    if (number.has)
        buf_printf(b, " %s='%llu'", name, (unsigned long long)number.v);
}

static void put_identity(struct buf *b, const struct event *e)
{
    buf_lit(b, "<Provider");
    put_attribute(b, SV("Name"), e->provider);
    put_attribute(b, SV("Guid"), e->provider_guid);
    put_attribute(b, SV("EventSourceName"), e->event_source_name);
    buf_lit(b, "/>");
    if (!e->event_id.has)
        return;
    buf_lit(b, "<EventID");
    put_numbered(b, "Qualifiers", e->qualifiers);
    buf_printf(b, ">%llu</EventID>", (unsigned long long)e->event_id.v);
}

static void put_time(struct buf *b, const struct event *e)
{
    char text[WTIME_TEXT_MAX];
    struct sv time = e->time_text;
    if (e->time.present)
        time = sv_make(text, wtime_format(&e->time, 9, text));
    if (sv_absent(time))
        return;
    buf_lit(b, "<TimeCreated");
    put_attribute(b, SV("SystemTime"), time);
    buf_lit(b, "/>");
}

static void put_correlation(struct buf *b, const struct event *e)
{
    if (sv_absent(e->activity_id) && sv_absent(e->related_activity_id))
        return;
    buf_lit(b, "<Correlation");
    put_attribute(b, SV("ActivityID"), e->activity_id);
    put_attribute(b, SV("RelatedActivityID"), e->related_activity_id);
    buf_lit(b, "/>");
}

static void put_execution(struct buf *b, const struct event *e)
{
    if (!e->process_id.has && !e->thread_id.has)
        return;
    buf_lit(b, "<Execution");
    put_numbered(b, "ProcessID", e->process_id);
    put_numbered(b, "ThreadID", e->thread_id);
    buf_lit(b, "/>");
}

static void put_system(struct buf *b, const struct event *e)
{
    buf_lit(b, "<System>");
    put_identity(b, e);
    put_number(b, SV("Version"), e->version);
    put_number(b, SV("Level"), e->level);
    put_number(b, SV("Task"), e->task);
    put_number(b, SV("Opcode"), e->opcode);
    if (e->keywords.has)
        buf_printf(b, "<Keywords>0x%llx</Keywords>", (unsigned long long)e->keywords.v);
    put_time(b, e);
    put_number(b, SV("EventRecordID"), e->record_id);
    put_correlation(b, e);
    put_execution(b, e);
    put_leaf(b, SV("Channel"), e->channel);
    put_leaf(b, SV("Computer"), e->computer);
    buf_lit(b, "<Security");
    put_attribute(b, SV("UserID"), e->user_sid);
    buf_lit(b, "/></System>");
}

static void put_data(struct buf *b, const struct event *e)
{
    buf_lit(b, "<EventData>");
    for (size_t i = 0; i < e->data_count; i++) {
        buf_lit(b, "<Data");
        put_attribute(b, SV("Name"), e->data[i].name);
        buf_putc(b, '>');
        xml_escape_put(b, e->data[i].value, false);
        buf_lit(b, "</Data>");
    }
    put_leaf(b, SV("Binary"), e->binary);
    buf_lit(b, "</EventData>");
}

static void put_rendering(struct buf *b, const struct event *e)
{
    if (sv_absent(e->message) && sv_absent(e->level_text) && sv_absent(e->task_text))
        return;
    buf_lit(b, "<RenderingInfo");
    put_attribute(b, SV("Culture"), e->culture);
    buf_putc(b, '>');
    put_leaf(b, SV("Message"), e->message);
    put_leaf(b, SV("Level"), e->level_text);
    put_leaf(b, SV("Task"), e->task_text);
    put_leaf(b, SV("Opcode"), e->opcode_text);
    put_leaf(b, SV("Channel"), e->channel_text);
    put_leaf(b, SV("Provider"), e->provider_text);
    if (e->keyword_text_count) {
        buf_lit(b, "<Keywords>");
        for (size_t i = 0; i < e->keyword_text_count; i++)
            put_leaf(b, SV("Keyword"), e->keyword_texts[i]);
        buf_lit(b, "</Keywords>");
    }
    buf_lit(b, "</RenderingInfo>");
}

static void put_event(struct buf *b, const struct event *e)
{
    buf_lit(b, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>");
    put_system(b, e);
    put_data(b, e);
    put_rendering(b, e);
    buf_lit(b, "</Event>");
}

/* The export was XML, or its parser has rendered the record. */
static bool is_event_xml(struct sv original)
{
    return sv_starts(original, SV("<Event")) && sv_ends(original, SV("</Event>"));
}

static enum encode_status encode(const struct encode_context *context, const struct record *record,
                                 uint32_t sequence, struct buf *out)
{
    (void)sequence;
    size_t start = out->n;
    if (!buf_ok(out))
        return ENCODE_TOO_LARGE;
    if (is_event_xml(record->event->original))
        buf_put(out, record->event->original);
    else
        put_event(out, record->event);
    if (buf_ok(out) && (context->max_bytes == 0 || out->n - start <= context->max_bytes))
        return ENCODE_OK;
    buf_cut(out, start);
    out->failed = false;
    return ENCODE_TOO_LARGE;
}

extern const struct encoder_ops encoder_xml;
const struct encoder_ops encoder_xml = {
    .name = "xml",
    .title = "the event as Windows prints it",
    .content_type = "application/xml",
    .is_plain_event = true,
    .original_alone = true,
    .encode = encode,
};
