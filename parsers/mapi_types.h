/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary of event 9646: object types, client types and what a limit is about.
 *
 * Types up to Exchange 2010 are the names of the registry values under MSExchangeIS\ParametersSystem\
 * MaxObjsPerMapiSession (Microsoft KB 830829); the managed store of 2013 and later has names of its own,
 * which mean the same limits. The canonical name is the registry's, because that is what an administrator
 * raises. Pure.
 */
#ifndef MAPITAIL_MAPI_TYPES_H
#define MAPITAIL_MAPI_TYPES_H

#include "record.h"

enum { MAPI_TYPE_WORD_MAX = 40 }; /* bytes of the longest spelling that can be known, blanks not counted */

/*
 * The canonical name of an object type in any spelling, or absent. ASCII case, blanks, '-', '_' and a leading
 * objt or obj do not matter. Static text.
 */
struct sv mapi_object_type(struct sv word);

/* The canonical spelling of a client type (Exchange 2013 and later) in any ASCII case, or absent. Static
 * text. */
struct sv mapi_client_type(struct sv word);

/* What the limit is about. type and client are canonical and may be absent (record schema, limit.class). */
enum limit_class mapi_limit_class(struct sv type, struct sv client, struct opt_u64 limit);

#endif
