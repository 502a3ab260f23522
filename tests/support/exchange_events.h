/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event 9646 as each Exchange version hands it to ReportEvent, for logs of any of them: who, client type,
 * limit and type in the version's own order and vocabulary, its qualifiers, its message, and what its Windows
 * puts around them. Of Exchange 2010 one such event is published (KB 980049); strings and qualifiers of 2013
 * and later are as reported, no log of theirs is published.
 */
#ifndef MAPITAIL_EXCHANGE_EVENTS_H
#define MAPITAIL_EXCHANGE_EVENTS_H

#include "evtx_writer.h"

enum exchange_version {
    EXCHANGE_2007,
    EXCHANGE_2010,
    EXCHANGE_2013,
    EXCHANGE_2016,
    EXCHANGE_2019,
    EXCHANGE_SE
};
enum { EXCHANGE_VERSIONS = EXCHANGE_SE + 1 };

/* "2007" … "SE". */
const char *exchange_version_name(enum exchange_version v);

/* What a reader is to make of it. Strings are static or belong to the event. */
struct exchange_truth {
    char user[32];
    const char *client_type; /* as logged; NULL before 2013 */
    const char *object_type; /* by its canonical name */
    uint64_t limit;
    const char *mailbox_guid; /* NULL: none */
};

/* An event to be written, with the memory that its strings lie in. */
struct exchange_event {
    struct evtx_writer_event event;
    struct exchange_truth truth;
    const char *strings[4];
    char who[256], limit[16], message[512];
};

/*
 * Event `number` of a version, in a layout; numbers run through its object types and client types. Forwarded
 * ones (EVTX_WRITE_INLINE) carry the message, as a collector has them.
 */
void exchange_9646(struct exchange_event *out, enum exchange_version v, enum evtx_writer_layout layout,
                   unsigned number);

#endif
