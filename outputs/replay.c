/* SPDX-License-Identifier: Apache-2.0 */
/* The last acknowledged messages. */
#include "replay.h"

#include <stdint.h>

enum { LENGTH_BYTES = 4 };

bool replay_init(struct replay *r, size_t size_bytes)
{
    *r = (struct replay){.size = size_bytes};
    buf_init(&r->kept, 2 * size_bytes);
    return size_bytes == 0 || buf_room(&r->kept, 2 * size_bytes) != NULL;
}

void replay_free(struct replay *r)
{
    buf_free(&r->kept);
}

static struct sv message_at(const struct replay *r, size_t at)
{
    uint32_t n;
    memcpy(&n, r->kept.p + at, LENGTH_BYTES);
    return sv_make(r->kept.p + at + LENGTH_BYTES, n);
}

static size_t after(const struct replay *r, size_t at)
{
    return at + LENGTH_BYTES + message_at(r, at).n;
}

/* Moves what is kept to the front, so that as much again can be appended. */
static void slide(struct replay *r)
{
    size_t left = r->kept.n - r->begin;
    memmove(r->kept.p, r->kept.p + r->begin, left);
    r->at -= r->begin;
    r->begin = 0;
    buf_cut(&r->kept, left);
}

void replay_keep(struct replay *r, struct sv message)
{
    size_t need = LENGTH_BYTES + message.n;
    uint32_t n = (uint32_t)message.n;
    bool was_due = replay_is_due(r);
    while (r->begin < r->kept.n && (need > r->size || r->kept.n - r->begin > r->size - need))
        r->begin = after(r, r->begin);
    if (!was_due || r->at < r->begin)
        r->at = was_due ? r->begin : r->kept.n;
    if (need > r->size)
        return;
    if (r->kept.n + need > 2 * r->size)
        slide(r);
    buf_put(&r->kept, sv_make((const char *)&n, LENGTH_BYTES));
    buf_put(&r->kept, message);
    if (!was_due)
        r->at = r->kept.n;
}

void replay_rewind(struct replay *r)
{
    r->at = r->begin;
}

size_t replay_left(const struct replay *r)
{
    size_t count = 0;
    for (size_t at = r->at; at < r->kept.n; at = after(r, at))
        count++;
    return count;
}

struct sv replay_next(const struct replay *r)
{
    return message_at(r, r->at);
}

void replay_pass(struct replay *r)
{
    r->at = after(r, r->at);
}
