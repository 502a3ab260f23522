/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's own log: one line per message,
 *
 *   2026-02-18T10:30:01.123Z INFO output siem: connected to siem.example:6514
 *
 * to standard error, or to a file that is rotated: FILE, FILE.1 … FILE.4, each up to 10 MiB. Control
 * characters and bytes that are no UTF-8 are escaped, so that nothing read from an export can forge a line or
 * steer a terminal. The same message (format and subject) is written at most 10 times per second; what was
 * held back is counted and said.
 *
 * A log that cannot be written never stops the agent: the message goes to standard error instead. Thread-safe
 * between log_open and log_close; before and after that there is one thread, and lines go to standard error.
 * Nothing here knows what is a secret: whoever logs must not hand one over.
 */
#ifndef MAPITAIL_LOG_H
#define MAPITAIL_LOG_H

#include "fault.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

enum {
    LOG_LINE_MAX = 4096,     /* bytes of a message before escaping; the rest is cut and marked */
    LOG_FILE_MAX = 10 << 20, /* bytes after which the file is rotated */
    LOG_FILES_KEPT = 5,      /* the current one included */
    LOG_REPEATS_PER_SECOND = 10,
    LOG_SHARED_REPEATS = 5,            /* to the system's log, … */
    LOG_SHARED_WINDOW_MS = 10 * 60000, /* in this time */
};

struct log_options {
    enum log_level level;         /* messages below it are not written */
    const char *file;             /* NULL: standard error. Borrowed until log_close. */
    uint64_t file_max;            /* 0: LOG_FILE_MAX */
    int64_t (*now_ms)(void);      /* monotonic clock; NULL: the system's */
    int64_t (*realtime_ns)(void); /* NULL: the system's */
};

/* False when the file cannot be opened; messages then go to standard error. Not while the log is open. */
bool log_open(const struct log_options *options, struct fault *f);

/*
 * From now on, whatever log_open and log_close do, what an administrator should find in the system's own log
 * is handed to also as well: every warning and error, and what concerns the agent as a whole (no subject)
 * from INFO up. That log is others' too: of one warning or error (format, subject and level) it gets 5 in ten
 * minutes and then a count, whatever the own log has. The text is "subject: message", escaped, and lives
 * until also returns; also must not log. NULL ends it. Before there are threads only.
 */
void log_also(void (*also)(enum log_level level, const char *text));

/* Hands a text to what log_also named, and to nobody else: for what a command says on standard error. */
void log_share(enum log_level level, const char *text);

/* Another level from now on. From any thread. */
void log_set_level(enum log_level level);

/* Says what is still held back: for an end while other threads may still log. */
void log_flush(void);

/* Says what is still held back, and closes the file. May be called without log_open. */
void log_close(void);

/*
 * Writes one message. subject names what it is about ("output siem", "source exports"), and is NULL for the
 * agent as a whole. Blocks no longer than the file system does.
 */
__attribute__((format(__printf__, 3, 4))) void log_write(enum log_level level, const char *subject,
                                                         const char *format, ...);

/* Says what was held back more than a second ago. To be called now and then; cheap. */
void log_tick(void);

#define log_debug(subject, ...) log_write(LOG_DEBUG, (subject), __VA_ARGS__)
#define log_info(subject, ...) log_write(LOG_INFO, (subject), __VA_ARGS__)
#define log_warning(subject, ...) log_write(LOG_WARNING, (subject), __VA_ARGS__)
#define log_error(subject, ...) log_write(LOG_ERROR, (subject), __VA_ARGS__)

#endif
