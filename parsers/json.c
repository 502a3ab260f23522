/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as JSON: lines, arrays and concatenated documents, pretty-printed or compressed, of the tools that
 * json_shapes.c names.
 *
 * With a selector of one id the raw bytes are searched for that number; where it is the value of an id key,
 * the record around it is cut out (json_scan.h) and decoded. Where the file's head has ids with 32 bits
 * (json_head.h), their keys are searched for, too. Other selectors look at every id key. All ways end in the
 * same exact test on decoded values.
 *
 * Numeric dates whose day and month could be each other, where the source does not say: the dates of the
 * head, but none behind the event itself, decide if they can be meant in one way only; else month first.
 *
 * What becomes of a hit depends on the bytes of the record's length around it and on where the last record
 * ended, never on how the input was cut by reads. A record without the wanted id is never looked at, so that
 * damage in it costs nothing; only at the input's end an object that is open is told, as it may become one.
 */
#include "json_decode.h"
#include "json_head.h"
#include "json_probe.h"
#include "json_scan.h"
#include "needle.h"
#include "text_window.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    SLACK_BYTES = 16 * 1024,
    PREFIX_BYTES = 1024, /* of the stable prefix */
    DIGITS_MAX = 16,
    TRIES_MAX = 8, /* ids in one object that is no event; then all of it is passed over */
};

/* Something that is searched for: no occurrence begins in the window before at, and one does at it if found.
 */
struct seek {
    uint8_t bytes[JSON_KEY_BYTES_MAX];
    size_t n, at;
    bool found;
};

struct parser {
    struct text_window window;
    struct text_coding coding;
    struct parser_options options;
    struct json_decoder *decoder;
    struct buf utf8;
    bool coding_known;

    bool by_number; /* search for the one id that is wanted */
    uint32_t id;
    struct seek number, keys[JSON_WIDE_KEYS];
    size_t lead; /* bytes of the number's first digit before its needle */
    struct json_head head;

    /* Indexes into the window. */
    size_t floor; /* no record that is still to come begins before it */
    size_t at;    /* searched up to here */
    size_t open;  /* where a record begins whose end is not there yet */
    bool is_open;
    bool looked; /* the end of the window was looked at: an object is open there at begun, if has_begun */
    bool has_begun;
    size_t begun;
    size_t region; /* end of an object that is no event; tries counts the ids met in it */
    unsigned tries;

    uint64_t last_step;
    struct parser_counts counts;
};

static struct text_bytes bytes_of(const struct parser *p)
{
    return (struct text_bytes){p->window.p, p->window.n, p->coding.encoding};
}

/* Bytes of the longest record. */
static size_t record_limit(const struct parser *p)
{
    return EVENT_TEXT_MAX * text_unit(p->coding.encoding);
}

/* Where the record around a hit at index may begin at the earliest. */
static size_t earliest(const struct parser *p, size_t index)
{
    size_t limit = record_limit(p);
    return index > p->floor + limit ? index - limit : p->floor;
}

/* Index, or in UTF-16 the beginning of the unit that it lies in. */
static size_t whole_units(const struct parser *p, size_t index)
{
    size_t odd = (size_t)((p->window.base + index) % text_unit(p->coding.encoding));
    return index >= p->floor + odd ? index - odd : p->floor;
}

/* --- reading --- */

/* The number's bytes, from its first digit on; those that are zero in front of it are left out. */
static void make_needle(struct parser *p)
{
    char digits[DIGITS_MAX];
    int n = snprintf(digits, sizeof digits, "%u", (unsigned)p->id);
    size_t unit = text_unit(p->coding.encoding);
    p->lead = p->coding.encoding == TEXT_UTF16BE;
    for (size_t i = 0; i < (size_t)n; i++)
        p->number.bytes[i * unit] = (uint8_t)digits[i];
    p->number.n = (size_t)n * unit - (unit - 1);
    for (size_t i = 0; i < JSON_WIDE_KEYS; i++)
        p->keys[i].n = json_wide_key(i, p->coding.encoding, p->keys[i].bytes);
}

/* Ids of 32 bits are searched for once the file's head has one: from what was not given on. */
static void look_at_head(struct parser *p)
{
    if (p->by_number && json_head_look(&p->head, p->window.in, &p->coding) && !p->is_open)
        p->at = p->floor;
}

static enum text_refill learn(struct parser *p)
{
    enum text_refill result = text_window_coding(&p->window, p->options.code_page, &p->coding);
    if (result != TEXT_REFILLED)
        return result;
    p->coding_known = true;
    if (p->by_number)
        make_needle(p);
    return result;
}

static size_t lowered(size_t index, size_t by)
{
    return index > by ? index - by : 0;
}

/* What lies a record's length before the search is dropped, but seldom: moving the rest costs time. */
static enum text_refill refill(struct parser *p)
{
    size_t keep = p->is_open ? p->open : earliest(p, p->at), gone;
    if (keep < EVENT_TEXT_MAX)
        keep = 0;
    enum text_refill result = text_window_more(&p->window, keep, &gone);
    p->floor = lowered(p->floor, gone);
    p->at = lowered(p->at, gone);
    p->open = lowered(p->open, gone);
    p->region = lowered(p->region, gone);
    p->number.at = lowered(p->number.at, gone);
    for (size_t i = 0; i < JSON_WIDE_KEYS; i++)
        p->keys[i].at = lowered(p->keys[i].at, gone);
    p->looked &= result != TEXT_REFILLED;
    if (result == TEXT_REFILLED)
        look_at_head(p);
    return result;
}

/* --- steps --- */

static void finish(struct parser *p, struct step *step, enum step_kind kind, size_t index)
{
    step->kind = kind;
    step->pos = text_window_position(&p->window, index);
    p->last_step = step->pos.offset;
}

/* [start, end) is done with. */
static bool settle(struct parser *p, struct step *step, enum step_kind kind, size_t end)
{
    p->floor = p->at = end;
    p->is_open = p->looked = false;
    p->region = 0;
    finish(p, step, kind, end);
    return true;
}

static bool skip(struct parser *p, struct step *step, size_t start, size_t end, const char *reason)
{
    step->offset = p->window.base + start;
    step->length = end - start;
    step->reason = reason;
    return settle(p, step, STEP_SKIP, end);
}

/* The hit before index next is none. */
static bool reject(struct parser *p, size_t next)
{
    p->counts.rejected += p->by_number;
    p->at = next;
    return false;
}

/* --- one record --- */

/* The object [start, end) around the hit that ends at next is no wanted event, but one may lie inside. */
static bool pass_object(struct parser *p, size_t end, size_t next)
{
    if (next > p->region) {
        p->region = end;
        p->tries = 0;
    }
    return reject(p, ++p->tries > TRIES_MAX && p->region > next ? p->region : next);
}

/*
 * Decodes the record that ends at index end. The tools that turn dates into text do so month first in every
 * language (PowerShell's invariant culture), so that this is what is left where nothing tells.
 */
static enum json_verdict decode(struct parser *p, struct sv text, size_t end, struct event *e,
                                const char **reason)
{
    struct parser_options options = p->options;
    enum json_verdict verdict = json_decode(p->decoder, text, &options, e, reason);
    if (verdict != JSON_EVENT || !json_decode_is_unsure(p->decoder))
        return verdict;
    options.date_order = json_head_order(&p->head, p->window.in, &p->coding, p->window.base + end);
    p->counts.order_told = options.date_order;
    if (options.date_order == DATE_ORDER_AUTO)
        options.date_order = DATE_ORDER_MDY;
    return json_decode(p->decoder, text, &options, e, reason);
}

static bool take_record(struct parser *p, size_t start, size_t end, size_t next, struct event *e,
                        struct step *step)
{
    bool replaced = false, cut = false;
    const char *reason = NULL;
    struct sv raw = sv_make(p->window.p + start, end - start);
    struct sv text = text_to_utf8(&p->coding, raw, EVENT_TEXT_MAX, &p->utf8, &replaced, &cut);
    if (sv_absent(text) || cut)
        return skip(p, step, start, end, "the record is longer than 1 MiB");
    enum json_verdict verdict = decode(p, text, end, e, &reason);
    if (verdict == JSON_DAMAGED)
        return skip(p, step, start, end, reason);
    if (verdict == JSON_NO_EVENT)
        return pass_object(p, end, next);
    p->counts.records += !p->by_number;
    if (!selector_wants(p->options.selector, event_source(e), e->event_id.v)) {
        p->counts.rejected += p->by_number;
        p->floor = p->at = end;
        return false;
    }
    e->original = text;
    e->offset = p->window.base + start;
    e->length = end - start;
    e->text_replaced |= replaced;
    return settle(p, step, STEP_EVENT, end);
}

/* The record at start, to which an id belongs that ends at next. *more: its end is not there. */
static bool go_through(struct parser *p, size_t start, size_t next, struct event *e, struct step *step,
                       bool *more)
{
    struct text_bytes t = bytes_of(p);
    size_t end = start, limit = record_limit(p);
    p->is_open = false;
    bool beyond = t.n - start > limit;
    if (beyond)
        t.n = start + limit;
    /* Nearly every record is plain: its end shows when it is decoded, and it is gone through once only. */
    if (t.encoding == TEXT_UTF8)
        end += json_decode_measure(p->decoder, sv_make(t.p + start, t.n - start));
    if (end >= next)
        return take_record(p, start, end, next, e, step);
    enum json_walk walk = json_record_end(&t, start, &end);
    if (end < next)
        end = next;
    switch (walk) {
    case JSON_WALK_END:
        return take_record(p, start, end, next, e, step);
    case JSON_WALK_BROKEN:
        return skip(p, step, start, end, "a quote or a bracket of the record has no counterpart");
    case JSON_WALK_DEEP:
        return skip(p, step, start, end, "the record is nested deeper than 64");
    case JSON_WALK_MANY:
        return skip(p, step, start, end, "the record has more than 16384 parts");
    case JSON_WALK_MORE:
        break;
    }
    if (beyond)
        return skip(p, step, start, end, "the record is longer than 1 MiB");
    p->is_open = *more = true;
    p->looked &= p->open == start;
    p->open = start;
    return false;
}

/* An id [at, next) outside of strings. */
static bool take_hit(struct parser *p, size_t at, size_t next, struct event *e, struct step *step, bool *more)
{
    struct text_bytes t = bytes_of(p);
    size_t low = earliest(p, at), start;
    if (p->is_open)
        return go_through(p, p->open, next, e, step, more);
    switch (json_record_start(&t, low, at, &start)) {
    case JSON_AROUND_FOUND:
        return go_through(p, start, next, e, step, more);
    case JSON_AROUND_BROKEN:
        return skip(p, step, start, next, "a quote of the record has no counterpart in its line");
    case JSON_AROUND_NONE:
        break;
    }
    if (at - p->floor >= record_limit(p))
        return skip(p, step, low, next, "the record is longer than 1 MiB");
    /* No object is open here: what comes can begin behind this place only. */
    p->floor = next;
    return reject(p, next);
}

/* --- searching --- */

/* The next occurrence at or behind p->at; false when there is none in the window. */
static bool seek_next(const struct parser *p, struct seek *s)
{
    if (s->at < p->at) {
        s->at = p->at;
        s->found = false;
    }
    if (s->found)
        return true;
    size_t left = p->window.n > s->at ? p->window.n - s->at : 0;
    const uint8_t *hit = left ? needle_find(p->window.p + s->at, left, s->bytes, s->n) : NULL;
    s->found = hit;
    if (hit)
        s->at = (size_t)(hit - p->window.p);
    else if (left >= s->n)
        s->at = p->window.n - s->n + 1;
    return hit;
}

/* The nearest of what is searched for; NULL when the window is searched, and p->at is where to go on. */
static struct seek *nearest(struct parser *p)
{
    struct seek *found = seek_next(p, &p->number) ? &p->number : NULL;
    size_t searched = p->number.at;
    for (size_t i = 0; p->head.is_wide && i < JSON_WIDE_KEYS; i++) {
        if (seek_next(p, &p->keys[i]) && (!found || p->keys[i].at < found->at))
            found = &p->keys[i];
        searched = p->keys[i].at < searched ? p->keys[i].at : searched;
    }
    p->at = found ? found->at : searched;
    return found;
}

/* What to do about the number at p->at: as json_id_at, and what take_hit wants to know. */
static enum json_hit look_at_number(struct parser *p, size_t *value, size_t *next)
{
    struct text_bytes t = bytes_of(p);
    size_t n = p->number.n + text_unit(t.encoding) - 1, index = p->at - p->lead;
    if (p->at < p->floor + p->lead)
        return JSON_HIT_NO;
    *next = index + n;
    return json_id_at(&t, earliest(p, index), index, n, text_window_is_final(&p->window), value);
}

/* From hit to hit of the wanted number; true when there is a step, false when the window is searched. */
static bool search_number(struct parser *p, struct event *e, struct step *step)
{
    bool more = false;
    const struct seek *seek;
    while (!more && (seek = nearest(p)) != NULL) {
        struct text_bytes t = bytes_of(p);
        size_t value = 0, next = 0;
        enum json_hit hit =
            seek == &p->number
                ? look_at_number(p, &value, &next)
                : json_wide_id_at(&t, p->at, seek->n, text_window_is_final(&p->window), p->id, &value, &next);
        if (hit == JSON_HIT_CUT)
            return false;
        if (hit == JSON_HIT_NO)
            reject(p, p->at + 1);
        else if (take_hit(p, value, next, e, step, &more))
            return true;
    }
    return false;
}

/* From id key to id key. */
static bool search_any(struct parser *p, struct event *e, struct step *step)
{
    static const uint8_t quotes[] = {'"', 0};
    bool more = false;
    while (!more) {
        struct text_bytes t = bytes_of(p);
        const uint8_t *hit = needle_find(t.p + p->at, t.n - p->at, quotes, 1);
        size_t unit = text_unit(t.encoding), lead = t.encoding == TEXT_UTF16BE;
        size_t index = hit ? (size_t)(hit - t.p) : t.n;
        p->at = index;
        if (!hit || index + unit - lead > t.n)
            return false;
        if (index < p->floor + lead) {
            p->at = index + 1;
            continue;
        }
        index -= lead;
        enum json_hit verdict =
            json_id_key_at(&t, earliest(p, index), index, text_window_is_final(&p->window));
        if (verdict == JSON_HIT_CUT)
            return false;
        if (verdict == JSON_HIT_NO)
            p->at = index + lead + 1;
        else if (take_hit(p, index + unit, index + unit, e, step, &more))
            return true;
    }
    return false;
}

/* --- the end of what is there --- */

/*
 * Nothing more can be had now. The position is behind everything but an object that is open; the search goes
 * on where it was, so that growing changes nothing.
 */
static void stop_here(struct parser *p, struct step *step)
{
    struct text_bytes t = bytes_of(p);
    /* Once for what is there: the owner asks again and again while a file rests. */
    if (!p->looked) {
        p->looked = true;
        p->begun = p->open;
        p->has_begun = p->is_open ||
                       (p->coding_known && json_open_record(&t, whole_units(p, earliest(p, t.n)), &p->begun));
    }
    if (p->has_begun && text_window_is_final(&p->window)) {
        skip(p, step, p->begun, t.n, "the record is cut off");
        return;
    }
    if (p->has_begun) {
        step->offset = p->window.base + p->begun;
        step->length = t.n - p->begun;
    }
    finish(p, step, STEP_MORE, p->has_begun ? p->begun : whole_units(p, t.n));
}

static void json_next(struct parser *p, struct event *event, struct step *step)
{
    *step = (struct step){0};
    for (;;) {
        if (p->coding_known && (p->by_number ? search_number : search_any)(p, event, step))
            return;
        size_t border = p->is_open ? p->open : whole_units(p, earliest(p, p->at));
        if (p->coding_known && p->window.base + border >= p->last_step + TEXT_BREATH_BYTES) {
            finish(p, step, STEP_PROGRESS, border);
            return;
        }
        enum text_refill result = p->coding_known ? TEXT_REFILLED : learn(p);
        if (result == TEXT_REFILLED)
            result = refill(p);
        if (result == TEXT_REFILLED)
            continue;
        if (result == TEXT_NOTHING)
            stop_here(p, step);
        else
            text_window_fail(&p->window, result, p->floor, step);
        return;
    }
}

/* --- opening and closing --- */

static void json_close(struct parser *p)
{
    if (!p)
        return;
    json_decoder_free(p->decoder);
    buf_free(&p->utf8);
    text_window_close(&p->window);
    free(p);
}

static struct parser *json_open(const struct input *in, const struct position *from,
                                const struct parser_options *options, struct fault *fault)
{
    struct parser *p = calloc(1, sizeof *p);
    if (!p || !(p->decoder = json_decoder_new())) {
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
        free(p);
        return NULL;
    }
    buf_init(&p->utf8, EVENT_TEXT_MAX + 2 * SLACK_BYTES);
    p->options = *options;
    p->by_number = selector_single_id(options->selector, &p->id);
    p->last_step = from->offset;
    if (!text_window_open(&p->window, in, from, &p->floor, fault)) {
        json_close(p);
        return NULL;
    }
    p->at = p->floor;
    return p;
}

/* Behind everything but an object that is open within a record's length of the end. */
static bool json_end(const struct input *in, struct position *out, struct fault *fault)
{
    struct parser p = {0};
    size_t index, gone, start;
    uint64_t limit = EVENT_TEXT_MAX * 2;
    struct position from = {.offset = in->size > limit ? (in->size - limit) & ~UINT64_C(1) : 0};
    if (!text_window_open(&p.window, in, &from, &index, fault))
        return false;
    enum text_refill result = text_window_coding(&p.window, CODE_PAGE_AUTO, &p.coding);
    if (result == TEXT_REFILLED)
        while ((result = text_window_more(&p.window, 0, &gone)) == TEXT_REFILLED)
            continue;
    bool ok = result == TEXT_NOTHING;
    if (ok) {
        struct text_bytes t = bytes_of(&p);
        p.floor = index;
        if (!json_open_record(&t, earliest(&p, t.n), &start))
            start = t.n;
        *out = text_window_position(&p.window, start);
    } else {
        fault_set(fault, result == TEXT_NO_MEMORY ? FAULT_MEMORY : FAULT_OS, 0, "the file cannot be read");
    }
    text_window_close(&p.window);
    return ok;
}

static void json_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->counts;
    out->counts_records = !p->by_number;
}

/* --- the parser --- */

static size_t json_stable_prefix(struct sv head)
{
    return head.n < PREFIX_BYTES ? head.n : PREFIX_BYTES;
}

const struct parser_ops parser_json = {
    .name = "json",
    .title = "events as JSON (.json)",
    .probe = json_probe,
    .stable_prefix = json_stable_prefix,
    .open = json_open,
    .next = json_next,
    .end = json_end,
    .counts = json_counts,
    .close = json_close,
};
