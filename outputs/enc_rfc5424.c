/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog of RFC 5424: [origin][meta][winlog@…][mapi@…] and the event's message.
 *
 * A message over max_bytes is made smaller in the order in which its parts are least missed: winlog@ and
 * origin, the DN (which the message repeats), the end of the message.
 */
#include "encoder.h"
#include "envelope.h"
#include "syslog_text.h"
#include "utf.h"

/* RFC 5424 section 6: the longest header fields; 7.3.4 the longest swVersion. */
enum { HOSTNAME_MAX = 255, APP_NAME_MAX = 48, MSGID_MAX = 32, SW_VERSION_MAX = 32, TIME_DIGITS_MAX = 6 };

enum bom { BOM_AUTO, BOM_ALWAYS, BOM_NEVER };

enum detail { WITH_EVERYTHING, WITHOUT_WINLOG, WITHOUT_DN };

static void put_number_param(struct buf *b, struct sv name, struct opt_u64 number)
{
    if (!number.has)
        return;
    buf_put(b, name);
    buf_u64(b, number.v);
    buf_putc(b, '"');
}

static void put_header(const struct encode_context *c, const struct record *r, struct buf *b)
{
    const struct event *e = r->event;
    struct host_names host;
    struct opt_u64 code = event_code(e);
    char time[WTIME_TEXT_MAX];
    host_names_of(e, &host);
    buf_putc(b, '<');
    buf_u64(b, c->facility * 8 + syslog_severity(e));
    buf_lit(b, ">1 ");
    if (e->time.present)
        buf_put(b, sv_make(time, wtime_format(&e->time, TIME_DIGITS_MAX, time)));
    else
        buf_putc(b, '-');
    buf_putc(b, ' ');
    syslog_header_field(b, host.full, HOSTNAME_MAX);
    buf_putc(b, ' ');
    syslog_header_field(b, event_source(e), APP_NAME_MAX);
    buf_lit(b, " - ");
    if (r->kind == RECORD_COVERAGE)
        buf_lit(b, "COVERAGE");
    else if (code.has)
        buf_u64(b, code.v);
    else
        buf_putc(b, '-');
}

static void put_origin(const struct encode_context *c, struct buf *b)
{
    buf_lit(b, "[origin software=\"mapitail\"");
    syslog_param(b, SV(" swVersion=\""), utf8_cut(c->agent_version, SW_VERSION_MAX));
    buf_putc(b, ']');
}

static void put_private_id(const struct encode_context *c, struct sv name, struct buf *b)
{
    buf_putc(b, '[');
    buf_put(b, name);
    buf_putc(b, '@');
    /* 32473 is reserved for documentation (RFC 5612) and stands where nobody has set a number of their own.
     */
    buf_put(b, sv_empty(c->enterprise_number) ? SV("32473") : c->enterprise_number);
}

static void put_keywords(const struct event *e, struct buf *b)
{
    static const char hex[] = "0123456789abcdef";
    if (!e->keywords.has)
        return;
    int shift = 60;
    while (shift > 0 && e->keywords.v >> shift == 0)
        shift -= 4;
    buf_lit(b, " keywords=\"0x");
    for (; shift >= 0; shift -= 4)
        buf_putc(b, hex[e->keywords.v >> shift & 15]);
    buf_putc(b, '"');
}

static void put_winlog(const struct encode_context *c, const struct event *e, struct buf *b)
{
    put_private_id(c, SV("winlog"), b);
    syslog_param(b, SV(" channel=\""), e->channel);
    syslog_param(b, SV(" provider=\""), sv_empty(e->provider) ? event_source(e) : e->provider);
    put_number_param(b, SV(" eventId=\""), event_code(e));
    put_number_param(b, SV(" recordId=\""), e->record_id);
    put_number_param(b, SV(" level=\""), e->level);
    put_number_param(b, SV(" task=\""), e->task);
    put_keywords(e, b);
    syslog_param(b, SV(" computer=\""), e->computer);
    buf_putc(b, ']');
}

static void put_limit(const struct mapi_limit *m, enum detail detail, struct buf *b)
{
    if (detail < WITHOUT_DN)
        syslog_param(b, SV(" dn=\""), m->legacy_dn);
    syslog_param(b, SV(" user=\""), m->user);
    syslog_param(b, SV(" org=\""), m->organization);
    put_number_param(b, SV(" limit=\""), m->limit);
    syslog_param(b, SV(" objectType=\""), m->object_type);
    /* Where nothing was read, a class would be a guess. */
    if (m->status != PARSE_FAILED)
        syslog_param(b, SV(" class=\""), sv_from(limit_class_name(m->limit_class)));
    syslog_param(b, SV(" clientType=\""), m->client_type_canonical);
    syslog_param(b, SV(" mailboxGuid=\""), m->mailbox_guid);
    if (m->status != PARSE_COMPLETE)
        buf_lit(b, " complete=\"false\"");
}

/* The facts in the order and under the names of the event's data. */
static void put_coverage(const struct encode_context *c, const struct record *r, struct buf *b)
{
    put_private_id(c, SV("coverage"), b);
    syslog_param(b, SV(" id=\""), sv_from(r->id));
    for (size_t i = 0; i < r->event->data_count; i++) {
        const struct event_datum *d = &r->event->data[i];
        if (sv_empty(d->value) || sv_empty(d->name))
            continue;
        buf_putc(b, ' ');
        buf_put(b, d->name);
        syslog_param(b, SV("=\""), d->value);
    }
    buf_putc(b, ']');
}

static void put_structured_data(const struct encode_context *c, const struct record *r, uint32_t sequence,
                                enum detail detail, struct buf *b)
{
    if (detail < WITHOUT_WINLOG)
        put_origin(c, b);
    buf_lit(b, "[meta sequenceId=\"");
    buf_u64(b, sequence);
    buf_lit(b, "\"]");
    if (r->kind == RECORD_COVERAGE) {
        put_coverage(c, r, b);
        return;
    }
    if (detail < WITHOUT_WINLOG)
        put_winlog(c, r->event, b);
    put_private_id(c, SV("mapi"), b);
    syslog_param(b, SV(" id=\""), sv_from(r->id));
    if (r->kind == RECORD_MAPI_LIMIT)
        put_limit(&r->mapi, detail, b);
    if (r->event->trust != EVENT_OK)
        syslog_param(b, SV(" trust=\""), event_trust_name(r->event->trust));
    buf_putc(b, ']');
}

static bool has_high_byte(struct sv v)
{
    uint64_t bits = 0, eight;
    size_t at = 0;
    for (; v.n - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, v.p + at, sizeof eight);
        bits |= eight;
    }
    for (; at < v.n; at++)
        bits |= (unsigned char)v.p[at];
    return (bits & UINT64_C(0x8080808080808080)) != 0;
}

/*
 * Appends SP and MSG, whose text has at most max bytes. RFC 5424 6.4: UTF-8 begins with a byte order mark;
 * ASCII alone is valid without.
 */
static void put_message(const struct encode_context *c, struct sv message, size_t max, struct buf *b)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    buf_putc(b, ' ');
    size_t start = b->n;
    syslog_message(b, message, max);
    if (buf_ok(b) && b->n == start) {
        buf_cut(b, start - 1);
        return;
    }
    bool wants_mark = c->bom == BOM_ALWAYS ||
                      (c->bom == BOM_AUTO && buf_ok(b) && has_high_byte(sv_slice(buf_sv(b), start, b->n)));
    if (!wants_mark || !buf_room(b, sizeof mark))
        return;
    memmove(b->p + start + sizeof mark, b->p + start, b->n - start);
    memcpy(b->p + start, mark, sizeof mark);
    b->n += sizeof mark;
}

static void put_head(const struct encode_context *c, const struct record *r, uint32_t sequence,
                     enum detail detail, struct buf *b)
{
    put_header(c, r, b);
    buf_putc(b, ' ');
    put_structured_data(c, r, sequence, detail, b);
}

static bool fits(const struct encode_context *c, const struct buf *b, size_t start)
{
    return buf_ok(b) && (c->max_bytes == 0 || b->n - start <= c->max_bytes);
}

static void take_back(struct buf *b, size_t start)
{
    buf_cut(b, start);
    b->failed = false;
}

/* The last step: as much of MSG as there is room for. False when not even the head fits. */
static bool put_cut(const struct encode_context *c, const struct record *r, uint32_t sequence, struct buf *b)
{
    enum { BLANK_AND_MARK = 4 };
    size_t start = b->n;
    put_head(c, r, sequence, WITHOUT_DN, b);
    if (!fits(c, b, start))
        return false;
    size_t room = b->limit - b->n;
    if (c->max_bytes && c->max_bytes - (b->n - start) < room)
        room = c->max_bytes - (b->n - start);
    if (room > BLANK_AND_MARK)
        put_message(c, r->message, room - BLANK_AND_MARK, b);
    return fits(c, b, start);
}

static enum encode_status encode(const struct encode_context *context, const struct record *record,
                                 uint32_t sequence, struct buf *out)
{
    size_t start = out->n;
    if (!buf_ok(out))
        return ENCODE_TOO_LARGE;
    for (enum detail detail = WITH_EVERYTHING; detail <= WITHOUT_DN; detail++) {
        put_head(context, record, sequence, detail, out);
        put_message(context, record->message, SIZE_MAX, out);
        if (fits(context, out, start))
            return detail == WITH_EVERYTHING ? ENCODE_OK : ENCODE_REDUCED;
        take_back(out, start);
    }
    if (put_cut(context, record, sequence, out))
        return ENCODE_REDUCED;
    take_back(out, start);
    return ENCODE_TOO_LARGE;
}

const struct encoder_ops encoder_rfc5424 = {
    .name = "rfc5424",
    .title = "Syslog, RFC 5424 with structured data",
    .content_type = "text/plain; charset=utf-8",
    .single_line = true,
    .encode = encode,
};
