/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a configuration again while the agent runs. */
#include "reload.h"

#include "log.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void log_messages(const char *path, const struct config_messages *messages)
{
    for (size_t i = 0; i < messages->count; i++) {
        const struct config_message *m = &messages->items[i];
        enum log_level level = m->is_warning ? LOG_WARNING : LOG_ERROR;
        if (m->line)
            log_write(level, NULL, "%s:%u:%u: %s", path, m->line, m->column, m->text);
        else
            log_write(level, NULL, "%s: %s", path, m->text);
    }
}

/* How many mistakes there are, and the first of them. */
static void sum_up(const char *path, const struct config_messages *messages, struct fault *f)
{
    size_t i = 0;
    while (i < messages->count && messages->items[i].is_warning)
        i++;
    if (i == messages->count)
        fault_set(f, FAULT_CONFIG, 0, "%s cannot be read", path);
    else if (messages->items[i].line == 0)
        fault_set(f, FAULT_CONFIG, 0, "%s: %s", path, messages->items[i].text);
    else
        fault_set(f, FAULT_CONFIG, 0, "%s has %zu mistake%s, line %u: %s", path, messages->errors,
                  messages->errors == 1 ? "" : "s", messages->items[i].line, messages->items[i].text);
}

static struct config *load(const char *path, struct fault *f)
{
    struct config_messages messages = {0};
    struct config *c = config_load(path, &messages);
    log_messages(path, &messages);
    if (!c)
        sum_up(path, &messages, f);
    config_messages_free(&messages);
    return c;
}

static void ignore_done(void *ctx, struct sink_batch *batch)
{
    (void)ctx;
    (void)batch;
}

static void ignore_notice(void *ctx, enum notice_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

static bool runs_already(const struct config *in_force, const struct config_output *o)
{
    for (size_t i = 0; i < in_force->output_count; i++)
        if (in_force->outputs[i].fingerprint == o->fingerprint &&
            same_text(in_force->outputs[i].name, o->name))
            return true;
    return false;
}

/* What only opening shows: certificates that cannot be read, libraries that are missing. */
static bool can_be_opened(const struct config_output *o, struct fault *f)
{
    struct fault why;
    struct sink_host host = {.done = ignore_done, .notice = ignore_notice};
    struct sink *s = o->sink->open(o->sink_config, &host, &why);
    if (!s)
        return fault_set(f, why.code, why.os_error, "output %s: %s", o->name, why.text);
    o->sink->close(s, 0);
    return true;
}

static bool may_follow(const struct config *c, const struct config *in_force, struct fault *f)
{
    if (strcmp(c->state_directory, in_force->state_directory) != 0)
        return fault_set(f, FAULT_CONFIG, 0, "another state directory, %s, can be taken by a restart only",
                         c->state_directory);
    if (!same_text(c->agent_id, in_force->agent_id))
        return fault_set(f, FAULT_CONFIG, 0, "another agent_id, %s, can be taken by a restart only",
                         c->agent_id ? c->agent_id : "of the state");
    for (size_t i = 0; i < c->output_count; i++)
        if (!runs_already(in_force, &c->outputs[i]) && !can_be_opened(&c->outputs[i], f))
            return false;
    return true;
}

struct config *reload_config(const char *path, const struct config *in_force, struct fault *f)
{
    struct config *c = load(path, f);
    if (!c || !may_follow(c, in_force, f)) {
        config_free(c);
        return NULL;
    }
    if (!same_text(c->log_file, in_force->log_file))
        log_warning(NULL, "log.file: another file is taken by a restart only");
    log_set_level((enum log_level)c->log_level);
    return c;
}
