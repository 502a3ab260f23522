/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the columns of a table of events mean: told by the names in its header, or by the shape of the first
 * row where the program writes no header. Pure.
 *
 * Sources: Windows Server 2003 "File formats for archived logs" (nine columns without names); the event
 * viewer since 2008 (its column titles in the language of Windows, the description in one more column without
 * a title); the properties of EventLogRecord (Get-WinEvent) and EventLogEntry (Get-EventLog) in .NET; Log
 * Parser 2.2 "EVT Input Format Fields"; Win32_NTLogEvent (wmic); psloglist -s.
 */
#ifndef MAPITAIL_CSV_LAYOUT_H
#define MAPITAIL_CSV_LAYOUT_H

#include "local_time.h"

enum csv_column {
    CSV_OTHER, /* of no interest, or not known */
    CSV_ID,    /* the low 16 bits */
    CSV_ID32,  /* all 32 bits */
    CSV_QUALIFIERS,
    CSV_SOURCE,
    CSV_DATE,
    CSV_CLOCK,
    CSV_TIME,
    CSV_LEVEL,      /* a word or a number */
    CSV_EVENT_TYPE, /* the number of a classic event's type */
    CSV_TASK,       /* a word or a number; as CSV_OPCODE and CSV_KEYWORDS */
    CSV_OPCODE,
    CSV_KEYWORDS,
    CSV_VERSION,
    CSV_RECORD,
    CSV_CHANNEL,
    CSV_COMPUTER,
    CSV_USER,
    CSV_PROCESS,
    CSV_THREAD,
    CSV_GUID,
    CSV_ACTIVITY,
    CSV_RELATED,
    CSV_MESSAGE,
    CSV_STRINGS, /* joined with '|', or {"…";…} */
    CSV_BINARY,  /* hex digits, or {1;2;…} */
    CSV_NODE,    /* wmic's name of the computer that was asked */
};

enum csv_style {
    CSV_QUOTED, /* RFC 4180 quotes, which may hold line breaks */
    CSV_LINES,  /* no quotes: a line is a record */
    CSV_WMIC,   /* no quotes, and the message breaks lines */
};

enum {
    CSV_COLUMNS_MAX = 64,
    CSV_HEADER_MAX = 8 * 1024, /* bytes of a header's line */
    CSV_NAME_MAX = 64,
};

struct csv_layout {
    enum csv_style style;
    char delimiter;
    uint8_t column[CSV_COLUMNS_MAX]; /* enum csv_column */
    size_t columns;                  /* 0: nothing is known */
    size_t id;                       /* index of the column that tells a record: CSV_ID, else CSV_ID32 */
    bool has_id16;
    bool message_is_last;  /* a delimiter in it that was not quoted does no harm */
    bool extra_message;    /* one more column than names: the description */
    enum date_order order; /* of numeric dates, where nothing else tells */
};

/* Reads a line, without its terminator, as a header. False, leaving *out alone, if it is none. */
bool csv_layout_of_header(struct sv line, struct csv_layout *out);

/* The same for the first row of a table without header. */
bool csv_layout_of_row(struct sv line, struct csv_layout *out);

/* Lines that stand around a table and are no record: blank ones, #TYPE, sep=, psloglist's title. */
bool csv_is_remark(struct sv line);

/*
 * With which three letters names of columns begin, as a set of hashes: a test that costs next to nothing and
 * is passed by every header.
 */
struct csv_beginnings {
    uint8_t bits[32 * 32 * 32 / 8];
};
void csv_beginnings_init(struct csv_beginnings *b);

/* Letters are told apart without their case. */
static inline unsigned csv_beginning(unsigned a, unsigned b, unsigned c)
{
    return (a & 31) << 10 | (b & 31) << 5 | (c & 31);
}

/* What the set alone cannot rule out. */
bool csv_may_begin_strangely(const struct csv_beginnings *b, unsigned first, unsigned second, unsigned third);

static inline bool csv_may_begin(const struct csv_beginnings *b, unsigned first, unsigned second,
                                 unsigned third)
{
    unsigned bit = csv_beginning(first, second, third);
    bool open = (first | second | third) >= 0x80 || (b->bits[bit / 8] >> bit % 8 & 1);
    return open && csv_may_begin_strangely(b, first, second, third);
}

/* What the name of a column means; CSV_OTHER if it is not known. *order (may be NULL) tells which dates the
 * language writes. */
enum csv_column csv_column_of(struct sv name, enum date_order *order);

#endif
