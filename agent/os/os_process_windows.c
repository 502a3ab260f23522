/* SPDX-License-Identifier: Apache-2.0 */
/* The process on Windows. */
#include "os_process.h"
#include "os_windows.h"

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The system ends the process when the handler of one of the last events returns, or five seconds later. */
enum { LAST_WORDS_MS = 30000, INTERRUPTED = 130 };

static void (*stop_request)(void);
static volatile LONG interrupted;
static UINT console_code_page;

void os_request_stop(void)
{
    if (stop_request)
        stop_request();
}

static bool is_in_session_of_services(void)
{
    DWORD session;
    return ProcessIdToSessionId(GetCurrentProcessId(), &session) && session == 0;
}

static BOOL WINAPI handle(DWORD event)
{
    /* Any user's logging off is told to everybody in the session of the services. */
    if (event == CTRL_LOGOFF_EVENT && is_in_session_of_services())
        return TRUE;
    bool from_keyboard = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
    if (from_keyboard && InterlockedExchange(&interrupted, 1))
        TerminateProcess(GetCurrentProcess(), INTERRUPTED);
    os_request_stop();
    if (!from_keyboard)
        Sleep(LAST_WORDS_MS); /* main returns meanwhile, which ends the process */
    return TRUE;
}

void os_on_stop(void (*on_stop)(void))
{
    stop_request = on_stop;
    /* Whoever started us may have switched Ctrl-C off for its children, as `start /b` does. */
    SetConsoleCtrlHandler(NULL, FALSE);
    SetConsoleCtrlHandler(handle, TRUE);
}

void os_forbid_core_dumps(void)
{
    /* Windows Error Reporting, which writes the dumps, is then not called. */
    SetErrorMode(GetErrorMode() | SEM_NOGPFAULTERRORBOX);
}

unsigned long os_process_id(void)
{
    return GetCurrentProcessId();
}

void os_host_name(char *to, size_t n)
{
    wchar_t wide[256];
    DWORD length = sizeof wide / sizeof *wide;
    if (!GetComputerNameExW(ComputerNameDnsHostname, wide, &length) ||
        !WideCharToMultiByte(CP_UTF8, 0, wide, -1, to, (int)n, NULL, NULL))
        strncpy(to, "localhost", n);
    to[n - 1] = '\0';
}

static bool is_console(DWORD stream)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(stream), &mode);
}

bool os_stderr_is_terminal(void)
{
    return is_console(STD_ERROR_HANDLE);
}

bool os_stdout_is_terminal(void)
{
    return is_console(STD_OUTPUT_HANDLE);
}

void os_binary_streams(void)
{
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
}

static void restore_console(void)
{
    SetConsoleOutputCP(console_code_page);
}

/* A console takes bytes in a code page of its own, which is that of all programs in the window. */
static void show_utf8(void)
{
    console_code_page = GetConsoleOutputCP();
    if (console_code_page && console_code_page != CP_UTF8 &&
        (os_stdout_is_terminal() || os_stderr_is_terminal()) && SetConsoleOutputCP(CP_UTF8))
        atexit(restore_console);
}

/* NULL where the system cannot tell, and without memory. What it returns lives as long as the process. */
static char **narrow_arguments(int *count)
{
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), count);
    char **words = wide ? calloc((size_t)*count + 1, sizeof *words) : NULL;
    for (int i = 0; words && i < *count; i++)
        if (!(words[i] = os_narrow(wide[i])))
            words = NULL;
    LocalFree(wide);
    return words;
}

void os_begin(int *argc, char ***argv)
{
    int count;
    char **words = narrow_arguments(&count);
    if (words) {
        *argc = count;
        *argv = words;
    }
    /* What is loaded later comes from the system's folder: the working directory may be anybody's. */
    SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX);
    show_utf8();
}

struct variable {
    struct variable *next;
    char *name, *value;
};

/* Kept, so that a value lives as long as the process. Takes value over. */
static const char *keep_variable(struct variable **known, const char *name, char *value)
{
    struct variable *v = malloc(sizeof *v);
    char *copy = _strdup(name);
    if (!v || !copy) {
        free(v);
        free(copy);
        free(value);
        return NULL;
    }
    *v = (struct variable){*known, copy, value};
    *known = v;
    return value;
}

/* The value now, to be freed; NULL where there is none. Not the C library's copy, which lacks empty ones. */
static char *read_variable(const wchar_t *name)
{
    SetLastError(ERROR_SUCCESS);
    DWORD room = GetEnvironmentVariableW(name, NULL, 0);
    if (room == 0 && GetLastError() != ERROR_SUCCESS)
        return NULL;
    wchar_t *wide = calloc((size_t)room + 1, sizeof *wide);
    if (wide)
        GetEnvironmentVariableW(name, wide, room);
    char *value = wide ? os_narrow(wide) : NULL;
    free(wide);
    return value;
}

const char *os_environment(const char *name)
{
    static struct variable *known; /* the latest value of a name first */
    struct variable *v = known;
    wchar_t *wide_name = os_wide(name);
    char *value = wide_name ? read_variable(wide_name) : NULL;
    free(wide_name);
    if (!value)
        return NULL;
    while (v && _stricmp(v->name, name) != 0)
        v = v->next;
    if (!v || strcmp(v->value, value) != 0)
        return keep_variable(&known, name, value);
    free(value);
    return v->value;
}
