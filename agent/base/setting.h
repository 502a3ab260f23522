/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as tables: a plug-in (or a section of the configuration) lists its keys once, with type, default
 * and help; reading, checking, the "did you mean" hints and the test of the reference file all come from that
 * list.
 */
#ifndef MAPITAIL_SETTING_H
#define MAPITAIL_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_type {                   /* type of the field at setting.offset: */
                    SETTING_STRING,   /* const char *, NULL when not set and without default */
                    SETTING_PATH,     /* const char *, a file path in UTF-8 */
                    SETTING_SECRET,   /* const char *, never printed; a value written in the file draws a
                                         warning */
                    SETTING_BOOL,     /* bool */
                    SETTING_INT,      /* int64_t */
                    SETTING_DURATION, /* int64_t, milliseconds; written 500ms, 30s, 5m, 2h, 7d */
                    SETTING_SIZE,     /* int64_t, bytes; written 512, 64KiB, 10MiB, 1GiB */
                    SETTING_CHOICE,   /* int, index into choices */
                    SETTING_LIST,     /* struct setting_list */
                    SETTING_MAP,      /* struct setting_map: any keys, string values */
                    SETTING_PATHS,    /* struct setting_list of file paths or globs */
};

struct setting_list {
    const char *const *items;
    size_t count;
};

struct setting_pair {
    const char *key, *value;
    bool secret; /* the value came from ${ENV} or ${file:…} */
};

struct setting_map {
    const struct setting_pair *items;
    size_t count;
};

struct setting {
    const char *key; /* NULL ends a table */
    enum setting_type type;
    size_t offset; /* of the field in the configuration struct */
    bool required;
    const char *fallback;       /* default as it would be written in the file, or NULL */
    int64_t min, max;           /* of INT, DURATION and SIZE; both 0: no bounds */
    const char *const *choices; /* of CHOICE, ended by NULL */
    const char *help;           /* one sentence for documentation and messages */
};

#endif
