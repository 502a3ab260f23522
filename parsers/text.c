/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as people and tools write them in text: Event Viewer's clipboard (Windows 2003, and "Copy details as
 * text" of 2008+ with its XML), `wevtutil qe /f:text`, psloglist, Get-WinEvent and Get-EventLog through
 * Format-List, web pages, tickets, and the bare sentence of event 9646. See text_block.h and text_page.h for
 * how each is read.
 *
 * A part is what is decoded at once: a record of a layout whose records are known by their first line, or a
 * stretch of a page with labels or the sentence in it, which ends behind PAGE_GAP lines without. A part may
 * hold several events; a position between them is the part's offset with record: how many of its events were
 * given, wanted or not.
 *
 * Dates whose day and month could be each other, where the source does not say: the dates of the file's first
 * EVIDENCE_BYTES, but none behind the event itself, decide if they can be meant in one way only; else the
 * language of the labels does: month first for English and for the English-only tools psloglist and
 * PowerShell, year first for Japanese and Chinese, day first for the others.
 */
#include "event_time.h"
#include "needle.h"
#include "text_block.h"
#include "text_layout.h"
#include "text_lines.h"
#include "text_page.h"
#include "xml_decode.h"

#include <stdlib.h>
#include <string.h>

enum {
    PAGE_GAP = 8,
    PREFIX_BYTES = 1024, /* of the stable prefix */
    EVIDENCE_BYTES = 64 * 1024,
    ARENA_BYTES = 2 << 20,
    SCRATCH_BYTES = 256 << 10,
    PROPERTY_MAX = 32,
    TEXT_SLACK = 64 * 1024,
};

struct parser {
    const struct input *in;
    struct parser_options options;
    struct text_lines lines;
    struct text_filter filter;
    enum text_layout layout;
    char property[PROPERTY_MAX];    /* that a record of a LIST begins with */
    const struct text_label *first; /* that a block began with */
    char number[12];                /* the only id that is wanted, in decimal */
    struct position from;           /* where reading began, until its part was taken */
    struct parser_counts counts;

    /* The part that is held. */
    bool in_part, part_is_cut, part_gave;
    struct event part;  /* offset, length, text_replaced, cut */
    uint64_t part_next; /* events of it that were looked at */
    struct text_page page;

    struct text_facts facts;
    struct xml_decoder *decoder;
    struct arena arena, scratch;
    struct buf message, strings, binary;
    char label[ZONE_NAME_MAX], joined[LOCAL_TIME_TEXT_MAX + 1];

    struct date_evidence evidence; /* of the bytes before evidence_to */
    uint64_t evidence_to;
};

/* --- the layout --- */

/* Most blocks of a file begin as the one before: a label at the line's beginning can be no longer one. */
static bool begins_block(struct parser *p, struct sv line)
{
    size_t n = p->first ? p->first->text.n : 0;
    if (n && n < line.n && line.p[n] == ':' && sv_starts(line, p->first->text))
        return true;
    const struct text_label *first = text_page_first_label(line);
    p->first = first ? first : p->first;
    return first;
}

static bool begins_record(void *ctx, struct sv line)
{
    struct parser *p = ctx;
    switch (p->layout) {
    case LAYOUT_WEVTUTIL:
        return text_block_is_wevtutil(line);
    case LAYOUT_PSLOGLIST:
        return text_block_is_psloglist(line);
    case LAYOUT_LIST:
        return sv_starts(line, sv_from(p->property)) &&
               sv_eq(text_block_property(line), sv_from(p->property));
    default:
        return begins_block(p, line);
    }
}

/* What the first line of a record has, in the file's own bytes. */
static size_t mark_of_record(void *ctx, const uint8_t *bytes, size_t n)
{
    const struct parser *p = ctx;
    struct sv text = sv_make(bytes, n), word = sv_from(p->property);
    if (p->layout == LAYOUT_BLOCK)
        return text_first_label_mark(text);
    if (p->layout != LAYOUT_LIST)
        word = p->layout == LAYOUT_WEVTUTIL ? SV("Event[") : SV("] ");
    const uint8_t *hit = needle_find(bytes, n, (const uint8_t *)word.p, word.n);
    return hit ? (size_t)(hit - bytes) : n;
}

/*
 * The word without which no record is wanted: the id; where records may tell it only in its 32-bit form, the
 * provider. A page is read in full, because a bare sentence has neither.
 */
static struct sv filter_word(struct parser *p)
{
    const struct selector *s = p->options.selector;
    uint32_t id;
    if (p->layout == LAYOUT_PAGE || !selector_single_id(s, &id))
        return SV_ABSENT;
    if (p->layout == LAYOUT_LIST && strcmp(p->property, "Index") == 0) {
        struct sv provider = s->rules[0].provider;
        size_t n = provider.n && provider.p[provider.n - 1] == '*' ? provider.n - 1 : provider.n;
        return s->count == 1 && n && n <= TEXT_WORD_MAX ? sv_slice(provider, 0, n) : SV_ABSENT;
    }
    struct buf b = {.p = p->number, .cap = sizeof p->number, .limit = sizeof p->number};
    buf_u64(&b, id);
    return buf_sv(&b);
}

static void take_layout(struct parser *p, enum text_layout layout, struct sv property,
                        struct text_coding coding)
{
    size_t n = property.n < PROPERTY_MAX - 1 ? property.n : PROPERTY_MAX - 1;
    if (n)
        memcpy(p->property, property.p, n);
    p->property[n] = '\0';
    p->layout = layout == LAYOUT_UNKNOWN ? LAYOUT_PAGE : layout;
    p->lines.filter.word = filter_word(p);
    p->lines.filter.ctx = p;
    p->lines.filter.begins = begins_record;
    p->lines.filter.is_number = p->lines.filter.word.p == p->number;
    /* Labels beyond ASCII are marks in UTF-8 alone. On a page the lines between events count. */
    if (p->layout != LAYOUT_PAGE && !code_page_is_single_byte(coding.page))
        p->lines.filter.mark = mark_of_record;
    p->counts.counts_records = sv_absent(p->lines.filter.word);
}

enum learnt { LEARNT, LEARN_MORE, LEARN_FAILED };

/* From the file's beginning, wherever reading began. */
static enum learnt learn_layout(struct parser *p)
{
    char head[PARSER_HEAD_BYTES];
    size_t n = p->in->size < sizeof head ? (size_t)p->in->size : sizeof head;
    bool whole = n == sizeof head || p->in->complete, ignored = false;
    ptrdiff_t got = n ? p->in->read_at(p->in->ctx, 0, head, n) : 0;
    struct text_coding coding = {TEXT_UTF8, CODE_PAGE_AUTO};
    if (got < 0)
        return LEARN_FAILED;
    if ((size_t)got < n || n < TEXT_HEAD_BYTES)
        return whole && (size_t)got == n && p->in->complete
                   ? (take_layout(p, LAYOUT_PAGE, SV_ABSENT, coding), LEARNT)
                   : LEARN_MORE;
    struct sv property = SV_ABSENT, raw = sv_make(head, n);
    coding = text_coding_of(raw, p->options.code_page);
    struct sv text = text_to_utf8(&coding, raw, 3 * sizeof head, &p->message, &ignored, &ignored);
    enum text_layout layout = text_layout_of(text, whole, &property);
    if (layout == LAYOUT_UNKNOWN && !whole)
        return LEARN_MORE;
    take_layout(p, layout, property, coding);
    return LEARNT;
}

/* --- parts --- */

static bool begins_part(struct parser *p, struct sv line)
{
    return p->layout == LAYOUT_PAGE ? text_page_is_line_of_event(line) : begins_record(p, line);
}

/* Lines up to the next part. */
static enum text_pull fill_part(struct parser *p)
{
    struct text_line line;
    enum text_pull pull;
    unsigned gap = 0;
    while ((text_lines_skip(&p->lines, SV_ABSENT), pull = text_lines_next(&p->lines, &line)) == TEXT_LINE) {
        if (begins_record(p, line.text)) {
            text_lines_back(&p->lines);
            return TEXT_END;
        }
        if (p->layout != LAYOUT_PAGE)
            continue;
        gap = text_page_is_line_of_event(line.text) ? 0 : gap + 1;
        if (gap >= PAGE_GAP)
            return TEXT_END;
    }
    return pull;
}

/* The next part is held after TEXT_LINE. */
static enum text_pull take_part(struct parser *p)
{
    struct text_line line;
    enum text_pull pull;
    while ((pull = text_lines_find(&p->lines)) == TEXT_LINE &&
           (pull = text_lines_next(&p->lines, &line)) == TEXT_LINE) {
        if (!begins_part(p, line.text))
            continue;
        text_lines_hold(&p->lines);
        p->part_is_cut = line.cut;
        pull = line.cut ? TEXT_LONG : fill_part(p);
        /* Prose may follow a block without end; what stands before is read. */
        if (pull == TEXT_LONG && (p->layout == LAYOUT_BLOCK || p->layout == LAYOUT_PAGE)) {
            p->part_is_cut = true;
            return TEXT_LINE;
        }
        return pull == TEXT_END ? TEXT_LINE : pull;
    }
    return pull;
}

static bool is_strict(const struct parser *p)
{
    return p->layout != LAYOUT_BLOCK && p->layout != LAYOUT_PAGE;
}

static void begin_part(struct parser *p)
{
    arena_reset(&p->arena);
    event_clear(&p->part);
    struct sv text = text_lines_record(&p->lines, &p->part);
    p->in_part = true;
    p->part_gave = false;
    p->part_next = 0;
    if (!is_strict(p))
        text_page_read(&p->page, text, &p->arena, &p->scratch);
}

/* The facts of the part's next event. */
static bool next_facts(struct parser *p)
{
    struct text_facts *f = &p->facts;
    if (!is_strict(p))
        return text_page_next(&p->page, f);
    if (p->part_next)
        return false;
    if (p->layout == LAYOUT_WEVTUTIL)
        text_block_read_wevtutil(p->part.original, f);
    else if (p->layout == LAYOUT_PSLOGLIST)
        text_block_read_psloglist(p->part.original, f);
    else
        text_block_read_list(p->part.original, f, &p->message, &p->strings);
    return true;
}

static bool has_more_facts(const struct parser *p)
{
    return !is_strict(p) && (p->page.at < p->page.count || !p->page.is_whole);
}

/* --- events --- */

static bool has_digit(struct sv line)
{
    for (size_t i = 0; i < line.n; i++)
        if (ascii_is_digit(line.p[i]))
            return true;
    return false;
}

/* Adds what the file's first dates show, up to the end of the part at hand. */
static enum date_order order_shown(struct parser *p)
{
    uint64_t to = p->part.offset + p->part.length;
    to = to < EVIDENCE_BYTES ? to : EVIDENCE_BYTES;
    struct position from = {.offset = p->evidence_to};
    struct input in = *p->in;
    struct text_lines lines;
    struct text_line line;
    /* What is read ends one character behind, which tells a CR from a CRLF. */
    if (in.size > to + 2) {
        in.size = to + 2;
        in.complete = false;
    }
    if (p->evidence_to < to && text_lines_open(&lines, &in, &from, &p->options, NULL, NULL)) {
        while (text_lines_next(&lines, &line) == TEXT_LINE && line.offset + line.length <= to) {
            struct sv date = has_digit(line.text) ? text_block_date(line.text) : SV_ABSENT;
            if (!sv_empty(date))
                date_evidence_add(&p->evidence, date);
        }
        text_lines_close(&lines);
        /* A part ends with a line; behind the last of the EVIDENCE_BYTES nothing is looked at. */
        p->evidence_to = to;
    }
    p->counts.order_told = date_evidence_order(&p->evidence);
    return p->counts.order_told;
}

static void set_time(struct parser *p, struct event *e)
{
    const struct text_facts *f = &p->facts;
    struct sv date = f->value[FIELD_DATE], clock = f->value[FIELD_TIME];
    enum date_order order = p->options.date_order;
    if (e->time.present || sv_empty(date) ||
        event_time_join(e, date, clock, &p->options, order, p->label, p->joined))
        return;
    if (order != DATE_ORDER_AUTO)
        return;
    order = order_shown(p);
    if (order == DATE_ORDER_AUTO)
        order = f->order;
    event_time_join(e, date, clock, &p->options, order, p->label, p->joined);
}

/* A source and an id alone are a mention. */
static bool is_event(const struct event *e)
{
    return !sv_empty(e->provider) && e->event_id.has &&
           (!sv_empty(e->message) || e->data_count || !sv_empty(e->level_text) || !sv_empty(e->channel));
}

static bool is_wanted(struct parser *p, struct event *e)
{
    const struct text_facts *f = &p->facts;
    event_clear(e);
    if (!sv_empty(f->xml) && xml_decode(p->decoder, f->xml, e))
        event_clear(e);
    text_facts_fill(f, e);
    return is_event(e) && selector_wants(p->options.selector, event_source(e), e->event_id.v);
}

/* The message as one line. */
static struct sv unbroken(struct parser *p, struct sv message)
{
    char *to = arena_alloc(&p->arena, message.n);
    for (size_t i = 0; to && i < message.n; i++)
        to[i] = message.p[i] == '\n' ? ' ' : message.p[i];
    return to ? sv_make(to, message.n) : message;
}

static void complete_event(struct parser *p, struct event *e)
{
    const struct text_facts *f = &p->facts;
    set_time(p, e);
    if (e->data_count == 0 && !sv_empty(f->value[FIELD_STRINGS]))
        text_facts_strings(f->value[FIELD_STRINGS], unbroken(p, e->message), e);
    if (sv_empty(e->binary) && !sv_empty(f->dump)) {
        buf_reset(&p->binary);
        text_facts_dump(f->dump, &p->binary);
        e->binary = buf_sv(&p->binary);
    }
    bool sole = p->part_next == 1 && !has_more_facts(p);
    bool as_written = is_strict(p) || (!p->page.has_markup && !sv_empty(f->original));
    e->original = as_written ? f->original : sole ? p->part.original : f->original;
    e->offset = p->part.offset;
    e->length = p->part.length;
    e->text_replaced |= p->part.text_replaced;
    e->cut |= p->part.cut;
}

static void end_part(struct parser *p)
{
    p->counts.rejected += !p->part_gave && !sv_absent(p->lines.filter.word);
    p->in_part = false;
}

/* The step of an event of the part. */
static void give(struct parser *p, struct step *step)
{
    p->part_gave = true;
    if (!has_more_facts(p)) {
        end_part(p);
        text_lines_finish(&p->lines, STEP_EVENT, step);
        return;
    }
    *step = (struct step){.kind = STEP_EVENT};
    step->pos = text_window_position(&p->lines.window, p->lines.border);
    step->pos.record = p->part_next;
}

static bool next_of_part(struct parser *p, struct event *e, struct step *step)
{
    bool resumed = p->from.record && p->part.offset == p->from.offset;
    while (next_facts(p)) {
        p->part_next++;
        if (resumed && p->part_next <= p->from.record)
            continue;
        p->counts.records += p->counts.counts_records;
        if (!is_wanted(p, e))
            continue;
        complete_event(p, e);
        give(p, step);
        return true;
    }
    end_part(p);
    text_lines_pass(&p->lines);
    return false;
}

/* --- the parser --- */

static void text_next(struct parser *p, struct event *event, struct step *step)
{
    if (p->layout == LAYOUT_UNKNOWN) {
        enum learnt learnt = learn_layout(p);
        if (learnt != LEARNT) {
            *step = (struct step){.kind = learnt == LEARN_MORE ? STEP_MORE : STEP_FATAL, .pos = p->from};
            step->length = learnt == LEARN_MORE ? p->in->size - p->from.offset : 0;
            step->offset = p->from.offset;
            if (learnt == LEARN_FAILED)
                fault_set(&step->fault, FAULT_OS, 0, "the file cannot be read");
            return;
        }
    }
    for (;;) {
        if (!p->in_part) {
            enum text_pull pull = take_part(p);
            if (pull != TEXT_LINE) {
                text_lines_stop(&p->lines, pull, step);
                if (step->pos.offset == p->from.offset)
                    step->pos.record = p->from.record;
                return;
            }
            begin_part(p);
        }
        if (next_of_part(p, event, step))
            return;
    }
}

static void text_close(struct parser *p)
{
    if (!p)
        return;
    text_lines_close(&p->lines);
    xml_decoder_free(p->decoder);
    arena_free(&p->arena);
    arena_free(&p->scratch);
    buf_free(&p->message);
    buf_free(&p->strings);
    buf_free(&p->binary);
    free(p);
}

static struct parser *text_open(const struct input *in, const struct position *from,
                                const struct parser_options *options, struct fault *fault)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p) {
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    p->in = in;
    p->options = *options;
    p->from = *from;
    arena_init(&p->arena, ARENA_BYTES);
    arena_init(&p->scratch, SCRATCH_BYTES);
    buf_init(&p->message, EVENT_TEXT_MAX + TEXT_SLACK);
    buf_init(&p->strings, EVENT_TEXT_MAX + TEXT_SLACK);
    buf_init(&p->binary, EVENT_TEXT_MAX);
    p->decoder = xml_decoder_new();
    if (!p->decoder)
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
    else if (text_lines_open(&p->lines, in, from, options, NULL, fault))
        return p;
    text_close(p);
    return NULL;
}

static void text_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->counts;
}

static size_t text_stable_prefix(struct sv head)
{
    return head.n < PREFIX_BYTES ? head.n : PREFIX_BYTES;
}

const struct parser_ops parser_text = {
    .name = "text",
    .title = "event text (clipboard, wevtutil, psloglist, Format-List, pages)",
    .open_ended = true,
    .probe = text_layout_probe,
    .stable_prefix = text_stable_prefix,
    .open = text_open,
    .next = text_next,
    .end = text_lines_end,
    .counts = text_counts,
    .close = text_close,
};
