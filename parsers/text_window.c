/* SPDX-License-Identifier: Apache-2.0 */
/* A sliding window over an input. */
#include "text_window.h"

#include "hash64.h"

#include <stdlib.h>
#include <string.h>

enum { SLACK_BYTES = 64 * 1024 }; /* room for what is carried over to the next read */

static uint64_t check_of(const uint8_t *before, size_t n)
{
    uint64_t h = hash64(HASH64_START, before, n);
    return n == 0 ? 0 : h == 0 ? 1 : h;
}

struct position text_window_position(const struct text_window *w, size_t index)
{
    size_t n = index < TEXT_CHECK_BYTES ? index : TEXT_CHECK_BYTES;
    return (struct position){.offset = w->base + index, .check = check_of(w->p + index - n, n)};
}

static bool make_room(struct text_window *w)
{
    if (w->capacity >= w->n + TEXT_READ_BYTES)
        return true;
    size_t capacity = w->n + TEXT_READ_BYTES + SLACK_BYTES;
    uint8_t *p = realloc(w->p, capacity);
    if (!p)
        return false;
    w->p = p;
    w->capacity = capacity;
    return true;
}

void text_window_close(struct text_window *w)
{
    free(w->p);
    *w = (struct text_window){0};
}

bool text_window_open(struct text_window *w, const struct input *in, const struct position *from,
                      size_t *index, struct fault *fault)
{
    size_t n = from->offset < TEXT_CHECK_BYTES ? (size_t)from->offset : TEXT_CHECK_BYTES;
    *w = (struct text_window){.in = in, .base = from->offset - n, .n = n};
    *index = n;
    if (!make_room(w))
        return fault_set(fault, FAULT_MEMORY, 0, "no memory");
    bool there = from->offset <= in->size;
    ptrdiff_t got = there && n ? in->read_at(in->ctx, w->base, w->p, n) : 0;
    if (got < 0)
        fault_set(fault, FAULT_OS, 0, "the file cannot be read");
    else if (!there || (size_t)got < n || (from->check && from->check != check_of(w->p, n)))
        fault_set(fault, FAULT_REPLACED, 0,
                  "the content before the saved position is not the one that was read");
    else
        return true;
    text_window_close(w);
    return false;
}

enum text_refill text_window_more(struct text_window *w, size_t keep, size_t *gone)
{
    uint64_t end = w->base + w->n;
    *gone = 0;
    if (w->in->size < end)
        return TEXT_SHRUNK;
    if (w->in->size == end)
        return TEXT_NOTHING;
    if (keep > TEXT_CHECK_BYTES) {
        *gone = keep - TEXT_CHECK_BYTES;
        memmove(w->p, w->p + *gone, w->n - *gone);
        w->base += *gone;
        w->n -= *gone;
    }
    if (!make_room(w))
        return TEXT_NO_MEMORY;
    uint64_t left = w->in->size - end;
    size_t want = left < TEXT_READ_BYTES ? (size_t)left : TEXT_READ_BYTES;
    ptrdiff_t got = w->in->read_at(w->in->ctx, end, w->p + w->n, want);
    if (got < 0)
        return TEXT_UNREADABLE;
    w->n += (size_t)got;
    return got == 0 ? TEXT_NOTHING : TEXT_REFILLED;
}

void text_window_fail(const struct text_window *w, enum text_refill why, size_t index, struct step *step)
{
    static const struct {
        enum fault_code code;
        const char *text;
    } faults[] = {
        [TEXT_SHRUNK] = {FAULT_REPLACED, "the file became shorter than what was read of it"},
        [TEXT_UNREADABLE] = {FAULT_OS, "the file cannot be read"},
        [TEXT_NO_MEMORY] = {FAULT_MEMORY, "no memory"},
    };
    step->kind = STEP_FATAL;
    step->pos = text_window_position(w, index);
    fault_set(&step->fault, faults[why].code, 0, "%s", faults[why].text);
    step->fault.offset = w->base + w->n;
}

enum text_refill text_window_coding(const struct text_window *w, enum code_page setting,
                                    struct text_coding *coding)
{
    uint8_t head[TEXT_HEAD_BYTES];
    size_t n = w->in->size < sizeof head ? (size_t)w->in->size : sizeof head;
    if (n == 0 || (n < sizeof head && !w->in->complete))
        return TEXT_NOTHING;
    ptrdiff_t got = w->in->read_at(w->in->ctx, 0, head, n);
    if (got < 0)
        return TEXT_UNREADABLE;
    if ((size_t)got < n)
        return TEXT_NOTHING;
    *coding = text_coding_of(sv_make(head, n), setting);
    return TEXT_REFILLED;
}
