/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a JSON record that says what was read. */
#ifndef MAPITAIL_ECS_COVERAGE_H
#define MAPITAIL_ECS_COVERAGE_H

#include "buf.h"
#include "record.h"

/* Appends ',"event":{…' up to what every record has: kind metric, action, the period. */
void ecs_put_coverage_event_head(struct buf *b, const struct coverage *c);

/* Appends ',"microsoft":{"exchange":{"mapi":{"coverage":{…}}}}'. */
void ecs_put_coverage(struct buf *b, const struct coverage *c);

#endif
