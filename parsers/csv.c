/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of events: what the Event Viewer, PowerShell, Log Parser, psloglist and wmic write, with commas,
 * semicolons or tabs (csv_layout.h names them).
 *
 * With a selector of one id, and where the table has a column for it, the raw bytes are searched for that
 * number as a whole cell; only the row around a hit is looked at. Where it begins is told by the quotes since
 * the last row that is known (csv_rows.h). That is believed while the row and the one before it are
 * well-formed; else the rows from there on are taken one by one, as they are with any other selector and for
 * wmic, which quotes nothing. Taken one by one, a row that is not well-formed ends where a certain one begins
 * inside of it, so that damage costs one row, which is reported.
 *
 * Headers may come again, other ones too: rows are looked at for them on the way. A position's record is the
 * offset of the header in force, 0 for what the file begins with, which is also taken where reading begins at
 * the end.
 *
 * Numeric dates: the source's setting counts; else what the dates in the table's first 64 KiB show, as much
 * of them as is there; else the language of the header, or of the word for the type where there is none:
 * month first for English, day first for others and for tables with semicolons.
 */
#include "csv_decode.h"
#include "csv_number.h"
#include "csv_probe.h"
#include "csv_rows.h"
#include "csv_table.h"
#include "text_lines.h"

#include <stdlib.h>

enum {
    PREFIX_BYTES = 2048, /* of the stable prefix: longer than any header, so that rows tell files apart */
    SLACK_BYTES = 64 * 1024,
    ARENA_BYTES = 2 * EVENT_TEXT_MAX,
    SHORTEST_HEADER = 8,
    FLIP_BYTES = 16 * 1024, /* a row this long makes us look whether quotes are out of step */
};

struct parser {
    struct text_window window;
    struct parser_options options;
    struct text_coding coding;
    struct csv_layout layout;
    bool coding_known, layout_known;
    uint64_t header; /* offset of the header in force */

    bool by_number; /* search for the one id that is wanted */
    struct csv_number number;

    /* Indexes into the window. */
    size_t border;     /* a row begins here; nothing before it is of interest */
    size_t searched;   /* the number does not begin in [border, searched) */
    size_t walk_until; /* rows that begin before are taken one by one */
    struct csv_count count;
    struct csv_beginnings beginnings;

    uint64_t last_step;
    uint64_t order_size; /* of the input when its order of dates was last told */
    enum date_order order;
    struct csv_decoder decoder;
    struct arena arena;
    struct csv_row row;
    struct buf line_text, row_text;
    struct parser_counts counts;
};

enum outcome {
    OUTCOME_STEP,
    OUTCOME_ON,   /* something was passed: go on */
    OUTCOME_MORE, /* more bytes are needed */
};

static struct text_bytes bytes_of(const struct parser *p)
{
    return (struct text_bytes){p->window.p, p->window.n, p->coding.encoding};
}

static bool is_final(const struct parser *p)
{
    return text_window_is_final(&p->window);
}

static size_t row_limit(const struct parser *p)
{
    return EVENT_TEXT_MAX * text_unit(p->coding.encoding);
}

/* --- what is known of the table --- */

static void use_layout(struct parser *p, const struct csv_layout *layout, uint64_t header)
{
    p->layout = *layout;
    csv_count_from(&p->count, p->border, layout);
    p->header = header;
    p->layout_known = true;
    p->order_size = 0;
    uint32_t id = 0;
    p->by_number = selector_single_id(p->options.selector, &id) && layout->style != CSV_WMIC &&
                   (layout->has_id16 || layout->columns == 0);
    csv_number_init(&p->number, id, p->coding.encoding);
}

static enum text_refill learn(struct parser *p)
{
    struct csv_layout layout;
    enum text_refill result = TEXT_REFILLED;
    if (!p->coding_known)
        result = text_window_coding(&p->window, p->options.code_page, &p->coding);
    if (result != TEXT_REFILLED)
        return result;
    p->coding_known = true;
    result = csv_table_layout(p->window.in, p->header, &p->coding, &layout);
    if (result == TEXT_REFILLED)
        use_layout(p, &layout, p->header);
    return result;
}

/* --- places --- */

static void set_border(struct parser *p, size_t index)
{
    p->border = index;
    csv_count_from(&p->count, index, &p->layout);
    if (p->searched < index)
        p->searched = index;
}

static struct position position_at(const struct parser *p, size_t index)
{
    struct position at = text_window_position(&p->window, index);
    at.record = p->header;
    return at;
}

static enum outcome finish(struct parser *p, enum step_kind kind, size_t border, struct step *step)
{
    set_border(p, border);
    step->kind = kind;
    step->pos = position_at(p, border);
    p->last_step = step->pos.offset;
    return OUTCOME_STEP;
}

/* What stands between the border and end is damaged. */
static enum outcome skip(struct parser *p, size_t end, const char *reason, struct step *step)
{
    step->offset = p->window.base + p->border;
    step->length = end - p->border;
    step->reason = reason;
    return finish(p, STEP_SKIP, end, step);
}

static enum outcome pass(struct parser *p, size_t border)
{
    set_border(p, border);
    return OUTCOME_ON;
}

/* --- headers on the way --- */

static struct sv line_utf8(struct parser *p, size_t begin, size_t end)
{
    bool ignored = false;
    return text_to_utf8(&p->coding, sv_make(p->window.p + begin, end - begin), CSV_HEADER_MAX, &p->line_text,
                        &ignored, &ignored);
}

/* Without looking at more than its first characters: could this line be a header? */
static bool may_be_header(const struct parser *p, const struct text_bytes *t, size_t begin, size_t end)
{
    size_t unit = text_unit(t->encoding);
    if (end - begin < SHORTEST_HEADER * unit || end - begin > CSV_HEADER_MAX)
        return false;
    if (t->encoding == TEXT_UTF8) {
        const uint8_t *letters = t->p + begin;
        letters += *letters == '"';
        return csv_may_begin(&p->beginnings, letters[0], letters[1], letters[2]);
    }
    begin += csv_unit_at(t, begin) == '"' ? unit : 0;
    return csv_may_begin(&p->beginnings, csv_unit_at(t, begin), csv_unit_at(t, begin + unit),
                         csv_unit_at(t, begin + 2 * unit));
}

static bool is_same_layout(const struct csv_layout *a, const struct csv_layout *b)
{
    if (a->columns != b->columns || a->delimiter != b->delimiter || a->order != b->order)
        return false;
    for (size_t i = 0; i < a->columns; i++)
        if (a->column[i] != b->column[i])
            return false;
    return true;
}

/* The end of a line without its terminator. */
static size_t without_break(const struct text_bytes *t, size_t begin, size_t next)
{
    size_t end = next;
    size_t unit = text_unit(t->encoding);
    while (end > begin && (csv_unit_at(t, end - unit) == '\n' || csv_unit_at(t, end - unit) == '\r'))
        end -= unit;
    return end;
}

/* A header among the lines is passed and, if it is another one, obeyed from there on. */
static bool take_header(struct parser *p, size_t begin, size_t end)
{
    struct text_bytes t = bytes_of(p), line = {t.p, end, t.encoding};
    struct csv_layout layout;
    if (!may_be_header(p, &t, begin, end) || !csv_begins_with_a_name(line, &p->coding, begin) ||
        !csv_layout_of_header(line_utf8(p, begin, end), &layout))
        return false;
    if (!is_same_layout(&layout, &p->layout))
        use_layout(p, &layout, p->window.base + begin);
    return true;
}

/* Counts the rows that end at or before limit. True if one was a header, behind which the border is then. */
static bool count_to(struct parser *p, size_t limit)
{
    struct text_bytes t = bytes_of(p);
    while (csv_count_row(&p->count, &t, &p->layout, limit))
        if (may_be_header(p, &t, p->count.before, p->count.row) &&
            take_header(p, p->count.before, without_break(&t, p->count.before, p->count.row))) {
            set_border(p, p->count.row);
            return true;
        }
    return false;
}

/* --- decoding --- */

static enum date_order date_order_of(struct parser *p)
{
    if (p->options.date_order != DATE_ORDER_AUTO)
        return p->options.date_order;
    uint64_t known = p->order_size > p->header ? p->order_size - p->header : 0;
    if (p->order_size == 0 || (known < CSV_EVIDENCE_BYTES && p->order_size != p->window.in->size)) {
        p->order_size = p->window.in->size;
        p->order = csv_table_order(p->window.in, p->header, &p->coding, &p->layout);
        p->counts.order_told = p->order;
    }
    return p->order != DATE_ORDER_AUTO ? p->order : p->layout.order;
}

static bool decode(struct parser *p, size_t begin, const struct csv_extent *extent, struct event *e)
{
    event_clear(e);
    e->offset = p->window.base + begin;
    e->length = extent->next - begin;
    e->original = text_to_utf8(&p->coding, sv_make(p->window.p + begin, extent->end - begin), EVENT_TEXT_MAX,
                               &p->row_text, &e->text_replaced, &e->cut);
    if (sv_absent(e->original))
        return false;
    arena_reset(&p->arena);
    csv_split(&p->layout, e->original, &p->arena, &p->row);
    p->decoder.order = date_order_of(p);
    return csv_decode(&p->decoder, &p->layout, &p->row, e);
}

static bool is_wanted(const struct parser *p, const struct event *e)
{
    if (!e->event_id.has)
        return p->options.selector->all;
    return selector_wants(p->options.selector, event_source(e), e->event_id.v);
}

/* A row whose cells cannot be had after all. */
static enum outcome refuse(struct parser *p, size_t begin, const struct csv_extent *extent, struct step *step)
{
    set_border(p, begin);
    return skip(p, extent->next, "the row does not fit the header's columns", step);
}

static enum outcome deliver(struct parser *p, size_t begin, const struct csv_extent *extent, struct event *e,
                            struct step *step)
{
    if (!decode(p, begin, extent, e))
        return refuse(p, begin, extent, step);
    p->counts.records += !p->by_number;
    if (is_wanted(p, e))
        return finish(p, STEP_EVENT, extent->next, step);
    p->counts.rejected += p->by_number;
    return pass(p, extent->next);
}

/* --- one row --- */

/* The row at the border is not certain. */
static enum outcome take_doubtful(struct parser *p, enum csv_verdict verdict, const struct csv_extent *extent,
                                  struct event *e, struct step *step)
{
    struct text_bytes t = bytes_of(p);
    size_t inside;
    enum csv_verdict inner = csv_row_inside(&t, p->border, extent->next, &p->layout, is_final(p), &inside);
    if (inner == CSV_ROW_OPEN && !is_final(p))
        return OUTCOME_MORE;
    if (inner == CSV_ROW_EXACT)
        return skip(p, inside, "the quotes of the row do not match", step);
    if (verdict == CSV_ROW_LOOSE)
        return deliver(p, p->border, extent, e, step);
    if (verdict == CSV_ROW_LONG)
        return skip(p, extent->next, "the row is longer than 1 MiB", step);
    if (extent->cut)
        return skip(p, extent->next, "the row is cut off", step);
    return skip(p, extent->next, "the row does not fit the header's columns", step);
}

/* The row at the border, whatever it is. */
static enum outcome take_row(struct parser *p, struct event *e, struct step *step)
{
    struct text_bytes t = bytes_of(p);
    struct csv_extent extent;
    enum csv_verdict verdict = csv_row_at(&t, p->border, row_limit(p), &p->layout, is_final(p), &extent);
    if (verdict == CSV_ROW_OPEN)
        return OUTCOME_MORE;
    if (verdict == CSV_ROW_EXACT)
        return deliver(p, p->border, &extent, e, step);
    return take_doubtful(p, verdict, &extent, e, step);
}

/* --- the two ways through a table --- */

/* The row before the one that was counted last is certain, so what was counted is right. */
static bool is_in_step(const struct parser *p)
{
    struct text_bytes t = bytes_of(p);
    struct csv_extent extent;
    if (p->layout.style != CSV_QUOTED || p->count.row == p->border)
        return true;
    return csv_row_at(&t, p->count.before, row_limit(p), &p->layout, false, &extent) == CSV_ROW_EXACT &&
           extent.next == p->count.row;
}

/*
 * The row around the number at index hit. Where it is not certain, the rows from the border on are taken one
 * by one until it is behind.
 */
static enum outcome take_hit(struct parser *p, size_t hit, struct event *e, struct step *step)
{
    struct text_bytes t = bytes_of(p);
    struct csv_extent extent;
    enum csv_verdict verdict = csv_row_at(&t, p->count.row, row_limit(p), &p->layout, is_final(p), &extent);
    bool in_step = is_in_step(p);
    if (in_step && verdict == CSV_ROW_EXACT)
        return deliver(p, p->count.row, &extent, e, step);
    if (in_step && verdict == CSV_ROW_OPEN)
        return OUTCOME_MORE;
    p->walk_until = hit + 1;
    return OUTCOME_ON;
}

static enum outcome search(struct parser *p, struct event *e, struct step *step)
{
    struct text_bytes t = bytes_of(p);
    size_t hit, unit = text_unit(t.encoding);
    while (csv_number_find(&p->number, &t, &p->searched, &hit)) {
        size_t end = csv_number_end(&p->number, hit);
        if (end + unit > t.n && !is_final(p))
            return OUTCOME_MORE;
        p->searched = hit;
        if (count_to(p, hit))
            return OUTCOME_ON;
        if (p->layout.columns && csv_number_is_cell(&t, p->border, hit, end, p->layout.delimiter))
            return take_hit(p, hit, e, step);
        p->searched = hit + 1;
        p->counts.rejected++;
    }
    return count_to(p, t.n) ? OUTCOME_ON : OUTCOME_MORE;
}

static enum outcome walk(struct parser *p, struct event *e, struct step *step)
{
    struct text_bytes t = bytes_of(p);
    size_t end, next;
    bool final = is_final(p);
    if (p->border == t.n)
        return OUTCOME_MORE;
    if (!text_break_next(&t, p->border, p->count.scanned, final, &end, &next)) {
        p->count.scanned = end;
        if (!final && t.n - p->border <= row_limit(p))
            return OUTCOME_MORE;
        end = next = t.n;
    }
    if (end - p->border <= CSV_HEADER_MAX &&
        (csv_is_remark(line_utf8(p, p->border, end)) || take_header(p, p->border, end)))
        return pass(p, next);
    if (p->layout.columns == 0)
        return skip(p, next, "no table of events has begun", step);
    return take_row(p, e, step);
}

/* --- the end of what is in memory --- */

/*
 * Nothing more is found here: lets go of what no number that is still to come can belong to. Where quotes are
 * out of step the rows are taken one by one, so that one row's quotes cost no other row.
 */
static enum outcome retreat(struct parser *p)
{
    size_t row = p->count.row, n = p->window.n;
    bool in_step = is_in_step(p) && (row > p->border || n - p->border < FLIP_BYTES);
    if (!in_step && p->layout.style == CSV_QUOTED) {
        p->walk_until = n;
        return OUTCOME_ON;
    }
    if (n - row > row_limit(p) + SLACK_BYTES)
        row = n - (n - row) % text_unit(p->coding.encoding);
    if (row > p->border)
        set_border(p, row);
    return OUTCOME_MORE;
}

static void lower_all(struct parser *p, size_t gone)
{
    size_t *const indexes[] = {&p->walk_until,   &p->border,        &p->searched,
                               &p->count.line,   &p->count.scanned, &p->count.row,
                               &p->count.before, &p->count.scan.at, &p->count.scan.done};
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++)
        *indexes[i] = *indexes[i] > gone ? *indexes[i] - gone : 0;
}

static bool ends_with_a_line(const struct parser *p)
{
    struct text_bytes t = bytes_of(p);
    return p->border == t.n || p->count.row == t.n;
}

/* Nothing more can be had now. */
static void stop(struct parser *p, struct step *step)
{
    size_t at = p->border;
    if (is_final(p) || (p->by_number && ends_with_a_line(p)))
        at = p->window.n;
    if (at < p->window.n) {
        step->offset = p->window.base + at;
        step->length = p->window.n - at;
    }
    finish(p, STEP_MORE, at, step);
}

static bool is_walking(const struct parser *p)
{
    return !p->by_number || p->border < p->walk_until;
}

static void csv_next(struct parser *p, struct event *event, struct step *step)
{
    *step = (struct step){0};
    for (;;) {
        size_t gone = 0;
        enum text_refill result = p->layout_known ? TEXT_REFILLED : learn(p);
        enum outcome outcome = OUTCOME_MORE;
        if (result == TEXT_REFILLED)
            outcome = is_walking(p) ? walk(p, event, step) : search(p, event, step);
        if (outcome == OUTCOME_STEP)
            return;
        if (outcome == OUTCOME_MORE && result == TEXT_REFILLED && !is_walking(p))
            outcome = retreat(p);
        if (p->window.base + p->border - p->last_step >= TEXT_BREATH_BYTES) {
            finish(p, STEP_PROGRESS, p->border, step);
            return;
        }
        if (outcome == OUTCOME_ON)
            continue;
        if (result == TEXT_REFILLED)
            result = text_window_more(&p->window, p->border, &gone);
        lower_all(p, gone);
        if (result == TEXT_REFILLED)
            continue;
        if (result == TEXT_NOTHING)
            stop(p, step);
        else
            text_window_fail(&p->window, result, p->border, step);
        return;
    }
}

/* --- opening and closing --- */

static void csv_close(struct parser *p)
{
    if (!p)
        return;
    text_window_close(&p->window);
    arena_free(&p->arena);
    buf_free(&p->line_text);
    buf_free(&p->row_text);
    free(p);
}

static struct parser *csv_open(const struct input *in, const struct position *from,
                               const struct parser_options *options, struct fault *fault)
{
    size_t index;
    struct parser *p = calloc(1, sizeof *p);
    if (!p || !text_window_open(&p->window, in, from, &index, fault)) {
        if (!p)
            fault_set(fault, FAULT_MEMORY, 0, "no memory");
        free(p);
        return NULL;
    }
    p->options = *options;
    p->header = from->record <= from->offset ? from->record : 0;
    p->last_step = from->offset;
    p->searched = index;
    set_border(p, index);
    csv_beginnings_init(&p->beginnings);
    arena_init(&p->arena, ARENA_BYTES);
    buf_init(&p->line_text, CSV_HEADER_MAX + SLACK_BYTES);
    buf_init(&p->row_text, EVENT_TEXT_MAX + SLACK_BYTES);
    p->decoder.options = &p->options;
    p->decoder.arena = &p->arena;
    return p;
}

static void csv_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->counts;
    out->counts_records = !p->by_number;
}

/* --- the parser --- */

static size_t csv_stable_prefix(struct sv head)
{
    return head.n < PREFIX_BYTES ? head.n : PREFIX_BYTES;
}

const struct parser_ops parser_csv = {
    .name = "csv",
    .title = "table of events (.csv, .tsv, .txt)",
    .probe = csv_probe,
    .stable_prefix = csv_stable_prefix,
    .open = csv_open,
    .next = csv_next,
    .end = text_lines_end,
    .counts = csv_counts,
    .close = csv_close,
};
