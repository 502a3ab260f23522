/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail cat`: the records of exports to standard output. */
#include "cat.h"

#include "cat_jobs.h"
#include "os_process.h"
#include "os_thread.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { OUTPUT_BUFFER = 64 << 10 };

static bool always(struct cat_sink *sink)
{
    (void)sink;
    return true;
}

/* One file after the other, without threads. */
static bool read_alone(const struct cat_options *o, const struct encode_context *context,
                       const struct cat_list *list, struct cat_counts *counts, int *error)
{
    struct cat_sink sink;
    struct cat_reader *r = cat_reader_new(o, context);
    if (!r)
        return false;
    cat_sink_init(&sink);
    sink.flush = cat_sink_write;
    sink.has_turn = always;
    for (size_t i = 0; i < list->count && !sink.error; i++) {
        if (list->entries[i].is_empty)
            cat_read_nothing(r, list->entries[i].path, &sink);
        else
            cat_read(r, list->entries[i].path, &sink);
    }
    *error = sink.error ? sink.error : cat_sink_write(&sink);
    cat_counts_add(counts, cat_reader_counts(r));
    cat_sink_free(&sink);
    cat_reader_free(r);
    return true;
}

static bool read_list(const struct cat_options *o, const struct cat_list *list, struct cat_counts *counts,
                      int *error)
{
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
    unsigned jobs = o->jobs ? o->jobs : os_processor_count();
    if (jobs > CAT_JOBS_MAX)
        jobs = CAT_JOBS_MAX;
    if (jobs > list->count)
        jobs = (unsigned)list->count;
    return (jobs > 1 && cat_jobs_run(o, &context, list, jobs, counts, error)) ||
           read_alone(o, &context, list, counts, error);
}

static void summarize(const struct cat_counts *c)
{
    fprintf(stderr, "mapitail: %" PRIu64 " file%s, %" PRIu64 " bytes", c->files, c->files == 1 ? "" : "s",
            c->bytes);
    if (!c->has_uncounted && c->files)
        fprintf(stderr, ", %" PRIu64 " events", c->records);
    fprintf(stderr, ", %" PRIu64 " record%s written", c->written, c->written == 1 ? "" : "s");
    if (c->partial)
        fprintf(stderr, ", %" PRIu64 " of them not completely readable", c->partial);
    if (c->untrusted)
        fprintf(stderr, ", %" PRIu64 " from damaged parts", c->untrusted);
    if (c->stale)
        fprintf(stderr, ", %" PRIu64 " stale", c->stale);
    if (c->damaged)
        fprintf(stderr, ", %" PRIu64 " damaged part%s (%" PRIu64 " bytes) skipped", c->damaged,
                c->damaged == 1 ? "" : "s", c->damaged_bytes);
    fputc('\n', stderr);
}

int cat_run(const struct cat_options *o)
{
    struct cat_counts counts = {0};
    struct cat_list list;
    int error = 0;
    os_binary_streams();
    setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
    bool ok = cat_list_make(&list, o->inputs, o->count) && read_list(o, &list, &counts, &error);
    cat_list_free(&list);
    if (!ok) {
        fputs("mapitail: out of memory\n", stderr);
        return 1;
    }
    if (fflush(stdout) != 0 && !error)
        error = errno;
    if (error && error != EPIPE)
        fprintf(stderr, "mapitail: standard output: %s\n", strerror(error));
    summarize(&counts);
    return counts.failed || counts.damaged || error ? 1 : 0;
}
