/* SPDX-License-Identifier: Apache-2.0 */
/* The types of settings. */
#include "setting_value.h"

#include "suggest.h"

#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, for writing. */
static const struct unit durations[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                        {"s", 1000},     {"ms", 1},      {NULL, 0}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}, {NULL, 0}};

static const char *say(char why[160], const char *format, const char *a, const char *b)
{
    snprintf(why, 160, format, a, b);
    return why;
}

/* The digits that text begins with. False without a digit, with a leading zero (is it octal?) or over 18
 * digits. */
static bool read_digits(const char **text, int64_t *out)
{
    const char *p = *text;
    int64_t value = 0;
    if (!ascii_is_digit(*p) || (*p == '0' && ascii_is_digit(p[1])))
        return false;
    for (; ascii_is_digit(*p); p++) {
        if (p - *text >= 18)
            return false;
        value = value * 10 + (*p - '0');
    }
    *text = p;
    *out = value;
    return true;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name; units++)
        if (strcmp(units->name, name) == 0)
            return units;
    return NULL;
}

void setting_value_write(struct buf *to, enum setting_type type, int64_t value)
{
    const struct unit *u = type == SETTING_DURATION ? durations : type == SETTING_SIZE ? sizes : NULL;
    while (u && value != 0 && value % u->factor != 0)
        u++;
    if (!u || value == 0) {
        buf_i64(to, value);
        return;
    }
    buf_i64(to, value / u->factor);
    buf_put(to, sv_from(u->name));
}

static bool is_bounded(const struct setting *s)
{
    return s->min != 0 || s->max != 0;
}

static const char *check_bounds(const struct setting *s, int64_t value, char why[160])
{
    char text[64] = {0};
    struct buf b;
    if (!is_bounded(s) || (value >= s->min && value <= s->max))
        return NULL;
    buf_init(&b, sizeof text - 1);
    setting_value_write(&b, s->type, s->min);
    buf_lit(&b, " and ");
    setting_value_write(&b, s->type, s->max);
    memcpy(text, buf_sv(&b).p, b.n);
    buf_free(&b);
    return say(why, "must be between %s", text, "");
}

static const char *read_int(const struct setting *s, const char *text, int64_t *field, char why[160])
{
    bool negative = *text == '-';
    int64_t value;
    text += negative;
    if (!read_digits(&text, &value) || *text)
        return "must be a whole number";
    value = negative ? -value : value;
    const char *wrong = check_bounds(s, value, why);
    if (!wrong)
        *field = value;
    return wrong;
}

/* The unit that was probably meant, in the spelling that is known; NULL: cannot tell. */
static const char *meant_unit(const struct setting *s, const char *written)
{
    static const char *const pairs[][2] = {
        {"K", "KiB"},  {"k", "KiB"},   {"KB", "KiB"},   {"kb", "KiB"},    {"kB", "KiB"},   {"M", "MiB"},
        {"m", "MiB"},  {"MB", "MiB"},  {"mb", "MiB"},   {"G", "GiB"},     {"g", "GiB"},    {"GB", "GiB"},
        {"gb", "GiB"}, {"kib", "KiB"}, {"mib", "MiB"},  {"gib", "GiB"},   {"B", ""},       {"b", ""},
        {"sec", "s"},  {"S", "s"},     {"secs", "s"},   {"seconds", "s"}, {"second", "s"}, {"min", "m"},
        {"M", "m"},    {"mins", "m"},  {"minute", "m"}, {"minutes", "m"}, {"H", "h"},      {"hour", "h"},
        {"hr", "h"},   {"hours", "h"}, {"D", "d"},      {"day", "d"},     {"days", "d"},   {"MS", "ms"},
        {"", "s"},     {"msec", "ms"}, {"millis", "ms"}};
    const struct unit *units = s->type == SETTING_DURATION ? durations : sizes;
    while (*written == ' ')
        written++;
    if (find_unit(units, written) && *written)
        return written;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(pairs[i][0], written) == 0 && find_unit(units, pairs[i][1]))
            return pairs[i][1];
    return NULL;
}

static const char *read_with_unit(const struct setting *s, const char *text, int64_t *field, char why[160])
{
    bool time = s->type == SETTING_DURATION;
    const char *form = time ? "must be a time with a unit, such as 500ms, 30s, 5m, 2h or 7d"
                            : "must be a size, such as 512, 64KiB, 10MiB or 1GiB";
    const char *rest = text;
    int64_t value;
    if (!read_digits(&rest, &value))
        return form;
    const struct unit *unit = find_unit(time ? durations : sizes, time && value == 0 && !*rest ? "s" : rest);
    if (!unit) {
        char digits[24];
        const char *meant = meant_unit(s, rest);
        snprintf(digits, sizeof digits, "%.*s", (int)(rest - text), text);
        if (!meant)
            return form;
        snprintf(why, 160, "%s; did you mean `%s%s`?", form, digits, meant);
        return why;
    }
    if (value > INT64_MAX / unit->factor)
        return "is too large";
    const char *wrong = check_bounds(s, value * unit->factor, why);
    if (!wrong)
        *field = value * unit->factor;
    return wrong;
}

static const char *read_bool(const char *text, bool *field, char why[160])
{
    static const char *const yes[] = {"yes", "on", "1", "y", "true", NULL}, *const no[] = {"no",    "off",
                                                                                           "0",     "n",
                                                                                           "false", NULL};
    *field = strcmp(text, "true") == 0;
    if (*field || strcmp(text, "false") == 0)
        return NULL;
    for (size_t i = 0; yes[i]; i++) {
        if (sv_ieq(sv_from(text), sv_from(yes[i])))
            return say(why, "must be true or false; did you mean `%s`?", "true", "");
        if (sv_ieq(sv_from(text), sv_from(no[i])))
            return say(why, "must be true or false; did you mean `%s`?", "false", "");
    }
    return "must be true or false";
}

static void list_choices(struct buf *to, const char *const *choices)
{
    for (size_t i = 0; choices[i]; i++) {
        buf_put(to, i > 0 ? SV(", ") : SV(""));
        buf_put(to, sv_from(choices[i]));
    }
}

static const char *read_choice(const struct setting *s, const char *text, int *field, char why[160])
{
    struct suggestion near = {0};
    for (int i = 0; s->choices[i]; i++) {
        if (strcmp(text, s->choices[i]) == 0) {
            *field = i;
            return NULL;
        }
        suggest(&near, text, s->choices[i]);
    }
    if (near.word)
        return say(why, "has no such choice; did you mean `%s`?", near.word, "");
    struct buf b;
    buf_init(&b, 120);
    list_choices(&b, s->choices);
    snprintf(why, 160, "must be one of %.*s%s", SV_ARG(buf_sv(&b)), buf_ok(&b) ? "" : ", ...");
    buf_free(&b);
    return why;
}

const char *setting_value_read(const struct setting *s, const char *text, void *field, char why[160])
{
    switch (s->type) {
    case SETTING_BOOL:
        return read_bool(text, field, why);
    case SETTING_INT:
        return read_int(s, text, field, why);
    case SETTING_DURATION:
    case SETTING_SIZE:
        return read_with_unit(s, text, field, why);
    case SETTING_CHOICE:
        return read_choice(s, text, field, why);
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SECRET:
    case SETTING_LIST:
    case SETTING_MAP:
    case SETTING_PATHS:
        break;
    }
    return "cannot be read from one value";
}

static const char *type_words(enum setting_type type)
{
    switch (type) {
    case SETTING_STRING:
        return "Text.";
    case SETTING_PATH:
        return "A path.";
    case SETTING_SECRET:
        return "A secret: ${NAME} or ${file:PATH}.";
    case SETTING_BOOL:
        return "true or false.";
    case SETTING_INT:
        return "A whole number";
    case SETTING_DURATION:
        return "A time";
    case SETTING_SIZE:
        return "A size";
    case SETTING_LIST:
        return "A list.";
    case SETTING_MAP:
        return "A mapping.";
    case SETTING_PATHS:
        return "A list of paths or globs.";
    case SETTING_CHOICE:
        break;
    }
    return "One of: ";
}

void setting_facts(struct buf *to, const struct setting *s)
{
    bool number = s->type == SETTING_INT || s->type == SETTING_DURATION || s->type == SETTING_SIZE;
    buf_put(to, sv_from(type_words(s->type)));
    if (s->type == SETTING_CHOICE)
        list_choices(to, s->choices);
    if (number && is_bounded(s)) {
        buf_lit(to, " from ");
        setting_value_write(to, s->type, s->min);
        buf_lit(to, " to ");
        setting_value_write(to, s->type, s->max);
    }
    if (number || s->type == SETTING_CHOICE)
        buf_putc(to, '.');
    if (s->required)
        buf_lit(to, " Required.");
    else if (s->fallback) {
        buf_lit(to, " Default: ");
        buf_put(to, sv_from(s->fallback));
        buf_putc(to, '.');
    } else
        buf_lit(to, " Optional.");
}
