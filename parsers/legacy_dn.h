/* SPDX-License-Identifier: Apache-2.0 */
/*
 * legacyExchangeDN: "/o=Org/ou=Group/cn=Recipients/cn=user" ([MS-OXOABK] 2.2.1.1, [MS-OXOAB] 2.1).
 *
 * '/' always separates and nothing escapes it. A segment is a prefix (o, ou, cn or guid, in any case), '='
 * and a value, which may hold quotes, brackets and every other printable character. Translated and typed
 * texts put blanks around '/', prefix and '='; they are removed. Pure; memory comes from the arena.
 */
#ifndef MAPITAIL_LEGACY_DN_H
#define MAPITAIL_LEGACY_DN_H

#include "arena.h"

enum { LEGACY_DN_MAX = 1024 };

struct legacy_dn {
    struct sv text; /* as written, in one line, without the blanks named above, at most LEGACY_DN_MAX bytes */
    struct sv organization; /* value of the first o */
    struct sv admin_group;  /* value of the first ou */
    struct sv container;    /* values of the cn segments between ou and the last cn, joined with '/' */
    struct sv cn;           /* value of the last cn */
    struct sv user;         /* the same without a leading "<32 hex>-"; absent when the DN is not readable */
    bool readable;          /* every segment has a known prefix */
    bool cut;               /* it was longer than LEGACY_DN_MAX */
};

/* Offset of the first '/' in v that a known prefix and '=' follow (organization_only: the prefix o), or
 * SV_NPOS. */
size_t legacy_dn_find(struct sv v, bool organization_only);

/* Takes dn apart. Views point into dn or the arena. dn may begin with '*', as that of the federated attendant
 * does. */
void legacy_dn_parse(struct sv dn, struct arena *arena, struct legacy_dn *out);

/* v as one line: a line break with the blanks next to it becomes one blank. v itself when there is none. */
struct sv text_unwrap(struct sv v, struct arena *arena);

#endif
