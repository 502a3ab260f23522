/* SPDX-License-Identifier: Apache-2.0 */
/* What IANA's time zones are called on Windows. Thread-safe. */
#ifndef MAPITAIL_OS_ZONE_NAMES_WINDOWS_H
#define MAPITAIL_OS_ZONE_NAMES_WINDOWS_H

#include <stddef.h>

/* Windows' key of a zone that IANA calls so ("Europe/Berlin"), or NULL. */
const char *os_zone_key_of(const char *name);

/* IANA's name of the place that stands for the zone with this key, cut to n bytes with NUL; "" where none is
 * known. */
void os_zone_name_of(const char *key, char *to, size_t n);

#endif
