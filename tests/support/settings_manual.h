/* SPDX-License-Identifier: Apache-2.0 */
/* The part of mapitail.yaml(5) that lists every setting, written from the tables that the file is read by. */
#ifndef MAPITAIL_SETTINGS_MANUAL_H
#define MAPITAIL_SETTINGS_MANUAL_H

#include "buf.h"

/* Appends mdoc(7): one subsection per section of the file, per format and per type of output that is
 * registered. */
void settings_manual(struct buf *to);

#endif
