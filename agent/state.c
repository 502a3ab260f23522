/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept over restarts, in one SQLite file. */
#include "state_inner.h"

#include "os_clock.h"

#include <stdio.h>
#include <string.h>

/* Above those that are counted. */
#define UNKEPT_ORDINALS (UINT64_C(1) << 32)

/* A row whose sum is wrong is as good as none: what it says is not believed. */
const char *const state_statements[STATEMENTS] = {
    [GET_META] = "SELECT value FROM meta WHERE key = ?1 AND sum = row_sum(?1, value)",
    [SET_META] = "INSERT INTO meta(key, value, sum) VALUES(?1, ?2, row_sum(?1, ?2))"
                 " ON CONFLICT(key) DO UPDATE SET value = ?2, sum = row_sum(?1, ?2)",
    [DROP_META] = "DELETE FROM meta WHERE key = ?1",
    [FIND_FILE] = "SELECT id, fingerprint, fingerprint_bytes, parser, offset, record, content_check FROM file"
                  " WHERE output = ?1 AND volume = ?2 AND file_high = ?3 AND file_low = ?4"
                  " AND sum = row_sum(?1, ?2, ?3, ?4, path, fingerprint, fingerprint_bytes, parser, offset,"
                  " record, content_check, saved)",
    [INSERT_FILE] = "INSERT OR REPLACE INTO file(output, volume, file_high, file_low, path, fingerprint,"
                    " fingerprint_bytes, parser, offset, record, content_check, saved, sum)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
                    " row_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12))",
    [UPDATE_FILE] =
        "UPDATE file SET path = ?5, fingerprint = ?6, fingerprint_bytes = ?7, parser = ?8, offset = ?9,"
        " record = ?10, content_check = ?11, saved = ?12,"
        " sum = row_sum(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) WHERE id = ?13 AND output = ?1"
        " AND volume = ?2 AND file_high = ?3 AND file_low = ?4",
    [FORGET_FILE] = "DELETE FROM file WHERE id = ?1",
    [FORGET_ORDINALS] = "DELETE FROM ordinal WHERE file = ?1",
    [GET_ORDINAL] = "SELECT ordinal FROM ordinal WHERE file = ?1 AND content = ?2 AND offset = ?3"
                    " AND sum = row_sum(?1, ?2, ?3, ordinal)",
    [LAST_ORDINAL] = "SELECT ordinal FROM ordinal WHERE file = ?1 AND content = ?2 AND offset < ?3"
                     " AND sum = row_sum(?1, ?2, offset, ordinal) ORDER BY offset DESC LIMIT 1",
    [ADD_ORDINAL] = "INSERT OR REPLACE INTO ordinal(file, content, offset, ordinal, sum)"
                    " VALUES(?1, ?2, ?3, ?4, row_sum(?1, ?2, ?3, ?4))",
    [ADD_BLOCK] = "INSERT INTO delivered(output, at, ids, sum) VALUES(?1, ?2, ?3, row_sum(?1, ?2, ?3))",
    [GET_BLOCK] =
        "SELECT block, at, ids FROM delivered WHERE block = ?2 AND output = ?1 AND sum = " BLOCK_SUM,
    [OLDEST_BLOCK] = "SELECT block, at, ids FROM delivered WHERE output = ?1 ORDER BY block LIMIT 1",
    [EACH_BLOCK] =
        "SELECT block, at, ids FROM delivered WHERE output = ?1 AND sum = " BLOCK_SUM " ORDER BY block DESC",
    [CUT_BLOCK] = "UPDATE delivered SET ids = substr(ids, ?2), sum = row_sum(output, at, substr(ids, ?2))"
                  " WHERE block = ?1",
    [PUT_BLOCK] = "UPDATE delivered SET ids = ?2, sum = row_sum(output, at, ?2) WHERE block = ?1",
    [DROP_EMPTY_BLOCK] = "DELETE FROM delivered WHERE block = ?1 AND length(ids) = 0",
    [GET_BOOKMARK] = "SELECT text, created FROM bookmark WHERE file = ?1 AND sum = " BOOKMARK_SUM,
    [PUT_BOOKMARK] = "INSERT OR REPLACE INTO bookmark(file, text, created, sum)"
                     " VALUES(?1, ?2, ?3, row_sum(?1, ?2, ?3))",
    [FORGET_BOOKMARK] = "DELETE FROM bookmark WHERE file = ?1",
};

bool state_fault(struct state *s, struct fault *f, const char *what)
{
    return fault_set(f, FAULT_OS, sqlite3_system_errno(s->db), "cannot %s the state: %s", what,
                     sqlite3_errmsg(s->db));
}

bool state_execute(struct state *s, const char *sql, const char *what, struct fault *f)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || state_fault(s, f, what);
}

/* ---- statements: prepared once, reset after each use ---- */

static sqlite3_stmt *statement(struct state *s, enum statement which)
{
    return s->statements[which];
}

static void bind_u64(sqlite3_stmt *q, int at, uint64_t value)
{
    sqlite3_bind_int64(q, at, (sqlite3_int64)value);
}

static void bind_text(sqlite3_stmt *q, int at, const char *text)
{
    sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

static bool run(struct state *s, sqlite3_stmt *q, const char *what, struct fault *f)
{
    bool done = sqlite3_step(q) == SQLITE_DONE;
    if (!done)
        state_fault(s, f, what);
    sqlite3_reset(q);
    return done;
}

/* ---- what it holds ---- */

bool state_get_meta(struct state *s, const char *key, char *out, size_t room)
{
    sqlite3_stmt *q = statement(s, GET_META);
    bind_text(q, 1, key);
    bool found = sqlite3_step(q) == SQLITE_ROW;
    if (found)
        snprintf(out, room, "%s", (const char *)sqlite3_column_text(q, 0));
    sqlite3_reset(q);
    return found;
}

bool state_set_meta(struct state *s, const char *key, const char *value, struct fault *f)
{
    sqlite3_stmt *q = statement(s, SET_META);
    bind_text(q, 1, key);
    bind_text(q, 2, value);
    return run(s, q, "write", f);
}

bool state_drop_meta(struct state *s, const char *key, struct fault *f)
{
    sqlite3_stmt *q = statement(s, DROP_META);
    bind_text(q, 1, key);
    return run(s, q, "write", f);
}

bool state_agent_id(struct state *s, void (*make)(char out[37]), char out[37], struct fault *f)
{
    if (state_get_meta(s, "agent_id", out, 37))
        return true;
    make(out);
    return state_set_meta(s, "agent_id", out, f);
}

static void mark_key(char *key, size_t room, const char *output, const char *source)
{
    snprintf(key, room, "seen/%s/%s", output, source);
}

bool state_marked(struct state *s, const char *output, const char *source)
{
    char key[512], value[8];
    mark_key(key, sizeof key, output, source);
    return state_get_meta(s, key, value, sizeof value);
}

bool state_mark(struct state *s, const char *output, const char *source, struct fault *f)
{
    char key[512];
    mark_key(key, sizeof key, output, source);
    return state_set_meta(s, key, "1", f);
}

bool state_unmark(struct state *s, const char *output, const char *source, struct fault *f)
{
    char key[512];
    mark_key(key, sizeof key, output, source);
    return state_drop_meta(s, key, f);
}

bool state_find(struct state *s, const char *output, struct os_file_id id, struct state_file *out)
{
    sqlite3_stmt *q = statement(s, FIND_FILE);
    bind_text(q, 1, output);
    bind_u64(q, 2, id.volume);
    bind_u64(q, 3, id.file[1]);
    bind_u64(q, 4, id.file[0]);
    bool found = sqlite3_step(q) == SQLITE_ROW;
    if (found) {
        *out = (struct state_file){
            .row = sqlite3_column_int64(q, 0),
            .id = id,
            .fingerprint = (uint64_t)sqlite3_column_int64(q, 1),
            .fingerprint_bytes = (uint32_t)sqlite3_column_int64(q, 2),
            .position = {(uint64_t)sqlite3_column_int64(q, 4), (uint64_t)sqlite3_column_int64(q, 5),
                         (uint64_t)sqlite3_column_int64(q, 6)},
        };
        const unsigned char *parser = sqlite3_column_text(q, 3);
        snprintf(out->parser, sizeof out->parser, "%s", parser ? (const char *)parser : "");
    }
    sqlite3_reset(q);
    return found;
}

bool state_put(struct state *s, const char *output, struct state_file *file, const char *path,
               struct fault *f)
{
    char saved[WTIME_TEXT_MAX];
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 0);
    sqlite3_stmt *q = statement(s, file->row ? UPDATE_FILE : INSERT_FILE);
    wtime_format(&now, 0, saved);
    if (file->row)
        sqlite3_bind_int64(q, 13, file->row);
    bind_text(q, 1, output);
    bind_u64(q, 2, file->id.volume);
    bind_u64(q, 3, file->id.file[1]);
    bind_u64(q, 4, file->id.file[0]);
    bind_text(q, 5, path);
    bind_u64(q, 6, file->fingerprint);
    sqlite3_bind_int64(q, 7, file->fingerprint_bytes);
    bind_text(q, 8, file->parser);
    bind_u64(q, 9, file->position.offset);
    bind_u64(q, 10, file->position.record);
    bind_u64(q, 11, file->position.check);
    bind_text(q, 12, saved);
    if (!run(s, q, "write", f))
        return false;
    /* The transaction that inserted it came to nothing, and its number may be another file's by now. */
    if (file->row && sqlite3_changes(s->db) == 0) {
        file->row = 0;
        return state_put(s, output, file, path, f);
    }
    if (!file->row)
        file->row = sqlite3_last_insert_rowid(s->db);
    return true;
}

static bool run_on_row(struct state *s, enum statement which, int64_t row, struct fault *f)
{
    sqlite3_stmt *q = statement(s, which);
    sqlite3_bind_int64(q, 1, row);
    return run(s, q, "write", f);
}

bool state_forget(struct state *s, int64_t row, struct fault *f)
{
    return run_on_row(s, FORGET_FILE, row, f) && run_on_row(s, FORGET_ORDINALS, row, f) &&
           run_on_row(s, FORGET_BOOKMARK, row, f);
}

bool state_put_bookmark(struct state *s, int64_t row, const char *text, int64_t created_ns, struct fault *f)
{
    sqlite3_stmt *q = statement(s, PUT_BOOKMARK);
    sqlite3_bind_int64(q, 1, row);
    bind_text(q, 2, text);
    sqlite3_bind_int64(q, 3, created_ns);
    return run(s, q, "write", f);
}

bool state_get_bookmark(struct state *s, int64_t row, char *text, size_t room, int64_t *created_ns)
{
    sqlite3_stmt *q = statement(s, GET_BOOKMARK);
    sqlite3_bind_int64(q, 1, row);
    bool found = sqlite3_step(q) == SQLITE_ROW && (size_t)sqlite3_column_bytes(q, 0) < room;
    if (found) {
        snprintf(text, room, "%s", (const char *)sqlite3_column_text(q, 0));
        *created_ns = sqlite3_column_int64(q, 1);
    }
    sqlite3_reset(q);
    return found;
}

bool state_begin(struct state *s, struct fault *f)
{
    return state_execute(s, "BEGIN IMMEDIATE", "write", f);
}

bool state_commit(struct state *s, struct fault *f)
{
    if (state_execute(s, "COMMIT", "write", f))
        return true;
    sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* The ordinal that a query gives for a record, or 0. */
static uint64_t find_ordinal(struct state *s, enum statement which, int64_t row, uint64_t content,
                             uint64_t offset)
{
    sqlite3_stmt *q = statement(s, which);
    sqlite3_bind_int64(q, 1, row);
    bind_u64(q, 2, content);
    bind_u64(q, 3, offset);
    uint64_t ordinal = sqlite3_step(q) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
    sqlite3_reset(q);
    return ordinal;
}

uint64_t state_ordinal(struct state *s, int64_t row, uint64_t content, uint64_t offset)
{
    struct fault ignored;
    if (row == 0) /* all files without a row would be counted as one, and forgotten as none */
        return UNKEPT_ORDINALS + offset;
    uint64_t ordinal = find_ordinal(s, GET_ORDINAL, row, content, offset);
    if (ordinal)
        return ordinal;
    ordinal = find_ordinal(s, LAST_ORDINAL, row, content, offset) + 1;
    sqlite3_stmt *add = statement(s, ADD_ORDINAL);
    sqlite3_bind_int64(add, 1, row);
    bind_u64(add, 2, content);
    bind_u64(add, 3, offset);
    bind_u64(add, 4, ordinal);
    /* Where it is not kept, the next equal record would get it too, and be taken for a copy of this one. */
    return run(s, add, "write", &ignored) ? ordinal : UNKEPT_ORDINALS + offset;
}

/* ---- delivered ids ---- */

bool state_add_block(struct state *s, const char *output, struct state_block *block, struct fault *f)
{
    sqlite3_stmt *q = statement(s, ADD_BLOCK);
    bind_text(q, 1, output);
    sqlite3_bind_int64(q, 2, block->at_ms);
    sqlite3_bind_blob(q, 3, block->ids, (int)(block->count * STATE_ID_BYTES), SQLITE_STATIC);
    bool done = run(s, q, "write", f);
    if (done)
        block->number = sqlite3_last_insert_rowid(s->db);
    return done;
}

static void copy_block(sqlite3_stmt *q, struct state_block *out)
{
    const void *ids = sqlite3_column_blob(q, 2);
    size_t n = (size_t)sqlite3_column_bytes(q, 2) / STATE_ID_BYTES;
    out->number = sqlite3_column_int64(q, 0);
    out->at_ms = sqlite3_column_int64(q, 1);
    out->count = n < STATE_BLOCK_IDS ? n : STATE_BLOCK_IDS;
    if (out->count)
        memcpy(out->ids, ids, out->count * STATE_ID_BYTES);
}

static bool find_block(sqlite3_stmt *q, const char *output, struct state_block *out)
{
    bind_text(q, 1, output);
    bool found = sqlite3_step(q) == SQLITE_ROW;
    if (found)
        copy_block(q, out);
    sqlite3_reset(q);
    return found;
}

bool state_get_block(struct state *s, const char *output, int64_t number, struct state_block *out)
{
    sqlite3_bind_int64(statement(s, GET_BLOCK), 2, number);
    return find_block(statement(s, GET_BLOCK), output, out);
}

bool state_oldest_block(struct state *s, const char *output, struct state_block *out)
{
    return find_block(statement(s, OLDEST_BLOCK), output, out);
}

bool state_each_block(struct state *s, const char *output,
                      void (*visit)(void *ctx, const struct state_block *block), void *ctx, struct fault *f)
{
    struct state_block block;
    sqlite3_stmt *q = statement(s, EACH_BLOCK);
    bind_text(q, 1, output);
    int status;
    while ((status = sqlite3_step(q)) == SQLITE_ROW) {
        copy_block(q, &block);
        visit(ctx, &block);
    }
    if (status != SQLITE_DONE)
        state_fault(s, f, "read");
    sqlite3_reset(q);
    return status == SQLITE_DONE;
}

bool state_put_block(struct state *s, const struct state_block *block, struct fault *f)
{
    sqlite3_bind_blob(statement(s, PUT_BLOCK), 2, block->ids, (int)(block->count * STATE_ID_BYTES),
                      SQLITE_STATIC);
    return run_on_row(s, PUT_BLOCK, block->number, f) && run_on_row(s, DROP_EMPTY_BLOCK, block->number, f);
}

bool state_cut_block(struct state *s, int64_t number, size_t first_ids, struct fault *f)
{
    sqlite3_bind_int64(statement(s, CUT_BLOCK), 2, (int64_t)(first_ids * STATE_ID_BYTES) + 1);
    return run_on_row(s, CUT_BLOCK, number, f) && run_on_row(s, DROP_EMPTY_BLOCK, number, f);
}

bool state_sync(struct state *s, struct fault *f)
{
    return state_execute(s, "PRAGMA wal_checkpoint(PASSIVE)", "sync", f);
}
