/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by the numbers that APIs give event types. Pure. */
#ifndef MAPITAIL_EVENT_TYPES_H
#define MAPITAIL_EVENT_TYPES_H

#include "event.h"

/*
 * From a classic event type: .NET's EventLogEntryType (1, 2, 4; 8 and 16 are audits) or WMI's EventType (1,
 * 2, 3; 4 and 5 are audits).
 */
struct opt_u64 event_level_of_type(uint64_t type, bool wmi);

#endif
