/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by the numbers of event types. */
#include "event_types.h"

struct opt_u64 event_level_of_type(uint64_t type, bool wmi)
{
    switch (type) {
    case 1:
        return opt_u64(2);
    case 2:
        return opt_u64(3);
    case 3:
        return wmi ? opt_u64(4) : (struct opt_u64){0};
    case 4:
        return opt_u64(wmi ? 0 : 4);
    case 5:
    case 8:
    case 16:
        return opt_u64(0);
    default:
        return (struct opt_u64){0};
    }
}
