/* SPDX-License-Identifier: Apache-2.0 */
/* Recognizing a table of events by its first bytes. As parser_ops.probe. */
#ifndef MAPITAIL_CSV_PROBE_H
#define MAPITAIL_CSV_PROBE_H

#include "sv.h"

int csv_probe(struct sv head, bool complete);

#endif
