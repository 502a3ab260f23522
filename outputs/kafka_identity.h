/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who an output is to the brokers: by its transactional id a producer fences the one before it (KIP-98), by
 * its scope it knows its positions, by its owner it knows whether another agent wrote to them meanwhile.
 */
#ifndef MAPITAIL_KAFKA_IDENTITY_H
#define MAPITAIL_KAFKA_IDENTITY_H

enum { KAFKA_ID_MAX = 200, KAFKA_OWNER_MAX = 256 };

struct kafka_identity {
    char transactional_id[KAFKA_ID_MAX]; /* "mapitail-<agent id>-<output>" */
    char scope[KAFKA_ID_MAX];            /* sink_host.scope */
    char owner[KAFKA_OWNER_MAX]; /* a JSON document, another one in each run; "": a guest owns nothing */
};

/* scope: sink_host.scope; NULL for a guest, who delivers beside the output, or only looks. */
void kafka_identity_make(struct kafka_identity *id, const char *scope);

#endif
