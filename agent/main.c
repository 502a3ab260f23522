/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include "cat.h"
#include "load.h"
#include "options.h"
#include "os_process.h"
#include "os_zone.h"
#include "registry.h"
#include "replay.h"
#include "run.h"
#include "secret_command.h"
#include "service_command.h"
#include "state_command.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const char usage[] =
    "mapitail " MAPITAIL_VERSION ": reads Windows event exports, understands MSExchangeIS event 9646, ships it\n"
    "\n"
    "  mapitail run -c FILE [--once]      run the outputs of a configuration; --once: ship what is there, wait for\n"
    "                                     every acknowledgement, exit; SIGHUP: take the configuration anew\n"
    "  mapitail check -c FILE [--connect] report every mistake of a configuration; --connect: reach every output\n"
    "  mapitail status -c FILE|--state DIR [--json]\n"
    "                                     how the running agent is doing; exit code 1: not running, or failing\n"
    "  mapitail state list|rewind|forget -c FILE|--state DIR [OUTPUT [FILE]] [--to begin|end|BYTES]\n"
    "                                     saved positions: show them, set them back or forward, forget them\n"
    "  mapitail replay -c FILE [--output NAME] [--from LINE] [--to LINE] [--id UUID] [--again] [--list] [DEAD-LETTERS]\n"
    "                                     send dead letters again, with the same ids; --list: show them\n"
    "  mapitail cat [--format ecs|json|rfc5424|xml] [--all] [--timezone ZONE] [--date-order dmy|mdy|ymd]\n"
    "               [--encoding NAME] [--jobs N] [--carve] FILE|GLOB...\n"
    "                                     records to standard output; - is standard input; --all: every event\n"
    "  mapitail service install [-c FILE] [--brokers HOST:PORT,...] [--topic NAME] [--syslog [tls://]HOST:PORT]\n"
    "  mapitail service start|stop|reload|status|uninstall\n"
    "                                     the service of Windows; install writes a configuration where there is none\n"
    "  mapitail secret protect            on Windows: a secret as ${dpapi:...}, which only this machine can read\n"
    "  mapitail --help | --version\n"
    "\n"
    "Exit codes: 0 done, 1 something was damaged, unreadable or not delivered, 64 usage, 73 the state directory is in\n"
    "use, 78 configuration, 79 another agent has taken over. Manual pages: mapitail(1), mapitail.yaml(5).\n";
/* clang-format on */

/* Options of run and check: -c FILE and one flag. */
static int with_config(int argc, char **argv, const char *flag,
                       int (*command)(const char *path, bool flag_set))
{
    const char *path = NULL;
    bool flag_set = false;
    int words;
    const struct option table[] = {{.name = "-c", .value = &path},
                                   {.name = "--config", .value = &path},
                                   {.name = flag, .flag = &flag_set},
                                   {0}};
    if (!options_read(table, argc, argv, 2, &words))
        return EXIT_USAGE;
    if (words)
        return wrong_usage("unknown or incomplete option", argv[0]);
    if (!path)
        return wrong_usage("a configuration is needed: -c FILE", NULL);
    return command(path, flag_set);
}

/* The state directory that is named, or the one of a configuration, which *config then holds. NULL after
 * saying what is wrong. */
static const char *state_directory(const char *path, const char *directory, struct config **config, int *code)
{
    *config = NULL;
    *code = EXIT_OK;
    if (!path == !directory) {
        *code = wrong_usage(
            "either a configuration or a state directory is needed: -c FILE or --state DIRECTORY", NULL);
        return NULL;
    }
    if (directory)
        return directory;
    *config = load_config(path);
    *code = *config ? EXIT_OK : EXIT_CONFIG;
    return *config ? (*config)->state_directory : NULL;
}

static int status_command(int argc, char **argv)
{
    const char *path = NULL, *given = NULL;
    bool json = false;
    int words, code;
    struct config *config;
    const struct option table[] = {{.name = "-c", .value = &path},
                                   {.name = "--config", .value = &path},
                                   {.name = "--state", .value = &given},
                                   {.name = "--json", .flag = &json},
                                   {0}};
    if (!options_read(table, argc, argv, 2, &words))
        return EXIT_USAGE;
    if (words)
        return wrong_usage("unknown or incomplete option", argv[0]);
    const char *directory = state_directory(path, given, &config, &code);
    if (directory)
        code = status_show(directory, json);
    config_free(config);
    return code;
}

/* Options of cat that have a value, as written. */
struct cat_words {
    const char *format, *timezone, *date_order, *encoding, *jobs;
};

static const char **cat_word(struct cat_words *w, const char *option)
{
    if (strcmp(option, "--format") == 0)
        return &w->format;
    if (strcmp(option, "--timezone") == 0)
        return &w->timezone;
    if (strcmp(option, "--date-order") == 0)
        return &w->date_order;
    if (strcmp(option, "--jobs") == 0)
        return &w->jobs;
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

/* 1 to CAT_JOBS_MAX. */
static bool read_jobs(const char *word, unsigned *jobs)
{
    uint64_t n;
    if (!sv_to_u64(sv_from(word), &n) || n == 0 || n > CAT_JOBS_MAX)
        return false;
    *jobs = (unsigned)n;
    return true;
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
    if (w->jobs && !read_jobs(w->jobs, &o->jobs))
        return wrong_usage("the number of jobs must be from 1 to 64, not", w->jobs);
    if (o->count == 0)
        return wrong_usage("a file is needed (- for standard input)", NULL);
    struct zone *zone = os_zone_load(w->timezone, &f);
    if (!zone)
        return wrong_usage("unknown time zone", w->timezone);
    o->format = w->format;
    bool carve = o->reading.carve;
    o->reading = (struct parser_options){.zone = zone,
                                         .date_order = (enum date_order)order,
                                         .code_page = (enum code_page)page,
                                         .carve = carve};
    int code = cat_run(o);
    os_zone_free(zone);
    return code;
}

static int state_with(const char *directory, char **words, int count, const char *to)
{
    const char *what = count ? words[0] : "", *output = count > 1 ? words[1] : NULL;
    const char *path = count > 2 ? words[2] : NULL;
    bool is_list = strcmp(what, "list") == 0, is_rewind = strcmp(what, "rewind") == 0;
    if (!is_list && !is_rewind && strcmp(what, "forget") != 0)
        return wrong_usage("state takes list, rewind or forget, not", what);
    if (count > 3 || (is_list && count > 2))
        return wrong_usage("one word too many", words[count - 1]);
    if (to && !is_rewind)
        return wrong_usage("--to belongs to rewind", NULL);
    if (is_list)
        return state_list(directory, output);
    if (!output)
        return wrong_usage("the name of an output is needed", NULL);
    return is_rewind ? state_rewind(directory, output, path, to ? to : "begin")
                     : state_forget_command(directory, output, path);
}

static int state_command(int argc, char **argv)
{
    const char *path = NULL, *given = NULL, *to = NULL;
    int words, code;
    struct config *config;
    const struct option table[] = {{.name = "-c", .value = &path},
                                   {.name = "--config", .value = &path},
                                   {.name = "--state", .value = &given},
                                   {.name = "--to", .value = &to},
                                   {0}};
    if (!options_read(table, argc, argv, 2, &words))
        return EXIT_USAGE;
    const char *directory = state_directory(path, given, &config, &code);
    if (directory)
        code = state_with(directory, argv, words, to);
    config_free(config);
    return code;
}

/* A line number; 0 stands for one that is wrong. */
static uint64_t line_number(const char *text, uint64_t fallback)
{
    uint64_t n;
    if (!text)
        return fallback;
    return sv_to_u64(sv_from(text), &n) ? n : 0;
}

static int replay_command(int argc, char **argv)
{
    struct replay_options o = {0};
    const char *from = NULL, *to = NULL;
    int words;
    const struct option table[] = {{.name = "-c", .value = &o.config_path},
                                   {.name = "--config", .value = &o.config_path},
                                   {.name = "--output", .value = &o.output},
                                   {.name = "--id", .value = &o.id},
                                   {.name = "--from", .value = &from},
                                   {.name = "--to", .value = &to},
                                   {.name = "--again", .flag = &o.again},
                                   {.name = "--list", .flag = &o.list},
                                   {0}};
    if (!options_read(table, argc, argv, 2, &words))
        return EXIT_USAGE;
    if (words > 1)
        return wrong_usage("there is one dead-letter file only; one word too many", argv[1]);
    if (!o.config_path)
        return wrong_usage("a configuration is needed: -c FILE", NULL);
    o.file = words ? argv[0] : NULL;
    o.first = line_number(from, 1);
    o.last = line_number(to, UINT64_MAX);
    if (o.first == 0 || o.last < o.first)
        return wrong_usage("--from and --to are numbers of lines, from 1", NULL);
    return replay_run(&o);
}

static int cat_command(int argc, char **argv)
{
    struct cat_options o = {.inputs = argv};
    struct cat_words words = {.format = "ecs", .timezone = "local", .date_order = "auto", .encoding = "auto"};
    bool options = true;
    for (int i = 2; i < argc; i++) {
        char *word = argv[i];
        const char **value = options ? cat_word(&words, word) : NULL;
        if (options && strcmp(word, "--") == 0)
            options = false;
        else if (options && strcmp(word, "--all") == 0)
            o.all = true;
        else if (options && strcmp(word, "--carve") == 0)
            o.reading.carve = true;
        else if (value && i + 1 < argc)
            *value = argv[++i];
        else if (options && word[0] == '-' && word[1])
            return wrong_usage("unknown or incomplete option", word);
        else
            argv[o.count++] = word; /* never ahead of i */
    }
    return cat_with(&o, &words);
}

static int service_words(int argc, char **argv)
{
    struct service_options o = {0};
    int words;
    const struct option table[] = {
        {.name = "-c", .value = &o.config_path},    {.name = "--config", .value = &o.config_path},
        {.name = "--brokers", .value = &o.brokers}, {.name = "--topic", .value = &o.topic},
        {.name = "--syslog", .value = &o.syslog},   {0}};
    if (!options_read(table, argc, argv, 2, &words))
        return EXIT_USAGE;
    if (words > 1)
        return wrong_usage("one word too many", argv[1]);
    o.what = words ? argv[0] : "";
    return service_command(&o);
}

static int secret_words(int argc, char **argv)
{
    if (argc != 3 || strcmp(argv[2], "protect") != 0)
        return wrong_usage("secret takes protect and nothing else: the secret is asked for", NULL);
    return secret_protect();
}

int main(int argc, char **argv)
{
    os_begin(&argc, &argv);
    const char *command = argc > 1 ? argv[1] : "";
    if (strcmp(command, "run") == 0)
        return with_config(argc, argv, "--once", run_agent);
    if (strcmp(command, "check") == 0)
        return with_config(argc, argv, "--connect", check_config);
    if (strcmp(command, "cat") == 0)
        return cat_command(argc, argv);
    if (strcmp(command, "status") == 0)
        return status_command(argc, argv);
    if (strcmp(command, "state") == 0)
        return state_command(argc, argv);
    if (strcmp(command, "replay") == 0)
        return replay_command(argc, argv);
    if (strcmp(command, "service") == 0)
        return service_words(argc, argv);
    if (strcmp(command, "secret") == 0)
        return secret_words(argc, argv);
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
