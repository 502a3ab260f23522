/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the state: its format, its soundness, and what happens to one that is not to be believed. */
#include "state_inner.h"

#include "hash64.h"
#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_LIMIT_MS = 2000, CHECK_STEPS = 10000 /* of SQLite's machine between two looks at the clock */ };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT, sum INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS file(id INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL,"
    " volume INTEGER NOT NULL, file_high INTEGER NOT NULL, file_low INTEGER NOT NULL, path TEXT,"
    " fingerprint INTEGER, fingerprint_bytes INTEGER, parser TEXT, offset INTEGER, record INTEGER,"
    " content_check INTEGER, saved TEXT, sum INTEGER,"
    " UNIQUE(output, volume, file_high, file_low));"
    "CREATE TABLE IF NOT EXISTS ordinal(file INTEGER NOT NULL, content INTEGER NOT NULL,"
    " offset INTEGER NOT NULL, ordinal INTEGER NOT NULL, sum INTEGER,"
    " PRIMARY KEY(file, content, offset)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS delivered(block INTEGER PRIMARY KEY, output TEXT NOT NULL,"
    " at INTEGER NOT NULL, ids BLOB NOT NULL, sum INTEGER);"
    "CREATE TABLE IF NOT EXISTS bookmark(file INTEGER PRIMARY KEY, text TEXT NOT NULL,"
    " created INTEGER NOT NULL, sum INTEGER);"
    "CREATE INDEX IF NOT EXISTS delivered_by_output ON delivered(output);";

/* Format 1 had no sums. */
static const char from_format_1[] =
    "BEGIN IMMEDIATE;"
    "ALTER TABLE meta ADD COLUMN sum INTEGER; ALTER TABLE file ADD COLUMN sum INTEGER;"
    "ALTER TABLE ordinal ADD COLUMN sum INTEGER; ALTER TABLE delivered ADD COLUMN sum INTEGER;"
    "UPDATE meta SET value = '3' WHERE key = 'format';"
    "UPDATE meta SET sum = " META_SUM "; UPDATE file SET sum = " FILE_SUM ";"
    "UPDATE ordinal SET sum = " ORDINAL_SUM "; UPDATE delivered SET sum = " BLOCK_SUM ";"
    "COMMIT;";

/* Format 2 had no bookmarks, whose table the schema makes. */
static const char from_format_2[] =
    "UPDATE meta SET value = '3', sum = row_sum(key, '3') WHERE key = 'format'";

/* One row each for the tables that hold a row whose sum is wrong. */
static const char wrong_sums[] =
    "SELECT 1 FROM meta WHERE sum IS NOT " META_SUM " UNION ALL SELECT 1 FROM file WHERE sum IS NOT " FILE_SUM
    " UNION ALL SELECT 1 FROM ordinal WHERE sum IS NOT " ORDINAL_SUM
    " UNION ALL SELECT 1 FROM delivered WHERE sum IS NOT " BLOCK_SUM
    " UNION ALL SELECT 1 FROM bookmark WHERE sum IS NOT " BOOKMARK_SUM " LIMIT 1";

/* ---- row_sum(…) ---- */

/* The kind of a value goes in too: the number 1 is not the text "1". */
static void row_sum(sqlite3_context *ctx, int count, sqlite3_value **values)
{
    uint64_t h = HASH64_START;
    for (int i = 0; i < count; i++) {
        int type = sqlite3_value_type(values[i]);
        h = hash64(h, &(uint8_t){(uint8_t)type}, 1);
        if (type == SQLITE_INTEGER) {
            sqlite3_int64 n = sqlite3_value_int64(values[i]);
            uint8_t bytes[8];
            for (int k = 0; k < 8; k++)
                bytes[k] = (uint8_t)((uint64_t)n >> 8 * k);
            h = hash64(h, bytes, sizeof bytes);
        } else if (type != SQLITE_NULL) {
            const void *p = sqlite3_value_blob(values[i]);
            uint32_t n = (uint32_t)sqlite3_value_bytes(values[i]);
            h = hash64(h, p ? p : "", p ? n : 0);
            h = hash64(h, &(uint8_t){(uint8_t)n}, 1);
        }
    }
    sqlite3_result_int64(ctx, (sqlite3_int64)h);
}

/* ---- looking at what is there ---- */

static bool is_damage(int code)
{
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT || code == SQLITE_ERROR || code == SQLITE_FORMAT;
}

/* A first row, if there is one, as text. */
static int first_value(struct state *s, const char *sql, char *out, size_t room)
{
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(q);
    const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(q, 0) : NULL;
    snprintf(out, room, "%s", text ? (const char *)text : "");
    sqlite3_finalize(q);
    return code;
}

/* 0: none, it is new; -1: it has tables and no format that can be read. */
static int read_format(struct state *s)
{
    char text[16];
    int code = first_value(s, "SELECT count(*) FROM sqlite_master", text, sizeof text);
    if (code == SQLITE_ROW && strcmp(text, "0") == 0)
        return 0;
    if (first_value(s, "SELECT value FROM meta WHERE key = 'format'", text, sizeof text) != SQLITE_ROW)
        return -1;
    return text[0] >= '1' && text[0] <= '9' ? atoi(text) : -1;
}

static int out_of_time(void *ctx)
{
    return os_monotonic_ms() > *(int64_t *)ctx;
}

/*
 * True unless damage is found in the time that there is: a state too large for it is used, and what is
 * damaged in it is not believed when it is met.
 */
static bool is_sound(struct state *s)
{
    char text[64];
    int64_t until_ms = os_monotonic_ms() + CHECK_LIMIT_MS;
    sqlite3_progress_handler(s->db, CHECK_STEPS, out_of_time, &until_ms);
    int structure = first_value(s, "PRAGMA integrity_check(1)", text, sizeof text);
    bool sound = structure == SQLITE_INTERRUPT || (structure == SQLITE_ROW && strcmp(text, "ok") == 0);
    if (sound) {
        int sums = first_value(s, wrong_sums, text, sizeof text);
        sound = sums == SQLITE_DONE || sums == SQLITE_INTERRUPT;
    }
    sqlite3_progress_handler(s->db, 0, NULL, NULL);
    return sound;
}

/* ---- opening ---- */

enum opened { OPENED, REFUSED, DAMAGED, NEWER };

static enum opened refuse(struct state *s, struct fault *f, const char *what)
{
    state_fault(s, f, what);
    return is_damage(sqlite3_errcode(s->db)) ? DAMAGED : REFUSED;
}

/* No memory to look at it is no damage. */
static enum opened damaged(struct state *s, struct fault *f, const char *why)
{
    if (sqlite3_errcode(s->db) == SQLITE_NOMEM)
        return refuse(s, f, "check");
    fault_set(f, FAULT_FORMAT, 0, "the state is damaged: %s", why);
    return DAMAGED;
}

static bool prepare_all(struct state *s, struct fault *f)
{
    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(s->db, state_statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i],
                               NULL) != SQLITE_OK)
            return state_fault(s, f, "use");
    return true;
}

/* Brings the tables to this format, from nothing or from an older one. is_found: a file was there before. */
static enum opened settle_format(struct state *s, bool is_found, struct fault *f)
{
    char text[16];
    int format = read_format(s);
    if (format < 0 || (format == 0 && is_found))
        return damaged(s, f, "it is no state of mapitail, or an empty one");
    if (format > STATE_FORMAT) {
        fault_set(f, FAULT_UNSUPPORTED, 0,
                  "the state has format %d, this program knows %d: it was written by a newer one", format,
                  STATE_FORMAT);
        return NEWER;
    }
    if (format == 1 && !state_execute(s, from_format_1, "bring to the present format", f))
        return refuse(s, f, "bring to the present format");
    if (format == 2 && !state_execute(s, from_format_2, "bring to the present format", f))
        return refuse(s, f, "bring to the present format");
    if (!state_execute(s, schema, "prepare", f) || !prepare_all(s, f))
        return refuse(s, f, "prepare");
    snprintf(text, sizeof text, "%d", STATE_FORMAT);
    if (format == 0 && !state_set_meta(s, "format", text, f))
        return refuse(s, f, "write");
    return OPENED;
}

static enum opened open_database(struct state *s, const char *path, int flags, struct fault *f)
{
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
        return refuse(s, f, "open");
    sqlite3_busy_timeout(s->db, 5000);
    if (sqlite3_create_function(s->db, "row_sum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, row_sum, NULL,
                                NULL) != SQLITE_OK)
        return refuse(s, f, "use");
    /* NORMAL in WAL mode: a commit does not wait for the disk, a checkpoint does. */
    if (!state_execute(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-256;",
                       "open", f))
        return refuse(s, f, "open");
    return OPENED;
}

static struct state *allocate(struct fault *f)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s)
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
    return s;
}

/* Opens or creates the file, and looks whether it is sound. */
static struct state *open_path(const char *path, enum opened *how, struct fault *f)
{
    struct os_file_info info;
    struct fault ignored;
    bool is_found = os_path_info(path, &info, &ignored);
    struct state *s = allocate(f);
    *how = REFUSED;
    if (!s)
        return NULL;
    *how = open_database(s, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, f);
    if (*how == OPENED)
        *how = settle_format(s, is_found, f);
    if (*how == OPENED && is_found && !is_sound(s))
        *how = damaged(s, f, "what it holds does not fit together");
    if (*how == OPENED)
        return s;
    state_close(s);
    return NULL;
}

/* Renames the database and its log files out of the way. */
static bool set_aside_files(const char *path, const char *reason, char *aside, struct fault *f)
{
    static const char *const suffixes[] = {"-wal", "-shm"};
    struct os_file_info info;
    struct fault ignored;
    long long now = os_realtime_ns() / 1000000000;
    do
        snprintf(aside, 512, "%s.%s-%lld", path, reason, now++);
    while (os_path_info(aside, &info, &ignored));
    if (!os_rename(path, aside, f))
        return false;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char from[600], to[600];
        snprintf(from, sizeof from, "%s%s", path, suffixes[i]);
        snprintf(to, sizeof to, "%s%s", aside, suffixes[i]);
        os_rename(from, to, &ignored);
    }
    return true;
}

static bool make_path(char *path, size_t room, const char *directory, struct fault *f)
{
    int n = snprintf(path, room, "%s/state.db", directory);
    return (n > 0 && (size_t)n < room) ||
           fault_set(f, FAULT_LIMIT, 0, "the path of the state directory is too long");
}

struct state *state_open(const char *directory, char *set_aside, struct fault *f)
{
    char path[480];
    enum opened how;
    struct fault again;
    set_aside[0] = '\0';
    if (!directory)
        return open_path(":memory:", &how, f);
    if (!os_make_directories(directory, 0700, f) || !make_path(path, sizeof path, directory, f))
        return NULL;
    struct state *s = open_path(path, &how, f);
    if (how == OPENED || how == REFUSED)
        return s;
    if (!set_aside_files(path, how == DAMAGED ? "damaged" : "newer", set_aside, &again) ||
        !(s = open_path(path, &how, &again)))
        *f = again;
    return s;
}

struct state *state_join(const char *directory, struct fault *f)
{
    char path[480];
    struct state *s = make_path(path, sizeof path, directory, f) ? allocate(f) : NULL;
    if (!s)
        return NULL;
    bool joined = open_database(s, path, SQLITE_OPEN_READWRITE, f) == OPENED;
    if (joined && read_format(s) != STATE_FORMAT)
        joined = fault_set(f, FAULT_UNSUPPORTED, 0, "%s is no state of format %d, which this program knows",
                           path, STATE_FORMAT);
    if (joined && prepare_all(s, f))
        return s;
    state_close(s);
    return NULL;
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
