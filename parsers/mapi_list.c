/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insertion strings in a row, which stand instead of the message where the message DLL is missing ("The
 * description for Event ID 9646 … cannot be found"): one per line, or in quotes and joined by commas, or
 * joined by ',', ';', '|' or TAB.
 */
#include "mapi_lex.h"
#include "mapi_types.h"

enum { ITEM_MAX = 64 }; /* bytes of a type or a client type */

static bool is_separator(char c)
{
    return c == ',' || c == ';' || c == '|' || c == '\n' || c == '\t';
}

static bool is_padding(char c)
{
    return c == ' ' || c == '"' || c == '\'';
}

static struct sv without_padding(struct sv v)
{
    while (v.n && is_padding(v.p[0]))
        v = sv_slice(v, 1, v.n);
    while (v.n && (is_padding(v.p[v.n - 1]) || v.p[v.n - 1] == '.'))
        v = sv_slice(v, 0, v.n - 1);
    return v;
}

/* The separator before at, or behind it, with nothing but padding between; SV_NPOS if there is none. */
static size_t separator_before(struct sv t, size_t at)
{
    while (at && is_padding(t.p[at - 1]))
        at--;
    return at && is_separator(t.p[at - 1]) ? at - 1 : SV_NPOS;
}

static size_t separator_behind(struct sv t, size_t at)
{
    while (at < t.n && is_padding(t.p[at]))
        at++;
    return at < t.n && is_separator(t.p[at]) ? at : SV_NPOS;
}

/*
 * The type behind the separator: the rest of its line, known, or at least a single word on a line or in
 * quotes of its own. A DN may hold "a, 5, b", but is not the line's end.
 */
static bool read_type(struct sv t, size_t separator, bool in_quotes, struct mapi_words *out)
{
    size_t end = separator + 1;
    while (end < t.n && end - separator <= ITEM_MAX && t.p[end] != '\n')
        end++;
    struct sv raw = sv_trim(sv_slice(t, separator + 1, end)), word = without_padding(raw);
    if (sv_empty(word) || end - separator > ITEM_MAX)
        return false;
    bool is_known = !sv_absent(mapi_object_type(word)), opened = is_padding(raw.p[0]);
    uint64_t number;
    bool alone =
        (t.p[separator] == '\n' || (in_quotes && opened)) && mapi_text_number(word, &number) != word.n;
    if (!is_known && (!alone || sv_find_char(word, ' ') != SV_NPOS || sv_find_char(word, '/') != SV_NPOS))
        return false;
    bool closed = raw.p[raw.n - 1] == raw.p[0] || sv_ends(raw, SV("."));
    out->cut = end == t.n && (opened ? !closed : !is_known);
    out->type = word;
    return true;
}

/*
 * The client type, if the item before the limit is one: a word that is known, or that stands on a line or in
 * quotes of its own. A DN may hold ',' and '|', but neither '/' nor '=' inside a value. Returns where the
 * principal ends.
 */
static size_t read_client(struct sv t, size_t from, size_t to, struct mapi_words *out)
{
    size_t low = to - from > ITEM_MAX ? to - ITEM_MAX : from;
    size_t separator = lex_rfind(t, t.p[to], low, to);
    if (separator == SV_NPOS)
        return to;
    struct sv raw = sv_trim(sv_slice(t, separator + 1, to)), word = without_padding(raw);
    if (sv_find_char(word, '/') != SV_NPOS || sv_find_char(word, '=') != SV_NPOS || lex_is_placeholder(word))
        return to;
    bool alone = t.p[to] == '\n' || (raw.n && is_padding(raw.p[0]));
    if (!alone && sv_absent(mapi_client_type(word)))
        return to;
    out->client = word;
    return separator;
}

static bool tells_of_strings(struct sv t)
{
    return sv_ifind(t, SV("insertion string")) != SV_NPOS ||
           sv_ifind(t, SV("part of the event")) != SV_NPOS ||
           sv_ifind(t, SV("included with the event")) != SV_NPOS;
}

static bool read_from_limit(struct sv t, size_t who, size_t at, size_t digits, struct mapi_words *out)
{
    size_t before = separator_before(t, at), behind = separator_behind(t, at + digits);
    if (before == SV_NPOS || behind == SV_NPOS || before < who || t.p[before] != t.p[behind])
        return false;
    /* A number alone on its line may come from a wrapped sentence; there the principal does not begin its
     * line. */
    bool begins_line = who == 0 || t.p[who - 1] == '\n';
    bool in_quotes = t.p[at - 1] != ' ' && t.p[at - 1] == t.p[at + digits] && is_padding(t.p[at - 1]);
    if ((t.p[before] == '\n' && !begins_line) || !read_type(t, behind, in_quotes, out))
        return false;
    size_t end = read_client(t, who, before, out);
    out->who = without_padding(sv_slice(t, who, end));
    return true;
}

bool mapi_list_read(struct sv t, struct mapi_words *out)
{
    size_t who = lex_principal(t);
    if (who == SV_NPOS && !tells_of_strings(t))
        return false;
    bool known_only = who == SV_NPOS;
    who = known_only ? 0 : who;
    for (size_t at = who; at < t.n; at++) {
        if (!ascii_is_digit(t.p[at]))
            continue;
        size_t end = at;
        while (end < t.n && ascii_is_digit(t.p[end]))
            end++;
        uint64_t value;
        struct mapi_words found = {.form = FORM_EXCEEDED};
        if (sv_to_u64(sv_slice(t, at, end), &value) && read_from_limit(t, who, at, end - at, &found) &&
            (!known_only || !sv_absent(mapi_object_type(found.type)))) {
            found.limit = opt_u64(value);
            *out = found;
            return true;
        }
        at = end;
    }
    return false;
}
