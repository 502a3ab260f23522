/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live Windows event channel, read through the system's event API (Windows Event Log, wevtapi.dll): the
 * events as XML, in the order of their record ids, each with the bookmark from which reading goes on behind
 * it. Where there is no such API every call answers OS_CHANNEL_UNSUPPORTED.
 *
 * A subscription belongs to one thread. No call waits for events; each may take as long as the event log
 * service takes to answer. Every answer but OS_CHANNEL_READING comes with a fault that tells an administrator
 * what to do, and ends a subscription: it is to be closed and, later, opened anew.
 *
 * Source of the rules: "Subscribing to Events" and "EvtSubscribe function" in Microsoft's documentation.
 */
#ifndef MAPITAIL_OS_CHANNEL_H
#define MAPITAIL_OS_CHANNEL_H

#include "fault.h"
#include "sv.h"

#include <stdint.h>

enum os_channel_state {
    OS_CHANNEL_READING,     /* all is well */
    OS_CHANNEL_LOST,        /* the place to read on from is no longer in the log: wrapped, or cleared */
    OS_CHANNEL_AWAY,        /* the event log service stands still, or was restarted */
    OS_CHANNEL_MISSING,     /* there is no channel of that name */
    OS_CHANNEL_DENIED,      /* the account may not read it */
    OS_CHANNEL_QUERY,       /* the service refuses the XPath */
    OS_CHANNEL_UNSUPPORTED, /* this system has no event channels */
    OS_CHANNEL_FAILED,      /* anything else */
};

/* What stands in a channel's log now. */
struct os_channel_log {
    uint64_t oldest, newest; /* record ids; both 0 when the log is empty */
    uint64_t size_bytes;     /* of its file */
    int64_t created_ns;      /* since 1970; 0: not known */
};

enum os_channel_state os_channel_look(const char *channel, struct os_channel_log *out, struct fault *f);

struct os_channel_setup {
    const char *channel;  /* "Application", "Microsoft-Windows-Sysmon/Operational" */
    const char *query;    /* XPath of the events that are wanted; "*" is all */
    const char *bookmark; /* read what comes behind it; NULL: from the oldest event on */
    bool strict; /* OS_CHANNEL_LOST when the bookmark's event cannot be found, rather than from near it */
    /* There may be something to read. Called from a thread of the system's until the subscription is closed:
     * it must not block. */
    void (*news)(void *ctx);
    void *news_ctx;
};

struct os_channel;

/* Copies what setup points to. *out is set with OS_CHANNEL_READING only. */
enum os_channel_state os_channel_open(const struct os_channel_setup *setup, struct os_channel **out,
                                      struct fault *f);

/* Views live until the next call. */
struct os_channel_event {
    uint64_t record; /* its record id; 0: there is no event now */
    struct sv xml;   /* UTF-8; absent where the system could not render it */
    const char
        *bookmark; /* to open with: an XML document of the system's, shorter than OS_CHANNEL_BOOKMARK_MAX */
};

enum { OS_CHANNEL_BOOKMARK_MAX = 2048 };

/*
 * The next event, or none for now. Events come from the service in batches; one that is too large for a call
 * (RPC_S_INVALID_BOUND) is asked for again in halves.
 */
enum os_channel_state os_channel_next(struct os_channel *c, struct os_channel_event *event, struct fault *f);

/* Ends the subscription: news is not called any more once this returns. NULL is allowed. */
void os_channel_close(struct os_channel *c);

/* False, with a fault, on a system without event channels. Touches nothing. */
bool os_channel_is_supported(struct fault *f);

#endif
