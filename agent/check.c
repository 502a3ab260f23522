/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail check`: every mistake of the configuration, and what each output's proof of delivery proves. */
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

int check_config(const char *config_path, bool connect)
{
    os_forbid_core_dumps();
    struct config *c = load_config(config_path);
    int code = EXIT_OK;
    if (!c)
        return EXIT_CONFIG;
    for (size_t i = 0; i < c->output_count; i++) {
        struct config_output *o = &c->outputs[i];
        printf("output %s: %s, format %s; delivered means: %s\n", o->name, o->sink->title, o->encoder->name,
               sink_proof_text(o->sink->proof(o->sink_config)));
        if (connect && !reach(o))
            code = EXIT_INCOMPLETE;
    }
    printf("%s: %s\n", config_path,
           code == EXIT_OK ? "ok" : "the configuration is right, not every output can be reached");
    config_free(c);
    return code;
}
