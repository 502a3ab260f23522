/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines that only grows and is rotated: what sink_file writes to. It holds whole lines at all
 * times: a half line that a crash left is cut at open, and a write that fails is taken back.
 *
 * Blocks no longer than the file system does. One thread.
 */
#ifndef MAPITAIL_LOG_FILE_H
#define MAPITAIL_LOG_FILE_H

#include "fault.h"
#include "os_file.h"

struct log_file_options {
    const char *path;
    int64_t max_size;   /* bytes; a file is rotated before it would become larger */
    int64_t max_age_ms; /* 0: no matter */
    int64_t keep;       /* rotated files, path.1 the youngest; at least 1 */
};

struct log_file {
    const struct log_file_options *options;
    struct os_file *file; /* NULL: not open */
    struct os_file_id id;
    uint64_t size;
    bool is_regular;    /* else a device or pipe, which is written to and nothing else */
    int64_t begun_ns;   /* real time: since when it is written to */
    uint64_t cut_bytes; /* of a half line, cut by the latest open */
};

/* Opens or creates the file. False with a fault; may be tried again. */
bool log_file_open(struct log_file *l, const struct log_file_options *options, struct fault *f);
void log_file_close(struct log_file *l);

/* How the name and the open file stand to each other. */
enum log_file_name { LOG_FILE_OURS, LOG_FILE_RENAMED, LOG_FILE_DELETED };
enum log_file_name log_file_look(struct log_file *l);

/* Appends whole lines: all of them or, with a fault, none. */
bool log_file_append(struct log_file *l, const void *p, size_t n, struct fault *f);

/* Takes back what stands behind size; for what was appended and then could not be synced. */
void log_file_take_back(struct log_file *l, uint64_t size);

/* True when n more bytes want a new file first. */
bool log_file_is_full(const struct log_file *l, size_t n);

/*
 * path becomes path.1, that path.2 and so on, the oldest goes, and path is made anew. False with a fault:
 * where the name could not be changed the old file stays in use, else none is open.
 */
bool log_file_rotate(struct log_file *l, struct fault *f);

#endif
