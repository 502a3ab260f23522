/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text looked at where it matters. */
#include "json_scan.h"

/* Keys that an event id stands under; matched as written, by their ends after a dot ("winlog.event_id"). */
static const struct sv id_keys[] = {
    SV_INIT("Id"),         SV_INIT("id"),       SV_INIT("EventID"),     SV_INIT("EventId"),
    SV_INIT("event_id"),   SV_INIT("eventid"),  SV_INIT("eventId"),     SV_INIT("EventCode"),
    SV_INIT("event_code"), SV_INIT("code"),     SV_INIT("ID"),          SV_INIT("InstanceId"),
    SV_INIT("#text"),      SV_INIT("intValue"), SV_INIT("stringValue"), SV_INIT("EventIdentifier"),
};

/* Those that have 32 bits, the qualifiers above the id. */
static const struct sv wide_keys[JSON_WIDE_KEYS] = {SV_INIT("\"InstanceId\""),
                                                    SV_INIT("\"EventIdentifier\"")};

/* --- characters --- */

static inline bool is_blank(unsigned c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What a search may stop at. */
enum { CLASS_QUOTE = 1, CLASS_BRACKET = 2, CLASS_BREAK = 4, CLASS_BACKSLASH = 8 };

static const uint8_t classes[256] = {
    ['"'] = CLASS_QUOTE,   ['{'] = CLASS_BRACKET, ['}'] = CLASS_BRACKET, ['['] = CLASS_BRACKET,
    [']'] = CLASS_BRACKET, ['\n'] = CLASS_BREAK,  ['\r'] = CLASS_BREAK,  ['\\'] = CLASS_BACKSLASH,
};

/* Index of the last unit in [floor, at) of one of the classes; false when there is none. */
static bool back_to(const struct text_bytes *t, size_t floor, size_t at, unsigned wanted, size_t *index)
{
    size_t unit = text_unit(t->encoding);
    if (unit == 1)
        while (at > floor && !(classes[t->p[at - 1]] & wanted))
            at--;
    else
        while (at >= floor + unit && !(classes[json_char_at(t, at - unit)] & wanted))
            at -= unit;
    *index = at - unit;
    return at >= floor + unit;
}

/* Index of the first unit from i on of one of the classes, no brackets, or one that is not there. */
static size_t on_to(const struct text_bytes *t, size_t i, unsigned wanted)
{
    size_t unit = text_unit(t->encoding);
    if (unit == 1)
        while (i < t->n && (i += json_plain_length(t->p + i, t->n - i)) < t->n &&
               !(classes[t->p[i]] & wanted))
            i++;
    else
        while (json_is_there(t, i) && !(classes[json_char_at(t, i)] & wanted))
            i += unit;
    return i;
}

/* Index of the last unit in [floor, at) that is no blank; false when there is none. */
static bool before_blanks(const struct text_bytes *t, size_t floor, size_t at, size_t *index)
{
    size_t unit = text_unit(t->encoding);
    while (at >= floor + unit) {
        at -= unit;
        if (!is_blank(json_char_at(t, at))) {
            *index = at;
            return true;
        }
    }
    return false;
}

/* Index of the first unit from at on that is no blank; false when there is none. */
static bool behind_blanks(const struct text_bytes *t, size_t at, size_t *index)
{
    size_t unit = text_unit(t->encoding);
    for (; json_is_there(t, at); at += unit)
        if (!is_blank(json_char_at(t, at))) {
            *index = at;
            return true;
        }
    return false;
}

static bool is_escaped(const struct text_bytes *t, size_t floor, size_t at)
{
    size_t unit = text_unit(t->encoding), count = 0;
    while (at >= floor + unit && json_char_at(t, at - unit) == '\\') {
        at -= unit;
        count++;
    }
    return count % 2 == 1;
}

/*
 * The quote that opens the string which the quote at index close closes. BROKEN: a line break comes first,
 * which cannot stand in a string; *open is behind it.
 */
static enum json_around string_start(const struct text_bytes *t, size_t floor, size_t close, size_t *open)
{
    while (back_to(t, floor, close, CLASS_QUOTE | CLASS_BREAK, &close)) {
        *open = close;
        if (json_char_at(t, close) != '"') {
            *open += text_unit(t->encoding);
            return JSON_AROUND_BROKEN;
        }
        if (!is_escaped(t, floor, close))
            return JSON_AROUND_FOUND;
    }
    return JSON_AROUND_NONE;
}

/* --- id keys --- */

static bool key_is(const struct text_bytes *t, size_t open, size_t close, struct sv key)
{
    size_t unit = text_unit(t->encoding), n = (close - open) / unit - 1;
    if (n < key.n)
        return false;
    for (size_t i = 0; i < key.n; i++)
        if (json_char_at(t, close - (key.n - i) * unit) != (unsigned char)key.p[i])
            return false;
    return n == key.n || json_char_at(t, close - (key.n + 1) * unit) == '.';
}

static bool is_id_key(const struct text_bytes *t, size_t floor, size_t close)
{
    size_t unit = text_unit(t->encoding), open;
    if (close < floor || is_escaped(t, floor, close))
        return false;
    if (close - floor > (JSON_KEY_MAX + 1) * unit)
        floor = close - (JSON_KEY_MAX + 1) * unit;
    if (string_start(t, floor, close, &open) != JSON_AROUND_FOUND)
        return false;
    for (size_t i = 0; i < sizeof id_keys / sizeof id_keys[0]; i++)
        if (key_is(t, open, close, id_keys[i]))
            return true;
    return false;
}

enum json_hit json_id_at(const struct text_bytes *t, size_t floor, size_t at, size_t n, bool final,
                         size_t *outside)
{
    size_t unit = text_unit(t->encoding), i, next = at + n;
    bool quoted = at >= floor + unit && json_char_at(t, at - unit) == '"';
    *outside = i = quoted ? at - unit : at;
    if (!before_blanks(t, floor, i, &i) || json_char_at(t, i) != ':' || !before_blanks(t, floor, i, &i) ||
        json_char_at(t, i) != '"' || !is_id_key(t, floor, i))
        return JSON_HIT_NO;
    /* The needle of UTF-16 leaves out a zero byte, which may be missing. */
    if (!json_is_there(t, next))
        return !final ? JSON_HIT_CUT : next <= t->n ? JSON_HIT_YES : JSON_HIT_NO;
    unsigned c = json_char_at(t, next);
    bool ends = quoted ? c == '"' : is_blank(c) || c == ',' || c == '}' || c == ']';
    return ends ? JSON_HIT_YES : JSON_HIT_NO;
}

enum json_hit json_id_key_at(const struct text_bytes *t, size_t floor, size_t at, bool final)
{
    size_t next;
    if (!is_id_key(t, floor, at))
        return JSON_HIT_NO;
    if (!behind_blanks(t, at + text_unit(t->encoding), &next))
        return final ? JSON_HIT_NO : JSON_HIT_CUT;
    return json_char_at(t, next) == ':' ? JSON_HIT_YES : JSON_HIT_NO;
}

size_t json_wide_key(size_t key, enum text_encoding encoding, uint8_t to[JSON_KEY_BYTES_MAX])
{
    struct sv name = wide_keys[key];
    size_t unit = text_unit(encoding), n = 0;
    for (size_t i = 0; i < name.n; i++) {
        to[n] = 0;
        to[encoding == TEXT_UTF16BE ? n + 1 : n + unit - 1] = 0;
        to[encoding == TEXT_UTF16BE ? n + 1 : n] = (uint8_t)name.p[i];
        n += unit;
    }
    return n;
}

/* Reads the decimal number at index *i, which may be negative, and moves *i behind it. */
static enum json_hit take_number(const struct text_bytes *t, size_t *i, bool final, uint64_t *number)
{
    enum { DIGITS_MAX = 10 };
    size_t unit = text_unit(t->encoding), digits = 0;
    bool negative = json_is_there(t, *i) && json_char_at(t, *i) == '-';
    *i += negative ? unit : 0;
    for (*number = 0; json_is_there(t, *i) && digits <= DIGITS_MAX; *i += unit, digits++) {
        unsigned c = json_char_at(t, *i);
        if (c < '0' || c > '9')
            break;
        *number = *number * 10 + (c - '0');
    }
    if (!json_is_there(t, *i) && !final)
        return JSON_HIT_CUT;
    *number = negative ? 0 - *number : *number;
    return digits > 0 && digits <= DIGITS_MAX ? JSON_HIT_YES : JSON_HIT_NO;
}

enum json_hit json_wide_id_at(const struct text_bytes *t, size_t at, size_t n, bool final, uint32_t id,
                              size_t *outside, size_t *next)
{
    size_t unit = text_unit(t->encoding), i;
    uint64_t number;
    if (!behind_blanks(t, at + n, &i))
        return final ? JSON_HIT_NO : JSON_HIT_CUT;
    if (json_char_at(t, i) != ':')
        return JSON_HIT_NO;
    if (!behind_blanks(t, i + unit, &i))
        return final ? JSON_HIT_NO : JSON_HIT_CUT;
    *outside = i;
    if (json_char_at(t, i) == '"')
        i += unit;
    enum json_hit hit = take_number(t, &i, final, &number);
    *next = i;
    return hit == JSON_HIT_YES && (number & 0xffff) != (id & 0xffff) ? JSON_HIT_NO : hit;
}

/* --- backwards --- */

/* The bracket that opens what index at lies in, an object's or an array's; at lies outside of strings. */
static enum json_around bracket_around(const struct text_bytes *t, size_t floor, size_t at, size_t *open)
{
    size_t closed = 0;
    while (back_to(t, floor, at, CLASS_QUOTE | CLASS_BRACKET, &at)) {
        unsigned c = json_char_at(t, at);
        *open = at;
        if (c == '"') {
            enum json_around string = string_start(t, floor, at, open);
            if (string != JSON_AROUND_FOUND)
                return string;
            at = *open;
        } else if (c == '}' || c == ']') {
            closed++;
        } else if (closed-- == 0) {
            return JSON_AROUND_FOUND;
        }
    }
    return JSON_AROUND_NONE;
}

static bool begins_line(const struct text_bytes *t, size_t floor, size_t at)
{
    size_t unit = text_unit(t->encoding);
    unsigned before = at >= floor + unit ? json_char_at(t, at - unit) : '\n';
    return before == '\n' || before == '\r';
}

/* Is the bracket at index open the value of a key? */
static bool is_member(const struct text_bytes *t, size_t floor, size_t open)
{
    size_t i;
    return !begins_line(t, floor, open) && before_blanks(t, floor, open, &i) && json_char_at(t, i) == ':' &&
           before_blanks(t, floor, i, &i) && json_char_at(t, i) == '"';
}

/* Does {"key": begin at index open? */
static bool is_pair(const struct text_bytes *t, size_t open)
{
    static const char name[] = "\"key\"";
    size_t unit = text_unit(t->encoding), i;
    if (!behind_blanks(t, open + unit, &i))
        return false;
    for (size_t k = 0; k < sizeof name - 1; k++, i += unit)
        if (!json_is_there(t, i) || json_char_at(t, i) != (unsigned char)name[k])
            return false;
    return true;
}

enum json_around json_record_start(const struct text_bytes *t, size_t floor, size_t at, size_t *start)
{
    for (int depth = 0; depth < JSON_DEPTH_MAX; depth++) {
        enum json_around around = bracket_around(t, floor, at, &at);
        *start = at;
        if (around != JSON_AROUND_FOUND)
            return around;
        if (json_char_at(t, at) == '{' && !is_member(t, floor, at) && !is_pair(t, at))
            return JSON_AROUND_FOUND;
    }
    return JSON_AROUND_NONE;
}

/* --- forwards --- */

/* Behind the string that opens at index i. */
static enum json_walk string_end(const struct text_bytes *t, size_t i, size_t *end)
{
    size_t unit = text_unit(t->encoding);
    for (i += unit;; i += 2 * unit) {
        i = on_to(t, i, CLASS_QUOTE | CLASS_BREAK | CLASS_BACKSLASH);
        if (!json_is_there(t, i))
            break;
        unsigned c = json_char_at(t, i);
        if (c != '\\') {
            *end = c == '"' ? i + unit : i;
            return c == '"' ? JSON_WALK_END : JSON_WALK_BROKEN;
        }
    }
    *end = t->n;
    return JSON_WALK_MORE;
}

/*
 * After a string only these can follow; anything else shows a quote that was not escaped or one that is
 * missing, which makes the string one of what lies between strings: *end is behind its first quote.
 */
static enum json_walk string_and_next(const struct text_bytes *t, size_t i, size_t *end)
{
    size_t next;
    enum json_walk walk = string_end(t, i, end);
    if (walk == JSON_WALK_END && behind_blanks(t, *end, &next)) {
        unsigned c = json_char_at(t, next);
        if (c == ',' || c == ':' || c == '}' || c == ']')
            return JSON_WALK_END;
        walk = JSON_WALK_BROKEN;
    }
    if (walk == JSON_WALK_BROKEN)
        *end = i + text_unit(t->encoding);
    return walk == JSON_WALK_BROKEN ? walk : JSON_WALK_MORE;
}

/* What was passed of a record. */
struct record_walk {
    size_t depth, values;
    uint64_t arrays; /* the kinds of the open brackets, the innermost lowest */
    unsigned last;   /* the character before, blanks left out */
};

/* May a bracket open here? */
static bool may_open(const struct text_bytes *t, const struct record_walk *w, size_t start, size_t i)
{
    if (w->depth == 0)
        return true;
    bool in_array = w->arrays & 1;
    bool follows = in_array ? w->last == '[' || w->last == ',' : w->last == ':';
    return follows && !(json_char_at(t, i) == '{' && begins_line(t, start, i));
}

/* MORE: the record goes on behind the bracket, comma or colon at index i. */
static enum json_walk pass_mark(const struct text_bytes *t, struct record_walk *w, size_t start, size_t i)
{
    unsigned c = json_char_at(t, i);
    if (c == '{' || c == '[') {
        if (!may_open(t, w, start, i))
            return JSON_WALK_BROKEN;
        if (w->depth++ == JSON_DEPTH_MAX)
            return JSON_WALK_DEEP;
        w->arrays = w->arrays << 1 | (c == '[');
    } else if (c == '}' || c == ']') {
        if ((w->arrays & 1) != (c == ']'))
            return JSON_WALK_BROKEN;
        w->arrays >>= 1;
        if (--w->depth == 0)
            return JSON_WALK_END;
    } else if (c != ',' && c != ':') {
        return JSON_WALK_MORE;
    }
    return ++w->values > JSON_VALUES_MAX ? JSON_WALK_MANY : JSON_WALK_MORE;
}

enum json_walk json_record_end(const struct text_bytes *t, size_t start, size_t *end)
{
    size_t unit = text_unit(t->encoding);
    struct record_walk w = {0};
    for (size_t i = start; json_is_there(t, i); i += unit) {
        unsigned c = json_char_at(t, i);
        if (is_blank(c))
            continue;
        if (c == '"') {
            enum json_walk walk = string_and_next(t, i, end);
            if (walk != JSON_WALK_END)
                return walk;
            i = *end - unit;
        } else {
            enum json_walk walk = pass_mark(t, &w, start, i);
            *end = walk == JSON_WALK_BROKEN ? i : i + unit;
            if (walk != JSON_WALK_MORE)
                return walk;
        }
        w.last = c;
    }
    *end = t->n;
    return JSON_WALK_MORE;
}

/* --- the end of what is there --- */

/*
 * A place in [floor, t->n) that is known to lie outside of strings: behind the last line break, or at the
 * last {"a; within a string the brace would be followed by a quote that ends it.
 */
static size_t last_anchor(const struct text_bytes *t, size_t floor)
{
    size_t unit = text_unit(t->encoding), i = t->n - (t->n - floor) % unit;
    unsigned next = 0, second = 0;
    while (i >= floor + unit) {
        i -= unit;
        unsigned c = json_char_at(t, i);
        if (c == '\n' || c == '\r')
            return i + unit;
        if (c == '{' && next == '"' && second < 0x80 && (ascii_is_alpha((char)second) || second == '@'))
            return i;
        second = next;
        next = c;
    }
    return floor;
}

/* Where a string is open at the end of t, its quote; else t->n. */
static size_t open_string(const struct text_bytes *t, size_t i)
{
    size_t end;
    while (i = on_to(t, i, CLASS_QUOTE), json_is_there(t, i)) {
        if (string_end(t, i, &end) == JSON_WALK_MORE)
            return i;
        i = end;
    }
    return t->n - (t->n - i) % text_unit(t->encoding);
}

bool json_open_record(const struct text_bytes *t, size_t floor, size_t *start)
{
    size_t at = open_string(t, last_anchor(t, floor));
    bool found = false;
    while (bracket_around(t, floor, at, &at) == JSON_AROUND_FOUND)
        if (json_char_at(t, at) == '{') {
            *start = at;
            found = true;
            if (begins_line(t, floor, at))
                break;
        }
    return found;
}
