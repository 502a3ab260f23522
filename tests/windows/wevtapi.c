/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wevtapi.dll of a test's own: beside a program it is found before the system's, of which Wine has stubs
 * only. It serves one channel from the folder that it lies in, and is told how to behave by the file
 * script.txt there, which is read at every call:
 *
 *     channel Application        the name of the only channel there is
 *     oldest 1                   the record ids that the log holds; NUMBER.xml is an event of it,
 *     newest 90                  and a number without file is one that no query takes
 *     size 20971520              bytes of its file
 *     created 7                  when it was made
 *     generation 2               the service's: handles of another one are invalid
 *     bound 4                    a batch of more events than this fails with RPC_S_INVALID_BOUND, and is
 * passed over blank 5                    the event that cannot be rendered fail EvtSubscribe 5        the
 * function fails with this error
 *
 * Every call is written to calls.txt: its name, what matters of its arguments, and its error, 0 for none.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <winevt.h>

enum { POLL_MS = 20, TEXT_MAX = 65536, FAILURES_MAX = 8, PATH_BYTES = 1024 };

struct script {
    char channel[256];
    uint64_t oldest, newest, size, created, generation, bound, blank;
    struct {
        char function[32];
        DWORD error;
    } failures[FAILURES_MAX];
    size_t failure_count;
};

enum kind { SUBSCRIPTION, EVENT, BOOKMARK, LOG };

struct handle {
    enum kind kind;
    uint64_t record; /* of an event or a bookmark; the next one of a subscription */
    uint64_t generation;
    char query[512];
    HANDLE signal, thread, quit;
};

static char folder[PATH_BYTES];
static LONG handles; /* given and not closed */
static CRITICAL_SECTION lock;

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        InitializeCriticalSection(&lock);
        GetModuleFileNameA(self, folder, sizeof folder);
        *strrchr(folder, '\\') = '\0';
    }
    return TRUE;
}

/* ---- the script ---- */

static size_t read_file(const char *name, char *to, size_t room)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s\\%s", folder, name);
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, room - 1, f) : 0;
    to[n] = '\0';
    if (f)
        fclose(f);
    return n;
}

static void read_line(struct script *s, const char *line)
{
    char key[32], word[256];
    unsigned long long number = 0;
    if (sscanf(line, "%31s %255s %llu", key, word, &number) < 2)
        return;
    uint64_t value = strtoull(word, NULL, 10);
    const struct {
        const char *key;
        uint64_t *to;
    } numbers[] = {{"oldest", &s->oldest},   {"newest", &s->newest},         {"size", &s->size},
                   {"created", &s->created}, {"generation", &s->generation}, {"bound", &s->bound},
                   {"blank", &s->blank}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(numbers[i].key, key) == 0)
            *numbers[i].to = value;
    if (strcmp(key, "channel") == 0)
        snprintf(s->channel, sizeof s->channel, "%s", word);
    if (strcmp(key, "fail") == 0 && s->failure_count < FAILURES_MAX) {
        snprintf(s->failures[s->failure_count].function, sizeof s->failures->function, "%.31s", word);
        s->failures[s->failure_count++].error = (DWORD)number;
    }
}

static struct script read_script(void)
{
    static __thread char text[4096];
    struct script s = {.bound = UINT64_MAX};
    read_file("script.txt", text, sizeof text);
    for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n"))
        read_line(&s, line);
    return s;
}

/* Notes the call and gives it its error; a script's comes first. */
static bool answer(const struct script *s, const char *function, const char *about, DWORD error)
{
    char path[PATH_BYTES + 64];
    for (size_t i = 0; i < s->failure_count; i++)
        if (strcmp(s->failures[i].function, function) == 0)
            error = s->failures[i].error;
    EnterCriticalSection(&lock);
    snprintf(path, sizeof path, "%s\\calls.txt", folder);
    FILE *f = fopen(path, "ab");
    if (f) {
        fprintf(f, "%s %s %lu\n", function, about, error);
        fclose(f);
    }
    LeaveCriticalSection(&lock);
    SetLastError(error);
    return error == ERROR_SUCCESS;
}

/* ---- events ---- */

static bool is_asked_for(const char *query, const char *xml)
{
    bool any = false;
    for (const char *p = query; (p = strstr(p, "EventID=")); p++) {
        char element[32];
        snprintf(element, sizeof element, ">%d</EventID>", atoi(p + strlen("EventID=")));
        if (strstr(xml, element))
            return true;
        any = true;
    }
    return !any;
}

static bool load(uint64_t record, char *xml)
{
    char name[32];
    snprintf(name, sizeof name, "%llu.xml", (unsigned long long)record);
    return read_file(name, xml, TEXT_MAX) > 0;
}

/* The first event from a record on that the query takes; 0: none. */
static uint64_t find(const struct script *s, const char *query, uint64_t from)
{
    static __thread char xml[TEXT_MAX];
    for (uint64_t r = from > s->oldest ? from : s->oldest; r && r <= s->newest; r++)
        if (load(r, xml) && is_asked_for(query, xml))
            return r;
    return 0;
}

static struct handle *handle_new(enum kind kind, uint64_t record, uint64_t generation)
{
    struct handle *h = calloc(1, sizeof *h);
    if (!h)
        exit(3);
    InterlockedIncrement(&handles);
    *h = (struct handle){.kind = kind, .record = record, .generation = generation};
    return h;
}

static void handle_free(struct handle *h)
{
    InterlockedDecrement(&handles);
    free(h);
}

static DWORD WINAPI watch(void *ctx)
{
    struct handle *h = ctx;
    uint64_t told = 0;
    do {
        struct script s = read_script();
        EnterCriticalSection(&lock);
        uint64_t next = find(&s, h->query, h->record);
        LeaveCriticalSection(&lock);
        if (next && next != told)
            SetEvent(h->signal);
        told = next;
    } while (WaitForSingleObject(h->quit, POLL_MS) == WAIT_TIMEOUT);
    return 0;
}

/* ---- the functions ---- */

static DWORD check_channel(const struct script *s, const wchar_t *channel)
{
    char name[256];
    WideCharToMultiByte(CP_UTF8, 0, channel, -1, name, sizeof name, NULL, NULL);
    return strcmp(name, s->channel) == 0 ? ERROR_SUCCESS : ERROR_EVT_CHANNEL_NOT_FOUND;
}

EVT_HANDLE WINAPI EvtSubscribe(EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query,
                               EVT_HANDLE mark, PVOID ctx, EVT_SUBSCRIBE_CALLBACK callback, DWORD flags)
{
    struct script s = read_script();
    struct handle *h = handle_new(SUBSCRIPTION, s.oldest, s.generation);
    const struct handle *bookmark = mark;
    char about[700];
    (void)session, (void)ctx, (void)callback;
    WideCharToMultiByte(CP_UTF8, 0, query, -1, h->query, sizeof h->query, NULL, NULL);
    DWORD error = check_channel(&s, channel);
    if (!error && h->query[0] != '*')
        error = ERROR_EVT_INVALID_QUERY;
    bool is_there = bookmark && bookmark->record >= s.oldest && bookmark->record <= s.newest;
    if (!error && bookmark && (flags & EvtSubscribeStrict) &&
        (!is_there || find(&s, h->query, bookmark->record) != bookmark->record))
        error = ERROR_NOT_FOUND;
    if (bookmark && is_there)
        h->record = bookmark->record + 1;
    snprintf(about, sizeof about, "%s behind %llu%s", h->query,
             bookmark ? (unsigned long long)bookmark->record : 0,
             flags & EvtSubscribeStrict ? " strict" : "");
    if (!answer(&s, "EvtSubscribe", about, error)) {
        handle_free(h);
        return NULL;
    }
    h->signal = signal;
    h->quit = CreateEventW(NULL, TRUE, FALSE, NULL);
    h->thread = CreateThread(NULL, 0, watch, h, 0, NULL);
    SetLastError(ERROR_SUCCESS);
    return h;
}

static DWORD fetch(const struct script *s, struct handle *h, DWORD size, EVT_HANDLE *events, DWORD *count)
{
    if (h->generation != s->generation)
        return ERROR_INVALID_HANDLE;
    if (h->record < s->oldest)
        return ERROR_EVT_QUERY_RESULT_STALE;
    for (uint64_t r; *count < size && (r = find(s, h->query, h->record)); h->record = r + 1)
        events[(*count)++] = handle_new(EVENT, r, s->generation);
    if (*count <= s->bound)
        return *count ? ERROR_SUCCESS : ERROR_NO_MORE_ITEMS;
    while (*count)
        handle_free(events[--*count]);
    return RPC_S_INVALID_BOUND;
}

BOOL WINAPI EvtNext(EVT_HANDLE from, DWORD size, EVT_HANDLE *events, DWORD timeout, DWORD flags, PDWORD count)
{
    struct script s = read_script();
    char about[64];
    (void)timeout, (void)flags;
    *count = 0;
    snprintf(about, sizeof about, "%lu, open handles %ld", size, handles);
    EnterCriticalSection(&lock);
    DWORD error = fetch(&s, from, size, events, count);
    LeaveCriticalSection(&lock);
    return answer(&s, "EvtNext", about, error);
}

EVT_HANDLE WINAPI EvtCreateBookmark(LPCWSTR xml)
{
    const wchar_t *at = xml ? wcsstr(xml, L"RecordId='") : NULL;
    struct script s = read_script();
    if (!answer(&s, "EvtCreateBookmark", at ? "saved" : "new", xml && !at ? ERROR_INVALID_DATA : 0))
        return NULL;
    return handle_new(BOOKMARK, at ? wcstoul(at + wcslen(L"RecordId='"), NULL, 10) : 0, 0);
}

BOOL WINAPI EvtUpdateBookmark(EVT_HANDLE bookmark, EVT_HANDLE event)
{
    ((struct handle *)bookmark)->record = ((struct handle *)event)->record;
    return TRUE;
}

static void render_text(const struct script *s, const struct handle *h, char *text)
{
    if (h->kind == BOOKMARK)
        snprintf(text, TEXT_MAX,
                 "<BookmarkList>\r\n  <Bookmark Channel='%s' RecordId='%llu' "
                 "IsCurrent='true'/>\r\n</BookmarkList>",
                 s->channel, (unsigned long long)h->record);
    else
        load(h->record, text);
}

BOOL WINAPI EvtRender(EVT_HANDLE context, EVT_HANDLE what, DWORD flags, DWORD room, PVOID to, PDWORD used,
                      PDWORD count)
{
    static __thread char text[TEXT_MAX];
    struct script s = read_script();
    const struct handle *h = what;
    (void)context, (void)flags;
    *count = 0;
    if (h->kind == EVENT && h->record == s.blank)
        return answer(&s, "EvtRender", "blank", ERROR_EVT_INVALID_EVENT_DATA);
    render_text(&s, h, text);
    *used = (DWORD)MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0) * (DWORD)sizeof(wchar_t);
    if (*used > room) {
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
        return FALSE;
    }
    MultiByteToWideChar(CP_UTF8, 0, text, -1, to, (int)(room / sizeof(wchar_t)));
    return TRUE;
}

EVT_HANDLE WINAPI EvtOpenLog(EVT_HANDLE session, LPCWSTR path, DWORD flags)
{
    struct script s = read_script();
    (void)session, (void)flags;
    return answer(&s, "EvtOpenLog", "", check_channel(&s, path)) ? handle_new(LOG, 0, s.generation) : NULL;
}

BOOL WINAPI EvtGetLogInfo(EVT_HANDLE log, EVT_LOG_PROPERTY_ID what, DWORD room, PEVT_VARIANT value,
                          PDWORD used)
{
    struct script s = read_script();
    (void)log;
    *used = sizeof *value;
    memset(value, 0, room < sizeof *value ? room : sizeof *value);
    if (what == EvtLogCreationTime)
        value->FileTimeVal = s.created;
    else if (what == EvtLogFileSize)
        value->UInt64Val = s.size;
    else if (what == EvtLogNumberOfLogRecords)
        value->UInt64Val = s.newest ? s.newest - s.oldest + 1 : 0;
    else if (what == EvtLogOldestRecordNumber)
        value->UInt64Val = s.oldest;
    return TRUE;
}

BOOL WINAPI EvtClose(EVT_HANDLE what)
{
    struct handle *h = what;
    if (h->thread) {
        SetEvent(h->quit);
        WaitForSingleObject(h->thread, INFINITE);
        CloseHandle(h->thread);
        CloseHandle(h->quit);
    }
    handle_free(h);
    return TRUE;
}
