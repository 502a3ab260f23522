/* SPDX-License-Identifier: Apache-2.0 */
/* From a selector to an XPath. */
#include "channel_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool any_id(const struct selector *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->rules[i].any_id)
            return true;
    return s->all;
}

static bool is_known(const struct selector *s, size_t rule)
{
    for (size_t i = 0; i < rule; i++)
        if ((s->rules[i].event_id & 0xffff) == (s->rules[rule].event_id & 0xffff))
            return true;
    return false;
}

bool channel_query(const struct selector *s, char to[CHANNEL_QUERY_BYTES])
{
    size_t ids = 0, n = (size_t)snprintf(to, CHANNEL_QUERY_BYTES, "*[System[(");
    for (size_t i = 0; i < s->count && !any_id(s); i++) {
        if (is_known(s, i))
            continue;
        if (ids++ == CHANNEL_QUERY_IDS_MAX)
            break;
        n += (size_t)snprintf(to + n, CHANNEL_QUERY_BYTES - n, "%sEventID=%" PRIu32, ids > 1 ? " or " : "",
                              s->rules[i].event_id & 0xffff);
    }
    bool narrows = ids > 0 && ids <= CHANNEL_QUERY_IDS_MAX;
    snprintf(narrows ? to + n : to, narrows ? CHANNEL_QUERY_BYTES - n : CHANNEL_QUERY_BYTES, "%s",
             narrows ? ")]]" : "*");
    return narrows;
}
