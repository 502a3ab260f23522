/* SPDX-License-Identifier: Apache-2.0 */
/* What the service control manager is told, with a manager of the test's own: states, checkpoints, timers. */
#include "os_windows.h"

#include <criterion/criterion.h>

static SERVICE_STATUS told[64];
static int told_count;
static LPHANDLER_FUNCTION_EX handler;
static WAITORTIMERCALLBACK tick;
static DWORD period_ms;
static bool timer_is_on;

static SERVICE_STATUS_HANDLE WINAPI fake_register(const wchar_t *name, LPHANDLER_FUNCTION_EX on_control,
                                                  void *ctx)
{
    (void)name, (void)ctx;
    handler = on_control;
    return (SERVICE_STATUS_HANDLE)&told;
}

static BOOL WINAPI fake_status(SERVICE_STATUS_HANDLE handle, SERVICE_STATUS *status)
{
    (void)handle;
    told[told_count++] = *status;
    return TRUE;
}

static BOOL WINAPI fake_dispatcher(const SERVICE_TABLE_ENTRYW *table)
{
    wchar_t *words[] = {table->lpServiceName, NULL};
    table->lpServiceProc(1, words);
    return TRUE;
}

static BOOL WINAPI fake_timer(HANDLE *timer, HANDLE queue, WAITORTIMERCALLBACK on_tick, void *ctx, DWORD due,
                              DWORD period, ULONG flags)
{
    (void)queue, (void)ctx, (void)due, (void)flags;
    *timer = &timer_is_on;
    tick = on_tick;
    period_ms = period;
    timer_is_on = true;
    return TRUE;
}

static BOOL WINAPI fake_end_timer(HANDLE queue, HANDLE timer, HANDLE event)
{
    (void)queue, (void)timer, (void)event;
    timer_is_on = false;
    return TRUE;
}

static int stops_asked;

static void fake_request_stop(void)
{
    stops_asked++;
}

static int terminated;

static BOOL WINAPI fake_terminate(HANDLE process, UINT code)
{
    (void)process;
    terminated = (int)code;
    return TRUE;
}

#define TerminateProcess fake_terminate
#define RegisterServiceCtrlHandlerExW fake_register
#define SetServiceStatus fake_status
#define StartServiceCtrlDispatcherW fake_dispatcher
#define CreateTimerQueueTimer fake_timer
#define DeleteTimerQueueTimer fake_end_timer
#define os_request_stop fake_request_stop
#include "os_service_run_windows.c"

static const SERVICE_STATUS *last(void)
{
    return &told[told_count - 1];
}

static void begin(void)
{
    ZeroMemory(&service, sizeof service);
    service.status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    told_count = stops_asked = 0;
    timer_is_on = false;
}

static void serve(int (*body)(void *ctx))
{
    struct fault f;
    begin();
    cr_assert(os_service_run(body, NULL, &f));
    cr_assert_eq(last()->dwCurrentState, SERVICE_STOPPED);
    cr_assert(!timer_is_on, "a timer of a service that is stopped");
}

/* The checkpoint grows with each tick, and the hint is longer than a tick. */
static void expect_ticks(DWORD state)
{
    cr_assert(timer_is_on);
    cr_expect_eq(last()->dwControlsAccepted, 0);
    for (DWORD i = 0; i < 5; i++) {
        DWORD before = last()->dwCheckPoint;
        tick(NULL, TRUE);
        cr_expect_eq(last()->dwCurrentState, state);
        cr_expect_eq(last()->dwCheckPoint, before + 1);
        cr_expect_gt(last()->dwWaitHint, period_ms);
    }
}

static int start_slowly(void *ctx)
{
    (void)ctx;
    cr_expect_eq(last()->dwCurrentState, SERVICE_START_PENDING);
    expect_ticks(SERVICE_START_PENDING);
    os_service_tell(OS_SERVICE_RUNS);
    return 0;
}

Test(os_service, checkpoints_grow_while_it_starts)
{
    serve(start_slowly);
}

static int run_idle(void *ctx)
{
    (void)ctx;
    os_service_tell(OS_SERVICE_RUNS);
    cr_expect_eq(last()->dwCurrentState, SERVICE_RUNNING);
    cr_expect_eq(last()->dwCheckPoint, 0);
    cr_expect(last()->dwControlsAccepted & SERVICE_ACCEPT_PRESHUTDOWN);
    cr_expect(!timer_is_on);
    int before = told_count;
    tick(NULL, TRUE); /* that was under way when the timer ended */
    cr_expect_eq(told_count, before);
    return 0;
}

Test(os_service, nothing_ticks_while_it_runs)
{
    serve(run_idle);
}

static DWORD ending; /* the control that asks for the end */

static int stop_slowly(void *ctx)
{
    (void)ctx;
    os_service_tell(OS_SERVICE_RUNS);
    cr_expect_eq(handler(ending, 0, NULL, NULL), NO_ERROR);
    cr_expect_eq(stops_asked, 1);
    cr_expect_eq(last()->dwCurrentState, SERVICE_STOP_PENDING);
    expect_ticks(SERVICE_STOP_PENDING);
    os_service_tell(OS_SERVICE_RUNS); /* a reload that ends now */
    cr_expect_eq(last()->dwCurrentState, SERVICE_STOP_PENDING);
    return 1;
}

Test(os_service, checkpoints_grow_while_it_stops_and_before_a_shutdown)
{
    static const DWORD controls[] = {SERVICE_CONTROL_STOP, SERVICE_CONTROL_PRESHUTDOWN};
    for (int i = 0; i < 2; i++) {
        ending = controls[i];
        serve(stop_slowly);
        cr_expect_eq(last()->dwWin32ExitCode, NO_ERROR, "an end that was asked for is no failure");
    }
}

static int hang(void *ctx)
{
    int said = -1;
    (void)ctx;
    os_service_tell(OS_SERVICE_RUNS);
    handler(SERVICE_CONTROL_STOP, 0, NULL, NULL);
    for (int i = 0; i < 1000 && said != told_count; i++) {
        said = told_count;
        tick(NULL, TRUE);
    }
    return 0;
}

Test(os_service, one_that_hangs_does_not_claim_to_get_on_for_ever)
{
    serve(hang);
    cr_expect_lt(told_count, 40);
}

static int fail(void *ctx)
{
    (void)ctx;
    return 78;
}

Test(os_service, an_end_by_itself_has_the_programs_exit_code)
{
    serve(fail);
    cr_expect_eq(last()->dwWin32ExitCode, ERROR_SERVICE_SPECIFIC_ERROR);
    cr_expect_eq(last()->dwServiceSpecificExitCode, 78);
}

static int crash(void *ctx)
{
    (void)ctx;
    os_service_tell(OS_SERVICE_RUNS);
    int before = told_count;
    os_service_crash(73);
    cr_expect_eq(terminated, 73);
    cr_expect_eq(told_count, before, "nothing is told");
    terminated = 0;
    handler(SERVICE_CONTROL_STOP, 0, NULL, NULL);
    os_service_crash(73);
    cr_expect_eq(terminated, 0, "the end was asked for");
    return 0;
}

Test(os_service, an_end_whose_reason_may_pass_counts_as_a_crash_unless_it_was_asked_for)
{
    serve(crash);
}

static int reloads;

static void count_reload(void)
{
    reloads++;
}

static int take_controls(void *ctx)
{
    (void)ctx;
    os_service_tell(OS_SERVICE_RUNS);
    os_on_reload(count_reload);
    cr_expect_eq(handler(SERVICE_CONTROL_PARAMCHANGE, 0, NULL, NULL), NO_ERROR);
    cr_expect_eq(reloads, 1);
    cr_expect_eq(handler(SERVICE_CONTROL_INTERROGATE, 0, NULL, NULL), NO_ERROR);
    cr_expect_eq(handler(SERVICE_CONTROL_PAUSE, 0, NULL, NULL), ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

Test(os_service, a_reload_is_taken_and_what_it_does_not_know_is_refused)
{
    serve(take_controls);
}
