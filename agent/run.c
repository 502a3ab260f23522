/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail run`: one pipeline per output, until a stop request. */
#include "run.h"

#include "identity.h"
#include "load.h"
#include "log.h"
#include "os_clock.h"
#include "os_process.h"
#include "os_watch.h"
#include "pipeline.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENDED_POLL_MS = 20, AGENT_ID_MAX = 64 };

/* A signal handler has no other way to reach what it is to stop. */
static struct {
    struct os_watch *watch;
    volatile sig_atomic_t stop;
} requests;

static void on_stop(void)
{
    requests.stop = 1;
    os_watch_wake(requests.watch);
}

struct agent {
    struct config *config;
    struct os_file *lock;
    struct dead_letters *dead_letters;
    struct pipeline **pipelines;
    struct encode_context context;
    char host[256];
    char id[AGENT_ID_MAX + 1], ephemeral_id[RECORD_ID_TEXT];
    bool once;
};

static bool lock_state(struct agent *a, struct fault *f)
{
    char path[512];
    const char *directory = a->config->state_directory;
    if (!os_make_directories(directory, 0700, f))
        return false;
    if ((size_t)snprintf(path, sizeof path, "%s/lock", directory) >= sizeof path)
        return fault_set(f, FAULT_LIMIT, 0, "the path of the state directory is too long");
    a->lock = os_file_append(path, 0600, f);
    if (!a->lock)
        return false;
    struct fault held;
    if (os_file_lock(a->lock, &held))
        return true;
    return fault_set(f, FAULT_OS, held.os_error, "the state directory %s is in use by another mapitail",
                     directory);
}

static bool read_agent_id(struct agent *a, struct fault *f)
{
    char set_aside[512];
    struct state *s = state_open(a->config->state_directory, set_aside, f);
    if (set_aside[0])
        log_error(NULL,
                  "the state was damaged and is set aside as %s; positions are lost, exports are read again "
                  "from the "
                  "beginning and their records keep their ids",
                  set_aside);
    bool got = s && state_agent_id(s, identity_random_uuid, a->id, f);
    state_close(s);
    if (got && a->config->agent_id)
        snprintf(a->id, sizeof a->id, "%s", a->config->agent_id);
    return got;
}

static void make_context(struct agent *a)
{
    const struct config *c = a->config;
    os_host_name(a->host, sizeof a->host);
    identity_random_uuid(a->ephemeral_id);
    a->context = (struct encode_context){
        .agent_id = sv_from(a->id),
        .agent_ephemeral_id = sv_from(a->ephemeral_id),
        .agent_name = sv_from(c->agent_name ? c->agent_name : a->host),
        .agent_version = sv_from(MAPITAIL_VERSION),
        .labels = c->labels,
        .tags = c->tags,
        .namespace_ = sv_from(c->namespace_),
    };
}

static char *dead_letter_path(const struct config *c)
{
    static const char name[] = "/dead-letter.ndjson";
    size_t n = strlen(c->state_directory) + sizeof name;
    char *path = malloc(c->dead_letter_file ? strlen(c->dead_letter_file) + 1 : n);
    if (path && c->dead_letter_file)
        strcpy(path, c->dead_letter_file);
    else if (path)
        snprintf(path, n, "%s%s", c->state_directory, name);
    return path;
}

static bool start_pipelines(struct agent *a)
{
    char *path = dead_letter_path(a->config);
    a->dead_letters = path ? dead_letters_new(path) : NULL;
    free(path);
    a->pipelines = calloc(a->config->output_count, sizeof *a->pipelines);
    if (!a->dead_letters || !a->pipelines)
        return false;
    for (size_t i = 0; i < a->config->output_count; i++) {
        const struct config_output *o = &a->config->outputs[i];
        struct pipeline_setup setup = {a->config, o, &a->context, a->dead_letters, a->once};
        a->pipelines[i] = pipeline_new(&setup);
        if (!a->pipelines[i] || !pipeline_start(a->pipelines[i]))
            return false;
        log_info(NULL, "output %s: %s; delivered means: %s", o->name, o->sink->title,
                 sink_proof_text(o->sink->proof(o->sink_config)));
    }
    return true;
}

static bool all_ended(const struct agent *a)
{
    for (size_t i = 0; i < a->config->output_count; i++)
        if (a->pipelines[i] && !pipeline_has_ended(a->pipelines[i]))
            return false;
    return true;
}

static bool any_superseded(const struct agent *a)
{
    for (size_t i = 0; i < a->config->output_count; i++)
        if (a->pipelines[i] && pipeline_is_superseded(a->pipelines[i]))
            return true;
    return false;
}

static void wait_for_the_end(struct agent *a)
{
    while (!requests.stop && !all_ended(a) && !any_superseded(a))
        os_watch_wait(requests.watch, a->once ? ENDED_POLL_MS : 1000);
    if (requests.stop)
        log_info(NULL, "stopping");
    for (size_t i = 0; i < a->config->output_count; i++)
        if (a->pipelines[i])
            pipeline_stop(a->pipelines[i]);
    int64_t until = os_monotonic_ms() + STOP_LIMIT_MS;
    while (!all_ended(a) && os_monotonic_ms() < until)
        os_sleep_ms(5);
    if (all_ended(a))
        return;
    /* A thread that hangs in a call of the system cannot be helped; positions on disk are true, so leaving is
     * safe. */
    log_error(NULL,
              "an output did not stop in time; leaving without it, what it had in flight is sent again");
    log_close();
    _Exit(EXIT_INCOMPLETE);
}

static void log_counts(const char *name, const struct pipeline_counts *c)
{
    log_info(NULL,
             "output %s: %" PRIu64 " records selected = %" PRIu64 " delivered + %" PRIu64
             " dead letters + %" PRIu64 " de-duplicated + %" PRIu64 " left for the next start; %" PRIu64
             " sent again; damaged parts %" PRIu64 " (%" PRIu64 " bytes), vanished unread %" PRIu64
             " bytes, overwritten unread %" PRIu64 " events",
             name, c->selected, c->delivered, c->dead_lettered, c->deduplicated, c->abandoned, c->retried,
             c->files.damaged_parts, c->files.damaged_bytes, c->files.vanished_bytes,
             c->files.overwritten_events);
}

/* What one output leaves as an exit code. */
static int judge(const struct agent *a, enum pipeline_result result, const struct pipeline_counts *c)
{
    if (result == PIPELINE_SUPERSEDED)
        return EXIT_SUPERSEDED;
    if (result == PIPELINE_FAILED)
        return EXIT_INCOMPLETE;
    if (!a->once)
        return EXIT_OK;
    bool incomplete = c->files.damaged_parts || c->files.unknown_files || c->files.unreadable_files ||
                      c->dead_lettered || result == PIPELINE_STOPPED;
    return incomplete ? EXIT_INCOMPLETE : EXIT_OK;
}

static int end_pipelines(struct agent *a)
{
    int code = EXIT_OK;
    for (size_t i = 0; i < a->config->output_count; i++) {
        struct pipeline_counts counts;
        if (!a->pipelines[i]) {
            code = EXIT_SOFTWARE;
            continue;
        }
        enum pipeline_result result = pipeline_join(a->pipelines[i], &counts);
        log_counts(a->config->outputs[i].name, &counts);
        int one = judge(a, result, &counts);
        code = one > code ? one : code;
        pipeline_free(a->pipelines[i]);
    }
    free(a->pipelines);
    return code;
}

static int run_with_state(struct agent *a)
{
    struct fault f;
    if (!lock_state(a, &f) || !read_agent_id(a, &f)) {
        log_error(NULL, "%s", f.text);
        return EXIT_LOCKED;
    }
    make_context(a);
    log_info(NULL, "mapitail %s, agent %s on %s", MAPITAIL_VERSION, a->id, a->host);
    if (!start_pipelines(a)) {
        log_error(NULL, "cannot start: out of memory or threads");
        requests.stop = 1;
    }
    int code = EXIT_SOFTWARE;
    if (a->pipelines) {
        wait_for_the_end(a);
        code = end_pipelines(a);
    }
    dead_letters_free(a->dead_letters);
    return code;
}

int run_agent(const char *config_path, bool once)
{
    struct agent a = {.once = once};
    struct fault f;
    a.config = load_config(config_path);
    if (!a.config)
        return EXIT_CONFIG;
    requests.watch = os_watch_new();
    if (!requests.watch)
        return EXIT_SOFTWARE;
    os_on_stop(on_stop);
    struct log_options log = {.level = (enum log_level)a.config->log_level, .file = a.config->log_file};
    if (!log_open(&log, &f))
        log_error(NULL, "%s; logging to standard error", f.text);
    int code = run_with_state(&a);
    log_close();
    os_file_close(a.lock);
    config_free(a.config);
    os_watch_free(requests.watch);
    return code;
}
