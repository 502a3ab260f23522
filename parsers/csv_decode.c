/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of one row to an event. */
#include "csv_decode.h"

#include "csv_cell.h"
#include "event_time.h"
#include "level_words.h"

#include <string.h>

/* --- cells --- */

/* Doubled quotes as single ones. */
static struct sv undoubled(struct arena *a, struct sv v)
{
    char *to = arena_alloc(a, v.n);
    size_t n = 0;
    if (!to)
        return v;
    for (size_t i = 0; i < v.n;) {
        const char *quote = memchr(v.p + i, '"', v.n - i);
        size_t end = quote ? (size_t)(quote - v.p) + 1 : v.n;
        memcpy(to + n, v.p + i, end - i);
        n += end - i;
        i = end + (quote && end < v.n && v.p[end] == '"');
    }
    arena_shrink(a, to, v.n, n);
    return sv_make(to, n);
}

static void split_quoted(const struct csv_layout *layout, struct sv text, struct arena *arena,
                         struct csv_row *row)
{
    struct text_bytes t = {(const uint8_t *)text.p, text.n, TEXT_UTF8};
    struct csv_cell cell = {.after = CSV_AFTER_DELIMITER};
    while (cell.after == CSV_AFTER_DELIMITER && row->count < CSV_COLUMNS_MAX) {
        size_t at = cell.next;
        csv_cell_at(&t, at, layout, true, &cell);
        struct sv v = sv_slice(text, cell.begin, cell.end);
        bool rest = layout->message_is_last && row->count + 1 == layout->columns;
        if (rest && cell.next < text.n) {
            row->cell[row->count++] = sv_slice(text, at, text.n);
            row->exact = layout->style != CSV_QUOTED;
            return;
        }
        row->exact &= cell.exact;
        row->cell[row->count++] = cell.doubled ? undoubled(arena, v) : v;
    }
    /* A row with more cells than any table has columns belongs to none. */
    if (cell.after == CSV_AFTER_DELIMITER)
        row->count = 0;
}

/* The cell at the beginning of rest; {…} may hold delimiters. */
static bool take_left(struct sv *rest, char delimiter, struct sv *cell)
{
    size_t from = 0;
    if (sv_starts(*rest, SV("{"))) {
        const char close[] = {'}', delimiter};
        size_t end = sv_find(*rest, sv_make(close, 2));
        from = end == SV_NPOS ? 0 : end;
    }
    size_t at = sv_find_char(sv_slice(*rest, from, rest->n), delimiter);
    *cell = sv_slice(*rest, 0, at == SV_NPOS ? rest->n : from + at);
    *rest = sv_slice(*rest, cell->n + (at != SV_NPOS), rest->n);
    return at != SV_NPOS;
}

static bool take_right(struct sv *rest, char delimiter, struct sv *cell)
{
    const char c[] = {delimiter};
    size_t at = sv_rfind(*rest, sv_make(c, 1));
    *cell = sv_slice(*rest, at == SV_NPOS ? 0 : at + 1, rest->n);
    *rest = sv_slice(*rest, 0, at == SV_NPOS ? 0 : at);
    return at != SV_NPOS;
}

/* wmic quotes nothing: the columns before the message count from the left, those behind it from the right. */
static void split_wmic(const struct csv_layout *l, struct sv text, struct csv_row *row)
{
    size_t message = 0;
    while (message + 1 < l->columns && l->column[message] != CSV_MESSAGE)
        message++;
    for (size_t i = 0; i < message; i++)
        if (!take_left(&text, l->delimiter, &row->cell[i]))
            return;
    for (size_t i = l->columns - 1; i > message; i--)
        if (!take_right(&text, l->delimiter, &row->cell[i]))
            return;
    row->cell[message] = text;
    row->count = l->columns;
}

void csv_split(const struct csv_layout *layout, struct sv text, struct arena *arena, struct csv_row *row)
{
    row->count = 0;
    row->exact = true;
    if (layout->style == CSV_WMIC)
        split_wmic(layout, text, row);
    else
        split_quoted(layout, text, arena, row);
}

/* --- values --- */

static bool is_list_type(struct sv v)
{
    return sv_starts(v, SV("System.")) && (sv_ends(v, SV("[]")) || sv_find_char(v, '`') != SV_NPOS);
}

static void set_number(struct opt_u64 *to, struct sv v)
{
    uint64_t n;
    if (!to->has && sv_to_u64(v, &n))
        *to = opt_u64(n);
}

/* A column that holds a number in one tool's table and a word in another's. */
static void set_either(struct opt_u64 *number, struct sv *word, struct sv v)
{
    uint64_t n;
    if (sv_to_u64(v, &n))
        set_number(number, v);
    else if (sv_absent(*word))
        *word = v;
}

static void set_level(struct event *e, struct sv v)
{
    set_either(&e->level, &e->level_text, v);
    if (!e->level.has)
        e->level = level_of_word(sv_trim(v));
}

/* EVENTLOG_ERROR_TYPE is 1 and EVENTLOG_WARNING_TYPE 2 in both numberings (Log Parser, Win32_NTLogEvent). */
static void set_event_type(struct event *e, struct sv v)
{
    uint64_t type;
    if (!e->level.has && sv_to_u64(v, &type) && (type == 1 || type == 2))
        e->level = opt_u64(type + 1);
}

static void set_id(struct event *e, struct sv v, bool is_32_bits)
{
    uint64_t n;
    if (!sv_to_u64(v, &n) || n > UINT32_MAX)
        return;
    if (!is_32_bits || !e->event_id.has)
        e->event_id = opt_u64(n & 0xffff);
    if (n > 0xffff && !e->qualifiers.has)
        e->qualifiers = opt_u64(n >> 16);
}

static struct sv without_braces(struct sv v)
{
    return sv_starts(v, SV("{")) && sv_ends(v, SV("}")) && v.n >= 2 ? sv_slice(v, 1, v.n - 1) : v;
}

/* {"…";"…"} of wmic; its quotes are missing in some versions. */
static void set_braced_strings(struct event *e, struct sv v)
{
    v = without_braces(v);
    while (!sv_empty(v)) {
        bool quoted = v.p[0] == '"';
        size_t at = sv_find(v, quoted ? SV("\";") : SV(";"));
        struct sv one = sv_slice(v, 0, at == SV_NPOS ? v.n : at + quoted);
        v = at == SV_NPOS ? sv_slice(v, v.n, v.n) : sv_slice(v, at + quoted + 1, v.n);
        if (quoted && one.n >= 2 && sv_ends(one, SV("\"")))
            one = sv_slice(one, 1, one.n - 1);
        event_add_datum(e, SV_ABSENT, one);
    }
}

static bool is_word(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_is_alpha(v.p[i]) && !ascii_is_digit(v.p[i]))
            return false;
    return v.n != 0;
}

/* The part behind the last '|'; false without one. */
static bool take_last(struct sv *v, struct sv *part)
{
    size_t at = sv_rfind(*v, SV("|"));
    if (at == SV_NPOS)
        return false;
    *part = sv_slice(*v, at + 1, v->n);
    *v = sv_slice(*v, 0, at);
    return true;
}

/*
 * who|limit|type and who|client|limit|type are split from the right, because a DN may hold '|'. A word behind
 * the last one is a client type, unless the message shows both together, as the name that they are then.
 */
static bool set_limit_strings(struct event *e, struct sv v)
{
    struct sv type, limit, rest, client = SV_ABSENT;
    uint64_t n;
    if (!take_last(&v, &type) || !take_last(&v, &limit) || !is_word(type) || !sv_to_u64(limit, &n))
        return false;
    rest = v;
    if (take_last(&rest, &client) && is_word(client) && sv_find(e->message, v) == SV_NPOS)
        v = rest;
    else
        client = SV_ABSENT;
    event_add_datum(e, SV_ABSENT, v);
    if (!sv_absent(client))
        event_add_datum(e, SV_ABSENT, client);
    event_add_datum(e, SV_ABSENT, limit);
    event_add_datum(e, SV_ABSENT, type);
    return true;
}

static void set_strings(struct event *e, struct sv v)
{
    if (sv_empty(v) || is_list_type(v))
        return;
    if (sv_starts(v, SV("{"))) {
        set_braced_strings(e, v);
        return;
    }
    if (set_limit_strings(e, v))
        return;
    for (size_t at; (at = sv_find_char(v, '|')) != SV_NPOS; v = sv_slice(v, at + 1, v.n))
        event_add_datum(e, SV_ABSENT, sv_slice(v, 0, at));
    event_add_datum(e, SV_ABSENT, v);
}

static bool is_hex(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if (ascii_hex_value(v.p[i]) < 0)
            return false;
    return v.n != 0 && v.n % 2 == 0;
}

/* {91;68;…} of wmic: decimal bytes. */
static struct sv hex_of_list(struct arena *a, struct sv v)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = arena_alloc(a, v.n + 2);
    size_t n = 0;
    while (to && !sv_empty(v)) {
        uint64_t byte;
        size_t at = sv_find_char(v, ';');
        if (!sv_to_u64(sv_trim(sv_slice(v, 0, at == SV_NPOS ? v.n : at)), &byte) || byte > 255)
            return SV_ABSENT;
        /* A number takes a digit and a separator at least, but the last one. */
        to[n++] = digits[byte >> 4];
        to[n++] = digits[byte & 15];
        v = at == SV_NPOS ? SV_ABSENT : sv_slice(v, at + 1, v.n);
    }
    return to && n ? sv_make(to, n) : SV_ABSENT;
}

static void set_binary(struct csv_decoder *d, struct event *e, struct sv v)
{
    if (is_hex(v))
        e->binary = v;
    else if (sv_starts(v, SV("{")))
        e->binary = hex_of_list(d->arena, without_braces(v));
}

static void set_user(struct event *e, struct sv v)
{
    if (sv_starts(v, SV("S-1-")))
        e->user_sid = v;
}

static void set_keywords(struct event *e, struct sv v)
{
    uint64_t n;
    if (sv_to_u64(v, &n))
        set_number(&e->keywords, v);
    else if (!is_list_type(v) && e->keyword_text_count < EVENT_KEYWORDS_MAX)
        e->keyword_texts[e->keyword_text_count++] = v;
}

static void set_first(struct sv *to, struct sv v)
{
    if (sv_absent(*to))
        *to = v;
}

/* A cell whose meaning does not depend on the others. */
static void set_cell(struct csv_decoder *d, struct event *e, enum csv_column column, struct sv v)
{
    switch (column) {
    case CSV_ID:
        set_id(e, v, false);
        return;
    case CSV_ID32:
        set_id(e, v, true);
        return;
    case CSV_QUALIFIERS:
        set_number(&e->qualifiers, v);
        return;
    case CSV_SOURCE:
        set_first(&e->provider, v);
        return;
    case CSV_LEVEL:
        set_level(e, v);
        return;
    case CSV_TASK:
        set_either(&e->task, &e->task_text, v);
        return;
    case CSV_OPCODE:
        set_either(&e->opcode, &e->opcode_text, v);
        return;
    case CSV_KEYWORDS:
        set_keywords(e, v);
        return;
    case CSV_VERSION:
        set_number(&e->version, v);
        return;
    case CSV_RECORD:
        set_number(&e->record_id, v);
        return;
    case CSV_CHANNEL:
        set_first(&e->channel, v);
        return;
    case CSV_COMPUTER:
        set_first(&e->computer, v);
        return;
    case CSV_USER:
        set_user(e, v);
        return;
    case CSV_PROCESS:
        set_number(&e->process_id, v);
        return;
    case CSV_THREAD:
        set_number(&e->thread_id, v);
        return;
    case CSV_GUID:
        set_first(&e->provider_guid, v);
        return;
    case CSV_ACTIVITY:
        set_first(&e->activity_id, v);
        return;
    case CSV_RELATED:
        set_first(&e->related_activity_id, v);
        return;
    case CSV_BINARY:
        set_binary(d, e, v);
        return;
    default:
        return;
    }
}

/* Line breaks at its end are the export's, not the message's. */
static struct sv message_of(struct sv v)
{
    while (v.n && (v.p[v.n - 1] == '\n' || v.p[v.n - 1] == '\r'))
        v.n--;
    return v;
}

static bool is_shape(const struct csv_layout *layout, const struct csv_row *row)
{
    uint64_t n;
    bool fits = row->count == layout->columns || (layout->extra_message && row->count + 1 == layout->columns);
    return fits && row->count > layout->id && sv_to_u64(sv_trim(row->cell[layout->id]), &n) &&
           n <= UINT32_MAX;
}

bool csv_decode(struct csv_decoder *d, const struct csv_layout *layout, const struct csv_row *row,
                struct event *event)
{
    struct sv date = SV_ABSENT, clock = SV_ABSENT, node = SV_ABSENT;
    if (!is_shape(layout, row))
        return false;
    for (size_t i = 0; i < row->count; i++) {
        struct sv v = sv_trim(row->cell[i]);
        enum csv_column column = (enum csv_column)layout->column[i];
        if (column == CSV_MESSAGE)
            event->message = message_of(row->cell[i]);
        else if (column == CSV_DATE || column == CSV_TIME)
            date = v;
        else if (column == CSV_CLOCK)
            clock = v;
        else if (column == CSV_NODE)
            node = v;
        else if (!sv_empty(v))
            set_cell(d, event, column, v);
    }
    set_first(&event->computer, sv_empty(node) ? SV_ABSENT : node);
    for (size_t i = 0; i < row->count; i++)
        if (layout->column[i] == CSV_STRINGS)
            set_strings(event, sv_trim(row->cell[i]));
        else if (layout->column[i] == CSV_EVENT_TYPE)
            set_event_type(event, sv_trim(row->cell[i]));
    if (!sv_empty(date))
        event_time_join(event, date, clock, d->options, d->order, d->zone_label, d->joined);
    return true;
}
