/* SPDX-License-Identifier: Apache-2.0 */
/* A file of lines that only grows and is rotated. */
#include "log_file.h"

#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, NAME_DIGITS = 12 };

/* The size of the file up to and including its last LF, read from the end. */
static bool whole_lines(struct os_file *file, uint64_t size, uint64_t *whole, struct fault *f)
{
    static const size_t block_size = BLOCK_BYTES;
    char *block = malloc(block_size);
    bool read = block != NULL || fault_set(f, FAULT_MEMORY, 0, "no memory for a block of the file");
    *whole = 0;
    while (read && size && !*whole) {
        size_t n = size < block_size ? (size_t)size : block_size;
        size -= n;
        read = os_file_read_at(file, size, block, n, f) == (ptrdiff_t)n;
        while (read && n && block[n - 1] != '\n')
            n--;
        if (read && n)
            *whole = size + n;
    }
    free(block);
    return read;
}

static bool cut_half_line(struct log_file *l, struct fault *f)
{
    uint64_t whole;
    if (!whole_lines(l->file, l->size, &whole, f))
        return false;
    l->cut_bytes = l->size - whole;
    if (l->cut_bytes && !os_file_truncate(l->file, whole, f))
        return false;
    l->size = whole;
    return true;
}

bool log_file_open(struct log_file *l, const struct log_file_options *options, struct fault *f)
{
    struct os_file_info info;
    *l = (struct log_file){.options = options, .begun_ns = os_realtime_ns()};
    l->file = os_file_append(options->path, 0, f);
    if (!l->file)
        return false;
    if (!os_file_info(l->file, &info, f)) {
        log_file_close(l);
        return false;
    }
    l->id = info.id;
    l->size = info.size;
    l->is_regular = info.regular;
    /* A device has no lines to mend; a file that is found counts from its last change, for its birth is not
     * known. */
    if (info.size && info.modified_ns < l->begun_ns)
        l->begun_ns = info.modified_ns;
    if (info.regular && info.size && !cut_half_line(l, f)) {
        log_file_close(l);
        return false;
    }
    return true;
}

void log_file_close(struct log_file *l)
{
    os_file_close(l->file);
    l->file = NULL;
}

enum log_file_name log_file_look(struct log_file *l)
{
    struct os_file_info by_name, open;
    struct fault f;
    if (os_path_info(l->options->path, &by_name, &f) && os_file_id_eq(by_name.id, l->id))
        return LOG_FILE_OURS;
    if (os_file_info(l->file, &open, &f) && open.links == 0)
        return LOG_FILE_DELETED;
    return LOG_FILE_RENAMED;
}

void log_file_take_back(struct log_file *l, uint64_t size)
{
    struct fault f;
    if (os_file_truncate(l->file, size, &f)) {
        l->size = size;
        return;
    }
    /* What cannot be cut now is cut by the next open, which begins with whole lines. */
    log_file_close(l);
}

bool log_file_append(struct log_file *l, const void *p, size_t n, struct fault *f)
{
    if (os_file_write(l->file, p, n, f)) {
        l->size += n;
        return true;
    }
    log_file_take_back(l, l->size);
    return false;
}

bool log_file_is_full(const struct log_file *l, size_t n)
{
    if (l->size == 0 || !l->is_regular)
        return false;
    int64_t age_ms = (os_realtime_ns() - l->begun_ns) / 1000000;
    return l->size + n > (uint64_t)l->options->max_size ||
           (l->options->max_age_ms > 0 && age_ms >= l->options->max_age_ms);
}

/* path.k becomes path.k+1, from the oldest on; a gap in the row is fine. */
static bool shift(const struct log_file_options *o, struct fault *f)
{
    size_t size = strlen(o->path) + NAME_DIGITS;
    char *from = malloc(size), *to = malloc(size);
    bool shifted = (from && to) || fault_set(f, FAULT_MEMORY, 0, "no memory for a file name");
    for (int64_t k = o->keep; shifted && k > 0; k--) {
        snprintf(to, size, "%s.%d", o->path, (int)k);
        snprintf(from, size, k > 1 ? "%s.%d" : "%s", o->path, (int)k - 1);
        shifted = os_rename(from, to, f) || os_not_found(f);
    }
    free(from);
    free(to);
    return shifted;
}

bool log_file_rotate(struct log_file *l, struct fault *f)
{
    const struct log_file_options *options = l->options;
    struct fault reopened;
    /* Closed first: where an open file cannot be renamed by its name, its own handle is what stands in the
     * way. */
    log_file_close(l);
    if (shift(options, f))
        return log_file_open(l, options, f);
    (void)log_file_open(l, options, &reopened);
    return false;
}
