/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail run`: every output of a configuration, until a stop request. */
#include "run.h"

#include "fleet.h"
#include "identity.h"
#include "load.h"
#include "log.h"
#include "metrics_server.h"
#include "os_clock.h"
#include "os_process.h"
#include "os_service.h"
#include "os_watch.h"
#include "reload.h"
#include "state.h"
#include "state_lock.h"
#include "status_write.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATUS_INTERVAL_MS = 1000, AGENT_ID_MAX = 64 };

/* A signal handler has no other way to reach what it is to tell. */
static struct {
    struct os_watch *watch;
    volatile sig_atomic_t stop, reload;
} requests;

static void on_stop(void)
{
    requests.stop = 1;
    os_watch_wake(requests.watch);
}

static void on_reload(void)
{
    requests.reload = 1;
    os_watch_wake(requests.watch);
}

struct agent {
    const char *config_path;
    struct config *config; /* the first one; the fleet's, once applied */
    const char *directory; /* of the state, which no reload changes */
    struct state_lock *lock;
    struct fleet *fleet;
    char host[256];
    char id[AGENT_ID_MAX + 1], ephemeral_id[RECORD_ID_TEXT];
    bool once;

    atomic_bool news; /* counts have changed since the status was written */
    struct status_head status;
    int64_t status_at_ms; /* when it may be written again */
    bool status_failed;   /* and that was said */
    struct fault reload_fault;
    int64_t stop_by_ms; /* 0: nobody has asked to stop */

    struct agent_facts facts;
    struct metrics_server *metrics; /* NULL: nothing listens */
    char metrics_listen[272];       /* the address it has, "" for none */
};

static void on_news(void *ctx)
{
    struct agent *a = ctx;
    atomic_store(&a->news, true);
    os_watch_wake(requests.watch);
}

/* ---- status ---- */

static void write_status(struct agent *a)
{
    struct fault f;
    atomic_store(&a->news, false);
    a->status_at_ms = os_monotonic_ms() + STATUS_INTERVAL_MS;
    bool saved = status_save(a->directory, &a->status, a->fleet, &f);
    if (!saved && !a->status_failed)
        log_error(NULL, "%s; `mapitail status` shows what was, until this works again", f.text);
    a->status_failed = !saved;
}

/* Returns how long nothing needs to be written, in milliseconds; -1: until there is news. */
static int see_to_status(struct agent *a)
{
    if (!atomic_load(&a->news))
        return -1;
    int64_t left = a->status_at_ms - os_monotonic_ms();
    if (left > 0)
        return (int)left;
    write_status(a);
    return -1;
}

/* ---- metrics ---- */

/* Serves on another address, or on none. What served before goes on when the new one cannot be had. */
static bool serve_metrics(struct agent *a, const char *listen, struct fault *f)
{
    struct metrics_server *s = NULL;
    if (strcmp(listen ? listen : "", a->metrics_listen) == 0)
        return true;
    if (listen && !(s = metrics_server_start(listen, &a->facts, a->fleet, f)))
        return false;
    metrics_server_stop(a->metrics);
    a->metrics = s;
    snprintf(a->metrics_listen, sizeof a->metrics_listen, "%s", listen ? listen : "");
    if (listen)
        log_info(NULL, "metrics are served on %s", listen);
    return true;
}

/* ---- reloading ---- */

static void reload(struct agent *a)
{
    requests.reload = 0;
    os_service_tell(OS_SERVICE_RELOADS);
    log_info(NULL, "reading %s again", a->config_path);
    struct config *c = reload_config(a->config_path, fleet_config(a->fleet), &a->reload_fault);
    bool applied =
        c && serve_metrics(a, c->metrics_listen, &a->reload_fault) &&
        (fleet_apply(a->fleet, c) || fault_set(&a->reload_fault, FAULT_MEMORY, 0, "out of memory"));
    a->status.reloads++;
    atomic_fetch_add(applied ? &a->facts.reloads_applied : &a->facts.reloads_refused, 1);
    atomic_store(&a->facts.last_reload_refused, !applied);
    if (applied) {
        log_info(NULL, "%s is in force", a->config_path);
    } else {
        config_free(c);
        a->status.failed_reloads++;
        log_error(NULL, "%s; the configuration in force stays", a->reload_fault.text);
    }
    os_service_tell(OS_SERVICE_RUNS);
    a->status.reload_fault = applied ? NULL : a->reload_fault.text;
    atomic_store(&a->news, true);
}

/* ---- running ---- */

static void begin_to_stop(struct agent *a)
{
    os_service_tell(OS_SERVICE_STOPS);
    log_info(NULL, "stopping");
    a->stop_by_ms = os_monotonic_ms() + STOP_LIMIT_MS;
    fleet_stop(a->fleet);
}

/* A thread that hangs in a call of the system cannot be helped; positions on disk are true, so leaving is
 * safe. */
static _Noreturn void leave_without_waiting(void)
{
    log_error(NULL,
              "an output did not stop in time; leaving without it, what it had in flight is sent again");
    log_flush();
    os_service_ended(EXIT_INCOMPLETE);
    _Exit(EXIT_INCOMPLETE);
}

/* The longest wait: until a stop is overdue, until the status may be written, or for ever. */
static int wait_ms(const struct agent *a, int status_ms)
{
    int64_t left = a->stop_by_ms ? a->stop_by_ms - os_monotonic_ms() : -1;
    if (a->stop_by_ms && left < 0)
        left = 0;
    if (left < 0 || (status_ms >= 0 && status_ms < left))
        return status_ms;
    return (int)left;
}

static void loop(struct agent *a)
{
    atomic_store(&a->news, true);
    while (fleet_turn(a->fleet)) {
        if ((requests.stop || fleet_is_superseded(a->fleet)) && !a->stop_by_ms)
            begin_to_stop(a);
        else if (requests.reload && !a->stop_by_ms)
            reload(a);
        else if (a->stop_by_ms && os_monotonic_ms() >= a->stop_by_ms)
            leave_without_waiting();
        else
            os_watch_wait(requests.watch, wait_ms(a, see_to_status(a)));
    }
    write_status(a);
}

/* ---- beginning ---- */

/* Whatever an output was told to leave out when it was new, it has seen since: only a new one may begin at
 * the end. */
static void mark_all_seen(const struct agent *a, struct state *s)
{
    struct fault ignored;
    for (size_t i = 0; i < a->config->output_count; i++)
        for (size_t k = 0; k < a->config->source_count; k++)
            state_mark(s, a->config->outputs[i].name, a->config->sources[k].name, &ignored);
}

static bool open_state(struct agent *a, struct fault *f)
{
    char set_aside[512];
    struct state *s = state_open(a->directory, set_aside, f);
    if (set_aside[0])
        log_error(NULL,
                  "%s; it is set aside as %s. Positions are lost: exports are read again from the beginning, "
                  "and their records keep their ids",
                  f->text, set_aside);
    if (s && set_aside[0])
        mark_all_seen(a, s);
    bool got = s && state_agent_id(s, identity_random_uuid, a->id, f);
    state_close(s);
    if (got && a->config->agent_id)
        snprintf(a->id, sizeof a->id, "%s", a->config->agent_id);
    return got;
}

static bool make_fleet(struct agent *a)
{
    struct fleet_setup setup = {a->id, a->ephemeral_id, a->host, a->once, on_news, a};
    a->fleet = fleet_new(&setup);
    return a->fleet && fleet_apply(a->fleet, a->config);
}

static int run_with_state(struct agent *a)
{
    struct fault f;
    a->lock = state_lock_take(a->directory, &f);
    if (!a->lock || !open_state(a, &f)) {
        log_error(NULL, "%s", f.text);
        return EXIT_LOCKED;
    }
    os_host_name(a->host, sizeof a->host);
    identity_random_uuid(a->ephemeral_id);
    a->status = (struct status_head){
        .agent_id = a->id, .host = a->host, .config_path = a->config_path, .started_ns = os_realtime_ns()};
    log_info(NULL, "mapitail %s, agent %s on %s", MAPITAIL_VERSION, a->id, a->host);
    if (!make_fleet(a)) {
        log_error(NULL, "cannot start: out of memory");
        fleet_free(a->fleet);
        a->fleet = NULL;
        return EXIT_SOFTWARE;
    }
    a->facts.started_ns = a->status.started_ns;
    if (!serve_metrics(a, fleet_config(a->fleet)->metrics_listen, &f))
        log_error(NULL, "%s; delivering without metrics", f.text);
    os_service_tell(OS_SERVICE_RUNS);
    loop(a);
    metrics_server_stop(a->metrics);
    return fleet_code(a->fleet);
}

int run_agent(const char *config_path, bool once)
{
    struct agent a = {.once = once, .config_path = config_path};
    struct fault f;
    os_forbid_core_dumps();
    requests.watch = os_watch_new();
    /* Before anything that takes time: a signal that nobody waits for would end the process. */
    os_on_reload(once || !requests.watch ? NULL : on_reload);
    a.config = load_config(config_path);
    if (!a.config) {
        os_watch_free(requests.watch);
        return EXIT_CONFIG;
    }
    /* What outlives the first configuration. */
    char *directory = strdup(a.config->state_directory);
    char *log_file = a.config->log_file ? strdup(a.config->log_file) : NULL;
    if (!requests.watch || !directory || (a.config->log_file && !log_file))
        return EXIT_SOFTWARE;
    a.directory = directory;
    os_on_stop(on_stop);
    struct log_options log = {.level = (enum log_level)a.config->log_level, .file = log_file};
    if (!log_open(&log, &f))
        log_error(NULL, "%s; logging to standard error", f.text);
    int code = run_with_state(&a);
    log_close();
    if (a.fleet)
        fleet_free(a.fleet);
    else
        config_free(a.config);
    state_lock_release(a.lock);
    free(directory);
    free(log_file);
    os_watch_free(requests.watch);
    return code;
}
