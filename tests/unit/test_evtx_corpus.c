/* SPDX-License-Identifier: Apache-2.0 */
/* Published logs, whose records an independent walk has counted; and what libevtx makes of ours. */
#include "../support/corpus_truth.h"
#include "../support/evtx_reading.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct reading first, second;

TestSuite(evtx_corpus, .init = reading_setup);

static void check_truth(const struct corpus_log *log)
{
    uint64_t records = corpus_number(log, CORPUS_RECORDS), named = corpus_number(log, CORPUS_MAPI);
    reading_from(log->file, &reading_mapi, &reading_beginning, &first);
    reading_all(log->file, &second);
    if (sv_empty(corpus_text(log, CORPUS_DAMAGE))) {
        cr_assert_eq(first.records, records, "%s: %lu", log->path, (unsigned long)first.records);
        cr_assert_eq(first.named, named, "%s: %zu", log->path, first.named);
        cr_assert_eq(second.events, records, "%s: %zu", log->path, second.events);
        cr_assert_eq(second.named, named, "%s: %zu", log->path, second.named);
        cr_assert_eq(second.cut + second.salvaged, 0, "%s", log->path);
    } else {
        cr_assert_geq(first.records, records, "%s", log->path);
        cr_assert_geq(first.named, named, "%s", log->path);
        cr_assert_geq(second.events, records, "%s: %zu", log->path, second.events);
    }
}

Test(evtx_corpus, published_logs_have_the_records_that_were_counted_in_them, .timeout = 120)
{
    cr_assert_gt(corpus_each(SV(".evtx"), check_truth), 0);
}

/* Of the tests' own writer, which is the same everywhere. */
Test(evtx_corpus, what_the_writer_writes_is_read_by_libevtx, .disabled = ON_WINDOWS)
{
    if (system("evtxexport -V >/dev/null 2>&1") != 0)
        cr_skip("evtxexport is not installed");
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){.records_per_chunk = 20});
    for (unsigned i = 0; i < 50; i++) /* not the inline layout, which this libevtx does not know */
        evtx_writer_add_9646(w, i % 2 ? EVTX_WRITE_CLASSIC : EVTX_WRITE_MANIFEST, i);
    struct sv file = evtx_writer_image(w);
    char path[] = "/tmp/mapitail-test-XXXXXX", command[128], line[512];
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, file.p, file.n) == (ssize_t)file.n);
    snprintf(command, sizeof command, "evtxexport -f xml %s", path);
    FILE *f = popen(command, "r");
    size_t events = 0, users = 0;
    while (fgets(line, sizeof line, f)) {
        events += strstr(line, "<Event ") != NULL;
        users += strstr(line, "cn=Recipients/cn=user") != NULL;
    }
    cr_assert_eq(pclose(f), 0);
    cr_assert_eq(events, 50);
    cr_assert_eq(users, 50);
    close(fd);
    unlink(path);
    evtx_writer_free(w);
}
