/* SPDX-License-Identifier: Apache-2.0 */
/* Event channels where there are none. */
#include "os_channel.h"

bool os_channel_is_supported(struct fault *f)
{
    return fault_set(
        f, FAULT_UNSUPPORTED, 0,
        "live channels exist on Windows only; here an exported or archived log is read with `paths`");
}

static enum os_channel_state unsupported(struct fault *f)
{
    os_channel_is_supported(f);
    return OS_CHANNEL_UNSUPPORTED;
}

enum os_channel_state os_channel_look(const char *channel, struct os_channel_log *out, struct fault *f)
{
    (void)channel;
    *out = (struct os_channel_log){0};
    return unsupported(f);
}

enum os_channel_state os_channel_open(const struct os_channel_setup *setup, struct os_channel **out,
                                      struct fault *f)
{
    (void)setup;
    (void)out;
    return unsupported(f);
}

enum os_channel_state os_channel_next(struct os_channel *c, struct os_channel_event *event, struct fault *f)
{
    (void)c;
    *event = (struct os_channel_event){0};
    return unsupported(f);
}

void os_channel_close(struct os_channel *c)
{
    (void)c;
}
