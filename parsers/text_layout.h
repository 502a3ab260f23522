/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the text layouts a file has, told from its beginning alone. Pure. */
#ifndef MAPITAIL_TEXT_LAYOUT_H
#define MAPITAIL_TEXT_LAYOUT_H

#include "sv.h"

enum text_layout {
    LAYOUT_UNKNOWN,   /* nothing tells yet */
    LAYOUT_WEVTUTIL,  /* wevtutil qe /f:text */
    LAYOUT_PSLOGLIST, /* psloglist without -s */
    LAYOUT_LIST,      /* … | Format-List */
    LAYOUT_BLOCK,     /* blocks of Event Viewer's clipboard, with or without prose around */
    LAYOUT_PAGE,      /* everything else: the event is somewhere in prose */
};

/*
 * The first line that tells decides, so that a file that grows keeps its layout. head: UTF-8, at most
 * PARSER_HEAD_BYTES of the file; whole: no byte will follow it, so that an unfinished last line counts.
 * *property is the name that the first line of a LIST begins with.
 */
enum text_layout text_layout_of(struct sv head, bool whole, struct sv *property);

/* As parser_ops.probe. */
int text_layout_probe(struct sv head, bool complete);

#endif
