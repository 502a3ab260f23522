/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the tools that write events as JSON put what. Pure data.
 *
 * A path is the names of members joined with dots; each may also stand as one flat key with dots in it, or
 * partly so. Several paths in one string, separated by blanks, are tried in turn; the first that is there and
 * not null counts.
 */
#ifndef MAPITAIL_JSON_SHAPES_H
#define MAPITAIL_JSON_SHAPES_H

#include "sv.h"

enum json_field {
    JSON_ID,
    JSON_FULL_ID, /* 32 bits: the qualifiers are its high half */
    JSON_QUALIFIERS,
    JSON_PROVIDER,
    JSON_PROVIDER_GUID,
    JSON_SOURCE, /* EventSourceName */
    JSON_RECORD,
    JSON_TIME,
    JSON_COMPUTER,
    JSON_CHANNEL,
    JSON_LEVEL,      /* a number as in event XML */
    JSON_LEVEL_TEXT, /* a word, or a number as in json_shape.types */
    JSON_TASK,
    JSON_TASK_TEXT,
    JSON_OPCODE,
    JSON_OPCODE_TEXT,
    JSON_KEYWORDS,
    JSON_KEYWORD_TEXTS,
    JSON_VERSION,
    JSON_USER,
    JSON_PROCESS,
    JSON_THREAD,
    JSON_ACTIVITY,
    JSON_RELATED,
    JSON_MESSAGE,
    JSON_STRINGS, /* an array of values or of {"Value": …}, or an object: param1, param2 … or names */
    JSON_BINARY,  /* hex text or an array of bytes */
    JSON_FIELDS,
};

/* What a number in JSON_LEVEL_TEXT means. */
enum json_types {
    JSON_TYPES_NONE,
    JSON_TYPES_FLAGS, /* .NET EventLogEntryType: 1 error, 2 warning, 4 information, 8 and 16 audit */
    JSON_TYPES_WMI,   /* Win32_NTLogEvent.EventType: 1 error, 2 warning, 3 information, 4 and 5 audit */
};

struct json_shape {
    const char *name;
    const char *marks; /* paths that are all there in this shape, of those with '|' between them one */
    enum json_types types;
    const char *fields[JSON_FIELDS]; /* NULL: the shape has none */
};

/* In the order in which they are tried: those with more telling marks first. */
extern const struct json_shape json_shapes[];
extern const size_t json_shape_count;

/* Members of the record that may hold the event; the first is the record itself. Ended by NULL. */
extern const char *const json_wrappers[];

#endif
