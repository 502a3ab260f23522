/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a command, by table. */
#include "options.h"

#include "exit_code.h"

#include <stdio.h>
#include <string.h>

int wrong_usage(const char *what, const char *word)
{
    fprintf(stderr, "mapitail: %s%s%s%s; `mapitail --help` shows the commands\n", what, word ? " `" : "",
            word ? word : "", word ? "`" : "");
    return EXIT_USAGE;
}

static const struct option *find(const struct option *table, const char *word)
{
    for (; table->name; table++)
        if (strcmp(table->name, word) == 0)
            return table;
    return NULL;
}

bool options_read(const struct option *table, int argc, char **argv, int from, int *count)
{
    bool options = true;
    *count = 0;
    for (int i = from; i < argc; i++) {
        char *word = argv[i];
        const struct option *o = options ? find(table, word) : NULL;
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (o && o->flag)
            *o->flag = true;
        else if (o && i + 1 < argc)
            *o->value = argv[++i];
        else if (options && word[0] == '-' && word[1])
            return wrong_usage("unknown or incomplete option", word) == EXIT_OK;
        else
            argv[(*count)++] = word; /* never ahead of i */
    }
    return true;
}
