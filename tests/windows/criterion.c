/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests that registered themselves, and says what came of them in TAP. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <setjmp.h>
#include <stdarg.h>
#include <windows.h>

enum { FAILED = 1 };

static struct criterion_test *tests; /* by suite and name */
static jmp_buf leave;
static unsigned failures;
static const char *skipped;
static FILE *tap;
static const char *tap_path; /* NULL: standard output */

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

static void tap_open(void)
{
    tap = tap_path ? fopen(tap_path, "a") : stdout;
    if (!tap)
        exit(FAILED);
}

static void tap_close(void)
{
    if (tap_path)
        fclose(tap);
    else
        fflush(tap);
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
    fflush(tap);
    if (fatal)
        longjmp(leave, 1);
}

void criterion_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("# ", tap);
    vfprintf(tap, format, arguments);
    fputc('\n', tap);
    va_end(arguments);
}

void criterion_skip(const char *why)
{
    skipped = why;
    longjmp(leave, 1);
}

/* A failed assertion in any of the three ends them all. */
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

/* ---- one test, in a process of its own ---- */

static int run(const struct criterion_test *test, const char *number)
{
    const struct criterion_options *suite = suite_of(test);
    tap_open();
    guarded(suite->init, test->options.init, test->run);
    guarded(test->options.fini, suite->fini, NULL);
    fprintf(tap, "%sok %s - %s::%s", failures ? "not " : "", number, test->suite, test->name);
    if (skipped && !failures)
        fprintf(tap, " # SKIP %s", skipped);
    fputc('\n', tap);
    tap_close();
    return failures ? FAILED : 0;
}

/* ---- all of them ---- */

static int start(const char *program, const struct criterion_test *test, unsigned number)
{
    char words[4][512];
    snprintf(words[0], sizeof words[0], "\"%s\"", program);
    snprintf(words[1], sizeof words[1], "--number=%u", number);
    snprintf(words[2], sizeof words[2], "--test=%s::%s", test->suite, test->name);
    snprintf(words[3], sizeof words[3], "\"--tap=%s\"", tap_path ? tap_path : "");
    const char *const arguments[] = {words[0], words[1], words[2], tap_path ? words[3] : NULL, NULL};
    return (int)_spawnv(_P_WAIT, program, arguments);
}

static bool is_wanted(const struct criterion_test *t, const char *word)
{
    char name[256];
    snprintf(name, sizeof name, "%s::%s", t->suite, t->name);
    return t->run && !t->options.disabled && (!word || strstr(name, word));
}

static int run_all(const char *program, const char *word)
{
    unsigned count = 0, number = 0, failed = 0;
    for (struct criterion_test *t = tests; t; t = t->next)
        count += is_wanted(t, word);
    if (tap_path)
        remove(tap_path);
    tap_open();
    fprintf(tap, "TAP version 13\n1..%u\n", count);
    tap_close();
    for (struct criterion_test *t = tests; t; t = t->next) {
        if (!is_wanted(t, word))
            continue;
        int code = start(program, t, ++number);
        failed += code != 0;
        if (code == 0 || code == FAILED)
            continue;
        tap_open();
        fprintf(tap, "not ok %u - %s::%s ended with %#x\n", number, t->suite, t->name, (unsigned)code);
        tap_close();
    }
    printf("# %u of %u passed\n", number - failed, number);
    return failed ? FAILED : 0;
}

int main(int argc, char **argv)
{
    const char *word = NULL, *number = "1", *only = NULL;
    /* As elsewhere, a line ends with one character. */
    _fmode = _O_BINARY;
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--tap=", 6) == 0)
            tap_path = argv[i] + 6;
        else if (strncmp(argv[i], "--number=", 9) == 0)
            number = argv[i] + 9;
        else if (strncmp(argv[i], "--test=", 7) == 0)
            only = argv[i] + 7;
        else if (argv[i][0] != '-')
            word = argv[i];
    }
    if (!only)
        return run_all(argv[0], word);
    for (struct criterion_test *t = tests; t; t = t->next) {
        size_t n = strlen(t->suite);
        if (t->run && strncmp(only, t->suite, n) == 0 && strncmp(only + n, "::", 2) == 0 &&
            strcmp(only + n + 2, t->name) == 0)
            return run(t, number);
    }
    return FAILED;
}
