/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in the registry's tables. */
#include "registry.h"

#include <string.h>

const struct parser_ops *registry_parser(const char *name)
{
    for (size_t i = 0; registry_parsers[i]; i++)
        if (strcmp(registry_parsers[i]->name, name) == 0)
            return registry_parsers[i];
    return NULL;
}

const struct encoder_ops *registry_encoder(const char *name)
{
    for (size_t i = 0; registry_encoders[i]; i++)
        if (strcmp(registry_encoders[i]->name, name) == 0)
            return registry_encoders[i];
    return NULL;
}

const struct parser_ops *registry_recognize(struct sv head, bool complete, bool *more)
{
    const struct parser_ops *best = NULL;
    int sure = 0;
    *more = false;
    for (size_t i = 0; registry_parsers[i] && sure < PROBE_CERTAIN; i++) {
        int score = registry_parsers[i]->probe(head, complete);
        if (score == PROBE_MORE)
            *more = true;
        else if (score > sure) {
            sure = score;
            best = registry_parsers[i];
        }
    }
    return best;
}
