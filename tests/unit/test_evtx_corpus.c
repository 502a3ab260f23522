/* SPDX-License-Identifier: Apache-2.0 */
/* Published logs, whose records an independent walk has counted; and what libevtx makes of ours. */
#include "../support/evtx_reading.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct reading first, second;

TestSuite(evtx_corpus, .init = reading_setup);

static struct sv load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return SV_ABSENT;
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(n + 1);
    cr_assert(p && fread(p, 1, n, f) == n);
    fclose(f);
    return sv_make(p, n);
}

/* Field `index` of a tab-separated line. */
static struct sv field(struct sv line, size_t index)
{
    for (;; index--) {
        size_t tab = sv_find_char(line, '\t');
        if (index == 0 || tab == SV_NPOS)
            return index ? SV("") : sv_slice(line, 0, tab == SV_NPOS ? line.n : tab);
        line = sv_slice(line, tab + 1, line.n);
    }
}

static uint64_t number(struct sv text)
{
    uint64_t n = 0;
    return sv_to_u64(text, &n) ? n : 0;
}

static void check_truth(struct sv line)
{
    enum { FILE_NAME = 0, RECORDS = 2, FORWARDED = 10, MAPI = 11, DAMAGE = 12 };
    char path[1024];
    struct sv name = field(line, FILE_NAME);
    if (!sv_ends(name, SV(".evtx")))
        return;
    snprintf(path, sizeof path, SOURCE_ROOT "/../shared/corpus/%.*s", SV_ARG(name));
    struct sv file = load(path);
    cr_assert(!sv_absent(file), "%s", path);
    uint64_t records = number(field(line, RECORDS)), named = number(field(line, MAPI));
    reading_from(file, &reading_mapi, &reading_beginning, &first);
    reading_all(file, &second);
    if (sv_empty(field(line, DAMAGE))) {
        cr_assert_eq(first.records, records, "%s: %lu", path, (unsigned long)first.records);
        cr_assert_eq(first.named, named, "%s: %zu", path, first.named);
        cr_assert_eq(second.events, records, "%s: %zu", path, second.events);
        cr_assert_eq(second.named, named, "%s: %zu", path, second.named);
        cr_assert_eq(second.cut + second.salvaged, 0, "%s", path);
    } else {
        cr_assert_geq(first.records, records, "%s", path);
        cr_assert_geq(first.named, named, "%s", path);
        cr_assert_geq(second.events, records, "%s: %zu", path, second.events);
    }
    log_release(file);
}

Test(evtx_corpus, published_logs_have_the_records_that_were_counted_in_them, .timeout = 120)
{
    struct sv truth = load(SOURCE_ROOT "/../shared/corpus/TRUTH.tsv");
    if (sv_absent(truth))
        cr_skip("the corpus is not here");
    struct sv rest = truth;
    while (rest.n) {
        size_t end = sv_find_char(rest, '\n');
        check_truth(sv_slice(rest, 0, end == SV_NPOS ? rest.n : end));
        rest = end == SV_NPOS ? SV("") : sv_slice(rest, end + 1, rest.n);
    }
    log_release(truth);
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
