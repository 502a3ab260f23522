/* SPDX-License-Identifier: Apache-2.0 */
/* Notices to the host of a sink, each fact once: the same text again is held back until something else was
 * said. */
#ifndef MAPITAIL_NOTIFIER_H
#define MAPITAIL_NOTIFIER_H

#include "sink.h"

struct notifier {
    const struct sink_host *host;
    char last[320];
};

/* printf; the text is cut at 319 bytes. */
__attribute__((format(__printf__, 3, 4))) void notify(struct notifier *n, enum notice_level level,
                                                      const char *format, ...);

#endif
