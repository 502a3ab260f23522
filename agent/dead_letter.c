/* SPDX-License-Identifier: Apache-2.0 */
/* The dead-letter file. */
#include "dead_letter.h"

#include "buf.h"
#include "crash_point.h"
#include "json_text.h"
#include "line_file.h"
#include "os_clock.h"
#include "os_thread.h"
#include "wtime.h"

#include <stdlib.h>
#include <string.h>

struct dead_letters {
    char *path;
    struct os_file *file;
    struct os_mutex *mutex;
    struct buf line;
};

struct dead_letters *dead_letters_new(const char *path)
{
    struct dead_letters *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->path = strdup(path);
    d->mutex = os_mutex_new();
    buf_init(&d->line, 8 << 20);
    if (d->path && d->mutex)
        return d;
    dead_letters_free(d);
    return NULL;
}

void dead_letters_free(struct dead_letters *d)
{
    if (!d)
        return;
    os_file_close(d->file);
    os_mutex_free(d->mutex);
    buf_free(&d->line);
    free(d->path);
    free(d);
}

static void put_message(struct buf *b, const struct dead_letter *letter)
{
    const struct sink_item *item = letter->item;
    struct json_mark headers;
    json_field(b, SV(",\"format\":\""), sv_from(letter->format));
    json_field(b, SV(",\"key\":\""), item->key);
    if (item->time_ms > 0)
        json_number(b, SV(",\"time_ms\":"), (uint64_t)item->time_ms);
    headers = json_open(b, SV(",\"headers\":"));
    for (size_t i = 0; i < item->header_count; i++) {
        buf_lit(b, ",\"");
        json_value(b, sv_from(item->headers[i].name));
        json_string(b, SV(":\""), item->headers[i].value);
    }
    json_close(b, headers, "{}");
    json_field(b, SV(",\"message\":\""), item->body);
}

static void make_line(struct buf *b, const struct dead_letter *letter)
{
    char time[WTIME_TEXT_MAX];
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 3);
    size_t n = wtime_format(&now, 3, time);
    buf_reset(b);
    buf_lit(b, "{\"@timestamp\":\"");
    buf_put(b, sv_make(time, n));
    buf_putc(b, '"');
    json_field(b, SV(",\"output\":\""), sv_from(letter->output));
    json_field(b, SV(",\"reason\":\""), sv_from(letter->reason ? letter->reason : "refused"));
    json_field(b, SV(",\"event_id\":\""), sv_from(letter->id));
    json_field(b, SV(",\"file\":\""), sv_from(letter->file));
    json_number(b, SV(",\"offset\":"), letter->offset);
    put_message(b, letter);
    buf_lit(b, "}\n");
}

static bool append(struct dead_letters *d, struct fault *f)
{
    if (!d->file && !(d->file = line_file_open(d->path, 0600, f)))
        return false;
    crash_point("dead-letter-made");
    bool written = line_file_append(d->file, buf_sv(&d->line), f);
    crash_point("dead-letter-written");
    return written;
}

bool dead_letter_write(struct dead_letters *d, const struct dead_letter *letter, struct fault *f)
{
    os_mutex_lock(d->mutex);
    make_line(&d->line, letter);
    bool written =
        buf_ok(&d->line) ? append(d, f) : fault_set(f, FAULT_LIMIT, 0, "the dead letter is too large");
    os_mutex_unlock(d->mutex);
    return written;
}
