/* SPDX-License-Identifier: Apache-2.0 */
/* Writes event logs (.evtx) for tests: the file and its chunks. */
#include "evtx_writer.h"

#include "evtx_layouts.h"
#include "reader.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_HEADER = 4096, CHUNK_HEADER = 512 };

struct evtx_writer {
    struct evtx_writer_options options;
    uint8_t *file;
    size_t chunks;   /* in the file, preallocated ones not counted */
    size_t newest;   /* index of the chunk written to */
    size_t in_chunk; /* records in it */
    uint64_t next_id, next_number;
    uint64_t filetime;
    size_t size;
    struct tokens tokens;
};

/* What a record consists of. */
struct record {
    tokens_body body;
    const void *ctx;
    uint64_t filetime;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static uint32_t crc(uint32_t c, const uint8_t *p, size_t n)
{
    return libdeflate_crc32(c, p, n);
}

static void put_record(struct tokens *o, const struct record *r, uint64_t id)
{
    size_t begin = o->at;
    tokens_number(o, 0x2a2a, 4);
    tokens_number(o, 0, 4);
    tokens_number(o, id, 8);
    tokens_number(o, r->filetime, 8);
    tokens_put(o, "\x0f\x01\x01", 4);
    r->body(o, r->ctx);
    tokens_number(o, 0, 1);
    while (!o->overflow && (o->at + 4 - begin) % 8)
        tokens_number(o, 0xa5, 1); /* Windows leaves garbage here */
    tokens_number(o, o->at + 4 - begin, 4);
    tokens_patch(o, begin + 4, o->at - begin, 4);
}

static uint8_t *chunk_of(struct evtx_writer *w, size_t index)
{
    return w->file + FILE_HEADER + index * TOKENS_CHUNK;
}

static void seal_chunk(uint8_t *p)
{
    tokens_store(p + 52, crc(0, p + CHUNK_HEADER, load_le32(p + 48) - CHUNK_HEADER), 4);
    tokens_store(p + 124, crc(crc(0, p, 120), p + 128, CHUNK_HEADER - 128), 4);
}

void evtx_writer_reseal(uint8_t *file, size_t chunk)
{
    seal_chunk(file + FILE_HEADER + chunk * TOKENS_CHUNK);
}

static void seal_file(struct evtx_writer *w)
{
    uint8_t *h = w->file;
    bool written = load_le32(h + 32) != 0;
    if (!w->options.dirty || !written) {
        memcpy(h, "ElfFile", 8);
        tokens_store(
            h + 8,
            w->options.max_chunks && w->chunks == w->options.max_chunks ? (w->newest + 1) % w->chunks : 0, 8);
        tokens_store(h + 16, w->newest, 8);
        tokens_store(h + 24, w->next_id, 8);
        tokens_store(h + 32, 128, 4);
        tokens_store(h + 36, 1, 2);
        tokens_store(h + 38, 3, 2);
        tokens_store(h + 40, FILE_HEADER, 2);
        tokens_store(h + 42, w->chunks & 0xffff, 2);
        tokens_store(h + 120, w->options.dirty, 4);
    }
    tokens_store(h + 124, crc(0, h, 120), 4);
}

static void resize(struct evtx_writer *w)
{
    size_t size = FILE_HEADER + (w->chunks + w->options.preallocated) * TOKENS_CHUNK;
    w->file = must(realloc(w->file, size));
    if (size > w->size)
        memset(w->file + w->size, 0, size - w->size);
    w->size = size;
}

/* An empty chunk: what was behind its header stays. */
static void begin_chunk(struct evtx_writer *w, size_t index)
{
    uint8_t *p = chunk_of(w, index);
    memset(p, 0, CHUNK_HEADER);
    memcpy(p, "ElfChnk", 8);
    tokens_store(p + 8, 1, 8);
    tokens_store(p + 16, UINT64_MAX, 8);
    tokens_store(p + 24, UINT64_MAX, 8);
    tokens_store(p + 32, UINT64_MAX, 8);
    tokens_store(p + 40, 128, 4);
    tokens_store(p + 48, CHUNK_HEADER, 4);
    tokens_store(p + 120, 1, 4);
    seal_chunk(p);
    w->newest = index;
    w->in_chunk = 0;
    w->tokens = (struct tokens){.at = CHUNK_HEADER};
}

static void next_chunk(struct evtx_writer *w)
{
    size_t index = w->newest + 1;
    if (w->options.max_chunks && index == w->options.max_chunks) {
        index = 0;
    } else if (index == w->chunks) {
        w->chunks++;
        resize(w);
    }
    begin_chunk(w, index);
}

struct evtx_writer *evtx_writer_new(const struct evtx_writer_options *options)
{
    struct evtx_writer *w = must(calloc(1, sizeof *w));
    w->options = *options;
    w->next_id = options->first_id ? options->first_id : 1;
    w->next_number = 1;
    w->filetime = UINT64_C(132500000000000000); /* 2020-11-16T11:33:20Z */
    w->chunks = 1;
    resize(w);
    begin_chunk(w, 0);
    seal_file(w);
    return w;
}

void evtx_writer_free(struct evtx_writer *w)
{
    if (w)
        free(w->file);
    free(w);
}

static bool try_add(struct evtx_writer *w, const struct record *r)
{
    struct tokens *o = &w->tokens, before = *o;
    uint8_t *p = chunk_of(w, w->newest), header[CHUNK_HEADER];
    memcpy(header, p, sizeof header);
    o->p = p;
    put_record(o, r, w->next_id);
    if (o->overflow) {
        *o = before;
        memcpy(p, header, sizeof header);
        return false;
    }
    if (w->in_chunk == 0) {
        tokens_store(p + 8, w->next_number, 8);
        tokens_store(p + 24, w->next_id, 8);
    }
    tokens_store(p + 16, w->next_number, 8);
    tokens_store(p + 32, w->next_id, 8);
    tokens_store(p + 44, before.at, 4);
    tokens_store(p + 48, w->options.free_at_end ? TOKENS_CHUNK : o->at, 4);
    if (w->options.free_at_end)
        memset(p + o->at, 0, TOKENS_CHUNK - o->at);
    seal_chunk(p);
    return true;
}

static uint64_t add(struct evtx_writer *w, const struct record *r)
{
    if (w->options.records_per_chunk && w->in_chunk >= w->options.records_per_chunk)
        next_chunk(w);
    if (!try_add(w, r)) {
        next_chunk(w);
        if (!try_add(w, r))
            abort();
    }
    w->in_chunk++;
    w->next_number++;
    uint64_t id = w->next_id++;
    seal_file(w);
    return id;
}

static uint64_t next_filetime(struct evtx_writer *w, uint64_t wanted)
{
    w->filetime = wanted ? wanted : w->filetime + 10000000;
    return w->filetime;
}

uint64_t evtx_writer_add(struct evtx_writer *w, const struct evtx_writer_event *event)
{
    struct evtx_writer_event e = *event;
    e.provider = e.provider ? e.provider : "MSExchangeIS";
    e.channel = e.channel ? e.channel : "Application";
    e.computer = e.computer ? e.computer : "EXCH01.contoso.com";
    e.filetime = next_filetime(w, e.filetime);
    e.record_id = e.record_id ? e.record_id : w->next_id;
    return add(w, &(struct record){evtx_layout_put, &e, e.filetime});
}

uint64_t evtx_writer_add_tokens(struct evtx_writer *w, tokens_body body, const void *ctx)
{
    return add(w, &(struct record){body, ctx, next_filetime(w, 0)});
}

uint64_t evtx_writer_add_9646(struct evtx_writer *w, enum evtx_writer_layout layout, unsigned number)
{
    static const uint8_t diagnostics[] = "\x07\0\0\0[DIAG_CTX]\0\0\x04\0\0\0\xff\xe8\x3a";
    char dn[160], message[320];
    snprintf(
        dn, sizeof dn,
        "/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=user%u",
        number);
    snprintf(message, sizeof message,
             "Mapi session \"%s\" exceeded the maximum of 32 objects of type \"session\".", dn);
    const char *strings[] = {dn, "32", "session"};
    return evtx_writer_add(w, &(struct evtx_writer_event){
                                  .layout = layout,
                                  .event_id = 9646,
                                  .qualifiers = 49158,
                                  .level = 2,
                                  .task = 6,
                                  .keywords = UINT64_C(0x80000000000000),
                                  .strings = strings,
                                  .string_count = 3,
                                  .binary = layout == EVTX_WRITE_MANIFEST ? NULL : diagnostics,
                                  .binary_size = layout == EVTX_WRITE_MANIFEST ? 0 : sizeof diagnostics,
                                  .message = layout == EVTX_WRITE_INLINE ? message : NULL,
                              });
}

void evtx_writer_end_chunk(struct evtx_writer *w)
{
    next_chunk(w);
    seal_file(w);
}

void evtx_writer_clear(struct evtx_writer *w)
{
    w->chunks = 1;
    resize(w);
    memset(chunk_of(w, 1), 0, w->options.preallocated * TOKENS_CHUNK);
    begin_chunk(w, 0);
    seal_file(w);
}

void evtx_writer_set_open(struct evtx_writer *w, bool open)
{
    w->options.dirty = false;
    seal_file(w);
    w->options.dirty = open;
    if (open)
        tokens_store(w->file + 120, 1, 4);
    seal_file(w);
}

size_t evtx_writer_chunks(const struct evtx_writer *w, size_t *newest)
{
    *newest = w->newest;
    return w->chunks;
}

struct sv evtx_writer_image(const struct evtx_writer *w)
{
    return sv_make(w->file, w->size);
}
