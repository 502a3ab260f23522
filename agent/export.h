/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One opened export: a file, its recognized format and the parser that reads it. Belongs to one thread.
 */
#ifndef MAPITAIL_EXPORT_H
#define MAPITAIL_EXPORT_H

#include "os_file.h"
#include "parser.h"

enum export_status {
    EXPORT_READY,   /* the format is known, a parser is open */
    EXPORT_WAITING, /* too short to tell the format; may grow */
    EXPORT_UNKNOWN, /* no parser takes it */
    EXPORT_FAILED,  /* the fault tells */
};

struct export
{
    struct os_file *file;
    struct input input; /* input.ctx is the export */
    const struct parser_ops *ops;
    struct parser *parser;
    struct fault read_fault; /* of the latest failed read */
};

/* Takes over file, which export_close closes. Reads nothing yet. */
void export_init(struct export *e, struct os_file *file);

/* Takes the file's present size into the input. False if the file cannot be looked at. */
bool export_refresh(struct export *e, struct fault *f);

/*
 * Recognizes the format and opens its parser at a position. FAULT_REPLACED in f (status EXPORT_FAILED): the
 * position is not this content's. EXPORT_UNKNOWN fills f with what was looked for and the first bytes in
 * printable form.
 */
enum export_status export_open(struct export *e, const struct position *from,
                               const struct parser_options *options, struct fault *f);

/* The fingerprint of the file's stable beginning: hash64 over *bytes bytes, or 0 and 0 where the format has
 * none. */
bool export_fingerprint(struct export *e, uint64_t *hash, uint32_t *bytes, struct fault *f);

/* Hash64 over the first bytes bytes, to compare with an earlier fingerprint; false if there are fewer. */
bool export_hash_head(struct export *e, uint32_t bytes, uint64_t *hash);

/* Closes parser and file. Safe after export_init and after itself. */
void export_close(struct export *e);

enum { EXPORT_DAMAGE_TEXT = 256 };

/* What a STEP_SKIP says to people: where, why, and how much is skipped, if anything is. Returns text. */
const char *export_damage(const struct step *step, char text[EXPORT_DAMAGE_TEXT]);

#endif
