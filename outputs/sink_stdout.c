/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output: one message, one line. */
#include "lending.h"
#include "notifier.h"
#include "os_clock.h"
#include "os_output.h"

#include <stdlib.h>
#include <string.h>

struct config {
    char unused; /* there is nothing to set, and a struct must have something */
};

static const struct setting settings[] = {{.key = NULL}};

struct sink {
    struct notifier notifier;
    struct sink_batch *batch; /* lent, at most one */
    size_t item;              /* the next to be written */
    size_t written;           /* bytes of its line that are out, LF included */
    bool broken;              /* nobody reads any more: for good */
};

static int give_back(struct sink *s)
{
    lend_end(&s->batch, ITEM_RETRY, s->notifier.host);
    return 1;
}

/* Up to a pipe's worth of the lines that are left. */
static size_t gather(const struct sink *s, char *to, size_t room)
{
    size_t n = 0, skip = s->written;
    for (size_t i = s->item; i < s->batch->count && n < room; i++, skip = 0) {
        struct sv body = s->batch->items[i].body;
        size_t part = body.n > skip ? body.n - skip : 0;
        if (part > room - n)
            part = room - n;
        if (part)
            memcpy(to + n, body.p + skip, part);
        n += part;
        if (skip + part >= body.n && n < room)
            to[n++] = '\n';
        else
            break;
    }
    return n;
}

/* n bytes are out: the lines that ended there are delivered. */
static void advance(struct sink *s, size_t n)
{
    s->written += n;
    while (s->item < s->batch->count && s->written > s->batch->items[s->item].body.n) {
        s->written -= s->batch->items[s->item].body.n + 1;
        s->batch->items[s->item++].result = ITEM_DELIVERED;
    }
}

static int write_some(struct sink *s, int timeout_ms)
{
    char bytes[4096];
    struct fault f;
    ptrdiff_t n = os_output_write(bytes, gather(s, bytes, sizeof bytes), timeout_ms, &f);
    if (n < 0) {
        s->broken = true;
        notify(&s->notifier, NOTICE_ERROR, "%s; nothing more can be written there", f.text);
        return give_back(s);
    }
    advance(s, (size_t)n);
    return s->item == s->batch->count ? give_back(s) : 0;
}

static enum sink_proof proof(const void *config)
{
    (void)config;
    return PROOF_NONE;
}

static size_t max_message(const void *config)
{
    (void)config;
    return 0;
}

static struct sink *open_stdout(const void *config, const struct sink_host *host, struct fault *f)
{
    struct sink *s = calloc(1, sizeof *s);
    (void)config;
    if (s)
        s->notifier.host = host;
    else
        fault_set(f, FAULT_MEMORY, 0, "no memory for standard output");
    return s;
}

static bool submit(struct sink *s, struct sink_batch *batch)
{
    if (s->batch || s->broken)
        return false;
    lend_begin(batch);
    s->batch = batch;
    s->item = 0;
    s->written = 0;
    return true;
}

static int poll_stdout(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (;;) {
        int64_t left = until_ms - os_monotonic_ms();
        int wait_ms = left > 0 ? (int)left : 0;
        if (!s->batch && wait_ms)
            os_sleep_ms(wait_ms);
        if (!s->batch)
            return 0;
        int given = write_some(s, wait_ms);
        if (given || os_monotonic_ms() >= until_ms)
            return given;
    }
}

static bool flush(struct sink *s, int timeout_ms)
{
    if (s->batch)
        poll_stdout(s, timeout_ms);
    return !s->batch;
}

static void close_stdout(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    flush(s, timeout_ms);
    if (s->batch)
        give_back(s);
    free(s);
}

const struct sink_ops sink_stdout = {
    .name = "stdout",
    .title = "standard output",
    .default_format = "ecs",
    .needs_single_line = true,
    .once_only = true,
    .settings = settings,
    .config_size = sizeof(struct config),
    .proof = proof,
    .max_message = max_message,
    .open = open_stdout,
    .submit = submit,
    .poll = poll_stdout,
    .flush = flush,
    .close = close_stdout,
};
