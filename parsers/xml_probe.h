/* SPDX-License-Identifier: Apache-2.0 */
/* Recognizing event XML by its first bytes, in any encoding. Pure. */
#ifndef MAPITAIL_XML_PROBE_H
#define MAPITAIL_XML_PROBE_H

#include "xml_scan.h"

/*
 * As parser_ops.probe: 95 where an <Event> or <Events> is the first element, 90 where WMI's instances of
 * Win32_NTLogEvent or wmic's raw XML begin, 40 where an event stands behind a prefix on the first line, 30
 * for another document that has events inside, else 0 or PROBE_MORE.
 */
int xml_probe(struct sv head, bool complete);

/*
 * Which elements are the records of a file that begins with head, by its first element. False while that
 * cannot be told; never where complete.
 */
bool xml_dialect_of(struct sv head, bool complete, enum xml_dialect *dialect);

#endif
