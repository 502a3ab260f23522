/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own log. */
#include "log.h"

#include "buf.h"
#include "hash64.h"
#include "log_rate.h"
#include "os_clock.h"
#include "os_file.h"
#include "os_thread.h"
#include "utf.h"
#include "wtime.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    struct log_options options;
    atomic_int level;      /* of options, or what log_set_level said since */
    struct os_mutex *lock; /* NULL: one thread only */
    struct os_file *file;  /* NULL: standard error */
    uint64_t file_size;    /* since it could not be rotated */
    bool file_broken;      /* said once */
    struct log_rate rate, shared_rate;
    void (*also)(enum log_level level, const char *text);
} log_ = {.options = {.level = LOG_INFO},
          .level = LOG_INFO,
          .rate = {.most = LOG_REPEATS_PER_SECOND},
          .shared_rate = {.most = LOG_SHARED_REPEATS, .window_ms = LOG_SHARED_WINDOW_MS}};

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    return names[level];
}

static void lock(void)
{
    if (log_.lock)
        os_mutex_lock(log_.lock);
}

static void unlock(void)
{
    if (log_.lock)
        os_mutex_unlock(log_.lock);
}

static int64_t now_ms(void)
{
    return log_.options.now_ms ? log_.options.now_ms() : os_monotonic_ms();
}

static bool is_plain(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c >= 0xa0) && c != 0x2028 && c != 0x2029;
}

/* One line must stay one line, and a terminal must not be steered by what an export holds. */
static void put_escaped(struct buf *to, struct sv text)
{
    uint32_t c;
    for (size_t n; (n = utf8_decode(text, &c)) > 0; text = sv_slice(text, n, text.n)) {
        bool invalid = c == 0xfffd && n == 1;
        if (is_plain(c) && !invalid)
            buf_put(to, sv_slice(text, 0, n));
        else if (c == '\n' || c == '\r' || c == '\t')
            buf_put(to, c == '\n' ? SV("\\n") : c == '\r' ? SV("\\r") : SV("\\t"));
        else if (invalid)
            buf_printf(to, "\\x%02x", (unsigned char)text.p[0]);
        else
            buf_printf(to, "\\u%04x", (unsigned)c);
    }
}

static void put_head(struct buf *to, enum log_level level)
{
    char text[WTIME_TEXT_MAX];
    int64_t ns = log_.options.realtime_ns ? log_.options.realtime_ns() : os_realtime_ns();
    struct wtime t = wtime_from_unix_ns(ns, 3);
    buf_put(to, sv_make(text, wtime_format(&t, 3, text)));
    buf_putc(to, ' ');
    buf_put(to, sv_from(level_name(level)));
    buf_putc(to, ' ');
}

static void write_stderr(struct sv line)
{
    fwrite(line.p, 1, line.n, stderr);
    fflush(stderr);
}

static uint64_t file_max(void)
{
    return log_.options.file_max ? log_.options.file_max : LOG_FILE_MAX;
}

static bool is_there(const char *path)
{
    struct os_file_info info;
    return os_path_info(path, &info, NULL);
}

/*
 * FILE becomes FILE.1 and makes those before it move on, up to the first number that is free: where FILE
 * itself cannot be renamed, older files are not pushed out one after the other. False if it could not be.
 */
static bool rename_older(const char *file)
{
    size_t room = strlen(file) + 16;
    char *from = malloc(room), *to = malloc(room);
    int last = 0;
    bool renamed = false, taken = from && to;
    while (taken && last < LOG_FILES_KEPT - 1) {
        snprintf(to, room, "%s.%d", file, ++last);
        taken = is_there(to);
    }
    for (int i = last; i > 0; i--) {
        snprintf(from, room, i > 1 ? "%s.%d" : "%s", file, i - 1);
        snprintf(to, room, "%s.%d", file, i);
        renamed = os_rename(from, to, NULL);
    }
    free(from);
    free(to);
    return renamed;
}

static bool open_file(struct fault *f)
{
    struct os_file_info info;
    log_.file = os_file_append(log_.options.file, 0, f);
    log_.file_size = log_.file && os_file_info(log_.file, &info, NULL) ? info.size : 0;
    return log_.file != NULL;
}

/* A file that cannot be rotated goes on growing, better than no log, and is tried again after as much again.
 */
static void rotate(void)
{
    os_file_close(log_.file);
    bool renamed = rename_older(log_.options.file);
    if (open_file(NULL) && !renamed)
        log_.file_size = 0;
}

void log_share(enum log_level level, const char *text)
{
    if (log_.also)
        log_.also(level, text);
}

static void say_file_is_broken(const struct fault *f)
{
    char line[512];
    if (log_.file_broken)
        return;
    log_.file_broken = true;
    snprintf(line, sizeof line, "mapitail: cannot write the log file, using standard error: %s", f->text);
    log_share(LOG_ERROR, line);
    write_stderr(sv_from(line));
    write_stderr(SV("\n"));
}

static void write_line(struct sv line)
{
    struct fault fault = {.text = "it cannot be opened again"};
    if (!log_.options.file) {
        write_stderr(line);
        return;
    }
    if (log_.file && log_.file_size > 0 && log_.file_size + line.n > file_max())
        rotate();
    if (!log_.file)
        open_file(&fault);
    if (log_.file && os_file_write(log_.file, line.p, line.n, &fault)) {
        log_.file_size += line.n;
        log_.file_broken = false;
        return;
    }
    say_file_is_broken(&fault);
    write_stderr(line);
}

static void put_body(struct buf *to, const char *subject, struct sv text)
{
    struct sv cut = utf8_cut(text, LOG_LINE_MAX);
    if (subject) {
        put_escaped(to, sv_from(subject));
        buf_lit(to, ": ");
    }
    put_escaped(to, cut);
    if (cut.n < text.n)
        buf_lit(to, "...");
}

static void write_message(enum log_level level, const char *subject, struct sv text, bool to_own,
                          bool to_shared)
{
    struct buf line;
    buf_init(&line, 8 * LOG_LINE_MAX);
    put_head(&line, level);
    size_t body = line.n;
    put_body(&line, subject, text);
    buf_putc(&line, '\n');
    if (buf_ok(&line) && to_own)
        write_line(buf_sv(&line));
    if (buf_ok(&line) && to_shared) {
        line.p[line.n - 1] = '\0';
        log_share(level, line.p + body);
    }
    buf_free(&line);
}

static void say_held(struct log_rate_slot *s, bool shared)
{
    char text[LOG_RATE_SUBJECT_MAX + 64];
    int n = snprintf(text, sizeof text, "%llu repeats held back: %s", (unsigned long long)s->held, s->text);
    s->held = 0;
    s->since_ms = INT64_MIN / 2;
    if (n > 0)
        write_message((enum log_level)s->level, NULL, sv_from(text), !shared, shared);
}

static void say_due(int64_t now)
{
    for (struct log_rate_slot *s; (s = log_rate_due(&log_.rate, now)) != NULL;)
        say_held(s, false);
    for (struct log_rate_slot *s; (s = log_rate_due(&log_.shared_rate, now)) != NULL;)
        say_held(s, true);
}

struct message {
    uint64_t hash;
    enum log_level level;
    const char *subject, *text;
};

static bool admit(struct log_rate *r, const struct message *m, int64_t now)
{
    struct log_rate_slot *s = log_rate_find(r, m->hash, now);
    if (!s || log_rate_admit(r, s))
        return true;
    s->level = (int)m->level;
    struct sv about = utf8_cut(sv_from(m->subject), 20), begin = utf8_cut(sv_from(m->text), 50);
    snprintf(s->text, sizeof s->text, "%.*s%s%.*s", SV_ARG(about), m->subject ? ": " : "", SV_ARG(begin));
    return false;
}

/* What concerns the agent as a whole is rare. */
static bool admit_shared(const struct message *m, int64_t now)
{
    if (!log_.also || m->level < LOG_INFO || (m->level == LOG_INFO && m->subject))
        return false;
    return m->level == LOG_INFO || admit(&log_.shared_rate, m, now);
}

/* The format's address stands for the place in the code; two subjects do not silence each other, nor does a
 * warning an error. */
static uint64_t hash_of(enum log_level level, const char *subject, const char *format)
{
    uint64_t hash = hash64(HASH64_START, &format, sizeof format);
    hash = hash64(hash, &level, sizeof level);
    return subject ? hash64(hash64(hash, "\n", 1), subject, strlen(subject)) : hash;
}

void log_write(enum log_level level, const char *subject, const char *format, ...)
{
    char text[LOG_LINE_MAX + 16];
    va_list args;
    if ((int)level < atomic_load_explicit(&log_.level, memory_order_relaxed))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct message m = {hash_of(level, subject, format), level, subject, text};
    lock();
    int64_t now = now_ms();
    say_due(now);
    bool own = admit(&log_.rate, &m, now), shared = admit_shared(&m, now);
    if (own || shared)
        write_message(level, subject, sv_from(text), own, shared);
    unlock();
}

void log_also(void (*also)(enum log_level level, const char *text))
{
    log_.also = also;
}

void log_tick(void)
{
    lock();
    say_due(now_ms());
    unlock();
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_.level, (int)level, memory_order_relaxed);
}

bool log_open(const struct log_options *options, struct fault *f)
{
    log_.options = *options;
    log_set_level(options->level);
    log_.rate = (struct log_rate){.most = LOG_REPEATS_PER_SECOND};
    log_.shared_rate = (struct log_rate){.most = LOG_SHARED_REPEATS, .window_ms = LOG_SHARED_WINDOW_MS};
    log_.file_broken = false;
    log_.lock = os_mutex_new();
    if (!options->file || open_file(f))
        return true;
    log_.options.file = NULL;
    return false;
}

void log_flush(void)
{
    lock();
    say_due(INT64_MAX);
    unlock();
}

void log_close(void)
{
    say_due(INT64_MAX);
    os_file_close(log_.file);
    os_mutex_free(log_.lock);
    log_.file = NULL;
    log_.lock = NULL;
    log_.options = (struct log_options){.level = LOG_INFO};
    log_set_level(LOG_INFO);
}
