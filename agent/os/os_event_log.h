/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapitail's own messages in the event log of Windows (Application, source mapitail; event 1 information, 2
 * warning, 3 error). The texts of the events, a place for the message each, are a resource of the program
 * (packaging/windows/messages.mc). Elsewhere registering refuses with FAULT_UNSUPPORTED and writing does
 * nothing.
 */
#ifndef MAPITAIL_OS_EVENT_LOG_H
#define MAPITAIL_OS_EVENT_LOG_H

#include "fault.h"

#include <stdbool.h>

enum os_event_level { OS_EVENT_INFORMATION, OS_EVENT_WARNING, OS_EVENT_ERROR };

/* Makes this program the one that explains the source's events, or takes the source away. For administrators.
 */
bool os_event_log_register(const char *source, struct fault *f);
bool os_event_log_unregister(const char *source, struct fault *f);

/* Opens the source; what is written before that, or after os_event_log_close, is lost. From one thread. */
bool os_event_log_open(const char *source, struct fault *f);
void os_event_log_close(void);

/* Writes one event. Failures are not told: there is nobody left to hear. Thread-safe. */
void os_event_log_write(enum os_event_level level, const char *text);

#endif
