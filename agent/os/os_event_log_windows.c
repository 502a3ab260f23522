/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to the event log. */
#include "os_event_log.h"
#include "os_windows.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_ROOM = 256, PATH_ROOM = 32768 };

static HANDLE open_source;

static bool key_of(const char *source, wchar_t *key, struct fault *f)
{
    wchar_t *wide = os_wide(source);
    int n = wide ? _snwprintf(key, KEY_ROOM,
                              L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\%ls", wide)
                 : -1;
    free(wide);
    return (n > 0 && n < KEY_ROOM) || fault_set(f, FAULT_LIMIT, 0, "the name of the source is too long");
}

static LSTATUS fill(HKEY key)
{
    const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    wchar_t *path = malloc(PATH_ROOM * sizeof *path);
    DWORD n = path ? GetModuleFileNameW(NULL, path, PATH_ROOM) : 0;
    LSTATUS error = n > 0 && n < PATH_ROOM ? ERROR_SUCCESS : ERROR_OUTOFMEMORY;
    if (error == ERROR_SUCCESS)
        error = RegSetValueExW(key, L"EventMessageFile", 0, REG_SZ, (const BYTE *)path,
                               (DWORD)((n + 1) * sizeof *path));
    if (error == ERROR_SUCCESS)
        error = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
    free(path);
    return error;
}

bool os_event_log_register(const char *source, struct fault *f)
{
    wchar_t name[KEY_ROOM];
    HKEY key;
    if (!key_of(source, name, f))
        return false;
    LSTATUS error = RegCreateKeyExW(HKEY_LOCAL_MACHINE, name, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (error == ERROR_SUCCESS) {
        error = fill(key);
        RegCloseKey(key);
    }
    return error == ERROR_SUCCESS || os_code_fault(f, (DWORD)error, "register the event source", source);
}

bool os_event_log_unregister(const char *source, struct fault *f)
{
    wchar_t name[KEY_ROOM];
    if (!key_of(source, name, f))
        return false;
    LSTATUS error = RegDeleteKeyW(HKEY_LOCAL_MACHINE, name);
    return error == ERROR_SUCCESS || error == ERROR_FILE_NOT_FOUND ||
           os_code_fault(f, (DWORD)error, "remove the event source", source);
}

bool os_event_log_open(const char *source, struct fault *f)
{
    wchar_t *wide = os_wide(source);
    open_source = wide ? RegisterEventSourceW(NULL, wide) : NULL;
    free(wide);
    return open_source || os_last_fault(f, "open the event source", source);
}

void os_event_log_close(void)
{
    if (open_source)
        DeregisterEventSource(open_source);
    open_source = NULL;
}

void os_event_log_write(enum os_event_level level, const char *text)
{
    /* The identifiers of packaging/windows/messages.mc: severity in the two upper bits. */
    static const struct {
        WORD type;
        DWORD id;
    } events[] = {{EVENTLOG_INFORMATION_TYPE, 0x40000001},
                  {EVENTLOG_WARNING_TYPE, 0x80000002},
                  {EVENTLOG_ERROR_TYPE, 0xC0000003}};
    wchar_t *wide = open_source ? os_wide(text) : NULL;
    const wchar_t *strings[] = {wide};
    if (wide)
        ReportEventW(open_source, events[level].type, 0, events[level].id, NULL, 1, 0, strings, NULL);
    free(wide);
}
