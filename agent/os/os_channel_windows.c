/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels through wevtapi.dll: a pull subscription, whose signal calls for the next look. */
#include "os_channel.h"
#include "os_evt_windows.h"
#include "os_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 64, TEXT_START = 16384 };

struct os_channel {
    struct os_evt evt;
    wchar_t *name, *query;
    EVT_HANDLE subscription;
    EVT_HANDLE mark; /* a bookmark: of the event given last, or what was opened with */
    bool is_marked;
    DWORD flags;
    HANDLE signal, wait;
    void (*news)(void *ctx);
    void *news_ctx;

    EVT_HANDLE events[BATCH_MAX]; /* the batch at hand: those in [at, count) are still to be given */
    DWORD batch, at, count;
    wchar_t *wide; /* what was rendered last */
    DWORD wide_bytes;
    char *text; /* the same as UTF-8 */
    size_t text_bytes;
    char bookmark[OS_CHANNEL_BOOKMARK_MAX];
};

bool os_channel_is_supported(struct fault *f)
{
    (void)f;
    return true;
}

/* ---- looking at a log ---- */

static bool log_value(const struct os_evt *evt, EVT_HANDLE log, EVT_LOG_PROPERTY_ID what, EVT_VARIANT *v)
{
    DWORD used;
    return evt->log_info(log, what, sizeof *v, v, &used);
}

static bool read_log(const struct os_evt *evt, EVT_HANDLE log, struct os_channel_log *out)
{
    EVT_VARIANT count, oldest, v;
    if (!log_value(evt, log, EvtLogNumberOfLogRecords, &count) ||
        !log_value(evt, log, EvtLogOldestRecordNumber, &oldest))
        return false;
    *out = (struct os_channel_log){0};
    if (count.UInt64Val) {
        out->oldest = oldest.UInt64Val;
        out->newest = oldest.UInt64Val + count.UInt64Val - 1;
    }
    if (log_value(evt, log, EvtLogFileSize, &v))
        out->size_bytes = v.UInt64Val;
    if (log_value(evt, log, EvtLogCreationTime, &v))
        out->created_ns = os_unix_ns((int64_t)v.FileTimeVal);
    return true;
}

enum os_channel_state os_channel_look(const char *channel, struct os_channel_log *out, struct fault *f)
{
    struct os_evt evt;
    if (!os_evt_load(&evt, f))
        return OS_CHANNEL_UNSUPPORTED;
    wchar_t *name = os_wide(channel);
    EVT_HANDLE log = name ? evt.open_log(NULL, name, EvtOpenChannelPath) : NULL;
    bool done = log && read_log(&evt, log, out);
    DWORD error = name ? GetLastError() : ERROR_OUTOFMEMORY;
    if (log)
        evt.close(log);
    free(name);
    return done ? OS_CHANNEL_READING : os_evt_state(error, f);
}

/* ---- the subscription ---- */

static VOID CALLBACK on_signal(PVOID ctx, BOOLEAN timed_out)
{
    struct os_channel *c = ctx;
    (void)timed_out;
    c->news(c->news_ctx);
}

static bool subscribe(struct os_channel *c)
{
    c->subscription = c->evt.subscribe(NULL, c->signal, c->name, c->query, c->is_marked ? c->mark : NULL,
                                       NULL, NULL, c->is_marked ? c->flags : EvtSubscribeStartAtOldestRecord);
    return c->subscription != NULL;
}

static bool prepare(struct os_channel *c, const struct os_channel_setup *setup)
{
    wchar_t *bookmark = setup->bookmark ? os_wide(setup->bookmark) : NULL;
    c->name = os_wide(setup->channel);
    c->query = os_wide(setup->query);
    c->wide = malloc(TEXT_START);
    c->wide_bytes = TEXT_START;
    c->signal = CreateEventW(NULL, FALSE, FALSE, NULL);
    bool done = c->name && c->query && c->wide && c->signal && (bookmark || !setup->bookmark);
    if (!done)
        SetLastError(ERROR_OUTOFMEMORY);
    done = done && (c->mark = c->evt.create_bookmark(bookmark)) &&
           RegisterWaitForSingleObject(&c->wait, c->signal, on_signal, c, INFINITE, WT_EXECUTEINWAITTHREAD);
    free(bookmark);
    return done;
}

enum os_channel_state os_channel_open(const struct os_channel_setup *setup, struct os_channel **out,
                                      struct fault *f)
{
    struct os_channel *c = calloc(1, sizeof *c);
    if (!c)
        return os_evt_state(ERROR_OUTOFMEMORY, f);
    if (!os_evt_load(&c->evt, f)) {
        free(c);
        return OS_CHANNEL_UNSUPPORTED;
    }
    c->news = setup->news;
    c->news_ctx = setup->news_ctx;
    c->batch = BATCH_MAX;
    c->is_marked = setup->bookmark != NULL;
    c->flags = EvtSubscribeStartAfterBookmark | (setup->strict ? (DWORD)EvtSubscribeStrict : 0);
    if (prepare(c, setup) && subscribe(c)) {
        *out = c;
        return OS_CHANNEL_READING;
    }
    enum os_channel_state state = os_evt_state(GetLastError(), f);
    os_channel_close(c);
    return state;
}

static void end_batch(struct os_channel *c)
{
    while (c->at < c->count)
        c->evt.close(c->events[c->at++]);
}

static void unsubscribe(struct os_channel *c)
{
    end_batch(c);
    if (c->subscription)
        c->evt.close(c->subscription);
    c->subscription = NULL;
}

void os_channel_close(struct os_channel *c)
{
    if (!c)
        return;
    if (c->wait)
        UnregisterWaitEx(c->wait, INVALID_HANDLE_VALUE);
    unsubscribe(c);
    if (c->mark)
        c->evt.close(c->mark);
    if (c->signal)
        CloseHandle(c->signal);
    free(c->name);
    free(c->query);
    free(c->wide);
    free(c->text);
    free(c);
}

/* ---- rendering ---- */

/* Renders into c->wide, which grows with what is rendered; the size is in bytes and counts the final zero. */
static bool render(struct os_channel *c, EVT_HANDLE what, DWORD how)
{
    DWORD used = 0, count = 0;
    while (!c->evt.render(NULL, what, how, c->wide_bytes, c->wide, &used, &count)) {
        if (GetLastError() != ERROR_INSUFFICIENT_BUFFER || used <= c->wide_bytes)
            return false;
        wchar_t *more = realloc(c->wide, used);
        if (!more) {
            SetLastError(ERROR_OUTOFMEMORY);
            return false;
        }
        c->wide = more;
        c->wide_bytes = used;
    }
    return true;
}

/* The event as UTF-8 in c->text. */
static bool render_event(struct os_channel *c, EVT_HANDLE event, struct sv *xml)
{
    if (!render(c, event, EvtRenderEventXml))
        return false;
    int bytes = WideCharToMultiByte(CP_UTF8, 0, c->wide, -1, NULL, 0, NULL, NULL);
    if (bytes > 0 && (size_t)bytes > c->text_bytes) {
        char *more = realloc(c->text, (size_t)bytes);
        if (!more)
            return false;
        c->text = more;
        c->text_bytes = (size_t)bytes;
    }
    if (bytes <= 0 || WideCharToMultiByte(CP_UTF8, 0, c->wide, -1, c->text, bytes, NULL, NULL) != bytes)
        return false;
    *xml = sv_make(c->text, (size_t)bytes - 1);
    return true;
}

/* <BookmarkList><Bookmark Channel='Application' RecordId='4711' IsCurrent='true'/></BookmarkList> */
static uint64_t record_of(const char *bookmark)
{
    static const char key[] = "RecordId=";
    const char *at = strstr(bookmark, key);
    return at ? strtoull(at + sizeof key, NULL, 10) : 0;
}

/* Moves the mark behind the event and tells it as text. */
static bool render_mark(struct os_channel *c, EVT_HANDLE event, struct os_channel_event *out)
{
    if (!c->evt.update_bookmark(c->mark, event) || !render(c, c->mark, EvtRenderBookmark))
        return false;
    c->is_marked = true;
    if (!WideCharToMultiByte(CP_UTF8, 0, c->wide, -1, c->bookmark, sizeof c->bookmark, NULL, NULL))
        return false;
    out->bookmark = c->bookmark;
    out->record = record_of(c->bookmark);
    return out->record || (SetLastError(ERROR_INVALID_DATA), false);
}

/* ---- reading ---- */

/* What says that nothing is there now: the last two where the signal was not set. */
static bool is_drained(DWORD error)
{
    return error == ERROR_NO_MORE_ITEMS || error == ERROR_TIMEOUT || error == ERROR_INVALID_OPERATION;
}

/*
 * Fetches the next batch. One that is larger than a remote call can carry leaves the subscription behind it:
 * it is taken up again behind the last event that was given, with half as many.
 */
static enum os_channel_state fetch(struct os_channel *c, struct fault *f)
{
    for (;;) {
        c->at = c->count = 0;
        if (c->evt.next(c->subscription, c->batch, c->events, 0, 0, &c->count))
            return OS_CHANNEL_READING;
        DWORD error = GetLastError();
        c->count = 0;
        if (is_drained(error)) {
            c->batch = BATCH_MAX;
            return OS_CHANNEL_READING;
        }
        if (error != RPC_S_INVALID_BOUND || c->batch == 1)
            return os_evt_state(error, f);
        c->batch /= 2;
        unsubscribe(c);
        if (!subscribe(c))
            return os_evt_state(GetLastError(), f);
    }
}

enum os_channel_state os_channel_next(struct os_channel *c, struct os_channel_event *event, struct fault *f)
{
    *event = (struct os_channel_event){0};
    if (c->at == c->count) {
        enum os_channel_state state = fetch(c, f);
        if (state != OS_CHANNEL_READING || c->at == c->count)
            return state;
    }
    EVT_HANDLE handle = c->events[c->at];
    /* Without a bookmark nothing that comes behind can be saved: that ends it. Without XML one event is lost.
     */
    bool marked = render_mark(c, handle, event);
    DWORD error = GetLastError();
    if (marked && !render_event(c, handle, &event->xml))
        event->xml = SV_ABSENT;
    c->evt.close(handle);
    c->at++;
    return marked ? OS_CHANNEL_READING : os_evt_state(error, f);
}
