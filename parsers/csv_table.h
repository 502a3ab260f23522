/* SPDX-License-Identifier: Apache-2.0 */
/* What a table tells about itself before any row of it is read: its layout, the order of its dates, a header.
 */
#ifndef MAPITAIL_CSV_TABLE_H
#define MAPITAIL_CSV_TABLE_H

#include "csv_layout.h"
#include "text_break.h"
#include "text_window.h"

/* The bytes from an input's offset on that tell a layout, and those that tell the order of its dates. */
enum { CSV_LAYOUT_BYTES = 2 * CSV_HEADER_MAX, CSV_EVIDENCE_BYTES = 64 * 1024 };

/*
 * Learns the layout from the first line at offset that is no remark. NOTHING while that line has not ended.
 * A line that means nothing gives a layout without columns.
 */
enum text_refill csv_table_layout(const struct input *in, uint64_t offset, const struct text_coding *coding,
                                  struct csv_layout *out);

/*
 * The order of the dates in CSV_EVIDENCE_BYTES from offset on: AUTO where none of them can be meant in one
 * way only, or where they cannot be read.
 */
enum date_order csv_table_order(const struct input *in, uint64_t offset, const struct text_coding *coding,
                                const struct csv_layout *layout);

/* Is the first cell from begin on the name of a column? t ends where the line does. */
bool csv_begins_with_a_name(struct text_bytes t, const struct text_coding *coding, size_t begin);

#endif
