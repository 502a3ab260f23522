/* SPDX-License-Identifier: Apache-2.0 */
/* Open files on Windows, shared with everybody: their owner can rename, delete and truncate them all the
 * same. */
#include "os_clock.h"
#include "os_file.h"
#include "os_windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct os_file {
    HANDLE h;
};

enum {
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
    BLOCK_MAX = 1 << 30, /* of one call: the system counts in 32 bits */
};

static struct os_file *wrap(HANDLE h, struct fault *f)
{
    struct os_file *file = malloc(sizeof *file);
    if (!file) {
        CloseHandle(h);
        fault_set(f, FAULT_MEMORY, ERROR_OUTOFMEMORY, "out of memory");
        return NULL;
    }
    file->h = h;
    return file;
}

static bool is_directory(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static void refuse(const char *path, const char *what, struct fault *f)
{
    fault_set(f, FAULT_OS, ERROR_INVALID_PARAMETER, "cannot read %s: it is a %s, not a file", path, what);
}

struct os_file *os_file_open(const char *path, struct fault *f)
{
    wchar_t *wide = os_wide_path(path, f);
    if (!wide)
        return NULL;
    HANDLE h = CreateFileW(wide, GENERIC_READ, SHARE_ALL, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    DWORD error = GetLastError();
    bool directory = h == INVALID_HANDLE_VALUE && is_directory(wide);
    free(wide);
    if (directory) {
        refuse(path, "directory", f);
    } else if (h == INVALID_HANDLE_VALUE) {
        os_code_fault(f, error, "open", path);
    } else if (GetFileType(h) != FILE_TYPE_DISK) {
        CloseHandle(h);
        refuse(path, "device, pipe or socket", f);
    } else {
        return wrap(h, f);
    }
    return NULL;
}

struct os_file *os_file_append(const char *path, unsigned mode, struct fault *f)
{
    wchar_t *wide = os_wide_path(path, f);
    if (!wide)
        return NULL;
    HANDLE h = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, SHARE_ALL, os_security(mode), OPEN_ALWAYS,
                           FILE_ATTRIBUTE_NORMAL, NULL);
    if (h == INVALID_HANDLE_VALUE)
        os_last_fault(f, "open", path);
    free(wide);
    return h == INVALID_HANDLE_VALUE ? NULL : wrap(h, f);
}

struct os_file *os_file_temporary(struct fault *f)
{
    wchar_t path[MAX_PATH + 64];
    uint64_t random;
    DWORD n = GetTempPathW(MAX_PATH + 1, path);
    if (n == 0 || n > MAX_PATH) {
        os_last_fault(f, "find", "the folder for temporary files");
        return NULL;
    }
    os_random(&random, sizeof random);
    _snwprintf(path + n, 63, L"mapitail-%016llx.tmp", (unsigned long long)random);
    HANDLE h = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, SHARE_ALL, os_security(0600), CREATE_NEW,
                           FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (h == INVALID_HANDLE_VALUE) {
        os_last_fault(f, "create", "a temporary file");
        return NULL;
    }
    return wrap(h, f);
}

void os_file_close(struct os_file *file)
{
    if (file)
        CloseHandle(file->h);
    free(file);
}

static OVERLAPPED at(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)offset, .OffsetHigh = (DWORD)(offset >> 32)};
}

static DWORD block(size_t n)
{
    return n < BLOCK_MAX ? (DWORD)n : BLOCK_MAX;
}

ptrdiff_t os_file_read_at(struct os_file *file, uint64_t offset, void *to, size_t n, struct fault *f)
{
    size_t done = 0;
    while (done < n) {
        OVERLAPPED place = at(offset + done);
        DWORD got = 0;
        bool ok = ReadFile(file->h, (char *)to + done, block(n - done), &got, &place);
        DWORD error = ok ? 0 : GetLastError();
        if (!ok && error != ERROR_HANDLE_EOF) {
            fault_set(f, FAULT_OS, (int)error, "cannot read: %s", os_error_text((int)error));
            if (f)
                f->offset = offset + done;
            return -1;
        }
        if (got == 0)
            break;
        done += got;
    }
    return (ptrdiff_t)done;
}

static bool failed(const char *what, struct fault *f)
{
    int error = (int)GetLastError();
    return fault_set(f, FAULT_OS, error, "cannot %s: %s", what, os_error_text(error));
}

bool os_file_write(struct os_file *file, const void *from, size_t n, struct fault *f)
{
    const char *p = from;
    while (n) {
        /* This offset stands for the end of the file as it is at the moment of writing (WriteFile). */
        OVERLAPPED end = at(UINT64_MAX);
        DWORD put = 0;
        if (!WriteFile(file->h, p, block(n), &put, &end))
            return failed("write", f);
        p += put;
        n -= put;
    }
    return true;
}

/*
 * What is locked are bytes that no file reaches: a lock on what a file holds would keep others from reading
 * it. The first says whose the file is. The second shows it to those who ask: they have it for a moment, and
 * so never the first.
 */
enum lock_byte { LOCK_OWNED, LOCK_SHOWN };

static bool lock_byte(struct os_file *file, enum lock_byte which, DWORD how)
{
    OVERLAPPED place = at((uint64_t)INT64_MAX - 1 - (uint64_t)which);
    return LockFileEx(file->h, how, 0, 1, 0, &place);
}

bool os_file_lock(struct os_file *file, struct fault *f)
{
    /* The system takes the locks of a process that was killed a little later than the process. */
    for (int tries = 0; tries < 5; tries++) {
        if (lock_byte(file, LOCK_OWNED, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY))
            return lock_byte(file, LOCK_SHOWN, LOCKFILE_EXCLUSIVE_LOCK) || failed("lock", f);
        if (GetLastError() != ERROR_LOCK_VIOLATION)
            break;
        Sleep(10);
    }
    return failed("lock", f);
}

bool os_file_is_locked(struct os_file *file)
{
    /* There is no way to ask but to take: shared, so that several may ask. */
    OVERLAPPED shown = at((uint64_t)INT64_MAX - 1 - LOCK_SHOWN);
    if (!lock_byte(file, LOCK_SHOWN, LOCKFILE_FAIL_IMMEDIATELY))
        return GetLastError() == ERROR_LOCK_VIOLATION;
    UnlockFileEx(file->h, 0, 1, 0, &shown);
    return false;
}

bool os_file_truncate(struct os_file *file, uint64_t size, struct fault *f)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (LONGLONG)size};
    return SetFileInformationByHandle(file->h, FileEndOfFileInfo, &end, sizeof end) || failed("truncate", f);
}

bool os_file_sync(struct os_file *file, struct fault *f)
{
    return FlushFileBuffers(file->h) || failed("sync to disk", f);
}

/* The number of 128 bits where the file system has one (ReFS), else the one of 64. */
static bool read_id(HANDLE h, struct os_file_id *id)
{
    FILE_ID_INFO wide;
    BY_HANDLE_FILE_INFORMATION narrow;
    if (GetFileInformationByHandleEx(h, FileIdInfo, &wide, sizeof wide)) {
        id->volume = wide.VolumeSerialNumber;
        memcpy(id->file, wide.FileId.Identifier, sizeof id->file);
        return true;
    }
    if (!GetFileInformationByHandle(h, &narrow))
        return false;
    *id = (struct os_file_id){.volume = narrow.dwVolumeSerialNumber,
                              .file = {(uint64_t)narrow.nFileIndexHigh << 32 | narrow.nFileIndexLow, 0}};
    return true;
}

bool os_handle_info(HANDLE h, struct os_file_info *out)
{
    FILE_BASIC_INFO basic;
    FILE_STANDARD_INFO standard;
    struct os_file_id id;
    if (!GetFileInformationByHandleEx(h, FileBasicInfo, &basic, sizeof basic) ||
        !GetFileInformationByHandleEx(h, FileStandardInfo, &standard, sizeof standard) || !read_id(h, &id))
        return false;
    *out = (struct os_file_info){
        .id = id,
        .size = (uint64_t)standard.EndOfFile.QuadPart,
        .modified_ns = os_unix_ns(basic.LastWriteTime.QuadPart),
        /* Nothing is made of the creation time: a file that takes the name of one just deleted inherits that
         * one's (file system tunneling), and a file id of NTFS does not come again anyway. */
        .regular = !standard.Directory && GetFileType(h) == FILE_TYPE_DISK,
        .directory = standard.Directory,
        .links = standard.DeletePending ? 0 : standard.NumberOfLinks,
    };
    return true;
}

bool os_file_info(struct os_file *file, struct os_file_info *out, struct fault *f)
{
    return os_handle_info(file->h, out) || failed("look at an open file", f);
}

bool os_file_where(struct os_file *file, const char *path, char *where, size_t room, struct fault *f)
{
    return os_handle_where(file->h, where, room) || os_last_fault(f, "tell the place of", path);
}

bool os_replace_file(const char *path, unsigned mode, const void *from, size_t n, struct fault *f)
{
    char beside[4096];
    int length = snprintf(beside, sizeof beside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof beside)
        return fault_set(f, FAULT_LIMIT, ERROR_FILENAME_EXCED_RANGE, "the path of %s is too long", path);
    struct os_file *file = os_file_append(beside, mode, f);
    bool written = file && os_file_truncate(file, 0, f) && os_file_write(file, from, n, f);
    os_file_close(file);
    /* A reader, or a virus scanner, that has the old content open for a moment keeps it from being replaced.
     */
    for (int tries = 0; written && tries < 10; tries++) {
        struct fault why;
        if (os_rename(beside, path, &why))
            return true;
        if (f)
            *f = why;
        if (why.os_error != ERROR_ACCESS_DENIED && why.os_error != ERROR_SHARING_VIOLATION)
            break;
        Sleep(10);
    }
    os_unlink(beside, NULL);
    return false;
}
