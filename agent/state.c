/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept over restarts, in one SQLite file. */
#include "state.h"

#include "os_clock.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    STATEMENTS,
};

static const char *const statement_text[STATEMENTS] = {
    [GET_META] = "SELECT value FROM meta WHERE key = ?1",
    [SET_META] = "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
    [DROP_META] = "DELETE FROM meta WHERE key = ?1",
    [FIND_FILE] = "SELECT id, fingerprint, fingerprint_bytes, parser, offset, record, content_check FROM file"
                  " WHERE output = ?1 AND volume = ?2 AND file_high = ?3 AND file_low = ?4",
    [INSERT_FILE] = "INSERT OR REPLACE INTO file(output, volume, file_high, file_low, path, fingerprint,"
                    " fingerprint_bytes, parser, offset, record, content_check, saved)"
                    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [UPDATE_FILE] =
        "UPDATE file SET path = ?5, fingerprint = ?6, fingerprint_bytes = ?7, parser = ?8, offset = ?9,"
        " record = ?10, content_check = ?11, saved = ?12 WHERE id = ?13",
    [FORGET_FILE] = "DELETE FROM file WHERE id = ?1",
    [FORGET_ORDINALS] = "DELETE FROM ordinal WHERE file = ?1",
    [GET_ORDINAL] = "SELECT ordinal FROM ordinal WHERE file = ?1 AND content = ?2 AND offset = ?3",
    [LAST_ORDINAL] = "SELECT ordinal FROM ordinal WHERE file = ?1 AND content = ?2 AND offset < ?3"
                     " ORDER BY offset DESC LIMIT 1",
    [ADD_ORDINAL] = "INSERT OR IGNORE INTO ordinal(file, content, offset, ordinal) VALUES(?1, ?2, ?3, ?4)",
    [ADD_BLOCK] = "INSERT INTO delivered(output, at, ids) VALUES(?1, ?2, ?3)",
    [GET_BLOCK] = "SELECT block, at, ids FROM delivered WHERE block = ?2 AND output = ?1",
    [OLDEST_BLOCK] = "SELECT block, at, ids FROM delivered WHERE output = ?1 ORDER BY block LIMIT 1",
    [EACH_BLOCK] = "SELECT block, at, ids FROM delivered WHERE output = ?1 ORDER BY block DESC",
    [CUT_BLOCK] = "UPDATE delivered SET ids = substr(ids, ?2) WHERE block = ?1",
    [PUT_BLOCK] = "UPDATE delivered SET ids = ?2 WHERE block = ?1",
    [DROP_EMPTY_BLOCK] = "DELETE FROM delivered WHERE block = ?1 AND length(ids) = 0",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS file(id INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, volume "
    "INTEGER NOT NULL,"
    " file_high INTEGER NOT NULL, file_low INTEGER NOT NULL, path TEXT, fingerprint INTEGER, "
    "fingerprint_bytes INTEGER,"
    " parser TEXT, offset INTEGER, record INTEGER, content_check INTEGER, saved TEXT,"
    " UNIQUE(output, volume, file_high, file_low));"
    "CREATE TABLE IF NOT EXISTS ordinal(file INTEGER NOT NULL, content INTEGER NOT NULL,"
    " offset INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
    " PRIMARY KEY(file, content, offset)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS delivered(block INTEGER PRIMARY KEY, output TEXT NOT NULL, at INTEGER NOT "
    "NULL,"
    " ids BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS delivered_by_output ON delivered(output);";

struct state {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

static bool db_fault(struct state *s, struct fault *f, const char *what)
{
    return fault_set(f, FAULT_OS, sqlite3_system_errno(s->db), "cannot %s the state: %s", what,
                     sqlite3_errmsg(s->db));
}

static bool execute(struct state *s, const char *sql, const char *what, struct fault *f)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || db_fault(s, f, what);
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
        db_fault(s, f, what);
    sqlite3_reset(q);
    return done;
}

static bool prepare_all(struct state *s, struct fault *f)
{
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            return db_fault(s, f, "use");
    return true;
}

/* ---- opening ---- */

static bool get_meta(struct state *s, const char *key, char *out, size_t room)
{
    sqlite3_stmt *q = statement(s, GET_META);
    bind_text(q, 1, key);
    bool found = sqlite3_step(q) == SQLITE_ROW;
    if (found)
        snprintf(out, room, "%s", (const char *)sqlite3_column_text(q, 0));
    sqlite3_reset(q);
    return found;
}

static bool set_meta(struct state *s, const char *key, const char *value, struct fault *f)
{
    sqlite3_stmt *q = statement(s, SET_META);
    bind_text(q, 1, key);
    bind_text(q, 2, value);
    return run(s, q, "write", f);
}

static bool check_format(struct state *s, struct fault *f)
{
    char text[16];
    if (!get_meta(s, "format", text, sizeof text)) {
        snprintf(text, sizeof text, "%d", STATE_FORMAT);
        return set_meta(s, "format", text, f);
    }
    if (atoi(text) <= STATE_FORMAT)
        return true;
    return fault_set(f, FAULT_UNSUPPORTED, 0,
                     "the state has format %s, this program knows %d: it was written by a newer one", text,
                     STATE_FORMAT);
}

static bool is_sound(struct state *s)
{
    sqlite3_stmt *q = NULL;
    bool sound = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &q, NULL) == SQLITE_OK &&
                 sqlite3_step(q) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;
    sqlite3_finalize(q);
    return sound;
}

static bool is_damage(int code)
{
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
}

/* Opens path; *damaged tells that the file is there but is no sound database. */
static struct state *open_path(const char *path, bool *damaged, struct fault *f)
{
    struct state *s = calloc(1, sizeof *s);
    *damaged = false;
    if (!s) {
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        return NULL;
    }
    if (sqlite3_open(path, &s->db) != SQLITE_OK) {
        db_fault(s, f, "open");
        goto failed;
    }
    sqlite3_busy_timeout(s->db, 5000);
    /* NORMAL in WAL mode: a commit does not wait for the disk, a checkpoint does. */
    if (!execute(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-256;", "open",
                 f) ||
        !execute(s, schema, "prepare", f) || !prepare_all(s, f)) {
        *damaged = is_damage(sqlite3_errcode(s->db));
        goto failed;
    }
    if (!is_sound(s)) {
        *damaged = true;
        goto failed;
    }
    if (!check_format(s, f))
        goto failed;
    return s;
failed:
    state_close(s);
    return NULL;
}

/* Renames the database and its log files out of the way. */
static bool set_aside_files(const char *path, char *aside, struct fault *f)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    snprintf(aside, 512, "%s.damaged-%lld", path, (long long)(os_realtime_ns() / 1000000000));
    if (!os_rename(path, aside, f))
        return false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char from[600], to[600];
        struct fault ignored;
        snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
        snprintf(to, sizeof to, "%s%s", aside, suffixes[i]);
        os_rename(from, to, &ignored);
    }
    return true;
}

struct state *state_open(const char *directory, char *set_aside, struct fault *f)
{
    char path[480];
    bool damaged;
    set_aside[0] = '\0';
    if (!directory)
        return open_path(":memory:", &damaged, f);
    if (!os_make_directories(directory, 0700, f))
        return NULL;
    int n = snprintf(path, sizeof path, "%s/state.db", directory);
    if (n < 0 || (size_t)n >= sizeof path) {
        fault_set(f, FAULT_LIMIT, 0, "the path of the state directory is too long");
        return NULL;
    }
    struct state *s = open_path(path, &damaged, f);
    if (!s && damaged && set_aside_files(path, set_aside, f))
        s = open_path(path, &damaged, f);
    return s;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    sqlite3_close(s->db);
    free(s);
}

/* ---- what it holds ---- */

bool state_agent_id(struct state *s, void (*make)(char out[37]), char out[37], struct fault *f)
{
    if (get_meta(s, "agent_id", out, 37))
        return true;
    make(out);
    return set_meta(s, "agent_id", out, f);
}

static void mark_key(char *key, size_t room, const char *output, const char *source)
{
    snprintf(key, room, "seen/%s/%s", output, source);
}

bool state_marked(struct state *s, const char *output, const char *source)
{
    char key[512], value[8];
    mark_key(key, sizeof key, output, source);
    return get_meta(s, key, value, sizeof value);
}

bool state_mark(struct state *s, const char *output, const char *source, struct fault *f)
{
    char key[512];
    mark_key(key, sizeof key, output, source);
    return set_meta(s, key, "1", f);
}

bool state_unmark(struct state *s, const char *output, const char *source, struct fault *f)
{
    char key[512];
    sqlite3_stmt *q = statement(s, DROP_META);
    mark_key(key, sizeof key, output, source);
    bind_text(q, 1, key);
    return run(s, q, "write", f);
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
    if (file->row) {
        sqlite3_bind_int64(q, 13, file->row);
    } else {
        bind_text(q, 1, output);
        bind_u64(q, 2, file->id.volume);
        bind_u64(q, 3, file->id.file[1]);
        bind_u64(q, 4, file->id.file[0]);
    }
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
    return run_on_row(s, FORGET_FILE, row, f) && run_on_row(s, FORGET_ORDINALS, row, f);
}

bool state_begin(struct state *s, struct fault *f)
{
    return execute(s, "BEGIN IMMEDIATE", "write", f);
}

bool state_commit(struct state *s, struct fault *f)
{
    if (execute(s, "COMMIT", "write", f))
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
    struct fault
        ignored; /* an ordinal that cannot be kept is counted anew after a restart: the id may then differ */
    uint64_t ordinal = find_ordinal(s, GET_ORDINAL, row, content, offset);
    if (ordinal)
        return ordinal;
    ordinal = find_ordinal(s, LAST_ORDINAL, row, content, offset) + 1;
    sqlite3_stmt *add = statement(s, ADD_ORDINAL);
    sqlite3_bind_int64(add, 1, row);
    bind_u64(add, 2, content);
    bind_u64(add, 3, offset);
    bind_u64(add, 4, ordinal);
    run(s, add, "write", &ignored);
    return ordinal;
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
        db_fault(s, f, "read");
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
    return execute(s, "PRAGMA wal_checkpoint(PASSIVE)", "sync", f);
}
