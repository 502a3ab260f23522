/* SPDX-License-Identifier: Apache-2.0 */
/* From the text of one row to an event, by the layout of its table. Pure. */
#ifndef MAPITAIL_CSV_DECODE_H
#define MAPITAIL_CSV_DECODE_H

#include "arena.h"
#include "csv_layout.h"
#include "parser.h"

struct csv_decoder {
    const struct parser_options *options;
    struct arena *arena; /* of what a row's text does not hold as it must be; reset by the owner */
    enum date_order order;
    char zone_label[ZONE_NAME_MAX];
    char joined[LOCAL_TIME_TEXT_MAX + 1];
};

/* A row's cells; borrowed from its text or from the arena. */
struct csv_row {
    struct sv cell[CSV_COLUMNS_MAX];
    size_t count;
    bool exact;
};

/* The cells of a row by its layout; those that are too many are the end of a message that comes last. */
void csv_split(const struct csv_layout *layout, struct sv text, struct arena *arena, struct csv_row *row);

/*
 * Fills in what the cells say; event was cleared and keeps what is already there. False if they are not the
 * cells of an event: too few or too many, or no number as id.
 */
bool csv_decode(struct csv_decoder *d, const struct csv_layout *layout, const struct csv_row *row,
                struct event *event);

#endif
