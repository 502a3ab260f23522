/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's receivers: coming to one, losing it, and changing over to another. */
#include "stream_inner.h"

/* ---- Coming and going ---- */

void stream_drop_candidate(struct sink *s)
{
    connection_close(s->candidate);
    s->candidate = NULL;
    s->candidate_is_up = false;
    s->return_at_ms = os_monotonic_ms() + s->config->return_after_ms;
}

void stream_disconnect(struct sink *s)
{
    connection_close(s->connection);
    s->connection = NULL;
    buf_reset(&s->heard);
    stream_drop_candidate(s);
    s->state = DOWN;
}

/* The attempt came to nothing: what is lent stays, for nothing of it was sent. */
void stream_fail(struct sink *s, const struct fault *f)
{
    enum notice_level level = f->code == FAULT_TLS || f->code == FAULT_CONFIG ? NOTICE_ERROR : NOTICE_WARNING;
    struct notifier *n = stream_notifier(s);
    const char *failed = stream_target(s);
    s->failure = *f;
    stream_disconnect(s);
    targets_fail(&s->targets);
    if (s->wanted) /* a check hands out the fault itself */
        return;
    if (s->targets.failed)
        notify(n, level, "cannot connect to %s: %s; %s is next", failed, address_reason(failed, f),
               stream_target(s));
    else
        notify(n, level, "cannot connect to %s: %s", failed, address_reason(failed, f));
}

/* The connection is gone: nobody knows what of the rest arrived, so all of it is to be sent again. */
void stream_lose(struct sink *s, const struct fault *f)
{
    bool was_busy = !s->box->ops->is_empty(s->box), first_answers = s->candidate_is_up;
    s->failure = *f;
    stream_disconnect(s);
    notify(stream_notifier(s), was_busy ? NOTICE_WARNING : NOTICE_INFO, "connection to %s lost: %s",
           stream_target(s), f->text);
    if (first_answers)
        targets_go_to(&s->targets, 0);
    else if (s->proved)
        targets_lose(&s->targets);
    else
        targets_fail(&s->targets);
    s->box->ops->lose(s->box);
}

static void tell_of_connection(struct sink *s)
{
    char suite[80];
    connection_describe(s->connection, suite, sizeof suite);
    if (!s->options.tls)
        notify(stream_notifier(s), NOTICE_INFO, "connected to %s", stream_target(s));
    else if (s->options.tls->verify)
        notify(stream_notifier(s), NOTICE_INFO, "connected to %s (%s)", stream_target(s), suite);
    else
        notify(stream_notifier(s), NOTICE_WARNING,
               "connected to %s (%s) WITHOUT VERIFYING WHO IT IS: anybody in between can read and change "
               "everything (verify: false)",
               stream_target(s), suite);
}

void stream_come_up(struct sink *s)
{
    s->state = UP;
    s->is_fresh = true;
    s->failure.code = FAULT_NONE;
    s->ack_wait_ms = 1;
    s->answered_ms = os_monotonic_ms();
    s->return_at_ms = s->answered_ms + s->config->return_after_ms;
    tell_of_connection(s);
}

void stream_open_session(struct sink *s)
{
    size_t repeats = s->box->ops->begin(s->box);
    s->proved = false;
    if (s->box->ops->is_open) {
        s->state = OPENING;
        s->is_fresh = true;
        s->opening_until_ms = os_monotonic_ms() + s->config->connect_timeout_ms;
        return;
    }
    stream_come_up(s);
    if (repeats)
        notify(stream_notifier(s), NOTICE_INFO,
               "sending %zu messages again to %s: they were acknowledged, but the receiver may have died "
               "before it read them",
               repeats, stream_target(s));
}

/* ---- Leaving one receiver for another ---- */

/* Says good-bye to a connection on which nothing is under way and waits beside everything else for its end.
 */
static void leave(struct sink *s)
{
    const struct box_ops *ops = s->box->ops;
    struct fault ignored;
    connection_close(s->leaving);
    s->leaving = s->connection;
    s->connection = NULL;
    s->leaving_until_ms = os_monotonic_ms() + GOODBYE_MS;
    if (ops->part && ops->part(s->box, connection_room(s->leaving).to) &&
        (!connection_commit(s->leaving, &ignored) || !connection_send(s->leaving, &ignored)))
        s->leaving_until_ms = 0;
    if (!connection_goodbye(s->leaving))
        s->leaving_until_ms = 0;
}

void stream_step_leaving(struct sink *s)
{
    struct fault ignored;
    if (!s->leaving || (stream_wait_until(s->leaving_until_ms, GOODBYE_MS) > 0 &&
                        connection_receive(s->leaving, NULL, &ignored)))
        return;
    connection_close(s->leaving);
    s->leaving = NULL;
}

static void return_to_first(struct sink *s)
{
    notify(stream_notifier(s), NOTICE_INFO, "leaving %s: %s answers again", stream_target(s),
           s->targets.items[0].text);
    leave(s);
    s->connection = s->candidate;
    s->candidate = NULL;
    s->candidate_is_up = false;
    targets_go_to(&s->targets, 0);
    stream_open_session(s);
}

static void candidate_failed(struct sink *s, const struct fault *f)
{
    notify(&s->notifiers[0], NOTICE_INFO, "staying with %s: cannot return to %s: %s", stream_target(s),
           s->targets.items[0].text, address_reason(s->targets.items[0].text, f));
    stream_drop_candidate(s);
}

/* While another receiver is used: dials the first one when it is time, and changes over when it answers and
 * nothing is under way. */
void stream_step_candidate(struct sink *s)
{
    struct fault f;
    if (s->targets.current == 0 || s->config->return_after_ms == 0)
        return;
    if (!s->candidate) {
        if (os_monotonic_ms() < s->return_at_ms)
            return;
        s->candidate = connection_dial(&s->options, &s->targets.items[0], &f);
        if (!s->candidate)
            candidate_failed(s, &f);
        return;
    }
    enum connection_status status = connection_step(s->candidate, 0, &f);
    if (status == CONNECTION_UP && s->candidate_is_up && !connection_receive(s->candidate, NULL, &f))
        status = CONNECTION_FAILED; /* it went away again while the other one was waited for */
    if (status == CONNECTION_FAILED)
        candidate_failed(s, &f);
    else if (status == CONNECTION_UP)
        s->candidate_is_up = true;
    if (s->candidate_is_up && connection_unsent(s->connection) == 0 && !s->box->ops->is_waiting(s->box))
        return_to_first(s);
}
