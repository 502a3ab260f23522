/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text says about one event, label by label, and the way from there to a struct event. Pure.
 */
#ifndef MAPITAIL_TEXT_FACTS_H
#define MAPITAIL_TEXT_FACTS_H

#include "buf.h"
#include "event.h"
#include "text_labels.h"

struct text_facts {
    struct sv value[FIELD_COUNT]; /* absent: not told */
    enum date_order order;        /* that the language suggests */
    struct sv original;           /* the part of the text that tells of the event */
    struct sv xml;                /* its <Event>…</Event>, if that stands behind it */
    struct sv dump;               /* its data as a hex dump ("0000: 5b 44 …") */
    bool cut;                     /* the message may be longer than what is here */
};

/* Forgets everything. */
void text_facts_clear(struct text_facts *f);

/* The id and, where it is written with 32 bits, the qualifiers. */
struct opt_u64 text_facts_id(const struct text_facts *f);

/*
 * Fills in everything but time, strings, binary, original and place. *e is clear, or holds what the event's
 * XML tells: what it knows already stays.
 */
void text_facts_fill(const struct text_facts *f, struct event *e);

/*
 * The items of "{a, b, c}", as PowerShell prints an array, become the strings of the event: the list can be
 * taken apart because the message, given as one line, holds each of them. None where it was cut short
 * ("...").
 */
void text_facts_strings(struct sv list, struct sv message, struct event *e);

/* Appends the bytes of a hex dump as digits. In rows of up to eight bytes behind an address of four digits.
 */
void text_facts_dump(struct sv dump, struct buf *out);

#endif
