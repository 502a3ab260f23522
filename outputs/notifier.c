/* SPDX-License-Identifier: Apache-2.0 */
/* Notices to the host of a sink. */
#include "notifier.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void notify(struct notifier *n, enum notice_level level, const char *format, ...)
{
    char text[sizeof n->last];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n->muted || strcmp(text, n->last) == 0)
        return;
    memcpy(n->last, text, sizeof text);
    n->host->notice(n->host->ctx, level, text);
}
