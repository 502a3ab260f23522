/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The English sentence: [Closing] Mapi session X [with client type C] [because it] exceeded the maximum of N
 * objects of type T. Quotes, blanks, line breaks and the words in brackets may each be missing.
 */
#include "mapi_lex.h"
#include "mapi_types.h"

#include <string.h>

enum {
    TYPE_MAX = 128,  /* bytes of an object type in quotes; more is no type */
    CLIENT_MAX = 64, /* the same for a client type */
    NEAR = 160,      /* how far apart the sentence's words may stand where the grammar skips something */
};

struct frame {
    size_t closing; /* where "Mapi session" begins */
    size_t who;     /* behind it; SV_NPOS if it is missing */
    size_t verb;    /* where "exceeded" begins */
    size_t number;  /* behind "maximum of" */
    bool has_number;
};

static size_t verb_at(struct sv t, size_t at)
{
    size_t end = lex_phrase(t, at, "exceeded the maximum of ");
    return end ? end : lex_phrase(t, at, "exceeded the maximum objects of ");
}

/*
 * Finds the last verb that a number follows: a DN may hold the same words. Its "Mapi session" is the first
 * one behind the verb before it, so that of two events in one text the last is read as a whole.
 */
static bool find_frame(struct sv t, struct frame *f)
{
    struct frame open = {.who = SV_NPOS};
    bool found = false;
    uint64_t value;
    for (size_t at = 0; at < t.n; at++) {
        size_t end;
        char c = ascii_lower(t.p[at]);
        if (c == 'm' && open.who == SV_NPOS && (end = lex_phrase(t, at, "mapi session")) != 0) {
            open.closing = at;
            open.who = end;
        } else if (c == 'e' && (end = verb_at(t, at)) != 0) {
            struct sv behind = sv_slice(t, lex_blanks_and_quotes(t, end), t.n);
            bool has_number = mapi_text_number(behind, &value) > 0;
            if (found && f->has_number && !has_number)
                continue;
            if (open.who == SV_NPOS && found) {
                open.closing = f->closing;
                open.who = f->who;
            }
            *f = (struct frame){open.closing, open.who, at, end, has_number};
            open = (struct frame){.who = SV_NPOS};
            found = true;
        }
    }
    return found;
}

/* Takes "because it" off the end of X. */
static size_t before_conjunction(struct sv t, size_t from, size_t to)
{
    size_t low = to - from > NEAR ? to - NEAR : from;
    for (size_t at = to; at-- > low;)
        if (ascii_lower(t.p[at]) == 'b' && lex_phrase(t, at, "because it ") == to)
            return at;
    return to;
}

static struct sv without_punctuation(struct sv v)
{
    static const char marks[] = "\"):,. \t\n";
    while (v.n && strchr(marks, v.p[0]))
        v = sv_slice(v, 1, v.n);
    while (v.n && strchr(marks, v.p[v.n - 1]))
        v = sv_slice(v, 0, v.n - 1);
    return v;
}

/* True when an X that opens with a quote has not closed it before at: what stands there is part of a DN. */
static bool is_inside_quotes(struct sv t, size_t from, size_t at)
{
    size_t open = lex_blanks(t, from);
    return open < at && t.p[open] == '"' && lex_rfind(t, '"', lex_blanks_and_quotes(t, open), at) == SV_NPOS;
}

/* Takes "with client type C" off the end of X; only near its end. */
static size_t before_client(struct sv t, size_t from, size_t to, struct sv *client)
{
    size_t low = to - from > NEAR ? to - NEAR : from;
    for (size_t at = to; at-- > low;) {
        size_t end = ascii_lower(t.p[at]) == 'c' ? lex_phrase(t, at, "client type") : 0;
        if (!end || end > to)
            continue;
        struct sv word = without_punctuation(sv_slice(t, end, to));
        if (word.n > CLIENT_MAX || sv_find_char(word, '/') != SV_NPOS || is_inside_quotes(t, from, at))
            return to;
        *client = word;
        size_t x = lex_back_blanks(t, at);
        return x >= from + 4 && lex_phrase(t, x - 4, "with") == x ? x - 4 : x;
    }
    return to;
}

/* A headline without "Mapi session" may name the client type right before the verb. */
static void read_headline_client(struct sv t, size_t verb, struct sv *client)
{
    size_t end = lex_back_blanks(t, verb), start = end;
    while (start && end - start < CLIENT_MAX && lex_is_word(t.p[start - 1]))
        start--;
    struct sv word = sv_slice(t, start, end);
    if (!sv_absent(mapi_client_type(word)))
        *client = word;
}

static bool has_odd_quotes(struct sv t, size_t from)
{
    bool odd = false;
    for (; from < t.n; from++)
        odd ^= t.p[from] == '"';
    return odd;
}

static void read_who(struct sv t, const struct frame *f, struct mapi_words *out)
{
    size_t from = f->who == SV_NPOS ? 0 : f->who;
    size_t to = before_client(t, from, before_conjunction(t, from, f->verb), &out->client);
    struct sv x = sv_trim(sv_slice(t, from, to));
    if (f->who == SV_NPOS && sv_absent(out->client))
        read_headline_client(t, f->verb, &out->client);
    if (!sv_starts(x, SV("\""))) {
        /* Other words may stand before the principal; in a headline without "Mapi session" nothing else can
         * tell it. */
        size_t start = lex_principal(x);
        if (start == SV_NPOS && f->who == SV_NPOS)
            return;
        if (start != SV_NPOS && start > 0)
            x = sv_slice(x, x.p[start - 1] == '"' ? start - 1 : start, x.n);
    }
    if (x.n > 1 && x.p[0] == '"') {
        /* What follows the last quote is the sentence's: ". It", "has", … */
        size_t last = lex_rfind(x, '"', 1, x.n);
        x = last == SV_NPOS ? x : sv_slice(x, 0, last + 1);
        /* A quote behind the verb that closes it tells that the verb is part of a DN and the sentence's own
         * is cut off. */
        out->cut = last == SV_NPOS && has_odd_quotes(t, f->number);
    }
    out->who = lex_unquote(x);
}

static bool is_stop(char c)
{
    return ascii_is_space(c) || sv_find_char(SV("\".,;:!?)]"), c) != SV_NPOS;
}

/* An unquoted type: up to three words if together they are known, else the first. Returns its end. */
static size_t unquoted_type_end(struct sv t, size_t at)
{
    size_t known = 0, first = 0, end = at;
    for (int words = 0; words < 3; words++) {
        while (end < t.n && !is_stop(t.p[end]))
            end++;
        first = first ? first : end;
        if (end - at > TYPE_MAX)
            break;
        if (!sv_absent(mapi_object_type(sv_slice(t, at, end))))
            known = end;
        if (end == t.n || !ascii_is_space(t.p[end]))
            break;
        end = lex_blanks(t, end);
    }
    return known ? known : first;
}

/*
 * A quote that opens and does not close may have lost the rest of the word, even of a known one, because
 * "objtMessage" is the beginning of "objtMessageView"; a full stop tells that it has not. Without quotes only
 * an unknown word is suspect: a missing full stop alone is no cut.
 */
static void read_unquoted_type(struct sv t, size_t at, bool opened, struct mapi_words *out)
{
    size_t end = unquoted_type_end(t, at);
    out->type = sv_slice(t, at, end);
    bool stopped = end < t.n && t.p[end] == '.' && (end + 1 == t.n || t.p[end + 1] != '.');
    bool ends_text = lex_blanks(t, end) == t.n;
    if (opened ? !stopped : ends_text && sv_absent(mapi_object_type(out->type)))
        out->cut = true;
}

static void read_type(struct sv t, size_t at, struct mapi_words *out)
{
    size_t start = lex_blanks_and_quotes(t, at);
    bool opened = lex_find(t, '"', at, start) != SV_NPOS;
    size_t close = opened ? lex_find(t, '"', start, start + TYPE_MAX) : SV_NPOS;
    if (close == SV_NPOS) {
        read_unquoted_type(t, start, opened, out);
        return;
    }
    struct sv word = sv_trim(sv_slice(t, start, close));
    while (word.n && word.p[word.n - 1] == '.')
        word = sv_trim(sv_slice(word, 0, word.n - 1));
    /* A quote further on in the text closes something else. */
    bool is_known = !sv_absent(mapi_object_type(word));
    if (!is_known && (sv_find_char(word, '\n') != SV_NPOS || sv_find_char(word, ':') != SV_NPOS))
        read_unquoted_type(t, start, opened, out);
    else
        out->type = word;
}

/* Behind the number: "objects of type T", or "per T" in headlines. */
static void read_object(struct sv t, size_t at, struct mapi_words *out)
{
    size_t to = at + NEAR < t.n ? at + NEAR : t.n;
    for (; at < to; at++) {
        size_t end = lex_phrase(t, at, "of type");
        if (!end && at && ascii_is_space(t.p[at - 1]) && (end = lex_phrase(t, at, "per ")) != 0 &&
            !ascii_is_space(t.p[end - 1]))
            end = 0;
        if (end) {
            read_type(t, end, out);
            return;
        }
    }
}

static enum message_form form_of(struct sv t, const struct frame *f)
{
    enum { CLOSING = 7 };
    size_t word = f->who == SV_NPOS ? 0 : lex_back_blanks(t, f->closing);
    return word >= CLOSING && lex_phrase(t, word - CLOSING, "closing") ? FORM_CLOSING : FORM_EXCEEDED;
}

bool mapi_sentence_read(struct sv t, struct mapi_words *out)
{
    struct frame f = {.who = SV_NPOS};
    if (!find_frame(t, &f))
        return false;
    read_who(t, &f, out);
    out->form = form_of(t, &f);
    size_t at = lex_blanks_and_quotes(t, f.number);
    size_t digits = mapi_text_number(sv_slice(t, at, t.n), &out->limit.v);
    out->limit.has = digits > 0;
    read_object(t, at + digits, out);
    return true;
}
