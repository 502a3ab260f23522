/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target without a fuzzer, the same every time: on every input that is kept, and on some hundred
 * mutants of each. Built with the sanitizers it is a short round of fuzzing in every run of the tests.
 *
 *     replay NAME MUTANTS FOLDER…     a folder that is not there has no inputs
 */
#include "sv.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20, PATH_MAX_BYTES = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_MAX], mutant[INPUT_MAX];
static uint32_t random_state;

static uint32_t chance(size_t n)
{
    random_state = random_state * 1664525 + 1013904223;
    return n ? (uint32_t)((uint64_t)(random_state >> 8) * n >> 24) : 0;
}

/* Bits turned, words that lengths and offsets fear, bytes lost and bytes doubled. */
static size_t mutate(size_t n)
{
    static const uint32_t words[] = {0, 1, 512, 65535, 65536, 0x7fffffff, 0xffffffff, 0x2a2a};
    size_t at = chance(n), part = 1 + chance(n - at < 64 ? n - at : 64);
    switch (chance(5)) {
    case 0:
        memcpy(mutant + (n < 4 ? 0 : chance(n - 3)), &words[chance(8)], n < 4 ? n : 4);
        return n;
    case 1:
        memmove(mutant + at, mutant + at + part, n - at - part);
        return n - part;
    case 2:
        if (n + part > INPUT_MAX)
            return n;
        memmove(mutant + at + part, mutant + at, n - at);
        return n + part;
    default:
        mutant[at] ^= (uint8_t)(1u << chance(8));
        return n;
    }
}

static void run_mutants(size_t n, unsigned mutants)
{
    for (unsigned i = 0; i < mutants && n; i++) {
        size_t size = n;
        memcpy(mutant, input, n);
        for (uint32_t times = 1 + chance(4); times && size; times--)
            size = mutate(size);
        LLVMFuzzerTestOneInput(mutant, size);
    }
}

static bool run_file(const char *path, unsigned mutants)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    size_t n = fread(input, 1, sizeof input, f);
    fclose(f);
    printf("# %s\n", path); /* the last one before a crash is the one that did it */
    fflush(stdout);
    random_state = (uint32_t)n;
    LLVMFuzzerTestOneInput(input, n);
    run_mutants(n, mutants);
    return true;
}

static unsigned run_folder(const char *folder, unsigned mutants)
{
    struct dirent **entries;
    char path[PATH_MAX_BYTES];
    unsigned inputs = 0;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        bool fits = length > 0 && (size_t)length < sizeof path;
        inputs += entries[i]->d_name[0] != '.' && fits && run_file(path, mutants);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return inputs;
}

int main(int argc, char **argv)
{
    unsigned inputs = 0;
    if (argc < 4) {
        fprintf(stderr, "replay NAME MUTANTS FOLDER...\n");
        return 2;
    }
    unsigned mutants = (unsigned)atoi(argv[2]);
    for (int i = 3; i < argc; i++)
        inputs += run_folder(argv[i], mutants);
    /* Without inputs nothing was shown. */
    printf("1..1\n%s 1 - fuzz target %s holds on %u inputs with %u mutants each\n", inputs ? "ok" : "not ok",
           argv[1], inputs, mutants);
    return inputs == 0;
}
