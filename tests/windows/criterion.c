/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests that registered themselves, and says what came of them in TAP. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <windows.h>

enum { CRASHED = 99 };

static struct criterion_test *tests; /* by suite and name */
static jmp_buf leave;
static unsigned failures; /* of the test that runs */
static const char *skipped;
static FILE *tap;

static int compare(const struct criterion_test *a, const struct criterion_test *b)
{
    int suites = strcmp(a->suite, b->suite);
    return suites ? suites : strcmp(a->name, b->name);
}

void criterion_register(struct criterion_test *test)
{
    struct criterion_test **at = &tests;
    while (*at && compare(*at, test) < 0)
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

void criterion_failed(bool fatal, const char *file, int line, const char *claim, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    failures++;
    for (char *p = text; (p = strchr(p, '\n'));)
        *p = ' ';
    fprintf(tap, "# %s:%d: %s:%s\n", file, line, claim, text);
    fprintf(stderr, "%s:%d: %s:%s\n", file, line, claim, text);
    if (fatal)
        longjmp(leave, 1);
}

void criterion_skip(const char *why)
{
    skipped = why;
    longjmp(leave, 1);
}

static LONG WINAPI crashed(EXCEPTION_POINTERS *e)
{
    fprintf(tap, "Bail out! exception %#lx\n", (unsigned long)e->ExceptionRecord->ExceptionCode);
    fprintf(stderr, "exception %#lx\n", (unsigned long)e->ExceptionRecord->ExceptionCode);
    fflush(tap);
    TerminateProcess(GetCurrentProcess(), CRASHED);
    return EXCEPTION_CONTINUE_SEARCH;
}

/* A failed assertion in any of the three ends them all. Nothing in here may be kept in a register: hence no
 * variables. */
static __attribute__((noinline)) void guarded(void (*first)(void), void (*second)(void), void (*third)(void))
{
    if (setjmp(leave) != 0)
        return;
    if (first)
        first();
    if (second)
        second();
    if (third)
        third();
}

static const struct criterion_options *suite_of(const struct criterion_test *test)
{
    static const struct criterion_options none;
    for (const struct criterion_test *t = tests; t; t = t->next)
        if (!t->run && strcmp(t->suite, test->suite) == 0)
            return &t->options;
    return &none;
}

static bool run(struct criterion_test *test, unsigned number)
{
    const struct criterion_options *suite = suite_of(test);
    failures = 0;
    skipped = NULL;
    guarded(suite->init, test->options.init, test->run);
    guarded(test->options.fini, suite->fini, NULL);
    fprintf(tap, "%sok %u - %s::%s", failures ? "not " : "", number, test->suite, test->name);
    fprintf(tap, skipped && !failures ? " # SKIP %s\n" : "\n", skipped);
    fflush(tap);
    if (failures)
        fprintf(stderr, "failed: %s::%s\n", test->suite, test->name);
    return failures == 0;
}

static bool is_wanted(const struct criterion_test *t, const char *word)
{
    char name[256];
    snprintf(name, sizeof name, "%s::%s", t->suite, t->name);
    return t->run && !t->options.disabled && (!word || strstr(name, word));
}

int main(int argc, char **argv)
{
    const char *word = NULL;
    unsigned count = 0, number = 0, failed = 0;
    /* As elsewhere, a line ends with one character. */
    _fmode = _O_BINARY;
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(crashed);
    tap = stdout;
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--tap=", 6) == 0)
            tap = fopen(argv[i] + 6, "w");
        else if (argv[i][0] != '-')
            word = argv[i];
    if (!tap)
        return CRASHED;
    for (struct criterion_test *t = tests; t; t = t->next)
        count += is_wanted(t, word);
    fprintf(tap, "TAP version 13\n1..%u\n", count);
    for (struct criterion_test *t = tests; t; t = t->next)
        if (is_wanted(t, word) && !run(t, ++number))
            failed++;
    fprintf(stderr, "%u of %u passed\n", number - failed, number);
    return failed ? 1 : 0;
}
