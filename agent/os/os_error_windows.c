/* SPDX-License-Identifier: Apache-2.0 */
/* What Windows' errors mean. */
#include "os_file.h"
#include "os_windows.h"

#include <stdio.h>
#include <string.h>

/* In English whatever the language of the server, for the errors that an administrator will meet. */
static const struct {
    int error;
    const char *text;
} known[] = {
    {ERROR_FILE_NOT_FOUND, "No such file"},
    {ERROR_PATH_NOT_FOUND, "No such folder"},
    {ERROR_TOO_MANY_OPEN_FILES, "Too many open files"},
    {ERROR_ACCESS_DENIED, "Access denied"},
    {ERROR_NOT_ENOUGH_MEMORY, "Out of memory"},
    {ERROR_OUTOFMEMORY, "Out of memory"},
    {ERROR_WRITE_PROTECT, "The disk is write-protected"},
    {ERROR_NOT_READY, "The drive is not ready"},
    {ERROR_SHARING_VIOLATION, "In use by another program, which does not share it"},
    {ERROR_LOCK_VIOLATION, "Another program has locked it"},
    {ERROR_HANDLE_DISK_FULL, "The disk is full"},
    {ERROR_DISK_FULL, "The disk is full"},
    {ERROR_BAD_NETPATH, "The network path was not found"},
    {ERROR_NETNAME_DELETED, "The network share is gone"},
    {ERROR_BAD_NET_NAME, "There is no share of that name"},
    {ERROR_BROKEN_PIPE, "The reader has gone away"},
    {ERROR_NO_DATA, "The reader has gone away"},
    {ERROR_INVALID_NAME, "Not a valid file name"},
    {ERROR_ALREADY_EXISTS, "It exists already"},
    {ERROR_DIRECTORY, "Not a folder"},
    {ERROR_LOGON_FAILURE, "Unknown user name or bad password"},
    {WSAEACCES, "Not allowed (a firewall on this machine?)"},
    {WSAEMFILE, "Too many open sockets"},
    {WSAEADDRINUSE, "The address is in use"},
    {WSAEADDRNOTAVAIL, "The address is not available"},
    {WSAEAFNOSUPPORT, "The address family is not supported"},
    {WSAENETDOWN, "The network is down"},
    {WSAENETUNREACH, "The network is unreachable"},
    {WSAENETRESET, "The network dropped the connection"},
    {WSAECONNABORTED, "The connection was aborted"},
    {WSAECONNRESET, "Connection reset by the peer"},
    {WSAENOBUFS, "No buffer space"},
    {WSAESHUTDOWN, "The socket was shut down"},
    {WSAETIMEDOUT, "The peer does not answer"},
    {WSAECONNREFUSED, "Connection refused"},
    {WSAEHOSTDOWN, "The host is down"},
    {WSAEHOSTUNREACH, "No route to the host"},
    {WSAEMSGSIZE, "The message is too long"},
};

/* The system's own text: English if it has that, else its own language; without full stop and line end. */
static bool ask_system(DWORD error, char *to, size_t n)
{
    wchar_t text[256];
    const DWORD flags =
        FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
    const DWORD room = sizeof text / sizeof *text;
    DWORD length =
        FormatMessageW(flags, NULL, error, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), text, room, NULL);
    if (!length)
        length = FormatMessageW(flags, NULL, error, 0, text, room, NULL);
    while (length && wcschr(L" .\r\n", text[length - 1]))
        length--;
    text[length < room ? length : room - 1] = L'\0';
    return length && WideCharToMultiByte(CP_UTF8, 0, text, -1, to, (int)n, NULL, NULL) > 0;
}

const char *os_error_text(int os_error)
{
    static _Thread_local char text[512];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == os_error)
            return known[i].text;
    if (!ask_system((DWORD)os_error, text, sizeof text))
        snprintf(text, sizeof text, "Windows error %d", os_error);
    return text;
}

bool os_code_fault(struct fault *f, DWORD error, const char *what, const char *path)
{
    return fault_set(f, FAULT_OS, (int)error, "cannot %s %s: %s", what, path, os_error_text((int)error));
}

bool os_last_fault(struct fault *f, const char *what, const char *path)
{
    return os_code_fault(f, GetLastError(), what, path);
}

bool os_not_found(const struct fault *f)
{
    switch (f->code == FAULT_OS ? f->os_error : ERROR_SUCCESS) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_DIRECTORY:    /* a part of the path is a file */
    case ERROR_INVALID_NAME: /* so no file can have it */
        return true;
    default:
        return false;
    }
}
