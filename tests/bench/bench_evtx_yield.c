/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of damaged logs, by the kind of damage: records before the damage, those that lie in the files
 * byte for byte, and those that are given.
 *
 *     bench_evtx_yield FILE.evtx … [-n MUTANTS of each file]
 */
#include "../support/evtx_mutants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct evtx_seed seed;
static struct evtx_mutant mutant;

static void add(struct evtx_yield *to, const struct evtx_yield *y)
{
    to->files += y->files;
    to->records += y->records;
    to->intact += y->intact;
    to->given += y->given;
    to->intact_lost += y->intact_lost;
}

static void print(const char *name, const struct evtx_yield *y)
{
    if (y->records)
        printf("%-28s %7llu files %8llu records %8llu intact %8llu given (%.2f %%) %6llu intact ones lost\n",
               name, (unsigned long long)y->files, (unsigned long long)y->records,
               (unsigned long long)y->intact, (unsigned long long)y->given,
               100 * (double)y->given / (double)y->records, (unsigned long long)y->intact_lost);
}

static void add_file(struct evtx_yield by_damage[DAMAGE_KINDS], const char *path, uint64_t first, uint64_t n)
{
    if (!evtx_seed_read(&seed, path)) {
        fprintf(stderr, "%s cannot be read, or has no whole chunk\n", path);
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        evtx_mutant_make(&mutant, &seed, first + i);
        evtx_yield_add(&by_damage[mutant.damage], &seed, &mutant);
    }
}

int main(int argc, char **argv)
{
    static const char *usual[] = {"synthetic/ex9646_native_2008r2", "omerbenamram+evtx/samples/system",
                                  "synthetic/hard_chunks"};
    struct evtx_yield by_damage[DAMAGE_KINDS] = {{0}}, all = {0};
    uint64_t n = 500, files = 0;
    char path[1024];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            n = strtoull(argv[++i], NULL, 10);
        else
            add_file(by_damage, argv[i], n * files++, n);
    }
    for (size_t i = 0; files == 0 && i < 3; i++) {
        snprintf(path, sizeof path, SOURCE_ROOT "/../shared/corpus/%s.evtx", usual[i]);
        add_file(by_damage, path, n * i, n);
    }
    for (int d = 0; d < DAMAGE_KINDS; d++) {
        print(evtx_damage_names[d], &by_damage[d]);
        add(&all, &by_damage[d]);
    }
    print("all", &all);
    return 0;
}
