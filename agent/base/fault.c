/* SPDX-License-Identifier: Apache-2.0 */
/* Why something failed. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>

_Bool fault_set(struct fault *f, enum fault_code code, int os_error, const char *format, ...)
{
    if (f) {
        va_list args;
        va_start(args, format);
        *f = (struct fault){.code = code, .os_error = os_error};
        vsnprintf(f->text, sizeof f->text, format, args);
        va_end(args);
    }
    return 0;
}
