/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept over restarts, in one SQLite file (WAL): positions, bookmarks and delivered ids per output,
 * the ordinals of records without record id, the agent's id.
 *
 * Every save is one commit without fsync: a kill -9 keeps the page cache and repeats next to nothing;
 * state_sync, on a timer, bounds what a power cut repeats. A save never happens before delivery was proven,
 * so nothing is ever lost by losing state: what is lost is repeated with the same ids.
 *
 * Every row carries a sum over what it says, and every frame of SQLite's write-ahead log has one of its own:
 * what a failing disk, a power cut or an fsync that lied about an error has left is found, and not believed.
 * So a position is never ahead of what was delivered, whatever byte has changed.
 *
 * A handle belongs to one thread; several handles on one directory are fine. Files are readable with the
 * sqlite3 shell.
 */
#ifndef MAPITAIL_STATE_H
#define MAPITAIL_STATE_H

#include "fault.h"
#include "os_file.h"
#include "parser.h"

#include <stdbool.h>

struct state;

/* One file as one output knows it. */
struct state_file {
    int64_t row; /* 0: not in the state yet */
    struct os_file_id id;
    uint64_t fingerprint;       /* hash64 over the first fingerprint_bytes bytes */
    uint32_t fingerprint_bytes; /* 0: the fingerprint is when the file was created; 0: not known */
    char parser[16];            /* name; "" until the format is known */
    struct position position;
};

enum { STATE_FORMAT = 3 /* 1: without sums; 2: without bookmarks; they are brought to the present one */ };

/*
 * Opens or creates the state in a directory, which is created too, and looks whether it is sound: the whole
 * file, for two seconds at most. Whoever calls this has the directory's lock (state_lock.h). A damaged file,
 * and one of a newer format, is set aside under another name and a new one begun: *set_aside (room for 512
 * bytes, "" otherwise) then holds the name that it has now, and the fault says why, both to be said loudly.
 * directory NULL: in memory, for one-shot runs. NULL with a fault when the file cannot be read or written.
 */
struct state *state_open(const char *directory, char *set_aside, struct fault *f);

/*
 * One more handle on a state that state_open has opened in this process, or a look at the state of another
 * one. Sets nothing aside and creates nothing.
 */
struct state *state_join(const char *directory, struct fault *f);

void state_close(struct state *s); /* NULL is allowed */

/* The agent's UUID, made by make() at first use. */
bool state_agent_id(struct state *s, void (*make)(char out[37]), char out[37], struct fault *f);

/* True once mark was set: "this output has seen this source before". */
bool state_marked(struct state *s, const char *output, const char *source);
bool state_mark(struct state *s, const char *output, const char *source, struct fault *f);

bool state_unmark(struct state *s, const char *output, const char *source, struct fault *f);

/* Looks a file up by its id. False if unknown. */
bool state_find(struct state *s, const char *output, struct os_file_id id, struct state_file *out);

/* Inserts (row 0, which is then set) or updates a file with its position and its path, which is for people.
 */
bool state_put(struct state *s, const char *output, struct state_file *file, const char *path,
               struct fault *f);

/*
 * The bookmark of a live channel, whose row in the table of files holds its position, and when its log was
 * created (since 1970; 0: not known). False if there is none, or one longer than the room.
 */
bool state_put_bookmark(struct state *s, int64_t row, const char *text, int64_t created_ns, struct fault *f);
bool state_get_bookmark(struct state *s, int64_t row, char *text, size_t room, int64_t *created_ns);

/* Forgets a file, its ordinals and its bookmark. */
bool state_forget(struct state *s, int64_t row, struct fault *f);

/* Several puts become one commit: begin, puts, commit. A failed put leaves the transaction open for commit.
 */
bool state_begin(struct state *s, struct fault *f);
bool state_commit(struct state *s, struct fault *f);

/*
 * The ordinal, from 1, of a record without record id among those of equal content in the same file: the same
 * record (same offset) always gets the same one, whatever was read in between or before a restart. Where the
 * state cannot be written, or row is 0, it is made of the offset: still another one for every record, but
 * counted anew after a restart, and the id differs then.
 */
uint64_t state_ordinal(struct state *s, int64_t row, uint64_t content, uint64_t offset);

/*
 * Delivered ids, per output. The ids of one save stand together in a block, which makes writing, reading and
 * forgetting them cheap: a row holds up to STATE_BLOCK_IDS of 16 bytes each. In the sqlite3 shell:
 *
 *     SELECT output, datetime(at / 1000, 'unixepoch') FROM delivered
 *     WHERE instr(ids, x'eca1105ad9c15feb9593bc703948ef67');
 */
enum { STATE_ID_BYTES = 16, STATE_BLOCK_IDS = 240 /* with the rest of the row they fill a page */ };

struct state_block {
    int64_t number; /* grows with time; unique over all outputs */
    int64_t at_ms;  /* when they were delivered, since 1970 */
    size_t count;
    uint8_t ids[STATE_BLOCK_IDS * STATE_ID_BYTES];
};

/* Writes a new block of at least one id, whose number it sets. */
bool state_add_block(struct state *s, const char *output, struct state_block *block, struct fault *f);

/* False if the output has no such block. */
bool state_get_block(struct state *s, const char *output, int64_t number, struct state_block *out);

/* The oldest block of an output. False if there is none. */
bool state_oldest_block(struct state *s, const char *output, struct state_block *out);

/* Every block of an output, the newest first. visit must not use the state. */
bool state_each_block(struct state *s, const char *output,
                      void (*visit)(void *ctx, const struct state_block *block), void *ctx, struct fault *f);

/* Writes a block's ids anew; one without ids is forgotten. */
bool state_put_block(struct state *s, const struct state_block *block, struct fault *f);

/* Forgets the first ids of a block; with all of them, the block. */
bool state_cut_block(struct state *s, int64_t number, size_t first_ids, struct fault *f);

/* ---- for people: `mapitail state` ---- */

/* A saved file as it is listed. Text lives until visit returns. */
struct state_entry {
    const char *output, *path, *saved; /* saved: when, as UTC */
    struct state_file file;
};

/* Every file, by output and path; of one output, or of all (NULL). visit must not use the state. */
bool state_each_file(struct state *s, const char *output,
                     void (*visit)(void *ctx, const struct state_entry *entry), void *ctx, struct fault *f);

/* How many delivered ids are remembered for an output. */
uint64_t state_count_ids(struct state *s, const char *output);

/* Forgets the delivered ids of an output: what is read again is shipped again. */
bool state_forget_ids(struct state *s, const char *output, struct fault *f);

/* Forgets everything about an output: it is new then. */
bool state_forget_output(struct state *s, const char *output, struct fault *f);

/* ---- what is gone ---- */

/* Unknown: it could not be looked up, which says nothing. */
enum state_presence { STATE_THERE, STATE_GONE, STATE_UNKNOWN };

/* A look through what is remembered of an output's files. */
struct state_ageing {
    const char *output;
    int64_t now_ms;  /* since 1970 */
    int64_t keep_ms; /* how long what is gone is remembered */
    /* Neither may use the state. */
    enum state_presence (*look_up)(void *ctx, const struct state_entry *entry);
    void (*forgotten)(void *ctx, struct os_file_id id);
    void *ctx;
};

/*
 * Notes for how long a file is gone, and forgets it once that is keep_ms: a share that is away for a while
 * costs nothing. Only the time between two looks that found it gone counts, and of it no more than
 * STATE_LOOK_MS: neither a clock that is wrong by years nor an agent that was off makes a file old. Blocks as
 * long as look_up does. False: the state cannot be written; the next look goes on.
 */
bool state_age(struct state *s, const struct state_ageing *ageing, struct fault *f);
#define STATE_LOOK_MS (INT64_C(7) * 24 * 3600 * 1000)

/* A file was met, between two looks: it is gone anew when it goes again. */
void state_met(struct state *s, int64_t row);

/* Makes everything saved so far survive a power cut. May take as long as the disk does. */
bool state_sync(struct state *s, struct fault *f);

#endif
