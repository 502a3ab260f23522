/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of wevtapi.dll, and what their errors mean. */
#include "os_evt_windows.h"

#include "os_file.h"
#include "os_library.h"

#include <string.h>

static bool take(struct os_library *library, const char *name, void *function, struct fault *f)
{
    os_function found = os_library_function(library, name);
    memcpy(function, &found, sizeof found);
    return found || fault_set(f, FAULT_UNSUPPORTED, 0, "wevtapi.dll of this system has no %s", name);
}

bool os_evt_load(struct os_evt *evt, struct fault *f)
{
    struct os_library *l = os_library_open("wevtapi.dll", f);
    return l && take(l, "EvtSubscribe", &evt->subscribe, f) && take(l, "EvtNext", &evt->next, f) &&
           take(l, "EvtRender", &evt->render, f) && take(l, "EvtCreateBookmark", &evt->create_bookmark, f) &&
           take(l, "EvtUpdateBookmark", &evt->update_bookmark, f) &&
           take(l, "EvtOpenLog", &evt->open_log, f) && take(l, "EvtGetLogInfo", &evt->log_info, f) &&
           take(l, "EvtClose", &evt->close, f);
}

struct meaning {
    DWORD error;
    enum os_channel_state state;
};

/* "System Error Codes" of Microsoft's documentation; what a restarted service leaves of a subscription is a
 * handle that it does not know (RPC_X_SS_CONTEXT_MISMATCH is ERROR_INVALID_HANDLE) or a call that never
 * arrives. */
static const struct meaning meanings[] = {
    {ERROR_NOT_FOUND, OS_CHANNEL_LOST},
    {ERROR_EVT_QUERY_RESULT_STALE, OS_CHANNEL_LOST},
    {ERROR_EVT_QUERY_RESULT_INVALID_POSITION, OS_CHANNEL_LOST},
    {ERROR_INVALID_HANDLE, OS_CHANNEL_AWAY},
    {ERROR_SERVICE_NOT_ACTIVE, OS_CHANNEL_AWAY},
    {RPC_S_SERVER_UNAVAILABLE, OS_CHANNEL_AWAY},
    {RPC_S_SERVER_TOO_BUSY, OS_CHANNEL_AWAY},
    {RPC_S_CALL_FAILED, OS_CHANNEL_AWAY},
    {RPC_S_CALL_FAILED_DNE, OS_CHANNEL_AWAY},
    {RPC_S_UNKNOWN_IF, OS_CHANNEL_AWAY},
    {RPC_S_CALL_CANCELLED, OS_CHANNEL_AWAY},
    {EPT_S_NOT_REGISTERED, OS_CHANNEL_AWAY},
    {ERROR_EVT_CHANNEL_NOT_FOUND, OS_CHANNEL_MISSING},
    {ERROR_EVT_INVALID_CHANNEL_PATH, OS_CHANNEL_MISSING},
    {ERROR_ACCESS_DENIED, OS_CHANNEL_DENIED},
    {ERROR_EVT_INVALID_QUERY, OS_CHANNEL_QUERY},
};

static const char *advice(enum os_channel_state state)
{
    switch (state) {
    case OS_CHANNEL_LOST:
        return "the place to read on from is no longer in the log";
    case OS_CHANNEL_AWAY:
        return "the event log service does not answer or was restarted";
    case OS_CHANNEL_MISSING:
        return "there is no such channel on this host (`wevtutil el` lists them)";
    case OS_CHANNEL_DENIED:
        return "access is denied (the account must be an administrator or in the group Event Log Readers)";
    case OS_CHANNEL_QUERY:
        return "the service refuses the query";
    case OS_CHANNEL_READING:
    case OS_CHANNEL_UNSUPPORTED:
    case OS_CHANNEL_FAILED:
        break;
    }
    return "the event log cannot be read";
}

enum os_channel_state os_evt_state(DWORD error, struct fault *f)
{
    enum os_channel_state state = OS_CHANNEL_FAILED;
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].error == error)
            state = meanings[i].state;
    fault_set(f, FAULT_OS, (int)error, "%s: error %lu, %s", advice(state), error, os_error_text((int)error));
    return state;
}
