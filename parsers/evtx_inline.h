/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event id of records without a template, which collectors write: the names of their first elements stand
 * in one place of the chunk, so a few comparisons find it.
 */
#ifndef MAPITAIL_EVTX_INLINE_H
#define MAPITAIL_EVTX_INLINE_H

#include "binxml.h"

/* Where a chunk has the names; 0: not known yet. */
struct evtx_inline_names {
    uint32_t event, system, provider, event_id;
};

/* Takes the names from a record that has them, and begins with Event, System, Provider and EventID. */
void evtx_inline_learn(struct evtx_inline_names *names, const struct reader *chunk, struct reader record);

/*
 * The event id of a record, where it begins with elements of these names and the id is plain digits; *end is
 * set to where the event ends. False: it may have another one, or none. record begins with the chunk, ends
 * with the record and stands on its first element.
 */
__attribute__((warn_unused_result)) bool evtx_inline_id(const struct evtx_inline_names *names,
                                                        struct reader record, uint64_t *id, size_t *end);

#endif
