/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail cat`: the records of exports to standard output. */
#include "cat.h"

#include "export.h"
#include "glob.h"
#include "os_clock.h"
#include "os_process.h"
#include "registry.h"
#include "shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_MS = 500, SPOOL_BYTES = 256 << 10, OUTPUT_BUFFER = 64 << 10 };

struct cat {
    struct selector selector;
    struct parser_options reading;
    struct shape shape;
    struct state *ordinals; /* in memory */
    struct buf message;
    struct event event;
    struct step step;
    uint64_t files, bytes, records, written, damaged, damaged_bytes, partial;
    bool counts_records; /* every format that was met counts its records */
    bool failed;         /* something was unreadable */
    bool output_gone;
    bool show_progress;
    int64_t next_progress_ms;
    int64_t row; /* of the present file: its ordinals */
};

static void complain(struct cat *c, const char *path, const char *text)
{
    c->failed = true;
    fprintf(stderr, "mapitail: %s: %s\n", path, text);
}

static void progress(struct cat *c, const struct export *e, const char *path)
{
    int64_t now = os_monotonic_ms();
    if (!c->show_progress || now < c->next_progress_ms)
        return;
    c->next_progress_ms = now + PROGRESS_MS;
    uint64_t at = c->step.pos.offset, size = e->input.size;
    fprintf(stderr, "\r\x1b[K%s: %" PRIu64 " of %" PRIu64 " MB, %" PRIu64 " records", path, at / 1000000,
            size / 1000000, c->written);
}

static void end_progress(const struct cat *c)
{
    if (c->show_progress)
        fputs("\r\x1b[K", stderr);
}

static void write_record(struct cat *c, const char *path)
{
    buf_reset(&c->message);
    enum encode_status status = shape_record(&c->shape, &c->event, path, c->ordinals, c->row)
                                    ? shape_encode(&c->shape, &c->message)
                                    : ENCODE_NO_MEMORY;
    if (status == ENCODE_NO_MEMORY) {
        complain(c, path ? path : "-", "out of memory; a record is left out");
        return;
    }
    if (status == ENCODE_TOO_LARGE) {
        complain(c, path ? path : "-", "a record is too large to be written; it is left out");
        return;
    }
    buf_putc(&c->message, '\n');
    if (fwrite(c->message.p, 1, c->message.n, stdout) != c->message.n)
        c->output_gone = true;
    if (c->shape.record.kind == RECORD_MAPI_LIMIT && c->shape.record.mapi.status != PARSE_COMPLETE)
        c->partial++;
    c->written++;
}

static void report_damage(struct cat *c, const char *name)
{
    end_progress(c);
    c->damaged++;
    c->damaged_bytes += c->step.length;
    fprintf(stderr, "mapitail: %s: damaged at byte %" PRIu64 ": %s; skipping %" PRIu64 " bytes\n", name,
            c->step.offset, c->step.reason, c->step.length);
}

/* Reads what the export holds now; false when nothing more can be read from it. */
static bool read_steps(struct cat *c, struct export *e, const char *path, const char *name)
{
    while (!c->output_gone) {
        e->ops->next(e->parser, &c->event, &c->step);
        switch (c->step.kind) {
        case STEP_EVENT:
            write_record(c, path);
            break;
        case STEP_SKIP:
            report_damage(c, name);
            break;
        case STEP_GAP:
        case STEP_PROGRESS:
            break;
        case STEP_MORE:
            return true;
        case STEP_FATAL:
            complain(c, name, e->read_fault.code ? e->read_fault.text : c->step.fault.text);
            return false;
        }
        progress(c, e, name);
    }
    return false;
}

static bool open_export(struct cat *c, struct export *e, const char *name)
{
    struct fault f = {0};
    struct position beginning = {0};
    switch (export_open(e, &beginning, &c->reading, &f)) {
    case EXPORT_READY:
        return true;
    case EXPORT_WAITING:
        return false;
    case EXPORT_UNKNOWN:
    case EXPORT_FAILED:
        complain(c, name, f.text);
        break;
    }
    return false;
}

static void count_export(struct cat *c, const struct export *e)
{
    struct parser_counts counts;
    e->ops->counts(e->parser, &counts);
    c->records += counts.records;
    c->counts_records &= counts.counts_records;
    c->bytes += e->input.size;
    c->files++;
}

static void cat_opened(struct cat *c, struct os_file *file, const char *path, const char *name)
{
    struct fault f = {0};
    struct export e;
    export_init(&e, file);
    e.input.complete = true;
    c->row++;
    if (!export_refresh(&e, &f))
        complain(c, name, f.text);
    else if (open_export(c, &e, name)) {
        read_steps(c, &e, path, name);
        count_export(c, &e);
    }
    export_close(&e);
    end_progress(c);
}

static void cat_file(struct cat *c, const char *path)
{
    struct fault f = {0};
    struct os_file *file = os_file_open(path, &f);
    if (file)
        cat_opened(c, file, path, path);
    else
        complain(c, path, f.text);
}

/* ---- standard input: kept in a file without a name, because some formats are read in any order ---- */

static void cat_stdin(struct cat *c)
{
    struct fault f = {0};
    struct os_file *spool = os_file_temporary(&f);
    struct export e;
    char *block = malloc(SPOOL_BYTES);
    if (!spool || !block) {
        complain(c, "-", spool ? "out of memory" : f.text);
        os_file_close(spool);
        free(block);
        return;
    }
    export_init(&e, spool);
    c->row++;
    bool readable = true;
    while (readable && !e.input.complete) {
        size_t got = fread(block, 1, SPOOL_BYTES, stdin);
        if (got && !os_file_write(spool, block, got, &f)) {
            complain(c, "-", f.text);
            break;
        }
        e.input.size += got;
        e.input.complete = got < SPOOL_BYTES;
        if (!e.parser && !open_export(c, &e, "-"))
            readable = !c->failed;
        else
            readable = read_steps(c, &e, NULL, "-");
    }
    if (e.parser)
        count_export(c, &e);
    export_close(&e);
    free(block);
    end_progress(c);
}

/* ---- globs ---- */

struct matches {
    char **paths;
    size_t count, room;
};

static bool keep_match(void *ctx, const char *path)
{
    struct matches *m = ctx;
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 16;
        char **paths = realloc(m->paths, room * sizeof *paths);
        if (!paths)
            return false;
        m->paths = paths;
        m->room = room;
    }
    m->paths[m->count] = strdup(path);
    return m->paths[m->count] && ++m->count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void cat_glob(struct cat *c, const char *pattern)
{
    struct matches m = {0};
    struct glob_visitor v = {.ctx = &m, .file = keep_match};
    glob_walk(pattern, &v);
    if (m.count == 0)
        complain(c, pattern, "no file matches");
    else
        qsort(m.paths, m.count, sizeof *m.paths, by_name);
    for (size_t i = 0; i < m.count; i++) {
        if (!c->output_gone)
            cat_file(c, m.paths[i]);
        free(m.paths[i]);
    }
    free(m.paths);
}

static bool exists(const char *path)
{
    struct os_file_info info;
    return os_path_info(path, &info, NULL);
}

static void cat_input(struct cat *c, const char *input)
{
    if (strcmp(input, "-") == 0)
        cat_stdin(c);
    else if (glob_is_pattern(input) && !exists(input))
        cat_glob(c, input);
    else
        cat_file(c, input);
}

static bool begin(struct cat *c, const struct cat_options *o)
{
    struct fault f;
    char set_aside[512];
    static char host[256], ephemeral[RECORD_ID_TEXT];
    os_host_name(host, sizeof host);
    identity_random_uuid(ephemeral);
    struct encode_context context = {
        .agent_ephemeral_id = sv_from(ephemeral),
        .agent_name = sv_from(host),
        .agent_version = sv_from(MAPITAIL_VERSION),
        .namespace_ = SV("default"),
        .facility = 1,
        .enterprise_number = SV("32473"),
    };
    selector_init_default(&c->selector);
    c->selector.all = o->all;
    c->reading = o->reading;
    c->reading.selector = &c->selector;
    c->counts_records = true;
    c->show_progress = os_stderr_is_terminal() && !os_stdout_is_terminal();
    c->next_progress_ms = os_monotonic_ms() + PROGRESS_MS;
    buf_init(&c->message, 2 * MESSAGE_BYTES_MAX);
    c->ordinals = state_open(NULL, set_aside, &f);
    return c->ordinals && shape_init(&c->shape, registry_encoder(o->format), &context);
}

static void summarize(const struct cat *c)
{
    fprintf(stderr, "mapitail: %" PRIu64 " file%s, %" PRIu64 " bytes", c->files, c->files == 1 ? "" : "s",
            c->bytes);
    if (c->counts_records && c->files)
        fprintf(stderr, ", %" PRIu64 " events", c->records);
    fprintf(stderr, ", %" PRIu64 " record%s written", c->written, c->written == 1 ? "" : "s");
    if (c->partial)
        fprintf(stderr, ", %" PRIu64 " of them not completely readable", c->partial);
    if (c->damaged)
        fprintf(stderr, ", %" PRIu64 " damaged part%s (%" PRIu64 " bytes) skipped", c->damaged,
                c->damaged == 1 ? "" : "s", c->damaged_bytes);
    fputc('\n', stderr);
}

int cat_run(const struct cat_options *o)
{
    struct cat *c = calloc(1, sizeof *c);
    int code = 1;
    os_binary_streams();
    setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
    if (c && begin(c, o)) {
        for (size_t i = 0; i < o->count && !c->output_gone; i++)
            cat_input(c, o->inputs[i]);
        if (fflush(stdout) != 0)
            c->output_gone = true;
        if (c->output_gone && errno != EPIPE)
            complain(c, "standard output", strerror(errno));
        summarize(c);
        code = c->failed || c->damaged || c->output_gone ? 1 : 0;
    } else {
        fputs("mapitail: out of memory\n", stderr);
    }
    if (c) {
        shape_free(&c->shape);
        state_close(c->ordinals);
        buf_free(&c->message);
    }
    free(c);
    return code;
}
