/* SPDX-License-Identifier: Apache-2.0 */
/* Writes event logs (.evt) for tests. Every number written here is explained by the libevt documentation. */
#include "evt_writer.h"

#include "utf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 48, CURSOR = 40, HEAD = 56, RECORD_MAX = 1 << 19, FIRST_TIME = 1239531000 };

/* A record that is still in the ring: its place and the bytes from there to the next one. */
struct live {
    size_t at, footprint;
};

struct evt_writer {
    struct evt_writer_options options;
    uint8_t *file, *record;
    size_t n; /* bytes of the record in the making */
    size_t cursor;
    uint32_t next, oldest, time;
    struct live *live; /* of record i at [i % live_max] */
    size_t live_max, used;
};

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static void store(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static size_t step(const struct evt_writer *w, size_t at, size_t n)
{
    size_t left = w->options.size - at;
    return n < left ? at + n : HEADER + (n - left);
}

static void write_ring(struct evt_writer *w, size_t at, const uint8_t *p, size_t n)
{
    size_t first = n < w->options.size - at ? n : w->options.size - at;
    memcpy(w->file + at, p, first);
    memcpy(w->file + HEADER, p + first, n - first);
}

static size_t oldest_at(const struct evt_writer *w)
{
    return w->oldest == w->next ? w->cursor : w->live[w->oldest % w->live_max].at;
}

static uint32_t oldest_number(const struct evt_writer *w)
{
    return w->oldest == w->next ? 0 : w->oldest;
}

static void write_cursor(struct evt_writer *w)
{
    uint8_t c[CURSOR];
    store(c, CURSOR, 4);
    for (uint32_t i = 1; i <= 4; i++)
        store(c + i * 4, UINT32_C(0x11111111) * i, 4);
    store(c + 20, oldest_at(w), 4);
    store(c + 24, w->cursor, 4);
    store(c + 28, w->next, 4);
    store(c + 32, oldest_number(w), 4);
    store(c + 36, CURSOR, 4);
    write_ring(w, w->cursor, c, sizeof c);
}

static void write_header(struct evt_writer *w)
{
    const uint64_t fields[12] = {HEADER,          0x654c664c,       1,       1,
                                 oldest_at(w),    w->cursor,        w->next, oldest_number(w),
                                 w->options.size, w->options.dirty, 0,       HEADER};
    for (size_t i = 0; i < 12; i++)
        store(w->file + i * 4, fields[i], 4);
}

static void begin_log(struct evt_writer *w, uint32_t first)
{
    w->next = w->oldest = first;
    w->cursor = HEADER;
    w->used = 0;
    write_cursor(w);
    write_header(w);
}

struct evt_writer *evt_writer_new(const struct evt_writer_options *options)
{
    struct evt_writer *w = must(calloc(1, sizeof *w));
    w->options = *options;
    w->options.size = options->size ? options->size : 65536;
    w->file = must(calloc(1, w->options.size));
    w->record = must(malloc(RECORD_MAX));
    w->live_max = w->options.size / HEAD + 2;
    w->live = must(malloc(w->live_max * sizeof *w->live));
    w->time = FIRST_TIME;
    begin_log(w, options->first ? options->first : 1);
    return w;
}

void evt_writer_free(struct evt_writer *w)
{
    free(w->live);
    free(w->record);
    free(w->file);
    free(w);
}

static void put(struct evt_writer *w, const void *p, size_t n)
{
    if (n > RECORD_MAX - w->n)
        abort();
    if (n)
        memcpy(w->record + w->n, p, n);
    w->n += n;
}

static void pad(struct evt_writer *w)
{
    static const uint8_t zeros[4];
    put(w, zeros, (4 - w->n % 4) % 4);
}

/* UTF-16LE with its NUL. */
static void put_text(struct evt_writer *w, const char *utf8)
{
    struct sv rest = sv_from(utf8);
    uint8_t unit[2] = {0, 0};
    uint32_t c;
    for (size_t n; (n = utf8_decode(rest, &c)) > 0; rest = sv_slice(rest, n, rest.n)) {
        if (c > 0xffff) {
            store(unit, 0xd800 + ((c - 0x10000) >> 10), 2);
            put(w, unit, 2);
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        store(unit, c, 2);
        put(w, unit, 2);
    }
    store(unit, 0, 2);
    put(w, unit, 2);
}

static void make_record(struct evt_writer *w, const struct evt_writer_event *e)
{
    uint8_t *h = w->record;
    memset(h, 0, HEAD);
    w->n = HEAD;
    w->time = e->time ? e->time : w->time + 1;
    put_text(w, e->source ? e->source : "MSExchangeIS");
    put_text(w, e->computer ? e->computer : "EXCH2003");
    pad(w);
    store(h + 44, w->n, 4);
    put(w, e->sid, e->sid_size);
    store(h + 36, w->n, 4);
    for (size_t i = 0; i < e->string_count; i++)
        put_text(w, e->strings[i]);
    store(h + 52, w->n, 4);
    put(w, e->data, e->data_size);
    pad(w);
    w->n += 4;
    store(h, w->n, 4);
    store(h + 4, 0x654c664c, 4);
    store(h + 8, w->next, 4);
    store(h + 12, w->time, 4);
    store(h + 16, w->time, 4);
    store(h + 20, e->event_id, 4);
    store(h + 24, e->type ? e->type : 1, 2);
    store(h + 26, e->string_count, 2);
    store(h + 28, e->category, 2);
    store(h + 40, e->sid_size, 4);
    store(h + 48, e->data_size, 4);
    store(h + w->n - 4, w->n, 4);
}

/* Lets go of the oldest records until n bytes and a cursor fit. */
static void make_room(struct evt_writer *w, size_t n)
{
    size_t room = w->options.size - HEADER;
    while (w->used + n + CURSOR > room) {
        if (w->oldest == w->next)
            abort();
        w->used -= w->live[w->oldest++ % w->live_max].footprint;
    }
}

/* Leaves what is too little for a head in front of the file's end to the record that ends there. */
static void fill_end(struct evt_writer *w)
{
    size_t left = w->options.size - w->cursor;
    if (!w->options.fill_end || left >= HEAD)
        return;
    make_room(w, left);
    for (size_t i = 0; i < left; i++)
        w->file[w->cursor + i] = i % 4 ? 0 : 0x27;
    if (w->oldest != w->next) {
        w->live[(w->next - 1) % w->live_max].footprint += left;
        w->used += left;
    }
    w->cursor = HEADER;
}

uint32_t evt_writer_add(struct evt_writer *w, const struct evt_writer_event *e)
{
    make_record(w, e);
    fill_end(w);
    make_room(w, w->n);
    write_ring(w, w->cursor, w->record, w->n);
    w->live[w->next % w->live_max] = (struct live){w->cursor, w->n};
    w->used += w->n;
    w->cursor = step(w, w->cursor, w->n);
    w->next++;
    write_cursor(w);
    if (!w->options.dirty)
        write_header(w);
    return w->next - 1;
}

uint32_t evt_writer_add_9646(struct evt_writer *w, unsigned number)
{
    static const uint8_t context[] = "[DIAG_CTX]\0\0\x04\0\0\0\xff\xe0\x10";
    char dn[160];
    const char *strings[] = {dn, "500", "objtFolder"};
    snprintf(dn, sizeof dn, "/o=First Organization/ou=First Administrative Group/cn=Recipients/cn=user%u",
             number);
    return evt_writer_add(w, &(struct evt_writer_event){.event_id = 0xC00625AE,
                                                        .category = 6,
                                                        .strings = strings,
                                                        .string_count = 3,
                                                        .data = context,
                                                        .data_size = sizeof context});
}

void evt_writer_clear(struct evt_writer *w)
{
    static const uint8_t zeros[CURSOR];
    write_ring(w, w->cursor, zeros, sizeof zeros);
    begin_log(w, 1);
}

struct sv evt_writer_image(const struct evt_writer *w)
{
    return sv_make(w->file, w->options.size);
}

uint32_t evt_writer_oldest(const struct evt_writer *w)
{
    return w->oldest;
}

uint32_t evt_writer_next(const struct evt_writer *w)
{
    return w->next;
}

size_t evt_writer_cursor(const struct evt_writer *w)
{
    return w->cursor;
}
