/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parsers of other shippers' text have in common: opening and reading on, the exact test of what was
 * decoded, and facts that every one of them writes as words. One object belongs to one thread.
 *
 * A format gives a decoder of one record's text. It reads lines (shipped_next_line) or blocks of lines
 * (shipped_next_block) with it.
 */
#ifndef MAPITAIL_SHIPPED_H
#define MAPITAIL_SHIPPED_H

#include "arena.h"
#include "text_lines.h"

struct shipped {
    struct text_lines lines;
    struct parser_options options;
    struct sv first;       /* of the blocks */
    enum date_order order; /* of numeric dates: the options', else the format's own */
    bool by_number;        /* one id is wanted and searched for */
    struct arena values;   /* of the event that is decoded */
    char word[TEXT_WORD_MAX];
    char zone_name[ZONE_NAME_MAX];
    struct parser_counts counts;
};

/* How a record that is a block of lines is found. */
struct shipped_block {
    bool (*begins)(void *ctx, struct sv line); /* as text_filter.begins */
    bool (*ends)(struct sv line);              /* the block's last line; NULL: it ends before the next one */
    struct sv first, last; /* ASCII that every such line has, and others seldom; absent: not told */
};

/*
 * Decodes text, a whole record, into *e, which is cleared but for what text_lines_record sets. Views may
 * borrow text and s->values. Returns NULL; shipped_is_other for text that is no event of this format; or why
 * the record cannot be read: static text, a phrase.
 */
typedef const char *shipped_decode(struct shipped *s, struct sv text, struct event *e);
extern const char shipped_is_other[];

/*
 * Opens as parser_ops.open. Where the selector wants one id, records that do not hold before + id + after
 * (at most TEXT_WORD_MAX bytes) are not looked at. block: NULL for formats of lines. fallback: the order of
 * numeric dates where the options tell none.
 */
struct shipped_filter {
    const char *before, *after;
    const struct shipped_block *block;
    enum date_order fallback;
    bool is_number; /* no digit of another number stands beside the id: as text_filter.is_number */
};
bool shipped_open(struct shipped *s, const struct input *in, const struct position *from,
                  const struct parser_options *options, const struct shipped_filter *filter,
                  struct fault *fault);
void shipped_close(struct shipped *s);

/* One step each, as parser_ops.next. */
void shipped_next_line(struct shipped *s, shipped_decode *decode, struct event *event, struct step *step);
void shipped_next_block(struct shipped *s, const struct shipped_block *block, shipped_decode *decode,
                        struct event *event, struct step *step);

/* An id as written, in decimal: the high 16 of 32 bits are the qualifiers, too. False if it is no number. */
bool shipped_set_id(struct event *e, struct sv digits);

/* A number in decimal or 0x…; left absent where v is none. 64 bits may be written as signed. */
void shipped_set_number(struct opt_u64 *to, struct sv v);

/* Level from a word in any of the languages of Windows, from Snare's, EventReporter's and NXLog's, and
 * level_text. */
void shipped_set_level(struct event *e, struct sv word);

/* time_text, and time in the zone of the text, else in the source's: then event.timezone tells so. */
void shipped_set_time(struct shipped *s, struct event *e, struct sv text);

#define SHIPPED_TABLE_END                                                                                    \
    {                                                                                                        \
        NULL, 0                                                                                              \
    }

/* One named value of a format, and what it says about an event. Tables end with an absent name. */
struct shipped_field {
    struct sv name;
    enum {
        SHIPPED_NOTHING, /* known, and of no use */
        SHIPPED_TEXT,    /* a struct sv at offset; a word for nothing leaves it absent */
        SHIPPED_NUMBER,  /* a struct opt_u64 at offset */
        SHIPPED_ID,
        SHIPPED_LEVEL,
        SHIPPED_TIME,
        SHIPPED_SID,
        SHIPPED_KEYWORDS, /* texts, separated by commas */
    } kind;
    size_t offset;
};

/* Sets what a table says about a name; the first value of a name counts. False if it is not in there. */
bool shipped_set_field(struct shipped *s, struct event *e, const struct shipped_field *table, struct sv name,
                       struct sv value);

/* The same for one field that is known. */
void shipped_set_value(struct shipped *s, struct event *e, const struct shipped_field *field, struct sv v);

/* True for the first line of a record. */
typedef bool shipped_is_record(struct sv line);

/*
 * As parser_ops.probe for formats whose records begin with a line that is known by itself: sure where the
 * first line that is not blank is one, sure - 30 where a later line of the head is.
 */
int shipped_probe(struct sv head, bool complete, int sure, shipped_is_record *is_record);

/* As parser_ops.stable_prefix, for text that only grows. */
size_t shipped_stable_prefix(struct sv head);

/* v, or absent if it is empty or a word for "nothing": N/A, None, - and the like. */
struct sv shipped_value(struct sv v);

/* user_sid, if v is one ("S-1-5-18"). */
void shipped_set_sid(struct event *e, struct sv v);

/* True if v begins with n decimal digits. */
bool shipped_has_digits(struct sv v, size_t n);

#endif
