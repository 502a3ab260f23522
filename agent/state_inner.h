/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the state share: the database behind a handle. For state*.c only. */
#ifndef MAPITAIL_STATE_INNER_H
#define MAPITAIL_STATE_INNER_H

#include "state.h"

#include <sqlite3.h>

enum statement {
    GET_META,
    SET_META,
    DROP_META,
    FIND_FILE,
    INSERT_FILE,
    UPDATE_FILE,
    FORGET_FILE,
    FORGET_ORDINALS,
    GET_ORDINAL,
    LAST_ORDINAL,
    ADD_ORDINAL,
    ADD_BLOCK,
    GET_BLOCK,
    OLDEST_BLOCK,
    EACH_BLOCK,
    CUT_BLOCK,
    PUT_BLOCK,
    DROP_EMPTY_BLOCK,
    GET_BOOKMARK,
    PUT_BOOKMARK,
    FORGET_BOOKMARK,
    STATEMENTS,
};

extern const char *const state_statements[STATEMENTS];

struct state {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

/* The columns of each table that its sum is over, as arguments of row_sum; in the order of the tables. */
#define META_SUM "row_sum(key, value)"
#define FILE_SUM                                                                                             \
    "row_sum(output, volume, file_high, file_low, path, fingerprint, fingerprint_bytes, parser, offset,"     \
    " record, content_check, saved)"
#define ORDINAL_SUM "row_sum(file, content, offset, ordinal)"
#define BLOCK_SUM "row_sum(output, at, ids)"
#define BOOKMARK_SUM "row_sum(file, text, created)"

/* Fills the fault with what SQLite says and returns false. */
bool state_fault(struct state *s, struct fault *f, const char *what);
bool state_execute(struct state *s, const char *sql, const char *what, struct fault *f);

/* True if the value is there and its sum is right. */
bool state_get_meta(struct state *s, const char *key, char *out, size_t room);
bool state_set_meta(struct state *s, const char *key, const char *value, struct fault *f);
bool state_drop_meta(struct state *s, const char *key, struct fault *f);

#endif
