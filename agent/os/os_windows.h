/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Windows files share: the border between UTF-8 inside and UTF-16 outside, and faults from the last
 * error. Thread-safe.
 */
#ifndef MAPITAIL_OS_WINDOWS_H
#define MAPITAIL_OS_WINDOWS_H

#include "fault.h"

#include <winsock2.h> /* before windows.h, which would bring the old one */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

/* A copy in the other encoding, to be freed; NULL without memory. What is not valid becomes U+FFFD. */
wchar_t *os_wide(const char *text);
char *os_narrow(const wchar_t *text);

/*
 * The path as the system takes it whatever its length: absolute, with \\?\ before it, to be freed. Paths that
 * begin with \\?\ or \\.\ are taken as they are. NULL with a fault when it is no valid UTF-8, or without
 * memory.
 */
wchar_t *os_wide_path(const char *path, struct fault *f);

/* "cannot WHAT PATH: text of GetLastError()", FAULT_OS; returns false. */
bool os_last_fault(struct fault *f, const char *what, const char *path);

/* The same with another error than the last one. */
bool os_code_fault(struct fault *f, DWORD error, const char *what, const char *path);

/*
 * For creating what POSIX would give these permissions. NULL: like its folder. Where the bits of group and
 * others are clear, a descriptor for the system, administrators and the present user alone, inherited from
 * nowhere and passed on to what is created inside. It lives as long as the process.
 */
SECURITY_ATTRIBUTES *os_security(unsigned mode);

/* Calls what os_on_stop was given; nothing before that. */
void os_request_stop(void);

/* Nanoseconds since 1970 of a count of 100 ns since 1601. */
int64_t os_unix_ns(int64_t ticks);

struct os_file_info;

/* What there is to know about an open handle of a file or directory. */
bool os_handle_info(HANDLE h, struct os_file_info *out);

/* Where an open file or directory lies, all links resolved; false where that cannot be told or has no room.
 */
bool os_handle_where(HANDLE h, char *where, size_t room);

/* A handle that reads nothing but facts, of a file or a directory; INVALID_HANDLE_VALUE with the last error.
 */
HANDLE os_open_for_facts(const wchar_t *path);

#endif
