/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail service`: the service of Windows, from the command line. */
#include "service_command.h"

#include "load.h"
#include "log.h"
#include "options.h"
#include "os_event_log.h"
#include "os_file.h"
#include "os_service.h"
#include "run.h"
#include "service_config.h"

#include <stdio.h>
#include <string.h>

enum { START_TIMEOUT_MS = 30000, STOP_TIMEOUT_MS = 15000, FOLDER_ROOM = 1024 };

static int failed(const struct fault *f)
{
    fprintf(stderr, "mapitail: %s\n", f->text);
    log_share(LOG_ERROR, f->text);
    return EXIT_INCOMPLETE;
}

/* Nobody sees what an installer's programs print. */
static void note(const char *text)
{
    fprintf(stderr, "mapitail: note: %s\n", text);
    log_share(LOG_WARNING, text);
}

static void to_event_log(enum log_level level, const char *text)
{
    static const enum os_event_level levels[] = {OS_EVENT_INFORMATION, OS_EVENT_INFORMATION, OS_EVENT_WARNING,
                                                 OS_EVENT_ERROR};
    os_event_log_write(levels[level], text);
}

static void open_event_log(void)
{
    struct fault f;
    if (os_event_log_open(OS_SERVICE_NAME, &f))
        log_also(to_event_log);
}

static void close_event_log(void)
{
    log_also(NULL);
    os_event_log_close();
}

/* ---- install ---- */

/* The folder belongs to administrators whoever made it: everybody may make one in ProgramData. */
static bool prepare(const struct service_first *first, const char *config_path, bool *is_new, struct fault *f)
{
    return os_make_directories(first->folder, 0700, f) && os_service_claim(first->folder, f) &&
           os_service_allow(first->folder, false, f) && service_config_write(first, config_path, is_new, f);
}

/* One that was made from wrong values must not be found there by the next try, which has the right ones. */
static struct config *load_first(const char *config_path, bool is_new)
{
    struct config *c = load_config(config_path);
    if (!c && is_new)
        os_unlink(config_path, NULL);
    return c;
}

static void note_unused(const char *config_path)
{
    char text[FOLDER_ROOM + 256];
    snprintf(text, sizeof text,
             "%s is there and stays as it is: the brokers, topic or syslog receiver that were named for this "
             "installation are not put into it",
             config_path);
    note(text);
}

static int install(const struct service_first *first, const char *config_path)
{
    struct fault f;
    bool is_new;
    if (!os_path_is_absolute(config_path)) {
        fault_set(&f, FAULT_CONFIG, 0, "the service needs the whole path of its configuration, not `%s`",
                  config_path);
        return failed(&f);
    }
    if (!prepare(first, config_path, &is_new, &f))
        return failed(&f);
    struct config *c = load_first(config_path, is_new);
    if (!c)
        return EXIT_CONFIG;
    if (!is_new && service_config_names(first))
        note_unused(config_path);
    bool good = os_service_install(config_path, note, &f);
    if (good)
        service_config_allow(c, note);
    config_free(c);
    if (!good)
        return failed(&f);
    printf("the service is installed with %s; `mapitail service start` starts it\n", config_path);
    return EXIT_OK;
}

/* What goes wrong in an installation that nobody looks at is found in the event log. */
static int install_command(const struct service_options *o)
{
    char folder[FOLDER_ROOM], path[FOLDER_ROOM + 32];
    struct os_service_status ignored;
    struct fault f;
    if (!os_service_query(&ignored, &f))
        return failed(&f);
    if (!os_service_folder(folder, sizeof folder))
        return wrong_usage("the environment names no folder for the service's data (ProgramData)", NULL);
    snprintf(path, sizeof path, "%s\\mapitail.yaml", folder);
    open_event_log();
    struct service_first first = {folder, o->brokers, o->topic, o->syslog};
    int code = install(&first, o->config_path ? o->config_path : path);
    close_event_log();
    return code;
}

/* ---- the others ---- */

static int uninstall_command(const struct service_options *o)
{
    struct fault f;
    (void)o;
    if (!os_service_uninstall(STOP_TIMEOUT_MS, &f))
        return failed(&f);
    puts("the service is removed; its configuration, state and log stay");
    return EXIT_OK;
}

static int start_command(const struct service_options *o)
{
    struct fault f;
    (void)o;
    if (!os_service_start(START_TIMEOUT_MS, &f))
        return failed(&f);
    puts("the service runs");
    return EXIT_OK;
}

static int stop_command(const struct service_options *o)
{
    struct fault f;
    (void)o;
    if (!os_service_stop(STOP_TIMEOUT_MS, &f))
        return failed(&f);
    puts("the service is stopped");
    return EXIT_OK;
}

static int reload_command(const struct service_options *o)
{
    struct fault f;
    (void)o;
    if (!os_service_reload(&f))
        return failed(&f);
    puts("the service reads its configuration again; its log says whether that is in force");
    return EXIT_OK;
}

static int status_command(const struct service_options *o)
{
    static const char *const names[] = {"not installed", "stopped",  "starting",
                                        "running",       "stopping", "in an unknown state"};
    struct os_service_status s;
    struct fault f;
    (void)o;
    if (!os_service_query(&s, &f))
        return failed(&f);
    printf("service:  %s\n", names[s.state]);
    if (s.process_id)
        printf("process:  %lu\n", s.process_id);
    if (s.state == OS_SERVICE_STOPPED)
        printf("ended:    exit code %d\n", s.exit_code);
    if (s.state != OS_SERVICE_ABSENT)
        printf("start:    %s\naccount:  %s\ncommand:  %s\n",
               s.starts_by_itself ? "with the system" : "by hand", s.account, s.command);
    return s.state == OS_SERVICE_RUNNING ? EXIT_OK : EXIT_INCOMPLETE;
}

/* A full disk, a state that another agent holds, a lack of memory: not a configuration that is wrong. */
static bool may_pass(int code)
{
    return code == EXIT_INCOMPLETE || code == EXIT_SOFTWARE || code == EXIT_LOCKED;
}

static int serve(void *ctx)
{
    const struct service_options *o = ctx;
    open_event_log();
    int code = run_agent(o->config_path, false);
    close_event_log();
    if (may_pass(code))
        os_service_crash(code);
    return code;
}

static int run_command(const struct service_options *o)
{
    struct fault f;
    struct service_options own = *o;
    if (!o->config_path)
        return wrong_usage("a configuration is needed: -c FILE", NULL);
    return os_service_run(serve, &own, &f) ? EXIT_OK : failed(&f);
}

int service_command(const struct service_options *o)
{
    static const struct {
        const char *name;
        int (*command)(const struct service_options *o);
    } commands[] = {{"install", install_command}, {"uninstall", uninstall_command},
                    {"start", start_command},     {"stop", stop_command},
                    {"reload", reload_command},   {"status", status_command},
                    {"run", run_command}};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(o->what, commands[i].name) == 0)
            return commands[i].command(o);
    return wrong_usage("service takes install, uninstall, start, stop, reload or status, not", o->what);
}
