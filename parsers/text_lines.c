/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a text export, and records that are one or several of them. */
#include "text_lines.h"

#include "text_break.h"
#include "text_lines_inner.h"

enum { TEXT_SLACK = 64 * 1024 };

/* --- the window --- */

struct text_bytes text_lines_bytes(const struct text_lines *l)
{
    return (struct text_bytes){l->window.p, l->window.n, l->coding.encoding};
}

size_t text_lines_limit(const struct text_lines *l)
{
    return EVENT_TEXT_MAX * text_unit(l->coding.encoding);
}

static size_t lower(size_t index, size_t gone)
{
    return index > gone ? index - gone : 0;
}

enum text_refill text_lines_read(struct text_lines *l)
{
    size_t gone;
    enum text_refill result = text_window_more(&l->window, l->border, &gone);
    l->border = lower(l->border, gone);
    l->last = lower(l->last, gone);
    l->at = lower(l->at, gone);
    l->scanned = lower(l->scanned, gone);
    l->searched = lower(l->searched, gone);
    l->bare = lower(l->bare, gone);
    return result;
}

bool text_lines_need_breath(const struct text_lines *l)
{
    return l->window.base + l->border - l->last_step >= TEXT_BREATH_BYTES;
}

enum text_pull text_lines_failed(struct text_lines *l, enum text_refill why)
{
    l->why = why;
    return TEXT_FAILED;
}

/* Reading goes on at an index that is the border of a line. */
void text_lines_go_to(struct text_lines *l, size_t index)
{
    l->border = l->last = l->at = l->scanned = l->bare = index;
    l->held = l->in_rest = false;
}

/* A position inside a line was saved while the rest of a line that is too long was passed over. */
static bool stands_inside_a_line(const struct text_lines *l)
{
    struct text_bytes before = text_lines_bytes(l);
    before.n = l->at;
    return l->window.base + l->at > 0 && !text_break_at_end(&before);
}

enum text_pull text_lines_learn(struct text_lines *l)
{
    if (l->coding_known)
        return TEXT_LINE;
    enum text_refill result = text_window_coding(&l->window, l->setting, &l->coding);
    if (result == TEXT_NOTHING)
        return text_window_is_final(&l->window) ? TEXT_END : TEXT_MORE;
    if (result != TEXT_REFILLED)
        return text_lines_failed(l, result);
    l->coding_known = true;
    l->in_rest = stands_inside_a_line(l);
    return TEXT_LINE;
}

/* --- opening and closing --- */

bool text_lines_open(struct text_lines *l, const struct input *in, const struct position *from,
                     const struct parser_options *options, const struct text_filter *filter,
                     struct fault *fault)
{
    size_t index;
    *l = (struct text_lines){.setting = options->code_page};
    if (filter)
        l->filter = *filter;
    buf_init(&l->line_text, EVENT_TEXT_MAX + TEXT_SLACK);
    buf_init(&l->record_text, EVENT_TEXT_MAX + TEXT_SLACK);
    if (!text_window_open(&l->window, in, from, &index, fault))
        return false;
    l->last_step = from->offset;
    text_lines_go_to(l, index);
    l->searched = index;
    return true;
}

void text_lines_close(struct text_lines *l)
{
    text_window_close(&l->window);
    buf_free(&l->line_text);
    buf_free(&l->record_text);
}

/* --- lines --- */

size_t text_lines_cut(const struct text_lines *l, size_t from, size_t n)
{
    const uint8_t *p = l->window.p + from;
    size_t least = n - 3;
    if (l->coding.encoding != TEXT_UTF8)
        return (p[n - (l->coding.encoding == TEXT_UTF16LE ? 1 : 2)] & 0xfc) == 0xd8 ? n - 2 : n;
    while (n > least && !code_page_is_single_byte(l->coding.page) && (p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static enum text_pull give(struct text_lines *l, struct text_line *line, size_t end, size_t next)
{
    size_t limit = text_lines_limit(l);
    *line = (struct text_line){.offset = l->window.base + l->at};
    if (end - l->at > limit) {
        end = next = l->at + text_lines_cut(l, l->at, limit);
        l->in_rest = line->cut = true;
    }
    line->length = next - l->at;
    line->text = text_to_utf8(&l->coding, sv_make(l->window.p + l->at, end - l->at), EVENT_TEXT_MAX,
                              &l->line_text, &line->replaced, &line->cut);
    if (sv_absent(line->text))
        return text_lines_failed(l, TEXT_NO_MEMORY);
    l->last = l->at;
    l->at = l->scanned = l->bare = next;
    return TEXT_LINE;
}

/* Passes what is left of a line that is too long, in parts that let the owner breathe. */
static enum text_pull pass_rest(struct text_lines *l)
{
    l->passed_from = l->window.base + l->at;
    for (;;) {
        struct text_bytes t = text_lines_bytes(l);
        size_t end, next;
        bool final = text_window_is_final(&l->window);
        bool found = text_break_next(&t, l->at, l->scanned, final, &end, &next);
        if (found || final) {
            text_lines_go_to(l, found ? next : t.n);
            break;
        }
        /* Half a terminator at the end is looked at again. */
        l->border = l->at = l->scanned = l->bare = end > l->at + 2 ? end - 2 : l->at;
        l->passed = l->window.base + l->at - l->passed_from;
        enum text_refill result = l->passed >= TEXT_BREATH_BYTES ? TEXT_NOTHING : text_lines_read(l);
        if (result == TEXT_NOTHING)
            return l->passed ? TEXT_PASSED : TEXT_MORE;
        if (result != TEXT_REFILLED)
            return text_lines_failed(l, result);
    }
    l->passed = l->window.base + l->at - l->passed_from;
    return l->passed ? TEXT_PASSED : TEXT_END;
}

enum text_pull text_lines_next(struct text_lines *l, struct text_line *line)
{
    enum text_pull known = text_lines_learn(l);
    if (known != TEXT_LINE)
        return known;
    if (!l->held)
        l->border = l->at;
    if (l->held && (l->in_rest || l->at - l->border > text_lines_limit(l)))
        return TEXT_LONG;
    if (l->in_rest)
        return pass_rest(l);
    for (;;) {
        struct text_bytes t = text_lines_bytes(l);
        bool final = text_window_is_final(&l->window);
        size_t next;
        if (text_break_next(&t, l->at, l->scanned, final, &l->scanned, &next))
            return give(l, line, l->scanned, next);
        if (l->scanned - l->at > text_lines_limit(l))
            return give(l, line, l->scanned, l->scanned);
        if (final)
            return l->at == t.n ? TEXT_END : give(l, line, t.n, t.n);
        if (text_lines_need_breath(l))
            return TEXT_BREATH;
        enum text_refill result = text_lines_read(l);
        if (result == TEXT_NOTHING)
            return TEXT_MORE;
        if (result != TEXT_REFILLED)
            return text_lines_failed(l, result);
    }
}

/* --- records --- */

void text_lines_hold(struct text_lines *l)
{
    l->held = true;
    l->border = l->last;
}

void text_lines_back(struct text_lines *l)
{
    l->at = l->scanned = l->bare = l->last;
    l->in_rest = false;
}

void text_lines_pass(struct text_lines *l)
{
    l->held = false;
    l->border = l->at;
}

static size_t without_terminator(const struct text_lines *l, size_t from, size_t to)
{
    struct text_bytes t = {l->window.p + from, to - from, l->coding.encoding};
    size_t unit = text_unit(t.encoding);
    if (!text_break_at_end(&t))
        return t.n;
    bool line_feed = t.p[t.n - (t.encoding == TEXT_UTF16LE ? 2 : 1)] == '\n';
    t.n -= unit;
    if (line_feed && text_break_at_end(&t) && t.p[t.n - (t.encoding == TEXT_UTF16LE ? 2 : 1)] == '\r')
        t.n -= unit;
    return t.n;
}

struct sv text_lines_record(struct text_lines *l, struct event *event)
{
    struct sv raw = sv_make(l->window.p + l->border, without_terminator(l, l->border, l->at));
    event->offset = l->window.base + l->border;
    event->length = l->at - l->border;
    event->cut |= l->in_rest;
    event->original =
        text_to_utf8(&l->coding, raw, EVENT_TEXT_MAX, &l->record_text, &event->text_replaced, &event->cut);
    return event->original;
}

/* --- steps --- */

static void settle(struct text_lines *l, enum step_kind kind, struct step *step)
{
    step->kind = kind;
    step->pos = text_window_position(&l->window, l->border);
    l->last_step = step->pos.offset;
}

void text_lines_finish(struct text_lines *l, enum step_kind kind, struct step *step)
{
    *step = (struct step){0};
    if (kind == STEP_SKIP) {
        step->offset = l->window.base + l->border;
        step->length = l->at - l->border;
    }
    text_lines_pass(l);
    settle(l, kind, step);
}

/* What has begun at the input's end: a record that is held, or a line without terminator. */
static void tell_begun(const struct text_lines *l, struct step *step)
{
    struct text_bytes t = text_lines_bytes(l);
    if (l->border == t.n || (!l->held && text_break_at_end(&t)))
        return;
    step->offset = l->window.base + l->border;
    step->length = t.n - l->border;
}

void text_lines_stop(struct text_lines *l, enum text_pull pull, struct step *step)
{
    *step = (struct step){0};
    switch (pull) {
    case TEXT_LONG:
        text_lines_finish(l, STEP_SKIP, step);
        step->reason = "the record is longer than 1 MiB";
        return;
    case TEXT_PASSED:
        step->offset = l->passed_from;
        step->length = l->passed;
        step->reason = "the rest of a line that is longer than 1 MiB";
        settle(l, STEP_SKIP, step);
        return;
    case TEXT_FAILED:
        text_window_fail(&l->window, l->why, l->border, step);
        return;
    case TEXT_MORE:
    case TEXT_END:
        tell_begun(l, step);
        break;
    case TEXT_BREATH:
    case TEXT_LINE:
        break;
    }
    /* A record that is held is read again from its beginning. */
    if (l->held)
        text_lines_go_to(l, l->border);
    settle(l, pull == TEXT_MORE || pull == TEXT_END ? STEP_MORE : STEP_PROGRESS, step);
}

bool text_lines_end(const struct input *in, struct position *out, struct fault *fault)
{
    struct position from = {.offset = in->size > TEXT_READ_BYTES ? in->size - TEXT_READ_BYTES : 0};
    struct text_window w;
    struct text_coding coding = {TEXT_UTF8, CODE_PAGE_UTF8};
    size_t index, gone, end, next;
    if (!text_window_open(&w, in, &from, &index, fault))
        return false;
    enum text_refill result = text_window_coding(&w, CODE_PAGE_AUTO, &coding);
    if (result <= TEXT_NOTHING)
        result = text_window_more(&w, index, &gone);
    struct text_bytes t = {w.p, w.n, coding.encoding};
    if (!text_break_before(&t, 0, t.n, &end, &next))
        next = in->size > TEXT_READ_BYTES ? t.n : 0;
    *out = text_window_position(&w, next);
    text_window_close(&w);
    return result <= TEXT_NOTHING || fault_set(fault, FAULT_OS, 0, "the file cannot be read");
}
