/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in free text: blocks from Event Viewer's clipboard, tickets, web pages, mail. Labels and the
 * sentence of event 9646 are found wherever they stand; what is around them is prose. Labels may be broken
 * over lines, stand apart from their values, or have lost all blanks and line breaks between them; entities
 * and tags are undone first. Pure.
 *
 * An event is a run of labels, each at most once, and a message before, between or behind them. The message
 * is what follows "Description:" or, without a label, the line with the sentence; it ends with the sentence,
 * with a trailer ("For more information, see Help and Support Center", a hex dump, "Event Xml:"), or where
 * the next event begins.
 *
 * An event without id is taken for MSExchangeIS 9646 where the sentence is unmistakable: who, limit and type
 * can be read and the word MAPI is there. An id without source and message is a mention, no event.
 */
#ifndef MAPITAIL_TEXT_PAGE_H
#define MAPITAIL_TEXT_PAGE_H

#include "arena.h"
#include "text_facts.h"

enum { TEXT_TOKENS_MAX = 512 }; /* labels and sentences that are held at a time, and of one event */

struct text_token {
    const struct text_label *label; /* NULL: a sentence without label */
    size_t start, value;            /* of the label (sentence: its line), and behind its colon */
    bool is_content;                /* of the message before it */
};

/* A text that was read as the sentence, and what came of it. */
struct text_sentence {
    struct sv text;
    bool tells; /* who met which limit of what */
    bool whole; /* limit and type are there and not cut */
};

struct text_page {
    struct sv text;                /* without markup */
    struct text_sentence sentence; /* read last: it is asked for as often as there are ways to come to it */
    struct arena *scratch;
    struct text_token tokens[TEXT_TOKENS_MAX];
    size_t count, at;
    size_t scanned;  /* behind what was looked at */
    bool is_whole;   /* that is the end */
    bool has_markup; /* text is no part of what was given */
};

/* Finds labels and sentences. All are borrowed; text without markup goes to arena, scratch is reset often. */
void text_page_read(struct text_page *p, struct sv text, struct arena *arena, struct arena *scratch);

/* The next event's facts; false when there is none. Mentions and other prose are facts without provider. */
bool text_page_next(struct text_page *p, struct text_facts *f);

/* True for a line that has a label or may have the sentence: for splitting a page into parts. */
bool text_page_is_line_of_event(struct sv line);

/* The label of the line that begins a clipboard block, or NULL. */
const struct text_label *text_page_first_label(struct sv line);
bool text_page_begins_block(struct sv line); /* True if it has one. */

#endif
