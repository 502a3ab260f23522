/* SPDX-License-Identifier: Apache-2.0 */
/* What goes and comes on a stream's connection. */
#include "stream_inner.h"

enum { ROUNDS_MAX = 16 }; /* sends in one go, so that neither side starves the other */

/* Reads what the peer said. What it said before its end counts, too. */
bool stream_listen(struct sink *s, struct fault *f)
{
    const struct box_ops *ops = s->box->ops;
    struct fault end;
    bool open = connection_receive(s->connection, ops->take ? &s->heard : NULL, &end);
    bool fine = !ops->take || ops->take(s->box, buf_sv(&s->heard), f);
    buf_reset(&s->heard);
    if (fine && !open)
        *f = end;
    return fine && open;
}

/* Gathers frames for one send. */
static bool gather(struct sink *s, struct fault *f)
{
    struct connection_room room = connection_room(s->connection);
    bool some = s->box->ops->fill(s->box, room.to, room.limit, room.base);
    if (!connection_commit(s->connection, f))
        return false;
    if (some && s->box->ops->seal && connection_is_sealed(s->connection))
        s->box->ops->seal(s->box, connection_end(s->connection));
    return true;
}

bool stream_pump(struct sink *s, struct fault *f)
{
    if (!stream_listen(s, f))
        return false;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        if (!s->candidate_is_up && connection_has_room(s->connection) && !gather(s, f))
            return false;
        bool had_some = connection_unsent(s->connection) > 0;
        if (!connection_send(s->connection, f))
            return false;
        if (!had_some || connection_unsent(s->connection) > 0)
            break;
    }
    return true;
}

void stream_note_progress(struct sink *s)
{
    if (s->box->answered != s->answered)
        s->answered_ms = os_monotonic_ms();
    if (s->box->delivered != s->delivered) {
        s->proved = true;
        s->ack_wait_ms = 1;
        targets_prove(&s->targets);
    }
    s->answered = s->box->answered;
    s->delivered = s->box->delivered;
}

void stream_settle(struct sink *s)
{
    const struct box_ops *ops = s->box->ops;
    if (ops->settle && (!ops->is_empty(s->box) || ops->is_waiting(s->box)))
        ops->settle(s->box, connection_acknowledged(s->connection));
}
