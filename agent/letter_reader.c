/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a dead-letter file. */
#include "letter_reader.h"

#include "os_file.h"
#include "utf.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16 };

struct letter_reader {
    struct os_file *file;
    struct json_tree *tree;
    struct buf window; /* bytes from `from` on */
    uint64_t from;     /* offset of the first of them */
    uint64_t number;   /* lines read */
    size_t line_bytes; /* of the line that was given last, with its end */
};

struct letter_reader *letter_reader_open(const char *path, struct fault *f)
{
    struct letter_reader *r = calloc(1, sizeof *r);
    if (!r || !(r->tree = json_tree_new())) {
        free(r);
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        return NULL;
    }
    buf_init(&r->window, LETTER_BYTES_MAX + CHUNK_BYTES);
    r->file = os_file_open(path, f);
    if (r->file)
        return r;
    letter_reader_close(r);
    return NULL;
}

void letter_reader_close(struct letter_reader *r)
{
    if (!r)
        return;
    os_file_close(r->file);
    json_tree_free(r->tree);
    buf_free(&r->window);
    free(r);
}

/* ---- lines ---- */

static void drop(struct letter_reader *r, size_t n)
{
    memmove(r->window.p, r->window.p + n, r->window.n - n);
    buf_cut(&r->window, r->window.n - n);
    r->from += n;
}

/* Reads on behind the window; false at the end, or where nothing can be read. */
static bool fill(struct letter_reader *r)
{
    struct fault ignored;
    char *to = buf_room(&r->window, CHUNK_BYTES);
    ptrdiff_t n = to ? os_file_read_at(r->file, r->from + r->window.n, to, CHUNK_BYTES, &ignored) : -1;
    if (n > 0)
        r->window.n += (size_t)n;
    return n > 0;
}

/* Goes on behind a line that is longer than any letter. */
static bool skip_long_line(struct letter_reader *r)
{
    for (;;) {
        drop(r, r->window.n);
        buf_reset(&r->window);
        if (!fill(r))
            return false;
        const char *end = memchr(r->window.p, '\n', r->window.n);
        if (end) {
            drop(r, (size_t)(end - r->window.p) + 1);
            return true;
        }
    }
}

enum line { LINE_READ, LINE_LONG, LINE_NONE };

static enum line next_line(struct letter_reader *r, struct sv *line)
{
    size_t searched = 0;
    if (r->line_bytes)
        drop(r, r->line_bytes);
    r->line_bytes = 0;
    for (;;) {
        const char *end =
            r->window.n > searched ? memchr(r->window.p + searched, '\n', r->window.n - searched) : NULL;
        if (end) {
            *line = sv_make(r->window.p, (size_t)(end - r->window.p));
            r->line_bytes = line->n + 1;
            return LINE_READ;
        }
        searched = r->window.n;
        if (searched > LETTER_BYTES_MAX)
            return skip_long_line(r) ? LINE_LONG : LINE_NONE;
        if (!fill(r))
            return LINE_NONE;
    }
}

/* ---- letters ---- */

static struct sv text_of(const struct json_node *letter, struct sv name, enum json_kind kind)
{
    const struct json_node *n = json_node_member(letter, name);
    return n && n->kind == kind ? n->text : SV_ABSENT;
}

static bool read_letter(struct letter_reader *r, struct sv line, struct letter *out)
{
    bool replaced = false;
    uint64_t time_ms = 0;
    if (utf8_valid_length(line) != line.n)
        return false;
    const struct json_node *n = json_tree_read(r->tree, line, &replaced);
    out->output = text_of(n, SV("output"), JSON_NODE_TEXT);
    out->time = text_of(n, SV("@timestamp"), JSON_NODE_TEXT);
    if (sv_empty(out->output) || sv_empty(out->time))
        return false;
    out->reason = text_of(n, SV("reason"), JSON_NODE_TEXT);
    out->event_id = text_of(n, SV("event_id"), JSON_NODE_TEXT);
    out->file = text_of(n, SV("file"), JSON_NODE_TEXT);
    out->offset = text_of(n, SV("offset"), JSON_NODE_NUMBER);
    out->format = text_of(n, SV("format"), JSON_NODE_TEXT);
    out->letter_time = text_of(n, SV("letter_time"), JSON_NODE_TEXT);
    out->key = text_of(n, SV("key"), JSON_NODE_TEXT);
    out->message = text_of(n, SV("message"), JSON_NODE_TEXT);
    out->headers = json_node_member(n, SV("headers"));
    if (sv_to_u64(text_of(n, SV("time_ms"), JSON_NODE_NUMBER), &time_ms) && time_ms <= INT64_MAX)
        out->time_ms = (int64_t)time_ms;
    return true;
}

enum letter_kind letter_reader_next(struct letter_reader *r, struct letter *out)
{
    struct sv line;
    enum line kind = next_line(r, &line);
    if (kind == LINE_NONE)
        return LETTER_END;
    *out = (struct letter){.number = ++r->number};
    return kind == LINE_READ && read_letter(r, line, out) ? LETTER_READ : LETTER_DAMAGED;
}

bool letter_address(const struct letter *l, struct arena *memory, struct sink_item *item)
{
    size_t count = l->headers && l->headers->kind == JSON_NODE_OBJECT ? l->headers->count : 0;
    struct sink_header *headers = count ? arena_alloc(memory, count * sizeof *headers) : NULL;
    item->key = sv_empty(l->key) ? SV_ABSENT : arena_copy(memory, l->key);
    item->time_ms = l->time_ms;
    item->headers = headers;
    item->header_count = headers ? count : 0;
    if (count && !headers)
        return false;
    const struct json_node *n = count ? l->headers->first : NULL;
    for (size_t i = 0; n; n = n->next, i++) {
        headers[i].name = arena_cstr(memory, n->name);
        headers[i].value = arena_copy(memory, sv_absent(n->text) ? SV("") : n->text);
        if (!headers[i].name || sv_absent(headers[i].value))
            return false;
    }
    return sv_empty(l->key) || !sv_absent(item->key);
}
