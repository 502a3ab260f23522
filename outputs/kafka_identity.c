/* SPDX-License-Identifier: Apache-2.0 */
/* Who an output is to the brokers. */
#include "kafka_identity.h"

#include "os_clock.h"
#include "os_process.h"
#include "wtime.h"

#include <stdio.h>
#include <string.h>

/* Whose word it is: no two runs of an agent have the same. */
static void make_owner(struct kafka_identity *id)
{
    uint64_t run;
    char host[128] = "", time[WTIME_TEXT_MAX];
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 0);
    os_random(&run, sizeof run);
    os_host_name(host, sizeof host);
    size_t n = wtime_format(&now, 0, time);
    snprintf(id->owner, sizeof id->owner,
             "{\"v\":1,\"host\":\"%.127s\",\"since\":\"%.*s\",\"run\":\"%016llx\"}", host, (int)n, time,
             (unsigned long long)run);
}

/* "mapitail-" and the scope with hyphens. */
static void name_output(struct kafka_identity *id, const char *scope)
{
    snprintf(id->scope, sizeof id->scope, "%s", scope);
    snprintf(id->transactional_id, sizeof id->transactional_id, "mapitail-%.*s", (int)strlen(scope) - 1,
             scope);
    for (char *at = id->transactional_id; *at; at++)
        if (*at == '/')
            *at = '-';
}

/* Who delivers beside the output, or only looks, must not fence the one who runs. */
static void name_guest(struct kafka_identity *id)
{
    uint64_t guest;
    os_random(&guest, sizeof guest);
    snprintf(id->scope, sizeof id->scope, "guest/");
    snprintf(id->transactional_id, sizeof id->transactional_id, "mapitail-guest-%016llx",
             (unsigned long long)guest);
}

void kafka_identity_make(struct kafka_identity *id, const char *scope)
{
    *id = (struct kafka_identity){0};
    if (scope) {
        name_output(id, scope);
        make_owner(id);
    } else {
        name_guest(id);
    }
}
