/* SPDX-License-Identifier: Apache-2.0 */
/* Is a file events as JSON? */
#include "json_probe.h"

#include "text_coding.h"

/* Members that stand in an event's record and hardly in other ones, each with its quotes. */
static const struct sv id_names[] = {
    SV_INIT("\"Id\""),         SV_INIT("\"EventID\""),         SV_INIT("\"EventId\""),
    SV_INIT("\"event_id\""),   SV_INIT("\"winlog.event_id\""), SV_INIT("\"EventCode\""),
    SV_INIT("\"InstanceId\""), SV_INIT("\"EventIdentifier\""),
};
static const struct sv other_names[] = {
    SV_INIT("\"ProviderName\""),         SV_INIT("\"provider_name\""), SV_INIT("\"SourceName\""),
    SV_INIT("\"source_name\""),          SV_INIT("\"Source\""),        SV_INIT("\"provider\""),
    SV_INIT("\"winlog.provider_name\""), SV_INIT("\"Provider\""),
};

static bool has_any(struct sv text, const struct sv *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sv_find(text, names[i]) != SV_NPOS)
            return true;
    return false;
}

static struct sv without_blanks(struct sv v)
{
    while (v.n && ascii_is_space(v.p[0]))
        v = sv_slice(v, 1, v.n);
    return v;
}

enum beginning { BEGINS_NOT, BEGINS_CUT, BEGINS_OBJECT };

/* An object with a member, or an array of them. */
static enum beginning beginning_of(struct sv v)
{
    v = without_blanks(v);
    if (v.n && v.p[0] == '[')
        v = without_blanks(sv_slice(v, 1, v.n));
    if (v.n && v.p[0] != '{')
        return BEGINS_NOT;
    v = without_blanks(sv_slice(v, 1, v.n));
    if (v.n == 0)
        return BEGINS_CUT;
    return v.p[0] == '"' ? BEGINS_OBJECT : BEGINS_NOT;
}

/* The first line's object behind a syslog header: nothing of a CSV, XML or text export lies before it. */
static struct sv behind_header(struct sv text)
{
    size_t line = sv_find_char(text, '\n'), brace = sv_find(sv_slice(text, 0, line), SV("{\""));
    struct sv header = sv_slice(text, 0, brace);
    bool plain = brace != SV_NPOS && sv_find_char(header, '"') == SV_NPOS &&
                 sv_find_char(header, ',') == SV_NPOS && sv_find_char(header, '\t') == SV_NPOS &&
                 sv_find_char(header, '=') == SV_NPOS;
    bool dated =
        header.n && (header.p[0] == '<' ? header.n > 1 && ascii_is_digit(header.p[1])
                                        : ascii_is_alpha(header.p[0]) || ascii_is_digit(header.p[0]));
    return plain && dated ? sv_slice(text, brace, text.n) : SV_ABSENT;
}

int json_probe(struct sv head, bool complete)
{
    char room[3 * PARSER_HEAD_BYTES + 3];
    struct sv text = text_head_utf8(sv_slice(head, 0, PARSER_HEAD_BYTES), room), inner;
    bool short_head = head.n < PARSER_HEAD_BYTES && !complete;
    enum beginning begins = beginning_of(text);
    if (begins == BEGINS_CUT)
        return short_head ? PROBE_MORE : 0;
    inner = begins == BEGINS_OBJECT ? text : behind_header(text);
    if (sv_absent(inner))
        return 0;
    bool named = has_any(inner, id_names, sizeof id_names / sizeof id_names[0]) &&
                 has_any(inner, other_names, sizeof other_names / sizeof other_names[0]);
    if (named)
        return begins == BEGINS_OBJECT ? 90 : 60;
    return begins == BEGINS_OBJECT ? 40 : 0;
}
