/* SPDX-License-Identifier: Apache-2.0 */
/* The rights of the service's account, for the Windows files. */
#ifndef MAPITAIL_OS_SERVICE_WINDOWS_H
#define MAPITAIL_OS_SERVICE_WINDOWS_H

#include "os_windows.h"

/*
 * The security identifier of the account NT SERVICE\name, which depends on the name alone and so is known
 * before the service exists: S-1-5-80 and the five words of the SHA-1 of the name in upper case and UTF-16
 * (MS-DTYP 2.4.2.4, "NT SERVICE"). sid has room for SECURITY_MAX_SID_SIZE bytes.
 */
bool os_service_sid(const char *service_name, void *sid, struct fault *f);

/* Puts the service's account into the system's group Event Log Readers, or takes it out. Fine if it is so. */
bool os_service_join_log_readers(struct fault *f);
bool os_service_leave_log_readers(struct fault *f);

#endif
