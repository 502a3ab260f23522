/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XPath that has the event log service leave out what is not wanted before it is rendered. It takes at
 * least what the selector takes; each event is tested again by its parser. Pure.
 */
#ifndef MAPITAIL_CHANNEL_QUERY_H
#define MAPITAIL_CHANNEL_QUERY_H

#include "selector.h"

#include <stddef.h>

enum {
    CHANNEL_QUERY_IDS_MAX = 20, /* some versions of Windows refuse more than 22 conditions */
    CHANNEL_QUERY_BYTES = 512,
};

/*
 * Writes the query; returns false where it is "*", every event. Providers are not asked for: the service
 * compares their names by case, the selector does not, and knows beginnings of names.
 */
bool channel_query(const struct selector *s, char to[CHANNEL_QUERY_BYTES]);

#endif
