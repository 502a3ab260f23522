/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the .evtx fuzz targets share: a log of one chunk around a fuzzer's bytes, and what must hold of every
 * event.
 *
 * A check sum or a size copy that must be right would keep a fuzzer at the door, so it has only the records
 * to make up; headers, sums and, if it wants, sizes are made right here. The first byte of an input says what
 * is to be wrong all the same.
 */
#ifndef MAPITAIL_FUZZ_LOG_H
#define MAPITAIL_FUZZ_LOG_H

#include "event.h"
#include "parser.h"

enum {
    FUZZ_FRAMES_REPAIRED = 1, /* each record reaches to the next one's magic, and says so twice */
    FUZZ_HEADER_SUM_WRONG = 2,
    FUZZ_RECORDS_SUM_WRONG = 4,
    FUZZ_MAGIC_GONE = 8,

    FUZZ_LOG_HEADER = 4096,
    FUZZ_CHUNK_BYTES = 65536,
    FUZZ_CHUNK_HEADER = 512,
};

/* The log that an input stands for: its first byte, then the records from offset 512 of the chunk on. Valid
 * until the next call. */
struct sv fuzz_log_make(const uint8_t *data, size_t size);

/* Makes the check sums of a chunk right, as far as its free-space offset makes sense. */
void fuzz_seal_chunk(uint8_t *chunk);

/* An input that reads memory. */
struct input fuzz_input(struct sv *memory);

/* Stops the program where a claim does not hold. */
void fuzz_check(bool holds);

/* Reads every byte of the event, checks what always holds, and returns a hash over all that it says. */
uint64_t fuzz_look_at_event(const struct event *e);

#endif
