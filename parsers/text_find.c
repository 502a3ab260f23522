/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search of text_lines_find: raw bytes for a word, then back to where its record begins.
 *
 * What lies between two reads cannot matter: a record's beginning is carried over as long as a word that is
 * still to come could belong to it, and one that is too far from the word is never gone back to, read or not.
 */
#include "needle.h"
#include "text_lines_inner.h"

enum {
    SHOWN_BYTES = 2 * TEXT_FILTER_LINE, /* raw, of a line that is shown to the filter */
    MARGIN = 2 * TEXT_WORD_MAX + 8,     /* no word and no terminator is longer */
    MARK_STEP = 256,                    /* bytes that are looked at for marks at first */
};

/* The filter's word in the file's encoding, without the zero at its outer side; lead bytes of its first
 * character are left out. */
struct pattern {
    uint8_t bytes[2 * TEXT_WORD_MAX];
    size_t n, lead;
};

static struct pattern widen(const struct text_lines *l)
{
    struct pattern p = {.lead = l->coding.encoding == TEXT_UTF16BE};
    for (size_t i = 0; i < l->filter.word.n && i < TEXT_WORD_MAX; i++) {
        if (i && l->coding.encoding != TEXT_UTF8)
            p.bytes[p.n++] = 0;
        p.bytes[p.n++] = (uint8_t)l->filter.word.p[i];
    }
    return p;
}

static bool next_hit(struct text_lines *l, const struct pattern *p, size_t *hit)
{
    size_t from = (l->searched > l->at ? l->searched : l->at) + p->lead;
    if (from < l->window.n) {
        const uint8_t *found = needle_find(l->window.p + from, l->window.n - from, p->bytes, p->n);
        if (found) {
            *hit = (size_t)(found - l->window.p) - p->lead;
            return true;
        }
        if (l->window.n - from >= p->n)
            from = l->window.n - p->n + 1;
    }
    l->searched = from - p->lead;
    return false;
}

/* Where the line begins that index stands in. False if that is too far away, or before everything that is
 * kept. */
static bool line_start(struct text_lines *l, size_t index, size_t limit, size_t *start)
{
    struct text_bytes t = text_lines_bytes(l);
    size_t end, floor = l->bare > l->at + MARGIN ? l->bare - MARGIN : l->at;
    *start = l->at;
    if (!text_break_before(&t, floor, index, &end, start)) {
        l->bare = index > l->bare ? index : l->bare;
        if (l->in_rest)
            return false;
    }
    return index - *start <= limit;
}

/* The line before the one at start; false if there is none behind the border. */
static bool line_before(const struct text_lines *l, size_t *start)
{
    struct text_bytes t = text_lines_bytes(l);
    size_t end, next, before = l->at;
    if (*start <= l->at || !text_break_before(&t, l->at, *start, &end, &next))
        return false;
    if (!text_break_before(&t, l->at, end, &next, &before)) {
        before = l->at;
        if (l->in_rest)
            return false;
    }
    *start = before;
    return true;
}

/* Is so much of the line at start in memory as the filter is shown? */
static bool is_shown_whole(const struct text_lines *l, size_t start)
{
    struct text_bytes t = text_lines_bytes(l);
    size_t end, next;
    bool final = text_window_is_final(&l->window);
    return final || t.n - start > SHOWN_BYTES || text_break_next(&t, start, start, final, &end, &next);
}

static bool begins_record(struct text_lines *l, size_t start)
{
    struct text_bytes t = text_lines_bytes(l);
    size_t end, next;
    bool replaced = false, cut = false;
    if (t.n - start > SHOWN_BYTES)
        t.n = start + SHOWN_BYTES + 2;
    if (!text_break_next(&t, start, start, true, &end, &next))
        end = t.n;
    if (end - start > SHOWN_BYTES)
        end = start + text_lines_cut(l, start, SHOWN_BYTES);
    struct sv line = text_to_utf8(&l->coding, sv_make(t.p + start, end - start), TEXT_FILTER_LINE,
                                  &l->line_text, &replaced, &cut);
    return !sv_absent(line) && l->filter.begins(l->filter.ctx, line);
}

static bool has_marks(const struct text_lines *l)
{
    return l->filter.mark && l->coding.encoding == TEXT_UTF8;
}

/* The last mark in [floor, before), looked for from before on back. */
static bool mark_before(const struct text_lines *l, size_t floor, size_t before, size_t *mark)
{
    bool found = false;
    for (size_t high = before, step = MARK_STEP; high > floor && !found; step *= 2) {
        size_t low = high - floor > step ? high - step : floor;
        size_t end = before - high > TEXT_WORD_MAX ? high + TEXT_WORD_MAX : before;
        for (size_t at = low; at < high; at = *mark + 1) {
            size_t next = at + l->filter.mark(l->filter.ctx, l->window.p + at, end - at);
            if (next >= high)
                break;
            *mark = next;
            found = true;
        }
        high = low;
    }
    return found;
}

/* The nearest line before the one at start that may begin a record; false as line_before. */
static bool candidate_before(const struct text_lines *l, size_t floor, size_t *start)
{
    struct text_bytes t = text_lines_bytes(l);
    size_t mark, end;
    if (!has_marks(l))
        return line_before(l, start);
    if (!mark_before(l, floor, *start, &mark))
        return false;
    if (!text_break_before(&t, l->at, mark, &end, start)) {
        *start = l->at;
        return !l->in_rest;
    }
    return true;
}

/* The nearest line at or before *start that begins a record, at most limit before index. */
static bool record_start(struct text_lines *l, size_t index, size_t limit, size_t *start)
{
    size_t at = *start, floor = index - l->at > limit ? index - limit : l->at;
    while (!begins_record(l, at))
        if (!candidate_before(l, floor, &at) || index - at > limit)
            return false;
    *start = at;
    return true;
}

void text_lines_skip(struct text_lines *l, struct sv word)
{
    struct text_bytes t = text_lines_bytes(l);
    size_t longest = l->border + text_lines_limit(l), end;
    if (!has_marks(l) || !l->held || l->in_rest || l->at >= longest)
        return;
    size_t n = (t.n < longest ? t.n : longest) - l->at;
    const uint8_t *p = t.p + l->at, *hit = NULL;
    if (word.n)
        hit = needle_find(p, n, (const uint8_t *)word.p, word.n);
    n = l->filter.mark(l->filter.ctx, p, hit ? (size_t)(hit - p) : n);
    /* What the end cuts belongs to a line that is not passed. */
    if (text_break_before(&t, l->at, l->at + n, &end, &l->at))
        l->scanned = l->bare = l->at;
}

enum verdict { FOUND, NOT_HERE, NOT_YET };

/* The digit that the unit at index is, or -1. */
static int digit_at(const struct text_lines *l, size_t index)
{
    const uint8_t *p = l->window.p + index;
    bool wide = l->coding.encoding != TEXT_UTF8, big = l->coding.encoding == TEXT_UTF16BE;
    if (wide && p[!big] != 0)
        return -1;
    return ascii_is_digit((char)p[big]) ? p[big] - '0' : -1;
}

/* Is the number at hit the word, or has it the same low 16 bits? A longer number is read as far as 20 digits.
 */
static enum verdict look_at_number(const struct text_lines *l, size_t hit)
{
    enum { DIGITS_MAX = 20 };
    size_t unit = text_unit(l->coding.encoding), from = hit, n = 0;
    uint64_t number = 0, want;
    while (from >= l->at + unit && digit_at(l, from - unit) >= 0 && hit - from < DIGITS_MAX * unit)
        from -= unit;
    for (; n < DIGITS_MAX; n++, from += unit) {
        if (l->window.n - from < unit)
            break;
        int digit = digit_at(l, from);
        if (digit < 0)
            return sv_to_u64(l->filter.word, &want) && (number ^ want) & 0xffff ? NOT_HERE : FOUND;
        number = number * 10 + (unsigned)digit;
    }
    return n < DIGITS_MAX && !text_window_is_final(&l->window) ? NOT_YET : FOUND;
}

static enum verdict look_at(struct text_lines *l, size_t hit)
{
    size_t start;
    enum verdict number = l->filter.is_number ? look_at_number(l, hit) : FOUND;
    if (number == NOT_HERE || !line_start(l, hit, text_lines_limit(l), &start)) {
        l->searched = hit + 1;
        return NOT_HERE;
    }
    l->searched = hit;
    if (number == NOT_YET)
        return NOT_YET;
    if (l->filter.begins) {
        if (!is_shown_whole(l, start))
            return NOT_YET;
        record_start(l, hit, text_lines_limit(l), &start);
    }
    text_lines_go_to(l, start);
    return FOUND;
}

/*
 * Nothing is in memory, or a word in a line that is not shown whole yet: lets go of what no word there or
 * still to come can belong to.
 */
static void retreat(struct text_lines *l)
{
    size_t n = l->window.n, start, line, limit = text_lines_limit(l) + SHOWN_BYTES + MARGIN;
    if (!line_start(l, n, limit, &start)) {
        size_t rest = n > l->at + MARGIN ? n - MARGIN : l->at;
        text_lines_go_to(l, rest);
        l->in_rest = true;
        return;
    }
    line = start;
    if (l->filter.begins && line_before(l, &line) && n - line <= limit && record_start(l, n, limit, &line))
        start = line;
    text_lines_go_to(l, start);
}

enum text_pull text_lines_find(struct text_lines *l)
{
    enum text_pull known = text_lines_learn(l);
    text_lines_pass(l);
    if (known != TEXT_LINE || sv_empty(l->filter.word))
        return known;
    struct pattern pattern = widen(l);
    for (;;) {
        enum verdict verdict = NOT_HERE;
        size_t hit;
        while (verdict == NOT_HERE && next_hit(l, &pattern, &hit))
            verdict = look_at(l, hit);
        if (verdict == FOUND)
            return TEXT_LINE;
        if (text_window_is_final(&l->window)) {
            text_lines_go_to(l, l->window.n);
            return TEXT_END;
        }
        retreat(l);
        if (text_lines_need_breath(l))
            return TEXT_BREATH;
        enum text_refill result = text_lines_read(l);
        if (result == TEXT_NOTHING)
            return TEXT_MORE;
        if (result != TEXT_REFILLED)
            return text_lines_failed(l, result);
    }
}
