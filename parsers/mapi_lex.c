/* SPDX-License-Identifier: Apache-2.0 */
/* Small steps that the shapes of the text grammar share. */
#include "mapi_lex.h"

#include "legacy_dn.h"

#include <string.h>

size_t lex_blanks(struct sv t, size_t at)
{
    while (at < t.n && ascii_is_space(t.p[at]))
        at++;
    return at;
}

size_t lex_blanks_and_quotes(struct sv t, size_t at)
{
    while (at < t.n && (ascii_is_space(t.p[at]) || t.p[at] == '"'))
        at++;
    return at;
}

size_t lex_back_blanks(struct sv t, size_t at)
{
    while (at && ascii_is_space(t.p[at - 1]))
        at--;
    return at;
}

size_t lex_phrase(struct sv t, size_t at, const char *phrase)
{
    for (; *phrase; phrase++) {
        if (*phrase == ' ')
            at = lex_blanks(t, at);
        else if (at < t.n && ascii_lower(t.p[at]) == *phrase)
            at++;
        else
            return 0;
    }
    return at;
}

size_t lex_find(struct sv t, char c, size_t from, size_t to)
{
    size_t at = sv_find_char(sv_slice(t, from, to), c);
    return at == SV_NPOS ? SV_NPOS : from + at;
}

size_t lex_rfind(struct sv t, char c, size_t from, size_t to)
{
    while (to > from)
        if (t.p[--to] == c)
            return to;
    return SV_NPOS;
}

bool lex_is_word(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

struct sv lex_unquote(struct sv v)
{
    v = sv_trim(v);
    size_t opened = 0, quotes = 0;
    while (v.n && v.p[0] == '"') {
        v = sv_trim(sv_slice(v, 1, v.n));
        opened++;
    }
    if (!opened) {
        /* A quote that closes nothing is the text's, one of a pair the value's. */
        for (size_t i = 0; i < v.n; i++)
            quotes += v.p[i] == '"';
        opened = quotes % 2;
    }
    for (; opened && v.n && v.p[v.n - 1] == '"'; opened--)
        v = sv_trim(sv_slice(v, 0, v.n - 1));
    return v;
}

bool lex_is_placeholder(struct sv word)
{
    uint64_t number;
    if (word.n && word.p[0] == '%' && sv_to_u64(sv_slice(word, 1, word.n), &number))
        return true;
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] == '<' || word.p[i] == '>')
            return true;
    return false;
}

/* A number without separators that is all of v and certainly has no more than 64 bits; 0 if it is none. */
static size_t plain_number(struct sv v, uint64_t *value)
{
    enum { SAFE_DIGITS = 19 };
    uint64_t sum = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (i == SAFE_DIGITS || !ascii_is_digit(v.p[i]))
            return 0;
        sum = sum * 10 + (unsigned)(v.p[i] - '0');
    }
    if (v.n)
        *value = sum;
    return v.n;
}

size_t mapi_text_number(struct sv v, uint64_t *value)
{
    size_t plain = plain_number(v, value);
    if (plain)
        return plain;
    char digits[20];
    size_t n = 0, at = 0;
    char separator = '\0';
    for (;;) {
        size_t group = at;
        while (at < v.n && ascii_is_digit(v.p[at]) && n < sizeof digits)
            digits[n++] = v.p[at++];
        size_t length = at - group;
        if (length == 0 || (at < v.n && ascii_is_digit(v.p[at])))
            return 0;
        bool may_go_on = separator ? v.n - at > 3 && v.p[at] == separator : length <= 3 && v.n - at > 3;
        if (!may_go_on || (!separator && !strchr(",.' ", v.p[at])))
            break;
        struct sv next = sv_slice(v, at + 1, at + 5);
        if (!ascii_is_digit(next.p[0]) || !ascii_is_digit(next.p[1]) || !ascii_is_digit(next.p[2]) ||
            (next.n == 4 && ascii_is_digit(next.p[3])))
            break;
        separator = v.p[at++];
    }
    return sv_to_u64(sv_make(digits, n), value) ? at : 0;
}

size_t mapi_text_guid(struct sv v)
{
    enum { GUID_TEXT = 36 };
    if (v.n < GUID_TEXT || v.p[8] != '-')
        return 0;
    for (size_t i = 0; i < GUID_TEXT; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? v.p[i] != '-' : ascii_hex_value(v.p[i]) < 0)
            return 0;
    }
    return v.n > GUID_TEXT && lex_is_word(v.p[GUID_TEXT]) ? 0 : GUID_TEXT;
}

static size_t find_guid(struct sv t)
{
    for (size_t at = 0; at + 36 <= t.n; at++)
        if (t.p[at + 8] == '-' && (at == 0 || !lex_is_word(t.p[at - 1])) &&
            mapi_text_guid(sv_slice(t, at, t.n)))
            return at;
    return SV_NPOS;
}

/* The GUID before the DN at dn ("GUID: /o=…", "{GUID}: /o=…"): its offset, or dn. */
static size_t guid_before(struct sv t, size_t dn)
{
    size_t end = lex_back_blanks(t, dn);
    if (end == 0 || t.p[end - 1] != ':')
        return dn;
    end = lex_back_blanks(t, end - 1);
    bool braced = end && t.p[end - 1] == '}';
    end -= braced;
    if (end < 36 || !mapi_text_guid(sv_slice(t, end - 36, end)))
        return dn;
    size_t start = end - 36;
    return braced && start && t.p[start - 1] == '{' ? start - 1 : start;
}

size_t lex_principal(struct sv t)
{
    size_t dn = legacy_dn_find(t, true);
    size_t guid = find_guid(sv_slice(t, 0, dn));
    if (dn == SV_NPOS)
        return guid;
    size_t start = guid_before(t, dn);
    /* A GUID in quotes before the DN is a principal of its own; any other belongs to what surrounds the
     * message. */
    if (guid < start && guid && (t.p[guid - 1] == '"' || t.p[guid - 1] == '{'))
        return guid;
    return start;
}

/*
 * Beginnings of the words for closing: English, and those of the translated documentation and its neighbours.
 * Case is folded for ASCII only, hence two spellings of some.
 */
static const struct sv closing_words[] = {
    SV_INIT("closing"),   SV_INIT("schließen"), SV_INIT("schliessen"), SV_INIT("chiusura"),
    SV_INIT("fermeture"), SV_INIT("cierre"),    SV_INIT("cerrando"),   SV_INIT("fechamento"),
    SV_INIT("fechando"),  SV_INIT("encerra"),   SV_INIT("sluiten"),    SV_INIT("закрыти"),
    SV_INIT("Закрыти"),   SV_INIT("終了"),      SV_INIT("閉じ"),       SV_INIT("关闭"),
    SV_INIT("การปิด"),
};

static bool is_closing_word(struct sv text)
{
    char first = ascii_lower(text.p[0]);
    for (size_t i = 0; i < sizeof closing_words / sizeof closing_words[0]; i++)
        if (first == closing_words[i].p[0] && sv_istarts(text, closing_words[i]))
            return true;
    return false;
}

enum message_form lex_form_before(struct sv t, size_t at)
{
    enum { NEAR = 80 }; /* bytes; the word is in the same sentence */
    struct sv near = sv_slice(t, at > NEAR ? at - NEAR : 0, at);
    for (; near.n; near = sv_make(near.p + 1, near.n - 1))
        if (is_closing_word(near))
            return FORM_CLOSING;
    return FORM_EXCEEDED;
}

enum message_form mapi_text_form(struct sv message)
{
    enum { HEAD = 96 };
    size_t at = 0;
    while (at < message.n && at < HEAD && message.p[at] != '"' && message.p[at] != '/')
        at++;
    return lex_form_before(message, at);
}
