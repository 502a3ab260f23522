/* SPDX-License-Identifier: Apache-2.0 */
/* What values look like in the XML text of an event. */
#include "event_text.h"

#include "digits.h"
#include "reader.h"
#include "xml_escape.h"

void event_text_hex(struct buf *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = buf_room(out, n * 2);
    if (!to)
        return;
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[p[i] >> 4];
        *to++ = digits[p[i] & 15];
    }
    out->n += n * 2;
}

/* An authority of 2^32 and more is written in hexadecimal. */
void event_text_sid(struct buf *out, const uint8_t *p, size_t n)
{
    enum { HEAD_MAX = 2 + 3 + 1 + 14, PART_MAX = 11 };
    uint64_t authority = 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | p[i];
    /* Where count and size disagree, what is there counts. */
    size_t count = p[1] < (n - 8) / 4 ? p[1] : (n - 8) / 4;
    if (!buf_room(out, HEAD_MAX + count * PART_MAX))
        return;
    buf_lit(out, "S-");
    buf_u64(out, p[0]);
    buf_putc(out, '-');
    if (authority >> 32)
        buf_printf(out, "0x%012llX", (unsigned long long)authority);
    else
        buf_u64(out, authority);
    char *to = out->p + out->n;
    for (size_t i = 0; i < count; i++) {
        *to = '-';
        to = digits_put(to + 1, load_le32(p + 8 + i * 4));
    }
    out->n = (size_t)(to - out->p);
}

static void put_number(struct buf *out, struct sv element, struct opt_u64 number)
{
    if (!number.has)
        return;
    buf_putc(out, '<');
    buf_put(out, element);
    buf_putc(out, '>');
    buf_u64(out, number.v);
    buf_lit(out, "</");
    buf_put(out, element);
    buf_putc(out, '>');
}

static void put_text(struct buf *out, struct sv element, struct sv text)
{
    if (sv_absent(text))
        return;
    buf_putc(out, '<');
    buf_put(out, element);
    buf_putc(out, '>');
    xml_escape_put(out, text, false);
    buf_lit(out, "</");
    buf_put(out, element);
    buf_putc(out, '>');
}

/* An element that consists of one attribute, or has not even that. */
static void put_attribute(struct buf *out, struct sv element, struct sv name, struct sv value)
{
    buf_putc(out, '<');
    buf_put(out, element);
    if (!sv_absent(value)) {
        buf_putc(out, ' ');
        buf_put(out, name);
        buf_lit(out, "='");
        xml_escape_put(out, value, true);
        buf_putc(out, '\'');
    }
    buf_lit(out, "/>");
}

static void put_event_id(struct buf *out, const struct event *e)
{
    if (!e->event_id.has)
        return;
    buf_lit(out, "<EventID");
    if (e->qualifiers.has) {
        buf_lit(out, " Qualifiers='");
        buf_u64(out, e->qualifiers.v);
        buf_putc(out, '\'');
    }
    buf_putc(out, '>');
    buf_u64(out, e->event_id.v);
    buf_lit(out, "</EventID>");
}

static void put_system(struct buf *out, const struct event *e)
{
    buf_lit(out, "<System>");
    put_attribute(out, SV("Provider"), SV("Name"), e->provider);
    put_event_id(out, e);
    put_number(out, SV("Level"), e->level);
    put_number(out, SV("Task"), e->task);
    if (e->keywords.has)
        buf_printf(out, "<Keywords>0x%llx</Keywords>", (unsigned long long)e->keywords.v);
    put_attribute(out, SV("TimeCreated"), SV("SystemTime"), e->time_text);
    put_number(out, SV("EventRecordID"), e->record_id);
    put_text(out, SV("Channel"), e->channel);
    put_text(out, SV("Computer"), e->computer);
    put_attribute(out, SV("Security"), SV("UserID"), e->user_sid);
    buf_lit(out, "</System>");
}

void event_text_xml(struct buf *out, const struct event *e)
{
    buf_lit(out, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>");
    put_system(out, e);
    buf_lit(out, "<EventData>");
    for (size_t i = 0; i < e->data_count; i++)
        put_text(out, SV("Data"), e->data[i].value);
    put_text(out, SV("Binary"), e->binary);
    buf_lit(out, "</EventData></Event>");
}
