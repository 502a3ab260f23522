/* SPDX-License-Identifier: Apache-2.0 */
/* Recognizing event XML by its first bytes, in any encoding. Pure. */
#ifndef MAPITAIL_XML_PROBE_H
#define MAPITAIL_XML_PROBE_H

#include "sv.h"

/*
 * As parser_ops.probe: 95 where an <Event> or <Events> is the first element, 40 where one stands
 * behind a prefix on the first line, 30 for another document that has events inside, else 0 or PROBE_MORE.
 */
int xml_probe(struct sv head, bool complete);

#endif
