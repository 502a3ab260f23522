/* SPDX-License-Identifier: Apache-2.0 */
/* The values of one JSON text as a tree of views: the long way, through jansson. */
#include "json_tree_inner.h"

#include <jansson.h>
#include <stdio.h>

/* --- text that jansson takes --- */

/* The UTF-16 unit that the escape at text.p + i writes, or -1. */
static int32_t escaped_unit(struct sv text, size_t i)
{
    int32_t unit = 0;
    if (text.n - i < 6 || text.p[i] != '\\' || text.p[i + 1] != 'u')
        return -1;
    for (size_t k = i + 2; k < i + 6; k++) {
        int value = ascii_hex_value(text.p[k]);
        if (value < 0)
            return -1;
        unit = unit << 4 | value;
    }
    return unit;
}

static bool may_have_surrogates(struct sv text)
{
    return sv_find(text, SV("\\ud")) != SV_NPOS || sv_find(text, SV("\\uD")) != SV_NPOS;
}

/* A copy in which escapes of lone surrogates, which jansson refuses, write U+FFFD. */
static struct sv without_lone_surrogates(struct buf *b, struct sv text, bool *replaced)
{
    size_t from = 0;
    buf_reset(b);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\\')
            continue;
        int32_t first = escaped_unit(text, i);
        if (first < 0xd800 || first > 0xdfff) {
            i++;
            continue;
        }
        int32_t second = text.n - i > 6 ? escaped_unit(text, i + 6) : -1;
        if (first <= 0xdbff && second >= 0xdc00 && second <= 0xdfff) {
            i += 11;
            continue;
        }
        buf_put(b, sv_slice(text, from, i));
        buf_lit(b, "\\ufffd");
        *replaced = true;
        i += 5;
        from = i + 1;
    }
    buf_put(b, sv_slice(text, from, text.n));
    return buf_ok(b) ? buf_sv(b) : text;
}

/* jansson counts with 63 bits; what needs more is near enough as a real. */
static json_t *load(struct sv text)
{
    json_error_t error;
    json_t *tree = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &error);
    if (!tree && json_error_code(&error) == json_error_numeric_overflow)
        tree = json_loadb(text.p, text.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    return tree;
}

/* --- its tree as ours --- */

static bool put_number(struct json_tree *t, struct json_node *node, const char *number, int n)
{
    node->kind = JSON_NODE_NUMBER;
    node->text = arena_copy(&t->arena, sv_make(number, (size_t)n));
    return !sv_absent(node->text);
}

static bool put_value(struct json_tree *t, struct json_node *node, json_t *value, int depth);

/* One more member or element of node. */
static bool add(struct json_tree *t, struct json_node *node, struct json_node ***link, struct sv name,
                json_t *value, int depth)
{
    struct json_node *inner = json_node_new(t, JSON_NODE_NULL);
    if (!inner)
        return false;
    **link = inner;
    *link = &inner->next;
    node->count++;
    if (!sv_absent(name)) {
        json_node_name(node, inner, arena_copy(&t->arena, name));
        if (sv_absent(inner->name))
            return false;
    }
    return put_value(t, inner, value, depth + 1);
}

static bool put_inside(struct json_tree *t, struct json_node *node, json_t *value, int depth)
{
    struct json_node **link = &node->first;
    const char *key;
    json_t *inner;
    size_t n, i;
    if (depth >= JSON_DEPTH_MAX)
        return false;
    json_object_keylen_foreach(value, key, n, inner)
    {
        if (!add(t, node, &link, sv_make(key, n), inner, depth))
            return false;
    }
    json_array_foreach(value, i, inner)
    {
        if (!add(t, node, &link, SV_ABSENT, inner, depth))
            return false;
    }
    return true;
}

static bool put_value(struct json_tree *t, struct json_node *node, json_t *value, int depth)
{
    char number[64];
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        node->kind = json_is_object(value) ? JSON_NODE_OBJECT : JSON_NODE_ARRAY;
        return put_inside(t, node, value, depth);
    case JSON_STRING:
        node->kind = JSON_NODE_TEXT;
        node->text = arena_copy(&t->arena, sv_make(json_string_value(value), json_string_length(value)));
        return !sv_absent(node->text);
    case JSON_INTEGER:
        return put_number(t, node, number,
                          snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value)));
    case JSON_REAL:
        return put_number(t, node, number, snprintf(number, sizeof number, "%.17g", json_real_value(value)));
    case JSON_TRUE:
    case JSON_FALSE:
        node->kind = JSON_NODE_BOOL;
        node->text = json_is_true(value) ? SV("true") : SV("false");
        return true;
    default:
        return true;
    }
}

struct json_node *json_tree_read_long(struct json_tree *t, struct sv text, bool *replaced)
{
    if (may_have_surrogates(text))
        text = without_lone_surrogates(&t->clean, text, replaced);
    arena_reset(&t->arena);
    json_t *tree = load(text);
    struct json_node *root = tree ? json_node_new(t, JSON_NODE_NULL) : NULL;
    bool whole = root && put_value(t, root, tree, 0);
    json_decref(tree);
    return whole ? root : NULL;
}
