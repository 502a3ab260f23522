/* SPDX-License-Identifier: Apache-2.0 */
/* A file of lines that is only appended to, and that a crash or a full disk never leaves with half a line in
 * it. */
#ifndef MAPITAIL_LINE_FILE_H
#define MAPITAIL_LINE_FILE_H

#include "os_file.h"
#include "sv.h"

/* Opens or creates it; half a line at its end, which a power cut may leave, is ended. NULL with a fault. */
struct os_file *line_file_open(const char *path, unsigned mode, struct fault *f);

/* Appends whole lines and forces them to disk, or leaves the file as it was and returns false. */
bool line_file_append(struct os_file *file, struct sv lines, struct fault *f);

#endif
