/* SPDX-License-Identifier: Apache-2.0 */
/* For programs that use posix.c and are no tests: what does not hold ends them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

void criterion_failed(bool fatal, const char *file, int line, const char *claim, const char *format, ...)
{
    (void)fatal, (void)format;
    fprintf(stderr, "%s:%d: %s\n", file, line, claim);
    exit(1);
}
