/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a stream share, and nobody else: stream.c is the contract of a sink and the states,
 * stream_turn.c coming, going and changing over, stream_bytes.c what goes and comes on a connection.
 */
#ifndef MAPITAIL_STREAM_INNER_H
#define MAPITAIL_STREAM_INNER_H

#include "connection.h"
#include "notifier.h"
#include "os_clock.h"
#include "stream.h"
#include "targets.h"

enum { GOODBYE_MS = 1000 }; /* for the peer to end its side after all is acknowledged */

enum stream_state { DOWN, COMING, OPENING, UP };

struct sink {
    const struct stream_config *config;
    struct connection_options options;
    struct box *box;
    struct targets targets;
    struct notifier notifiers[TARGETS_MAX]; /* one for each, so that taking turns is no news */
    enum stream_state state;
    struct connection *connection; /* all but DOWN */
    struct buf heard;              /* what the peer said, until the box has taken it */
    int64_t opening_until_ms;      /* OPENING */
    uint64_t delivered, answered;  /* of the box, when last looked at */
    bool is_fresh;                 /* something can be sent at once: the next step does not wait */
    bool proved;                   /* the peer has taken something on this connection */
    int64_t answered_ms;           /* UP: when the peer last said something that was waited for */
    int ack_wait_ms;

    struct connection *candidate; /* to the first receiver, while another one is used */
    bool candidate_is_up;
    int64_t return_at_ms;       /* when it is dialled */
    struct connection *leaving; /* has said good-bye, and waits for the peer's end */
    int64_t leaving_until_ms;

    bool wanted;          /* connect although nothing is lent: check */
    struct fault failure; /* the latest; code FAULT_NONE: none since the connection came up */
};

static inline int64_t stream_sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int stream_wait_until(int64_t until_ms, int wait_ms)
{
    int64_t left = until_ms - os_monotonic_ms();
    return left <= 0 ? 0 : (int)stream_sooner(left, wait_ms);
}

static inline struct notifier *stream_notifier(struct sink *s)
{
    return &s->notifiers[s->targets.current];
}

static inline const char *stream_target(const struct sink *s)
{
    return targets_current(&s->targets)->text;
}

/* ---- stream_turn.c ---- */

/* Closes what there is, but for a connection that is being left. */
void stream_disconnect(struct sink *s);
void stream_drop_candidate(struct sink *s);

/* An attempt came to nothing; a connection that was up is gone. */
void stream_fail(struct sink *s, const struct fault *f);
void stream_lose(struct sink *s, const struct fault *f);

/* The connection is there, and after that its session. */
void stream_open_session(struct sink *s);
void stream_come_up(struct sink *s);

/* Moves the way back to the first receiver on, and the end of a connection that was left; neither waits. */
void stream_step_candidate(struct sink *s);
void stream_step_leaving(struct sink *s);

/* ---- stream_bytes.c ---- */

/* Reads what the peer said; stream_pump then sends what can be sent, too. False: the connection is gone. */
bool stream_listen(struct sink *s, struct fault *f);
bool stream_pump(struct sink *s, struct fault *f);

/* Asks the system what the peer's TCP has acknowledged. Of a broken connection it would tell lies. */
void stream_settle(struct sink *s);

/* What the box has learned since the last look: the first proof on a connection ends the growing of waits. */
void stream_note_progress(struct sink *s);

#endif
