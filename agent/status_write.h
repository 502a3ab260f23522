/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running agent says of itself in the file status.json of its state directory, for `mapitail status`:
 * one JSON object, replaced as a whole, so that a reader never sees half of it.
 */
#ifndef MAPITAIL_STATUS_WRITE_H
#define MAPITAIL_STATUS_WRITE_H

#include "buf.h"
#include "fleet.h"

#define STATUS_FILE "status.json"

enum { STATUS_BYTES_MAX = 16 << 20 };

/* What is the same in every status of an agent. */
struct status_head {
    const char *agent_id, *host, *config_path;
    int64_t started_ns;
    uint64_t reloads, failed_reloads;
    const char *reload_fault; /* of the latest reload, if it failed; else NULL */
};

/* Puts it into the state directory. */
bool status_save(const char *directory, const struct status_head *head, struct fleet *fleet, struct fault *f);

#endif
