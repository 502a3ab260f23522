/* SPDX-License-Identifier: Apache-2.0 */
/* No event log of Windows. */
#include "os_event_log.h"

static bool refuse(struct fault *f)
{
    return fault_set(f, FAULT_UNSUPPORTED, 0, "only Windows has this event log");
}

bool os_event_log_register(const char *source, struct fault *f)
{
    (void)source;
    return refuse(f);
}

bool os_event_log_unregister(const char *source, struct fault *f)
{
    (void)source;
    return refuse(f);
}

bool os_event_log_open(const char *source, struct fault *f)
{
    (void)source;
    return refuse(f);
}

void os_event_log_close(void) {}

void os_event_log_write(enum os_event_level level, const char *text)
{
    (void)level;
    (void)text;
}
