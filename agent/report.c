/* SPDX-License-Identifier: Apache-2.0 */
/* The list of messages about a configuration file. */
#include "report.h"

#include "utf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keeps the message if there is room and memory; an error counts in any case. */
static void keep(struct config_messages *m, struct place at, bool is_warning, const char *format,
                 va_list args)
{
    char text[512];
    if (!is_warning)
        m->errors++;
    if (report_is_full(m))
        return;
    struct config_message *items = realloc(m->items, (m->count + 1) * sizeof *items);
    if (!items)
        return;
    m->items = items;
    vsnprintf(text, sizeof text, format, args);
    char *copy = strdup(text);
    if (copy)
        items[m->count++] = (struct config_message){at.line, at.column, is_warning, copy};
}

void report_error(struct config_messages *m, struct place at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(m, at, false, format, args);
    va_end(args);
}

void report_warning(struct config_messages *m, struct place at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    keep(m, at, true, format, args);
    va_end(args);
}

static bool comes_after(const struct config_message *a, const struct config_message *b)
{
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

/* Insertion keeps messages about one place in the order in which they were found; there are few. */
static void sort(struct config_message *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct config_message moved = items[i];
        size_t to = i;
        for (; to > 0 && comes_after(&items[to - 1], &moved); to--)
            items[to] = items[to - 1];
        items[to] = moved;
    }
}

void report_finish(struct config_messages *m)
{
    size_t kept = 0;
    sort(m->items, m->count);
    for (size_t i = 0; i < m->count; i++)
        kept += !m->items[i].is_warning;
    if (m->errors == kept || m->count == 0)
        return;
    struct config_message *last = &m->items[m->count - 1];
    char *text = strdup("there are more mistakes than are listed here; correct these first");
    if (text) {
        free(last->text);
        *last = (struct config_message){0, 0, false, text};
    }
}

void config_messages_free(struct config_messages *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->items[i].text);
    free(m->items);
    *m = (struct config_messages){0};
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

const char *show(struct shown *to, const char *text)
{
    struct sv rest = sv_from(text);
    uint32_t c;
    size_t n = 0, characters = 0, size;
    for (; (size = utf8_decode(rest, &c)) > 0 && characters < 60; characters++) {
        bool bad = is_control(c) || (c == 0xfffd && size == 1);
        memcpy(to->text + n, bad ? "?" : rest.p, bad ? 1 : size);
        n += bad ? 1 : size;
        rest = sv_slice(rest, size, rest.n);
    }
    const char *end = rest.n ? "..." : "";
    memcpy(to->text + n, end, strlen(end) + 1);
    return to->text;
}
