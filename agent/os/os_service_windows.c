/* SPDX-License-Identifier: Apache-2.0 */
/* The service as its control manager knows it: made, removed, started, stopped, asked. */
#include "os_service.h"

#include "os_event_log.h"
#include "os_file.h"
#include "os_process.h"
#include "os_service_windows.h"
#include "os_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 50, PRESHUTDOWN_MS = 10000, COMMAND_ROOM = 2 * 32768 };

static const wchar_t name[] = L"" OS_SERVICE_NAME;
static const wchar_t description[] =
    L"Reads MSExchangeIS event 9646 from event logs and exports and ships it to Kafka and syslog.";

/* What a command works with; both NULL after a failure. */
struct handles {
    SC_HANDLE manager, service;
};

static void close_handles(struct handles *h)
{
    if (h->service)
        CloseServiceHandle(h->service);
    if (h->manager)
        CloseServiceHandle(h->manager);
    *h = (struct handles){0};
}

/* The common reason is a console that is not an administrator's. */
static bool manager_fault(struct fault *f, DWORD error, const char *what)
{
    if (error == ERROR_ACCESS_DENIED)
        return fault_set(f, FAULT_OS, (int)error,
                         "cannot %s the service: an administrator's console is needed", what);
    return os_code_fault(f, error, what, "the service " OS_SERVICE_NAME);
}

/* A service that does not exist is left NULL, with true. */
static bool open_handles(struct handles *h, DWORD manager_rights, DWORD rights, const char *what,
                         struct fault *f)
{
    *h = (struct handles){.manager = OpenSCManagerW(NULL, NULL, manager_rights)};
    if (!h->manager)
        return manager_fault(f, GetLastError(), what);
    h->service = OpenServiceW(h->manager, name, rights);
    DWORD error = h->service ? NO_ERROR : GetLastError();
    if (h->service || error == ERROR_SERVICE_DOES_NOT_EXIST)
        return true;
    close_handles(h);
    return manager_fault(f, error, what);
}

static bool open_existing(struct handles *h, DWORD rights, const char *what, struct fault *f)
{
    if (!open_handles(h, SC_MANAGER_CONNECT, rights, what, f))
        return false;
    if (h->service)
        return true;
    close_handles(h);
    return fault_set(f, FAULT_OS, ERROR_SERVICE_DOES_NOT_EXIST,
                     "there is no service " OS_SERVICE_NAME " on this system: `mapitail service install`");
}

/* ---- installing ---- */

/* Quoted: in a path with blanks, C:\Program.exe would come first. */
static wchar_t *make_command(const char *config_path, struct fault *f)
{
    wchar_t *command = malloc(COMMAND_ROOM * sizeof *command), *path = malloc(32768 * sizeof *path);
    wchar_t *config = os_wide(config_path);
    DWORD n = path ? GetModuleFileNameW(NULL, path, 32768) : 0;
    bool good = command && config && n > 0 && n < 32768;
    if (good)
        _snwprintf(command, COMMAND_ROOM, L"\"%ls\" service run -c \"%ls\"", path, config);
    free(path);
    free(config);
    if (good)
        return command;
    free(command);
    fault_set(f, FAULT_MEMORY, 0, "out of memory");
    return NULL;
}

static bool create_or_change(struct handles *h, const wchar_t *command, struct fault *f)
{
    static const wchar_t account[] = L"NT SERVICE\\" OS_SERVICE_NAME;
    if (h->service)
        return ChangeServiceConfigW(h->service, SERVICE_WIN32_OWN_PROCESS, SERVICE_AUTO_START,
                                    SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, account, NULL, name) ||
               manager_fault(f, GetLastError(), "change");
    h->service =
        CreateServiceW(h->manager, name, name, SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                       SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, account, NULL);
    return h->service || manager_fault(f, GetLastError(), "create");
}

static void set_one(SC_HANDLE service, DWORD level, void *what, const char *called,
                    void (*note)(const char *text))
{
    char text[256];
    if (ChangeServiceConfig2W(service, level, what))
        return;
    snprintf(text, sizeof text, "%s cannot be set: %s", called, os_error_text((int)GetLastError()));
    note(text);
}

/* A crash, and an end that os_service_crash makes one, has the service started again: others are final. */
static void set_recovery(SC_HANDLE service, void (*note)(const char *text))
{
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW recovery = {
        .dwResetPeriod = 86400, .cActions = sizeof actions / sizeof *actions, .lpsaActions = actions};
    set_one(service, SERVICE_CONFIG_FAILURE_ACTIONS, &recovery, "the restart after a crash", note);
}

static void set_details(SC_HANDLE service, void (*note)(const char *text))
{
    wchar_t text[sizeof description / sizeof *description], privileges[] = L"SeChangeNotifyPrivilege\0";
    SERVICE_DESCRIPTIONW about = {text};
    SERVICE_DELAYED_AUTO_START_INFO delayed = {TRUE};
    SERVICE_SID_INFO sid = {SERVICE_SID_TYPE_UNRESTRICTED};
    SERVICE_REQUIRED_PRIVILEGES_INFOW required = {privileges};
    SERVICE_PRESHUTDOWN_INFO preshutdown = {PRESHUTDOWN_MS};
    memcpy(text, description, sizeof text);
    set_one(service, SERVICE_CONFIG_DESCRIPTION, &about, "the description", note);
    set_one(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delayed, "the delayed start", note);
    set_one(service, SERVICE_CONFIG_SERVICE_SID_INFO, &sid, "the identity of the service", note);
    set_one(service, SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required, "the list of privileges", note);
    set_one(service, SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, "the time before a shutdown", note);
    set_recovery(service, note);
}

bool os_service_install(const char *config_path, void (*note)(const char *text), struct fault *f)
{
    struct handles h;
    struct fault why;
    wchar_t *command = make_command(config_path, f);
    bool good = command && open_handles(&h, SC_MANAGER_CREATE_SERVICE | SC_MANAGER_CONNECT,
                                        SERVICE_ALL_ACCESS, "install", f);
    if (!good) {
        free(command);
        return false;
    }
    good = create_or_change(&h, command, f);
    if (good) {
        set_details(h.service, note);
        if (!os_event_log_register(OS_SERVICE_NAME, &why))
            note(why.text);
        if (!os_service_join_log_readers(&why))
            note(why.text);
    }
    close_handles(&h);
    free(command);
    return good;
}

/* ---- steering ---- */

static bool query(SC_HANDLE service, SERVICE_STATUS_PROCESS *s, struct fault *f)
{
    DWORD size;
    return QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)s, sizeof *s, &size) ||
           manager_fault(f, GetLastError(), "ask about");
}

/* Until it is in no pending state, or the time is over. */
static bool wait_while(SC_HANDLE service, DWORD pending, unsigned timeout_ms, SERVICE_STATUS_PROCESS *s,
                       struct fault *f)
{
    ULONGLONG until = GetTickCount64() + timeout_ms;
    for (;;) {
        if (!query(service, s, f))
            return false;
        if (s->dwCurrentState != pending)
            return true;
        if (GetTickCount64() >= until)
            return fault_set(f, FAULT_TIMEOUT, 0, "the service did not %s within %u s",
                             pending == SERVICE_START_PENDING ? "start" : "stop", timeout_ms / 1000);
        Sleep(POLL_MS);
    }
}

static int exit_code(const SERVICE_STATUS_PROCESS *s)
{
    if (s->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR)
        return (int)s->dwServiceSpecificExitCode;
    return s->dwWin32ExitCode == ERROR_SERVICE_NEVER_STARTED ? 0 : (int)s->dwWin32ExitCode;
}

static bool start(SC_HANDLE service, unsigned timeout_ms, struct fault *f)
{
    SERVICE_STATUS_PROCESS s;
    if (!StartServiceW(service, 0, NULL) && GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
        return manager_fault(f, GetLastError(), "start");
    if (!wait_while(service, SERVICE_START_PENDING, timeout_ms, &s, f))
        return false;
    if (s.dwCurrentState != SERVICE_RUNNING && s.dwWin32ExitCode == ERROR_PROCESS_ABORTED)
        return fault_set(f, FAULT_REFUSED, 0,
                         "the service ended, and Windows starts it again in some seconds; the event log "
                         "(Application, source mapitail) says why");
    return s.dwCurrentState == SERVICE_RUNNING ||
           fault_set(f, FAULT_REFUSED, 0,
                     "the service ended with exit code %d; the event log (Application, source mapitail) says "
                     "why",
                     exit_code(&s));
}

bool os_service_start(unsigned timeout_ms, struct fault *f)
{
    struct handles h;
    if (!open_existing(&h, SERVICE_START | SERVICE_QUERY_STATUS, "start", f))
        return false;
    bool good = start(h.service, timeout_ms, f);
    close_handles(&h);
    return good;
}

static bool stop(SC_HANDLE service, unsigned timeout_ms, struct fault *f)
{
    SERVICE_STATUS ignored;
    SERVICE_STATUS_PROCESS s;
    /* A service takes no stop while it starts. */
    if (!wait_while(service, SERVICE_START_PENDING, timeout_ms, &s, f))
        return false;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &ignored)) {
        DWORD error = GetLastError();
        if (error == ERROR_SERVICE_NOT_ACTIVE)
            return true;
        if (error != ERROR_SERVICE_CANNOT_ACCEPT_CTRL)
            return manager_fault(f, error, "stop");
    }
    return wait_while(service, SERVICE_STOP_PENDING, timeout_ms, &s, f) &&
           (s.dwCurrentState == SERVICE_STOPPED ||
            fault_set(f, FAULT_REFUSED, 0, "the service does not take the stop"));
}

bool os_service_stop(unsigned timeout_ms, struct fault *f)
{
    struct handles h;
    if (!open_existing(&h, SERVICE_STOP | SERVICE_QUERY_STATUS, "stop", f))
        return false;
    bool good = stop(h.service, timeout_ms, f);
    close_handles(&h);
    return good;
}

bool os_service_uninstall(unsigned timeout_ms, struct fault *f)
{
    struct handles h;
    struct fault ignored;
    if (!open_handles(&h, SC_MANAGER_CONNECT, SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE, "remove", f))
        return false;
    bool good =
        !h.service || (stop(h.service, timeout_ms, f) &&
                       (DeleteService(h.service) || GetLastError() == ERROR_SERVICE_MARKED_FOR_DELETE ||
                        manager_fault(f, GetLastError(), "remove")));
    close_handles(&h);
    if (good) {
        os_event_log_unregister(OS_SERVICE_NAME, &ignored);
        os_service_leave_log_readers(&ignored);
    }
    return good;
}

bool os_service_reload(struct fault *f)
{
    struct handles h;
    SERVICE_STATUS ignored;
    if (!open_existing(&h, SERVICE_PAUSE_CONTINUE | SERVICE_QUERY_STATUS, "reload", f))
        return false;
    bool good = ControlService(h.service, SERVICE_CONTROL_PARAMCHANGE, &ignored);
    DWORD error = good ? NO_ERROR : GetLastError();
    close_handles(&h);
    return good || manager_fault(f, error, "have the configuration read by");
}

/* ---- asking ---- */

static enum os_service_state state_of(DWORD state)
{
    switch (state) {
    case SERVICE_STOPPED:
        return OS_SERVICE_STOPPED;
    case SERVICE_START_PENDING:
        return OS_SERVICE_STARTING;
    case SERVICE_RUNNING:
        return OS_SERVICE_RUNNING;
    case SERVICE_STOP_PENDING:
        return OS_SERVICE_STOPPING;
    default:
        return OS_SERVICE_OTHER;
    }
}

static void copy_text(char *to, size_t room, const wchar_t *text)
{
    char *narrow = os_narrow(text ? text : L"");
    snprintf(to, room, "%s", narrow ? narrow : "");
    free(narrow);
}

static void read_setup(SC_HANDLE service, struct os_service_status *out)
{
    DWORD size = 0;
    QueryServiceConfigW(service, NULL, 0, &size);
    QUERY_SERVICE_CONFIGW *setup = size ? malloc(size) : NULL;
    if (setup && QueryServiceConfigW(service, setup, size, &size)) {
        out->starts_by_itself = setup->dwStartType == SERVICE_AUTO_START;
        copy_text(out->account, sizeof out->account, setup->lpServiceStartName);
        copy_text(out->command, sizeof out->command, setup->lpBinaryPathName);
    }
    free(setup);
}

bool os_service_query(struct os_service_status *out, struct fault *f)
{
    struct handles h;
    SERVICE_STATUS_PROCESS s;
    *out = (struct os_service_status){.state = OS_SERVICE_ABSENT};
    if (!open_handles(&h, SC_MANAGER_CONNECT, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, "ask about", f))
        return false;
    bool good = !h.service || query(h.service, &s, f);
    if (good && h.service) {
        out->state = state_of(s.dwCurrentState);
        out->process_id = s.dwCurrentState == SERVICE_STOPPED ? 0 : s.dwProcessId;
        out->exit_code = s.dwCurrentState == SERVICE_STOPPED ? exit_code(&s) : 0;
        read_setup(h.service, out);
    }
    close_handles(&h);
    return good;
}

bool os_service_folder(char *to, size_t room)
{
    const char *data = os_environment("ProgramData");
    int n = data ? snprintf(to, room, "%s\\" OS_SERVICE_NAME, data) : -1;
    return n > 0 && (size_t)n < room;
}
