/* SPDX-License-Identifier: Apache-2.0 */
/* One reader of `mapitail cat`. */
#include "cat_read.h"

#include "export.h"
#include "os_clock.h"
#include "os_process.h"
#include "registry.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROGRESS_MS = 500, SPOOL_BYTES = 256 << 10, COMPLAINTS_MAX = 1 << 20 };

struct cat_reader {
    struct selector selector;
    struct parser_options reading;
    const struct encoder_ops *encoder;
    const struct encode_context *context;
    /* Made for the first record: most exports hold none, and both cost more than to read one. */
    struct shape shape;
    struct state *ordinals; /* in memory */
    bool can_write;
    struct event event;
    struct step step;
    struct cat_counts counts;
    struct cat_sink *sink; /* of the present file */
    bool is_plain;         /* the encoder asks for events alone */
    bool shows_progress;
    int64_t next_progress_ms;
    int64_t row; /* of the present file: its ordinals */
};

void cat_counts_add(struct cat_counts *to, const struct cat_counts *from)
{
    to->files += from->files;
    to->bytes += from->bytes;
    to->records += from->records;
    to->written += from->written;
    to->damaged += from->damaged;
    to->damaged_bytes += from->damaged_bytes;
    to->partial += from->partial;
    to->untrusted += from->untrusted;
    to->stale += from->stale;
    to->has_uncounted |= from->has_uncounted;
    to->failed |= from->failed;
}

void cat_sink_init(struct cat_sink *sink)
{
    *sink = (struct cat_sink){0};
    buf_init(&sink->records, CAT_KEEP_BYTES + 2 * MESSAGE_BYTES_MAX);
    buf_init(&sink->complaints, COMPLAINTS_MAX);
}

void cat_sink_free(struct cat_sink *sink)
{
    buf_free(&sink->records);
    buf_free(&sink->complaints);
}

static void flush(struct cat_reader *r)
{
    if (!r->sink->error)
        r->sink->error = r->sink->flush(r->sink);
}

__attribute__((format(__printf__, 2, 3))) static void say(struct cat_reader *r, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    buf_put(&r->sink->complaints, sv_make(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1));
    /* Said at once if it is heard in its place: the file may be long. */
    if (r->sink->has_turn(r->sink) || r->sink->complaints.n > CAT_KEEP_BYTES)
        flush(r);
}

static void complain(struct cat_reader *r, const char *path, const char *text)
{
    r->counts.failed = true;
    say(r, "mapitail: %s: %s\n", path, text);
}

void cat_read_nothing(struct cat_reader *r, const char *pattern, struct cat_sink *sink)
{
    r->sink = sink;
    complain(r, pattern, "no file matches");
}

static void progress(struct cat_reader *r, const struct export *e, const char *path)
{
    int64_t now = r->shows_progress ? os_monotonic_ms() : 0;
    if (now < r->next_progress_ms || !r->shows_progress || !r->sink->has_turn(r->sink))
        return;
    r->next_progress_ms = now + PROGRESS_MS;
    uint64_t at = r->step.pos.offset, size = e->input.size;
    fprintf(stderr, "\r\x1b[K%s: %" PRIu64 " of %" PRIu64 " MB, %" PRIu64 " records", path, at / 1000000,
            size / 1000000, r->counts.written);
}

static void end_progress(const struct cat_reader *r)
{
    if (r->shows_progress && r->sink->has_turn(r->sink))
        fputs("\r\x1b[K", stderr);
}

static void count_record(struct cat_reader *r)
{
    const struct record *record = &r->shape.record;
    r->counts.written++;
    r->counts.partial += record->kind == RECORD_MAPI_LIMIT && record->mapi.status != PARSE_COMPLETE;
    r->counts.stale += r->event.trust == EVENT_STALE;
    r->counts.untrusted += r->event.trust == EVENT_CRC || r->event.trust == EVENT_SALVAGED;
}

static bool begin_writing(struct cat_reader *r)
{
    struct fault f;
    char set_aside[512];
    if (!r->ordinals)
        r->ordinals = state_open(NULL, set_aside, &f);
    r->can_write = r->ordinals && shape_init(&r->shape, r->encoder, r->context);
    return r->can_write;
}

static void write_record(struct cat_reader *r, const char *path)
{
    struct buf *out = &r->sink->records;
    bool shaped = r->can_write || begin_writing(r);
    if (shaped && r->is_plain)
        shape_event(&r->shape, &r->event);
    else if (shaped)
        shaped = shape_record(&r->shape, &r->event, path, r->ordinals, r->row);
    enum encode_status status = shaped ? shape_encode(&r->shape, out) : ENCODE_NO_MEMORY;
    if (status == ENCODE_NO_MEMORY) {
        complain(r, path ? path : "-", "out of memory; a record is left out");
        return;
    }
    if (status == ENCODE_TOO_LARGE) {
        complain(r, path ? path : "-", "a record is too large to be written; it is left out");
        return;
    }
    buf_putc(out, '\n');
    count_record(r);
    if (out->n > CAT_KEEP_BYTES)
        flush(r);
}

static void report_damage(struct cat_reader *r, const char *name)
{
    char text[EXPORT_DAMAGE_TEXT];
    end_progress(r);
    r->counts.damaged++;
    r->counts.damaged_bytes += r->step.length;
    say(r, "mapitail: %s: %s\n", name, export_damage(&r->step, text));
}

/* Reads what the export holds now; false when nothing more can be read from it. */
static bool read_steps(struct cat_reader *r, struct export *e, const char *path, const char *name)
{
    while (!r->sink->error) {
        e->ops->next(e->parser, &r->event, &r->step);
        switch (r->step.kind) {
        case STEP_EVENT:
            write_record(r, path);
            break;
        case STEP_SKIP:
            report_damage(r, name);
            break;
        case STEP_GAP:
        case STEP_PROGRESS:
            break;
        case STEP_MORE:
            return true;
        case STEP_FATAL:
            complain(r, name, e->read_fault.code ? e->read_fault.text : r->step.fault.text);
            return false;
        }
        progress(r, e, name);
    }
    return false;
}

static bool open_export(struct cat_reader *r, struct export *e, const char *name)
{
    struct fault f = {0};
    struct position beginning = {0};
    switch (export_open(e, &beginning, &r->reading, &f)) {
    case EXPORT_READY:
        return true;
    case EXPORT_WAITING:
        return false;
    case EXPORT_UNKNOWN:
    case EXPORT_FAILED:
        complain(r, name, f.text);
        break;
    }
    return false;
}

static void count_export(struct cat_reader *r, const char *name, const struct export *e)
{
    struct parser_counts counts;
    e->ops->counts(e->parser, &counts);
    if (counts.order_told != DATE_ORDER_AUTO)
        say(r, "mapitail: %s: its own dates tell that their order is %s; --date-order would set it\n", name,
            date_order_names[counts.order_told]);
    r->counts.records += counts.records;
    r->counts.has_uncounted |= !counts.counts_records;
    r->counts.bytes += e->input.size;
    r->counts.files++;
}

static void read_file(struct cat_reader *r, const char *path)
{
    struct fault f = {0};
    struct export e;
    struct os_file *file = os_file_open(path, &f);
    if (!file) {
        r->counts.failed = true;
        say(r, "mapitail: %s\n", f.text); /* which names the file */
        return;
    }
    export_init(&e, file);
    e.input.complete = true;
    r->row++;
    if (!export_refresh(&e, &f)) {
        complain(r, path, f.text);
    } else if (open_export(r, &e, path)) {
        read_steps(r, &e, path, path);
        count_export(r, path, &e);
    }
    export_close(&e);
    end_progress(r);
}

/* Standard input is kept in a file without a name, because some formats are read in any order. */
static void read_spooled(struct cat_reader *r, struct export *e, char *block)
{
    struct fault f = {0};
    bool readable = true;
    while (readable && !e->input.complete) {
        size_t got = fread(block, 1, SPOOL_BYTES, stdin);
        if (got && !os_file_write(e->file, block, got, &f)) {
            complain(r, "-", f.text);
            break;
        }
        e->input.size += got;
        e->input.complete = got < SPOOL_BYTES;
        if (!e->parser && !open_export(r, e, "-"))
            readable = !r->counts.failed;
        else
            readable = read_steps(r, e, NULL, "-");
    }
    if (e->parser)
        count_export(r, "-", e);
}

static void read_stdin(struct cat_reader *r)
{
    struct fault f = {0};
    struct os_file *spool = os_file_temporary(&f);
    struct export e;
    char *block = malloc(SPOOL_BYTES);
    if (!spool || !block) {
        complain(r, "-", spool ? "out of memory" : f.text);
        os_file_close(spool);
        free(block);
        return;
    }
    export_init(&e, spool);
    r->row++;
    read_spooled(r, &e, block);
    export_close(&e);
    free(block);
    end_progress(r);
}

void cat_read(struct cat_reader *r, const char *path, struct cat_sink *sink)
{
    r->sink = sink;
    if (strcmp(path, "-") == 0)
        read_stdin(r);
    else
        read_file(r, path);
}

const struct cat_counts *cat_reader_counts(const struct cat_reader *r)
{
    return &r->counts;
}

struct cat_reader *cat_reader_new(const struct cat_options *o, const struct encode_context *context)
{
    struct cat_reader *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->encoder = registry_encoder(o->format);
    r->context = context;
    selector_init_default(&r->selector);
    r->selector.all = o->all;
    r->reading = o->reading;
    r->reading.selector = &r->selector;
    /* Without --all the meaning is wanted for the summary. */
    r->is_plain = o->all && r->encoder->is_plain_event;
    r->reading.original_only = o->all && r->encoder->original_alone;
    r->shows_progress = os_stderr_is_terminal() && !os_stdout_is_terminal();
    r->next_progress_ms = os_monotonic_ms() + PROGRESS_MS;
    return r;
}

void cat_reader_free(struct cat_reader *r)
{
    if (!r)
        return;
    shape_free(&r->shape);
    state_close(r->ordinals);
    free(r);
}
