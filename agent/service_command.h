/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail service`: the service of Windows, from the command line. */
#ifndef MAPITAIL_SERVICE_COMMAND_H
#define MAPITAIL_SERVICE_COMMAND_H

#include "exit_code.h"

#include <stdbool.h>

struct service_options {
    const char *what;        /* install, uninstall, start, stop, reload, status or run */
    const char *config_path; /* NULL: mapitail.yaml in the service's folder */
    /* For the configuration that install writes where there is none; each may be NULL or "". */
    const char *brokers, *topic, *syslog;
};

/* Does it and returns the exit code; what is wrong goes to standard error. status returns EXIT_INCOMPLETE
 * unless the service runs. On other systems than Windows EXIT_INCOMPLETE, after saying what does it there. */
int service_command(const struct service_options *o);

#endif
