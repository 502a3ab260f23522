/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files. */
#include "os_file.h"

#include <stdlib.h>

char *os_read_file(const char *path, size_t max, size_t *n, struct fault *f)
{
    struct os_file *file = os_file_open(path, f);
    struct os_file_info info;
    char *text = NULL;
    if (!file || !os_file_info(file, &info, f))
        goto out;
    if (info.size > max) {
        fault_set(f, FAULT_LIMIT, 0, "%s is larger than %zu bytes", path, max);
        goto out;
    }
    text = malloc((size_t)info.size + 1);
    if (!text) {
        fault_set(f, FAULT_MEMORY, 0, "out of memory");
        goto out;
    }
    ptrdiff_t got = os_file_read_at(file, 0, text, (size_t)info.size, f);
    if (got < 0) {
        free(text);
        text = NULL;
        goto out;
    }
    text[got] = '\0';
    *n = (size_t)got;
out:
    os_file_close(file);
    return text;
}
