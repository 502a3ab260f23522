/* SPDX-License-Identifier: Apache-2.0 */
/* A file of lines that is only appended to. */
#include "line_file.h"

static bool end_last_line(struct os_file *file, struct fault *f)
{
    struct os_file_info info;
    char last = '\n';
    if (!os_file_info(file, &info, f) ||
        (info.size && os_file_read_at(file, info.size - 1, &last, 1, f) != 1))
        return false;
    return last == '\n' || os_file_write(file, "\n", 1, f);
}

struct os_file *line_file_open(const char *path, unsigned mode, struct fault *f)
{
    struct os_file *file = os_file_append(path, mode, f);
    if (!file || end_last_line(file, f))
        return file;
    os_file_close(file);
    return NULL;
}

bool line_file_append(struct os_file *file, struct sv lines, struct fault *f)
{
    struct os_file_info before;
    struct fault ignored;
    if (!os_file_info(file, &before, f))
        return false;
    if (os_file_write(file, lines.p, lines.n, f) && os_file_sync(file, f))
        return true;
    os_file_truncate(file, before.size, &ignored);
    return false;
}
