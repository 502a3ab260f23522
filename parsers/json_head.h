/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the beginning of a JSON file tells about all of it: whether ids are written with 32 bits, and in which
 * order its numeric dates are. The first JSON_HEAD_BYTES are read for themselves, wherever the parser reads,
 * so that it does not matter where reading began. One object belongs to one thread.
 */
#ifndef MAPITAIL_JSON_HEAD_H
#define MAPITAIL_JSON_HEAD_H

#include "parser.h"
#include "text_coding.h"

enum { JSON_HEAD_BYTES = 64 * 1024 };

/* Begin with {0}. */
struct json_head {
    uint64_t looked_to; /* for keys */
    bool is_wide;
    uint64_t dated_to; /* for dates: no string is open there */
    bool is_time;      /* and the value of a key that names a time comes next */
    struct date_evidence evidence;
};

/*
 * Looks at what came to the head since the last call for keys of ids with 32 bits ("InstanceId",
 * "EventIdentifier"). True once: when the first one was found and is_wide set. An I/O error tells nothing:
 * who reads on meets it again.
 */
bool json_head_look(struct json_head *h, const struct input *in, const struct text_coding *coding);

/*
 * The order that the dates before the file's offset to show, as far as they stand in the head: those in
 * strings under keys with "time" in them. `to` never goes back.
 */
enum date_order json_head_order(struct json_head *h, const struct input *in, const struct text_coding *coding,
                                uint64_t to);

#endif
