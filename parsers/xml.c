/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event XML: what wevtutil, the Event Viewer and PowerShell write, in UTF-8 or UTF-16, one after the other in
 * any number.
 *
 * With a selector of one id the raw bytes are searched for that number; only the record around a hit is
 * looked at. What is accepted as a hit is xml_event_id_at's to say: the decimal number as the text of an
 * EventID element. Other selectors walk from record to record. Both ways end in the
 * same exact test on decoded values.
 *
 * The search keeps no state but the place where it is, so that any position between two records is as good as
 * the file's beginning, and how the input was cut by reads cannot matter.
 */
#include "hash64.h"
#include "needle.h"
#include "parser.h"
#include "xml_decode.h"
#include "xml_probe.h"
#include "xml_scan.h"
#include "xml_text.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_BYTES = 512 * 1024,
    SLACK_BYTES = 64 * 1024, /* room for what is carried over to the next read */
    CHECK_BYTES = 64,        /* before a position: what its check proves */
    HEAD_BYTES = 4,          /* tell the encoding */
    PREFIX_BYTES = 1024,     /* of the stable prefix */
    TAIL_BYTES = 64 * 1024,  /* looked at by xml_end for a record that has only begun */
    /* Bytes between two steps after which the owner gets one, a read below what the contract asks for. */
    BREATH_BYTES = PARSER_PROGRESS_BYTES - READ_BYTES,
};

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct xml_decoder *decoder;

    struct xml_text text; /* what is in memory: the file's bytes from base on */
    uint8_t *memory;      /* text.p */
    size_t capacity;
    uint64_t base;
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

    uint64_t last_step; /* offset of the last step's position */
    struct buf utf8;    /* the record, where the file is UTF-16 or damaged */
    struct parser_counts counts;
};

/* --- positions --- */

static uint64_t check_of(const uint8_t *before, size_t n)
{
    uint64_t h = hash64(HASH64_START, before, n);
    return n == 0 ? 0 : h == 0 ? 1 : h;
}

static struct position position_at(const struct parser *p, size_t index)
{
    size_t n = index < CHECK_BYTES ? index : CHECK_BYTES;
    return (struct position){.offset = p->base + index, .check = check_of(p->memory + index - n, n)};
}

/* The bytes before offset, up to CHECK_BYTES; false after an I/O error or where they are not there. */
static bool read_before(const struct input *in, uint64_t offset, uint8_t *to, size_t *n)
{
    *n = offset < CHECK_BYTES ? (size_t)offset : CHECK_BYTES;
    return *n == 0 || (offset <= in->size && in->read_at(in->ctx, offset - *n, to, *n) == (ptrdiff_t)*n);
}

/* --- bytes --- */

enum refill { REFILL_DONE, REFILL_NOTHING, REFILL_SHRUNK, REFILL_OS, REFILL_MEMORY };

/* Drops what lies before the border but the bytes that a position's check needs. */
static void drop_read(struct parser *p)
{
    size_t gone = p->border > CHECK_BYTES ? p->border - CHECK_BYTES : 0;
    if (gone == 0)
        return;
    memmove(p->memory, p->memory + gone, p->text.n - gone);
    p->base += gone;
    p->text.n -= gone;
    p->border -= gone;
    p->bare = p->bare > gone ? p->bare - gone : 0;
    p->at -= gone;
}

static bool make_room(struct parser *p)
{
    if (p->capacity - p->text.n >= READ_BYTES)
        return true;
    size_t capacity = p->text.n + READ_BYTES + SLACK_BYTES;
    uint8_t *memory = realloc(p->memory, capacity);
    if (!memory)
        return false;
    p->memory = memory;
    p->text.p = memory;
    p->capacity = capacity;
    return true;
}

static enum refill refill(struct parser *p)
{
    uint64_t end = p->base + p->text.n;
    if (p->in->size < end)
        return REFILL_SHRUNK;
    if (p->in->size == end)
        return REFILL_NOTHING;
    drop_read(p);
    if (!make_room(p))
        return REFILL_MEMORY;
    uint64_t left = p->in->size - end;
    size_t want = left < READ_BYTES ? (size_t)left : READ_BYTES;
    ptrdiff_t got = p->in->read_at(p->in->ctx, end, p->memory + p->text.n, want);
    if (got < 0)
        return REFILL_OS;
    p->text.n += (size_t)got;
    return got == 0 ? REFILL_NOTHING : REFILL_DONE;
}

/* True when the bytes in memory are all that will ever be. */
static bool is_final(const struct parser *p)
{
    return p->in->complete && p->in->size == p->base + p->text.n;
}

static enum refill learn_form(struct parser *p)
{
    uint8_t head[HEAD_BYTES];
    size_t n = p->in->size < HEAD_BYTES ? (size_t)p->in->size : HEAD_BYTES;
    if (n == 0 || (n < HEAD_BYTES && !p->in->complete))
        return REFILL_NOTHING;
    ptrdiff_t got = p->in->read_at(p->in->ctx, 0, head, n);
    if (got < 0)
        return REFILL_OS;
    if ((size_t)got < n)
        return REFILL_NOTHING;
    p->text.encoding = text_form_of(sv_make(head, n)).encoding;
    xml_number_init(&p->number, p->id, p->text.encoding);
    p->form_known = true;
    return REFILL_DONE;
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
}

/* Goes into the record at start; what lies before from was looked at. */
static enum search enter_record(struct parser *p, size_t start, size_t from)
{
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
    struct xml_text text = {p->memory, seen, p->text.encoding};
    size_t overlap = p->bare > XML_TAG_BYTES_MAX ? p->bare - XML_TAG_BYTES_MAX : 0;
    size_t floor = overlap > p->border ? overlap : p->border, end = 0;
    if (at > record_limit(p) && floor < at - record_limit(p))
        floor = at - record_limit(p);
    enum xml_tag tag = xml_tag_before(&text, floor, at, start, &end);
    if (tag == XML_TAG_EVENT_END)
        p->border = p->bare = end;
    else if (tag == XML_TAG_OTHER)
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
        const uint8_t *from = p->memory + p->at;
        const uint8_t *hit = needle_find_or(from, p->text.n - p->at, p->number.bytes, p->number.n, '!');
        if (!hit) {
            if (p->text.n - p->at >= p->number.n)
                p->at = p->text.n - p->number.n + 1;
            break;
        }
        size_t at = (size_t)(hit - p->memory);
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
        if (mask == XML_MASK_CLOSED || tag == XML_TAG_EVENT_END)
            set_border(p, end);
        else
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
    if (begun || !p->by_number)
        p->border = p->bare = start;
    if (begun && ended)
        enter_record(p, start, p->at);
    /* The end tag may reach behind what was searched. */
    if (p->at < p->border)
        p->at = p->border;
    /* Without a tag within a record's length there is no record to come back for. */
    size_t reach = record_limit(p) + XML_TAG_BYTES_MAX;
    if (p->at - p->border > reach && !p->in_record)
        p->border = p->at - reach;
    if (p->bare < p->border)
        p->bare = p->border;
    return begun;
}

/* Blanks behind the last record belong to it: a file that ends with a line break is read to its end. */
static void pass_blanks(struct parser *p)
{
    size_t unit = text_unit(p->text.encoding), low = p->text.encoding == TEXT_UTF16BE;
    while (p->text.n - p->border >= unit) {
        const uint8_t *c = p->memory + p->border;
        if (!ascii_is_space((char)c[low]) || (unit == 2 && c[1 - low] != 0))
            break;
        p->border += unit;
    }
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
    step->offset = p->base + p->border;
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
    e->offset = p->base + p->border;
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
    if (!p->masked && !xml_text_can_match(text, p->selector))
        return reject(p, end);
    const char *reason = xml_decode(p->decoder, text, e);
    if (reason)
        return skip(p, step, end, reason);
    e->text_replaced |= replaced;
    return deliver(p, end, text, e, step);
}

/* The short way: the record at border if it is plain and all of it is there. *end is then the index behind
 * it. */
static bool take_plain(struct parser *p, struct event *e, struct sv *text, size_t *end)
{
    if (p->tried || p->text.encoding != TEXT_UTF8)
        return false;
    p->tried = true;
    struct sv there = sv_make(p->memory + p->border, p->text.n - p->border);
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
        return skip(p, step, end, "the record is longer than 1 MiB");
    case WALK_MORE:
        break;
    }
    *more = true;
    return false;
}

static void fail(struct parser *p, struct step *step, enum refill why)
{
    static const struct {
        enum fault_code code;
        const char *text;
    } faults[] = {
        [REFILL_SHRUNK] = {FAULT_REPLACED, "the file became shorter than what was read of it"},
        [REFILL_OS] = {FAULT_OS, "the file cannot be read"},
        [REFILL_MEMORY] = {FAULT_MEMORY, "no memory"},
    };
    step->kind = STEP_FATAL;
    step->pos = position_at(p, p->border);
    fault_set(&step->fault, faults[why].code, 0, "%s", faults[why].text);
    step->fault.offset = p->base + p->text.n;
}

/* Nothing more can be had now. */
static void stop_here(struct parser *p, struct step *step)
{
    bool begun = p->in_record || settle(p, is_final(p));
    if (p->in_record && is_final(p)) {
        skip(p, step, p->text.n, "the record is cut off");
        return;
    }
    if (begun) {
        step->offset = p->base + p->border;
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
        if (!more && go_on(p, event, step, &more))
            return;
        if (!more)
            continue;
        if (!p->in_record) {
            settle(p, false);
            if (p->base + p->border - p->last_step >= BREATH_BYTES) {
                step->kind = STEP_PROGRESS;
                step->pos = position_at(p, p->border);
                p->last_step = step->pos.offset;
                return;
            }
        }
        enum refill result = p->form_known ? REFILL_DONE : learn_form(p);
        if (result == REFILL_DONE)
            result = refill(p);
        if (result == REFILL_DONE)
            continue;
        if (result == REFILL_NOTHING)
            stop_here(p, step);
        else
            fail(p, step, result);
        return;
    }
}

/* --- opening and closing --- */

static void xml_close(struct parser *p)
{
    if (!p)
        return;
    xml_decoder_free(p->decoder);
    buf_free(&p->utf8);
    free(p->memory);
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
    buf_init(&p->utf8, EVENT_TEXT_MAX + SLACK_BYTES);
    p->decoder = xml_decoder_new();
    if (!p->decoder || !make_room(p)) {
        xml_close(p);
        return NULL;
    }
    return p;
}

static struct parser *xml_open(const struct input *in, const struct position *from,
                               const struct parser_options *options, struct fault *fault)
{
    size_t n = 0;
    struct parser *p = xml_new(in, options->selector);
    if (!p) {
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    bool there = from->offset <= in->size;
    if (there && !read_before(in, from->offset, p->memory, &n)) {
        fault_set(fault, FAULT_OS, 0, "the file cannot be read");
    } else if (!there || (from->check && from->check != check_of(p->memory, n))) {
        fault_set(fault, FAULT_REPLACED, 0,
                  "the content before the saved position is not the one that was read");
    } else {
        p->base = from->offset - n;
        p->text.n = n;
        p->last_step = from->offset;
        set_border(p, n);
        return p;
    }
    xml_close(p);
    return NULL;
}

/* A record of which only the beginning is there belongs to what is still to come. */
static bool xml_end(const struct input *in, struct position *out, struct fault *fault)
{
    size_t n = in->size < TAIL_BYTES ? (size_t)in->size : TAIL_BYTES, start = n, end;
    uint8_t head[HEAD_BYTES], *tail = malloc(n + 1);
    size_t known = n < HEAD_BYTES ? n : HEAD_BYTES;
    bool ok = tail && (n == 0 || (in->read_at(in->ctx, 0, head, known) == (ptrdiff_t)known &&
                                  in->read_at(in->ctx, in->size - n, tail, n) == (ptrdiff_t)n));
    if (ok) {
        struct xml_text text = {tail, n, text_form_of(sv_make(head, known)).encoding};
        if (xml_tag_before(&text, 0, n, &start, &end) != XML_TAG_EVENT)
            start = n;
        uint64_t offset = in->size - n + start;
        ok = start >= CHECK_BYTES || read_before(in, offset, tail, &start);
        size_t before = start < CHECK_BYTES ? start : CHECK_BYTES;
        *out = (struct position){.offset = offset, .check = check_of(tail + start - before, before)};
    }
    if (!ok)
        fault_set(fault, tail ? FAULT_OS : FAULT_MEMORY, 0, tail ? "the file cannot be read" : "no memory");
    free(tail);
    return ok;
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
