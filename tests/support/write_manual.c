/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings mapitail.yaml(5) up to date: copies the page named by the first argument to standard output, with a
 * fresh list of settings between its two marks. Redirect to another file than the page itself.
 */
#include "settings_manual.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    char line[4096];
    bool inside = false;
    struct buf list;
    FILE *page = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (!page) {
        fprintf(stderr, "usage: write_manual mapitail.yaml.5 >new\n");
        return 64;
    }
    buf_init(&list, 1 << 20);
    settings_manual(&list);
    while (fgets(line, sizeof line, page)) {
        if (strcmp(line, ".\\\" end of the settings\n") == 0)
            inside = false;
        if (!inside)
            fputs(line, stdout);
        if (strncmp(line, ".\\\" settings:", 13) == 0) {
            inside = true;
            fwrite(list.p, 1, list.n, stdout);
        }
    }
    fclose(page);
    buf_free(&list);
    return 0;
}
