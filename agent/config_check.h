/* SPDX-License-Identifier: Apache-2.0 */
/* What only a look at several settings together can find. */
#ifndef MAPITAIL_CONFIG_CHECK_H
#define MAPITAIL_CONFIG_CHECK_H

#include "config_tables.h"
#include "expand.h"

/* A configuration that is being made, with the nodes that it comes from: entry i of a list is the node's
 * i-th. */
struct document {
    struct reading reading;
    struct config *config;
    const struct node *root;
};

/* True for names of sources and outputs, which become labels of metrics and keys of the state. */
bool config_is_name(const char *name);

/* Checks names across entries, and that no file which the agent writes is one that it reads. */
void config_check(struct document *d);

/* Fills the fingerprint of every output. The configuration must be right. */
void config_fingerprint(struct document *d);

/* Checks what a section holds; each reports at the value's own place. */
void config_check_agent(struct document *d);
void config_check_record(struct document *d);
void config_check_metrics(struct document *d);
void config_check_coverage(struct document *d);
void config_check_source(struct document *d, struct config_source *s, const struct node *n);
void config_check_output(struct document *d, struct config_output_text *o, const struct node *n);

#endif
