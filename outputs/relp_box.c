/* SPDX-License-Identifier: Apache-2.0 */
/* The batches lent to a RELP session. */
#include "relp_box.h"

#include "arena.h"
#include "backoff.h"
#include "lending.h"
#include "relp.h"

#include <stdio.h>
#include <stdlib.h>

enum { REASONS_BYTES_MAX = SINK_BATCH_ITEMS_MAX * 256 };

enum progress { UNSENT, SENT, REFUSED, SETTLED };

struct message {
    struct relp_batch *batch;
    struct sink_item *item;
    enum progress progress;
    unsigned refusals;
};

struct relp_batch {
    struct sink_batch *batch;
    size_t next;          /* everything before it is no longer UNSENT */
    size_t left;          /* not SETTLED */
    struct arena reasons; /* of rejections, until done returns */
    struct message messages[];
};

struct relp_box {
    struct box box; /* first */
    struct relp session;
    struct relp_batch *batches[RELP_BOX_BATCHES_MAX]; /* oldest first */
    size_t count;
    unsigned max_tries;
    size_t refused;          /* messages that are REFUSED */
    struct backoff refusals; /* until they are sent again */
    bool has_to_open;        /* the offers are still to be sent */
};

static struct relp_box *box_of(struct box *b)
{
    return (struct relp_box *)b;
}

static const struct relp_box *read_box(const struct box *b)
{
    return (const struct relp_box *)b;
}

/* ---- Batches in and out ---- */

static bool box_add(struct box *b, struct sink_batch *batch)
{
    struct relp_box *r = box_of(b);
    if (r->count == RELP_BOX_BATCHES_MAX)
        return false;
    struct relp_batch *lent = malloc(sizeof *lent + batch->count * sizeof lent->messages[0]);
    if (!lent)
        return false;
    *lent = (struct relp_batch){.batch = batch, .left = batch->count};
    for (size_t i = 0; i < batch->count; i++)
        lent->messages[i] = (struct message){.batch = lent, .item = &batch->items[i]};
    arena_init(&lent->reasons, REASONS_BYTES_MAX);
    lend_begin(batch);
    r->batches[r->count++] = lent;
    return true;
}

static bool box_is_empty(const struct box *b)
{
    return read_box(b)->count == 0;
}

static void return_batch(struct relp_box *r, size_t at)
{
    struct relp_batch *lent = r->batches[at];
    r->count--;
    for (size_t i = at; i < r->count; i++)
        r->batches[i] = r->batches[i + 1];
    r->box.given_back++;
    lend_end(&lent->batch, ITEM_RETRY, r->box.host);
    arena_free(&lent->reasons);
    free(lent);
}

/* Gives back what is finished. */
static void return_finished(struct relp_box *r)
{
    for (size_t i = 0; i < r->count;) {
        if (r->batches[i]->left)
            i++;
        else
            return_batch(r, i);
    }
}

static void box_give_back(struct box *b)
{
    while (box_of(b)->count)
        return_batch(box_of(b), 0);
}

/* ---- Verdicts ---- */

static void settle(struct message *m)
{
    m->progress = SETTLED;
    m->batch->left--;
}

static void reject(struct message *m, const char *reason)
{
    lend_reject(m->item, reason);
    settle(m);
}

static void reject_refused(struct message *m, const struct relp_answer *answer)
{
    char text[200];
    snprintf(text, sizeof text, "the receiver refused it %u times: %u %s", m->refusals, answer->code,
             answer->text);
    const char *reason = arena_cstr(&m->batch->reasons, sv_from(text));
    reject(m, reason ? reason : "the receiver refused it again and again");
}

static void take_answer(struct relp_box *r, const struct relp_answer *answer)
{
    struct message *m = answer->item;
    r->box.answered++;
    if (answer->code == 200) {
        m->item->result = ITEM_DELIVERED;
        r->box.delivered++;
        settle(m);
    } else if (++m->refusals >= r->max_tries) {
        reject_refused(m, answer);
    } else {
        m->progress = REFUSED;
        r->refused++;
        if (backoff_left(&r->refusals) == 0)
            backoff_fail(&r->refusals);
    }
}

static bool box_take(struct box *b, struct sv bytes, struct fault *f)
{
    struct relp_box *r = box_of(b);
    struct relp_answer answer;
    enum relp_event event;
    while ((event = relp_take(&r->session, &bytes, &answer, f)) != RELP_NOTHING && event != RELP_FAULT)
        if (event == RELP_ANSWERED)
            take_answer(r, &answer);
    return_finished(r);
    return event != RELP_FAULT;
}

/* ---- Sending ---- */

/* False: not now; the session's window or memory has its end. */
static bool send_message(struct relp_box *r, struct message *m, struct buf *out, size_t limit)
{
    struct sv body = m->item->body;
    if (body.n == 0 || body.n > RELP_MESSAGE_MAX) {
        reject(m, body.n ? "the message is longer than the 128 KiB of a RELP frame"
                         : "an empty message says nothing");
        return true;
    }
    if (out->n >= limit || !relp_may_send(&r->session) || !relp_send(&r->session, body, m, out))
        return false;
    m->progress = SENT;
    return true;
}

/* Those that were refused and have waited long enough. */
static bool send_refused(struct relp_box *r, struct buf *out, size_t limit)
{
    if (r->refused == 0)
        backoff_reset(&r->refusals);
    if (r->refused == 0 || backoff_left(&r->refusals) > 0)
        return true;
    for (size_t i = 0; i < r->count; i++)
        for (size_t j = 0; j < r->batches[i]->batch->count; j++) {
            struct message *m = &r->batches[i]->messages[j];
            if (m->progress != REFUSED)
                continue;
            if (!send_message(r, m, out, limit))
                return false;
            r->refused--;
        }
    return true;
}

static bool send_unsent(struct relp_box *r, struct buf *out, size_t limit)
{
    for (size_t i = 0; i < r->count; i++) {
        struct relp_batch *lent = r->batches[i];
        for (; lent->next < lent->batch->count; lent->next++) {
            struct message *m = &lent->messages[lent->next];
            if (m->progress == UNSENT && !send_message(r, m, out, limit))
                return false;
        }
    }
    return true;
}

static bool box_fill(struct box *b, struct buf *out, size_t limit, uint64_t base)
{
    struct relp_box *r = box_of(b);
    size_t before = out->n;
    (void)base;
    if (r->has_to_open && relp_begin(&r->session, out))
        r->has_to_open = false;
    if (r->session.state == RELP_OPEN && send_refused(r, out, limit))
        (void)send_unsent(r, out, limit);
    return_finished(r);
    return out->n > before;
}

/* ---- The session ---- */

static bool box_wants_peer(const struct box *b)
{
    return read_box(b)->count > 0;
}

static size_t box_begin(struct box *b)
{
    relp_reset(&box_of(b)->session);
    box_of(b)->has_to_open = true;
    return 0;
}

static bool box_is_open(const struct box *b)
{
    return read_box(b)->session.state == RELP_OPEN;
}

static bool box_is_waiting(const struct box *b)
{
    return read_box(b)->session.unanswered > 0;
}

static bool box_part(struct box *b, struct buf *out)
{
    return relp_end(&box_of(b)->session, out);
}

static bool box_is_over(const struct box *b)
{
    return read_box(b)->session.state == RELP_OVER;
}

/* What has no answer is to be sent again, as if it had never been; refusals are not forgotten. */
static void box_lose(struct box *b)
{
    struct relp_box *r = box_of(b);
    relp_reset(&r->session);
    r->refused = 0;
    for (size_t i = 0; i < r->count; i++) {
        r->batches[i]->next = 0;
        for (size_t j = 0; j < r->batches[i]->batch->count; j++)
            if (r->batches[i]->messages[j].progress != SETTLED)
                r->batches[i]->messages[j].progress = UNSENT;
    }
}

static void box_free(struct box *b)
{
    relp_free(&box_of(b)->session);
    free(b);
}

static const struct box_ops ops = {
    .add = box_add,
    .is_empty = box_is_empty,
    .wants_peer = box_wants_peer,
    .begin = box_begin,
    .is_open = box_is_open,
    .fill = box_fill,
    .take = box_take,
    .is_waiting = box_is_waiting,
    .part = box_part,
    .is_over = box_is_over,
    .lose = box_lose,
    .give_back = box_give_back,
    .free = box_free,
};

struct box *relp_box_new(const struct sink_host *host, size_t window, unsigned max_tries, struct fault *f)
{
    struct relp_box *r = malloc(sizeof *r);
    if (r) {
        *r = (struct relp_box){.box = {.ops = &ops, .host = host}, .max_tries = max_tries};
        if (relp_init(&r->session, window))
            return &r->box;
    }
    free(r);
    fault_set(f, FAULT_MEMORY, 0, "no memory for the messages of an output");
    return NULL;
}
