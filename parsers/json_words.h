/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by their names, as Windows and the shippers write them in several languages. Pure. */
#ifndef MAPITAIL_JSON_WORDS_H
#define MAPITAIL_JSON_WORDS_H

#include "event.h"

/* 1 critical, 2 error, 3 warning, 4 information, 5 verbose, 0 audit; nothing for other words. */
struct opt_u64 json_level_of_word(struct sv word);

/*
 * From a classic event type: .NET's EventLogEntryType (1, 2, 4; 8 and 16 are audits) or WMI's EventType (1,
 * 2, 3; 4 and 5 are audits).
 */
struct opt_u64 json_level_of_type(uint64_t type, bool wmi);

#endif
