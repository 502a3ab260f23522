/* SPDX-License-Identifier: Apache-2.0 */
/* One Windows event. */
#include "event.h"

#include <string.h>

void event_clear(struct event *e)
{
    /* The data array is large and guarded by data_count. */
    memset(e, 0, offsetof(struct event, data));
    memset((char *)e + offsetof(struct event, data_count), 0, sizeof *e - offsetof(struct event, data_count));
}

void event_add_datum(struct event *e, struct sv name, struct sv value)
{
    if (e->data_count == EVENT_DATA_MAX) {
        e->data_cut = true;
        return;
    }
    e->data[e->data_count++] = (struct event_datum){name, value};
}

struct sv event_trust_name(enum event_trust trust)
{
    static const struct sv names[] = {SV_INIT("ok"), SV_INIT("crc"), SV_INIT("salvaged"), SV_INIT("stale")};
    return names[trust];
}
