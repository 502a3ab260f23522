/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include "cat.h"
#include "os_zone.h"
#include "registry.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "mapitail " MAPITAIL_VERSION
    ": reads Windows event exports, understands MSExchangeIS event 9646, ships it\n"
    "\n"
    "  mapitail run -c FILE [--once]      run the outputs of a configuration; "
    "--once: ship what is there, wait for\n"
    "                                     every acknowledgement, exit\n"
    "  mapitail check -c FILE [--connect] report every mistake of a configuration; "
    "--connect: reach every output\n"
    "  mapitail cat [--format ecs|rfc5424] [--all] [--timezone ZONE] [--date-order "
    "dmy|mdy|ymd]\n"
    "               [--encoding NAME] FILE|GLOB...\n"
    "                                     records to standard output; - is standard "
    "input; --all: every event\n"
    "  mapitail --help | --version\n"
    "\n"
    "Exit codes: 0 done, 1 something was damaged, unreadable or not delivered, 64 "
    "usage, 73 the state directory is in\n"
    "use, 78 configuration, 79 another agent has taken over. Manual pages: mapitail(1), mapitail.yaml(5).\n";

static int wrong_usage(const char *what, const char *word)
{
    fprintf(stderr, "mapitail: %s%s%s%s; `mapitail --help` shows the commands\n", what, word ? " `" : "",
            word ? word : "", word ? "`" : "");
    return EXIT_USAGE;
}

/* Options of run and check: -c FILE and one flag. */
static int with_config(int argc, char **argv, const char *flag,
                       int (*command)(const char *path, bool flag_set))
{
    const char *path = NULL;
    bool flag_set = false;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], flag) == 0)
            flag_set = true;
        else if ((strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0) && i + 1 < argc)
            path = argv[++i];
        else
            return wrong_usage("unknown or incomplete option", argv[i]);
    }
    if (!path)
        return wrong_usage("a configuration is needed: -c FILE", NULL);
    return command(path, flag_set);
}

/* Options of cat that have a value, as written. */
struct cat_words {
    const char *format, *timezone, *date_order, *encoding;
};

static const char **cat_word(struct cat_words *w, const char *option)
{
    if (strcmp(option, "--format") == 0)
        return &w->format;
    if (strcmp(option, "--timezone") == 0)
        return &w->timezone;
    if (strcmp(option, "--date-order") == 0)
        return &w->date_order;
    return strcmp(option, "--encoding") == 0 ? &w->encoding : NULL;
}

/* Index of the word in names, which NULL ends, or -1. */
static int index_of(const char *const *names, const char *word)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    return -1;
}

static int cat_with(struct cat_options *o, const struct cat_words *w)
{
    struct fault f;
    int order = index_of(date_order_names, w->date_order), page = index_of(code_page_names, w->encoding);
    if (!registry_encoder(w->format))
        return wrong_usage("unknown format", w->format);
    if (order < 0)
        return wrong_usage("the date order must be auto, dmy, mdy or ymd, not", w->date_order);
    if (page < 0)
        return wrong_usage("unknown encoding", w->encoding);
    if (o->count == 0)
        return wrong_usage("a file is needed (- for standard input)", NULL);
    struct zone *zone = os_zone_load(w->timezone, &f);
    if (!zone)
        return wrong_usage("unknown time zone", w->timezone);
    o->format = w->format;
    o->reading = (struct parser_options){
        .zone = zone, .date_order = (enum date_order)order, .code_page = (enum code_page)page};
    int code = cat_run(o);
    os_zone_free(zone);
    return code;
}

static int cat_command(int argc, char **argv)
{
    struct cat_options o = {.inputs = argv};
    struct cat_words words = {"ecs", "local", "auto", "auto"};
    bool options = true;
    for (int i = 2; i < argc; i++) {
        char *word = argv[i];
        const char **value = options ? cat_word(&words, word) : NULL;
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && strcmp(word, "--all") == 0)
            o.all = true;
        else if (value && i + 1 < argc)
            *value = argv[++i];
        else if (options && word[0] == '-' && word[1])
            return wrong_usage("unknown or incomplete option", word);
        else
            argv[o.count++] = word; /* never ahead of i */
    }
    return cat_with(&o, &words);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "run") == 0)
        return with_config(argc, argv, "--once", run_agent);
    if (strcmp(command, "check") == 0)
        return with_config(argc, argv, "--connect", check_config);
    if (strcmp(command, "cat") == 0)
        return cat_command(argc, argv);
    if (strcmp(command, "--version") == 0) {
        puts("mapitail " MAPITAIL_VERSION);
        return EXIT_OK;
    }
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (argc < 2) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return wrong_usage("unknown command", command);
}
