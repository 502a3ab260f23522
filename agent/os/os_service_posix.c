/* SPDX-License-Identifier: Apache-2.0 */
/* No service of Windows: systemd does all of this from a unit file. */
#include "os_service.h"

static bool refuse(struct fault *f)
{
    return fault_set(f, FAULT_UNSUPPORTED, 0,
                     "these commands are for Windows; here systemd runs mapitail, with the unit "
                     "mapitail.service: `systemctl enable --now mapitail`");
}

bool os_service_install(const char *config_path, void (*note)(const char *text), struct fault *f)
{
    (void)config_path;
    (void)note;
    return refuse(f);
}

bool os_service_uninstall(unsigned timeout_ms, struct fault *f)
{
    (void)timeout_ms;
    return refuse(f);
}

bool os_service_start(unsigned timeout_ms, struct fault *f)
{
    (void)timeout_ms;
    return refuse(f);
}

bool os_service_stop(unsigned timeout_ms, struct fault *f)
{
    (void)timeout_ms;
    return refuse(f);
}

bool os_service_reload(struct fault *f)
{
    return refuse(f);
}

bool os_service_query(struct os_service_status *out, struct fault *f)
{
    *out = (struct os_service_status){.state = OS_SERVICE_ABSENT};
    return refuse(f);
}

bool os_service_allow(const char *folder, bool write, struct fault *f)
{
    (void)folder;
    (void)write;
    return refuse(f);
}

bool os_service_claim(const char *folder, struct fault *f)
{
    (void)folder;
    return refuse(f);
}

bool os_service_folder(char *to, size_t room)
{
    (void)to;
    (void)room;
    return false;
}

bool os_service_run(int (*body)(void *ctx), void *ctx, struct fault *f)
{
    (void)body;
    (void)ctx;
    return refuse(f);
}

void os_service_ended(int exit_code)
{
    (void)exit_code;
}

void os_service_crash(int exit_code)
{
    (void)exit_code;
}
