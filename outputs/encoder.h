/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of an encoder: one record in, the bytes of one message out. Pure and deterministic: the same
 * record and context give the same bytes. Thread-safe.
 */
#ifndef MAPITAIL_ENCODER_H
#define MAPITAIL_ENCODER_H

#include "buf.h"
#include "record.h"
#include "setting.h"

enum original_policy {
    ORIGINAL_AUTO, /* only where something could not be read completely */
    ORIGINAL_ALWAYS,
    ORIGINAL_NEVER, /* not even then */
};

/* What is the same for every record of an output. Borrowed; lives as long as the pipeline. */
struct encode_context {
    struct sv agent_id;           /* UUID, kept over restarts */
    struct sv agent_ephemeral_id; /* UUID, new at every start */
    struct sv agent_name;         /* host name of the agent */
    struct sv agent_version;
    struct setting_map labels; /* labels.* */
    struct setting_list tags;  /* added to the fixed ones */
    struct sv namespace_;      /* data_stream.namespace */
    enum original_policy original;
    bool diag_context; /* ship <Binary> as diag_context */
    /* syslog */
    unsigned facility;           /* RFC 5427 code, 0 … 23 */
    struct sv enterprise_number; /* of private SD-IDs */
    int bom;                     /* 0 auto, 1 always, 2 never */
    size_t max_bytes;            /* largest message; 0: no bound but the buffer's */
};

enum encode_status {
    ENCODE_OK,
    ENCODE_REDUCED,   /* over max_bytes: optional parts were left out or MSG was cut */
    ENCODE_TOO_LARGE, /* over max_bytes or the buffer's limit, and cannot be reduced */
    ENCODE_NO_MEMORY, /* said by who calls an encoder, which cannot tell; out->starved tells */
};

struct encoder_ops {
    const char *name; /* "ecs": value of `format` */
    const char *title;
    const char *content_type; /* RFC 9110 media type of one message */
    bool ships_hash; /* a message holds record->hash, which costs more than all the rest of a record */
    bool
        is_plain_event; /* a message tells about the event alone: neither identity nor meaning is asked for */
    bool original_alone; /* and of the event about nothing but event->original, where there is one */
    bool single_line;    /* a message never holds LF, so that LF may end it in a stream */
    /* Appends one message to out, without any framing. sequence: 1 … 2147483647, of this output since its
     * start. */
    enum encode_status (*encode)(const struct encode_context *context, const struct record *record,
                                 uint32_t sequence, struct buf *out);
};

#endif
