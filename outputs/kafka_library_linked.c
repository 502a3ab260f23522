/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka, linked in. */
#include "kafka_library.h"

bool kafka_library_load(struct kafka_library *lib, struct fault *f)
{
    (void)f;
#define X(name) lib->name = rd_kafka_##name;
    KAFKA_FUNCTIONS(X)
#undef X
    return true;
}
