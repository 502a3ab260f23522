/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that needs no language. The principal is a DN or a GUID; behind it, the type is the last word that
 * is one; the limit is the last integer that stands free between the two. Where a language puts the type
 * first, the limit follows it.
 */
#include "mapi_lex.h"
#include "mapi_types.h"

enum {
    QUOTED_MAX = 64, /* bytes of a type or client type in quotes */
    WORDS_MAX = 3,   /* words of a type: "Fast Transfer Source" */
};

struct span {
    size_t from, to; /* from == SV_NPOS: not found */
    size_t open;     /* where the quote before it stands, if it stands between quotes; else from */
};

static const struct span no_span = {SV_NPOS, SV_NPOS, SV_NPOS};

static bool is_found(struct span s)
{
    return s.from != SV_NPOS;
}

static struct sv text_of(struct sv t, struct span s)
{
    return sv_slice(t, s.from, s.to);
}

/* What stands between the quote at close and the one before it, if that is near. */
static struct span quoted_before(struct sv t, size_t from, size_t close)
{
    size_t low = close - from > QUOTED_MAX ? close - QUOTED_MAX : from;
    size_t open = lex_rfind(t, '"', low, close);
    if (open == SV_NPOS)
        return no_span;
    size_t start = lex_blanks(sv_slice(t, 0, close), open + 1);
    size_t end = lex_back_blanks(t, close);
    return (struct span){start, end > start ? end : start, open};
}

/* The longest type whose last word ends at to. */
static struct span type_ending_at(struct sv t, size_t from, size_t to)
{
    struct span found = no_span;
    size_t start = to;
    for (int words = 0; words < WORDS_MAX && start > from && to - start <= MAPI_TYPE_WORD_MAX; words++) {
        while (start > from && lex_is_word(t.p[start - 1]) && to - start <= MAPI_TYPE_WORD_MAX)
            start--;
        if (!sv_absent(mapi_object_type(sv_slice(t, start, to))))
            found = (struct span){start, to, start};
        size_t gap = start;
        while (gap > from && ascii_is_space(t.p[gap - 1]))
            gap--;
        if (gap == start)
            break;
        start = gap;
    }
    return found;
}

/* The last known type behind from; one in quotes before one without. Translated words may hold any
 * characters. */
static struct span find_known_type(struct sv t, size_t from)
{
    struct span bare = no_span;
    for (size_t at = t.n; at > from; at--) {
        char c = t.p[at - 1];
        if (c == '"') {
            struct span quoted = quoted_before(t, from, at - 1);
            if (is_found(quoted) && !sv_absent(mapi_object_type(text_of(t, quoted))))
                return quoted;
        } else if (!is_found(bare) && lex_is_word(c) && (at == t.n || !lex_is_word(t.p[at]))) {
            bare = type_ending_at(t, from, at);
        }
    }
    return bare;
}

/* The last word in quotes behind from, for types that nobody knows. */
static struct span find_quoted_word(struct sv t, size_t from)
{
    size_t close = lex_rfind(t, '"', from, t.n);
    if (close == SV_NPOS)
        return no_span;
    struct span s = quoted_before(t, from, close);
    if (!is_found(s) || s.from != s.open + 1 || s.to != close || s.from == s.to)
        return no_span;
    struct sv word = text_of(t, s);
    return sv_find_char(word, ' ') == SV_NPOS && sv_find_char(word, '/') == SV_NPOS ? s : no_span;
}

static bool binds_before(char c)
{
    return (lex_is_word(c) && (unsigned char)c < 0x80) || sv_find_char(SV("=/.:+\\@#{%$&*~^<"), c) != SV_NPOS;
}

static bool binds_behind(struct sv t, size_t at)
{
    if (at == t.n)
        return false;
    char c = t.p[at];
    bool digit_follows = at + 1 < t.n && ascii_is_digit(t.p[at + 1]);
    return (lex_is_word(c) && (unsigned char)c < 0x80) || sv_find_char(SV("/=@%}>\\"), c) != SV_NPOS ||
           ((c == '.' || c == ':' || c == ',') && digit_follows);
}

/* The last (or the first) integer in t[from, to) that belongs to no word, date, time or address. */
static struct span find_integer(struct sv t, size_t from, size_t to, bool first, uint64_t *value)
{
    struct span found = no_span;
    struct sv head = sv_slice(t, 0, to);
    for (size_t at = from; at < head.n;) {
        if (!ascii_is_digit(head.p[at]) || (at && binds_before(head.p[at - 1]))) {
            bool digit = ascii_is_digit(head.p[at++]);
            while (digit && at < head.n && ascii_is_digit(head.p[at]))
                at++;
            continue;
        }
        uint64_t read;
        size_t n = mapi_text_number(sv_slice(head, at, head.n), &read);
        if (n && !binds_behind(head, at + n)) {
            *value = read;
            found = (struct span){at, at + n, at};
            if (first)
                break;
        }
        for (at += n ? n : 1; at < head.n && ascii_is_digit(head.p[at]);)
            at++;
    }
    return found;
}

/* Where the sentence ends that from stands in: at a line's end or a full stop. */
static size_t end_of_sentence(struct sv t, size_t from)
{
    while (from < t.n && t.p[from] != '\n' &&
           !(t.p[from] == '.' && (from + 1 == t.n || ascii_is_space(t.p[from + 1]))))
        from++;
    return from;
}

/*
 * The limit behind the type, as East Asian word order has it. Behind a quoted word that is no known type it
 * would as well be the limit behind a client type; at the end of the text it may have lost digits.
 */
static struct span find_integer_behind(struct sv t, struct span type, uint64_t *value)
{
    if (!is_found(type) || sv_absent(mapi_object_type(text_of(t, type))))
        return no_span;
    struct span found = find_integer(t, type.to, end_of_sentence(t, type.to), true, value);
    return is_found(found) && found.to == t.n ? no_span : found;
}

/* Where X ends when nothing behind it could be read: at the first quote that nothing is joined to. */
static size_t first_closing_quote(struct sv t, size_t from)
{
    for (size_t at = from; at < t.n; at++)
        if (t.p[at] == '"' && (at + 1 == t.n || ascii_is_space(t.p[at + 1]) || t.p[at + 1] == '.'))
            return at;
    return SV_NPOS;
}

/* Where an X without quotes ends: before the words that follow it in English, else at bound. */
static size_t end_of_bare(struct sv t, size_t from, size_t bound)
{
    static const char *const followers[] = {" exceed", " because it", " with client type", " has exceeded"};
    for (size_t at = from; at < bound; at++) {
        if (!ascii_is_space(t.p[at]) || (at && ascii_is_space(t.p[at - 1])))
            continue;
        for (size_t i = 0; i < sizeof followers / sizeof followers[0]; i++)
            if (lex_phrase(t, at, followers[i]))
                return at;
    }
    return bound;
}

/* Words between two quoted ones: a DN's "…" would hold '/' or '=', or not begin with a blank. */
static bool are_words(struct sv v)
{
    return v.n && ascii_is_space(v.p[0]) && sv_find_char(v, '/') == SV_NPOS &&
           sv_find_char(v, '=') == SV_NPOS;
}

/* Where X, which begins at from, ends: at the last quote before bound, or before a client type in quotes
 * there. */
static size_t end_of_quoted(struct sv t, size_t from, size_t bound, struct sv *client)
{
    size_t close = lex_rfind(t, '"', from, bound);
    if (close == SV_NPOS)
        return SV_NPOS;
    struct span word = quoted_before(t, from, close);
    if (!is_found(word) || sv_absent(mapi_client_type(text_of(t, word))))
        return close;
    size_t end = lex_rfind(t, '"', from, word.open);
    if (end == SV_NPOS || !are_words(sv_slice(t, end + 1, word.open)))
        return close;
    *client = text_of(t, word);
    return end;
}

/* The type and the limit behind from. False when a type is missing. */
static bool read_object(struct sv t, size_t from, struct mapi_words *out, struct span *type,
                        struct span *limit)
{
    *type = find_known_type(t, from);
    if (!is_found(*type))
        *type = find_quoted_word(t, from);
    size_t to = is_found(*type) ? type->open : end_of_sentence(t, from);
    *limit = find_integer(t, from, to, false, &out->limit.v);
    out->limit.has = is_found(*limit);
    if (!is_found(*type))
        return false;
    out->type = text_of(t, *type);
    /* A quote that opens and does not close may have lost the rest of the word; a full stop tells that it has
     * not. */
    bool is_open = type->open == type->from && type->from && t.p[type->from - 1] == '"';
    out->cut = is_open && !sv_starts(sv_slice(t, type->to, t.n), SV("."));
    return true;
}

static bool is_opened_by_quote(struct sv t, size_t at)
{
    while (at && (ascii_is_space(t.p[at - 1]) || t.p[at - 1] == '{'))
        at--;
    return at && t.p[at - 1] == '"';
}

/* Of an X whose quote does not close before the type: all of it is X. */
static void read_unclosed(struct sv t, size_t who, struct mapi_words *out)
{
    out->type = SV_ABSENT;
    out->limit = (struct opt_u64){0};
    out->cut = true;
    size_t end = first_closing_quote(t, who);
    out->who = sv_trim(sv_slice(t, who, end));
}

static void read_who(struct sv t, size_t who, struct span type, struct span limit, struct mapi_words *out)
{
    bool opened = is_opened_by_quote(t, who);
    size_t bound = is_found(type) ? type.open : t.n;
    bool limit_first = is_found(limit) && limit.from < bound;
    size_t end = end_of_quoted(t, who, limit_first ? limit.from : bound, &out->client);
    if (opened && limit_first && end == SV_NPOS) {
        /* The number stands inside X. */
        uint64_t value;
        struct span behind = find_integer_behind(t, type, &value);
        out->limit = is_found(behind) ? opt_u64(value) : (struct opt_u64){0};
        end = end_of_quoted(t, who, bound, &out->client);
    }
    if (opened && (end == SV_NPOS || (!is_found(type) && !is_found(limit)))) {
        read_unclosed(t, who, out);
        return;
    }
    if (end == SV_NPOS) {
        out->cut = true; /* nobody can tell where it ends */
        if (!is_found(type))
            out->limit = (struct opt_u64){0};
        end = end_of_bare(t, who, limit_first ? limit.from : bound);
    }
    out->who = sv_trim(sv_slice(t, who, end));
}

/* Without DN and GUID only a whole sentence behind the word MAPI counts, so that prose about MAPI is no
 * event. */
static bool read_without_principal(struct sv t, struct mapi_words *out)
{
    size_t mapi = sv_ifind(t, SV("mapi"));
    if (mapi == SV_NPOS || (mapi && lex_is_word(t.p[mapi - 1])))
        return false;
    struct span type, limit;
    if (!read_object(t, mapi + 4, out, &type, &limit) || !is_found(limit) || type.open == type.from)
        return false;
    out->form = lex_form_before(t, mapi);
    return true;
}

bool mapi_neutral_read(struct sv t, struct mapi_words *out)
{
    size_t who = lex_principal(t);
    if (who == SV_NPOS)
        return read_without_principal(t, out);
    struct span type, limit;
    bool has_type = read_object(t, who, out, &type, &limit);
    if (has_type && !is_found(limit)) {
        limit = find_integer_behind(t, type, &out->limit.v);
        out->limit.has = is_found(limit);
    }
    out->form = lex_form_before(t, who);
    read_who(t, who, type, limit, out);
    return true;
}
