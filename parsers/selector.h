/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events are wanted: pairs of provider and event id. Tested on raw values before a record is decoded.
 */
#ifndef MAPITAIL_SELECTOR_H
#define MAPITAIL_SELECTOR_H

#include "sv.h"

enum { SELECTOR_RULES_MAX = 64 };

struct selector_rule {
    struct sv provider; /* whole name, or a beginning followed by '*'; ASCII case does not matter; "*" is
                           every provider */
    uint32_t event_id;  /* compared with the low 16 bits of an event's id */
    bool any_id;
};

struct selector {
    struct selector_rule rules[SELECTOR_RULES_MAX];
    size_t count;
    bool all; /* everything, whatever the rules */
};

/* MSExchangeIS* 9646. */
void selector_init_default(struct selector *s);

/* True when some rule takes this id under some provider: the cheap first test. Only the low 16 bits of id
 * count. */
bool selector_wants_id(const struct selector *s, uint64_t id);

/* True when some rule takes this provider under some id. */
bool selector_wants_provider(const struct selector *s, struct sv provider);

/* The exact test. id as logged: its low 16 bits count. */
bool selector_wants(const struct selector *s, struct sv provider, uint64_t id);

/*
 * The only id that any rule takes, if there is just one and the selector is neither `all` nor has a rule for
 * any id: lets a parser search for that number. Returns false otherwise.
 */
bool selector_single_id(const struct selector *s, uint32_t *id);

#endif
