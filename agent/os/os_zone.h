/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones by name, from the system. Looked up at start: no call here is cheap.
 */
#ifndef MAPITAIL_OS_ZONE_H
#define MAPITAIL_OS_ZONE_H

#include "fault.h"
#include "zone.h"

/*
 * The zone of that name: "local" is the host's, "UTC", "+02:00" and "-0530" are fixed offsets, anything else
 * is an IANA name ("Europe/Berlin"). os_zone_free releases it. NULL with FAULT_CONFIG where there is no such
 * zone, with FAULT_OS or FAULT_MEMORY where it cannot be read.
 *
 * POSIX: TZif files (RFC 8536) in the system's zoneinfo directories. "local" is what TZ says, else
 * /etc/localtime, else UTC; its name is empty where the system does not tell it.
 */
struct zone *os_zone_load(const char *name, struct fault *f);
void os_zone_free(struct zone *z); /* NULL is allowed */

#endif
