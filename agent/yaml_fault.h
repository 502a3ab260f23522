/* SPDX-License-Identifier: Apache-2.0 */
/* What libyaml could not read, in words that help. */
#ifndef MAPITAIL_YAML_FAULT_H
#define MAPITAIL_YAML_FAULT_H

#include "report.h"

#include <yaml.h>

/* Reports the error that stopped the parser, with libyaml's own place, and with a hint where the cause is a
 * known one. */
void yaml_fault_report(const yaml_parser_t *yaml, struct sv source, struct config_messages *messages);

#endif
