/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the sinks in fake_registry.c. */
#ifndef MAPITAIL_FAKE_REGISTRY_H
#define MAPITAIL_FAKE_REGISTRY_H

#include "setting.h"

/* type: wire */
struct fake_wire {
    const char *address, *password, *ca_file;
    int64_t port, offset, timeout_ms, age_ms, buffer;
    bool tls;
    int mode;
    struct setting_list brokers;
    struct setting_map options;
};

/* type: disk */
struct fake_disk {
    const char *path;
};

#endif
