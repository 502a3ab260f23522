/* SPDX-License-Identifier: Apache-2.0 */
/* The table of published logs. */
#include "corpus_truth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define CORPUS SOURCE_ROOT "/../shared/corpus/"

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

static void release(struct sv loaded)
{
    free((char *)(uintptr_t)loaded.p);
}

static struct sv field(struct sv line, size_t index)
{
    for (;; index--) {
        size_t tab = sv_find_char(line, '\t');
        if (index == 0 || tab == SV_NPOS)
            return index ? SV("") : sv_slice(line, 0, tab);
        line = sv_slice(line, tab + 1, line.n);
    }
}

struct sv corpus_text(const struct corpus_log *log, enum corpus_column column)
{
    return field(log->line, column);
}

uint64_t corpus_number(const struct corpus_log *log, enum corpus_column column)
{
    uint64_t n = 0;
    return sv_to_u64(corpus_text(log, column), &n) ? n : 0;
}

size_t corpus_each(struct sv ending, void (*check)(const struct corpus_log *log))
{
    struct sv truth = load(CORPUS "TRUTH.tsv");
    size_t logs = 0;
    if (sv_absent(truth))
        cr_skip("the corpus is not here");
    for (struct sv rest = truth; rest.n;) {
        char path[1024];
        size_t end = sv_find_char(rest, '\n');
        struct corpus_log log = {.path = path, .line = sv_slice(rest, 0, end)};
        rest = end == SV_NPOS ? SV_ABSENT : sv_slice(rest, end + 1, rest.n);
        struct sv name = field(log.line, 0);
        if (!sv_ends(name, ending))
            continue;
        snprintf(path, sizeof path, CORPUS "%.*s", SV_ARG(name));
        log.file = load(path);
        cr_assert(!sv_absent(log.file), "%s", path);
        check(&log);
        release(log.file);
        logs++;
    }
    release(truth);
    return logs;
}
