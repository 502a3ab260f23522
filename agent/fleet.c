/* SPDX-License-Identifier: Apache-2.0 */
/* The pipelines that run, and those that are to take their place. */
#include "fleet.h"

#include "exit_code.h"
#include "log.h"
#include "os_clock.h"
#include "os_thread.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A configuration that pipelines borrow from: it goes with the last of them. */
struct generation {
    struct config *config;
    struct encode_context context;
    struct dead_letters *dead_letters; /* one for all generations that name the same file */
    size_t users;
};

enum stage {
    MEMBER_NEW, /* begins when no other of its name runs */
    MEMBER_RUNNING,
    MEMBER_LEAVING, /* told to stop: its settings are no longer in force */
    MEMBER_ENDED,   /* by itself, or with the agent: its counts are still shown */
};

struct member {
    struct member *next;
    struct generation *generation;
    const struct config_output *output;
    struct pipeline *pipeline;
    struct board *board;
    enum stage stage;
};

struct letters_file {
    struct letters_file *next;
    struct dead_letters *letters;
    char path[];
};

struct fleet {
    struct fleet_setup setup;
    struct os_mutex *lock; /* of what fleet_each reads, against the main thread's changes */
    struct member *members;
    struct generation *in_force;
    struct letters_file *files;
    bool stopping;
    int code;
};

struct fleet *fleet_new(const struct fleet_setup *setup)
{
    struct fleet *f = calloc(1, sizeof *f);
    if (!f || !(f->lock = os_mutex_new())) {
        free(f);
        return NULL;
    }
    f->setup = *setup;
    return f;
}

/* ---- generations ---- */

/* Two handles on one file would cut each other's lines after a write that failed: one per file, kept. */
static struct dead_letters *letters_for(struct fleet *f, const char *path)
{
    for (struct letters_file *l = f->files; l; l = l->next)
        if (strcmp(l->path, path) == 0)
            return l->letters;
    struct letters_file *l = malloc(sizeof *l + strlen(path) + 1);
    struct dead_letters *letters = dead_letters_new(path);
    if (!l || !letters) {
        free(l);
        dead_letters_free(letters);
        return NULL;
    }
    strcpy(l->path, path);
    l->letters = letters;
    l->next = f->files;
    f->files = l;
    return letters;
}

static struct generation *generation_new(struct fleet *f, struct config *config)
{
    struct generation *g = calloc(1, sizeof *g);
    if (!g || !(g->dead_letters = letters_for(f, config->dead_letter_file))) {
        free(g);
        return NULL;
    }
    g->config = config;
    g->context = (struct encode_context){
        .agent_id = sv_from(f->setup.agent_id),
        .agent_ephemeral_id = sv_from(f->setup.ephemeral_id),
        .agent_name = sv_from(config->agent_name ? config->agent_name : f->setup.host),
        .agent_version = sv_from(MAPITAIL_VERSION),
        .labels = config->labels,
        .tags = config->tags,
        .namespace_ = sv_from(config->namespace_),
    };
    return g;
}

static void generation_leave(struct generation *g)
{
    if (!g || --g->users)
        return;
    config_free(g->config);
    free(g);
}

/* ---- members ---- */

static struct member *member_new(struct generation *g, const struct config_output *output)
{
    struct member *m = calloc(1, sizeof *m);
    if (!m || !(m->board = board_new(g->config->source_count))) {
        free(m);
        return NULL;
    }
    m->generation = g;
    m->output = output;
    g->users++;
    return m;
}

static void member_free(struct member *m)
{
    pipeline_free(m->pipeline);
    board_free(m->board);
    generation_leave(m->generation);
    free(m);
}

static void free_list(struct member *list)
{
    while (list) {
        struct member *next = list->next;
        member_free(list);
        list = next;
    }
}

/* An output that runs already as it is to run. */
static struct member *find_same(struct fleet *f, const struct config_output *o)
{
    for (struct member *m = f->members; m; m = m->next)
        if (m->stage == MEMBER_RUNNING && m->output->fingerprint == o->fingerprint &&
            strcmp(m->output->name, o->name) == 0)
            return m;
    return NULL;
}

static bool config_has(const struct config *c, const struct member *m)
{
    for (size_t i = 0; i < c->output_count; i++)
        if (strcmp(c->outputs[i].name, m->output->name) == 0 &&
            c->outputs[i].fingerprint == m->output->fingerprint)
            return true;
    return false;
}

/* ---- putting in force ---- */

/* Members for what is new or different; false without memory. */
static bool make_members(struct fleet *f, struct generation *g, struct member **list)
{
    for (size_t i = 0; i < g->config->output_count; i++) {
        const struct config_output *o = &g->config->outputs[i];
        if (find_same(f, o))
            continue;
        struct member *m = member_new(g, o);
        if (!m)
            return false;
        *list = m;
        list = &m->next;
    }
    return true;
}

static void retire(struct fleet *f, const struct config *config)
{
    for (struct member **at = &f->members; *at;) {
        struct member *m = *at;
        if (m->stage == MEMBER_RUNNING && !config_has(config, m)) {
            log_info(NULL, "output %s: stopping, its settings have changed", m->output->name);
            m->stage = MEMBER_LEAVING;
            pipeline_stop(m->pipeline);
        }
        if (m->stage == MEMBER_NEW || m->stage == MEMBER_ENDED) {
            *at = m->next;
            member_free(m);
        } else {
            at = &m->next;
        }
    }
}

bool fleet_apply(struct fleet *f, struct config *config)
{
    struct member *list = NULL, **end = &f->members;
    struct generation *g = generation_new(f, config);
    if (!g)
        return false;
    g->users = 1; /* the fleet's own, which is the configuration that the next one is compared with */
    if (!make_members(f, g, &list)) {
        g->config = NULL;
        free_list(list);
        generation_leave(g);
        return false;
    }
    os_mutex_lock(f->lock);
    retire(f, config);
    while (*end)
        end = &(*end)->next;
    *end = list;
    generation_leave(f->in_force);
    f->in_force = g;
    os_mutex_unlock(f->lock);
    return true;
}

const struct config *fleet_config(const struct fleet *f)
{
    return f->in_force->config;
}

/* ---- moving on ---- */

static void log_counts(const char *name, const struct output_counts *o, const struct source_counts *c)
{
    log_info(NULL,
             "output %s: %" PRIu64 " records selected = %" PRIu64 " delivered + %" PRIu64
             " dead letters + %" PRIu64 " de-duplicated + %" PRIu64 " left for the next start; %" PRIu64
             " sent again; damaged parts %" PRIu64 " (%" PRIu64 " bytes), vanished unread %" PRIu64
             " bytes, overwritten unread %" PRIu64 " events",
             name, c->selected, c->delivered, c->dead_lettered, c->deduplicated, c->abandoned, o->retried,
             c->damaged_parts, c->damaged_bytes, c->vanished_bytes, c->overwritten_events);
}

/* What one output leaves as an exit code. */
static int judge(const struct fleet *f, enum pipeline_result result, const struct source_counts *c)
{
    if (result == PIPELINE_SUPERSEDED)
        return EXIT_SUPERSEDED;
    if (result == PIPELINE_FAILED)
        return EXIT_INCOMPLETE;
    if (!f->setup.once)
        return EXIT_OK;
    bool incomplete = c->damaged_parts || c->unknown_files || c->unreadable_files || c->dead_lettered ||
                      result == PIPELINE_STOPPED;
    return incomplete ? EXIT_INCOMPLETE : EXIT_OK;
}

static void see_off(struct fleet *f, struct member *m)
{
    struct output_counts output;
    struct source_counts total;
    enum pipeline_result result = pipeline_join(m->pipeline);
    board_read(m->board, &output, NULL);
    board_total(m->board, &total);
    log_counts(m->output->name, &output, &total);
    int code = judge(f, result, &total);
    f->code = code > f->code ? code : f->code;
    pipeline_free(m->pipeline);
    m->pipeline = NULL;
}

static void fail(struct fleet *f, struct member *m)
{
    log_error(NULL, "output %s: cannot start: out of memory or threads", m->output->name);
    m->stage = MEMBER_ENDED;
    f->code = EXIT_SOFTWARE;
}

static void begin(struct fleet *f, struct member *m)
{
    const struct config_output *o = m->output;
    struct generation *g = m->generation;
    struct pipeline_setup setup = {.config = g->config,
                                   .output = o,
                                   .context = &g->context,
                                   .dead_letters = g->dead_letters,
                                   .board = m->board,
                                   .once = f->setup.once,
                                   .news = f->setup.news,
                                   .news_ctx = f->setup.ctx};
    m->pipeline = pipeline_new(&setup);
    if (!m->pipeline || !pipeline_start(m->pipeline)) {
        pipeline_free(m->pipeline);
        m->pipeline = NULL;
        fail(f, m);
        return;
    }
    m->stage = MEMBER_RUNNING;
    log_info(NULL, "output %s: %s; delivered means: %s", o->name, o->sink->title,
             sink_proof_text(o->sink->proof(o->sink_config)));
}

/* The one that holds the name's positions, or a destination that exists once, must have let go of it. */
static bool must_wait(const struct fleet *f, const struct member *m)
{
    for (const struct member *o = f->members; o; o = o->next)
        if (o->stage == MEMBER_LEAVING &&
            (strcmp(o->output->name, m->output->name) == 0 ||
             (o->output->sink == m->output->sink && m->output->sink->once_only)))
            return true;
    return false;
}

static void drop_ended(struct fleet *f)
{
    for (struct member **at = &f->members; *at;) {
        struct member *m = *at;
        if (m->pipeline && pipeline_has_ended(m->pipeline)) {
            see_off(f, m);
            if (m->stage == MEMBER_LEAVING) {
                *at = m->next;
                member_free(m);
                continue;
            }
            m->stage = MEMBER_ENDED;
        }
        at = &m->next;
    }
}

bool fleet_turn(struct fleet *f)
{
    bool any = false;
    os_mutex_lock(f->lock);
    drop_ended(f);
    for (struct member *m = f->members; m; m = m->next) {
        if (m->stage == MEMBER_NEW && !f->stopping && !must_wait(f, m))
            begin(f, m);
        any |= m->stage == MEMBER_RUNNING || m->stage == MEMBER_LEAVING ||
               (m->stage == MEMBER_NEW && !f->stopping);
    }
    os_mutex_unlock(f->lock);
    return any;
}

void fleet_stop(struct fleet *f)
{
    f->stopping = true;
    for (struct member *m = f->members; m; m = m->next)
        if (m->pipeline)
            pipeline_stop(m->pipeline);
}

bool fleet_is_superseded(const struct fleet *f)
{
    return f->code == EXIT_SUPERSEDED;
}

int fleet_code(const struct fleet *f)
{
    return f->code;
}

void fleet_free(struct fleet *f)
{
    if (!f)
        return;
    free_list(f->members);
    generation_leave(f->in_force);
    for (struct letters_file *l = f->files, *next; l; l = next) {
        next = l->next;
        dead_letters_free(l->letters);
        free(l);
    }
    os_mutex_free(f->lock);
    free(f);
}

bool fleet_each(struct fleet *f, void (*visit)(void *ctx, const struct fleet_output *o), void *ctx)
{
    bool done = true;
    os_mutex_lock(f->lock);
    for (struct member *m = f->members; m && done; m = m->next) {
        struct fleet_output o = {.config = m->generation->config, .output = m->output};
        if (m->stage == MEMBER_LEAVING)
            continue;
        o.sources = calloc(o.config->source_count + 1, sizeof *o.sources);
        done = o.sources != NULL;
        if (done) {
            board_read(m->board, &o.counts, o.sources);
            o.turned_ms = m->pipeline ? pipeline_turned_ms(m->pipeline) : os_monotonic_ms();
            visit(ctx, &o);
        }
        free(o.sources);
    }
    os_mutex_unlock(f->lock);
    return done;
}
