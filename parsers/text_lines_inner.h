/* SPDX-License-Identifier: Apache-2.0 */
/* What text_lines.c and text_find.c share; of no use to parsers. */
#ifndef MAPITAIL_TEXT_LINES_INNER_H
#define MAPITAIL_TEXT_LINES_INNER_H

#include "text_break.h"
#include "text_lines.h"

struct text_bytes text_lines_bytes(const struct text_lines *l);

/* Bytes of the longest line, and of the longest record. */
size_t text_lines_limit(const struct text_lines *l);

/* Reads on, keeping what lies behind the border. */
enum text_refill text_lines_read(struct text_lines *l);

bool text_lines_need_breath(const struct text_lines *l);
enum text_pull text_lines_failed(struct text_lines *l, enum text_refill why);

/* Reading goes on at the border of a line. */
void text_lines_go_to(struct text_lines *l, size_t index);

/* TEXT_LINE once the encoding is known. */
enum text_pull text_lines_learn(struct text_lines *l);

/* n bytes at index from, less what would cut a character; there is a byte behind them. */
size_t text_lines_cut(const struct text_lines *l, size_t from, size_t n);

#endif
