/* SPDX-License-Identifier: Apache-2.0 */
/* Being a service of Windows: what its control manager asks, and what it is told. */
#include "os_process.h"
#include "os_service.h"
#include "os_windows.h"

/* A state that lasts longer than its ticks no longer claims to get on, and the manager takes it as hung. */
enum { TICK_MS = 500, HINT_MS = 4 * TICK_MS, START_TICKS = 60, STOP_TICKS = 20 };

static struct {
    SERVICE_STATUS_HANDLE handle; /* NULL: this process is no service */
    SERVICE_STATUS status;
    HANDLE timer; /* while the state is one that lasts; nothing ticks in a service that runs */
    int ticks_left;
    bool stop_asked;
    int (*body)(void *ctx);
    void *ctx;
    void (*reload)(void);
} service = {.status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS}};

/* The manager, the timer and the agent each come in a thread of their own. */
static SRWLOCK lock = SRWLOCK_INIT;

/* Nothing may follow the last status: the process can end before it. */
static void say_locked(void)
{
    SetServiceStatus(service.handle, &service.status);
}

static void CALLBACK on_tick(void *unused, BOOLEAN fired)
{
    (void)unused;
    (void)fired;
    AcquireSRWLockExclusive(&lock);
    if (service.ticks_left > 0) {
        service.ticks_left--;
        service.status.dwCheckPoint++;
        say_locked();
    }
    ReleaseSRWLockExclusive(&lock);
}

/* A tick that is under way waits for the lock, and then finds no ticks left. */
static void set_timer_locked(bool is_on)
{
    if (is_on && !service.timer) {
        if (!CreateTimerQueueTimer(&service.timer, NULL, on_tick, NULL, TICK_MS, TICK_MS, WT_EXECUTEDEFAULT))
            service.timer = NULL;
    } else if (!is_on && service.timer) {
        DeleteTimerQueueTimer(NULL, service.timer, NULL);
        service.timer = NULL;
    }
}

static void enter_locked(DWORD state, int ticks)
{
    SERVICE_STATUS *s = &service.status;
    s->dwCurrentState = state;
    s->dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN |
                                                           SERVICE_ACCEPT_PARAMCHANGE
                                                     : 0;
    s->dwCheckPoint = ticks ? 1 : 0;
    s->dwWaitHint = ticks ? HINT_MS : 0;
    service.ticks_left = ticks;
    set_timer_locked(ticks > 0);
    say_locked();
}

static void enter(DWORD from, DWORD state, int ticks)
{
    AcquireSRWLockExclusive(&lock);
    if (service.handle && service.status.dwCurrentState == from)
        enter_locked(state, ticks);
    ReleaseSRWLockExclusive(&lock);
}

static void begin_to_stop(void)
{
    AcquireSRWLockExclusive(&lock);
    service.stop_asked = true;
    ReleaseSRWLockExclusive(&lock);
    enter(SERVICE_RUNNING, SERVICE_STOP_PENDING, STOP_TICKS);
    os_request_stop();
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type;
    (void)data;
    (void)context;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_PRESHUTDOWN: /* before the services are stopped that the agent may need */
        begin_to_stop();
        return NO_ERROR;
    case SERVICE_CONTROL_PARAMCHANGE:
        if (service.reload)
            service.reload();
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

void os_on_reload(void (*on_reload)(void))
{
    service.reload = on_reload;
}

/* A reload changes nothing for the manager, and one that ends after a stop was asked for must not undo that.
 */
void os_service_tell(enum os_service_news news)
{
    if (news == OS_SERVICE_RUNS)
        enter(SERVICE_START_PENDING, SERVICE_RUNNING, 0);
    else if (news == OS_SERVICE_STOPS)
        enter(SERVICE_RUNNING, SERVICE_STOP_PENDING, STOP_TICKS);
}

void os_service_ended(int exit_code)
{
    AcquireSRWLockExclusive(&lock);
    bool failed = exit_code && !service.stop_asked;
    service.status.dwWin32ExitCode = failed ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR;
    service.status.dwServiceSpecificExitCode = failed ? (DWORD)exit_code : 0;
    if (service.handle && service.status.dwCurrentState != SERVICE_STOPPED)
        enter_locked(SERVICE_STOPPED, 0);
    ReleaseSRWLockExclusive(&lock);
}

void os_service_crash(int exit_code)
{
    AcquireSRWLockExclusive(&lock);
    bool is_wanted = service.handle && !service.stop_asked;
    ReleaseSRWLockExclusive(&lock);
    if (is_wanted)
        TerminateProcess(GetCurrentProcess(), (UINT)exit_code);
}

static void WINAPI service_main(DWORD count, wchar_t **words)
{
    (void)count;
    (void)words;
    service.handle = RegisterServiceCtrlHandlerExW(L"" OS_SERVICE_NAME, on_control, NULL);
    if (!service.handle)
        return;
    enter(0, SERVICE_START_PENDING, START_TICKS);
    os_service_ended(service.body(service.ctx));
}

bool os_service_run(int (*body)(void *ctx), void *ctx, struct fault *f)
{
    wchar_t name[] = L"" OS_SERVICE_NAME;
    const SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};
    service.body = body;
    service.ctx = ctx;
    if (StartServiceCtrlDispatcherW(table))
        return true;
    DWORD error = GetLastError();
    if (error == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT)
        return fault_set(f, FAULT_UNSUPPORTED, (int)error,
                         "only the service control manager of Windows starts this: use `mapitail service "
                         "start`, or `mapitail run` for the foreground");
    return os_code_fault(f, error, "become the service", OS_SERVICE_NAME);
}
