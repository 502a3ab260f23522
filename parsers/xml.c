/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event XML: what wevtutil, the Event Viewer and PowerShell write, in UTF-8 or UTF-16, one after the other in
 * any number; and instances of WMI's Win32_NTLogEvent in CIM-XML (cim_instance.h), which the first element
 * tells.
 *
 * With a selector of one id the raw bytes are searched for that number; only the record around a hit is
 * looked at. What is accepted as a hit is xml_event_id_at's to say: the decimal number as the text of an
 * EventID element. Other selectors walk from record to record. Both ways end in the
 * same exact test on decoded values.
 *
 * The search keeps no state but the place where it is and how long no tag of a record was met before it, so
 * that any position between two records is as good as the file's beginning, and how the input was cut by
 * reads cannot matter. More than a record's limit without such a tag is damage, which is told once, where it
 * ends. In a position record is its length so far, or STRETCH_TOLD.
 */
#include "cim_instance.h"
#include "needle.h"
#include "text_window.h"
#include "xml_decode.h"
#include "xml_probe.h"
#include "xml_scan.h"
#include "xml_text.h"

#include <stdlib.h>

enum {
    PREFIX_BYTES = 1024,          /* of the stable prefix */
    TAIL_BYTES = 64 * 1024,       /* looked at by xml_end for a record that has only begun */
    UTF8_SLACK_BYTES = 64 * 1024, /* of the buffer for UTF-8 above the longest record */
};

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct xml_decoder *decoder;
    struct cim_decoder *cim; /* of files in that dialect */

    struct text_window window;
    struct xml_text text; /* the window's bytes */
    bool form_known;

    bool by_number; /* search for the one id that is wanted */
    uint32_t id;
    struct xml_number number;

    size_t border;  /* index: no record and no mask is open here, and nothing before it is of interest */
    size_t bare;    /* index: [border, bare) holds no <Event and no </Event> */
    size_t at;      /* index of what was not looked at yet */
    bool in_record; /* a record that has to be looked at begins at border; at is inside of it */
    bool tried;     /* the short way was tried for it */
    bool masked;    /* the record has a comment or a CDATA section */

    uint64_t passed;      /* bytes before border that belong to the stretch without a tag which it lies in */
    uint64_t gap, gap_at; /* bytes and offset of such a stretch that has ended and is to be told; 0: none */

    uint64_t last_step; /* offset of the last step's position */
    struct buf utf8;    /* the record, where the file is UTF-16 or damaged */
    struct parser_counts counts;
};

/* What is before the border was told as part of a record that is too long. */
#define STRETCH_TOLD (UINT64_C(1) << 62)

/* --- bytes --- */

static struct position position_at(const struct parser *p, size_t index)
{
    struct position position = text_window_position(&p->window, index);
    position.record = p->passed;
    return position;
}

/* The file's offset of an index. */
static uint64_t offset_at(const struct parser *p, size_t index)
{
    return p->window.base + index;
}

static enum text_refill refill(struct parser *p)
{
    size_t gone;
    enum text_refill result = text_window_more(&p->window, p->border, &gone);
    p->text.p = p->window.p;
    p->text.n = p->window.n;
    p->border -= gone;
    p->bare = p->bare > gone ? p->bare - gone : 0;
    p->at -= gone;
    return result;
}

static bool is_final(const struct parser *p)
{
    return text_window_is_final(&p->window);
}

/* Which elements are records, by the file's beginning. */
static enum text_refill learn_dialect(const struct input *in, enum xml_dialect *dialect)
{
    char head[PARSER_HEAD_BYTES];
    size_t n = in->size < sizeof head ? (size_t)in->size : sizeof head;
    ptrdiff_t got = n ? in->read_at(in->ctx, 0, head, n) : 0;
    if (got < 0)
        return TEXT_UNREADABLE;
    bool whole = (size_t)got == in->size && in->complete;
    return xml_dialect_of(sv_make(head, (size_t)got), whole, dialect) ? TEXT_REFILLED : TEXT_NOTHING;
}

static enum text_refill learn_form(struct parser *p)
{
    struct text_coding coding;
    enum text_refill result = text_window_coding(&p->window, CODE_PAGE_AUTO, &coding);
    if (result == TEXT_REFILLED)
        result = learn_dialect(p->in, &p->text.dialect);
    if (result == TEXT_REFILLED && p->text.dialect == XML_CIM && !p->cim && !(p->cim = cim_decoder_new()))
        result = TEXT_NO_MEMORY;
    if (result != TEXT_REFILLED)
        return result;
    p->text.encoding = coding.encoding;
    xml_number_init(&p->number, p->id, p->text.encoding);
    p->form_known = true;
    return TEXT_REFILLED;
}

/* --- searching --- */

enum search {
    SEARCH_FOUND, /* a record that has to be looked at begins at border */
    SEARCH_MORE,  /* nothing in what is in memory */
};

static size_t record_limit(const struct parser *p)
{
    return EVENT_TEXT_MAX * text_unit(p->text.encoding);
}

static void set_border(struct parser *p, size_t index)
{
    p->border = p->bare = p->at = index;
    p->in_record = p->tried = p->masked = false;
    p->passed = 0;
}

/* The bytes of the stretch without a tag that ends at index to, of which nothing is before border. */
static uint64_t stretch_to(const struct parser *p, size_t to)
{
    return p->passed == STRETCH_TOLD ? 0 : p->passed + (to - p->border);
}

/* The border goes to a tag at index to or behind it: tells of a stretch that ends at the first tag on the
 * way. */
static void end_stretch(struct parser *p, size_t to)
{
    size_t at = p->bare > XML_TAG_BYTES_MAX + p->border ? p->bare - XML_TAG_BYTES_MAX : p->border, end;
    if (stretch_to(p, to) > record_limit(p)) {
        while ((at = xml_next_markup(&p->text, at)) < to) {
            enum xml_tag tag = xml_tag_at(&p->text, at, &end);
            if (tag == XML_TAG_EVENT || tag == XML_TAG_EVENT_END)
                break;
            at += text_unit(p->text.encoding);
        }
        at = at < to ? at : to;
        p->gap = stretch_to(p, at) > record_limit(p) ? stretch_to(p, at) : 0;
        p->gap_at = offset_at(p, p->border) - p->passed;
    }
    p->passed = 0;
}

/* The border goes on to an index, and no tag stands in between. */
static void pass_stretch(struct parser *p, size_t index)
{
    if (p->passed != STRETCH_TOLD)
        p->passed += index - p->border;
    p->border = index;
}

/* Goes into the record at start; what lies before from was looked at. */
static enum search enter_record(struct parser *p, size_t start, size_t from)
{
    if (start > p->border || p->passed)
        end_stretch(p, start);
    p->border = p->bare = start;
    p->at = from;
    p->in_record = true;
    p->tried = p->masked = false;
    p->counts.records += !p->by_number;
    return SEARCH_FOUND;
}

/*
 * Is index at inside a record? *start is where it begins. Tags count that the bytes before seen tell, so that
 * what was read beyond cannot matter. Only a record limit's distance is looked at, and nothing twice: a file
 * without any record costs one pass.
 */
static bool record_around(struct parser *p, size_t at, size_t seen, size_t *start)
{
    struct xml_text text = {p->text.p, seen, p->text.encoding, p->text.dialect};
    size_t overlap = p->bare > XML_TAG_BYTES_MAX ? p->bare - XML_TAG_BYTES_MAX : 0;
    size_t floor = overlap > p->border ? overlap : p->border, end = 0;
    if (at > record_limit(p) && floor < at - record_limit(p))
        floor = at - record_limit(p);
    enum xml_tag tag = xml_tag_before(&text, floor, at, start, &end);
    if (tag == XML_TAG_EVENT_END) {
        end_stretch(p, *start);
        p->border = p->bare = end;
    } else if (tag == XML_TAG_OTHER)
        p->bare = at > p->bare ? at : p->bare;
    return tag == XML_TAG_EVENT;
}

/* What to do about the '!' at index at, which may belong to "<!--" or "<![CDATA[". */
static enum search search_mask(struct parser *p, size_t at, bool *more)
{
    size_t back = p->text.encoding == TEXT_UTF8 ? 1 : p->text.encoding == TEXT_UTF16LE ? 2 : 3;
    size_t end = 0, start;
    p->at = at + 1;
    if (at < p->border + back)
        return SEARCH_MORE;
    enum xml_tag tag = xml_tag_at(&p->text, at - back, &end);
    enum xml_mask mask = XML_MASK_NONE;
    if (tag == XML_TAG_MASK)
        mask = xml_mask_end(&p->text, at - back, record_limit(p), is_final(p), &end);
    if (mask == XML_MASK_OPEN || (tag == XML_TAG_CUT && !is_final(p))) {
        p->at = at;
        *more = true;
    } else if (mask == XML_MASK_CLOSED) {
        if (record_around(p, at - back, at - back, &start))
            return enter_record(p, start, at - back);
        end_stretch(p, at - back);
        set_border(p, end);
    }
    return SEARCH_MORE;
}

/* What to do about the wanted number at index hit. */
static enum search search_number(struct parser *p, size_t hit, bool *more)
{
    size_t start, at = hit - p->number.lead;
    p->at = hit + 1;
    if (hit < p->border + p->number.lead)
        return SEARCH_MORE;
    enum xml_hit verdict = xml_event_id_at(&p->text, p->border, at, &p->number);
    if (verdict == XML_HIT_CUT && !is_final(p)) {
        p->at = hit;
        *more = true;
    } else if (verdict == XML_HIT_YES && record_around(p, at, at, &start)) {
        return enter_record(p, start, at);
    } else {
        p->counts.rejected++;
    }
    return SEARCH_MORE;
}

/* The one id that is wanted, and masks, without looking at anything else. */
static enum search search_by_number(struct parser *p)
{
    bool more = false;
    while (!more) {
        const uint8_t *from = p->text.p + p->at;
        const uint8_t *hit = needle_find_or(from, p->text.n - p->at, p->number.bytes, p->number.n, '!');
        if (!hit) {
            if (p->text.n - p->at >= p->number.n)
                p->at = p->text.n - p->number.n + 1;
            break;
        }
        size_t at = (size_t)(hit - p->text.p);
        if ((*hit == '!' ? search_mask(p, at, &more) : search_number(p, at, &more)) == SEARCH_FOUND)
            return SEARCH_FOUND;
    }
    return SEARCH_MORE;
}

/* The next record, whatever it is. */
static enum search search_any(struct parser *p)
{
    size_t unit = text_unit(p->text.encoding), end = 0;
    for (;;) {
        size_t i = xml_next_markup(&p->text, p->at);
        p->at = i;
        if (i == p->text.n)
            return SEARCH_MORE;
        enum xml_tag tag = xml_tag_at(&p->text, i, &end);
        enum xml_mask mask = XML_MASK_NONE;
        if (tag == XML_TAG_EVENT)
            return enter_record(p, i, i + unit);
        if (tag == XML_TAG_MASK)
            mask = xml_mask_end(&p->text, i, record_limit(p), is_final(p), &end);
        if ((tag == XML_TAG_CUT && !is_final(p)) || mask == XML_MASK_OPEN)
            return SEARCH_MORE;
        if (mask == XML_MASK_CLOSED || tag == XML_TAG_EVENT_END) {
            end_stretch(p, i);
            set_border(p, end);
        } else
            p->at = i + unit;
    }
}

static enum search search(struct parser *p)
{
    return p->by_number ? search_by_number(p) : search_any(p);
}

/*
 * Where reading would have to begin again if it ended here: behind the last record, or at one that has only
 * begun (true), which is then gone into if the input has ended.
 */
static bool settle(struct parser *p, bool ended)
{
    size_t start = p->at;
    bool begun = p->by_number && record_around(p, p->at, p->text.n, &start);
    if (begun) {
        end_stretch(p, start);
        p->border = p->bare = start;
    } else if (!p->by_number) {
        pass_stretch(p, start);
        p->bare = start;
    }
    if (begun && ended)
        enter_record(p, start, p->at);
    /* The end tag may reach behind what was searched. */
    if (p->at < p->border)
        p->at = p->border;
    /* Without a tag within a record's length there is no record to come back for. */
    size_t reach = record_limit(p) + XML_TAG_BYTES_MAX;
    if (p->at - p->border > reach && !p->in_record)
        pass_stretch(p, p->at - reach);
    if (p->bare < p->border)
        p->bare = p->border;
    return begun;
}

/* Blanks behind the last record belong to it: a file that ends with a line break is read to its end. */
static void pass_blanks(struct parser *p)
{
    size_t unit = text_unit(p->text.encoding), low = p->text.encoding == TEXT_UTF16BE, to = p->border;
    while (p->text.n - to >= unit) {
        const uint8_t *c = p->text.p + to;
        if (!ascii_is_space((char)c[low]) || (unit == 2 && c[1 - low] != 0))
            break;
        to += unit;
    }
    pass_stretch(p, to);
    p->at = p->at > p->border ? p->at : p->border;
    p->bare = p->bare > p->border ? p->bare : p->border;
}

/* --- one record --- */

enum walk { WALK_END, WALK_TORN, WALK_LONG, WALK_MORE };

/* From at to the end of the record that begins at border: *end is the index behind what was passed. */
static enum walk walk_record(struct parser *p, size_t *end)
{
    size_t unit = text_unit(p->text.encoding), longest = p->border + record_limit(p);
    for (;;) {
        size_t i = xml_next_markup(&p->text, p->at);
        if (i > longest) {
            *end = p->at > longest ? p->at : longest;
            return WALK_LONG;
        }
        p->at = i;
        if (i == p->text.n)
            return WALK_MORE;
        enum xml_tag tag = xml_tag_at(&p->text, i, end);
        enum xml_mask mask = XML_MASK_NONE;
        if (tag == XML_TAG_EVENT_END)
            return *end > longest ? WALK_LONG : WALK_END;
        if (tag == XML_TAG_EVENT) {
            *end = i;
            return WALK_TORN;
        }
        if (tag == XML_TAG_MASK)
            mask = xml_mask_end(&p->text, i, record_limit(p), is_final(p), end);
        if ((tag == XML_TAG_CUT && !is_final(p)) || mask == XML_MASK_OPEN)
            return WALK_MORE;
        p->masked |= mask == XML_MASK_CLOSED;
        p->at = mask == XML_MASK_CLOSED ? *end : i + unit;
    }
}

/* --- steps --- */

static void finish(struct parser *p, struct step *step, enum step_kind kind, size_t border)
{
    set_border(p, border);
    step->kind = kind;
    step->pos = position_at(p, border);
    p->last_step = step->pos.offset;
}

static bool skip(struct parser *p, struct step *step, size_t end, const char *reason)
{
    step->offset = offset_at(p, p->border);
    step->length = end - p->border;
    step->reason = reason;
    finish(p, step, STEP_SKIP, end);
    return true;
}

static bool reject(struct parser *p, size_t end)
{
    p->counts.rejected += p->by_number;
    set_border(p, end);
    return false;
}

/* The record [border, end) is decoded: true if it is selected. */
static bool deliver(struct parser *p, size_t end, struct sv text, struct event *e, struct step *step)
{
    bool wanted =
        e->event_id.has ? selector_wants(p->selector, event_source(e), e->event_id.v) : p->selector->all;
    if (!wanted)
        return reject(p, end);
    e->original = text;
    e->offset = offset_at(p, p->border);
    e->length = end - p->border;
    finish(p, step, STEP_EVENT, end);
    return true;
}

/* The whole record [border, end): true if it makes a step. */
static bool take_record(struct parser *p, size_t end, struct event *e, struct step *step)
{
    bool replaced = false;
    struct sv text = xml_text_utf8(&p->text, p->border, end, &p->utf8, &replaced);
    if (sv_absent(text))
        return skip(p, step, end, "the record is longer than 1 MiB");
    if (!p->cim && !p->masked && !xml_text_can_match(text, p->selector))
        return reject(p, end);
    const char *reason = p->cim ? cim_decode(p->cim, text, e) : xml_decode(p->decoder, text, e);
    if (reason == cim_is_other)
        return reject(p, end);
    if (reason)
        return skip(p, step, end, reason);
    e->text_replaced |= replaced;
    return deliver(p, end, text, e, step);
}

/* The short way: the record at border if it is plain and all of it is there. *end is then the index behind
 * it. */
static bool take_plain(struct parser *p, struct event *e, struct sv *text, size_t *end)
{
    if (p->tried || p->cim || p->text.encoding != TEXT_UTF8)
        return false;
    p->tried = true;
    struct sv there = sv_make(p->text.p + p->border, p->text.n - p->border);
    size_t n = xml_decode_plain(p->decoder, sv_slice(there, 0, record_limit(p)), e);
    *text = sv_slice(there, 0, n);
    *end = p->border + n;
    return n != 0;
}

/* Goes on in the record at border. *more is set when its end is not in memory. */
static bool go_on(struct parser *p, struct event *e, struct step *step, bool *more)
{
    size_t end = p->border;
    struct sv text;
    if (take_plain(p, e, &text, &end))
        return deliver(p, end, text, e, step);
    switch (walk_record(p, &end)) {
    case WALK_END:
        return take_record(p, end, e, step);
    case WALK_TORN:
        return skip(p, step, end, "another record begins before the end of this one");
    case WALK_LONG:
        skip(p, step, end, "the record is longer than 1 MiB");
        step->pos.record = p->passed = STRETCH_TOLD;
        return true;
    case WALK_MORE:
        break;
    }
    *more = true;
    return false;
}

/* A stretch without a record that has ended. */
static bool tell_gap(struct parser *p, struct step *step)
{
    if (!p->gap)
        return false;
    *step = (struct step){.kind = STEP_SKIP, .offset = p->gap_at, .length = p->gap};
    step->reason = "more than 1 MiB without an event record";
    step->pos = position_at(p, p->border);
    p->last_step = step->pos.offset;
    p->gap = 0;
    return true;
}

/* Nothing more can be had now. */
static void stop_here(struct parser *p, struct step *step)
{
    bool begun = p->in_record || settle(p, is_final(p));
    if (!begun && is_final(p) && stretch_to(p, p->text.n) > record_limit(p)) {
        end_stretch(p, p->text.n);
        set_border(p, p->text.n);
    }
    if (tell_gap(p, step))
        return;
    if (p->in_record && is_final(p)) {
        skip(p, step, p->text.n, "the record is cut off");
        return;
    }
    if (begun) {
        step->offset = offset_at(p, p->border);
        step->length = p->text.n - p->border;
    } else {
        pass_blanks(p);
    }
    step->kind = STEP_MORE;
    step->pos = position_at(p, p->border);
    p->last_step = step->pos.offset;
}

static void xml_next(struct parser *p, struct event *event, struct step *step)
{
    *step = (struct step){0};
    for (;;) {
        bool more = !p->in_record && (!p->form_known || search(p) == SEARCH_MORE);
        if (tell_gap(p, step) || (!more && go_on(p, event, step, &more)))
            return;
        if (!more)
            continue;
        if (!p->in_record) {
            settle(p, false);
            if (tell_gap(p, step))
                return;
            if (offset_at(p, p->border) - p->last_step >= TEXT_BREATH_BYTES) {
                step->kind = STEP_PROGRESS;
                step->pos = position_at(p, p->border);
                p->last_step = step->pos.offset;
                return;
            }
        }
        enum text_refill result = p->form_known ? TEXT_REFILLED : learn_form(p);
        if (result == TEXT_REFILLED)
            result = refill(p);
        if (result == TEXT_REFILLED)
            continue;
        if (result == TEXT_NOTHING)
            stop_here(p, step);
        else
            text_window_fail(&p->window, result, p->border, step);
        return;
    }
}

/* --- opening and closing --- */

static void xml_close(struct parser *p)
{
    if (!p)
        return;
    xml_decoder_free(p->decoder);
    cim_decoder_free(p->cim);
    buf_free(&p->utf8);
    text_window_close(&p->window);
    free(p);
}

static struct parser *xml_new(const struct input *in, const struct selector *selector)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->in = in;
    p->selector = selector;
    p->by_number = selector_single_id(selector, &p->id);
    buf_init(&p->utf8, EVENT_TEXT_MAX + UTF8_SLACK_BYTES);
    p->decoder = xml_decoder_new();
    if (!p->decoder) {
        xml_close(p);
        return NULL;
    }
    return p;
}

static struct parser *xml_open(const struct input *in, const struct position *from,
                               const struct parser_options *options, struct fault *fault)
{
    size_t index;
    struct parser *p = xml_new(in, options->selector);
    if (!p) {
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    if (!text_window_open(&p->window, in, from, &index, fault)) {
        xml_close(p);
        return NULL;
    }
    p->text.p = p->window.p;
    p->text.n = p->window.n;
    p->last_step = from->offset;
    set_border(p, index);
    p->passed = from->record <= from->offset || from->record == STRETCH_TOLD ? from->record : 0;
    return p;
}

/* A record of which only the beginning is there belongs to what is still to come. */
static bool xml_end(const struct input *in, struct position *out, struct fault *fault)
{
    struct position from = {.offset = in->size > TAIL_BYTES ? in->size - TAIL_BYTES : 0};
    struct text_coding coding = {TEXT_UTF8, CODE_PAGE_UTF8};
    enum xml_dialect dialect = XML_EVENTS;
    struct text_window w;
    size_t floor, gone, start, end;
    if (!text_window_open(&w, in, &from, &floor, fault))
        return false;
    enum text_refill result = text_window_coding(&w, CODE_PAGE_AUTO, &coding);
    if (result <= TEXT_NOTHING)
        result = learn_dialect(in, &dialect);
    if (result <= TEXT_NOTHING)
        result = text_window_more(&w, floor, &gone);
    struct xml_text text = {w.p, w.n, coding.encoding, dialect};
    if (xml_tag_before(&text, floor, w.n, &start, &end) != XML_TAG_EVENT)
        start = w.n;
    *out = text_window_position(&w, start);
    text_window_close(&w);
    return result <= TEXT_NOTHING || fault_set(fault, FAULT_OS, 0, "the file cannot be read");
}

static void xml_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->counts;
    out->counts_records = !p->by_number;
}

/* --- the parser --- */

static size_t xml_stable_prefix(struct sv head)
{
    return head.n < PREFIX_BYTES ? head.n : PREFIX_BYTES;
}

const struct parser_ops parser_xml = {
    .name = "xml",
    .title = "event XML (.xml)",
    .probe = xml_probe,
    .stable_prefix = xml_stable_prefix,
    .open = xml_open,
    .next = xml_next,
    .end = xml_end,
    .counts = xml_counts,
    .close = xml_close,
};
