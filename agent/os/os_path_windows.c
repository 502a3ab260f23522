/* SPDX-License-Identifier: Apache-2.0 */
/* Files by name on Windows: finding, listing, renaming, deleting, making folders. */
#include "os_file.h"
#include "os_windows.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

NTSYSAPI NTSTATUS NTAPI RtlGetLastNtStatus(void);

/*
 * A file that was deleted while somebody still has it open keeps its name until the last one lets go, but
 * cannot be opened: Win32 calls that "access denied". To us it is not there any more.
 */
static DWORD open_error(void)
{
    enum { DELETE_PENDING = (int)0xC0000056 };
    DWORD error = GetLastError();
    return error == ERROR_ACCESS_DENIED && RtlGetLastNtStatus() == DELETE_PENDING ? ERROR_FILE_NOT_FOUND
                                                                                  : error;
}

HANDLE os_open_for_facts(const wchar_t *path)
{
    HANDLE h = CreateFileW(path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                           NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (h == INVALID_HANDLE_VALUE)
        SetLastError(open_error());
    return h;
}

/* The folder's entry tells a size that may be old (NTFS brings it up to date when the writer closes), so the
 * file itself is asked. */
bool os_path_info(const char *path, struct os_file_info *out, struct fault *f)
{
    wchar_t *wide = os_wide_path(path, f);
    if (!wide)
        return false;
    HANDLE h = os_open_for_facts(wide);
    DWORD error = GetLastError();
    free(wide);
    if (h == INVALID_HANDLE_VALUE)
        return os_code_fault(f, error, "find", path);
    bool ok = os_handle_info(h, out);
    error = GetLastError();
    CloseHandle(h);
    return ok || os_code_fault(f, error, "look at", path);
}

/* Without the prefix, which tells nothing to a reader: C:\…, \\server\share\… */
static const wchar_t *plain(wchar_t *path)
{
    if (wcsncmp(path, L"\\\\?\\UNC\\", 8) == 0) {
        path[6] = L'\\';
        return path + 6;
    }
    return wcsncmp(path, L"\\\\?\\", 4) == 0 && path[5] == L':' ? path + 4 : path;
}

bool os_handle_where(HANDLE h, char *where, size_t room)
{
    /* A volume that is mounted in a folder only has no letter. */
    static const DWORD forms[] = {VOLUME_NAME_DOS, VOLUME_NAME_GUID};
    wchar_t path[2048];
    const DWORD size = sizeof path / sizeof *path;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        DWORD n = GetFinalPathNameByHandleW(h, path, size, FILE_NAME_NORMALIZED | forms[i]);
        if (n > 0 && n < size)
            return WideCharToMultiByte(CP_UTF8, 0, plain(path), -1, where, (int)room, NULL, NULL) > 0;
    }
    return false;
}

bool os_path_resolve(const char *path, char *where, size_t room)
{
    wchar_t *wide = os_wide_path(path, NULL);
    HANDLE h = wide ? os_open_for_facts(wide) : INVALID_HANDLE_VALUE;
    bool told = h != INVALID_HANDLE_VALUE && os_handle_where(h, where, room);
    if (h != INVALID_HANDLE_VALUE)
        CloseHandle(h);
    free(wide);
    return told;
}

bool os_path_is_link(const char *path)
{
    wchar_t *wide = os_wide_path(path, NULL);
    DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    free(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_REPARSE_POINT);
}

bool os_rename(const char *from, const char *to, struct fault *f)
{
    wchar_t *wide_from = os_wide_path(from, f);
    wchar_t *wide_to = wide_from ? os_wide_path(to, f) : NULL;
    /* One step within a volume: whoever opens the new name finds the old content or the new. */
    bool renamed = wide_to && MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING);
    if (wide_to && !renamed)
        os_last_fault(f, "rename", from);
    free(wide_from);
    free(wide_to);
    return renamed;
}

bool os_unlink(const char *path, struct fault *f)
{
    wchar_t *wide = os_wide_path(path, f);
    bool gone = wide && DeleteFileW(wide);
    if (wide && !gone)
        os_last_fault(f, "remove", path);
    free(wide);
    return gone;
}

static bool make_one(wchar_t *path, SECURITY_ATTRIBUTES *security)
{
    if (CreateDirectoryW(path, security))
        return true;
    DWORD error = GetLastError(), attributes = GetFileAttributesW(path);
    SetLastError(error);
    /* The root of a drive and the share of a server refuse in other words than "it exists". */
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* Those above first, where they are missing. Depth is bounded by the length of a path. */
static bool make_all(wchar_t *path, SECURITY_ATTRIBUTES *security)
{
    if (make_one(path, security))
        return true;
    wchar_t *last = wcsrchr(path, L'\\');
    if (GetLastError() != ERROR_PATH_NOT_FOUND || !last || last - path < 6)
        return false;
    *last = L'\0';
    bool made = make_all(path, security);
    *last = L'\\';
    return made && make_one(path, security);
}

bool os_make_directories(const char *path, unsigned mode, struct fault *f)
{
    wchar_t *wide = os_wide_path(path, f);
    if (!wide)
        return false;
    size_t n = wcslen(wide);
    if (n > 7 && wide[n - 1] == L'\\')
        wide[n - 1] = L'\0';
    bool made = make_all(wide, os_security(mode));
    if (!made)
        os_last_fault(f, "create directory", path);
    free(wide);
    return made;
}

static bool visit_found(const wchar_t *found, bool (*visit)(void *ctx, const char *name), void *ctx)
{
    if (wcscmp(found, L".") == 0 || wcscmp(found, L"..") == 0)
        return true;
    char *name = os_narrow(found);
    bool more = name && visit(ctx, name);
    free(name);
    return more;
}

bool os_list(const char *directory, bool (*visit)(void *ctx, const char *name), void *ctx, struct fault *f)
{
    WIN32_FIND_DATAW found;
    wchar_t *wide = os_wide_path(directory, f);
    if (!wide)
        return false;
    size_t n = wcslen(wide);
    wchar_t *pattern = realloc(wide, (n + 3) * sizeof *wide);
    if (!pattern) {
        free(wide);
        return fault_set(f, FAULT_MEMORY, ERROR_OUTOFMEMORY, "out of memory");
    }
    wcscpy(pattern + n, n && pattern[n - 1] == L'\\' ? L"*" : L"\\*");
    HANDLE h = FindFirstFileExW(pattern, FindExInfoBasic, &found, FindExSearchNameMatch, NULL,
                                FIND_FIRST_EX_LARGE_FETCH);
    DWORD error = GetLastError();
    free(pattern);
    if (h == INVALID_HANDLE_VALUE) /* the root of an empty drive has not even "." */
        return error == ERROR_FILE_NOT_FOUND || os_code_fault(f, error, "list directory", directory);
    bool more = true;
    while (visit_found(found.cFileName, visit, ctx) && (more = FindNextFileW(h, &found))) {
    }
    error = more ? ERROR_NO_MORE_FILES : GetLastError();
    FindClose(h);
    return error == ERROR_NO_MORE_FILES || os_code_fault(f, error, "list directory", directory);
}

bool os_is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* Bytes of "server\share\" at p. */
static size_t share_length(const char *p)
{
    size_t n = 0;
    for (int part = 0; part < 2; part++) {
        while (p[n] && !os_is_separator(p[n]))
            n++;
        while (os_is_separator(p[n]))
            n++;
    }
    return n;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

size_t os_path_root(const char *path)
{
    size_t n = 0;
    bool network = os_is_separator(path[0]) && os_is_separator(path[1]);
    if (network && (path[2] == '?' || path[2] == '.') && os_is_separator(path[3])) {
        n = 4;
        network = _strnicmp(path + n, "UNC\\", 4) == 0;
        n += network ? 4 : 0;
    } else if (network) {
        n = 2;
    }
    if (network)
        return n + share_length(path + n);
    if (is_letter(path[n]) && path[n + 1] == ':')
        n += 2;
    while (os_is_separator(path[n]))
        n++;
    return n;
}

bool os_path_is_absolute(const char *path)
{
    return os_is_separator(path[0]) || (is_letter(path[0]) && path[1] == ':');
}

bool os_paths_fold_case(void)
{
    return true;
}
