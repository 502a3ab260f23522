/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a configuration for a command. */
#include "load.h"

#include "log.h"

#include <stdio.h>

static void say(const char *path, const struct config_message *m)
{
    char line[1024], at[32] = "";
    if (m->line)
        snprintf(at, sizeof at, ":%u:%u", m->line, m->column);
    snprintf(line, sizeof line, "%s%s: %s: %s", path, at, m->is_warning ? "warning" : "error", m->text);
    fprintf(stderr, "%s\n", line);
    log_share(m->is_warning ? LOG_WARNING : LOG_ERROR, line);
}

struct config *load_config(const char *path)
{
    struct config_messages messages = {0};
    struct config *c = config_load(path, &messages);
    for (size_t i = 0; i < messages.count; i++)
        say(path, &messages.items[i]);
    config_messages_free(&messages);
    return c;
}
