/* SPDX-License-Identifier: Apache-2.0 */
/* Recognizing event XML by its first bytes. */
#include "xml_probe.h"

#include "parser.h"
#include "utf.h"

enum { NAME_MAX_BYTES = 256 };

static struct sv skip_blanks(struct sv v)
{
    while (v.n && ascii_is_space(v.p[0]))
        v = sv_slice(v, 1, v.n);
    return v;
}

/* v behind the next end, or nothing at all if it has none. */
static struct sv skip_to(struct sv v, struct sv end)
{
    size_t at = sv_find(v, end);
    return at == SV_NPOS ? sv_slice(v, v.n, v.n) : sv_slice(v, at + end.n, v.n);
}

/* v without byte order marks, blanks, processing instructions and comments at its beginning. */
static struct sv skip_prolog(struct sv v)
{
    for (;;) {
        v = skip_blanks(v);
        if (sv_starts(v, SV("\xef\xbb\xbf")))
            v = sv_slice(v, 3, v.n);
        else if (sv_starts(v, SV("<?")))
            v = skip_to(v, SV("?>"));
        else if (sv_starts(v, SV("<!--")))
            v = skip_to(v, SV("-->"));
        else
            return v;
    }
}

/* Some beginning of what the file may begin with. */
static bool is_beginning(struct sv v)
{
    return v.n < 4 &&
           (sv_starts(SV("<!--"), v) || sv_starts(SV("<?"), v) || sv_starts(SV("\xef\xbb\xbf"), v));
}

/* A forwarder's prefix, and an event on the same line. JSON and CSV that carry events as text are not ours.
 */
static bool is_behind_prefix(struct sv v)
{
    struct sv line = sv_slice(v, 0, sv_find_char(v, '\n'));
    size_t at = sv_find(line, SV("<Event xmlns="));
    bool quoted = sv_find_char(SV("{[\""), v.p[0]) != SV_NPOS;
    return !quoted && at != SV_NPOS &&
           sv_starts(sv_slice(line, at + 14, line.n),
                     SV("http://schemas.microsoft.com/win/2004/08/events/event"));
}

enum first { FIRST_NONE, FIRST_CUT, FIRST_ELEMENT };

/* The name of the element that v begins with, without prefix. */
static enum first first_element(struct sv v, bool may_grow, struct sv *name)
{
    if (v.n == 0 || is_beginning(v))
        return may_grow ? FIRST_CUT : FIRST_NONE;
    if (v.p[0] != '<')
        return FIRST_NONE;
    size_t end = 1;
    while (end < v.n && !ascii_is_space(v.p[end]) && v.p[end] != '>' && v.p[end] != '/')
        end++;
    if (end == v.n)
        return may_grow && end <= NAME_MAX_BYTES ? FIRST_CUT : FIRST_NONE;
    *name = sv_slice(v, 1, end);
    size_t colon = sv_find_char(*name, ':');
    *name = colon == SV_NPOS ? *name : sv_slice(*name, colon + 1, name->n);
    return FIRST_ELEMENT;
}

/* The elements that instances stand in: wmic's, and those of CIM-XML (DSP0201). */
static bool is_cim_name(struct sv name)
{
    return sv_eq(name, SV("COMMAND")) || sv_eq(name, SV("CIM")) || sv_eq(name, SV("INSTANCE"));
}

static int probe_text(struct sv text, bool may_grow)
{
    struct sv v = skip_prolog(text), name = SV_ABSENT;
    enum first first = first_element(v, may_grow, &name);
    if (first == FIRST_CUT)
        return PROBE_MORE;
    if (first == FIRST_NONE)
        return v.n && v.p[0] != '<' && is_behind_prefix(v) ? 40 : 0;
    if (sv_eq(name, SV("Event")) || sv_eq(name, SV("Events")))
        return 95;
    if (is_cim_name(name))
        return sv_find(v, SV("\"Win32_NTLogEvent\"")) != SV_NPOS || sv_starts(v, SV("<COMMAND SEQUENCENUM="))
                   ? 90
               : may_grow ? PROBE_MORE
                          : 0;
    /* Some other document that has events inside. */
    return sv_find(v, SV("://schemas.microsoft.com/win/2004/08/events/event")) == SV_NPOS ? 0 : 30;
}

/* The beginning as UTF-8; absent where there is too little of it. */
static struct sv text_of(struct sv head, bool may_grow, char text[PARSER_HEAD_BYTES / 2 * 3 + 3])
{
    struct text_form form = text_form_of(head);
    if (form.encoding == TEXT_UTF8) {
        bool half = head.n == 1 && ((unsigned char)head.p[0] >= 0xfe || head.p[0] == 0);
        return half && may_grow ? SV_ABSENT : head;
    }
    head = sv_slice(head, form.bom_bytes, head.n & ~(size_t)1);
    return sv_make(text, utf8_from_utf16((const uint8_t *)head.p, head.n, form.encoding, text, NULL));
}

int xml_probe(struct sv head, bool complete)
{
    char room[PARSER_HEAD_BYTES / 2 * 3 + 3]; /* utf8_room_for_utf16(PARSER_HEAD_BYTES) */
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    bool may_grow = !complete && head.n < PARSER_HEAD_BYTES;
    struct sv text = text_of(head, may_grow, room);
    return sv_absent(text) && head.n ? PROBE_MORE : probe_text(text, may_grow);
}

bool xml_dialect_of(struct sv head, bool complete, enum xml_dialect *dialect)
{
    char room[PARSER_HEAD_BYTES / 2 * 3 + 3];
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    bool may_grow = !complete && head.n < PARSER_HEAD_BYTES;
    struct sv text = text_of(head, may_grow, room), name = SV_ABSENT;
    enum first first = first_element(skip_prolog(text), may_grow, &name);
    *dialect = first == FIRST_ELEMENT && is_cim_name(name) ? XML_CIM : XML_EVENTS;
    return first != FIRST_CUT;
}
