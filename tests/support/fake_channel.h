/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels of a test's own, in the place of os_channel_*.c: linked into the test, it comes first. */
#ifndef MAPITAIL_FAKE_CHANNEL_H
#define MAPITAIL_FAKE_CHANNEL_H

#include "os_channel.h"

#include <stddef.h>

enum { FAKE_EVENTS_MAX = 400 };

struct fake_event {
    uint64_t record;
    const char *xml; /* NULL: cannot be rendered */
};

extern struct fake_channel {
    struct fake_event events[FAKE_EVENTS_MAX]; /* what the query lets through */
    size_t count;
    struct os_channel_log log;
    enum os_channel_state look, open, next; /* what is answered; READING: by what is above */
    bool hides_bookmarks;                   /* strict: the event of a bookmark is never found */
    /* what was asked for */
    unsigned opened, closed;
    char bookmark[OS_CHANNEL_BOOKMARK_MAX]; /* at the latest opening; "": none */
    char query[600];
    bool strict;
} fake_channel;

/* Adds 9646 of MSExchangeIS, or an event with another id, as the next record. The log grows with it. */
void fake_channel_add(uint64_t record, unsigned event_id);

/* Forgets everything. */
void fake_channel_reset(void);

#endif
