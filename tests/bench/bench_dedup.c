/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What de-duplication costs a record when very many ids are known.
 *
 *     bench_dedup [known ids] [directory]
 *
 * Fills a state with ids as a pipeline does, starts anew on it and asks: for new ids, for known ids in the
 * order of an export that is read again, and for known ids in no order. The last round delivers as many
 * again, with the count at its limit, so that as many are forgotten as are written.
 */
#include "dedup.h"
#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PER_SAVE = 500 };

static struct state *state;
static struct dedup *dedup;
static char directory[256];
static unsigned known;

static void fail(const char *what, const struct fault *f)
{
    fprintf(stderr, "bench_dedup: %s: %s\n", what, f->text);
    exit(1);
}

static void open_all(void)
{
    char aside[512];
    struct fault f;
    struct dedup_limits limits = {.age_ms = 3600000, .count = known};
    state = state_open(directory, aside, &f);
    if (!state)
        fail("state", &f);
    dedup = dedup_new(state, "bench", &limits, &f);
    if (!dedup)
        fail("ids", &f);
    dedup_tick(dedup, os_realtime_ns() / 1000000);
}

static void close_all(void)
{
    dedup_free(dedup);
    state_close(state);
}

static void id_of(unsigned number, char id[37])
{
    uint64_t x = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    x ^= x >> 29;
    snprintf(id, 37, "%08x-%04x-5feb-9593-bc70%08x", (unsigned)(x >> 32), (unsigned)(x & 0xffff), number);
}

static void save(void)
{
    struct fault f;
    if (!state_begin(state, &f) || !dedup_save(dedup, &f) || !state_commit(state, &f))
        fail("save", &f);
    dedup_saved(dedup, true);
}

static void deliver(unsigned first, unsigned count)
{
    char id[37];
    for (unsigned i = first; i < first + count; i++) {
        id_of(i, id);
        if (dedup_ask(dedup, id) == DEDUP_NEW) {
            dedup_begin(dedup, id);
            dedup_settle(dedup, id);
        }
        if (i % PER_SAVE == PER_SAVE - 1)
            save();
    }
    save();
}

static double ns_each(int64_t start_ns, unsigned count)
{
    return (double)(os_realtime_ns() - start_ns) / count;
}

/* step 1: in order; another one, coprime to known: all over the place. */
static void ask(const char *what, unsigned first, unsigned step, enum dedup_answer expected)
{
    enum { AT_ONCE = 1000 };
    static char ids[AT_ONCE][37];
    unsigned wrong = 0, at = 0;
    double ns = 0;
    for (unsigned done = 0; done < known; done += AT_ONCE) {
        for (unsigned i = 0; i < AT_ONCE; i++, at = (at + step) % known)
            id_of(first + at, ids[i]);
        int64_t start = os_realtime_ns();
        for (unsigned i = 0; i < AT_ONCE; i++)
            wrong += dedup_ask(dedup, ids[i]) != expected;
        ns += (double)(os_realtime_ns() - start);
    }
    printf("%-36s %8.0f ns each%s\n", what, ns / known, wrong ? ", WRONG" : "");
}

static void print_memory(void)
{
    char line[128];
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0 || strncmp(line, "VmRSS:", 6) == 0)
            fputs(line, stdout);
    if (f)
        fclose(f);
}

int main(int argc, char **argv)
{
    known = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) / 1000 * 1000 : 1000000;
    snprintf(directory, sizeof directory, "%s/mapitail-bench-XXXXXX", argc > 2 ? argv[2] : "/tmp");
    if (!mkdtemp(directory))
        return 1;
    open_all();
    int64_t start = os_realtime_ns();
    deliver(0, known);
    printf("%-36s %8.0f ns each\n", "delivered and saved, 500 a save", ns_each(start, known));
    close_all();
    start = os_realtime_ns();
    open_all();
    printf("%-36s %8.1f ms, %llu ids\n", "start", ns_each(start, 1) / 1e6,
           (unsigned long long)dedup_count(dedup));
    ask("new", known, 1, DEDUP_NEW);
    ask("known, in the order of an export", 0, 1, DEDUP_SETTLED);
    ask("known, in no order", 0, 7919, DEDUP_SETTLED);
    start = os_realtime_ns();
    deliver(known, known);
    printf("%-36s %8.0f ns each\n", "delivered, as many forgotten", ns_each(start, known));
    close_all();
    print_memory();
    char command[600];
    snprintf(command, sizeof command, "ls -l '%s' && rm -rf '%s'", directory, directory);
    fflush(stdout);
    return system(command) != 0;
}
