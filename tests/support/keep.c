/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is needed till the process ends. */
#include "keep.h"

#include <stdlib.h>

static struct kept {
    struct kept *next;
    void *p;
} * all;

void *keep(void *p)
{
    struct kept *k = malloc(sizeof *k);
    if (k) {
        *k = (struct kept){all, p};
        all = k;
    }
    return p;
}
