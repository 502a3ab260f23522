/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of wevtapi.dll, loaded when the first channel is read, and what their errors mean. The
 * library beside the program comes before the system's, as for every other: a test puts a double there.
 */
#ifndef MAPITAIL_OS_EVT_WINDOWS_H
#define MAPITAIL_OS_EVT_WINDOWS_H

#include "os_channel.h"
#include "os_windows.h"

#include <winevt.h>

struct os_evt {
    __typeof__(&EvtSubscribe) subscribe;
    __typeof__(&EvtNext) next;
    __typeof__(&EvtRender) render;
    __typeof__(&EvtCreateBookmark) create_bookmark;
    __typeof__(&EvtUpdateBookmark) update_bookmark;
    __typeof__(&EvtOpenLog) open_log;
    __typeof__(&EvtGetLogInfo) log_info;
    __typeof__(&EvtClose) close;
};

/* False with a fault where the library, or one of its functions, is not there. Thread-safe. */
bool os_evt_load(struct os_evt *evt, struct fault *f);

/* What an error of these functions means for a channel, with a fault that says what can be done. */
enum os_channel_state os_evt_state(DWORD error, struct fault *f);

#endif
