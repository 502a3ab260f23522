/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output on Windows. Writing to a pipe whose reader is slow waits, and nothing tells beforehand: so
 * a thread writes, and the caller waits for it no longer than it was told to.
 */
#include "os_file.h"
#include "os_output.h"
#include "os_thread.h"
#include "os_windows.h"

#include <string.h>

enum { PART_MAX = 4096 };

static struct {
    HANDLE begin, done; /* events that one wait consumes */
    struct os_thread *thread;
    bool is_writing; /* since the last begin no done was taken */
    DWORD size, written, error;
    char bytes[PART_MAX];
} writer;

static void write_part(void)
{
    writer.written = 0;
    writer.error = 0;
    if (!WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), writer.bytes, writer.size, &writer.written, NULL))
        writer.error = GetLastError();
}

static void run(void *unused)
{
    (void)unused;
    for (;;) {
        WaitForSingleObject(writer.begin, INFINITE);
        write_part();
        SetEvent(writer.done);
    }
}

static bool start(void)
{
    if (writer.thread)
        return true;
    if (!writer.begin)
        writer.begin = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!writer.done)
        writer.done = CreateEventW(NULL, FALSE, FALSE, NULL);
    writer.thread = writer.begin && writer.done ? os_thread_start(run, NULL) : NULL;
    return writer.thread != NULL;
}

static ptrdiff_t result(size_t n, struct fault *f)
{
    if (writer.error) {
        fault_set(f, FAULT_OS, (int)writer.error, "cannot write to standard output: %s",
                  os_error_text((int)writer.error));
        return -1;
    }
    return (ptrdiff_t)(writer.written < n ? writer.written : n);
}

ptrdiff_t os_output_write(const void *p, size_t n, int timeout_ms, struct fault *f)
{
    if (!writer.is_writing) {
        writer.size = n < PART_MAX ? (DWORD)n : PART_MAX;
        memcpy(writer.bytes, p, writer.size);
        /* Nobody makes a file wait. */
        if (GetFileType(GetStdHandle(STD_OUTPUT_HANDLE)) == FILE_TYPE_DISK || !start()) {
            write_part();
            return result(n, f);
        }
        writer.is_writing = true;
        SetEvent(writer.begin);
    }
    if (WaitForSingleObject(writer.done, timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms) != WAIT_OBJECT_0)
        return 0;
    writer.is_writing = false;
    return result(n, f);
}
