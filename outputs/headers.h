/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of a record's message: what a consumer needs to route and to de-duplicate without parsing the
 * value. CloudEvents 1.0, Kafka protocol binding, binary content mode: content-type and ce_*; then
 * ecs.version and agent.id.
 */
#ifndef MAPITAIL_HEADERS_H
#define MAPITAIL_HEADERS_H

#include "arena.h"
#include "encoder.h"
#include "sink.h"

enum { HEADERS_MAX = 9 };

/*
 * Fills headers, in a fixed order and without those whose value is absent, and *count. Names are static,
 * values static, borrowed from the context or in the arena: nothing borrows the record. ecs.version goes with
 * JSON only. False when the arena is full.
 */
bool headers_make(const struct encode_context *context, const struct record *record,
                  const struct encoder_ops *encoder, struct arena *arena,
                  struct sink_header headers[HEADERS_MAX], size_t *count);

#endif
