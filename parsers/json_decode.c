/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON record as an event. */
#include "json_decode.h"

#include "arena.h"
#include "buf.h"
#include "digits.h"
#include "event_types.h"
#include "json_scan.h"
#include "json_shapes.h"
#include "json_tree.h"
#include "level_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_MAX_BYTES = 128, NUMBER_MAX = 64, VALUES_BYTES = 256 * 1024 };

struct json_decoder {
    struct json_tree *tree;
    struct arena arena; /* binary as hex, labels */
    bool is_unsure;
};

struct json_decoder *json_decoder_new(void)
{
    struct json_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    arena_init(&d->arena, VALUES_BYTES);
    d->tree = json_tree_new();
    if (d->tree)
        return d;
    free(d);
    return NULL;
}

void json_decoder_free(struct json_decoder *d)
{
    if (!d)
        return;
    json_tree_free(d->tree);
    arena_free(&d->arena);
    free(d);
}

/* --- OTLP: values wrapped in their types (opentelemetry.proto.common.v1.AnyValue) --- */

static void unwrap_otlp(struct json_node *value, int depth);

/* {"values": [{"key": …, "value": …}, …]} becomes members. */
static void unwrap_map(struct json_node *object, const struct json_node *kvlist, int depth)
{
    struct json_node *pairs = json_node_member(kvlist, SV("values")), **link = &object->first;
    object->count = 0;
    object->names = 0;
    *link = NULL;
    for (struct json_node *pair = pairs ? pairs->first : NULL; pair; pair = pair->next) {
        struct json_node *key = json_node_member(pair, SV("key"));
        struct json_node *value = json_node_member(pair, SV("value"));
        if (!key || key->kind != JSON_NODE_TEXT || !value)
            continue;
        unwrap_otlp(value, depth + 1);
        json_node_name(object, value, key->text);
        value->next = NULL;
        *link = value;
        link = &value->next;
        object->count++;
    }
}

/* Makes the value what its wrapping says it is. */
static void unwrap_otlp(struct json_node *value, int depth)
{
    struct json_node *kvlist = json_node_member(value, SV("kvlistValue"));
    struct json_node *list = json_node_member(json_node_member(value, SV("arrayValue")), SV("values"));
    struct json_node *only = value->kind == JSON_NODE_OBJECT ? value->first : NULL;
    struct sv name = value->name;
    struct json_node *next = value->next;
    if (depth >= JSON_DEPTH_MAX || !only)
        return;
    if (kvlist) {
        unwrap_map(value, kvlist, depth);
        return;
    }
    if (list)
        for (struct json_node *item = list->first; item; item = item->next)
            unwrap_otlp(item, depth + 1);
    *value = list ? *list : *only;
    value->name = name;
    value->next = next;
}

/* --- paths --- */

/*
 * The member at a path. Each beginning of the path may be one key, so that nested, flat and half flat records
 * are the same; the shortest beginnings are tried first, and a null is no member.
 */
static struct json_node *member_at(const struct json_node *object, struct sv path)
{
    struct json_node *whole = json_node_member(object, path);
    if (whole)
        return whole->kind == JSON_NODE_NULL ? NULL : whole;
    for (size_t i = 0; i < path.n; i++) {
        struct json_node *inner = path.p[i] == '.' ? json_node_member(object, sv_slice(path, 0, i)) : NULL;
        struct json_node *found = inner ? member_at(inner, sv_slice(path, i + 1, path.n)) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

/* The path that *paths begins with, up to one of the two separators or the end; *paths moves there. */
static struct json_node *next_at(const struct json_node *object, const char **paths)
{
    const char *p = *paths;
    bool has_dot = false;
    while (*p && *p != ' ' && *p != '|')
        has_dot |= *p++ == '.';
    struct sv path = sv_make(*paths, (size_t)(p - *paths));
    *paths = p;
    if (has_dot)
        return member_at(object, path);
    struct json_node *only = json_node_member(object, path);
    return only && only->kind != JSON_NODE_NULL ? only : NULL;
}

/* The first of several paths that is there. */
static struct json_node *first_at(const struct json_node *object, const char *paths)
{
    struct json_node *found = next_at(object, &paths);
    while (!found && *paths++)
        found = next_at(object, &paths);
    return found;
}

/* Of the paths between two blanks one has to be there. */
static bool has_marks(const struct json_node *object, const char *marks)
{
    for (;; marks++) {
        bool found = next_at(object, &marks);
        while (*marks == '|') {
            marks++;
            found |= next_at(object, &marks) != NULL;
        }
        if (!found || !*marks)
            return found;
    }
}

/* --- values --- */

/* A value as text; absent for objects, arrays and null. */
static struct sv text_of(const struct json_node *v)
{
    return v ? v->text : SV_ABSENT;
}

/* A number with a fraction or an exponent, or below zero, which is 64 bits taken as signed. */
static struct opt_u64 real_of(struct sv text)
{
    char number[NUMBER_MAX];
    int64_t whole = 0;
    if (text.n == 0 || text.n >= sizeof number)
        return (struct opt_u64){0};
    memcpy(number, text.p, text.n);
    number[text.n] = '\0';
    double real = strtod(number, NULL);
    if (real >= 0 && real < 18446744073709551616.0)
        return opt_u64((uint64_t)real);
    if (real < 0 && real >= -9223372036854775808.0)
        whole = text.p[0] == '-' && sv_find_char(text, '.') == SV_NPOS ? strtoll(number, NULL, 10)
                                                                       : (int64_t)real;
    return whole ? opt_u64((uint64_t)whole) : (struct opt_u64){0};
}

/* A value as a number: a JSON number, decimal text or 0x…. */
static struct opt_u64 number_of(const struct json_node *v)
{
    uint64_t value = 0;
    if (!v || (v->kind != JSON_NODE_NUMBER && v->kind != JSON_NODE_TEXT))
        return (struct opt_u64){0};
    if (sv_to_u64(v->text, &value))
        return opt_u64(value);
    if (v->kind == JSON_NODE_NUMBER)
        return real_of(v->text);
    if (sv_istarts(v->text, SV("0x")) && sv_hex_to_u64(v->text, &value))
        return opt_u64(value);
    return (struct opt_u64){0};
}

/* Absent where it is empty: tools that know nothing write "". */
static struct sv name_of(const struct json_node *v)
{
    struct sv text = text_of(v);
    return sv_empty(text) ? SV_ABSENT : text;
}

/* Insertion strings keep their places. */
static struct sv string_of(const struct json_node *v)
{
    struct sv text = text_of(v);
    return sv_absent(text) ? SV("") : text;
}

static bool is_kind(const struct json_node *v, enum json_kind kind)
{
    return v && v->kind == kind;
}

/* --- insertion strings and binary data --- */

/* An array of bytes as hex, absent where it is none. */
static struct sv hex_of_array(struct arena *a, const struct json_node *array)
{
    char *to = array->count ? arena_alloc(a, 2 * array->count) : NULL, *at = to;
    if (!to)
        return SV_ABSENT;
    for (const struct json_node *v = array->first; v; v = v->next) {
        struct opt_u64 byte = v->kind == JSON_NODE_NUMBER ? number_of(v) : (struct opt_u64){0};
        if (!byte.has || byte.v > 255)
            return SV_ABSENT;
        uint8_t one = (uint8_t)byte.v;
        at = digits_put_hex(at, &one, 1);
    }
    return sv_make(to, 2 * array->count);
}

/* Bytes that ConvertTo-Json has flattened to "7 0 0 0 91 …": at least four, as hex; else absent. */
static struct sv hex_of_flat(struct arena *a, struct sv text)
{
    size_t count = 0;
    char *to = text.n >= 7 ? arena_alloc(a, text.n + 1) : NULL, *at = to;
    while (to && text.n) {
        uint64_t byte = 256;
        size_t blank = sv_find_char(text, ' ');
        if (!sv_to_u64(sv_slice(text, 0, blank), &byte) || byte > 255)
            return SV_ABSENT;
        uint8_t one = (uint8_t)byte;
        at = digits_put_hex(at, &one, 1);
        count++;
        text = blank == SV_NPOS ? SV_ABSENT : sv_slice(text, blank + 1, text.n);
    }
    return count >= 4 ? sv_make(to, 2 * count) : SV_ABSENT;
}

/* One of an array of strings: a value, or an object with one ({"Value": …}, {"": …}, {"name": …}). */
static void add_item(struct arena *a, const struct json_node *item, struct event *e)
{
    struct sv name = SV_ABSENT, hex = SV_ABSENT;
    bool last = !item->next;
    if (item->kind == JSON_NODE_OBJECT) {
        const struct json_node *value = first_at(item, "Value value #text");
        if (!value && item->count == 1) {
            value = item->first;
            name = value->name.n ? value->name : SV_ABSENT;
        }
        item = value;
    }
    if (last && is_kind(item, JSON_NODE_ARRAY))
        hex = hex_of_array(a, item);
    else if (last && is_kind(item, JSON_NODE_TEXT) && e->data_count >= 3)
        hex = hex_of_flat(a, item->text);
    if (sv_absent(hex))
        event_add_datum(e, name, string_of(item));
    else
        e->binary = hex;
}

/* param1, param2 … as Winlogbeat names what has no name; base is "" or the object's path with a dot. */
static bool add_params(const struct json_node *object, struct sv base, struct event *e)
{
    char path[PATH_MAX_BYTES];
    for (unsigned i = 1; i <= EVENT_DATA_MAX + 1; i++) {
        int n = snprintf(path, sizeof path, "%.*sparam%u", SV_ARG(base), i);
        bool fits = n > 0 && (size_t)n < sizeof path;
        const struct json_node *value = fits ? json_node_member(object, sv_make(path, (size_t)n)) : NULL;
        if (!value)
            return i > 1;
        event_add_datum(e, SV_ABSENT, string_of(value));
    }
    return true;
}

static void add_named(const struct json_node *object, struct event *e)
{
    for (const struct json_node *m = object->first; m; m = m->next)
        if (!sv_ieq(m->name, SV("Binary")) && !sv_absent(m->text))
            event_add_datum(e, m->name, m->text);
}

static void read_strings(struct arena *a, const struct json_node *object, const char *paths, struct event *e)
{
    const struct json_node *strings = paths ? first_at(object, paths) : NULL;
    char base[PATH_MAX_BYTES];
    if (is_kind(strings, JSON_NODE_ARRAY)) {
        for (const struct json_node *item = strings->first; item; item = item->next)
            add_item(a, item, e);
    } else if (is_kind(strings, JSON_NODE_OBJECT)) {
        if (!add_params(strings, SV_ABSENT, e))
            add_named(strings, e);
    } else if (strings) {
        event_add_datum(e, SV_ABSENT, string_of(strings));
    } else if (paths) {
        int n = snprintf(base, sizeof base, "%s.", paths);
        if (n > 0 && (size_t)n < sizeof base)
            add_params(object, sv_make(base, (size_t)n), e);
    }
}

static void read_binary(struct arena *a, const struct json_node *value, struct event *e)
{
    struct sv hex = is_kind(value, JSON_NODE_ARRAY) ? hex_of_array(a, value) : name_of(value);
    if (!sv_absent(hex))
        e->binary = hex;
}

/* --- the event --- */

static void read_time(struct json_decoder *d, const struct json_node *v, const struct parser_options *options,
                      struct event *e)
{
    static const struct zone utc = {.name = "UTC"};
    const struct zone *zone = options->zone ? options->zone : &utc;
    struct local_time local;
    char label[ZONE_NAME_MAX];
    e->time_text = name_of(v);
    enum local_time_status status = local_time_read(e->time_text, options->date_order, &local);
    d->is_unsure = status == LOCAL_TIME_UNSURE;
    if (status != LOCAL_TIME_READ)
        return;
    e->time = local_time_utc(&local, zone, NULL);
    if (!local.has_offset)
        e->timezone = arena_copy(&d->arena, sv_make(label, zone_label(zone, e->time.sec, label)));
}

static void read_level(const struct json_shape *shape, struct json_node *const *v, struct event *e)
{
    struct opt_u64 type = number_of(v[JSON_LEVEL_TEXT]);
    e->level = number_of(v[JSON_LEVEL]);
    if (!type.has) {
        e->level_text = name_of(v[JSON_LEVEL_TEXT]);
        if (!e->level.has)
            e->level = level_of_word(e->level_text);
    } else if (!e->level.has) {
        e->level = shape->types == JSON_TYPES_NONE
                       ? type
                       : event_level_of_type(type.v, shape->types == JSON_TYPES_WMI);
    }
}

/* Keywords are a mask, names, or one of the two where the other is meant. */
static void read_keywords(struct json_node *const *v, struct event *e)
{
    const struct json_node *names = v[JSON_KEYWORD_TEXTS];
    e->keywords = number_of(v[JSON_KEYWORDS]);
    if (!names && !e->keywords.has)
        names = v[JSON_KEYWORDS];
    if (is_kind(names, JSON_NODE_TEXT))
        e->keyword_texts[e->keyword_text_count++] = names->text;
    for (const struct json_node *item = names ? names->first : NULL; item; item = item->next)
        if (!sv_empty(item->text) && e->keyword_text_count < EVENT_KEYWORDS_MAX)
            e->keyword_texts[e->keyword_text_count++] = item->text;
}

/* A number where there is one, else its text. */
static void read_number_or_text(const struct json_node *v, struct opt_u64 *number, struct sv *text)
{
    struct opt_u64 read = number_of(v);
    if (!read.has)
        *text = name_of(v);
    else if (!number->has)
        *number = read;
}

static void read_ids(struct json_node *const *v, struct event *e)
{
    struct opt_u64 full = number_of(v[JSON_FULL_ID]);
    e->event_id = number_of(v[JSON_ID]);
    e->qualifiers = number_of(v[JSON_QUALIFIERS]);
    if (!full.has)
        full = e->event_id;
    if (!e->qualifiers.has && full.has && full.v >> 16)
        e->qualifiers = opt_u64(full.v >> 16 & 0xffff);
    e->event_id.v &= 0xffff;
    e->record_id = number_of(v[JSON_RECORD]);
    e->version = number_of(v[JSON_VERSION]);
    e->process_id = number_of(v[JSON_PROCESS]);
    e->thread_id = number_of(v[JSON_THREAD]);
}

static void read_event(struct json_decoder *d, const struct json_node *object, const struct json_shape *shape,
                       const struct parser_options *options, struct event *e)
{
    struct arena *a = &d->arena;
    struct json_node *v[JSON_FIELDS];
    for (size_t i = 0; i < JSON_FIELDS; i++)
        v[i] = shape->fields[i] && i != JSON_STRINGS ? first_at(object, shape->fields[i]) : NULL;
    read_ids(v, e);
    e->provider = name_of(v[JSON_PROVIDER]);
    e->provider_guid = name_of(v[JSON_PROVIDER_GUID]);
    e->event_source_name = name_of(v[JSON_SOURCE]);
    e->computer = name_of(v[JSON_COMPUTER]);
    e->channel = name_of(v[JSON_CHANNEL]);
    e->activity_id = name_of(v[JSON_ACTIVITY]);
    e->related_activity_id = name_of(v[JSON_RELATED]);
    e->message = name_of(v[JSON_MESSAGE]);
    struct sv user = name_of(v[JSON_USER]);
    if (sv_istarts(user, SV("S-1-")))
        e->user_sid = user;
    e->task = number_of(v[JSON_TASK]);
    read_number_or_text(v[JSON_TASK_TEXT], &e->task, &e->task_text);
    e->opcode = number_of(v[JSON_OPCODE]);
    read_number_or_text(v[JSON_OPCODE_TEXT], &e->opcode, &e->opcode_text);
    read_level(shape, v, e);
    read_keywords(v, e);
    read_time(d, v[JSON_TIME], options, e);
    read_strings(a, object, shape->fields[JSON_STRINGS], e);
    read_binary(a, v[JSON_BINARY], e);
}

static const struct json_shape *shape_of(const struct json_node *object)
{
    for (size_t i = 0; i < json_shape_count; i++)
        if (has_marks(object, json_shapes[i].marks))
            return &json_shapes[i];
    return NULL;
}

bool json_decode_is_unsure(const struct json_decoder *d)
{
    return d->is_unsure;
}

size_t json_decode_measure(struct json_decoder *d, struct sv text)
{
    return json_tree_measure(d->tree, text);
}

enum json_verdict json_decode(struct json_decoder *d, struct sv text, const struct parser_options *options,
                              struct event *e, const char **reason)
{
    bool replaced = false;
    arena_reset(&d->arena);
    d->is_unsure = false;
    struct json_node *root = json_tree_read(d->tree, text, &replaced);
    if (!root) {
        *reason = "the record is no valid JSON";
        return JSON_DAMAGED;
    }
    struct json_node *body = json_node_member(root, SV("body"));
    if (json_node_member(body, SV("kvlistValue")))
        unwrap_otlp(body, 0);
    for (size_t i = 0; json_wrappers[i]; i++) {
        struct sv wrapper = sv_from(json_wrappers[i]);
        const struct json_node *object = wrapper.n ? json_node_member(root, wrapper) : root;
        const struct json_shape *shape = shape_of(object);
        if (!shape)
            continue;
        event_clear(e);
        read_event(d, object, shape, options, e);
        e->text_replaced = replaced;
        return e->event_id.has ? JSON_EVENT : JSON_NO_EVENT;
    }
    return JSON_NO_EVENT;
}
