/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's events to a tree of nodes. */
#include "yaml_tree.h"

#include "yaml_fault.h"

#include <string.h>
#include <yaml.h>

/* A list or mapping that is still open. */
struct level {
    struct node *node;
    struct node **end; /* where the next entry is hung in */
    const char *key;   /* of a mapping: its key was read, its value is next */
    struct place key_at;
};

struct builder {
    yaml_parser_t yaml;
    struct sv source;
    struct arena *memory;
    struct config_messages *messages;
    struct level levels[CONFIG_DEPTH_MAX];
    size_t depth;
    size_t values;
    struct node *root;
    bool ended, failed;
    size_t cursor_index, cursor_byte; /* libyaml counts characters: the last one looked up, and its byte */
};

static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static void fail(struct builder *b, struct place at, const char *text)
{
    report_error(b->messages, at, "%s", text);
    b->failed = true;
}

/* Marks come in ascending order, so that finding their bytes costs one walk over the text altogether. */
static size_t byte_of(struct builder *b, size_t index)
{
    while (b->cursor_index < index && b->cursor_byte < b->source.n) {
        b->cursor_byte++;
        while (b->cursor_byte < b->source.n && ((uint8_t)b->source.p[b->cursor_byte] & 0xc0) == 0x80)
            b->cursor_byte++;
        b->cursor_index++;
    }
    return b->cursor_byte;
}

static bool has_escapes(struct builder *b, const yaml_event_t *e)
{
    if (e->data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        return false;
    size_t from = byte_of(b, e->start_mark.index), to = byte_of(b, e->end_mark.index);
    for (; from + 1 < to; from++) {
        if (b->source.p[from] != '\\')
            continue;
        from++;
        if (!strchr("\\\"/", b->source.p[from]))
            return true;
    }
    return false;
}

static struct node *new_node(struct builder *b, enum node_kind kind, const yaml_event_t *e)
{
    struct place at = place_of(e->start_mark);
    if (++b->values > CONFIG_VALUES_MAX) {
        fail(b, at, "the file holds too many values");
        return NULL;
    }
    struct node *n = arena_alloc(b->memory, sizeof *n);
    if (!n) {
        fail(b, at, "out of memory");
        return NULL;
    }
    *n = (struct node){.kind = kind, .at = at};
    return n;
}

static void refuse_duplicate(struct builder *b, const struct level *l, struct node *n)
{
    struct shown shown;
    const struct node *first = node_get(l->node, n->key);
    if (!first)
        return;
    report_error(b->messages, n->key_at, "`%s` stands here twice; the first is in line %u",
                 show(&shown, n->key), first->key_at.line);
    n->kind = NODE_REFUSED;
}

/* Hangs a finished or just opened node where it belongs. */
static void attach(struct builder *b, struct node *n)
{
    if (b->depth == 0) {
        b->root = n;
        return;
    }
    struct level *l = &b->levels[b->depth - 1];
    if (l->node->kind == NODE_MAPPING) {
        n->key = l->key;
        n->key_at = l->key_at;
        l->key = NULL;
        refuse_duplicate(b, l, n);
        if (l->node->count >= CONFIG_KEYS_MAX)
            fail(b, n->key_at, "too many keys in one mapping");
    }
    *l->end = n;
    l->end = &n->next;
    l->node->count++;
}

static bool wants_key(const struct builder *b)
{
    return b->depth > 0 && b->levels[b->depth - 1].node->kind == NODE_MAPPING && !b->levels[b->depth - 1].key;
}

static char *copy_text(struct builder *b, const yaml_event_t *e)
{
    struct place at = place_of(e->start_mark);
    const char *p = (const char *)e->data.scalar.value;
    if (memchr(p, 0, e->data.scalar.length)) {
        fail(b, at, "a NUL character cannot be part of a setting");
        return NULL;
    }
    char *text = arena_cstr(b->memory, sv_make(p, e->data.scalar.length));
    if (!text)
        fail(b, at, "out of memory");
    return text;
}

/* Tags and anchors say what a setting's own type says already, or hide what a file says: there is no use for
 * them. */
static bool is_decorated(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor,
                         const yaml_char_t *tag)
{
    if (anchor)
        report_error(b->messages, place_of(e->start_mark),
                     "anchors are not allowed; a value that begins with & is written in single quotes");
    else if (tag)
        report_error(b->messages, place_of(e->start_mark),
                     "tags are not allowed; a value that begins with ! is written in single quotes");
    return anchor || tag;
}

static void on_text(struct builder *b, const yaml_event_t *e)
{
    bool refused = is_decorated(b, e, e->data.scalar.anchor, e->data.scalar.tag);
    const char *text = copy_text(b, e);
    if (!text)
        return;
    if (wants_key(b)) {
        b->levels[b->depth - 1].key = text;
        b->levels[b->depth - 1].key_at = place_of(e->start_mark);
        return;
    }
    struct node *n = new_node(b, refused ? NODE_REFUSED : NODE_TEXT, e);
    if (!n)
        return;
    n->text = n->written = text;
    n->is_plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->has_escapes = has_escapes(b, e);
    attach(b, n);
}

static void on_open(struct builder *b, enum node_kind kind, const yaml_event_t *e, const yaml_char_t *anchor,
                    const yaml_char_t *tag)
{
    struct place at = place_of(e->start_mark);
    is_decorated(b, e, anchor, tag);
    if (wants_key(b)) {
        fail(b, at, "a key must be plain text");
        return;
    }
    if (b->depth == CONFIG_DEPTH_MAX) {
        fail(b, at, "lists and mappings are nested too deeply");
        return;
    }
    struct node *n = new_node(b, kind, e);
    if (!n)
        return;
    attach(b, n);
    b->levels[b->depth++] = (struct level){.node = n, .end = &n->first};
}

static void on_alias(struct builder *b, const yaml_event_t *e)
{
    struct place at = place_of(e->start_mark);
    if (wants_key(b)) {
        fail(b, at, "a key must be plain text");
        return;
    }
    report_error(b->messages, at,
                 "aliases are not allowed; a value that begins with * is written in single quotes");
    struct node *n = new_node(b, NODE_REFUSED, e);
    if (n)
        attach(b, n);
}

static void on_document(struct builder *b, const yaml_event_t *e)
{
    if (b->root)
        fail(b, place_of(e->start_mark), "the file must hold one YAML document only");
}

static void on_event(struct builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        on_document(b, e);
        break;
    case YAML_SCALAR_EVENT:
        on_text(b, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
        on_open(b, NODE_LIST, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        on_open(b, NODE_MAPPING, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        break;
    case YAML_ALIAS_EVENT:
        on_alias(b, e);
        break;
    case YAML_STREAM_END_EVENT:
        b->ended = true;
        break;
    default:
        break;
    }
}

struct node *yaml_tree(struct sv text, struct arena *memory, struct config_messages *messages)
{
    struct builder b = {.source = text, .memory = memory, .messages = messages};
    yaml_event_t event;
    if (!yaml_parser_initialize(&b.yaml)) {
        fail(&b, (struct place){0, 0}, "out of memory");
        return NULL;
    }
    yaml_parser_set_encoding(&b.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.yaml, (const unsigned char *)text.p, text.n);
    while (!b.ended && !b.failed) {
        if (!yaml_parser_parse(&b.yaml, &event)) {
            yaml_fault_report(&b.yaml, text, messages);
            b.failed = true;
            break;
        }
        on_event(&b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&b.yaml);
    return b.failed ? NULL : b.root;
}

struct node *node_get(const struct node *mapping, const char *key)
{
    for (struct node *n = mapping->kind == NODE_MAPPING ? mapping->first : NULL; n; n = n->next)
        if (n->key && strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

bool node_is_null(const struct node *n)
{
    return n->kind == NODE_TEXT && n->is_plain &&
           (!*n->written || strcmp(n->written, "~") == 0 || strcmp(n->written, "null") == 0);
}

const char *node_kind_name(const struct node *n)
{
    return n->kind == NODE_LIST ? "a list" : n->kind == NODE_MAPPING ? "a mapping" : "text";
}
