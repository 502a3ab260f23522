/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail check`: every mistake of the configuration, and what each output's proof of delivery proves. */
#include "channel.h"
#include "load.h"
#include "os_process.h"
#include "run.h"
#include "sink.h"

#include <stdio.h>

enum { CONNECT_TIMEOUT_MS = 10000 };

static void ignore_done(void *ctx, struct sink_batch *batch)
{
    (void)ctx;
    (void)batch;
}

static void print_notice(void *ctx, enum notice_level level, const char *text)
{
    const struct config_output *o = ctx;
    if (level != NOTICE_INFO)
        printf("output %s: note: %s\n", o->name, text);
}

/* The context is only read. */
static struct sink_host host_for(struct config_output *o)
{
    return (struct sink_host){.ctx = o, .done = ignore_done, .notice = print_notice};
}

static bool reach(struct config_output *o)
{
    struct fault f = {0};
    struct sink_host host = host_for(o);
    struct sink *s = o->sink->open(o->sink_config, &host, &f);
    bool reached = s && (!o->sink->check || o->sink->check(s, CONNECT_TIMEOUT_MS, &f));
    if (reached)
        printf("output %s: %s\n", o->name, o->sink->check ? "reached" : "nothing to connect to");
    else
        printf("output %s: error: %s\n", o->name, f.text);
    if (s)
        o->sink->close(s, 1000);
    return reached;
}

static void ignore_news(void *ctx)
{
    (void)ctx;
}

/* What every system says without being asked is whether it has channels at all. */
static bool check_channel(const struct config *c, const struct config_source *s, bool connect)
{
    struct fault f = {0};
    struct channel_setup setup = {.name = s->channel,
                                  .query = s->query,
                                  .selector = &c->selector,
                                  .from_end = true,
                                  .news = ignore_news};
    bool good = connect ? channel_try(&setup, &f) : os_channel_is_supported(&f);
    if (good)
        printf("source %s: live channel %s%s\n", s->name, s->channel, connect ? ", it can be read" : "");
    else
        printf("source %s: error: channel %s: %s\n", s->name, s->channel, f.text);
    return good;
}

static bool check_channels(const struct config *c, bool connect)
{
    bool good = true;
    for (size_t i = 0; i < c->source_count; i++)
        good &= !c->sources[i].channel || check_channel(c, &c->sources[i], connect);
    return good;
}

int check_config(const char *config_path, bool connect)
{
    os_forbid_core_dumps();
    struct config *c = load_config(config_path);
    if (!c)
        return EXIT_CONFIG;
    int code = check_channels(c, connect) ? EXIT_OK : EXIT_INCOMPLETE;
    for (size_t i = 0; i < c->output_count; i++) {
        struct config_output *o = &c->outputs[i];
        printf("output %s: %s, format %s; delivered means: %s\n", o->name, o->sink->title, o->encoder->name,
               sink_proof_text(o->sink->proof(o->sink_config)));
        if (connect && !reach(o))
            code = EXIT_INCOMPLETE;
    }
    printf("%s: %s\n", config_path,
           code == EXIT_OK ? "ok"
                           : "the configuration is right, not everything that it names can be reached");
    config_free(c);
    return code;
}
