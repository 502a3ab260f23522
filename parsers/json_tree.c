/* SPDX-License-Identifier: Apache-2.0 */
/* The values of one JSON text as a tree of views: the plain way. */
#include "json_tree_inner.h"

#include <stdlib.h>
#include <string.h>

enum { TREE_BYTES = 5 << 19, CLEAN_BYTES = (1 << 20) + 64 * 1024 };

struct json_tree *json_tree_new(void)
{
    struct json_tree *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    arena_init(&t->arena, TREE_BYTES);
    buf_init(&t->clean, CLEAN_BYTES);
    return t;
}

void json_tree_free(struct json_tree *t)
{
    if (!t)
        return;
    arena_free(&t->arena);
    buf_free(&t->clean);
    free(t);
}

/* One of 64 bits, mostly another one for another name. */
static uint64_t name_bit(struct sv name)
{
    unsigned last = name.n ? (unsigned char)name.p[name.n - 1] : 0;
    return UINT64_C(1) << (name.n * 7 + last) % 64;
}

void json_node_name(struct json_node *object, struct json_node *member, struct sv name)
{
    member->name = name;
    object->names |= name_bit(name);
}

struct json_node *json_node_member(const struct json_node *node, struct sv name)
{
    struct json_node *found = NULL;
    if (!node || node->kind != JSON_NODE_OBJECT || name.n == 0 || !(node->names & name_bit(name)))
        return NULL;
    /* The last character tells more names apart than the first. */
    for (struct json_node *m = node->first; m; m = m->next)
        if (m->name.n == name.n && m->name.p[name.n - 1] == name.p[name.n - 1] &&
            memcmp(m->name.p, name.p, name.n) == 0)
            found = m;
    return found;
}

struct json_node *json_node_new(struct json_tree *t, enum json_kind kind)
{
    struct json_node *node = arena_alloc(&t->arena, sizeof *node);
    if (node)
        *node = (struct json_node){.kind = kind};
    return node;
}

/* --- the plain way --- */

struct plain {
    struct json_tree *tree;
    const char *p, *end;
    size_t marks;        /* brackets, commas and colons */
    bool lines_separate; /* a brace at the beginning of a line opens no value within another one */
};

static void pass_blanks(struct plain *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

static bool take(struct plain *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static bool take_mark(struct plain *r, char c)
{
    r->marks++;
    return take(r, c);
}

/* Four hexadecimal digits that are no half of a surrogate pair. */
static bool take_unit(struct plain *r, uint32_t *unit)
{
    uint32_t value = 0;
    if (r->end - r->p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = ascii_hex_value(*r->p++);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *unit = value;
    return value < 0xd800 || value > 0xdfff;
}

/* At most three bytes of UTF-8, fewer than the escape had. */
static char *put_unit(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* What stands behind a backslash. */
static bool take_escape(struct plain *r, char **to)
{
    static const char written[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t unit;
    if (r->p == r->end)
        return false;
    char c = *r->p++;
    const char *known = c ? strchr(written, c) : NULL;
    if (known) {
        *(*to)++ = meant[known - written];
        return true;
    }
    if (c != 'u' || !take_unit(r, &unit))
        return false;
    *to = put_unit(*to, unit);
    return true;
}

/* The string that begins at start and has its first escape at r->p: what it says is never longer. */
static bool unescape(struct plain *r, const char *start, struct sv *out)
{
    const char *close = r->p;
    while (close < r->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= r->end)
        return false;
    size_t room = (size_t)(close - start), plain = (size_t)(r->p - start);
    char *text = arena_alloc(&r->tree->arena, room), *to = text;
    if (!text)
        return false;
    memcpy(to, start, plain);
    to += plain;
    while (r->p < close) {
        char c = *r->p++;
        if ((unsigned char)c < 0x20 || (c == '\\' && !take_escape(r, &to)))
            return false;
        if (c != '\\')
            *to++ = c;
    }
    arena_shrink(&r->tree->arena, text, room, (size_t)(to - text));
    *out = sv_make(text, (size_t)(to - text));
    return take(r, '"');
}

static bool take_string(struct plain *r, struct sv *out)
{
    if (!take(r, '"'))
        return false;
    const char *start = r->p;
    r->p += json_plain_length((const uint8_t *)start, (size_t)(r->end - start));
    if (r->p < r->end && *r->p == '\\')
        return unescape(r, start, out);
    *out = sv_make(start, (size_t)(r->p - start));
    return take(r, '"');
}

static bool take_digits(struct plain *r)
{
    const char *start = r->p;
    while (r->p < r->end && ascii_is_digit(*r->p))
        r->p++;
    return r->p > start;
}

static bool take_number(struct plain *r, struct sv *out)
{
    const char *start = r->p;
    take(r, '-');
    bool zero = r->p < r->end && *r->p == '0';
    const char *digits = r->p;
    if (!take_digits(r) || (zero && r->p - digits > 1) || (take(r, '.') && !take_digits(r)))
        return false;
    if (take(r, 'e') || take(r, 'E')) {
        if (!take(r, '+'))
            take(r, '-');
        if (!take_digits(r))
            return false;
    }
    *out = sv_make(start, (size_t)(r->p - start));
    return true;
}

static bool take_word(struct plain *r, struct sv word)
{
    if ((size_t)(r->end - r->p) < word.n || memcmp(r->p, word.p, word.n) != 0)
        return false;
    r->p += word.n;
    return true;
}

static bool take_value(struct plain *r, struct json_node *node, int depth);

/* Members or elements up to the closing bracket; the opening one was passed. */
static bool take_inside(struct plain *r, struct json_node *node, int depth)
{
    bool object = node->kind == JSON_NODE_OBJECT;
    struct json_node **link = &node->first;
    pass_blanks(r);
    if (take_mark(r, object ? '}' : ']'))
        return true;
    do {
        struct json_node *inner = json_node_new(r->tree, JSON_NODE_NULL);
        if (!inner)
            return false;
        *link = inner;
        link = &inner->next;
        node->count++;
        pass_blanks(r);
        if (object) {
            struct sv name;
            if (!take_string(r, &name))
                return false;
            json_node_name(node, inner, name);
            pass_blanks(r);
            if (!take_mark(r, ':'))
                return false;
        }
        if (!take_value(r, inner, depth + 1))
            return false;
        pass_blanks(r);
    } while (take_mark(r, ',') && r->marks < JSON_VALUES_MAX);
    return take(r, object ? '}' : ']');
}

static bool take_value(struct plain *r, struct json_node *node, int depth)
{
    pass_blanks(r);
    char c = '\0';
    if (r->p < r->end)
        c = *r->p;
    switch (c) {
    case '"':
        node->kind = JSON_NODE_TEXT;
        return take_string(r, &node->text);
    case '{':
    case '[':
        node->kind = c == '{' ? JSON_NODE_OBJECT : JSON_NODE_ARRAY;
        if (depth && c == '{' && r->lines_separate && (r->p[-1] == '\n' || r->p[-1] == '\r'))
            return false;
        r->p++;
        r->marks++;
        return depth < JSON_DEPTH_MAX && take_inside(r, node, depth);
    case 't':
    case 'f':
        node->kind = JSON_NODE_BOOL;
        node->text = c == 't' ? SV("true") : SV("false");
        return take_word(r, node->text);
    case 'n':
        return take_word(r, SV("null"));
    default:
        node->kind = JSON_NODE_NUMBER;
        return take_number(r, &node->text);
    }
}

struct json_node *json_tree_read_plain(struct json_tree *t, struct sv text)
{
    struct plain r = {.tree = t, .p = text.p, .end = text.p + text.n};
    arena_reset(&t->arena);
    struct json_node *root = json_node_new(t, JSON_NODE_NULL);
    if (!root || !take_value(&r, root, 0))
        return NULL;
    pass_blanks(&r);
    bool container = root->kind == JSON_NODE_OBJECT || root->kind == JSON_NODE_ARRAY;
    return r.p == r.end && container ? root : NULL;
}

size_t json_tree_measure(struct json_tree *t, struct sv text)
{
    struct plain r = {.tree = t, .p = text.p, .end = text.p + text.n, .lines_separate = true};
    arena_reset(&t->arena);
    t->measured_root = json_node_new(t, JSON_NODE_NULL);
    bool ok = sv_starts(text, SV("{")) && t->measured_root && take_value(&r, t->measured_root, 0);
    t->measured = ok ? sv_make(text.p, (size_t)(r.p - text.p)) : SV_ABSENT;
    return t->measured.n;
}

struct json_node *json_tree_read(struct json_tree *t, struct sv text, bool *replaced)
{
    bool is_read = t->measured.n && t->measured.n == text.n && t->measured.p == text.p;
    struct json_node *root = is_read ? t->measured_root : json_tree_read_plain(t, text);
    t->measured = SV_ABSENT;
    return root ? root : json_tree_read_long(t, text, replaced);
}
