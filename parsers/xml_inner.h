/* SPDX-License-Identifier: Apache-2.0 */
/* What xml.c and xml_search.c share; of no use to others. */
#ifndef MAPITAIL_XML_INNER_H
#define MAPITAIL_XML_INNER_H

#include "cim_instance.h"
#include "text_window.h"
#include "xml_decode.h"
#include "xml_scan.h"

struct parser {
    const struct input *in;
    const struct selector *selector;
    struct xml_decoder *decoder;
    struct cim_decoder *cim; /* of files in that dialect */

    struct text_window window;
    struct xml_text text; /* the window's bytes */
    bool form_known;

    bool by_number; /* search for the one id that is wanted */
    uint32_t id;
    struct xml_number number;

    size_t border;  /* index: no record and no mask is open here, and nothing before it is of interest */
    size_t bare;    /* index: [border, bare) holds no <Event and no </Event> */
    size_t at;      /* index of what was not looked at yet */
    bool in_record; /* a record that has to be looked at begins at border; at is inside of it */
    bool tried;     /* the short way was tried for it */
    bool masked;    /* the record has a comment or a CDATA section */

    uint64_t passed;      /* bytes before border that belong to the stretch without a tag which it lies in */
    uint64_t gap, gap_at; /* bytes and offset of such a stretch that has ended and is to be told; 0: none */

    uint64_t last_step; /* offset of the last step's position */
    struct buf utf8;    /* the record, where the file is UTF-16 or damaged */
    struct parser_counts counts;
};

/* What is before the border was told as part of a record that is too long. */
#define STRETCH_TOLD (UINT64_C(1) << 62)

static inline struct position xml_position_at(const struct parser *p, size_t index)
{
    struct position position = text_window_position(&p->window, index);
    position.record = p->passed;
    return position;
}

/* The file's offset of an index. */
static inline uint64_t xml_offset_at(const struct parser *p, size_t index)
{
    return p->window.base + index;
}

static inline bool xml_is_final(const struct parser *p)
{
    return text_window_is_final(&p->window);
}

enum search {
    SEARCH_FOUND, /* a record that has to be looked at begins at border */
    SEARCH_MORE,  /* nothing in what is in memory */
};

static inline size_t xml_record_limit(const struct parser *p)
{
    return EVENT_TEXT_MAX * text_unit(p->text.encoding);
}

/* Nothing before index is of interest, and no record is open there. */
void xml_set_border(struct parser *p, size_t index);

/* The bytes of the stretch without a tag that ends at index to, of which nothing is before border. */
uint64_t xml_stretch_to(const struct parser *p, size_t to);

/* The border goes to a tag at index to or behind it: tells of a stretch that ends at the first tag on the
 * way. */
void xml_end_stretch(struct parser *p, size_t to);

/* The next record to be looked at, from p->at on. */
enum search xml_search(struct parser *p);

/*
 * Where reading would have to begin again if it ended here: behind the last record, or at one that has only
 * begun (true), which is then gone into if the input has ended.
 */
bool xml_settle(struct parser *p, bool ended);

/* Blanks behind the last record belong to it: a file that ends with a line break is read to its end. */
void xml_pass_blanks(struct parser *p);

#endif
