/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that one output reads: found by paths and globs, followed over rename, rotation, truncation,
 * replacement, deletion and late creation. Belongs to one pipeline thread.
 */
#ifndef MAPITAIL_SOURCE_H
#define MAPITAIL_SOURCE_H

#include "os_watch.h"
#include "tail.h"

enum { SOURCE_FILES_MAX = 10000, SOURCE_OPEN_MAX = 64 };

struct source_set;

/* True when the output names the source, or names none. */
bool source_is_wanted(const struct config_output *o, const char *name);

/* True when the source leaves the file out: by a glob of its name, or of its whole path. */
bool source_excludes(const struct config_source *c, const char *path);

/*
 * The sources of an output by configuration: those that it names, or all. watch may be NULL. Everything is
 * borrowed until source_set_free. NULL without memory.
 */
struct source_set *source_set_new(const struct config *config, const struct config_output *output,
                                  struct tail_context *context, struct os_watch *watch);

/* Frees everything. Nothing may be in flight. */
void source_set_free(struct source_set *s);

/* Expands every pattern, finds new and vanished files, takes note of renames. */
void source_set_scan(struct source_set *s);

/* Looks at the open files for growth: cheap, after each notification. */
void source_set_look(struct source_set *s);

/* How long, in milliseconds, until the next scan is due by poll_interval. */
int source_set_wait_ms(const struct source_set *s);

/*
 * The file to take the next step of: the same one for some thousand steps, then the next one in turn that may
 * have something to read. NULL if none has, or if none can be opened because SOURCE_OPEN_MAX are open and
 * have records in flight.
 */
struct tail *source_set_next(struct source_set *s);

/* Every file is worth another look, changed or not: for parsers that held something back. */
void source_set_wake(struct source_set *s);

/*
 * For a run that does not wait: last records whose end only a next one would show are taken as they are.
 * False if there were none.
 */
bool source_set_end_records(struct source_set *s);

/* Logs what stands unfinished at the ends of files, for a run that does not wait for the rest. */
void source_set_report_unfinished(const struct source_set *s);

/* The content of t is not what it was: retires it and begins anew. */
void source_set_replace(struct source_set *s, struct tail *t);

/* Calls save for each file with an unsaved position; stops and returns false when save does. */
bool source_set_each_dirty(struct source_set *s, bool (*save)(void *ctx, struct tail *t), void *ctx);

/* Calls visit for each file until it returns false; then returns false. */
bool source_set_each(struct source_set *s, bool (*visit)(void *ctx, struct tail *t), void *ctx);

/*
 * A file whose recall is to be decided or read (recall.h) and that may be read now; NULL if there is none.
 */
struct tail *source_set_next_recall(struct source_set *s);

/* Every file that each_dirty had to save was, and that was committed. */
void source_set_saved(struct source_set *s);

/*
 * The transaction that each_dirty wrote in has ended. Rows that were new in one that came to nothing are
 * none: no ordinal may be counted under their numbers.
 */
void source_set_ended(struct source_set *s, bool committed);

/* Lets go of files that are gone and settled. */
void source_set_tidy(struct source_set *s);

/*
 * After a scan: has the state forget the files that are gone for SOURCE_GONE_MS, or for as long as the output
 * remembers delivered ids if that is longer. Does something once in SOURCE_AGE_MS.
 */
void source_set_age(struct source_set *s);
#define SOURCE_GONE_MS (INT64_C(30) * 24 * 3600 * 1000)
#define SOURCE_AGE_MS (INT64_C(24) * 3600 * 1000)

/* Counts the files and the unread bytes of every source anew. */
void source_set_survey(const struct source_set *s);

#endif
