/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of damaged logs is read: 1,500 files with one kind of damage each, and the same of a log written
 * here. The floor is the number of records that lie in such files byte for byte (150,043 of 161,500 in the
 * study that defined them): what damage has not touched is read, and most of what it has.
 */
#include "../support/evtx_mutants.h"
#include "../support/evtx_writer.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MUTANTS = 500, FLOOR_OF_STUDY = 150043, RECORDS_OF_STUDY = 161500 };

static struct evtx_seed seed;
static struct evtx_mutant mutant;

static void add_mutants(struct evtx_yield *y, uint64_t first)
{
    for (uint64_t i = 0; i < MUTANTS; i++) {
        evtx_mutant_make(&mutant, &seed, first + i);
        evtx_yield_add(y, &seed, &mutant);
    }
}

static void expect_good(const struct evtx_yield *y)
{
    cr_log_info("%llu records, %llu intact, %llu given, %llu intact ones not", (unsigned long long)y->records,
                (unsigned long long)y->intact, (unsigned long long)y->given,
                (unsigned long long)y->intact_lost);
    cr_assert_eq(y->endless, 0);
    cr_assert_geq(y->given, y->intact);
    /* By accident a record may look whole that reaches into the next one: its own end is lost, and where its
     * size should be repeated stands the next one's, which is the same. */
    cr_assert_leq(y->intact_lost * 10000, y->intact);
    /* Ids are among what is damaged. */
    cr_assert_leq((y->foreign + y->repeated) * 500, y->given);
}

Test(evtx_yield, what_lies_undamaged_in_a_damaged_log_is_read, .timeout = 120)
{
    static const char *strings[] = {"NT AUTHORITY\\SYSTEM", "The operation completed.", "0x0"};
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    struct evtx_yield y = {0};
    for (unsigned i = 0; evtx_writer_image(w).n <= EVTX_SEED_BYTES; i++) {
        evtx_writer_add_9646(w, (enum evtx_writer_layout)(i % 3), i);
        evtx_writer_add(w, &(struct evtx_writer_event){.layout = (enum evtx_writer_layout)(i % 2),
                                                       .event_id = 7,
                                                       .strings = strings,
                                                       .string_count = 3});
    }
    cr_assert(evtx_seed_take(&seed, evtx_writer_image(w).p, evtx_writer_image(w).n));
    cr_assert_geq(seed.count, 50);
    evtx_writer_free(w);
    add_mutants(&y, 0);
    expect_good(&y);
}

Test(evtx_yield, the_damaged_files_of_the_study_give_more_than_their_undamaged_records, .timeout = 120)
{
    static const char *seeds[] = {"synthetic/ex9646_native_2008r2", "omerbenamram+evtx/samples/system",
                                  "synthetic/hard_chunks"};
    struct evtx_yield y = {0};
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        snprintf(path, sizeof path, SOURCE_ROOT "/../shared/corpus/%s.evtx", seeds[i]);
        if (!evtx_seed_read(&seed, path))
            cr_skip("the corpus is not here");
        add_mutants(&y, i * MUTANTS);
    }
    expect_good(&y);
    cr_assert_eq(y.records, RECORDS_OF_STUDY);
    cr_assert_geq(y.given, FLOOR_OF_STUDY);
}

Test(evtx_yield, of_a_damaged_log_too_the_text_alone_is_the_text_of_the_events, .timeout = 120)
{
    static const struct selector everything = {.all = true};
    struct evtx_writer *w = evtx_writer_new(&(struct evtx_writer_options){0});
    for (unsigned i = 0; evtx_writer_image(w).n <= EVTX_SEED_BYTES; i++)
        evtx_writer_add_9646(w, (enum evtx_writer_layout)(i % 3), i);
    cr_assert(evtx_seed_take(&seed, evtx_writer_image(w).p, evtx_writer_image(w).n));
    evtx_writer_free(w);
    for (uint64_t i = 0; i < 200; i++) {
        struct parser_options options = {.selector = &everything, .carve = i % 2};
        evtx_mutant_make(&mutant, &seed, i);
        uint64_t whole = evtx_mutant_hash(&mutant, &options);
        options.original_only = true;
        cr_assert_eq(evtx_mutant_hash(&mutant, &options), whole, "mutant %llu", (unsigned long long)i);
    }
}
