/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a followed file: has it grown, or is it another content by now? */
#include "tail_inner.h"

#include "hash64.h"
#include "log.h"
#include "os_clock.h"

#include <inttypes.h>

enum { TAIL_HASH_BYTES = 1024 /* more than a record's end, which is the same in every record */ };

void tail_remember_end(struct tail *t)
{
    char bytes[TAIL_HASH_BYTES];
    struct fault ignored;
    uint64_t size = t->export.input.size;
    size_t n = size < sizeof bytes ? (size_t)size : sizeof bytes;
    t->size_seen = size;
    t->tail_bytes = 0;
    if (t->saved.fingerprint_bytes && n &&
        os_file_read_at(t->export.file, size - n, bytes, n, &ignored) == (ptrdiff_t)n) {
        t->tail_hash = hash64(HASH64_START, bytes, n);
        t->tail_bytes = (unsigned)n;
    }
}

static bool end_is_still_there(struct tail *t)
{
    char bytes[TAIL_HASH_BYTES];
    struct fault ignored;
    if (t->tail_bytes == 0)
        return true;
    return os_file_read_at(t->export.file, t->size_seen - t->tail_bytes, bytes, t->tail_bytes, &ignored) ==
               (ptrdiff_t)t->tail_bytes &&
           hash64(HASH64_START, bytes, t->tail_bytes) == t->tail_hash;
}

static void count_vanished(struct tail_context *c, struct tail *t, const char *what)
{
    uint64_t read_to = t->ledger.safe.offset;
    if (t->saved.fingerprint_bytes && t->size_seen > read_to && t->status != TAIL_IDLE) {
        t->counts->vanished_bytes += t->size_seen - read_to;
        cover_vanished(t->cover, t->size_seen - read_to);
        log_warning(c->subject, "%s: %s, %" PRIu64 " bytes of it unread", t->path, what,
                    t->size_seen - read_to);
    } else {
        log_info(c->subject, "%s: %s; reading it from the beginning", t->path, what);
    }
}

/* Formats that only grow have a stable beginning; the others look after themselves in their parser. */
static bool content_is_the_same(struct tail_context *c, struct tail *t, uint64_t size)
{
    uint64_t hash;
    if (!t->saved.fingerprint_bytes)
        return true;
    if (size < t->size_seen) {
        count_vanished(c, t, "the file was truncated");
        return false;
    }
    if (export_hash_head(&t->export, t->saved.fingerprint_bytes, &hash) && hash == t->saved.fingerprint &&
        end_is_still_there(t))
        return true;
    count_vanished(c, t, "the file was written anew");
    return false;
}

bool tail_look(struct tail_context *c, struct tail *t)
{
    struct fault f;
    struct os_file_info info;
    if (t->channel)
        t->status = t->status == TAIL_IDLE ? TAIL_NEWS : t->status;
    if (t->channel || !t->is_open || !os_file_info(t->export.file, &info, &f))
        return true;
    if (info.size == t->size_seen && info.modified_ns == t->modified_seen_ns)
        return true;
    if (t->status == TAIL_BROKEN)
        return true;
    t->modified_seen_ns = info.modified_ns;
    t->active_ms = os_monotonic_ms();
    if (!content_is_the_same(c, t, info.size))
        return false;
    t->export.input.size = info.size;
    t->export.input.complete = false;
    t->status = TAIL_NEWS;
    t->woken = false;
    return true;
}
