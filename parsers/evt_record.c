/* SPDX-License-Identifier: Apache-2.0 */
/* One record of an .evt file to a struct event. */
#include "evt_record.h"

#include "event_text.h"
#include "evt_ring.h"
#include "reader.h"
#include "utf.h"

enum { /* offsets in the record's head */
       AT_NUMBER = 8,
       AT_TIME = 12,
       AT_ID = 20,
       AT_TYPE = 24,
       AT_STRING_COUNT = 26,
       AT_CATEGORY = 28,
       AT_STRINGS = 36,
       AT_SID_LENGTH = 40,
       AT_SID = 44,
       AT_DATA_LENGTH = 48,
       AT_DATA = 52,
};

enum {
    SOURCE_UNITS_MAX = 256, /* of a name that can be wanted */
    SID_MIN = 8,
};

#define KEYWORD_CLASSIC UINT64_C(0x80000000000000)
#define KEYWORD_AUDIT_SUCCESS UINT64_C(0x20000000000000)
#define KEYWORD_AUDIT_FAILURE UINT64_C(0x10000000000000)

/* The text in front of the next NUL, whose bytes are skipped. False if there is none; then r stays. */
static bool read_text(struct reader *r, struct reader *text)
{
    for (size_t at = r->at; r->n - at >= 2; at += 2)
        if ((r->p[at] | r->p[at + 1]) == 0)
            return reader_sub(r, at - r->at, text) && reader_skip(r, 2);
    return false;
}

enum evt_verdict evt_record_test(const uint8_t *record, size_t n, const struct selector *selector)
{
    char utf8[SOURCE_UNITS_MAX * 3 + 3];
    struct reader r = reader_make(record, n), text;
    uint32_t id = load_le32(record + AT_ID);
    if (selector->all)
        return EVT_WANTED;
    if (!selector_wants_id(selector, id))
        return EVT_PASS;
    if (!reader_seek(&r, EVT_HEAD_BYTES) || !read_text(&r, &text) || text.n > SOURCE_UNITS_MAX * 2)
        return EVT_DECOY;
    struct sv source = sv_make(utf8, utf8_from_utf16(text.p, text.n, TEXT_UTF16LE, utf8, NULL));
    return selector_wants(selector, source, id) ? EVT_WANTED : EVT_DECOY;
}

/* A record in the decoding. */
struct decoding {
    struct reader record;
    struct arena *arena;
    struct event *event;
};

static struct sv text_of(struct decoding *d, const struct reader *utf16)
{
    struct sv text = utf8_from_utf16_in(d->arena, utf16->p, utf16->n, TEXT_UTF16LE, &d->event->text_replaced);
    if (!sv_absent(text))
        return text;
    d->event->cut = true;
    return SV("");
}

/* What a buffer was filled with, in the arena. */
static struct sv keep(struct decoding *d, struct buf *b)
{
    struct sv text = buf_ok(b) ? arena_copy(d->arena, buf_sv(b)) : SV_ABSENT;
    d->event->cut |= sv_absent(text);
    return text;
}

/* The n bytes at an offset; an offset that leads out of the record counts for nothing. */
static bool part(struct decoding *d, size_t length_at, size_t offset_at, struct reader *out)
{
    uint32_t n = load_le32(d->record.p + length_at), at = load_le32(d->record.p + offset_at);
    if (n == 0)
        return false;
    if (at >= EVT_HEAD_BYTES && reader_seek(&d->record, at) && reader_sub(&d->record, n, out))
        return true;
    d->event->cut = true;
    return false;
}

static void read_names(struct decoding *d)
{
    struct reader text;
    if (!reader_seek(&d->record, EVT_HEAD_BYTES) || !read_text(&d->record, &text)) {
        d->event->cut = true;
        return;
    }
    if (text.n)
        d->event->provider = text_of(d, &text);
    if (!read_text(&d->record, &text))
        d->event->cut = true;
    else if (text.n)
        d->event->computer = text_of(d, &text);
}

static void read_strings(struct decoding *d)
{
    unsigned count = load_le16(d->record.p + AT_STRING_COUNT);
    uint32_t at = load_le32(d->record.p + AT_STRINGS);
    struct reader text;
    if (count == 0)
        return;
    if (at < EVT_HEAD_BYTES || !reader_seek(&d->record, at)) {
        d->event->cut = true;
        return;
    }
    for (unsigned i = 0; i < count && !d->event->data_cut; i++) {
        if (!read_text(&d->record, &text)) {
            d->event->cut = true;
            return;
        }
        event_add_datum(d->event, SV_ABSENT, i < EVENT_DATA_MAX ? text_of(d, &text) : SV(""));
    }
}

static void read_sid(struct decoding *d, struct buf *scratch)
{
    struct reader sid;
    if (!part(d, AT_SID_LENGTH, AT_SID, &sid))
        return;
    if (sid.n < SID_MIN || SID_MIN + sid.p[1] * 4u > sid.n) {
        d->event->cut = true;
        return;
    }
    buf_reset(scratch);
    event_text_sid(scratch, sid.p, sid.n);
    d->event->user_sid = keep(d, scratch);
}

static void read_data(struct decoding *d, struct buf *scratch)
{
    struct reader data;
    if (!part(d, AT_DATA_LENGTH, AT_DATA, &data))
        return;
    buf_reset(scratch);
    event_text_hex(scratch, data.p, data.n);
    d->event->binary = keep(d, scratch);
}

/* The types of ReportEvent as the levels and keywords that Windows shows for them today. */
static void read_type(struct event *e, unsigned type)
{
    uint64_t keywords = KEYWORD_CLASSIC;
    switch (type) {
    case 0x01:
        e->level = opt_u64(2);
        break;
    case 0x02:
        e->level = opt_u64(3);
        break;
    case 0x08:
        keywords |= KEYWORD_AUDIT_SUCCESS;
        e->level = opt_u64(4);
        break;
    case 0x10:
        keywords |= KEYWORD_AUDIT_FAILURE;
        e->level = opt_u64(4);
        break;
    case 0x00:
    case 0x04:
        e->level = opt_u64(4);
        break;
    default:
        break;
    }
    e->keywords = opt_u64(keywords);
}

static void read_time(struct decoding *d)
{
    char text[WTIME_TEXT_MAX];
    struct event *e = d->event;
    uint32_t seconds = load_le32(d->record.p + AT_TIME);
    if (seconds == 0)
        return;
    e->time = (struct wtime){.sec = seconds, .present = true};
    e->time_text = arena_copy(d->arena, sv_make(text, wtime_format(&e->time, 0, text)));
}

void evt_record_decode(const uint8_t *record, size_t n, struct arena *arena, struct buf *original,
                       struct event *event)
{
    struct decoding d = {reader_make(record, n), arena, event};
    uint32_t id = load_le32(record + AT_ID);
    event_clear(event);
    event->record_id = opt_u64(load_le32(record + AT_NUMBER));
    event->event_id = opt_u64(id & 0xffff);
    event->qualifiers = opt_u64(id >> 16);
    event->task = opt_u64(load_le16(record + AT_CATEGORY));
    read_type(event, load_le16(record + AT_TYPE));
    read_time(&d);
    read_names(&d);
    read_sid(&d, original);
    read_strings(&d);
    read_data(&d, original);
    buf_reset(original);
    event_text_xml(original, event);
    event->original = buf_sv(original);
    event->cut |= !buf_ok(original);
}
