/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a record is: the same event has the same id in every export, on every day, after every restart (D5).
 *
 * event.id is the UUIDv5 (RFC 9562 5.5) of "host|provider|event_id|record_id|time" in the namespace
 * 38b20e13-d9bb-5145-bc68-a947215aa548: host the first label of the computer name and provider in lower case,
 * event_id without qualifiers, record_id decimal, time in UTC cut to whole seconds (empty where it cannot be
 * read). Exports differ in the rest: FQDN or NetBIOS name, fraction digits, case. The namespace is frozen:
 * another one makes every id new.
 *
 * An event without a record id has its content in that place: "sha256:" + hash + "#" + ordinal.
 *
 * One object belongs to one thread.
 */
#ifndef MAPITAIL_IDENTITY_H
#define MAPITAIL_IDENTITY_H

#include "record.h"

struct identity;

/* NULL without memory or when the cryptographic library refuses SHA-1 or SHA-256. */
struct identity *identity_new(void);
void identity_free(struct identity *id); /* NULL is allowed */

/*
 * SHA-256, in lower-case hex, of what the event says: its insertion strings joined with U+001F, or without
 * any its message with each run of white space as one blank and none at the ends. For events without record
 * id: the caller counts equal ones within the same second of the same file. False only when the cryptographic
 * library fails.
 */
__attribute__((warn_unused_result)) bool identity_content_hash(struct identity *id, const struct record *r,
                                                               char out[RECORD_HASH_TEXT]);

/*
 * Fills r->id. ordinal, from 1, tells apart equal events without record id; it is not looked at where there
 * is one. False, with an empty id, when memory or the cryptographic library fails.
 */
__attribute__((warn_unused_result)) bool identity_fill_id(struct identity *id, struct record *r,
                                                          uint64_t ordinal);

/* Fills r->hash with the SHA-256 of event->original, "" without one. False, with an empty hash, as above. */
__attribute__((warn_unused_result)) bool identity_fill_hash(struct identity *id, struct record *r);

/* Both; false, with both empty, when one fails. */
__attribute__((warn_unused_result)) bool identity_fill(struct identity *id, struct record *r,
                                                       uint64_t ordinal);

/* A new UUIDv4, lower case, for the agent's own ids. */
void identity_random_uuid(char out[RECORD_ID_TEXT]);

#endif
