/* SPDX-License-Identifier: Apache-2.0 */
/* Events in free text. */
#include "text_page.h"

#include "mapi_clean.h"
#include "mapi_text.h"
#include "needle.h"

enum {
    SENTENCE_MIN = 8,
    SENTENCE_MAX = 2048, /* bytes from the beginning of a sentence's line to its end */
    SENTENCE_ENDS = 16,  /* full stops and line ends that are tried */
    VALUE_MAX = 512,
    EVENT_TOKENS = 64, /* that an event may have and be found whole wherever it stands */
};

/* --- words --- */

static bool is_break(char c)
{
    return c == '\n' || c == '\r';
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t line_start(struct sv t, size_t floor, size_t at)
{
    while (at > floor && !is_break(t.p[at - 1]))
        at--;
    return at;
}

/* Nothing but blanks, quotes, bullets and quotation marks of mail before at in its line? */
static bool begins_line(struct sv t, size_t at)
{
    while (at && !is_break(t.p[at - 1])) {
        char c = t.p[at - 1];
        if (c != ' ' && c != '\t' && c != '>' && c != '*' && c != '-' && c != '|' && c != '"' && c != '#' &&
            (unsigned char)c < 0x80)
            return false;
        if ((unsigned char)c >= 0x80 && !sv_ends(sv_slice(t, 0, at), SV("\xc2\xa0")) &&
            !sv_ends(sv_slice(t, 0, at), SV("\xe2\x80\xa2")))
            return false;
        at -= (unsigned char)c < 0x80 ? 1 : (unsigned char)c == 0xa0 ? 2 : 3;
    }
    return true;
}

static bool has_markup(struct sv t)
{
    static const struct sv marks[] = {SV_INIT("&lt;"), SV_INIT("&amp;"), SV_INIT("&quot;"), SV_INIT("&nbsp;"),
                                      SV_INIT("&#"),   SV_INIT("<br"),   SV_INIT("<p>"),    SV_INIT("</p"),
                                      SV_INIT("<td"),  SV_INIT("<div"),  SV_INIT("<span"),  SV_INIT("<pre")};
    if (sv_find_char(t, '&') == SV_NPOS && sv_find_char(t, '<') == SV_NPOS)
        return false;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (sv_ifind(t, marks[i]) != SV_NPOS)
            return true;
    return false;
}

static const struct text_sentence *read_sentence(struct text_page *p, struct sv text)
{
    struct text_sentence *s = &p->sentence;
    struct mapi_words words;
    text = sv_trim(text);
    if (!sv_absent(s->text) && s->text.p == text.p && s->text.n == text.n)
        return s;
    arena_reset(p->scratch);
    mapi_text_read(text, p->scratch, &words);
    bool what = words.limit.has && !sv_empty(words.type);
    *s = (struct text_sentence){text, what && !sv_empty(sv_trim(words.who)), what && !words.cut};
    return s;
}

/* Does the text tell who met which limit of what, in the words of event 9646? */
static bool is_sentence(struct text_page *p, struct sv text)
{
    return sv_ifind(text, SV("mapi")) != SV_NPOS && read_sentence(p, text)->tells;
}

/* --- labels and sentences --- */

struct scan {
    struct text_page *page;
    size_t floor; /* behind the last token's colon */
    bool in_row;  /* that is a label, and not the message's: others may follow in its line */
};

static void add_token(struct scan *s, const struct text_label *label, size_t start, size_t value)
{
    struct text_page *p = s->page;
    if (p->count < TEXT_TOKENS_MAX)
        p->tokens[p->count++] = (struct text_token){.label = label, .start = start, .value = value};
    s->floor = value;
    s->in_row = label && label->field != FIELD_MESSAGE;
}

/* Does a label that ends at colon stand in one line with the label before? */
static bool follows_in_row(const struct scan *s, size_t colon)
{
    struct sv between = sv_slice(s->page->text, s->floor, colon);
    return s->in_row && sv_find_char(between, '\n') == SV_NPOS && sv_find_char(between, '\r') == SV_NPOS;
}

static void look_at_colon(struct scan *s, size_t colon, size_t bytes)
{
    struct sv t = s->page->text;
    size_t start;
    const struct text_label *label = text_label_before(t, s->floor, colon, &start);
    if (!label)
        return;
    if (label->place != PLACE_LINE || begins_line(t, start) || follows_in_row(s, colon))
        add_token(s, label, start, colon + bytes);
}

/* The next line break at or behind at, or t.n. */
static size_t next_break(struct sv t, size_t at)
{
    struct sv rest = sv_slice(t, at, t.n);
    size_t feed = sv_find_char(rest, '\n'), end = sv_find_char(sv_slice(rest, 0, feed), '\r');
    end = least(end, feed);
    return end == SV_NPOS ? t.n : at + end;
}

/* What stands before the first empty line: up to the break that ends it. */
static struct sv paragraph(struct sv t)
{
    for (size_t at = next_break(t, 0); at < t.n; at = next_break(t, at)) {
        if (t.p[at] == '\r' && at + 1 < t.n && t.p[at + 1] == '\n')
            at++;
        for (at++; at < t.n && ascii_is_space(t.p[at]) && !is_break(t.p[at]); at++)
            ;
        if (at < t.n && t.p[at] == '\r' && at + 1 < t.n && t.p[at + 1] == '\n')
            at++;
        if (at < t.n && is_break(t.p[at]))
            return sv_slice(t, 0, at);
    }
    return t;
}

/* The word MAPI: the sentence's line begins the message if it has no label. */
static void look_at_word(struct scan *s, size_t at)
{
    struct sv t = s->page->text;
    if (at && (ascii_is_alpha(t.p[at - 1]) || ascii_is_digit(t.p[at - 1])))
        return;
    size_t far = at > SENTENCE_MAX ? at - SENTENCE_MAX : 0;
    size_t start = line_start(t, s->floor > far ? s->floor : far, at);
    if (is_sentence(s->page, paragraph(sv_slice(t, start, start + SENTENCE_MAX))))
        add_token(s, NULL, start, at + 4);
}

/* The next "mapi" at or behind at, in any case (but "pI"), or t.n: by what is rare of it. */
static size_t next_word(struct sv t, size_t at)
{
    static const uint8_t rare[] = {'p', 'i'};
    for (size_t from = at + 2; from < t.n; from++) {
        const char *p = t.p + from;
        const uint8_t *hit = needle_find_or((const uint8_t *)p, t.n - from, rare, sizeof rare, 'P');
        if (!hit)
            break;
        from = (size_t)((const char *)hit - t.p);
        if (sv_istarts(sv_slice(t, from - 2, t.n), SV("mapi")))
            return from - 2;
    }
    return t.n;
}

/* The next beginning of an event's XML, which is read as such or not at all; t.n where there is none. */
static size_t next_xml(const struct text_page *p, size_t at)
{
    size_t found = p->has_markup ? SV_NPOS : sv_find(sv_slice(p->text, at, p->text.n), SV("<Event "));
    return found == SV_NPOS ? p->text.n : at + found;
}

static size_t behind_xml(struct sv t, size_t at)
{
    size_t end = sv_find(sv_slice(t, at, t.n), SV("</Event>"));
    return end == SV_NPOS ? t.n : at + end + 1;
}

/* From an offset on, where no token is cut in two. */
static void find_tokens(struct text_page *p, size_t from)
{
    struct scan s = {.page = p, .floor = from};
    struct sv t = p->text;
    size_t i = from, bytes, colon = text_colon_next(t, i, &bytes), word = next_word(t, i),
           xml = next_xml(p, i);
    unsigned sentences = 0;
    p->count = p->at = 0;
    while (i < t.n && p->count < TEXT_TOKENS_MAX && sentences < TEXT_TOKENS_MAX) {
        size_t at = least(colon, least(word, xml));
        i = at + 1;
        if (at == t.n) {
            break;
        } else if (at == colon) {
            look_at_colon(&s, at, bytes);
        } else if (at == word) {
            sentences++;
            look_at_word(&s, at);
        } else {
            i = behind_xml(t, at);
        }
        colon = colon < i ? text_colon_next(t, i, &bytes) : colon;
        word = word < i ? next_word(t, i) : word;
        xml = xml < i ? next_xml(p, i) : xml;
    }
    p->is_whole = i >= t.n;
    p->scanned = least(i, t.n);
}

void text_page_read(struct text_page *p, struct sv text, struct arena *arena, struct arena *scratch)
{
    p->scratch = scratch;
    p->sentence.text = SV_ABSENT;
    p->has_markup = has_markup(sv_slice(text, 0, sv_find(text, SV("<Event "))));
    p->text = p->has_markup ? mapi_clean(text, arena) : text;
    find_tokens(p, 0);
}

/* An event's tokens are all there, or as many as there is room for. */
static void go_on(struct text_page *p)
{
    while (!p->is_whole && p->at && p->count - p->at < EVENT_TOKENS)
        find_tokens(p, p->at < p->count ? p->tokens[p->at].start : p->scanned);
}

/* The line's first label that begins an event, or any that is in its place; NULL where there is none. */
static const struct text_label *label_of(struct sv line, bool first_only)
{
    size_t start, bytes;
    for (size_t i = text_colon_next(line, 0, &bytes); i < line.n;
         i = text_colon_next(line, i + bytes, &bytes)) {
        const struct text_label *label = text_label_before(line, 0, i, &start);
        if (label && (label->place == PLACE_FIRST ||
                      (!first_only && (label->place == PLACE_ANY || begins_line(line, start)))))
            return label;
    }
    return NULL;
}

bool text_page_is_line_of_event(struct sv line)
{
    return label_of(line, false) || sv_ifind(line, SV("mapi")) != SV_NPOS;
}

const struct text_label *text_page_first_label(struct sv line)
{
    return text_first_label_mark(line) < line.n ? label_of(line, true) : NULL;
}

bool text_page_begins_block(struct sv line)
{
    return text_page_first_label(line) != NULL;
}

/* --- messages --- */

/* The earliest end at which the sentence is whole: behind a full stop or a line. t.n where it is not 9646's.
 */
static size_t sentence_end(struct text_page *p, struct sv t)
{
    struct sv v = sv_slice(t, 0, SENTENCE_MAX);
    unsigned tries = 0;
    if (sv_ifind(v, SV("mapi")) == SV_NPOS)
        return t.n;
    for (size_t i = SENTENCE_MIN; i <= v.n && tries < SENTENCE_ENDS; i++, tries++) {
        size_t stop = sv_find_char(sv_slice(v, i - 1, v.n), '.');
        i = least(stop == SV_NPOS ? v.n + 1 : i + stop, next_break(sv_slice(t, 0, v.n + 1), i));
        if (i > v.n)
            break;
        if (read_sentence(p, sv_slice(v, 0, i))->whole)
            return i;
    }
    return t.n;
}

static size_t find_dump(struct sv t)
{
    size_t at = 0, found;
    while ((found = sv_find(sv_slice(t, at, t.n), SV("0000: "))) != SV_NPOS) {
        at += found;
        if (at + 8 <= t.n && ascii_hex_value(t.p[at + 6]) >= 0 && ascii_hex_value(t.p[at + 7]) >= 0)
            return at;
        at += 6;
    }
    return SV_NPOS;
}

/* Is this the second letter of a trailer that begins with the first one? */
static inline bool may_go_on(char first, char second)
{
    char c = ascii_lower(first);
    return ascii_lower(second) == (c == 'f' ? 'o' : c == 'h' ? 't' : 'e');
}

/* What stands behind every message of Windows 2003 and is none of it. */
static size_t trailer_start(struct sv t)
{
    static const struct sv trailers[] = {
        SV_INIT("For more information, see Help and Support"),
        SV_INIT("Weitere Informationen \xc3\xbc"
                "ber die Hilfe"),
        SV_INIT("http://go.microsoft.com"),
        SV_INIT("<Event xmlns"),
    };
    size_t end = t.n, at = find_dump(t);
    if (at != SV_NPOS) {
        size_t colon = at;
        while (colon && (ascii_is_space(t.p[colon - 1])))
            colon--;
        if (colon && t.p[colon - 1] == ':')
            while (--colon && ascii_is_alpha(t.p[colon - 1]))
                at = colon - 1;
        end = at;
    }
    for (size_t i = 0; i + 1 < end; i++) {
        static const bool begins_one[256] = {
            ['f'] = true, ['F'] = true, ['w'] = true, ['W'] = true, ['h'] = true, ['H'] = true, ['<'] = true};
        while (i + 1 < end && !begins_one[(unsigned char)t.p[i]])
            i++;
        if (i + 1 >= end || !may_go_on(t.p[i], t.p[i + 1]))
            continue;
        for (size_t k = 0; k < sizeof trailers / sizeof trailers[0]; k++)
            if (sv_istarts(sv_slice(t, i, t.n), trailers[k]))
                return i;
    }
    return end;
}

/* --- events --- */

enum { SEEN_SENTENCE = FIELD_COUNT };

static bool is_seen(uint64_t seen, unsigned field)
{
    return seen >> field & 1;
}

/* Does this label begin another event than the one that has what was seen? */
static bool begins_another(uint64_t seen, const struct text_label *label)
{
    if (!label)
        return is_seen(seen, SEEN_SENTENCE) && is_seen(seen, FIELD_MESSAGE);
    switch (label->field) {
    case FIELD_MESSAGE:
    case FIELD_ID:
    case FIELD_SOURCE:
        return is_seen(seen, label->field);
    default:
        return label->place == PLACE_FIRST && (is_seen(seen, label->field) || is_seen(seen, FIELD_ID));
    }
}

/* In a message that follows its id an everyday word with a colon is content; so is the first sentence. */
static bool is_content(uint64_t seen, const struct text_label *label)
{
    if (!is_seen(seen, FIELD_MESSAGE))
        return false;
    return label ? label->place == PLACE_LINE && is_seen(seen, FIELD_ID) && label->field != FIELD_ID
                 : !is_seen(seen, SEEN_SENTENCE);
}

static void set_value(struct text_facts *f, const struct text_label *label, struct sv value)
{
    struct sv line;
    if (!sv_absent(f->value[label->field]))
        return;
    line = value = sv_slice(sv_trim(value), 0, VALUE_MAX);
    for (size_t i = 0; i < value.n; i++)
        if (is_break(value.p[i])) {
            line = sv_slice(value, 0, i);
            break;
        }
    f->value[label->field] = line.n < value.n ? sv_trim(line) : line;
    if (f->order == DATE_ORDER_AUTO)
        f->order = label->order;
}

/* The message begins at its value and ends at the latest at end. Returns where it ends. */
static size_t set_message(struct text_page *p, struct text_facts *f, size_t from, size_t end)
{
    struct sv t = sv_slice(p->text, from, end);
    struct sv message = sv_slice(t, 0, trailer_start(t));
    size_t whole = sentence_end(p, message), dump = find_dump(sv_slice(t, message.n, t.n));
    f->value[FIELD_MESSAGE] = sv_trim(sv_slice(message, 0, whole));
    if (dump != SV_NPOS)
        f->dump = sv_slice(t, message.n + dump, t.n);
    return whole < message.n ? from + whole : end;
}

static void find_xml(struct text_page *p, struct text_facts *f, size_t from, size_t end)
{
    struct sv t = sv_slice(p->text, from, end);
    size_t at = sv_find(t, SV("<Event ")), close = sv_find(t, SV("</Event>"));
    if (!p->has_markup && at != SV_NPOS && close != SV_NPOS && close > at)
        f->xml = sv_slice(t, at, close + 8);
}

/* What the facts leave open, where the message leaves no doubt. */
static void infer(struct text_page *p, struct text_facts *f)
{
    struct sv *source = &f->value[FIELD_SOURCE], *id = &f->value[FIELD_ID];
    bool sure = sv_istarts(*source, SV("MSExchangeIS")) || sv_absent(*source);
    if ((!sv_absent(*source) && !sv_absent(*id)) || !sure)
        return;
    struct sv message = sv_slice(f->value[FIELD_MESSAGE], 0, SENTENCE_MAX);
    if ((!sv_absent(*id) && text_facts_id(f).v != 9646) || !is_sentence(p, message))
        return;
    *source = sv_absent(*source) ? SV("MSExchangeIS") : *source;
    *id = SV("9646");
}

/* Which of the tokens from p->at on belong to one event, and which of them are content of its message. */
static size_t event_end(struct text_page *p)
{
    size_t i = p->at;
    for (uint64_t seen = 0; i < p->count; i++) {
        struct text_token *t = &p->tokens[i];
        t->is_content = is_content(seen, t->label);
        if (!t->is_content && begins_another(seen, t->label))
            break;
        if (!t->is_content)
            seen |= UINT64_C(1) << (t->label ? t->label->field : FIELD_MESSAGE);
        if (!t->label)
            seen |= UINT64_C(1) << SEEN_SENTENCE;
    }
    return i;
}

/* The first byte of the next token that is one. */
static size_t token_end(const struct text_page *p, size_t i, size_t next)
{
    while (++i < next && p->tokens[i].is_content)
        ;
    return i < p->count ? p->tokens[i].start : p->text.n;
}

/* Takes the value of token i; returns where it ends. */
static size_t take_token(struct text_page *p, struct text_facts *f, size_t i, size_t next)
{
    const struct text_token *t = &p->tokens[i];
    size_t end = token_end(p, i, next);
    if (!t->label || t->label->field == FIELD_MESSAGE)
        return set_message(p, f, t->label ? t->value : t->start, end);
    set_value(f, t->label, sv_slice(p->text, t->value, end));
    struct sv value = f->value[t->label->field];
    size_t stop = (size_t)(value.p - p->text.p) + value.n;
    return stop > t->value ? stop : t->value;
}

bool text_page_next(struct text_page *p, struct text_facts *f)
{
    while (p->at == p->count && !p->is_whole)
        find_tokens(p, p->scanned);
    if (p->at == p->count)
        return false;
    size_t next = event_end(p), first = p->tokens[p->at].start, last = first;
    text_facts_clear(f);
    for (size_t i = p->at; i < next; i++) {
        size_t end = p->tokens[i].is_content ? first : take_token(p, f, i, next);
        last = end > last ? end : last;
    }
    find_xml(p, f, first, next < p->count ? p->tokens[next].start : p->text.n);
    if (!sv_absent(f->xml))
        last = (size_t)(f->xml.p - p->text.p) + f->xml.n;
    f->original = sv_slice(p->text, first, last);
    p->at = next;
    infer(p, f);
    go_on(p);
    return true;
}
