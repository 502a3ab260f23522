/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shipped: an event, and for MSExchangeIS 9646 what it means. Made by the parsers' normalizer, given
 * its identity by the agent, read by the encoders. Views borrow the event's memory or the normalizer's arena.
 *
 * The microsoft.exchange.mapi.* values are those of the record schema (packaging/doc/record-schema.json).
 */
#ifndef MAPITAIL_RECORD_H
#define MAPITAIL_RECORD_H

#include "event.h"

enum record_kind {
    RECORD_EVENT,      /* any other event, shipped as it is */
    RECORD_MAPI_LIMIT, /* MSExchangeIS 9646 */
    RECORD_COVERAGE,   /* what was read, so that silence can be told from health; the event is made up */
};

enum limit_class { LIMIT_SESSION, LIMIT_SERVICE_SESSION, LIMIT_OBJECT, LIMIT_OTHER };

/* exceeded: the new object was refused. closing: the session was closed ("Closing Mapi session …"). */
enum message_form { FORM_EXCEEDED, FORM_CLOSING };

/* How much of a 9646 could be read. */
enum parse_status {
    PARSE_COMPLETE, /* limit, type and an identity, from a text that is not cut */
    PARSE_PARTIAL,  /* something */
    PARSE_FAILED,   /* nothing: neither identity nor limit nor type */
};

struct mapi_limit {
    struct sv mailbox_guid;          /* lower case, without braces */
    struct sv legacy_dn;             /* as written, unwrapped */
    struct sv organization;          /* value of the first o */
    struct sv admin_group;           /* value of the first ou */
    struct sv container;             /* cn values between ou and the last cn, joined with '/' */
    struct sv cn;                    /* last cn, raw */
    struct sv user;                  /* last cn without a "<32 hex>-" prefix */
    struct sv client_type;           /* as logged */
    struct sv client_type_canonical; /* MoMT, OWA, AirSync, …; an unknown one as logged */
    struct opt_u64 limit;
    struct sv object_type;     /* canonical; an unknown word as logged */
    struct sv object_type_raw; /* as logged */
    enum limit_class limit_class;
    enum message_form form;
    enum parse_status status;
};

/*
 * What one output has read of one file in one period, or that a source had nothing to read. The same facts
 * stand in the event's named data, for encoders that know nothing of coverage.
 */
struct coverage {
    struct sv source;            /* its name in the configuration */
    struct sv format;            /* of the file: "evtx" */
    struct sv provider, channel; /* of what was matched last; absent where nothing was yet */
    struct wtime since, until;   /* the period */
    bool is_silent;              /* there was nothing to read: a sign of life, of the source as a whole */
    /* Of all events read where the format numbers them, else of those that were matched; inclusive. */
    struct opt_u64 first_record_id, last_record_id;
    bool ids_are_of_matched;
    struct opt_u64 from_offset, to_offset; /* bytes of the file; of event logs a hint */
    struct wtime first_event, last_event;  /* times of the first and last one matched */
    uint64_t read;                         /* events passed over or matched */
    bool read_is_least;                    /* the format does not count what it passes over */
    uint64_t matched, damaged_parts, damaged_bytes, overwritten_events, vanished_bytes;
    struct opt_u64 files; /* of a silent source: files that are followed */
};

enum { RECORD_ID_TEXT = 37, RECORD_HASH_TEXT = 65 };

struct record {
    const struct event *event;
    enum record_kind kind;
    struct mapi_limit mapi;          /* of RECORD_MAPI_LIMIT */
    const struct coverage *coverage; /* of RECORD_COVERAGE */
    struct sv message;   /* the rendered sentence: the export's, or built from the insertion strings */
    struct sv key;       /* mailbox key: the DN with ASCII letters lower-cased, else the GUID, else absent */
    struct sv file_path; /* of the export, UTF-8; absent for standard input */
    char id[RECORD_ID_TEXT];     /* UUIDv5, lower case; "" until the agent has given it */
    char hash[RECORD_HASH_TEXT]; /* SHA-256 of event->original, lower-case hex; "" without an original */
    struct wtime created;        /* when mapitail read the record */
};

/* The names that appear in records. */
const char *limit_class_name(enum limit_class c);
const char *message_form_name(enum message_form f);

#endif
