/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared libraries that are loaded when they are first needed. What is loaded stays loaded until the process
 * ends: a library with threads or exit handlers of its own must not lose its code. Thread-safe.
 */
#ifndef MAPITAIL_OS_LIBRARY_H
#define MAPITAIL_OS_LIBRARY_H

#include "fault.h"

struct os_library;

/* Any function; to be cast to its real type before it is called. */
typedef void (*os_function)(void);

/*
 * Loads by file name ("librdkafka.so.1"), as the system's own loader finds it: the name is never taken from a
 * configuration. NULL with FAULT_UNSUPPORTED when it cannot be loaded; the text is the loader's reason.
 */
struct os_library *os_library_open(const char *name, struct fault *f);

/* The function of that name, or NULL. */
os_function os_library_function(struct os_library *library, const char *name);

#endif
