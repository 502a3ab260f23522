/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a configuration for a command. */
#include "load.h"

#include <stdio.h>

struct config *load_config(const char *path)
{
    struct config_messages messages = {0};
    struct config *c = config_load(path, &messages);
    for (size_t i = 0; i < messages.count; i++) {
        const struct config_message *m = &messages.items[i];
        if (m->line)
            fprintf(stderr, "%s:%u:%u: ", path, m->line, m->column);
        else
            fprintf(stderr, "%s: ", path);
        fprintf(stderr, "%s: %s\n", m->is_warning ? "warning" : "error", m->text);
    }
    config_messages_free(&messages);
    return c;
}
