/* SPDX-License-Identifier: Apache-2.0 */
/* Fills a sink's private configuration from text. */
#include "sink_settings.h"

#include "keep.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static int64_t scaled(const char *value)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"", 1},         {"ms", 1},     {"s", 1000},      {"m", 60000},    {"h", 3600000},
                 {"d", 86400000}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    char *unit;
    long long number = strtoll(value, &unit, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(unit, units[i].unit) == 0)
            return number * units[i].factor;
    cr_assert_fail("`%s` has no unit that is known", value);
    return 0;
}

static int choice(const struct setting *setting, const char *value)
{
    for (int i = 0; setting->choices[i]; i++)
        if (strcmp(setting->choices[i], value) == 0)
            return i;
    cr_assert_fail("`%s` is no choice of %s", value, setting->key);
    return 0;
}

/* The items live as long as the test process. */
static struct setting_list list(const char *value)
{
    char *copy = keep(strdup(value)), *rest = NULL;
    const char **items = keep(calloc(strlen(value) + 1, sizeof *items));
    size_t n = 0;
    for (char *item = strtok_r(copy, ",", &rest); item; item = strtok_r(NULL, ",", &rest))
        items[n++] = item;
    return (struct setting_list){items, n};
}

static void put(void *config, const struct setting *setting, const char *value)
{
    void *field = (char *)config + setting->offset;
    switch (setting->type) {
    case SETTING_BOOL:
        *(bool *)field = strcmp(value, "true") == 0;
        return;
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE:
        *(int64_t *)field = scaled(value);
        return;
    case SETTING_CHOICE:
        *(int *)field = choice(setting, value);
        return;
    case SETTING_LIST:
        *(struct setting_list *)field = list(value);
        return;
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SECRET:
        *(const char **)field = value;
        return;
    default:
        cr_assert_fail("%s is of a type that no sink needed yet", setting->key);
    }
}

void *sink_settings(const struct sink_ops *ops, const char *const *pairs)
{
    void *config = keep(calloc(1, ops->config_size));
    for (const struct setting *s = ops->settings; s->key; s++)
        if (s->fallback)
            put(config, s, s->fallback);
    for (; *pairs; pairs += 2) {
        const struct setting *s = ops->settings;
        while (s->key && strcmp(s->key, pairs[0]) != 0)
            s++;
        cr_assert(s->key, "%s has no setting `%s`", ops->name, pairs[0]);
        put(config, s, pairs[1]);
    }
    struct fault f;
    cr_assert(!ops->validate || ops->validate(config, &f), "%s", f.text);
    return config;
}
