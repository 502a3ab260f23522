/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of settings applied to a mapping: unknown, missing and wrong values found in one pass. */
#include "settings.h"

#include "setting_value.h"
#include "suggest.h"

#include <stdio.h>
#include <string.h>

static void out_of_memory(struct reading *r)
{
    report_error(r->messages, (struct place){0, 0}, "out of memory");
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* A path in double quotes may have lost its backslashes, also where every escape happened to be a valid one.
 */
static const char *read_path(struct reading *r, const char *key, const struct node *n)
{
    if (n->has_escapes)
        report_error(r->messages, n->at, "`%s`: %s", key, HINT_SINGLE_QUOTES);
    else if (!*n->text)
        report_error(r->messages, n->at, "`%s` is empty", key);
    else if (has_control(n->text))
        report_error(r->messages, n->at, "`%s` holds a control character", key);
    else
        return resolve_path(r, n->text);
    return NULL;
}

static bool is_text(struct reading *r, const struct setting *s, const struct node *n)
{
    if (n->kind == NODE_TEXT)
        return true;
    report_error(r->messages, n->at, "`%s` must be one value, not %s", s->key, node_kind_name(n));
    return false;
}

static void read_string(struct reading *r, const struct setting *s, const struct node *n, const char **field)
{
    if (!*n->text) {
        report_error(r->messages, n->at, "`%s` is empty", s->key);
        return;
    }
    if (s->type == SETTING_SECRET && !n->is_expanded)
        report_warning(r->messages, n->at,
                       "`%s` stands in this file in plain text; take it from ${NAME} or ${file:PATH}",
                       s->key);
    const char *value = s->type == SETTING_PATH ? read_path(r, s->key, n) : n->text;
    if (value)
        *field = value;
}

static const char *list_item(struct reading *r, const struct setting *s, const struct node *n)
{
    if (n->kind == NODE_REFUSED)
        return NULL;
    if (s->type == SETTING_PATHS && n->kind == NODE_TEXT && !node_is_null(n))
        return read_path(r, s->key, n);
    if (n->kind != NODE_TEXT)
        report_error(r->messages, n->at, "an entry of `%s` must be one value, not %s", s->key,
                     node_kind_name(n));
    else if (node_is_null(n) || !*n->text)
        report_error(r->messages, n->at, "an entry of `%s` is empty", s->key);
    else
        return n->text;
    return NULL;
}

static void read_list(struct reading *r, const struct setting *s, const struct node *n,
                      struct setting_list *field)
{
    if (n->kind != NODE_LIST) {
        report_error(
            r->messages, n->at,
            "`%s` must be a list, not %s: write [one, two], or lines that begin with a dash and a blank",
            s->key, node_kind_name(n));
        return;
    }
    if (n->count == 0 && s->required)
        report_error(r->messages, n->at, "`%s` is empty", s->key);
    const char **items = arena_alloc(r->memory, n->count * sizeof *items);
    size_t count = 0;
    if (!items) {
        out_of_memory(r);
        return;
    }
    for (const struct node *child = n->first; child; child = child->next) {
        items[count] = list_item(r, s, child);
        count += items[count] != NULL;
    }
    *field = (struct setting_list){items, count};
}

static void read_map(struct reading *r, const struct setting *s, const struct node *n,
                     struct setting_map *field)
{
    struct shown shown;
    if (n->kind != NODE_MAPPING) {
        report_error(r->messages, n->at, "`%s` must be a mapping of keys to values, not %s", s->key,
                     node_kind_name(n));
        return;
    }
    struct setting_pair *items = arena_alloc(r->memory, n->count * sizeof *items);
    size_t count = 0;
    if (!items) {
        out_of_memory(r);
        return;
    }
    for (const struct node *child = n->first; child; child = child->next) {
        if (child->kind == NODE_TEXT && *child->key && !node_is_null(child))
            items[count++] = (struct setting_pair){child->key, child->text, child->is_expanded};
        else if (child->kind != NODE_REFUSED)
            report_error(r->messages, child->key_at, "`%s` in `%s` needs one value", show(&shown, child->key),
                         s->key);
    }
    *field = (struct setting_map){items, count};
}

static void read_simple(struct reading *r, const struct setting *s, const struct node *n, void *field)
{
    char why[160];
    const char *wrong = setting_value_read(s, n->text, field, why);
    if (wrong)
        report_error(r->messages, n->at, "`%s` %s", s->key, wrong);
}

static void read_value(struct reading *r, const struct setting *s, const struct node *n, void *field)
{
    if (n->kind == NODE_REFUSED)
        return;
    if (node_is_null(n)) {
        report_error(r->messages, n->key_at, "`%s` has no value%s", s->key,
                     s->required ? "" : "; leave the key out to have its default");
        return;
    }
    switch (s->type) {
    case SETTING_LIST:
    case SETTING_PATHS:
        read_list(r, s, n, field);
        break;
    case SETTING_MAP:
        read_map(r, s, n, field);
        break;
    case SETTING_STRING:
    case SETTING_PATH:
    case SETTING_SECRET:
        if (is_text(r, s, n))
            read_string(r, s, n, field);
        break;
    default:
        if (is_text(r, s, n))
            read_simple(r, s, n, field);
    }
}

/* Defaults are written as in the file, and read by the same code. */
static void set_default(struct reading *r, const struct setting *s, void *field)
{
    struct node *n = s->fallback ? yaml_tree(sv_from(s->fallback), r->memory, r->messages) : NULL;
    if (n)
        read_value(r, s, n, field);
}

static const struct setting *find(const struct settings_scope *scope, const char *key,
                                  const struct settings_target **target)
{
    for (size_t i = 0; i < scope->count; i++) {
        *target = &scope->targets[i];
        for (const struct setting *s = (*target)->table; s->key; s++)
            if (strcmp(s->key, key) == 0)
                return s;
    }
    return NULL;
}

static bool is_other(const struct settings_scope *scope, const char *key)
{
    for (const char *const *other = scope->others; other && *other; other++)
        if (strcmp(*other, key) == 0)
            return true;
    return false;
}

static struct suggestion nearest(const struct settings_scope *scope, const char *key)
{
    struct suggestion near = {0};
    for (size_t i = 0; i < scope->count; i++)
        for (const struct setting *s = scope->targets[i].table; s->key; s++)
            suggest(&near, key, s->key);
    for (const char *const *other = scope->others; other && *other; other++)
        suggest(&near, key, *other);
    return near;
}

static void report_unknown(struct reading *r, const struct settings_scope *scope, const struct node *n)
{
    struct shown shown;
    char place[160];
    if (report_is_full(r->messages)) {
        report_error(r->messages, n->key_at, "unknown key");
        return;
    }
    const char *key = show(&shown, n->key);
    struct suggestion near = nearest(scope, n->key);
    bool is_slip = near.word && near.distance <= 1;
    if (!is_slip && scope->elsewhere && scope->elsewhere(n->key, place, sizeof place))
        report_error(r->messages, n->key_at, "unknown key `%s`; %s", key, place);
    else if (near.word)
        report_error(r->messages, n->key_at, "unknown key `%s`; did you mean `%s`?", key, near.word);
    else
        report_error(r->messages, n->key_at, "unknown key `%s`", key);
}

void settings_require(struct reading *r, const struct settings_scope *scope, const struct node *mapping,
                      const char *key)
{
    const struct settings_target *target;
    if (node_get(mapping, key))
        return;
    for (const struct node *n = report_is_full(r->messages) ? NULL : mapping->first; n; n = n->next) {
        if (find(scope, n->key, &target) || is_other(scope, n->key))
            continue;
        struct suggestion near = nearest(scope, n->key);
        if (near.word && strcmp(near.word, key) == 0)
            return;
    }
    report_error(r->messages, mapping->at, "`%s` is missing", key);
}

static void read_entries(struct reading *r, const struct settings_scope *scope, const struct node *mapping)
{
    const struct settings_target *target;
    for (const struct node *n = mapping->first; n; n = n->next) {
        const struct setting *s = find(scope, n->key, &target);
        if (s)
            read_value(r, s, n, settings_field(target, s));
        else if (!is_other(scope, n->key) && !scope->takes_any_key && n->kind != NODE_REFUSED)
            report_unknown(r, scope, n);
    }
}

void settings_read(struct reading *r, const struct settings_scope *scope, const struct node *mapping)
{
    for (size_t i = 0; i < scope->count; i++)
        for (const struct setting *s = scope->targets[i].table; s->key; s++)
            set_default(r, s, settings_field(&scope->targets[i], s));
    if (!mapping)
        return;
    read_entries(r, scope, mapping);
    for (size_t i = 0; i < scope->count; i++)
        for (const struct setting *s = scope->targets[i].table; s->key; s++)
            if (s->required)
                settings_require(r, scope, mapping, s->key);
}
