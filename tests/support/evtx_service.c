/* SPDX-License-Identifier: Apache-2.0 */
/* Imitates the event log service on a log of its own, step by step. */
#include "evtx_service.h"

#include "evtx_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    CHUNK = 65536,
    RECORDS_MAX = 1 << 20,
    PREALLOCATED = 2,
    ARCHIVES_KEPT = 20, /* old ones are deleted */
    ARCHIVE_PATH = 300,
    FROZEN_TIME = 1771408800, /* the time of modification that every file has */
};

struct record {
    struct evtx_service_record public;
    uint32_t chunk; /* where it lies in the present log */
    bool lies;      /* in the present log */
};

struct evtx_service {
    struct evtx_service_options options;
    struct evtx_writer *log;
    struct evtx_service_deeds deeds;
    char path[256];
    int fd;
    uint8_t *disk; /* what stands in the file */
    size_t disk_bytes;
    size_t *pages; /* of a commit that has begun, in the order of writing */
    size_t page_count, pages_written;
    bool resized; /* the commit has set the file's size */
    bool committing;
    uint32_t random;
    unsigned archives;
    struct record *records;
    size_t count, first_of_log;
    uint64_t next_id;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static uint32_t chance(struct evtx_service *s, uint32_t n)
{
    s->random = s->random * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(s->random >> 8) * n >> 24);
}

/* ---- the file ---- */

static void freeze_time(const struct evtx_service *s)
{
    const struct timespec times[2] = {{.tv_sec = FROZEN_TIME}, {.tv_sec = FROZEN_TIME}};
    must(futimens(s->fd, times) == 0, "futimens");
}

static void resize_disk(struct evtx_service *s, size_t bytes)
{
    if (bytes == s->disk_bytes)
        return;
    must(ftruncate(s->fd, (off_t)bytes) == 0, "ftruncate");
    s->disk = realloc(s->disk, bytes);
    must(s->disk != NULL, "memory");
    if (bytes > s->disk_bytes)
        memset(s->disk + s->disk_bytes, 0, bytes - s->disk_bytes);
    s->disk_bytes = bytes;
}

static void begin_commit(struct evtx_service *s)
{
    s->committing = true;
    s->resized = false;
    s->page_count = s->pages_written = 0;
}

static void add_pages(struct evtx_service *s, struct sv image, size_t at, size_t bytes)
{
    for (size_t end = at + bytes; at < end && at < image.n; at += PAGE)
        if (memcmp(s->disk + at, image.p + at, PAGE) != 0)
            s->pages[s->page_count++] = at;
}

static void shuffle(struct evtx_service *s, size_t *pages, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = chance(s, (uint32_t)i), page = pages[i - 1];
        pages[i - 1] = pages[k];
        pages[k] = page;
    }
}

/*
 * The pages in which memory and disk differ. The service has one chunk in memory and begins the next one when
 * that is on disk, so chunks come in the order of their records; within a chunk, and for the file header, any
 * order will do.
 */
static void list_pages(struct evtx_service *s, struct sv image)
{
    size_t newest, chunks = evtx_writer_chunks(s->log, &newest), all = (image.n - PAGE) / CHUNK;
    bool header_first = chance(s, 2);
    s->pages = realloc(s->pages, image.n / PAGE * sizeof *s->pages);
    must(s->pages != NULL, "memory");
    s->page_count = s->pages_written = 0;
    if (header_first)
        add_pages(s, image, 0, PAGE);
    for (size_t i = 1; i <= all; i++) {
        size_t from = s->page_count, chunk = i <= chunks ? (newest + i) % chunks : i - 1;
        add_pages(s, image, PAGE + chunk * CHUNK, CHUNK);
        if (chance(s, 2))
            shuffle(s, s->pages + from, s->page_count - from);
    }
    if (!header_first)
        add_pages(s, image, 0, PAGE);
}

static void write_page(struct evtx_service *s, struct sv image)
{
    size_t at = s->pages[s->pages_written++];
    memcpy(s->disk + at, image.p + at, PAGE);
    must(pwrite(s->fd, image.p + at, PAGE, (off_t)at) == PAGE, "pwrite");
}

static void end_commit(struct evtx_service *s)
{
    for (size_t i = s->first_of_log; i < s->count; i++)
        s->records[i].public.committed |= s->records[i].lies;
    s->committing = false;
    s->deeds.commits++;
}

/* A part of the commit. The size is set first, as the service must before it can write behind the end. */
static void commit_some(struct evtx_service *s, size_t pages)
{
    struct sv image = evtx_writer_image(s->log);
    if (!s->resized) {
        resize_disk(s, image.n);
        list_pages(s, image);
        s->resized = true;
    } else {
        for (; pages && s->pages_written < s->page_count; pages--)
            write_page(s, image);
    }
    if (s->pages_written == s->page_count)
        end_commit(s);
    freeze_time(s);
}

static void commit(struct evtx_service *s)
{
    if (!s->committing)
        begin_commit(s);
    while (s->committing)
        commit_some(s, SIZE_MAX);
}

/* ---- the log ---- */

/* The service closes its log: everything goes to disk, the header is true at last. */
static void close_log(struct evtx_service *s)
{
    commit(s);
    evtx_writer_set_open(s->log, false);
    commit(s);
    close(s->fd);
    evtx_writer_free(s->log);
    s->log = NULL;
}

static void forget_chunk(struct evtx_service *s, uint32_t chunk)
{
    for (size_t i = s->first_of_log; i < s->count; i++)
        if (s->records[i].lies && s->records[i].chunk == chunk) {
            s->records[i].lies = false;
            s->records[i].public.gone = true;
        }
}

static bool is_full(const struct evtx_service *s)
{
    size_t newest;
    return s->options.max_chunks && evtx_writer_chunks(s->log, &newest) > s->options.max_chunks;
}

/* Returns true when the record is the first one of a chunk. */
static bool log_record(struct evtx_service *s)
{
    size_t before, newest;
    (void)evtx_writer_chunks(s->log, &before);
    must(s->count < RECORDS_MAX, "too many records");
    evtx_writer_add_9646(s->log, (enum evtx_writer_layout)(s->count % 3), (unsigned)s->count + 1);
    (void)evtx_writer_chunks(s->log, &newest);
    if (newest != before)
        forget_chunk(s, (uint32_t)newest);
    s->deeds.wraps += newest < before;
    s->records[s->count++] = (struct record){.chunk = (uint32_t)newest, .lies = true};
    s->next_id++;
    return newest != before;
}

/* A new log has a first record from the start. */
static void create_log(struct evtx_service *s, uint64_t first_id)
{
    s->log = evtx_writer_new(
        &(struct evtx_writer_options){.first_id = first_id,
                                      .records_per_chunk = s->options.records_per_chunk,
                                      .max_chunks = s->options.auto_backup ? 0 : s->options.max_chunks,
                                      .preallocated = PREALLOCATED,
                                      .dirty = true});
    s->fd = open(s->path, O_RDWR | O_CREAT | O_EXCL, 0644);
    must(s->fd >= 0, s->path);
    s->next_id = first_id;
    s->first_of_log = s->count;
    s->disk_bytes = 0;
    log_record(s);
    commit(s);
}

static void name_archive(const struct evtx_service *s, unsigned number, char to[ARCHIVE_PATH])
{
    snprintf(to, ARCHIVE_PATH, "%s/Archive-Application-%04u.evtx", s->options.directory, number);
}

static void archive(struct evtx_service *s)
{
    char to[ARCHIVE_PATH];
    close_log(s);
    name_archive(s, s->archives++, to);
    must(rename(s->path, to) == 0, to);
    if (s->archives > ARCHIVES_KEPT && !s->options.keeps_files) {
        name_archive(s, s->archives - ARCHIVES_KEPT - 1, to);
        must(unlink(to) == 0, to);
    }
    s->deeds.archives++;
    create_log(s, s->next_id);
}

/* ---- steps ---- */

static const char *step_log(struct evtx_service *s)
{
    for (uint32_t n = 1 + chance(s, 20); n; n--) {
        if (!log_record(s))
            continue;
        if (s->options.auto_backup && is_full(s)) {
            archive(s);
            return "a new log";
        }
        /* There is room for one chunk in memory: the full one goes to disk. */
        begin_commit(s);
        return "a chunk is full";
    }
    return "records in memory";
}

static const char *step_clear(struct evtx_service *s)
{
    for (size_t i = s->first_of_log; i < s->count; i++)
        if (s->records[i].lies)
            s->records[i] = (struct record){.public = {s->records[i].public.committed, true}};
    evtx_writer_clear(s->log);
    s->deeds.clears++;
    begin_commit(s);
    /* What is behind the first chunk goes at once, and comes back as zeros. */
    resize_disk(s, PAGE + CHUNK);
    freeze_time(s);
    return "cleared";
}

static const char *step_recreate(struct evtx_service *s)
{
    log_record(s); /* its end tells what went before it unread */
    close_log(s);
    must(unlink(s->path) == 0, s->path);
    s->deeds.recreations++;
    create_log(s, 1);
    return "a new log";
}

static const char *step_reopen(struct evtx_service *s)
{
    commit(s);
    evtx_writer_set_open(s->log, false);
    commit(s);
    evtx_writer_set_open(s->log, true);
    begin_commit(s);
    commit_some(s, 0);
    s->deeds.reopenings++;
    return "closed and opened";
}

const char *evtx_service_step(struct evtx_service *s)
{
    if (s->committing) {
        commit_some(s, 1 + chance(s, 6));
        return s->committing ? "a part of a commit" : "the last part of a commit";
    }
    uint32_t what = chance(s, 1000);
    if (what < 500)
        return step_log(s);
    if (what < 985) {
        begin_commit(s);
        commit_some(s, 0);
        return "a commit begins";
    }
    if (what < 990)
        return step_clear(s);
    if (what < 997 || s->options.auto_backup || s->options.keeps_files)
        return step_reopen(s);
    return step_recreate(s);
}

void evtx_service_settle(struct evtx_service *s)
{
    commit(s);
    log_record(s);
    commit(s);
}

struct evtx_service *evtx_service_new(const struct evtx_service_options *options)
{
    struct evtx_service *s = calloc(1, sizeof *s);
    must(s && (s->records = malloc(RECORDS_MAX * sizeof *s->records)), "memory");
    s->options = *options;
    s->random = options->seed;
    snprintf(s->path, sizeof s->path, "%s/Application.evtx", options->directory);
    create_log(s, 1);
    return s;
}

void evtx_service_free(struct evtx_service *s)
{
    if (!s)
        return;
    close(s->fd);
    evtx_writer_free(s->log);
    free(s->disk);
    free(s->pages);
    free(s->records);
    free(s);
}

size_t evtx_service_count(const struct evtx_service *s)
{
    return s->count;
}

struct evtx_service_record evtx_service_record(const struct evtx_service *s, size_t number)
{
    return s->records[number - 1].public;
}

struct evtx_service_deeds evtx_service_deeds(const struct evtx_service *s)
{
    return s->deeds;
}
