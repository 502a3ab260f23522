/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every output format derives from an event in the same way: short names, codes, times. Pure.
 */
#ifndef MAPITAIL_ENVELOPE_H
#define MAPITAIL_ENVELOPE_H

#include "encoder.h"

enum { HOST_TEXT_MAX = 255 }; /* RFC 1035 2.3.4: no domain name is longer */

/* The host's names; both absent when the event names no computer. Views point into the struct. */
struct host_names {
    char full_text[HOST_TEXT_MAX], label_text[HOST_TEXT_MAX];
    struct sv full;  /* the computer's name in lower case: usually an FQDN, in exports of Windows 2003 a
                        NetBIOS name */
    struct sv label; /* its first label in upper case, as NetBIOS names are written */
};

void host_names_of(const struct event *e, struct host_names *out);

/* The event id without qualifiers. */
static inline struct opt_u64 event_code(const struct event *e)
{
    return (struct opt_u64){e->event_id.v & 0xffff, e->event_id.has};
}

/* The qualifiers: as logged, or from the upper half of a 32-bit event id. */
struct opt_u64 event_qualifiers(const struct event *e);

/* The event comes from an Exchange service. */
bool event_is_exchange(const struct event *e);

/* English name of the level in lower case; a level without one as the export renders it, or absent. */
struct sv event_level_name(const struct event *e);

/* RFC 5424 severity of the event's level: 1, 2, 3, 5 one up to 7, information 6, without a level notice. */
unsigned syslog_severity(const struct event *e);

/* Names as Elastic's agents write them into log.syslog.*; codes out of range give the last one. */
struct sv syslog_severity_name(unsigned severity);
struct sv syslog_facility_name(unsigned facility);

/*
 * The time that the record is filed under: the event's, or where that cannot be read the time of reading, in
 * milliseconds.
 */
struct wtime record_time(const struct record *r);

/*
 * event.created: when the record was read, in milliseconds, and always later than a time that the event has.
 * The host of the agent may be behind the one that logged, and a millisecond cut off would turn the order
 * round.
 */
struct wtime record_created(const struct record *r);

/* The original text is to be shipped. */
bool record_ships_original(const struct record *r, enum original_policy policy);

#endif
