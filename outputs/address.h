/* SPDX-License-Identifier: Apache-2.0 */
/* host:port as it is written in a configuration. Pure. */
#ifndef MAPITAIL_ADDRESS_H
#define MAPITAIL_ADDRESS_H

#include "fault.h"

#include <stdbool.h>

struct address {
    char host[256]; /* a name, or an IPv4 or IPv6 address, without brackets */
    char port[6];   /* 1 … 65535 */
    char text[272]; /* both again, for messages */
};

/*
 * Reads "host", "host:port", "[v6]", "[v6]:port" or a bare IPv6 address. False with FAULT_CONFIG, whose text
 * begins with "address".
 */
bool address_parse(const char *text, const char *default_port, struct address *out, struct fault *f);

/*
 * What a fault says, for a message that has named the address: a failed connection names the address that was
 * tried, which is news only where the configured one is a name. Lives as long as the fault.
 */
const char *address_reason(const char *address, const struct fault *f);

#endif
