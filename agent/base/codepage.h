/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text file can be written in, by the names that the configuration uses, and the way from the code
 * pages of one byte per character into UTF-8.
 *
 * Windows programs write ANSI code pages (windows-125x), console programs whose output is redirected OEM code
 * pages (ibm…). The tables are those of the Unicode Consortium; a byte that a page does not define becomes
 * U+FFFD. Pure and thread-safe.
 */
#ifndef MAPITAIL_CODEPAGE_H
#define MAPITAIL_CODEPAGE_H

#include "sv.h"

enum code_page {
    CODE_PAGE_AUTO, /* told from the bytes */
    CODE_PAGE_UTF8,
    CODE_PAGE_UTF16LE,
    CODE_PAGE_UTF16BE,
    CODE_PAGE_WINDOWS_1250, /* Central Europe; from here on one byte per character */
    CODE_PAGE_WINDOWS_1251, /* Cyrillic */
    CODE_PAGE_WINDOWS_1252, /* Western Europe */
    CODE_PAGE_WINDOWS_1253, /* Greek */
    CODE_PAGE_WINDOWS_1254, /* Turkish */
    CODE_PAGE_WINDOWS_1257, /* Baltic */
    CODE_PAGE_IBM_437,      /* console: United States */
    CODE_PAGE_IBM_850,      /* console: Western Europe */
    CODE_PAGE_IBM_852,      /* console: Central Europe */
    CODE_PAGE_IBM_866,      /* console: Cyrillic */
    CODE_PAGE_COUNT
};

/* "auto", "utf-8", … "ibm866" in the order of the enum, ended by NULL. */
extern const char *const code_page_names[];

bool code_page_is_single_byte(enum code_page page);

/*
 * Converts n bytes of a single-byte page to UTF-8 at to, which must have 3 * n bytes; returns the bytes
 * written. *replaced (may be NULL; never cleared) is set where a byte means nothing.
 */
size_t utf8_from_code_page(enum code_page page, const uint8_t *from, size_t n, char *to, bool *replaced);

#endif
