/* SPDX-License-Identifier: Apache-2.0 */
/* What an output's pipeline depends on, as one number: equal ones need no restart when a file is read again.
 */
#include "config_check.h"

#include "hash64.h"
#include "source.h"

#include <string.h>

/* Entries end with a byte that no text holds, so that moving a letter from one to the next is a change. */
static uint64_t of_text(uint64_t h, const char *text)
{
    return text ? hash64(h, text, strlen(text) + 1) : hash64(h, "\1", 1);
}

/* The depth is bounded by CONFIG_DEPTH_MAX. */
static uint64_t of_node(uint64_t h, const struct node *n)
{
    if (!n)
        return hash64(h, "\2", 1);
    h = of_text(hash64(h, &n->kind, sizeof n->kind), n->key);
    if (n->kind == NODE_TEXT)
        return of_text(h, n->text);
    for (const struct node *entry = n->first; entry; entry = entry->next)
        h = of_node(h, entry);
    return hash64(h, "\3", 1);
}

static uint64_t of_sources(uint64_t h, const struct document *d, const struct config_output *o)
{
    const struct config *c = d->config;
    const struct node *entry = node_get(d->root, "sources")->first;
    for (size_t i = 0; i < c->source_count; i++, entry = entry->next)
        if (source_is_wanted(o, c->sources[i].name))
            h = of_node(h, entry);
    return h;
}

void config_fingerprint(struct document *d)
{
    static const char *const common[] = {"agent_name", "coverage", "dead_letter_file",
                                         "record",     "select",   "state"};
    struct config *c = d->config;
    uint64_t start = HASH64_START;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        start = of_node(start, node_get(d->root, common[i]));
    const struct node *entry = c->output_count ? node_get(d->root, "outputs")->first : NULL;
    for (size_t i = 0; i < c->output_count; i++, entry = entry->next)
        c->outputs[i].fingerprint = of_node(of_sources(start, d, &c->outputs[i]), entry);
}
