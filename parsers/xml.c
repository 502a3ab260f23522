/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event XML: what wevtutil, the Event Viewer and PowerShell write, in UTF-8 or UTF-16, one after the other in
 * any number; and instances of WMI's Win32_NTLogEvent in CIM-XML (cim_instance.h), which the first element
 * tells.
 *
 * With a selector of one id the raw bytes are searched for that number; only the record around a hit is
 * looked at. What is accepted as a hit is xml_event_id_at's to say: the decimal number as the text of an
 * EventID element. Other selectors walk from record to record. Both ways end in the same exact test on
 * decoded values.
 *
 * The search keeps no state but the place where it is and how long no tag of a record was met before it, so
 * that any position between two records is as good as the file's beginning, and how the input was cut by
 * reads cannot matter. More than a record's limit without such a tag is damage, which is told once, where it
 * ends. In a position record is its length so far, or STRETCH_TOLD.
 */
#include "xml_inner.h"
#include "xml_probe.h"
#include "xml_text.h"

#include <stdlib.h>

enum {
    PREFIX_BYTES = 1024,          /* of the stable prefix */
    TAIL_BYTES = 64 * 1024,       /* looked at by xml_end for a record that has only begun */
    UTF8_SLACK_BYTES = 64 * 1024, /* of the buffer for UTF-8 above the longest record */
};

/* --- bytes --- */

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

/* --- one record --- */

enum walk { WALK_END, WALK_TORN, WALK_LONG, WALK_MORE };

/* From at to the end of the record that begins at border: *end is the index behind what was passed. */
static enum walk walk_record(struct parser *p, size_t *end)
{
    size_t unit = text_unit(p->text.encoding), longest = p->border + xml_record_limit(p);
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
            mask = xml_mask_end(&p->text, i, xml_record_limit(p), xml_is_final(p), end);
        if ((tag == XML_TAG_CUT && !xml_is_final(p)) || mask == XML_MASK_OPEN)
            return WALK_MORE;
        p->masked |= mask == XML_MASK_CLOSED;
        p->at = mask == XML_MASK_CLOSED ? *end : i + unit;
    }
}

/* --- steps --- */

static void finish(struct parser *p, struct step *step, enum step_kind kind, size_t border)
{
    xml_set_border(p, border);
    step->kind = kind;
    step->pos = xml_position_at(p, border);
    p->last_step = step->pos.offset;
}

static bool skip(struct parser *p, struct step *step, size_t end, const char *reason)
{
    step->offset = xml_offset_at(p, p->border);
    step->length = end - p->border;
    step->reason = reason;
    finish(p, step, STEP_SKIP, end);
    return true;
}

static bool reject(struct parser *p, size_t end)
{
    p->counts.rejected += p->by_number;
    xml_set_border(p, end);
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
    e->offset = xml_offset_at(p, p->border);
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
    size_t n = xml_decode_plain(p->decoder, sv_slice(there, 0, xml_record_limit(p)), e);
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
    step->pos = xml_position_at(p, p->border);
    p->last_step = step->pos.offset;
    p->gap = 0;
    return true;
}

/* Nothing more can be had now. */
static void stop_here(struct parser *p, struct step *step)
{
    bool begun = p->in_record || xml_settle(p, xml_is_final(p));
    if (!begun && xml_is_final(p) && xml_stretch_to(p, p->text.n) > xml_record_limit(p)) {
        xml_end_stretch(p, p->text.n);
        xml_set_border(p, p->text.n);
    }
    if (tell_gap(p, step))
        return;
    if (p->in_record && xml_is_final(p)) {
        skip(p, step, p->text.n, "the record is cut off");
        return;
    }
    if (begun) {
        step->offset = xml_offset_at(p, p->border);
        step->length = p->text.n - p->border;
    } else {
        xml_pass_blanks(p);
    }
    step->kind = STEP_MORE;
    step->pos = xml_position_at(p, p->border);
    p->last_step = step->pos.offset;
}

static void xml_next(struct parser *p, struct event *event, struct step *step)
{
    *step = (struct step){0};
    for (;;) {
        bool more = !p->in_record && (!p->form_known || xml_search(p) == SEARCH_MORE);
        if (tell_gap(p, step) || (!more && go_on(p, event, step, &more)))
            return;
        if (!more)
            continue;
        if (!p->in_record) {
            xml_settle(p, false);
            if (tell_gap(p, step))
                return;
            if (xml_offset_at(p, p->border) - p->last_step >= TEXT_BREATH_BYTES) {
                step->kind = STEP_PROGRESS;
                step->pos = xml_position_at(p, p->border);
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
    xml_set_border(p, index);
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
