/* SPDX-License-Identifier: Apache-2.0 */
/* The state as people look at it and change it. */
#include "state_inner.h"

#include <stdio.h>

/* Runs one statement with the output's name as its only parameter. */
static sqlite3_stmt *prepare(struct state *s, const char *sql, const char *output)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK)
        sqlite3_bind_text(q, 1, output, -1, SQLITE_STATIC);
    return q;
}

static bool run(struct state *s, const char *sql, const char *output, struct fault *f)
{
    sqlite3_stmt *q = prepare(s, sql, output);
    bool done = q && sqlite3_step(q) == SQLITE_DONE;
    if (!done)
        state_fault(s, f, "write");
    sqlite3_finalize(q);
    return done;
}

static const char *text_at(sqlite3_stmt *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q, column);
    return text ? (const char *)text : "";
}

static uint64_t number_at(sqlite3_stmt *q, int column)
{
    return (uint64_t)sqlite3_column_int64(q, column);
}

static void visit_row(sqlite3_stmt *q, void (*visit)(void *ctx, const struct state_entry *entry), void *ctx)
{
    struct state_entry e = {
        .output = text_at(q, 0),
        .path = text_at(q, 1),
        .saved = text_at(q, 2),
        .file = {.row = sqlite3_column_int64(q, 3),
                 .id = {number_at(q, 4), {number_at(q, 6), number_at(q, 5)}},
                 .fingerprint = number_at(q, 7),
                 .fingerprint_bytes = (uint32_t)number_at(q, 8),
                 .position = {number_at(q, 10), number_at(q, 11), number_at(q, 12)}},
    };
    snprintf(e.file.parser, sizeof e.file.parser, "%s", text_at(q, 9));
    visit(ctx, &e);
}

bool state_each_file(struct state *s, const char *output,
                     void (*visit)(void *ctx, const struct state_entry *entry), void *ctx, struct fault *f)
{
    sqlite3_stmt *q =
        prepare(s,
                "SELECT output, path, saved, id, volume, file_high, file_low, fingerprint,"
                " fingerprint_bytes, parser, offset, record, content_check FROM file"
                " WHERE (?1 IS NULL OR output = ?1) AND sum = " FILE_SUM " ORDER BY output, path",
                output);
    int code = SQLITE_ERROR;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW)
        visit_row(q, visit, ctx);
    if (code != SQLITE_DONE)
        state_fault(s, f, "read");
    sqlite3_finalize(q);
    return code == SQLITE_DONE;
}

uint64_t state_count_ids(struct state *s, const char *output)
{
    sqlite3_stmt *q = prepare(s, "SELECT total(length(ids)) FROM delivered WHERE output = ?1", output);
    uint64_t count = q && sqlite3_step(q) == SQLITE_ROW ? number_at(q, 0) / STATE_ID_BYTES : 0;
    sqlite3_finalize(q);
    return count;
}

bool state_forget_ids(struct state *s, const char *output, struct fault *f)
{
    return run(s, "DELETE FROM delivered WHERE output = ?1", output, f);
}

bool state_forget_output(struct state *s, const char *output, struct fault *f)
{
    return run(s, "DELETE FROM ordinal WHERE file IN (SELECT id FROM file WHERE output = ?1)", output, f) &&
           run(s, "DELETE FROM bookmark WHERE file IN (SELECT id FROM file WHERE output = ?1)", output, f) &&
           run(s, "DELETE FROM file WHERE output = ?1", output, f) && state_forget_ids(s, output, f) &&
           run(s, "DELETE FROM meta WHERE substr(key, 1, length(?1) + 6) = 'seen/' || ?1 || '/'", output, f);
}
