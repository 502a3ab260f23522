/* SPDX-License-Identifier: Apache-2.0 */
/* The one contract suite for sinks. */
#include "sink_contract.h"

#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCHES_MAX = 300,
    BATCH_ITEMS = 100,
    PATIENCE_MS = 30000, /* for what must happen sooner or later */
    CLOSE_MS = 1500,     /* timeout given to close in the tests of its haste */
    HASTE_MS = 5000,     /* promise: stop within five seconds whatever the sinks do */
    BODY_BYTES = 160,
};

/* One batch and what became of it. */
struct lent {
    struct sink_batch batch;
    struct sink_item *items;
    char *bodies;
    bool is_lent;
    int times_back;
};

struct harness {
    const struct contract_fixture *fixture;
    struct sink *sink;
    struct sink_host host;
    bool callbacks_allowed;
    struct lent lent[BATCHES_MAX];
    size_t batches;
    size_t next_number; /* of messages: the body tells it */
    size_t delivered, retried, rejected;
};

static void on_done(void *ctx, struct sink_batch *batch)
{
    struct harness *h = ctx;
    struct lent *l = batch->owner;
    cr_assert(h->callbacks_allowed, "done outside poll, flush and close");
    cr_assert(l->is_lent, "a batch that is not lent was given back");
    l->is_lent = false;
    l->times_back++;
    for (size_t i = 0; i < batch->count; i++) {
        enum item_result r = batch->items[i].result;
        cr_assert(r != ITEM_PENDING, "item %zu came back without a result", i);
        cr_assert(r != ITEM_REJECTED || batch->items[i].reason, "rejected without a reason");
        h->delivered += r == ITEM_DELIVERED;
        h->retried += r == ITEM_RETRY;
        h->rejected += r == ITEM_REJECTED;
    }
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    struct harness *h = ctx;
    (void)level;
    cr_assert(h->callbacks_allowed, "notice outside poll, flush, check and close: %s", text);
    cr_assert(*text);
}

static struct harness *harness_new(const struct contract_fixture *fixture)
{
    struct harness *h = calloc(1, sizeof *h);
    h->fixture = fixture;
    h->host = (struct sink_host){.ctx = h, .done = on_done, .notice = on_notice};
    return h;
}

static void harness_open(struct harness *h, const void *config)
{
    struct fault f;
    h->sink = h->fixture->ops->open(config, &h->host, &f);
    cr_assert(h->sink, "%s", f.text);
}

static struct harness *open_healthy(const struct contract_fixture *fixture)
{
    struct harness *h = harness_new(fixture);
    harness_open(h, fixture->setup());
    return h;
}

static int call_poll(struct harness *h, int timeout_ms)
{
    h->callbacks_allowed = true;
    int given = h->fixture->ops->poll(h->sink, timeout_ms);
    h->callbacks_allowed = false;
    return given;
}

static bool call_flush(struct harness *h, int timeout_ms)
{
    h->callbacks_allowed = true;
    bool flushed = h->fixture->ops->flush(h->sink, timeout_ms);
    h->callbacks_allowed = false;
    return flushed;
}

/* A check may say something, but gives nothing back: nothing is lent. */
static bool call_check(struct harness *h, int timeout_ms, struct fault *f)
{
    h->callbacks_allowed = true;
    bool reached = h->fixture->ops->check(h->sink, timeout_ms, f);
    h->callbacks_allowed = false;
    return reached;
}

static void call_close(struct harness *h, int timeout_ms)
{
    h->callbacks_allowed = true;
    h->fixture->ops->close(h->sink, timeout_ms);
    h->callbacks_allowed = false;
    h->sink = NULL;
}

/* Body n: a short syslog message that ends in its number. */
static size_t write_body(char *to, size_t n, size_t bytes)
{
    int head = snprintf(to, bytes, "<11>1 - host mapitail - 9646 - ");
    memset(to + head, '.', bytes - (size_t)head);
    snprintf(to + bytes - 9, 9, "%08zu", n);
    return bytes - 1;
}

static struct lent *make_batch(struct harness *h, size_t count, size_t body_bytes)
{
    cr_assert(h->batches < BATCHES_MAX);
    struct lent *l = &h->lent[h->batches++];
    l->items = calloc(count, sizeof *l->items);
    l->bodies = malloc(count * body_bytes);
    for (size_t i = 0; i < count; i++) {
        char *body = l->bodies + i * body_bytes;
        size_t n = write_body(body, h->next_number++, body_bytes);
        l->items[i] = (struct sink_item){.body = {body, n}, .key = SV("key"), .time_ms = 1700000000000};
        l->batch.bytes += n;
    }
    l->batch.items = l->items;
    l->batch.count = count;
    l->batch.owner = l;
    return l;
}

static bool call_submit(struct harness *h, struct lent *l)
{
    l->is_lent = true;
    if (h->fixture->ops->submit(h->sink, &l->batch))
        return true;
    l->is_lent = false;
    return false;
}

static void submit_surely(struct harness *h, struct lent *l)
{
    int64_t until = os_monotonic_ms() + PATIENCE_MS;
    while (!call_submit(h, l)) {
        cr_assert(os_monotonic_ms() < until, "busy for ever");
        call_poll(h, 50);
    }
}

/* Polls until the batch is back. */
static void wait_for(struct harness *h, const struct lent *l)
{
    int64_t until = os_monotonic_ms() + PATIENCE_MS;
    while (l->is_lent) {
        cr_assert(os_monotonic_ms() < until, "the batch was not given back");
        call_poll(h, 50);
    }
}

/* Sends until every item is delivered; what comes back for a retry is sent again. */
static void deliver(struct harness *h, struct lent *l)
{
    int64_t until = os_monotonic_ms() + PATIENCE_MS;
    do {
        submit_surely(h, l);
        wait_for(h, l);
        size_t left = 0;
        for (size_t i = 0; i < l->batch.count; i++)
            if (l->items[i].result == ITEM_RETRY)
                l->items[left++] = l->items[i];
        l->batch.count = left;
        cr_assert(os_monotonic_ms() < until, "not delivered in time");
    } while (l->batch.count);
}

static void everything_is_back(const struct harness *h)
{
    for (size_t i = 0; i < h->batches; i++)
        cr_assert_not(h->lent[i].is_lent, "batch %zu was kept", i);
}

static size_t number_of(const char *message)
{
    size_t n = strlen(message);
    cr_assert(n >= 8, "a message arrived mutilated: %s", message);
    return strtoul(message + n - 8, NULL, 10);
}

static void forget_log(struct peer_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->messages[i]);
    free(log->messages);
}

/* How often each of the first `count` messages arrived; unordered counts steps back from one to the next. */
static unsigned *arrivals(const struct contract_fixture *fixture, size_t count, size_t *unordered)
{
    struct peer_log log = PEER_LOG_INIT;
    unsigned *seen = calloc(count, sizeof *seen);
    fixture->received(&log);
    *unordered = 0;
    for (size_t i = 0; i < log.count; i++) {
        size_t n = number_of(log.messages[i]);
        cr_assert(n < count, "a message that was never sent: %s", log.messages[i]);
        seen[n]++;
        *unordered += i && n < number_of(log.messages[i - 1]);
    }
    forget_log(&log);
    return seen;
}

/* Waits until so many messages have arrived. */
static void wait_for_arrival(const struct contract_fixture *fixture, size_t count)
{
    for (int64_t until = os_monotonic_ms() + PATIENCE_MS;;) {
        struct peer_log log = PEER_LOG_INIT;
        fixture->received(&log);
        size_t n = log.count;
        forget_log(&log);
        if (n >= count)
            return;
        cr_assert(os_monotonic_ms() < until, "%zu of %zu messages arrived", n, count);
        os_sleep_ms(10);
    }
}

static void all_arrived_once_in_order(const struct contract_fixture *fixture, size_t count)
{
    size_t unordered;
    wait_for_arrival(fixture, count);
    unsigned *seen = arrivals(fixture, count, &unordered);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(seen[i], 1, "message %zu arrived %u times", i, seen[i]);
    cr_assert_eq(unordered, 0, "%zu messages overtook others", unordered);
    free(seen);
}

static void all_arrived(const struct contract_fixture *fixture, size_t count)
{
    size_t unordered;
    unsigned *seen = arrivals(fixture, count, &unordered);
    for (size_t i = 0; i < count; i++)
        cr_assert(seen[i] >= 1, "message %zu is lost", i);
    free(seen);
}

static void finish(struct harness *h)
{
    if (h->sink)
        call_close(h, CLOSE_MS);
    everything_is_back(h);
    if (h->fixture->teardown)
        h->fixture->teardown();
    for (size_t i = 0; i < h->batches; i++) {
        free(h->lent[i].items);
        free(h->lent[i].bodies);
    }
    free(h);
}

void contract_every_accepted_batch_is_given_back_exactly_once(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    for (int i = 0; i < 20; i++)
        submit_surely(h, make_batch(h, 1 + (size_t)i * 7, BODY_BYTES));
    for (size_t i = 0; i < h->batches; i++)
        wait_for(h, &h->lent[i]);
    call_close(h, CLOSE_MS);
    for (size_t i = 0; i < h->batches; i++)
        cr_assert_eq(h->lent[i].times_back, 1);
    cr_assert_eq(h->delivered + h->retried + h->rejected, h->next_number);
    finish(h);
}

void contract_ten_thousand_messages_arrive_exactly_once_in_order(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    for (int i = 0; i < 10000 / BATCH_ITEMS; i++) {
        struct lent *l = make_batch(h, BATCH_ITEMS, BODY_BYTES);
        submit_surely(h, l);
        if (fixture->is_lossy) {
            wait_for(h, l);
            wait_for_arrival(fixture, h->next_number);
        }
    }
    for (size_t i = 0; i < h->batches; i++)
        wait_for(h, &h->lent[i]);
    cr_assert_eq(h->delivered, 10000, "%zu delivered, %zu to be retried, %zu rejected", h->delivered,
                 h->retried, h->rejected);
    all_arrived_once_in_order(fixture, 10000);
    finish(h);
}

void contract_a_busy_sink_takes_nothing(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    struct lent *l;
    do
        l = make_batch(h, SINK_BATCH_ITEMS_MAX, BODY_BYTES);
    while (call_submit(h, l) && h->batches < BATCHES_MAX);
    cr_assert_not(l->is_lent, "never busy: its memory has no bound");
    for (size_t i = 0; i < l->batch.count; i++)
        cr_assert_eq(l->items[i].result, ITEM_PENDING);
    for (size_t i = 0; i + 1 < h->batches; i++)
        wait_for(h, &h->lent[i]);
    cr_assert_eq(l->times_back, 0);
    finish(h);
}

void contract_flush_is_true_only_when_nothing_is_lent(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    cr_assert(call_flush(h, 0), "with nothing lent");
    for (int i = 0; i < 5; i++)
        submit_surely(h, make_batch(h, BATCH_ITEMS, BODY_BYTES));
    int64_t until = os_monotonic_ms() + PATIENCE_MS;
    while (!call_flush(h, 20))
        cr_assert(os_monotonic_ms() < until, "never flushed");
    everything_is_back(h);
    finish(h);
}

void contract_an_idle_poll_gives_nothing_back_and_keeps_its_timeout(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    int64_t begin = os_monotonic_ms();
    cr_assert_eq(call_poll(h, 0), 0);
    cr_assert_eq(call_poll(h, 100), 0);
    deliver(h, make_batch(h, 1, BODY_BYTES));
    cr_assert_eq(call_poll(h, 100), 0);
    cr_assert_lt(os_monotonic_ms() - begin, PATIENCE_MS);
    finish(h);
}

void contract_close_gives_back_what_was_never_polled(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    struct lent *l = make_batch(h, BATCH_ITEMS, BODY_BYTES);
    submit_surely(h, l);
    call_close(h, CLOSE_MS);
    cr_assert_eq(l->times_back, 1);
    cr_assert_eq(h->delivered + h->retried, BATCH_ITEMS);
    finish(h);
}

void contract_closing_nothing_is_allowed(const struct contract_fixture *fixture)
{
    fixture->ops->close(NULL, 0);
    struct harness *h = open_healthy(fixture);
    call_close(h, 0);
    finish(h);
}

void contract_what_a_lost_peer_did_not_get_arrives_after_its_return(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    deliver(h, make_batch(h, BATCH_ITEMS, BODY_BYTES));
    wait_for_arrival(fixture, h->next_number);
    fixture->peer_stop();
    call_poll(h, 100);
    size_t before = h->delivered;
    struct lent *l = make_batch(h, BATCH_ITEMS, BODY_BYTES);
    for (int64_t until = os_monotonic_ms() + 2500; os_monotonic_ms() < until;) {
        if (!l->is_lent)
            call_submit(h, l);
        call_poll(h, 100);
    }
    cr_assert_eq(h->delivered, before, "%zu delivered to nobody", h->delivered - before);
    fixture->peer_start();
    if (l->is_lent)
        wait_for(h, l);
    if (h->delivered == before)
        deliver(h, l);
    wait_for_arrival(fixture, h->next_number);
    all_arrived(fixture, h->next_number);
    finish(h);
}

void contract_a_peer_restarted_while_idle_costs_nothing(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    for (int i = 0; i < 2; i++) {
        deliver(h, make_batch(h, BATCH_ITEMS, BODY_BYTES));
        wait_for_arrival(fixture, h->next_number);
        fixture->peer_stop();
        fixture->peer_start();
        call_poll(h, 0);
    }
    deliver(h, make_batch(h, BATCH_ITEMS, BODY_BYTES));
    wait_for_arrival(fixture, h->next_number);
    all_arrived(fixture, h->next_number);
    finish(h);
}

/* Lends as much as is taken, lets it work a little, and wants it closed in time with everything back. */
static void close_in_haste(struct harness *h)
{
    for (int i = 0; i < 8; i++)
        if (!call_submit(h, make_batch(h, SINK_BATCH_ITEMS_MAX, 2000)))
            call_poll(h, 100);
    call_poll(h, 300);
    int64_t begin = os_monotonic_ms();
    call_close(h, CLOSE_MS);
    cr_assert_lt(os_monotonic_ms() - begin, HASTE_MS);
    everything_is_back(h);
}

void contract_close_is_quick_when_the_peer_is_gone(const struct contract_fixture *fixture)
{
    struct harness *h = open_healthy(fixture);
    deliver(h, make_batch(h, BATCH_ITEMS, BODY_BYTES));
    fixture->peer_stop();
    close_in_haste(h);
    cr_assert_eq(h->rejected, 0);
    finish(h);
}

void contract_close_is_quick_when_the_peer_hangs(const struct contract_fixture *fixture)
{
    struct harness *h = harness_new(fixture);
    const void *config = fixture->setup();
    fixture->peer_hang();
    harness_open(h, config);
    close_in_haste(h);
    cr_assert(h->retried > 0, "%zu messages delivered to a peer that reads nothing", h->delivered);
    finish(h);
}

static void close_nowhere(const struct contract_fixture *fixture, const void *(*nowhere)(void))
{
    struct harness *h = harness_new(fixture);
    harness_open(h, nowhere());
    close_in_haste(h);
    cr_assert_eq(h->delivered, 0);
    cr_assert(h->retried > 0);
    h->fixture->teardown();
    for (size_t i = 0; i < h->batches; i++) {
        free(h->lent[i].items);
        free(h->lent[i].bodies);
    }
    free(h);
}

void contract_close_is_quick_when_the_port_refuses(const struct contract_fixture *fixture)
{
    close_nowhere(fixture, fixture->refused);
}

void contract_close_is_quick_when_the_address_never_answers(const struct contract_fixture *fixture)
{
    close_nowhere(fixture, fixture->black_hole);
}

void contract_the_check_tells_a_healthy_peer_from_none(const struct contract_fixture *fixture)
{
    struct fault f = {.code = FAULT_NONE};
    struct harness *h = open_healthy(fixture);
    cr_assert(call_check(h, 10000, &f), "%s", f.text);
    call_close(h, CLOSE_MS);
    if (fixture->refused && !fixture->is_lossy) {
        harness_open(h, fixture->refused());
        cr_assert_not(call_check(h, 10000, &f));
        cr_assert(f.code != FAULT_NONE && f.text[0]);
    }
    finish(h);
}
