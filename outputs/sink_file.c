/* SPDX-License-Identifier: Apache-2.0 */
/* A file: one message, one line; rotated, and whole after a crash. */
#include "backoff.h"
#include "buf.h"
#include "lending.h"
#include "log_file.h"
#include "notifier.h"
#include "os_clock.h"

#include <stdlib.h>
#include <string.h>

enum {
    WRITE_BYTES = 256 * 1024, /* lines joined for one write */
    LINE_MAX_BYTES = 4 << 20,
    ROTATE_AGAIN_MS = 60000, /* after a rotation that failed */
};

enum sync_policy { SYNC_INTERVAL, SYNC_ALWAYS, SYNC_NEVER };
static const char *const sync_policies[] = {"interval", "always", "never", NULL};

struct config {
    struct log_file_options file;
    int sync; /* enum sync_policy */
    int64_t sync_interval_ms;
};

static const struct setting settings[] = {
    {.key = "path",
     .type = SETTING_PATH,
     .offset = offsetof(struct config, file.path),
     .required = true,
     .help = "The file to append to; its directory must exist."},
    {.key = "max_size",
     .type = SETTING_SIZE,
     .offset = offsetof(struct config, file.max_size),
     .fallback = "100MiB",
     .min = 4096,
     .max = INT64_C(1) << 40,
     .help = "The file is rotated before it would become larger."},
    {.key = "max_age",
     .type = SETTING_DURATION,
     .offset = offsetof(struct config, file.max_age_ms),
     .fallback = "0s",
     .min = 0,
     .max = INT64_C(366) * 86400000,
     .help = "The file is rotated when it was begun so long ago; 0 for never."},
    {.key = "keep",
     .type = SETTING_INT,
     .offset = offsetof(struct config, file.keep),
     .fallback = "5",
     .min = 1,
     .max = 9999,
     .help = "How many rotated files stay: path.1, the youngest, path.2 and so on."},
    {.key = "fsync",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct config, sync),
     .fallback = "interval",
     .choices = sync_policies,
     .help =
         "always: a message counts as delivered when it is on disk; interval: synced now and then; never."},
    {.key = "sync_interval",
     .type = SETTING_DURATION,
     .offset = offsetof(struct config, sync_interval_ms),
     .fallback = "1s",
     .min = 10,
     .max = 3600000,
     .help = "How often fsync: interval syncs, which is what a power cut can cost."},
    {.key = NULL},
};

struct sink {
    const struct config *config;
    struct notifier notifier;
    struct log_file file;
    struct backoff backoff;
    struct buf lines;         /* of one write */
    struct sink_batch *batch; /* lent, at most one */
    bool in_trouble;          /* the last write failed, and a notice said so */
    bool is_dirty;            /* written since the last sync */
    int64_t sync_at_ms;       /* when is_dirty: latest time to sync */
    int64_t rotate_after_ms;  /* no rotation before, after one that failed */
};

/* What could not be written is taken back; nothing is tried again before a wait. */
static void trouble(struct sink *s, const struct fault *f)
{
    backoff_fail(&s->backoff);
    s->in_trouble = true;
    notify(&s->notifier, NOTICE_ERROR, "cannot write to %s: %s; trying again until it can be written",
           s->config->file.path, f->text);
}

static void recovered(struct sink *s)
{
    backoff_reset(&s->backoff);
    if (s->in_trouble)
        notify(&s->notifier, NOTICE_INFO, "writing to %s again", s->config->file.path);
    s->in_trouble = false;
}

static bool reopen(struct sink *s, struct fault *f)
{
    if (!log_file_open(&s->file, &s->config->file, f))
        return false;
    if (s->file.cut_bytes)
        notify(&s->notifier, NOTICE_WARNING, "%s ended in half a line: %llu bytes cut", s->config->file.path,
               (unsigned long long)s->file.cut_bytes);
    return true;
}

static bool sync_now(struct sink *s, struct fault *f)
{
    if (!s->is_dirty)
        return true;
    s->is_dirty = false;
    return s->config->sync == SYNC_NEVER || os_file_sync(s->file.file, f);
}

/* Syncs when it is due; a disk that cannot is told about, for the lines it may have lost. */
static void sync_when_due(struct sink *s, bool due)
{
    struct fault f;
    if (s->is_dirty && s->file.file && (due || os_monotonic_ms() >= s->sync_at_ms) && !sync_now(s, &f))
        notify(&s->notifier, NOTICE_ERROR, "%s: %s; the latest lines may not survive a power cut",
               s->config->file.path, f.text);
}

/* Somebody may have renamed or deleted the file: then the name gets a new one. False: it cannot be opened. */
static bool follow_name(struct sink *s, struct fault *f)
{
    if (!s->file.file)
        return reopen(s, f);
    enum log_file_name name = log_file_look(&s->file);
    if (name == LOG_FILE_OURS)
        return true;
    notify(&s->notifier, NOTICE_WARNING, "%s was %s by somebody else; beginning a new file",
           s->config->file.path, name == LOG_FILE_DELETED ? "deleted" : "renamed or replaced");
    sync_when_due(s, true);
    log_file_close(&s->file);
    return reopen(s, f);
}

/* Rotates when n more bytes are too many. A rotation that fails costs size, not lines. */
static bool rotate_if_full(struct sink *s, size_t n, struct fault *f)
{
    if (!log_file_is_full(&s->file, n) || os_monotonic_ms() < s->rotate_after_ms)
        return true;
    sync_when_due(s, true);
    if (log_file_rotate(&s->file, f))
        return true;
    s->rotate_after_ms = os_monotonic_ms() + ROTATE_AGAIN_MS;
    notify(&s->notifier, NOTICE_ERROR, "cannot rotate %s: %s", s->config->file.path, f->text);
    return s->file.file != NULL;
}

static void note_written(struct sink *s)
{
    if (!s->is_dirty)
        s->sync_at_ms = os_monotonic_ms() + s->config->sync_interval_ms;
    s->is_dirty = true;
}

/* Writes the gathered lines and proves them, or leaves no trace of them. */
static bool write_lines(struct sink *s, struct fault *f)
{
    uint64_t before = s->file.size;
    if (!log_file_append(&s->file, s->lines.p, s->lines.n, f))
        return false;
    note_written(s);
    if (s->config->sync == SYNC_ALWAYS && !sync_now(s, f)) {
        log_file_take_back(&s->file, before);
        log_file_close(&s->file);
        return false;
    }
    if (log_file_look(&s->file) == LOG_FILE_DELETED) {
        log_file_close(&s->file);
        return fault_set(f, FAULT_OS, 0, "the file was deleted while it was written to");
    }
    return true;
}

static bool accept_item(struct sink *s, struct sink_item *item)
{
    struct sv body = item->body;
    if (body.n && memchr(body.p, '\n', body.n))
        lend_reject(item, "a message with a line break is no line");
    else if (body.n >= LINE_MAX_BYTES - WRITE_BYTES)
        lend_reject(item, "the message is longer than 3 MiB");
    else {
        buf_put(&s->lines, body);
        buf_putc(&s->lines, '\n');
    }
    return buf_ok(&s->lines);
}

/* Gathers items from `from` on, as many as one write and the file take; returns the first that is left. */
static size_t gather(struct sink *s, size_t from)
{
    buf_reset(&s->lines);
    size_t i = from;
    while (i < s->batch->count && s->lines.n < WRITE_BYTES) {
        size_t n = s->lines.n + s->batch->items[i].body.n + 1;
        if (s->lines.n && s->file.size + n > (uint64_t)s->config->file.max_size)
            break;
        if (!accept_item(s, &s->batch->items[i++]))
            break;
    }
    return i;
}

static bool write_batch(struct sink *s, struct fault *f)
{
    for (size_t i = 0; i < s->batch->count;) {
        if (!follow_name(s, f) || !rotate_if_full(s, s->batch->items[i].body.n + 1, f))
            return false;
        size_t end = gather(s, i);
        if (!buf_ok(&s->lines))
            return fault_set(f, FAULT_MEMORY, 0, "no memory for the lines");
        if (s->lines.n && !write_lines(s, f))
            return false;
        for (; i < end; i++)
            if (s->batch->items[i].result == ITEM_PENDING)
                s->batch->items[i].result = ITEM_DELIVERED;
    }
    return true;
}

/* Everything a file needs is done at once; the batches given back. */
static int act(struct sink *s)
{
    struct fault f;
    if (s->config->sync == SYNC_INTERVAL)
        sync_when_due(s, false);
    if (!s->batch)
        return 0;
    if (write_batch(s, &f))
        recovered(s);
    else
        trouble(s, &f);
    lend_end(&s->batch, ITEM_RETRY, s->notifier.host);
    return 1;
}

static enum sink_proof proof(const void *config)
{
    return ((const struct config *)config)->sync == SYNC_ALWAYS ? PROOF_FSYNC : PROOF_WRITTEN;
}

static size_t max_message(const void *config)
{
    (void)config;
    return LINE_MAX_BYTES - WRITE_BYTES - 1;
}

static struct sink *open_file(const void *config, const struct sink_host *host, struct fault *f)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for a file");
        return NULL;
    }
    s->config = config;
    s->notifier.host = host;
    buf_init(&s->lines, LINE_MAX_BYTES);
    return s;
}

static bool submit(struct sink *s, struct sink_batch *batch)
{
    if (s->batch || backoff_left(&s->backoff) > 0)
        return false;
    lend_begin(batch);
    s->batch = batch;
    return true;
}

static int poll_file(struct sink *s, int timeout_ms)
{
    int64_t until_ms = os_monotonic_ms() + timeout_ms;
    for (;;) {
        int given = act(s);
        int64_t now_ms = os_monotonic_ms();
        if (given || now_ms >= until_ms)
            return given;
        int64_t next_ms = s->is_dirty && s->config->sync == SYNC_INTERVAL && s->sync_at_ms < until_ms
                              ? s->sync_at_ms
                              : until_ms;
        int left = backoff_left(&s->backoff);
        if (left && now_ms + left < next_ms)
            next_ms = now_ms + left;
        if (next_ms > now_ms)
            os_sleep_ms((int)(next_ms - now_ms));
        if (left && !backoff_left(&s->backoff))
            return 0; /* it can be tried again: whoever waits for that need not wait longer */
    }
}

static bool flush(struct sink *s, int timeout_ms)
{
    (void)timeout_ms;
    act(s);
    sync_when_due(s, true);
    return true;
}

/* A file that can be opened can, as far as can be told beforehand, be written to. */
static bool check(struct sink *s, int timeout_ms, struct fault *f)
{
    (void)timeout_ms;
    s->notifier.muted = true;
    bool open = follow_name(s, f);
    s->notifier.muted = false;
    return open;
}

static void close_file(struct sink *s, int timeout_ms)
{
    if (!s)
        return;
    (void)timeout_ms;
    act(s);
    sync_when_due(s, true);
    log_file_close(&s->file);
    buf_free(&s->lines);
    free(s);
}

const struct sink_ops sink_file = {
    .name = "file",
    .title = "file of lines",
    .default_format = "ecs",
    .needs_single_line = true,
    .settings = settings,
    .config_size = sizeof(struct config),
    .proof = proof,
    .max_message = max_message,
    .open = open_file,
    .submit = submit,
    .poll = poll_file,
    .flush = flush,
    .check = check,
    .close = close_file,
};
