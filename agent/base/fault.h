/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something failed, filled in by the layer that knows and logged once by the agent, which adds file,
 * output and what was done about it. A fault owns nothing and may be copied.
 */
#ifndef MAPITAIL_FAULT_H
#define MAPITAIL_FAULT_H

#include <stdint.h>

enum fault_code {
    FAULT_NONE,
    FAULT_OS, /* os_error tells */
    FAULT_MEMORY,
    FAULT_FORMAT,   /* bytes that cannot be what they should be; offset tells where */
    FAULT_REPLACED, /* a saved position does not belong to this content */
    FAULT_CONFIG,   /* a setting that cannot work */
    FAULT_CONNECT,  /* a peer that cannot be reached */
    FAULT_TLS,      /* a peer that cannot be trusted, or does not trust us */
    FAULT_AUTH,     /* credentials refused */
    FAULT_REFUSED,  /* the peer answered and said no */
    FAULT_TIMEOUT,
    FAULT_UNSUPPORTED, /* not built in, or not on this system */
    FAULT_LIMIT,       /* a limit of ours */
};

struct fault {
    enum fault_code code;
    int os_error;    /* errno or GetLastError(), 0 if it says nothing */
    uint64_t offset; /* in the input, where code is about an input */
    char text[256];  /* a phrase without final full stop, complete with host, file or key; never a secret */
};

/* Fills *f (which may be NULL) and returns false, so that a failure reads "return fault_set(…)". */
__attribute__((format(__printf__, 4, 5))) _Bool fault_set(struct fault *f, enum fault_code code, int os_error,
                                                          const char *format, ...);

#endif
