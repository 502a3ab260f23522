/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a destination that carries positions keeps of one file: a key and a JSON document.
 *
 * Key "<scope><volume>-<file id>", in hexadecimal; value
 *
 *   {"v":1,"output":"kafka","input":"exports","file":"/x/a.xml","fingerprint":"…","fingerprint_bytes":1024,
 *    "parser":"xml","offset":81920,"record":0,"check":"…","batch":17,"saved":"2026-02-18T10:00:00.123Z",
 *    "event":"…","record_id":4711,"time":"…"}
 *
 * offset, record and check are the position from which reading goes on, 64-bit hashes are hexadecimal text;
 * event, record_id and time are those of the last record before it, where the batch had one of that file.
 * The agent is named by the key. Readers pass over members that they do not know; a newer v is not read.
 */
#ifndef MAPITAIL_POSITION_RECORD_H
#define MAPITAIL_POSITION_RECORD_H

#include "batch.h"
#include "os_file.h"

enum { POSITION_RECORD_FORMAT = 1, POSITION_PARSER_TEXT = 16 };

/* The part that is read again. */
struct position_record {
    struct os_file_id id;
    uint64_t fingerprint;
    uint32_t fingerprint_bytes; /* 0: none */
    char parser[POSITION_PARSER_TEXT];
    struct position position;
};

struct position_source {
    const char *scope, *output;
    const struct tail *tail;
    const struct position *position;
    const struct batch_note *last; /* NULL: no record of the file in this batch */
    uint64_t batch;                /* its number */
};

void position_record_key(struct buf *out, const char *scope, struct os_file_id id);
void position_record_value(struct buf *out, const struct position_source *from);

/* False: not a key of this scope, or a value that is damaged or of a newer format; *out is then undefined. */
bool position_record_read(struct position_record *out, const char *scope,
                          const struct sink_position *position);

/* <0, 0, >0: a is before, at or behind b, in a file of that parser. */
int position_order(const struct parser_ops *parser, const struct position *a, const struct position *b);

#endif
