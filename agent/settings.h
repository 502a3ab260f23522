/* SPDX-License-Identifier: Apache-2.0 */
/* Applies tables of settings to one mapping of a configuration file. */
#ifndef MAPITAIL_SETTINGS_H
#define MAPITAIL_SETTINGS_H

#include "expand.h"

/* A table, and the struct that its offsets are of. */
struct settings_target {
    const struct setting *table;
    void *fields;
};

/* What may stand in one mapping. */
struct settings_scope {
    struct settings_target targets[2];
    size_t count;
    const char *const *others; /* keys that somebody else reads, ended by NULL; NULL: none */
    bool takes_any_key;        /* unknown keys are no mistakes: what they could be is not known */
    /* Where a key that is unknown here would be right, as the end of a sentence; false if nowhere. NULL: not
     * asked. */
    bool (*elsewhere)(const char *key, char *to, size_t n);
};

/*
 * Gives every field its default, then the value from the mapping (NULL: none is there, and required keys are
 * not missed). Every mistake is reported; fields at fault keep their default. Values live in r->memory.
 */
void settings_read(struct reading *r, const struct settings_scope *scope, const struct node *mapping);

/*
 * Reports that a key is missing, unless it is there, or an unknown key was probably meant to be it: one
 * mistake is reported once.
 */
void settings_require(struct reading *r, const struct settings_scope *scope, const struct node *mapping,
                      const char *key);

/* The field of a setting. */
static inline void *settings_field(const struct settings_target *t, const struct setting *s)
{
    return (char *)t->fields + s->offset;
}

#endif
