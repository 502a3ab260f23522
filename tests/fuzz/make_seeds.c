/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what fuzzers begin with, one folder per target:
 *
 *     make_seeds DIRECTORY
 *
 * Small logs of every layout, so that each way through the reader is known from the start. Deterministic.
 */
#include "evtx_forms.h"
#include "evtx_writer.h"
#include "fuzz_log.h"
#include "reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *directory;

static void die(const char *path)
{
    perror(path);
    exit(1);
}

static void write_seed(const char *target, const char *name, const void *head, size_t head_bytes,
                       struct sv rest)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, target);
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        die(path);
    snprintf(path, sizeof path, "%s/%s/%s", directory, target, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(head, 1, head_bytes, f) != head_bytes || fwrite(rest.p, 1, rest.n, f) != rest.n ||
        fclose(f) != 0)
        die(path);
}

/* Frees the writer. */
static void write_log(const char *name, struct evtx_writer *w, uint8_t mode)
{
    struct sv file = evtx_writer_image(w);
    size_t used = load_le32((const uint8_t *)file.p + FUZZ_LOG_HEADER + 48);
    struct sv chunk = sv_slice(file, FUZZ_LOG_HEADER, FUZZ_LOG_HEADER + used);
    struct sv records = sv_slice(chunk, FUZZ_CHUNK_HEADER, used);
    write_seed("evtx", name, "", 0, file);
    write_seed("evtx_chunk", name, "", 0, chunk);
    write_seed("evtx_lanes", name, &mode, 1, records);
    write_seed("binxml", name, &mode, 1, records);
    evtx_writer_free(w);
}

static const char *const strings[] = {"/o=A/ou=B/cn=Recipients/cn=c", "32", "session"};

static struct evtx_writer_event event_of(int layout, uint16_t id)
{
    return (struct evtx_writer_event){.layout = (enum evtx_writer_layout)layout,
                                      .provider = "MSExchangeIS",
                                      .computer = "EX",
                                      .event_id = id,
                                      .qualifiers = 49158,
                                      .strings = strings,
                                      .string_count = 3};
}

static void each_layout_alone(void)
{
    static const char *names[] = {"classic", "manifest", "inline"};
    for (int layout = EVTX_WRITE_CLASSIC; layout <= EVTX_WRITE_INLINE; layout++) {
        struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
        struct evtx_writer_event e = event_of(layout, 9646);
        e.message = layout == EVTX_WRITE_INLINE ? "a < b & c" : NULL;
        evtx_writer_add(w, &e);
        e = event_of(layout, 9646);
        e.provider = "ESE";
        evtx_writer_add(w, &e);
        e = event_of(layout, 1000);
        evtx_writer_add(w, &e);
        write_log(names[layout], w, FUZZ_FRAMES_REPAIRED);
    }
}

static void sources_and_binary(void)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    struct evtx_writer_event e = event_of(EVTX_WRITE_CLASSIC, 9646);
    e.provider = "Store";
    e.event_source = "MSExchangeIS";
    e.binary = "[DIAG_CTX]";
    e.binary_size = 10;
    evtx_writer_add(w, &e);
    evtx_writer_add(w, &e);
    e.string_count = 0;
    evtx_writer_add(w, &e);
    write_log("event-source", w, 0);
}

/* Every layout in turn, twice: the second record of each finds its template known. */
static void mixed(void)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (int i = 0; i < 6; i++) {
        struct evtx_writer_event e = event_of(i % 3, i < 3 ? 9646 : 9647);
        evtx_writer_add(w, &e);
    }
    write_log("mixed", w, FUZZ_FRAMES_REPAIRED);
}

static void without_head_or_sums(void)
{
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    struct evtx_writer_event e = event_of(EVTX_WRITE_MANIFEST, 9646);
    evtx_writer_add(w, &e);
    write_log("salvage", w, FUZZ_HEADER_SUM_WRONG | FUZZ_RECORDS_SUM_WRONG | FUZZ_MAGIC_GONE);
}

/* A few forms each, twice: inputs stay small. */
static void each_form(void)
{
    enum { TOGETHER = 4 };
    char name[32];
    for (size_t i = 0; i < evtx_form_count; i += TOGETHER) {
        struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
        for (size_t k = i; k < 2 * TOGETHER + i; k++) {
            size_t form = i + (k - i) % TOGETHER;
            if (form < evtx_form_count)
                evtx_writer_add_tokens(w, evtx_form_write, &evtx_forms[form]);
        }
        snprintf(name, sizeof name, "forms-%02zu", i);
        write_log(name, w, FUZZ_FRAMES_REPAIRED);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "make_seeds DIRECTORY\n");
        return 2;
    }
    directory = argv[1];
    if (mkdir(directory, 0755) != 0 && errno != EEXIST)
        die(directory);
    each_layout_alone();
    sources_and_binary();
    mixed();
    without_head_or_sums();
    each_form();
    return 0;
}
