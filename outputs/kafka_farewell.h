/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letting librdkafka go without waiting for it.
 *
 * Destroying a client, or a call that asks a broker, may sit in the resolver or in a time-out for longer than
 * a sink may wait. So a client goes in a thread of its own; one that does not go in time is left behind, and
 * later farewells look after it, so that a stuck peer costs a thread and no leak.
 */
#ifndef MAPITAIL_KAFKA_FAREWELL_H
#define MAPITAIL_KAFKA_FAREWELL_H

#include "kafka_library.h"
#include "os_thread.h"

struct kafka_farewell;

/*
 * Takes over the client: it is destroyed behind the caller's back. Nothing of it (topics, queues) may be held
 * any more, except by a thread that still calls it: that is `caller`, which is joined first, with
 * last_words(ctx) called after it; all three may be NULL. NULL: there was no thread to be had, and it is done
 * already.
 */
struct kafka_farewell *kafka_farewell_begin(const struct kafka_library *lib, rd_kafka_t *client,
                                            struct os_thread *caller, void (*last_words)(void *ctx),
                                            void *ctx);

/* Waits until the client is gone or until_ms on the monotonic clock. True: gone, and *bye is freed and NULL.
 */
bool kafka_farewell_wait(struct kafka_farewell **bye, int64_t until_ms);

/* Leaves *bye, which may be NULL, to itself and looks after those that were left before. */
void kafka_farewell_leave(struct kafka_farewell **bye);

#endif
