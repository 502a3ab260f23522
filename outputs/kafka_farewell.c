/* SPDX-License-Identifier: Apache-2.0 */
/* Letting librdkafka go without waiting for it. */
#include "kafka_farewell.h"

#include "os_clock.h"

#include <stdatomic.h>
#include <stdlib.h>

struct kafka_farewell {
    struct kafka_library lib;
    rd_kafka_t *client;
    struct os_thread *caller;
    void (*last_words)(void *ctx);
    void *ctx;
    struct os_thread *thread;
    struct kafka_farewell *next; /* in left_behind */
    atomic_bool gone;
};

static _Atomic(struct kafka_farewell *) left_behind;

static void run(void *ctx)
{
    struct kafka_farewell *bye = ctx;
    if (bye->caller)
        os_thread_join(bye->caller);
    if (bye->last_words)
        bye->last_words(bye->ctx);
    bye->lib.destroy_flags(bye->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    atomic_store(&bye->gone, true);
}

struct kafka_farewell *kafka_farewell_begin(const struct kafka_library *lib, rd_kafka_t *client,
                                            struct os_thread *caller, void (*last_words)(void *ctx),
                                            void *ctx)
{
    struct kafka_farewell here, *bye = malloc(sizeof *bye);
    struct kafka_farewell begun = {
        .lib = *lib, .client = client, .caller = caller, .last_words = last_words, .ctx = ctx};
    if (bye) {
        *bye = begun;
        atomic_init(&bye->gone, false);
        bye->thread = os_thread_start(run, bye);
    }
    if (bye && bye->thread)
        return bye;
    free(bye);
    here = begun;
    run(&here);
    return NULL;
}

static bool has_ended(struct kafka_farewell *bye)
{
    if (!atomic_load(&bye->gone))
        return false;
    os_thread_join(bye->thread);
    free(bye);
    return true;
}

bool kafka_farewell_wait(struct kafka_farewell **bye, int64_t until_ms)
{
    int wait_ms = 1;
    while (*bye && !has_ended(*bye)) {
        if (os_monotonic_ms() >= until_ms)
            return false;
        os_sleep_ms(wait_ms);
        wait_ms = wait_ms < 16 ? wait_ms * 2 : wait_ms;
    }
    *bye = NULL;
    return true;
}

static void leave_behind(struct kafka_farewell *bye)
{
    bye->next = atomic_load(&left_behind);
    while (!atomic_compare_exchange_weak(&left_behind, &bye->next, bye)) {
    }
}

void kafka_farewell_leave(struct kafka_farewell **bye)
{
    if (*bye)
        leave_behind(*bye);
    *bye = NULL;
    for (struct kafka_farewell *next, *other = atomic_exchange(&left_behind, NULL); other; other = next) {
        next = other->next;
        if (!has_ended(other))
            leave_behind(other);
    }
}
