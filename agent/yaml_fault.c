/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's errors: where, what, and what was probably meant. */
#include "yaml_fault.h"

#include "utf.h"
#include "yaml_tree.h"

#include <string.h>

/* The text of a line, counted from 0. */
static struct sv line_of(struct sv source, size_t line)
{
    for (; line > 0; line--) {
        size_t end = sv_find_char(source, '\n');
        if (end == SV_NPOS)
            return SV("");
        source = sv_slice(source, end + 1, source.n);
    }
    size_t end = sv_find_char(source, '\n');
    return end == SV_NPOS ? source : sv_slice(source, 0, end);
}

static bool backslash_in_double_quotes(struct sv line)
{
    size_t quote = sv_find_char(line, '"');
    return quote != SV_NPOS && sv_find_char(sv_slice(line, quote, line.n), '\\') != SV_NPOS;
}

static bool any_line_has_it(const yaml_parser_t *yaml, struct sv source)
{
    size_t last = yaml->problem_mark.line;
    size_t first = yaml->context && yaml->context_mark.line < last ? yaml->context_mark.line : last;
    if (last - first > 50)
        last = first + 50;
    for (size_t line = first; line <= last; line++)
        if (backslash_in_double_quotes(line_of(source, line)))
            return true;
    return false;
}

static bool tab_before_text(struct sv line)
{
    for (size_t i = 0; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
        if (line.p[i] == '\t')
            return true;
    return false;
}

static const char *hint(const yaml_parser_t *yaml, struct sv source)
{
    struct sv line = line_of(source, yaml->problem_mark.line);
    const char *problem = yaml->problem ? yaml->problem : "";
    const char *context = yaml->context ? yaml->context : "";
    if (any_line_has_it(yaml, source))
        return "; " HINT_SINGLE_QUOTES;
    if (tab_before_text(line))
        return "; indent with spaces, not with tabs";
    if (strstr(context, "alias"))
        return "; a value that begins with * is written in single quotes";
    if (strstr(context, "anchor"))
        return "; a value that begins with & is written in single quotes";
    if (strstr(problem, "mapping values are not allowed"))
        return "; a key needs a blank behind its colon, a value that holds a colon and a blank is written in "
               "single "
               "quotes, and keys of one mapping begin in the same column";
    if (strstr(problem, "cannot start any token"))
        return "; a value that begins with @, ` or % is written in single quotes";
    return "";
}

/* The reader's errors know only the byte. */
static struct place place_of_byte(struct sv source, size_t offset)
{
    struct place at = {1, 1};
    for (size_t i = 0; i < offset && i < source.n; i++) {
        if (source.p[i] == '\n')
            at = (struct place){at.line + 1, 1};
        else if (((uint8_t)source.p[i] & 0xc0) != 0x80)
            at.column++;
    }
    return at;
}

void yaml_fault_report(const yaml_parser_t *yaml, struct sv source, struct config_messages *messages)
{
    const char *problem = yaml->problem ? yaml->problem : "not readable";
    struct place at = {(unsigned)yaml->problem_mark.line + 1, (unsigned)yaml->problem_mark.column + 1};
    if (yaml->error == YAML_MEMORY_ERROR)
        report_error(messages, (struct place){0, 0}, "out of memory");
    else if (yaml->error == YAML_READER_ERROR)
        report_error(messages, place_of_byte(source, yaml->problem_offset),
                     "not a text in UTF-8 without control characters: %s", problem);
    else if (yaml->context)
        report_error(messages, at, "YAML: %s %s%s", problem, yaml->context, hint(yaml, source));
    else
        report_error(messages, at, "YAML: %s%s", problem, hint(yaml, source));
}
