/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSExchangeIS event 9646: from the event to what it means. Pure; never fails: what cannot be read completely
 * is given with what was read and its status.
 *
 * Insertion strings are read by position and independent of the server's language (three: who, limit, type;
 * four since Exchange 2013: who, client type, limit, type). Without them the message is parsed by a tolerant
 * grammar: the English wordings of all Exchange versions first, then a form that needs no language.
 */
#ifndef MAPITAIL_MAPI9646_H
#define MAPITAIL_MAPI9646_H

#include "arena.h"
#include "record.h"

/*
 * True for id 9646 (low 16 bits) of a source whose name begins with MSExchangeIS. An event without any
 * provider, as damage leaves it, is one when its strings are such as no other event has.
 */
bool mapi9646_is(const struct event *e);

/*
 * Fills *out for any event: kind, mapi (if mapi9646_is), message, key. Views point into the event, static
 * text or the arena. The identity, the path and the time of reading are the agent's to fill.
 */
void record_normalize(const struct event *e, struct arena *arena, struct record *out);

/* The text grammar alone: what a rendered message says. For tests and tools. */
void mapi9646_parse_text(struct sv text, struct arena *arena, struct mapi_limit *out);

#endif
