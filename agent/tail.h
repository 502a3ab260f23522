/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file that is followed: what it is (D11), how far it was read, how far it is settled. A live event
 * channel (channel.h) is followed as a file that is always there, never replaced and never asleep.
 *
 * A tail stands for one content. When the content under a name is replaced or truncated, its tail is retired:
 * it lives on only until what was read from it is settled, and a new tail begins. Belongs to one pipeline
 * thread.
 */
#ifndef MAPITAIL_TAIL_H
#define MAPITAIL_TAIL_H

#include "channel.h"
#include "config.h"
#include "counts.h"
#include "coverage.h"
#include "export.h"
#include "ledger.h"
#include "state.h"

struct publisher;

/* Shared by all tails of a pipeline. Borrowed. */
struct tail_context {
    const char *output;  /* its name: the key of positions */
    const char *subject; /* of log lines: "output NAME" */
    struct state *state;
    const struct selector *selector;
    const struct config_source *sources; /* of the configuration */
    struct source_counts *counts;        /* of each of them */
    size_t *open_files;                  /* at present */
    struct publisher *publisher;    /* NULL: the destination carries no positions, the state alone has them */
    bool was_carried;               /* before this start the destination carried them last (recall.h) */
    size_t recalling;               /* tails whose recall is not decided or not done */
    unsigned searches;              /* for files under another name, since the last scan */
    struct coverage_book *coverage; /* NULL: nobody wants to know what was read */
    struct os_watch *watch;         /* woken by channels; NULL: they are looked at when it is time */
};

enum tail_status {
    TAIL_NEWS,    /* there may be something to read */
    TAIL_IDLE,    /* read to its present end */
    TAIL_UNKNOWN, /* no parser takes it; looked at again when it has changed */
    TAIL_BROKEN,  /* cannot be opened or read; tried again at retry_at_ms */
};

/* What the destination knows of a file and the state does not, or the other way round (recall.h). */
enum tail_recall {
    RECALL_NONE,
    RECALL_UNDECIDED, /* until the file is open */
    RECALL_DELIVERED, /* up to recall_to the destination has everything */
    RECALL_LOST,      /* up to recall_to the destination has lost what it had */
};

struct tail {
    struct tail *next;      /* in the set's list */
    struct tail *same_hash; /* in the set's table */
    const struct config_source *source;
    struct source_counts *counts; /* of that source */
    struct cover *cover;          /* what was read of it; NULL: not asked */
    char *path;                   /* the latest name, or "channel:NAME"; owned */
    struct channel *channel;      /* NULL: a file */
    struct state_file saved;
    struct export export;
    bool is_open;
    enum tail_status status;
    bool start_at_end; /* when first opened, everything in it is old */
    bool retired;      /* another content has taken its place: never saved again */
    bool gone;         /* its name is no more */
    bool vanished;     /* its name was no more when it was to be opened: what is in it was not read */
    bool waits_asleep; /* it was closed while its last record waited for a next one to end it */
    bool ends_here;    /* that record is to be taken as it is when the file is open again */
    bool woken;        /* it was read to its end, and its news are a guess */
    bool counted_unknown;
    bool unsaved;                             /* written in a transaction that is not committed yet */
    bool inserted;                            /* so is its row */
    bool unwritten;                           /* the state could not be told of it yet */
    unsigned listed;                          /* number of the scan that found it last */
    uint64_t unfinished_at, unfinished_bytes; /* the record that has begun at the end */
    uint64_t size_found;                      /* by the latest scan */
    enum date_order order_said;               /* that the file's own dates tell */
    uint64_t records_seen;                    /* by the open parser, as far as they are counted */
    uint64_t size_seen;
    int64_t modified_seen_ns;
    uint64_t tail_hash; /* over the last bytes before size_seen: notices rewriting in place */
    unsigned tail_bytes;
    struct ledger ledger;
    /* Where the destination carries positions: put into a batch; and settled there. Only the latter is saved.
     */
    struct position sealed, published;
    unsigned holds; /* batches that carry its position: it must not be freed */
    enum tail_recall recall;
    struct position recall_to;
    struct position_record *known; /* of UNDECIDED: what the destination has; owned */
    int64_t retry_at_ms, back_off_ms;
    int64_t active_ms; /* when it last grew or was read */
};

/* A new tail of the file that now has this name and id; what the state knows of it is taken over. NULL: no
 * memory. */
struct tail *tail_new(struct tail_context *c, const struct config_source *source, const char *path,
                      const struct os_file_info *info);

/* The identity under which the state keeps a source's channel. */
struct os_file_id tail_channel_id(const struct config_source *source);

/*
 * A new tail of the source's channel. With `from: end`, what is in a channel that the state does not know yet
 * is old. NULL: no memory.
 */
struct tail *tail_new_channel(struct tail_context *c, const struct config_source *source);

/* The path as records show it: NULL for a channel. */
static inline const char *tail_file(const struct tail *t)
{
    return t->channel ? NULL : t->path;
}

/* It is called so now; takes path over. */
void tail_rename(struct tail_context *c, struct tail *t, char *path);

/*
 * Looks for a file whose name is no more by its id in the directory that it was in, and gives it the name
 * that it has there now: rotation may come between the scan that found a file and its opening, and the new
 * name be one that no pattern matches, as that of an event log's archive. What was found is to be read all
 * the same. A few times between two scans only, so that ten thousand renamed files do not cost ten thousand
 * times ten thousand looks; false: not found, or one search too many.
 */
bool tail_find_again(struct tail_context *c, struct tail *t);

/* Frees the tail and closes its file. Nothing of it may be in flight. */
void tail_free(struct tail_context *c, struct tail *t);

/*
 * Looks at an open file for growth and for signs of another content. Returns false when the content was
 * replaced or truncated: the caller retires the tail and begins a new one.
 */
bool tail_look(struct tail_context *c, struct tail *t);

/*
 * Makes it ready to be read: open, recognized, and its recall decided. False: not now, and its status tells
 * why. tail_next does it too.
 */
bool tail_open(struct tail_context *c, struct tail *t);

/* Reading goes on at a position; what is in flight must be nothing. */
void tail_read_from(struct tail_context *c, struct tail *t, const struct position *from);

/* What the state says of it is of another content: reading begins at the beginning, and the state is told. */
void tail_begin_anew(struct tail *t);

/* How its parser is to be opened. */
struct parser_options tail_options(const struct tail_context *c, const struct tail *t);

enum tail_step {
    TAIL_EVENT,    /* event and step are valid */
    TAIL_MOVED,    /* nothing selected, but time has passed: breathe */
    TAIL_DRAINED,  /* nothing more to read now */
    TAIL_REPLACED, /* the content is not what it was: as tail_look's false */
};

/* Opens the file if need be and reads on. Damage and gaps are counted and logged here. */
enum tail_step tail_next(struct tail_context *c, struct tail *t, struct event *event, struct step *step);

/* The event that was just given cannot be taken: it is read again once what is in flight has settled. */
void tail_read_again(struct tail_context *c, struct tail *t);

/* Nothing will be added any more: the unfinished rest, if any, is given out or reported, also of a file that
 * was closed while it waited, unless that has changed. */
void tail_complete(struct tail *t);

/* A last record waits for nothing but the one that follows it: the format's records end no other way. True of
 * a closed file, too. */
bool tail_waits_for_next(const struct tail *t);

/* Its format has no part that stays as it is, as event logs: whether it has changed only its parser can tell.
 */
bool tail_is_written_in_place(const struct tail *t);

/* True when something is settled that the state does not have. */
bool tail_is_dirty(const struct tail_context *c, const struct tail *t);

/* Writes the safe position. The tail stays dirty until the owner, having committed, clears unsaved. */
bool tail_save(struct tail_context *c, struct tail *t, struct fault *f);

/* Can its file be closed, to be opened again when it changes? Read to its end, and nothing of it in flight.
 */
bool tail_can_sleep(const struct tail *t);
void tail_sleep(struct tail_context *c, struct tail *t);

/* Bytes that are there and neither read nor settled. */
uint64_t tail_unread_bytes(const struct tail *t);

#endif
