/* SPDX-License-Identifier: Apache-2.0 */
/* What a destination that carries positions keeps of one file. */
#include "position_record.h"

#include "json_text.h"
#include "json_tree.h"
#include "os_clock.h"
#include "utf.h"
#include "wtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- writing --- */

static void put_hex(struct buf *b, struct sv key, uint64_t value)
{
    buf_put(b, key);
    buf_printf(b, "%016" PRIx64 "\"", value);
}

void position_record_key(struct buf *out, const char *scope, struct os_file_id id)
{
    buf_put(out, sv_from(scope));
    buf_printf(out, "%" PRIx64 "-%016" PRIx64 "%016" PRIx64, id.volume, id.file[1], id.file[0]);
}

static void put_time(struct buf *b, struct sv key, const struct wtime *time, unsigned digits)
{
    char text[WTIME_TEXT_MAX];
    json_field(b, key, sv_make(text, wtime_format(time, digits, text)));
}

static void put_last(struct buf *b, const struct batch_note *last)
{
    struct wtime time = {0};
    json_field(b, SV(",\"event\":\""), sv_from(last->id));
    if (last->record_id.has)
        json_number(b, SV(",\"record_id\":"), last->record_id.v);
    if (!last->time_ms)
        return;
    time = wtime_from_unix_ns(last->time_ms * 1000000, 3);
    put_time(b, SV(",\"time\":\""), &time, 3);
}

void position_record_value(struct buf *out, const struct position_source *from)
{
    const struct tail *t = from->tail;
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 3);
    buf_printf(out, "{\"v\":%d", POSITION_RECORD_FORMAT);
    json_string(out, SV(",\"output\":\""), sv_from(from->output));
    json_string(out, SV(",\"input\":\""), sv_from(t->source->name));
    json_string(out, SV(",\"file\":\""), sv_from(t->path));
    put_hex(out, SV(",\"fingerprint\":\""), t->saved.fingerprint);
    json_number(out, SV(",\"fingerprint_bytes\":"), t->saved.fingerprint_bytes);
    json_string(out, SV(",\"parser\":\""), sv_from(t->saved.parser));
    json_number(out, SV(",\"offset\":"), from->position->offset);
    json_number(out, SV(",\"record\":"), from->position->record);
    put_hex(out, SV(",\"check\":\""), from->position->check);
    json_number(out, SV(",\"batch\":"), from->batch);
    put_time(out, SV(",\"saved\":\""), &now, 3);
    if (from->last)
        put_last(out, from->last);
    buf_putc(out, '}');
}

/* --- reading --- */

/* The next number of the key, up to the hyphen or the end. */
static bool take_hex(struct sv *rest, size_t n, uint64_t *out)
{
    struct sv digits = sv_slice(*rest, 0, n);
    *rest = sv_slice(*rest, n, rest->n);
    return digits.n == n && sv_hex_to_u64(digits, out);
}

static bool read_key(struct os_file_id *id, const char *scope, struct sv key)
{
    if (!sv_starts(key, sv_from(scope)))
        return false;
    struct sv rest = sv_slice(key, strlen(scope), key.n);
    size_t hyphen = sv_find_char(rest, '-');
    if (hyphen == SV_NPOS || !take_hex(&rest, hyphen, &id->volume))
        return false;
    rest = sv_slice(rest, 1, rest.n);
    return take_hex(&rest, 16, &id->file[1]) && take_hex(&rest, 16, &id->file[0]) && rest.n == 0;
}

static struct sv text_of(const struct json_node *object, struct sv name)
{
    const struct json_node *n = json_node_member(object, name);
    return n && n->kind == JSON_NODE_TEXT ? n->text : SV_ABSENT;
}

static bool number_of(const struct json_node *object, struct sv name, uint64_t *out)
{
    const struct json_node *n = json_node_member(object, name);
    return n && n->kind == JSON_NODE_NUMBER && sv_to_u64(n->text, out);
}

static bool read_members(struct position_record *out, const struct json_node *object)
{
    uint64_t version, bytes;
    struct sv parser = text_of(object, SV("parser"));
    if (!number_of(object, SV("v"), &version) || version > POSITION_RECORD_FORMAT ||
        !number_of(object, SV("offset"), &out->position.offset) ||
        !number_of(object, SV("record"), &out->position.record) ||
        !sv_hex_to_u64(text_of(object, SV("check")), &out->position.check) ||
        !sv_hex_to_u64(text_of(object, SV("fingerprint")), &out->fingerprint) ||
        !number_of(object, SV("fingerprint_bytes"), &bytes) || bytes > UINT32_MAX ||
        parser.n >= sizeof out->parser)
        return false;
    out->fingerprint_bytes = (uint32_t)bytes;
    snprintf(out->parser, sizeof out->parser, "%.*s", SV_ARG(parser));
    return true;
}

bool position_record_read(struct position_record *out, const char *scope,
                          const struct sink_position *position)
{
    bool replaced = false;
    *out = (struct position_record){0};
    if (!read_key(&out->id, scope, position->key) || utf8_valid_length(position->value) != position->value.n)
        return false;
    struct json_tree *tree = json_tree_new();
    const struct json_node *object = tree ? json_tree_read(tree, position->value, &replaced) : NULL;
    bool read = object && read_members(out, object);
    json_tree_free(tree);
    return read;
}

/* --- order --- */

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int position_order(const struct parser_ops *parser, const struct position *a, const struct position *b)
{
    int by_offset = compare(a->offset, b->offset), by_record = compare(a->record, b->record);
    if (parser->ordered_by_record)
        return by_record;
    return by_offset ? by_offset : by_record;
}
