/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words before the colons in event texts, in the languages of Windows: what Event Viewer puts on the
 * clipboard (Windows 2003 and 2008+), what wevtutil, psloglist and pasted tickets write. English, German,
 * Italian, Japanese, French, Spanish, Portuguese, Dutch, Russian and Chinese. Pure.
 */
#ifndef MAPITAIL_TEXT_LABELS_H
#define MAPITAIL_TEXT_LABELS_H

#include "local_time.h"

enum text_field {
    FIELD_NONE,
    FIELD_LOG,
    FIELD_SOURCE,
    FIELD_ID,
    FIELD_LEVEL,
    FIELD_CATEGORY,
    FIELD_DATE,
    FIELD_TIME,
    FIELD_USER,
    FIELD_COMPUTER,
    FIELD_KEYWORDS,
    FIELD_OPCODE,
    FIELD_MESSAGE,
    FIELD_XML,
    /* Only in lists of properties. */
    FIELD_RECORD,
    FIELD_INSTANCE,
    FIELD_QUALIFIERS,
    FIELD_VERSION,
    FIELD_TASK,
    FIELD_STRINGS,
    FIELD_PROCESS,
    FIELD_THREAD,
    FIELD_KEYWORDS_NUMBER,
    FIELD_OPCODE_NUMBER,
    FIELD_LEVEL_NUMBER,
    FIELD_OTHER,
    FIELD_COUNT
};

struct text_label {
    struct sv text; /* a blank stands for any run of blanks and line breaks */
    enum text_field field;
    enum text_place {
        PLACE_LINE,  /* an everyday word: counts at the beginning of a line, or in a row of labels */
        PLACE_ANY,   /* says "event": counts anywhere, even where blanks and line breaks were lost */
        PLACE_FIRST, /* the same, and is the first one of an event */
    } place;
    enum date_order order; /* in which numeric dates are usual where this word is used; AUTO: not told */
};

/*
 * The longest label that ends at the colon t[colon] ("Event ID :", with blanks between allowed) and does not
 * begin before floor, or NULL; *start is its offset. ASCII case does not matter.
 */
const struct text_label *text_label_before(struct sv t, size_t floor, size_t colon, size_t *start);

/* The next colon (':' or its full-width form) at or behind at, and its bytes; t.n where there is none. */
size_t text_colon_next(struct sv t, size_t at, size_t *bytes);

/*
 * The index of the first colon of t that may end the first label of an event (PLACE_FIRST), or t.n: a quick
 * test of text in which nothing else matters. A colon at t's very beginning counts.
 */
size_t text_first_label_mark(struct sv t);

#endif
