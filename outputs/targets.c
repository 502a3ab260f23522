/* SPDX-License-Identifier: Apache-2.0 */
/* The receivers of one output and their turns. */
#include "targets.h"

#include <string.h>

static bool add(struct targets *t, const char *text, const char *default_port, struct fault *f)
{
    return address_parse(text, default_port, &t->items[t->count], f) && ++t->count;
}

bool targets_parse(struct targets *t, const char *address, const struct setting_list *failover,
                   const char *default_port, struct fault *f)
{
    *t = (struct targets){.count = 0};
    if (!add(t, address, default_port, f))
        return false;
    if (failover->count >= TARGETS_MAX)
        return fault_set(f, FAULT_CONFIG, 0, "failover: more than %d addresses", TARGETS_MAX - 1);
    for (size_t i = 0; i < failover->count; i++) {
        struct fault why;
        if (!add(t, failover->items[i], default_port, &why))
            return fault_set(f, FAULT_CONFIG, 0, "failover%.240s", why.text + strlen("address"));
    }
    return true;
}

void targets_fail(struct targets *t)
{
    t->current = (t->current + 1) % t->count;
    if (++t->failed < t->count)
        return;
    targets_go_to(t, 0);
    backoff_fail(&t->backoff);
}

void targets_lose(struct targets *t)
{
    t->failed = 0;
    backoff_fail(&t->backoff);
}

void targets_prove(struct targets *t)
{
    t->failed = 0;
    backoff_reset(&t->backoff);
}

void targets_go_to(struct targets *t, size_t index)
{
    t->current = index;
    t->failed = 0;
}
