/* SPDX-License-Identifier: Apache-2.0 */
/* What the parsers of other shippers' text have in common. */
#include "shipped.h"

#include "event_time.h"
#include "level_words.h"
#include "needle.h"

#include <stdio.h>
#include <string.h>

const char shipped_is_other[] = "no event of this format";

enum {
    VALUES_MAX = 2 << 20,
    PREFIX_BYTES = 1024
}; /* a record's text, decoded piece by piece, and its strings */

/* --- opening and closing --- */

static struct sv make_word(struct shipped *s, const struct shipped_filter *filter)
{
    uint32_t id;
    s->by_number = selector_single_id(s->options.selector, &id);
    if (!s->by_number)
        return SV_ABSENT;
    int n = snprintf(s->word, sizeof s->word, "%s%u%s", filter->before, (unsigned)id, filter->after);
    return sv_make(s->word, (size_t)n);
}

static size_t mark_of_block(void *ctx, const uint8_t *p, size_t n)
{
    const struct shipped *s = ctx;
    const uint8_t *hit = needle_find(p, n, (const uint8_t *)s->first.p, s->first.n);
    return hit ? (size_t)(hit - p) : n;
}

bool shipped_open(struct shipped *s, const struct input *in, const struct position *from,
                  const struct parser_options *options, const struct shipped_filter *filter,
                  struct fault *fault)
{
    *s = (struct shipped){.options = *options};
    s->order = options->date_order == DATE_ORDER_AUTO ? filter->fallback : options->date_order;
    struct text_filter text = {.word = make_word(s, filter), .is_number = filter->is_number, .ctx = s};
    if (filter->block) {
        text.begins = filter->block->begins;
        s->first = filter->block->first;
        text.mark = sv_empty(s->first) ? NULL : mark_of_block;
    }
    s->counts.counts_records = !s->by_number;
    arena_init(&s->values, VALUES_MAX);
    return text_lines_open(&s->lines, in, from, options, &text, fault);
}

void shipped_close(struct shipped *s)
{
    text_lines_close(&s->lines);
    arena_free(&s->values);
}

/* --- reading --- */

static bool is_wanted(const struct shipped *s, const struct event *e)
{
    return e->event_id.has ? selector_wants(s->options.selector, event_source(e), e->event_id.v)
                           : s->options.selector->all;
}

/* What was read since the border is a record: true if it makes a step. */
static bool take_record(struct shipped *s, shipped_decode *decode, struct event *event, struct step *step)
{
    event_clear(event);
    arena_reset(&s->values);
    struct sv text = text_lines_record(&s->lines, event);
    const char *reason = sv_absent(text) ? "no memory" : decode(s, text, event);
    if (reason == shipped_is_other || (!reason && !is_wanted(s, event))) {
        s->counts.records += !s->by_number && !reason;
        s->counts.rejected += s->by_number;
        text_lines_pass(&s->lines);
        return false;
    }
    s->counts.records += !s->by_number;
    text_lines_finish(&s->lines, reason ? STEP_SKIP : STEP_EVENT, step);
    step->reason = reason;
    return true;
}

void shipped_next_line(struct shipped *s, shipped_decode *decode, struct event *event, struct step *step)
{
    struct text_line line;
    enum text_pull pull;
    while ((pull = text_lines_find(&s->lines)) == TEXT_LINE &&
           (pull = text_lines_next(&s->lines, &line)) == TEXT_LINE)
        if (take_record(s, decode, event, step))
            return;
    text_lines_stop(&s->lines, pull, step);
}

/* The further lines of the block that is held. */
static enum text_pull take_block(struct shipped *s, const struct shipped_block *block)
{
    struct text_line line;
    enum text_pull pull;
    /* Without a last line the block ends with the first line of the next. */
    bool may_skip = !block->ends || !sv_empty(block->last);
    for (;;) {
        if (may_skip)
            text_lines_skip(&s->lines, block->last);
        if ((pull = text_lines_next(&s->lines, &line)) != TEXT_LINE)
            break;
        if (block->ends && block->ends(line.text))
            break;
        if (block->begins(NULL, sv_slice(line.text, 0, TEXT_FILTER_LINE))) {
            text_lines_back(&s->lines);
            break;
        }
    }
    return pull;
}

void shipped_next_block(struct shipped *s, const struct shipped_block *block, shipped_decode *decode,
                        struct event *event, struct step *step)
{
    struct text_line line;
    enum text_pull pull;
    while ((pull = text_lines_find(&s->lines)) == TEXT_LINE &&
           (pull = text_lines_next(&s->lines, &line)) == TEXT_LINE) {
        if (!block->begins(NULL, sv_slice(line.text, 0, TEXT_FILTER_LINE)))
            continue;
        text_lines_hold(&s->lines);
        pull = block->ends && block->ends(line.text) ? TEXT_LINE : take_block(s, block);
        if (pull != TEXT_LINE && pull != TEXT_END)
            break;
        if (take_record(s, decode, event, step))
            return;
    }
    text_lines_stop(&s->lines, pull, step);
}

/* --- facts --- */

bool shipped_set_id(struct event *e, struct sv digits)
{
    uint64_t id;
    if (!sv_to_u64(digits, &id) || id > UINT32_MAX)
        return false;
    e->event_id = opt_u64(id);
    if (id >> 16)
        e->qualifiers = opt_u64(id >> 16);
    return true;
}

void shipped_set_number(struct opt_u64 *to, struct sv v)
{
    uint64_t number;
    bool negative = v.n > 1 && v.p[0] == '-';
    if (sv_starts(v, SV("0x")) ? sv_hex_to_u64(v, &number) : sv_to_u64(sv_slice(v, negative, v.n), &number))
        *to = opt_u64(negative ? 0 - number : number);
}

void shipped_set_level(struct event *e, struct sv word)
{
    if (sv_iends(word, SV(" event")))
        word = sv_slice(word, 0, word.n - 6); /* Log Parser: "Error event" */
    if (sv_empty(word))
        return;
    e->level_text = word;
    if (!e->level.has)
        e->level = level_of_word(word);
}

void shipped_set_time(struct shipped *s, struct event *e, struct sv text)
{
    (void)event_time_set(e, text, &s->options, s->order, s->zone_name);
}

struct sv shipped_value(struct sv v)
{
    static const struct sv nothing[] = {SV_INIT(""), SV_INIT("-"), SV_INIT("N/A"), SV_INIT("None"),
                                        SV_INIT("(none)")};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (v.n == nothing[i].n && sv_ieq(v, nothing[i]))
            return SV_ABSENT;
    return v;
}

void shipped_set_sid(struct event *e, struct sv v)
{
    if (sv_starts(v, SV("S-1-")))
        e->user_sid = v;
}

bool shipped_has_digits(struct sv v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (i >= v.n || !ascii_is_digit(v.p[i]))
            return false;
    return true;
}

/* "Classic, Audit Failure" as one text each. */
static void set_keywords(struct event *e, struct sv v)
{
    while (v.n && e->keyword_text_count < EVENT_KEYWORDS_MAX) {
        size_t comma = sv_find_char(v, ',');
        struct sv word = shipped_value(sv_trim(sv_slice(v, 0, comma)));
        if (!sv_absent(word))
            e->keyword_texts[e->keyword_text_count++] = word;
        v = comma == SV_NPOS ? SV_ABSENT : sv_slice(v, comma + 1, v.n);
    }
}

static void set_text(struct event *e, size_t offset, struct sv v)
{
    struct sv *to = (struct sv *)(void *)((char *)e + offset);
    if (sv_absent(*to))
        *to = shipped_value(v);
}

static void set_number(struct event *e, size_t offset, struct sv v)
{
    struct opt_u64 *to = (struct opt_u64 *)(void *)((char *)e + offset);
    if (!to->has)
        shipped_set_number(to, v);
}

void shipped_set_value(struct shipped *s, struct event *e, const struct shipped_field *field, struct sv v)
{
    switch (field->kind) {
    case SHIPPED_NOTHING:
        return;
    case SHIPPED_TEXT:
        set_text(e, field->offset, v);
        return;
    case SHIPPED_NUMBER:
        set_number(e, field->offset, v);
        return;
    case SHIPPED_ID:
        if (!e->event_id.has)
            (void)shipped_set_id(e, v);
        return;
    case SHIPPED_LEVEL:
        if (sv_absent(e->level_text))
            shipped_set_level(e, v);
        return;
    case SHIPPED_TIME:
        if (sv_absent(e->time_text))
            shipped_set_time(s, e, v);
        return;
    case SHIPPED_SID:
        shipped_set_sid(e, v);
        return;
    case SHIPPED_KEYWORDS:
        if (e->keyword_text_count == 0)
            set_keywords(e, v);
        return;
    }
}

bool shipped_set_field(struct shipped *s, struct event *e, const struct shipped_field *table, struct sv name,
                       struct sv value)
{
    for (; table->name.p; table++)
        if (name.n == table->name.n && name.n && name.p[0] == table->name.p[0] &&
            memcmp(name.p, table->name.p, name.n) == 0) {
            shipped_set_value(s, e, table, value);
            return true;
        }
    return false;
}

/* --- recognizing --- */

int shipped_probe(struct sv head, bool complete, int sure, shipped_is_record *is_record)
{
    char text[3 * PARSER_HEAD_BYTES + 3];
    struct sv line, rest;
    bool first = true;
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    rest = sv_trim(text_head_utf8(head, text));
    while (text_take_line(&rest, &line)) {
        if (is_record(line))
            return first ? sure : sure - 30;
        first = false;
    }
    return !complete && head.n < PARSER_HEAD_BYTES ? PROBE_MORE : 0;
}

size_t shipped_stable_prefix(struct sv head)
{
    return head.n < PREFIX_BYTES ? head.n : PREFIX_BYTES;
}
