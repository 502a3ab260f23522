/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka, loaded when it is first needed. */
#include "kafka_library.h"
#include "os_library.h"

/* The name carries the version of the binary interface, which has been 1 since librdkafka 0.8. */
static const char library_name[] = "librdkafka.so.1";

bool kafka_library_load(struct kafka_library *lib, struct fault *f)
{
    struct fault why;
    struct os_library *library = os_library_open(library_name, &why);
    if (!library)
        return fault_set(
            f, FAULT_UNSUPPORTED, 0,
            "Kafka needs librdkafka (Debian package librdkafka1, RPM package librdkafka): %.120s", why.text);
#define X(name)                                                                                              \
    lib->name = (__typeof__(lib->name))os_library_function(library, "rd_kafka_" #name);                      \
    if (!lib->name)                                                                                          \
        return fault_set(f, FAULT_UNSUPPORTED, 0, "%s is too old for Kafka: it has no rd_kafka_%s",          \
                         library_name, #name);
    KAFKA_FUNCTIONS(X)
#undef X
    return true;
}
