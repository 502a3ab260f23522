/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON record as an event. */
#include "json_decode.h"

#include "arena.h"
#include "buf.h"
#include "digits.h"
#include "json_scan.h"
#include "json_shapes.h"
#include "json_words.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SLACK_BYTES = 16 * 1024, PATH_MAX_BYTES = 128 };

struct json_decoder {
    json_t *tree;
    struct arena arena; /* numbers as text, binary as hex */
    struct buf clean;   /* the text, where it had to be changed for jansson */
};

struct json_decoder *json_decoder_new(void)
{
    struct json_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    arena_init(&d->arena, EVENT_TEXT_MAX);
    buf_init(&d->clean, EVENT_TEXT_MAX + SLACK_BYTES);
    return d;
}

void json_decoder_free(struct json_decoder *d)
{
    if (!d)
        return;
    json_decref(d->tree);
    arena_free(&d->arena);
    buf_free(&d->clean);
    free(d);
}

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

/* Keywords may need all 64 bits; jansson counts with 63, and as reals they are near enough. */
static json_t *load(struct sv text)
{
    json_error_t error;
    json_t *tree = json_loadb(text.p, text.n, JSON_ALLOW_NUL, &error);
    if (!tree && json_error_code(&error) == json_error_numeric_overflow)
        tree = json_loadb(text.p, text.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    return tree;
}

/* --- OTLP: values wrapped in their types (opentelemetry.proto.common.v1.AnyValue) --- */

static json_t *otlp_plain(json_t *value, int depth);

static json_t *otlp_map(json_t *pairs, int depth)
{
    json_t *map = json_object();
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair)
    {
        const char *key = json_string_value(json_object_get(pair, "key"));
        if (key && map)
            json_object_set_new(map, key, otlp_plain(json_object_get(pair, "value"), depth + 1));
    }
    return map;
}

static json_t *otlp_array(json_t *values, int depth)
{
    json_t *array = json_array(), *value;
    size_t i;
    json_array_foreach(values, i, value)
    {
        json_array_append_new(array, otlp_plain(value, depth + 1));
    }
    return array;
}

static json_t *otlp_plain(json_t *value, int depth)
{
    json_t *kvlist = json_object_get(value, "kvlistValue"), *list = json_object_get(value, "arrayValue");
    if (depth < JSON_DEPTH_MAX && kvlist)
        return otlp_map(json_object_get(kvlist, "values"), depth);
    if (depth < JSON_DEPTH_MAX && list)
        return otlp_array(json_object_get(list, "values"), depth);
    void *member = json_object_iter(value);
    return member ? json_incref(json_object_iter_value(member)) : json_null();
}

static void unwrap_otlp(json_t *tree)
{
    json_t *body = json_object_get(tree, "body");
    if (json_object_get(body, "kvlistValue"))
        json_object_set_new(tree, "body", otlp_plain(body, 0));
}

/* --- paths --- */

/*
 * The member at a path. Each beginning of the path may be one key, so that nested, flat and half flat records
 * are the same; the shortest beginnings are tried first, and a null is no member.
 */
static json_t *member_at(json_t *object, struct sv path)
{
    json_t *whole = json_object_getn(object, path.p, path.n);
    if (whole)
        return json_is_null(whole) ? NULL : whole;
    for (size_t i = 0; i < path.n; i++) {
        if (path.p[i] != '.')
            continue;
        json_t *inner = json_object_getn(object, path.p, i);
        json_t *found = json_is_object(inner) ? member_at(inner, sv_slice(path, i + 1, path.n)) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

static bool take_path(struct sv *paths, struct sv *path)
{
    if (sv_empty(*paths))
        return false;
    size_t n = sv_find_char(*paths, ' ');
    *path = sv_slice(*paths, 0, n);
    *paths = n == SV_NPOS ? SV_ABSENT : sv_slice(*paths, n + 1, paths->n);
    return true;
}

/* The first of several paths that is there. */
static json_t *first_at(json_t *object, const char *paths)
{
    struct sv rest = sv_from(paths), path;
    json_t *found = NULL;
    while (!found && take_path(&rest, &path))
        found = member_at(object, path);
    return found;
}

static bool has_marks(json_t *object, const char *marks)
{
    struct sv rest = sv_from(marks), path;
    while (take_path(&rest, &path))
        if (!member_at(object, path))
            return false;
    return true;
}

/* --- values --- */

static struct sv put_text(struct arena *a, const char *p, size_t n)
{
    return arena_copy(a, sv_make(p, n));
}

/* A value as text; absent for objects, arrays and null. */
static struct sv text_of(struct arena *a, const json_t *v)
{
    char number[64];
    switch (v ? json_typeof(v) : JSON_NULL) {
    case JSON_STRING:
        return sv_make(json_string_value(v), json_string_length(v));
    case JSON_INTEGER:
        return put_text(
            a, number,
            (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v)));
    case JSON_REAL:
        return put_text(a, number, (size_t)snprintf(number, sizeof number, "%.17g", json_real_value(v)));
    case JSON_TRUE:
        return SV("true");
    case JSON_FALSE:
        return SV("false");
    default:
        return SV_ABSENT;
    }
}

/* A value as a number: a JSON number, decimal text or 0x…; negative ones are 64 bits taken as signed. */
static struct opt_u64 number_of(const json_t *v)
{
    uint64_t value = 0;
    if (json_is_integer(v))
        return opt_u64((uint64_t)json_integer_value(v));
    if (json_is_real(v) && json_real_value(v) >= 0 && json_real_value(v) < 18446744073709551616.0)
        return opt_u64((uint64_t)json_real_value(v));
    if (json_is_real(v) && json_real_value(v) < 0 && json_real_value(v) >= -9223372036854775808.0)
        return opt_u64((uint64_t)(int64_t)json_real_value(v));
    struct sv text = json_is_string(v) ? sv_make(json_string_value(v), json_string_length(v)) : SV_ABSENT;
    if (sv_to_u64(text, &value) || (sv_istarts(text, SV("0x")) && sv_hex_to_u64(text, &value)))
        return opt_u64(value);
    return (struct opt_u64){0};
}

/* Absent where it is empty: tools that know nothing write "". */
static struct sv name_of(struct arena *a, const json_t *v)
{
    struct sv text = text_of(a, v);
    return sv_empty(text) ? SV_ABSENT : text;
}

/* --- insertion strings and binary data --- */

/* An array of bytes as hex, absent where it is none. */
static struct sv hex_of_array(struct arena *a, const json_t *array)
{
    size_t n = json_array_size(array), i;
    json_t *v;
    char *to = n ? arena_alloc(a, 2 * n) : NULL, *at = to;
    if (!to)
        return SV_ABSENT;
    json_array_foreach(array, i, v)
    {
        json_int_t byte = json_is_integer(v) ? json_integer_value(v) : -1;
        if (byte < 0 || byte > 255)
            return SV_ABSENT;
        uint8_t one = (uint8_t)byte;
        at = digits_put_hex(at, &one, 1);
    }
    return sv_make(to, 2 * n);
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
static void add_item(struct arena *a, json_t *item, bool last, struct event *e)
{
    struct sv name = SV_ABSENT;
    if (json_is_object(item)) {
        json_t *value = first_at(item, "Value value #text");
        void *only = json_object_iter(item);
        if (!value && only && json_object_size(item) == 1) {
            const char *key = json_object_iter_key(only);
            name = *key ? sv_from(key) : SV_ABSENT;
            value = json_object_iter_value(only);
        }
        item = value;
    }
    struct sv text = text_of(a, item);
    struct sv hex = json_is_array(item)                                  ? hex_of_array(a, item)
                    : last && json_is_string(item) && e->data_count >= 3 ? hex_of_flat(a, text)
                                                                         : SV_ABSENT;
    if (last && !sv_absent(hex))
        e->binary = hex;
    else
        event_add_datum(e, name, sv_absent(text) ? SV("") : text);
}

static void add_array(struct arena *a, json_t *strings, struct event *e)
{
    size_t i, n = json_array_size(strings);
    json_t *item;
    json_array_foreach(strings, i, item)
    {
        add_item(a, item, i + 1 == n, e);
    }
}

/* param1, param2 … as Winlogbeat names what has no name; base is "" or the object's path with a dot. */
static bool add_params(struct arena *a, json_t *object, struct sv base, struct event *e)
{
    char path[PATH_MAX_BYTES];
    for (unsigned i = 1; i <= EVENT_DATA_MAX + 1; i++) {
        int n = snprintf(path, sizeof path, "%.*sparam%u", SV_ARG(base), i);
        json_t *value = n > 0 && (size_t)n < sizeof path ? member_at(object, sv_make(path, (size_t)n)) : NULL;
        if (!value)
            return i > 1;
        struct sv text = text_of(a, value);
        event_add_datum(e, SV_ABSENT, sv_absent(text) ? SV("") : text);
    }
    return true;
}

static void add_named(struct arena *a, json_t *object, struct event *e)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        struct sv name = sv_from(key), text = text_of(a, value);
        if (!sv_ieq(name, SV("Binary")) && !sv_absent(text))
            event_add_datum(e, name, text);
    }
}

static void read_strings(struct arena *a, json_t *object, const struct json_shape *shape, struct event *e)
{
    const char *paths = shape->fields[JSON_STRINGS];
    json_t *strings = first_at(object, paths);
    char base[PATH_MAX_BYTES];
    if (json_is_array(strings)) {
        add_array(a, strings, e);
    } else if (json_is_object(strings)) {
        if (!add_params(a, strings, SV_ABSENT, e))
            add_named(a, strings, e);
    } else if (json_is_string(strings)) {
        event_add_datum(e, SV_ABSENT, text_of(a, strings));
    } else {
        int n = snprintf(base, sizeof base, "%s.", paths);
        if (n > 0 && (size_t)n < sizeof base)
            add_params(a, object, sv_make(base, (size_t)n), e);
    }
}

static void read_binary(struct arena *a, json_t *value, struct event *e)
{
    struct sv hex = json_is_array(value) ? hex_of_array(a, value) : name_of(a, value);
    if (!sv_absent(hex))
        e->binary = hex;
}

/* --- the event --- */

static void read_time(struct arena *a, const json_t *v, const struct parser_options *options, struct event *e)
{
    static const struct zone utc = {.name = "UTC"};
    const struct zone *zone = options->zone ? options->zone : &utc;
    struct local_time local;
    char label[ZONE_NAME_MAX];
    e->time_text = name_of(a, v);
    enum local_time_status status = local_time_read(e->time_text, options->date_order, &local);
    if (status == LOCAL_TIME_UNSURE)
        status = local_time_read(e->time_text, DATE_ORDER_MDY, &local);
    if (status != LOCAL_TIME_READ)
        return;
    e->time = local_time_utc(&local, zone, NULL);
    if (!local.has_offset)
        e->timezone = arena_copy(a, sv_make(label, zone_label(zone, e->time.sec, label)));
}

static void read_level(struct arena *a, const struct json_shape *shape, json_t *const *v, struct event *e)
{
    struct opt_u64 type = number_of(v[JSON_LEVEL_TEXT]);
    e->level = number_of(v[JSON_LEVEL]);
    if (!type.has) {
        e->level_text = name_of(a, v[JSON_LEVEL_TEXT]);
        if (!e->level.has)
            e->level = json_level_of_word(e->level_text);
    } else if (!e->level.has) {
        e->level = shape->types == JSON_TYPES_NONE
                       ? type
                       : json_level_of_type(type.v, shape->types == JSON_TYPES_WMI);
    }
}

/* Keywords are a mask, names, or one of the two where the other is meant. */
static void read_keywords(struct arena *a, json_t *const *v, struct event *e)
{
    json_t *names = v[JSON_KEYWORD_TEXTS], *item;
    size_t i;
    e->keywords = number_of(v[JSON_KEYWORDS]);
    if (!names && !e->keywords.has)
        names = v[JSON_KEYWORDS];
    if (json_is_string(names))
        e->keyword_texts[e->keyword_text_count++] = text_of(a, names);
    json_array_foreach(names, i, item)
    {
        struct sv text = name_of(a, item);
        if (!sv_absent(text) && e->keyword_text_count < EVENT_KEYWORDS_MAX)
            e->keyword_texts[e->keyword_text_count++] = text;
    }
}

/* A number where there is one, else its text. */
static void read_number_or_text(struct arena *a, const json_t *v, struct opt_u64 *number, struct sv *text)
{
    struct opt_u64 read = number_of(v);
    if (!read.has)
        *text = name_of(a, v);
    else if (!number->has)
        *number = read;
}

static void read_ids(json_t *const *v, struct event *e)
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

static void read_event(struct json_decoder *d, json_t *object, const struct json_shape *shape,
                       const struct parser_options *options, struct event *e)
{
    struct arena *a = &d->arena;
    json_t *v[JSON_FIELDS];
    for (size_t i = 0; i < JSON_FIELDS; i++)
        v[i] = shape->fields[i] && i != JSON_STRINGS ? first_at(object, shape->fields[i]) : NULL;
    read_ids(v, e);
    e->provider = name_of(a, v[JSON_PROVIDER]);
    e->provider_guid = name_of(a, v[JSON_PROVIDER_GUID]);
    e->event_source_name = name_of(a, v[JSON_SOURCE]);
    e->computer = name_of(a, v[JSON_COMPUTER]);
    e->channel = name_of(a, v[JSON_CHANNEL]);
    e->activity_id = name_of(a, v[JSON_ACTIVITY]);
    e->related_activity_id = name_of(a, v[JSON_RELATED]);
    e->message = name_of(a, v[JSON_MESSAGE]);
    struct sv user = name_of(a, v[JSON_USER]);
    if (sv_istarts(user, SV("S-1-")))
        e->user_sid = user;
    e->task = number_of(v[JSON_TASK]);
    read_number_or_text(a, v[JSON_TASK_TEXT], &e->task, &e->task_text);
    e->opcode = number_of(v[JSON_OPCODE]);
    read_number_or_text(a, v[JSON_OPCODE_TEXT], &e->opcode, &e->opcode_text);
    read_level(a, shape, v, e);
    read_keywords(a, v, e);
    read_time(a, v[JSON_TIME], options, e);
    read_strings(a, object, shape, e);
    read_binary(a, v[JSON_BINARY], e);
}

static const struct json_shape *shape_of(json_t *object)
{
    for (size_t i = 0; i < json_shape_count; i++)
        if (has_marks(object, json_shapes[i].marks))
            return &json_shapes[i];
    return NULL;
}

enum json_verdict json_decode(struct json_decoder *d, struct sv text, const struct parser_options *options,
                              struct event *e, const char **reason)
{
    bool replaced = false;
    json_decref(d->tree);
    arena_reset(&d->arena);
    if (may_have_surrogates(text))
        text = without_lone_surrogates(&d->clean, text, &replaced);
    d->tree = load(text);
    if (!d->tree) {
        *reason = "the record is no valid JSON";
        return JSON_DAMAGED;
    }
    unwrap_otlp(d->tree);
    for (size_t i = 0; json_wrappers[i]; i++) {
        json_t *object = *json_wrappers[i] ? json_object_get(d->tree, json_wrappers[i]) : d->tree;
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
