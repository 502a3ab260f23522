/* SPDX-License-Identifier: Apache-2.0 */
/* The border between UTF-8 inside and UTF-16 outside, and paths of any length. */
#include "os_windows.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

wchar_t *os_wide(const char *text)
{
    int n = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = n > 0 ? malloc((size_t)n * sizeof *wide) : NULL;
    if (wide)
        MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, n);
    return wide;
}

char *os_narrow(const wchar_t *text)
{
    int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *narrow = n > 0 ? malloc((size_t)n) : NULL;
    if (narrow)
        WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, n, NULL, NULL);
    return narrow;
}

static bool is_slash(wchar_t c)
{
    return c == L'\\' || c == L'/';
}

/* \\?\ and \\.\: what follows is not the Win32 layer's to change. */
static bool is_device(const wchar_t *path)
{
    return wcsncmp(path, L"\\\\?\\", 4) == 0 || wcsncmp(path, L"\\\\.\\", 4) == 0;
}

/* Absolute, with '\' between its parts and without "." and "..". Room for the prefix is left before it. */
static wchar_t *full_path(const wchar_t *path, size_t prefix)
{
    DWORD room = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *full = room ? malloc((room + prefix) * sizeof *full) : NULL;
    if (!full)
        return NULL;
    DWORD n = GetFullPathNameW(path, room, full + prefix, NULL);
    if (n == 0 || n >= room) {
        free(full);
        return NULL;
    }
    return full;
}

/* Without the prefix a path ends at 260 characters. \\server\share becomes \\?\UNC\server\share. */
static wchar_t *prefixed(const wchar_t *path)
{
    static const wchar_t local[] = L"\\\\?\\", network[] = L"\\\\?\\UNC";
    enum { PREFIX = sizeof network / sizeof *network };
    wchar_t *full = full_path(path, PREFIX);
    if (!full)
        return NULL;
    const wchar_t *rest = full + PREFIX, *prefix = local;
    if (is_device(rest)) {
        prefix = L"";
    } else if (is_slash(rest[0]) && is_slash(rest[1])) {
        prefix = network;
        rest++;
    }
    size_t n = wcslen(prefix);
    wmemmove(full + n, rest, wcslen(rest) + 1);
    wmemcpy(full, prefix, n);
    return full;
}

wchar_t *os_wide_path(const char *path, struct fault *f)
{
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0) == 0) {
        fault_set(f, FAULT_OS, ERROR_NO_UNICODE_TRANSLATION, "%s: a path must be written in UTF-8", path);
        return NULL;
    }
    wchar_t *wide = os_wide(path);
    if (wide && is_device(wide))
        return wide;
    wchar_t *full = wide && *wide ? prefixed(wide) : NULL;
    if (wide && !*wide)
        fault_set(f, FAULT_OS, ERROR_PATH_NOT_FOUND, "a path is empty");
    else if (!full)
        fault_set(f, FAULT_MEMORY, ERROR_OUTOFMEMORY, "out of memory");
    free(wide);
    return full;
}

int64_t os_unix_ns(int64_t ticks)
{
    return (ticks - INT64_C(116444736000000000)) * 100;
}
