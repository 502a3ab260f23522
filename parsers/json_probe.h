/* SPDX-License-Identifier: Apache-2.0 */
/* Is a file events as JSON? Told from its beginning. Pure. */
#ifndef MAPITAIL_JSON_PROBE_H
#define MAPITAIL_JSON_PROBE_H

#include "parser.h"

/*
 * As parser_ops.probe. 90: begins with an object or an array of objects and names an event's id and its
 * source or time; 60: the same behind a syslog header; 40: such a beginning without those names, which may
 * follow a long message.
 */
int json_probe(struct sv head, bool complete);

#endif
