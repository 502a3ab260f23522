/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live event channel as a source: it gives events and positions as a parser does, and its position is a
 * bookmark. Each event is rendered once, as XML, and read by the XML parser, so that the server's language
 * does not matter: insertion strings stand in the XML as they were logged.
 *
 * In a position `record` is the record id of the event read last, 0 before the first; `check` is the newest
 * record id that the log had when there was last nothing left to read: what was overwritten up to there had
 * been seen. The bookmark is the system's text for `record`.
 *
 * When a subscription is opened the log is looked at first. Where it no longer holds what comes behind the
 * position it has wrapped, or it was cleared: that is told as STEP_GAP, and reading goes on with the oldest
 * event. A log that is cleared goes on numbering its events; a new one begins at 1.
 *
 * No call waits. A channel belongs to one thread.
 */
#ifndef MAPITAIL_CHANNEL_H
#define MAPITAIL_CHANNEL_H

#include "os_channel.h"
#include "parser.h"

enum { CHANNEL_LOOK_MS = 60000 };

/* How it is with the channel: each of them is shown by `mapitail status` under the name that it has there. */
enum channel_state {
    CHANNEL_UNOPENED,
    CHANNEL_READING,
    CHANNEL_CLEARED, /* found so, and nothing has come since */
    CHANNEL_WRAPPED, /* the same */
    CHANNEL_LOST,    /* wrapped or cleared while it was read; the next opening tells which */
    CHANNEL_AWAY,
    CHANNEL_MISSING,
    CHANNEL_DENIED,
    CHANNEL_QUERY,
    CHANNEL_UNSUPPORTED,
    CHANNEL_FAILED,
};

/* What setup points to is borrowed until channel_free, bookmark until channel_new returns. */
struct channel_setup {
    const char *name;
    const char *query; /* XPath; NULL: what the selector says (channel_query.h) */
    const struct selector *selector;
    const struct parser_ops *xml; /* reads one rendered event */
    bool from_end;                /* what is in the log at the first opening is old */
    struct position position;     /* saved; all 0 for a new one */
    const char *bookmark;         /* saved with it; NULL: none */
    int64_t created_ns;           /* of the log, saved with it; 0: not known */
    int64_t look_ms;              /* how often the log is looked at while there is nothing to read */
    void (*news)(void *ctx);      /* as in struct os_channel_setup */
    void *news_ctx;
};

struct channel;

/* Opens nothing yet. NULL without memory. */
struct channel *channel_new(const struct channel_setup *setup);
void channel_free(struct channel *c); /* NULL is allowed */

/*
 * One step, as a parser's: STEP_EVENT, STEP_PROGRESS, STEP_MORE, STEP_GAP (wrapped or cleared), STEP_SKIP (an
 * event that cannot be rendered or read) or STEP_FATAL: the subscription is over. The next call opens one,
 * behind safe: the position up to which everything is settled. Nothing may be in flight then.
 */
void channel_next(struct channel *c, const struct position *safe, struct event *event, struct step *step);

/* Opens a subscription for a moment and reads nothing. False with a fault that tells why there is none. */
bool channel_try(const struct channel_setup *setup, struct fault *f);

/* Ends the subscription; what is known of the channel stays. */
void channel_close(struct channel *c);

enum channel_state channel_state(const struct channel *c);
const char *channel_state_name(enum channel_state s); /* "access denied" */

/* Nothing can be read until this is over. */
static inline bool channel_fails(enum channel_state s)
{
    return s >= CHANNEL_LOST;
}

/* Events read so far; *is_least when the service leaves out what is not wanted. */
uint64_t channel_records(const struct channel *c, bool *is_least);

/* The bookmark to save with a position, NULL before the first event. It lives until the next call. Positions
 * come in the order of reading. */
const char *channel_bookmark(struct channel *c, const struct position *p);
int64_t channel_created_ns(const struct channel *c);

#endif
