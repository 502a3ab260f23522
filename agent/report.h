/* SPDX-License-Identifier: Apache-2.0 */
/* Collects what is wrong with a configuration file, place by place. */
#ifndef MAPITAIL_REPORT_H
#define MAPITAIL_REPORT_H

#include "config.h"

/* A place in the file, from 1; 0, 0 is the file as a whole. Columns count characters. */
struct place {
    unsigned line, column;
};

/* One message. The text is cut at 512 bytes. */
__attribute__((format(__printf__, 3, 4))) void report_error(struct config_messages *m, struct place at,
                                                            const char *format, ...);
__attribute__((format(__printf__, 3, 4))) void report_warning(struct config_messages *m, struct place at,
                                                              const char *format, ...);

/* No message more will be kept: what only makes one better need not be computed. */
static inline bool report_is_full(const struct config_messages *m)
{
    return m->count >= CONFIG_MESSAGES_MAX;
}

/* Puts the messages into the order of the file and says so if some were left out. */
void report_finish(struct config_messages *m);

/*
 * Text from the file as a message may show it: control characters and invalid UTF-8 replaced, cut after 60
 * characters. Returns to->text.
 */
struct shown {
    char text[256];
};
const char *show(struct shown *to, const char *text);

#endif
