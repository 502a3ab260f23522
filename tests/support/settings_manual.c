/* SPDX-License-Identifier: Apache-2.0 */
/* Every setting as mdoc(7). */
#include "settings_manual.h"

#include "config.h"
#include "registry.h"
#include "setting_value.h"

enum { LINE_MAX_BYTES = 78 };

/* One word as mdoc reads it: a backslash begins an escape, and so does a point or an apostrophe that comes
 * first. */
static void put_word(struct buf *to, struct sv word, bool first)
{
    if (first && (word.p[0] == '.' || word.p[0] == '\''))
        buf_lit(to, "\\&");
    for (size_t i = 0; i < word.n; i++) {
        if (sv_starts(sv_slice(word, i, word.n), SV("\xe2\x80\xa6"))) {
            buf_lit(to, "...");
            i += 2;
        } else if (word.p[i] == '\\' || word.p[i] == '`')
            buf_put(to, word.p[i] == '`' ? SV("\\(ga") : SV("\\e"));
        else
            buf_putc(to, word.p[i]);
    }
}

/* A new sentence begins on a new line, and no line is longer than 80 bytes. */
static void put_text(struct buf *to, const char *text)
{
    struct sv rest = sv_from(text);
    for (size_t column = 0; rest.n > 0;) {
        size_t end = sv_find_char(rest, ' ');
        struct sv word = sv_slice(rest, 0, end == SV_NPOS ? rest.n : end);
        bool fits = column > 0 && column + word.n < LINE_MAX_BYTES;
        if (column > 0)
            buf_putc(to, fits ? ' ' : '\n');
        put_word(to, word, !fits);
        column = sv_ends(word, SV(".")) ? LINE_MAX_BYTES : (fits ? column + 1 : 0) + word.n;
        rest = sv_slice(rest, word.n + 1, rest.n);
    }
}

static void put_setting(struct buf *to, const struct setting *s)
{
    struct buf facts;
    buf_lit(to, ".It Ic ");
    buf_put(to, sv_from(s->key));
    buf_putc(to, '\n');
    put_text(to, s->help);
    buf_putc(to, '\n');
    buf_init(&facts, 2000);
    setting_facts(&facts, s);
    buf_putc(&facts, '\0');
    put_text(to, buf_sv(&facts).p);
    buf_putc(to, '\n');
    buf_free(&facts);
}

static void put_table(struct buf *to, const struct setting *table)
{
    if (!table->key)
        return;
    buf_lit(to, ".Bl -tag -width Ds\n");
    for (; table->key; table++)
        put_setting(to, table);
    buf_lit(to, ".El\n");
}

static void put_section(struct buf *to, const struct config_section *s)
{
    buf_lit(to, ".Ss ");
    buf_put(to, *s->key ? sv_from(s->key) : SV("Top level"));
    buf_putc(to, '\n');
    put_text(to, s->help);
    buf_putc(to, '\n');
    if (*s->key)
        buf_put(to, s->is_list ? SV("A list of mappings") : SV("A mapping"));
    if (*s->key)
        buf_put(to, s->is_required ? SV("; required.\n") : SV("; optional.\n"));
    put_table(to, s->settings);
}

static void put_sink(struct buf *to, const struct sink_ops *sink)
{
    buf_lit(to, ".Ss Outputs of type ");
    buf_put(to, sv_from(sink->name));
    buf_putc(to, '\n');
    put_text(to, sink->title);
    buf_lit(to, "; the usual format is\n.Cm ");
    buf_put(to, sv_from(sink->default_format));
    buf_lit(to, " .\n");
    buf_put(to, sink->once_only ? SV("There can be one such output only.\n") : SV(""));
    put_table(to, sink->settings);
}

static void put_formats(struct buf *to)
{
    buf_lit(to, ".Ss Formats\nWhat\n.Ic format\nof an output can be:\n.Bl -tag -width Ds\n");
    for (size_t i = 0; registry_encoders[i]; i++) {
        buf_lit(to, ".It Cm ");
        buf_put(to, sv_from(registry_encoders[i]->name));
        buf_putc(to, '\n');
        put_text(to, registry_encoders[i]->title);
        buf_lit(to, ".\n");
    }
    buf_lit(to, ".El\n");
}

void settings_manual(struct buf *to)
{
    for (const struct config_section *s = config_sections; s->key; s++)
        put_section(to, s);
    put_formats(to);
    for (size_t i = 0; registry_sinks[i]; i++)
        put_sink(to, registry_sinks[i]);
}
