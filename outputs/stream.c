/* SPDX-License-Identifier: Apache-2.0 */
/* A sink over one TCP connection at a time, to one of several receivers. */
#include "stream_inner.h"

#include <stdlib.h>

enum {
    HEARD_BYTES_MAX = 1 << 20,  /* of what a peer says in one go; a box takes all of it at once */
    ACK_WAIT_MAX_MS = 64,       /* between looks at what the peer's TCP has acknowledged: there is no event */
    ANSWER_WAIT_MAX_MS = 250,   /* between looks at what a box wants to send again */
    SECOND_SOCKET_WAIT_MS = 20, /* between looks at a second connection, which is short-lived */
};

/* ---- The states. Each waits at most wait_ms for its next event and then acts. ---- */

static void step_down(struct sink *s, int wait_ms)
{
    bool wants = s->wanted || s->box->ops->wants_peer(s->box);
    int left = wants ? targets_left(&s->targets) : wait_ms;
    struct fault f;
    if (left > 0 && wait_ms > 0)
        os_sleep_ms((int)stream_sooner(left, wait_ms));
    if (!wants || targets_left(&s->targets) > 0)
        return;
    s->connection = connection_dial(&s->options, targets_current(&s->targets), &f);
    if (s->connection)
        s->state = COMING;
    else
        stream_fail(s, &f);
}

static void step_coming(struct sink *s, int wait_ms)
{
    struct fault f;
    enum connection_status status = connection_step(s->connection, wait_ms, &f);
    if (status == CONNECTION_UP)
        stream_open_session(s);
    else if (status == CONNECTION_FAILED)
        stream_fail(s, &f);
}

static void step_opening(struct sink *s, int wait_ms)
{
    struct fault f;
    if (wait_ms > 0)
        connection_wait(s->connection, stream_wait_until(s->opening_until_ms, wait_ms));
    if (!stream_pump(s, &f)) {
        stream_fail(s, &f);
    } else if (s->box->ops->is_open(s->box)) {
        stream_come_up(s);
    } else if (stream_wait_until(s->opening_until_ms, 1) == 0) {
        fault_set(&f, FAULT_TIMEOUT, 0,
                  "no answer to the opening of a session; does it speak this protocol?");
        stream_fail(s, &f);
    }
}

/* How long to wait for the socket: not everything that matters makes an event there. */
static int up_wait(struct sink *s, int wait_ms)
{
    const struct box_ops *ops = s->box->ops;
    int64_t wait = wait_ms;
    if (ops->take && !ops->is_empty(s->box))
        wait = stream_sooner(wait, ANSWER_WAIT_MAX_MS);
    if (ops->settle && ops->is_waiting(s->box)) {
        wait = stream_sooner(wait, s->ack_wait_ms);
        s->ack_wait_ms = (int)stream_sooner((int64_t)s->ack_wait_ms * 2, ACK_WAIT_MAX_MS);
    } else {
        s->ack_wait_ms = 1;
    }
    if (s->candidate || s->leaving)
        wait = stream_sooner(wait, SECOND_SOCKET_WAIT_MS);
    return (int)wait;
}

/* A peer that takes everything and answers nothing is only found by the clock. */
static bool is_mute(struct sink *s, struct fault *f)
{
    if (!s->box->ops->take)
        return false;
    if (!s->box->ops->is_waiting(s->box))
        s->answered_ms = os_monotonic_ms();
    if (os_monotonic_ms() - s->answered_ms < s->config->send_timeout_ms)
        return false;
    fault_set(f, FAULT_TIMEOUT, 0, "no answer within send_timeout");
    return true;
}

static void step_up(struct sink *s, int wait_ms)
{
    struct fault f;
    if (wait_ms > 0)
        connection_wait(s->connection, up_wait(s, wait_ms));
    bool alive = stream_pump(s, &f);
    if (alive)
        stream_settle(s);
    stream_note_progress(s);
    if (!alive || is_mute(s, &f))
        stream_lose(s, &f);
    else
        stream_step_candidate(s);
}

static void step(struct sink *s, int wait_ms)
{
    stream_step_leaving(s);
    if (s->is_fresh)
        wait_ms = 0;
    s->is_fresh = false;
    switch (s->state) {
    case DOWN:
        step_down(s, wait_ms);
        return;
    case COMING:
        step_coming(s, wait_ms);
        return;
    case OPENING:
        step_opening(s, wait_ms);
        return;
    case UP:
        step_up(s, wait_ms);
        return;
    }
}

/* ---- The contract ---- */

bool stream_validate(const struct stream_config *c, const char *default_port, struct fault *f)
{
    struct targets ignored;
    return targets_parse(&ignored, c->address, &c->failover, default_port, f);
}

static void set_options(struct sink *s, const struct stream_options *o)
{
    s->config = o->config;
    s->options = (struct connection_options){.connect_timeout_ms = (int)o->config->connect_timeout_ms,
                                             .send_timeout_ms = (int)o->config->send_timeout_ms,
                                             .keep_alive_ms = (int)o->config->keep_alive_ms,
                                             .tls = o->tls,
                                             .server_name = o->server_name};
}

/* Files that cannot be read are a mistake to be told at the start; later they are read again each time. */
static bool probe_tls(const struct sink *s, struct fault *f)
{
    if (!s->options.tls)
        return true;
    const char *name = connection_peer_name(&s->options, targets_current(&s->targets));
    struct tls *probe = tls_open(s->options.tls, name, f);
    tls_close(probe);
    return probe != NULL;
}

struct sink *stream_open(const struct stream_options *o, struct box *box, const struct sink_host *host,
                         struct fault *f)
{
    struct sink *s = box ? calloc(1, sizeof *s) : NULL;
    if (!box)
        return NULL;
    if (!s) {
        box->ops->free(box);
        fault_set(f, FAULT_MEMORY, 0, "no memory for a connection");
        return NULL;
    }
    s->box = box;
    set_options(s, o);
    buf_init(&s->heard, HEARD_BYTES_MAX);
    for (size_t i = 0; i < TARGETS_MAX; i++)
        s->notifiers[i].host = host;
    if (targets_parse(&s->targets, o->config->address, &o->config->failover, o->default_port, f) &&
        probe_tls(s, f))
        return s;
    box->ops->free(box);
    free(s);
    return NULL;
}

bool stream_submit(struct sink *s, struct sink_batch *batch)
{
    return s->box->ops->add(s->box, batch);
}

int stream_poll(struct sink *s, int timeout_ms)
{
    int before = s->box->given_back;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    step(s, 0);
    while (s->box->given_back == before && stream_wait_until(until_ms, timeout_ms) > 0)
        step(s, stream_wait_until(until_ms, timeout_ms));
    return s->box->given_back - before;
}

bool stream_flush(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    do
        stream_poll(s, stream_wait_until(until_ms, timeout_ms));
    while (!s->box->ops->is_empty(s->box) && stream_wait_until(until_ms, timeout_ms) > 0);
    return s->box->ops->is_empty(s->box);
}

/* Has the box say its last words and waits for the answer to them. */
static bool part(struct sink *s, int64_t until_ms)
{
    const struct box_ops *ops = s->box->ops;
    struct fault ignored;
    if (!ops->part || !ops->part(s->box, connection_room(s->connection).to))
        return true;
    if (!connection_commit(s->connection, &ignored))
        return false;
    while (!ops->is_over(s->box) && stream_wait_until(until_ms, GOODBYE_MS) > 0) {
        if (!connection_send(s->connection, &ignored) || !stream_listen(s, &ignored))
            return false;
        if (!ops->is_over(s->box))
            connection_wait(s->connection, stream_wait_until(until_ms, GOODBYE_MS));
    }
    return true;
}

/* Ends our side and waits for the peer's end, which tells that it has read everything. */
static void say_goodbye(struct sink *s, int64_t until_ms)
{
    until_ms = stream_sooner(until_ms, os_monotonic_ms() + GOODBYE_MS);
    struct fault ignored;
    if (connection_unsent(s->connection) > 0 || !part(s, until_ms) || !connection_goodbye(s->connection))
        return;
    while (stream_listen(s, &ignored) && stream_wait_until(until_ms, GOODBYE_MS) > 0) {
        stream_settle(s);
        connection_wait(s->connection, stream_wait_until(until_ms, GOODBYE_MS));
    }
}

/* Tries one receiver, and leaves it again in good order. */
static bool reach(struct sink *s, size_t index, int64_t until_ms, struct fault *f)
{
    int wait_ms = stream_wait_until(until_ms, INT32_MAX);
    targets_go_to(&s->targets, index);
    backoff_reset(&s->targets.backoff);
    s->failure.code = FAULT_NONE;
    while (s->state != UP && s->failure.code == FAULT_NONE && stream_wait_until(until_ms, wait_ms) > 0)
        step(s, stream_wait_until(until_ms, wait_ms));
    const char *name = s->targets.items[index].text;
    bool reached = s->state == UP;
    if (reached)
        say_goodbye(s, until_ms);
    else if (s->failure.code != FAULT_NONE)
        fault_set(f, s->failure.code, s->failure.os_error, "%.110s: %.140s", name,
                  address_reason(name, &s->failure));
    else
        fault_set(f, FAULT_TIMEOUT, 0, "%.110s: no answer in time", name);
    stream_disconnect(s);
    return reached;
}

/* Every receiver is tried, so that one that is needed only one day is known to answer. */
bool stream_check(struct sink *s, int timeout_ms, struct fault *f)
{
    int64_t begin_ms = os_monotonic_ms();
    size_t reached = 0, count = s->targets.count;
    struct fault why;
    if (s->state == UP)
        return true;
    s->wanted = true;
    for (size_t i = 0; i < count; i++) {
        if (reach(s, i, begin_ms + (int64_t)timeout_ms * (int64_t)(i + 1) / (int64_t)count, &why)) {
            reached++;
        } else {
            if (count > 1)
                notify(&s->notifiers[i], NOTICE_WARNING, "cannot connect to %s", why.text);
            if (i == 0)
                *f = why;
        }
    }
    s->wanted = false;
    targets_go_to(&s->targets, 0);
    return reached > 0;
}

void stream_close(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    stream_drop_candidate(s);
    s->return_at_ms = INT64_MAX;
    while (s->state == UP && !s->box->ops->is_empty(s->box) && stream_wait_until(until_ms, timeout_ms) > 0)
        step(s, stream_wait_until(until_ms, timeout_ms));
    if (s->state == UP)
        say_goodbye(s, until_ms);
    stream_disconnect(s);
    connection_close(s->leaving);
    s->box->ops->give_back(s->box);
    s->box->ops->free(s->box);
    buf_free(&s->heard);
    free(s);
}
