/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What values look like in the XML text of an event, as `wevtutil qe /f:xml` prints it. Shared by the parsers
 * of binary logs. Everything is appended to a buffer, whose failure is sticky. Pure.
 */
#ifndef MAPITAIL_EVENT_TEXT_H
#define MAPITAIL_EVENT_TEXT_H

#include "buf.h"
#include "event.h"

/* Bytes as upper-case hexadecimal digits. */
void event_text_hex(struct buf *out, const uint8_t *p, size_t n);

/* A SID of n bytes, at least 8 ([MS-DTYP] 2.4.2.1). Where its count and n disagree, what is there counts. */
void event_text_sid(struct buf *out, const uint8_t *p, size_t n);

/* The whole <Event> of what a classic event has: System, and EventData with unnamed strings. Absent facts
 * have no element. */
void event_text_xml(struct buf *out, const struct event *e);

#endif
