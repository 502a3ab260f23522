/* SPDX-License-Identifier: Apache-2.0 */
/* One value of a setting: from text to what the struct holds, and back to text for documentation. Pure. */
#ifndef MAPITAIL_SETTING_VALUE_H
#define MAPITAIL_SETTING_VALUE_H

#include "buf.h"
#include "setting.h"

/*
 * Reads a BOOL, INT, DURATION, SIZE or CHOICE and stores it at field. Returns NULL, or what is wrong with it
 * as the end of a sentence that begins with the key ("must be between 1s and 1h"), written to why where it
 * has parts.
 */
const char *setting_value_read(const struct setting *s, const char *text, void *field, char why[160]);

/* A number of INT, DURATION or SIZE in its shortest exact form: 30s, 10MiB. */
void setting_value_write(struct buf *to, enum setting_type type, int64_t value);

/* What a reader must know of a setting, for manual and reference: "One of: a, b. Default: a." */
void setting_facts(struct buf *to, const struct setting *s);

#endif
