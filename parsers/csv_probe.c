/* SPDX-License-Identifier: Apache-2.0 */
/* Recognizing a table of events by its first bytes. */
#include "csv_probe.h"

#include "csv_layout.h"
#include "parser.h"
#include "text_coding.h"

enum { HEADER_SCORE = 90, ROW_SCORE = 70, REMARK_LINES = 8 };

/* A first line that has no end yet: could it be a header, or a row that begins with a date or a number? */
static int probe_begun(struct sv line)
{
    struct sv name = line;
    bool quoted = sv_starts(name, SV("\""));
    name = quoted ? sv_slice(name, 1, name.n) : name;
    size_t end = 0;
    while (end < name.n && end < CSV_NAME_MAX &&
           !(quoted ? name.p[end] == '"' : name.p[end] == ',' || name.p[end] == ';' || name.p[end] == '\t'))
        end++;
    if (sv_starts(line, SV("#")) || (!quoted && name.n && ascii_is_digit(name.p[0])))
        return PROBE_MORE;
    if (end == name.n && end < CSV_NAME_MAX) {
        struct csv_beginnings beginnings;
        unsigned letters[3] = {0};
        for (size_t i = 0; i < 3 && i < name.n; i++)
            letters[i] = (unsigned char)name.p[i];
        csv_beginnings_init(&beginnings);
        return name.n < 3 || csv_may_begin(&beginnings, letters[0], letters[1], letters[2]) ? PROBE_MORE : 0;
    }
    return csv_column_of(sv_trim(sv_slice(name, 0, end)), NULL) == CSV_OTHER ? 0 : PROBE_MORE;
}

static bool is_whole(struct sv line, struct sv rest, struct sv text)
{
    return rest.n || (line.p + line.n < text.p + text.n);
}

static int probe_text(struct sv text, bool may_grow)
{
    struct sv rest = text, line;
    struct csv_layout layout;
    for (int i = 0; i < REMARK_LINES && text_take_line(&rest, &line); i++) {
        if (!is_whole(line, rest, text) && may_grow)
            return probe_begun(line);
        if (sv_istarts(line, SV("#TYPE System.Diagnostics.Event")))
            return HEADER_SCORE;
        if (csv_is_remark(line))
            continue;
        if (csv_layout_of_header(line, &layout))
            return HEADER_SCORE;
        return csv_layout_of_row(line, &layout) ? ROW_SCORE : 0;
    }
    return may_grow ? PROBE_MORE : 0;
}

int csv_probe(struct sv head, bool complete)
{
    char text[3 * PARSER_HEAD_BYTES + 3];
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    return probe_text(text_head_utf8(head, text), !complete && head.n < PARSER_HEAD_BYTES);
}
