/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that a test's helpers need till the process ends: kept reachable, so that a leak checker sees real
 * leaks only. */
#ifndef MAPITAIL_TEST_KEEP_H
#define MAPITAIL_TEST_KEEP_H

#include <stddef.h>

/* Returns p. */
void *keep(void *p);

#endif
