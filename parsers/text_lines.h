/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a text export as UTF-8, and records that are one or several of them.
 *
 * A line ends with LF, CRLF or CR, or with the end of a complete input; an unfinished one is waited for. A
 * position stands at the border of a record: reading goes on from there as if it had never stopped, however
 * the input was cut by reads. A parser keeps nothing of a record over a stop: text_lines_stop goes back to
 * the record's beginning, and the next call reads it again, from memory. This is all that a parser needs:
 *
 *   static void foo_next(struct parser *p, struct event *event, struct step *step)
 *   {
 *       struct text_line line;
 *       enum text_pull pull;
 *       while ((pull = text_lines_find(&p->lines)) == TEXT_LINE) {      the next "9646": optional
 *           if ((pull = text_lines_next(&p->lines, &line)) != TEXT_LINE)
 *               break;
 *           if (!begins_record(line.text))
 *               continue;                                               garbage between records
 *           text_lines_hold(&p->lines);                                 the record begins here
 *           while ((pull = text_lines_next(&p->lines, &line)) == TEXT_LINE)
 *               if (begins_record(line.text)) {
 *                   text_lines_back(&p->lines);                         not ours any more
 *                   break;
 *               }
 *           if (pull != TEXT_LINE && pull != TEXT_END)
 *               break;
 *           event_clear(event);
 *           if (decode(p, text_lines_record(&p->lines, event), event)) {
 *               text_lines_finish(&p->lines, STEP_EVENT, step);
 *               return;
 *           }
 *           text_lines_pass(&p->lines);                                 not selected
 *       }
 *       text_lines_stop(&p->lines, pull, step);
 *   }
 *
 * A record that ends where the next one begins is waited for until then, or until the input is complete: a
 * format that shows its records' ends (a closing quote, a blank line) leaves the inner loop there instead.
 * Formats of one line per record leave out hold, the inner loop and back. decode reads the record's text with
 * text_take_line (text_coding.h). One object belongs to one thread.
 */
#ifndef MAPITAIL_TEXT_LINES_H
#define MAPITAIL_TEXT_LINES_H

#include "text_window.h"

struct text_line {
    struct sv text;  /* without terminator; lives until the next call */
    uint64_t offset; /* of its first byte in the input */
    uint64_t length; /* bytes in the input, terminator included */
    bool cut;        /* longer than EVENT_TEXT_MAX: the beginning; the rest is passed over (TEXT_PASSED) */
    bool replaced;   /* bytes that are no text were replaced */
};

enum text_pull {
    TEXT_LINE,
    TEXT_MORE,   /* the input ends here for now; a record that is held is unfinished */
    TEXT_END,    /* the input is complete and was read to its end; a record that is held ends here */
    TEXT_BREATH, /* nothing wanted for a while: the owner gets a step */
    TEXT_LONG, /* the record that is held is over its limit, EVENT_TEXT_MAX characters. The parser may finish
                  it, cut, or stop: it is then reported and left out */
    TEXT_PASSED, /* the rest of a cut line was passed over. Never while a record is held */
    TEXT_FAILED,
};

/* What text_lines_find looks for. */
struct text_filter {
    struct sv word; /* ASCII, 1 … 32 bytes, that every wanted record holds; absent: every line is found */
    /*
     * For records of several lines: true if a record begins with this line, of which the first
     * TEXT_FILTER_LINE bytes are shown. Must not depend on other lines. NULL: a record is one line.
     */
    bool (*begins)(void *ctx, struct sv line);
    /*
     * For speed: the index of the first mark in n bytes at p, or n. A mark is something that every line that
     * begins a record has, and others seldom; at most TEXT_WORD_MAX bytes, none of them of a terminator. Its
     * index is that of its first byte, or of its last: then one that p's beginning cuts counts. Asked in
     * files with units of one byte only. NULL: every line may begin a record.
     */
    size_t (*mark)(void *ctx, const uint8_t *p, size_t n);
    void *ctx;
    /* The word is a decimal number: inside of a longer one it counts where the low 16 bits of that are it. */
    bool is_number;
};

enum { TEXT_FILTER_LINE = 512, TEXT_WORD_MAX = 32 };

struct text_lines {
    struct text_window window;
    struct text_coding coding;
    enum code_page setting;
    struct text_filter filter;
    bool coding_known;
    bool held;
    bool in_rest;         /* at stands inside a line that is too long */
    enum text_refill why; /* of TEXT_FAILED */
    /* Indexes into the window. */
    size_t border;      /* where reading would go on: the record that is held, else the line given last */
    size_t last;        /* the line given last */
    size_t at;          /* the next line */
    size_t scanned;     /* no line ends in [at, scanned) */
    size_t searched;    /* the filter's word does not begin in [at, searched) */
    size_t bare;        /* no line ends in [at, bare) */
    uint64_t last_step; /* offset of the last step's position */
    uint64_t passed_from, passed; /* of TEXT_PASSED */
    struct buf line_text, record_text;
};

/*
 * Opens at a position. What options points to, in and the filter (NULL: none) are borrowed. False with a
 * fault as parser_ops.open; nothing is to be closed then.
 */
bool text_lines_open(struct text_lines *l, const struct input *in, const struct position *from,
                     const struct parser_options *options, const struct text_filter *filter,
                     struct fault *fault);
void text_lines_close(struct text_lines *l); /* safe on a zeroed object and after itself */

/* The next line. What lies before it is done with, unless a record is held. */
enum text_pull text_lines_next(struct text_lines *l, struct text_line *line);

/* The line given last begins a record, which grows with every further line. */
void text_lines_hold(struct text_lines *l);

/* The line given last is given again by the next call: it does not belong to the record. Once per line. */
void text_lines_back(struct text_lines *l);

/*
 * For speed: passes lines of the record that is held which neither hold word (ASCII; absent: none does) nor
 * may begin another record by the filter's mark. They belong to the record as if they had been given. Does
 * nothing where that cannot be told.
 */
void text_lines_skip(struct text_lines *l, struct sv word);

/*
 * The record: from the line that was held (else the line given last) to the last one, with the terminators
 * between, but not the last. At most EVENT_TEXT_MAX bytes. Sets event->original to it, offset, length,
 * text_replaced and cut, so call it after event_clear. Lives until the next call of any function here but
 * this one, pass and finish. Absent without memory.
 */
struct sv text_lines_record(struct text_lines *l, struct event *event);

/* Everything that was given is done with: no step, reading goes on. */
void text_lines_pass(struct text_lines *l);

/* The same with a step of that kind and the position behind what was given. For SKIP also sets offset and
 * length to the record's; the reason is the parser's. */
void text_lines_finish(struct text_lines *l, enum step_kind kind, struct step *step);

/* Makes the step for any pull but TEXT_LINE, and lets go of a record that is held. */
void text_lines_stop(struct text_lines *l, enum text_pull pull, struct step *step);

/*
 * Goes to the beginning of the record (without filter.begins: of the line) that holds the next occurrence of
 * the filter's word, searching at memory speed; text_lines_next then gives its first line. TEXT_LINE when
 * there is one; without a word that is the next line. Where no line before begins a record, the line with the
 * word itself is gone to. At least one line must be taken between two calls. Never gives TEXT_PASSED or
 * TEXT_LONG. A word beyond EVENT_TEXT_MAX bytes of its line is not found. Lets go of a record that is held.
 */
enum text_pull text_lines_find(struct text_lines *l);

/* As parser_ops.end: behind the last line that is ended. */
bool text_lines_end(const struct input *in, struct position *out, struct fault *fault);

#endif
