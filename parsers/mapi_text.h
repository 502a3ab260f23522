/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text grammar of event 9646: which words of a rendered message are the principal, the client type, the
 * limit and the object type. It tells where they are, not what they mean.
 *
 * Three shapes are tried in turn on each part of the text between trailers ("For more information …", hex
 * dumps, "Event Xml:"): the English sentence of every Exchange version, the bare list of insertion strings
 * that stands where the message DLL is missing, and a form that needs no language, because no translated
 * wording is documented. Every step is a single pass forward or backward with bounded look-ahead, so that the
 * cost is linear in the text.
 */
#ifndef MAPITAIL_MAPI_TEXT_H
#define MAPITAIL_MAPI_TEXT_H

#include "arena.h"
#include "record.h"

struct mapi_words {
    struct sv who;    /* without the quotes around it; absent when there is none */
    struct sv client; /* as logged */
    struct sv type;   /* as logged */
    struct opt_u64 limit;
    enum message_form form;
    bool cut; /* the text ends, or may end, inside one of them */
};

/* Views point into text or the arena and may hold line breaks as single '\n'. */
void mapi_text_read(struct sv text, struct arena *arena, struct mapi_words *out);

/* The form that a message tells before it comes to the principal. For messages whose insertion strings tell
 * the rest. */
enum message_form mapi_text_form(struct sv message);

/*
 * Reads a number at the beginning of v: digits, or groups of three after the first separated by one kind of
 * ',', '.', '\'' or blank. Returns its bytes; 0 for no number or one above 64 bits.
 */
size_t mapi_text_number(struct sv v, uint64_t *value);

/* Bytes of the GUID (8-4-4-4-12 hexadecimal digits) that v begins with: 36, or 0. */
size_t mapi_text_guid(struct sv v);

#endif
