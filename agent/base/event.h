/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Windows event as an export carries it, whatever the export's format: what a parser gives.
 *
 * Every fact can be absent: views by p == NULL, numbers by has == false, the time by present == false. Text
 * is valid UTF-8. Views borrow the parser's memory and live until the parser is called again. Names follow
 * the Event schema ([MS-EVEN6] 2.2.12, "Event" elements System, EventData, UserData, RenderingInfo).
 */
#ifndef MAPITAIL_EVENT_H
#define MAPITAIL_EVENT_H

#include "wtime.h"

enum {
    EVENT_DATA_MAX = 256, /* insertion strings per event; what is more is left out and data_cut set */
    EVENT_KEYWORDS_MAX = 16,
};

struct opt_u64 {
    uint64_t v;
    bool has;
};
static inline struct opt_u64 opt_u64(uint64_t v)
{
    return (struct opt_u64){v, true};
}

/* How far the bytes of a record are to be trusted. */
enum event_trust {
    EVENT_OK,
    EVENT_CRC,      /* readable, but a check sum over it is wrong */
    EVENT_SALVAGED, /* found again after damage, or its frame is torn */
    EVENT_STALE,    /* no longer part of the log: found where it was overwritten, cleared or hidden */
};

/* One insertion string (<Data>) or one leaf of <UserData>. name is absent for classic, positional data. */
struct event_datum {
    struct sv name;
    struct sv value; /* empty, not absent, for an empty string: an empty string keeps its place */
};

struct event {
    /* System */
    struct sv provider;          /* Provider@Name */
    struct sv provider_guid;     /* with braces, as written */
    struct sv event_source_name; /* Provider@EventSourceName */
    struct opt_u64 event_id;     /* as written; classic ids may come with 32 bits: compare & 0xFFFF */
    struct opt_u64 qualifiers, version, level, task, opcode, keywords;
    struct wtime time;        /* TimeCreated@SystemTime */
    struct sv time_text;      /* the same as written, also where it cannot be read */
    struct sv timezone;       /* in which it was taken because the export names none; else absent */
    struct opt_u64 record_id; /* EventRecordID, the payload's */
    struct sv activity_id, related_activity_id;
    struct opt_u64 process_id, thread_id;
    struct sv channel, computer, user_sid;

    /* EventData or UserData */
    struct event_datum data[EVENT_DATA_MAX];
    size_t data_count;
    bool data_cut;     /* there was more than EVENT_DATA_MAX */
    bool is_user_data; /* data comes from UserData; names are the leaf elements' */
    struct sv binary;  /* <Binary> as hex text */

    /* RenderingInfo, in the language of culture; absent where an export has none */
    struct sv culture, message, level_text, task_text, opcode_text, channel_text, provider_text;
    struct sv keyword_texts[EVENT_KEYWORDS_MAX];
    size_t keyword_text_count;

    /* Where it stood and what it looked like */
    struct sv original; /* the record as XML text (EVTX: rendered as wevtutil does), or the text lines */
    uint64_t offset;    /* byte offset of the record's first byte in the input */
    uint64_t length;    /* bytes of the record in the input */
    enum event_trust trust;
    bool text_replaced; /* bytes that are no text were replaced by U+FFFD */
    bool cut;           /* the record was over a limit, or ended early */
};

/* The name of a trust as records show it: "ok", "crc", "salvaged", "stale". */
struct sv event_trust_name(enum event_trust trust);

/* Makes *e an event of which nothing is known. Cheaper than clearing the whole struct. */
void event_clear(struct event *e);

/* Appends a datum; sets data_cut when there is no room. */
void event_add_datum(struct event *e, struct sv name, struct sv value);

/* The source's name: EventSourceName where there is one, else the provider's (libevtx documentation). */
static inline struct sv event_source(const struct event *e)
{
    return sv_empty(e->event_source_name) ? e->provider : e->event_source_name;
}

#endif
