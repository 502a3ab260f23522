/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka as a table of the functions that are used of it.
 *
 * The table is filled either when a Kafka output is opened (kafka_library_dlopen.c, meson option
 * kafka=dlopen), so that an agent that only speaks syslog does not carry the library in memory, or by the
 * linker (kafka_library_linked.c, kafka=linked), where an agent is one static file. Which of the two it is,
 * no caller can see.
 */
#ifndef MAPITAIL_KAFKA_LIBRARY_H
#define MAPITAIL_KAFKA_LIBRARY_H

#include "fault.h"

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

/* Names without their prefix rd_kafka_. All of them are in librdkafka since 1.6; those of transactions are
 * used with exactly once only. */
#define KAFKA_FUNCTIONS(X)                                                                                   \
    X(conf_new)                                                                                              \
    X(conf_destroy)                                                                                          \
    X(conf_set)                                                                                              \
    X(conf_set_events)                                                                                       \
    X(new)                                                                                                   \
    X(destroy_flags)                                                                                         \
    X(set_log_queue)                                                                                         \
    X(queue_get_main)                                                                                        \
    X(queue_destroy)                                                                                         \
    X(queue_poll)                                                                                            \
    X(event_type)                                                                                            \
    X(event_destroy)                                                                                         \
    X(event_message_next)                                                                                    \
    X(event_error)                                                                                           \
    X(event_error_string)                                                                                    \
    X(event_error_is_fatal)                                                                                  \
    X(event_log)                                                                                             \
    X(purge)                                                                                                 \
    X(topic_new)                                                                                             \
    X(topic_destroy)                                                                                         \
    X(headers_new)                                                                                           \
    X(headers_destroy)                                                                                       \
    X(header_add)                                                                                            \
    X(produceva)                                                                                             \
    X(error_code)                                                                                            \
    X(error_destroy)                                                                                         \
    X(fatal_error)                                                                                           \
    X(err2str)                                                                                               \
    X(metadata)                                                                                              \
    X(metadata_destroy)                                                                                      \
    X(conf_dup)                                                                                              \
    X(conf_set_log_cb)                                                                                       \
    X(destroy)                                                                                               \
    X(event_CreateTopics_result)                                                                             \
    X(CreateTopics)                                                                                          \
    X(CreateTopics_result_topics)                                                                            \
    X(topic_result_error)                                                                                    \
    X(topic_result_error_string)                                                                             \
    X(NewTopic_new)                                                                                          \
    X(NewTopic_destroy)                                                                                      \
    X(NewTopic_set_config)                                                                                   \
    X(AdminOptions_new)                                                                                      \
    X(AdminOptions_destroy)                                                                                  \
    X(AdminOptions_set_request_timeout)                                                                      \
    X(AdminOptions_set_validate_only)                                                                        \
    X(queue_new)                                                                                             \
    X(queue_yield)                                                                                           \
    X(init_transactions)                                                                                     \
    X(begin_transaction)                                                                                     \
    X(commit_transaction)                                                                                    \
    X(abort_transaction)                                                                                     \
    X(error_string)                                                                                          \
    X(error_is_fatal)                                                                                        \
    X(error_is_retriable)                                                                                    \
    X(error_txn_requires_abort)                                                                              \
    X(consume_start)                                                                                         \
    X(consume)                                                                                               \
    X(consume_stop)                                                                                          \
    X(message_destroy)                                                                                       \
    X(get_watermark_offsets)

struct kafka_library {
#define X(name) __typeof__(&rd_kafka_##name) name;
    KAFKA_FUNCTIONS(X)
#undef X
};

/*
 * Fills the table. False with FAULT_UNSUPPORTED, naming the package to install, when there is no library or
 * it is too old. May be called again and from several threads, each with a table of its own; the library
 * stays loaded.
 */
bool kafka_library_load(struct kafka_library *lib, struct fault *f);

#endif
