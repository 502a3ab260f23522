/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline opens before it turns: state, de-duplication, files, batches, the sink. */
#include "pipeline_inner.h"

#include "log.h"
#include "os_clock.h"
#include "recall.h"

#include <inttypes.h>
#include <stdio.h>

size_t output_message_max(const struct config_output *o)
{
    size_t max = o->max_bytes > 0 ? (size_t)o->max_bytes : MESSAGE_BYTES_MAX;
    size_t sink_max = o->sink->max_message ? o->sink->max_message(o->sink_config) : 0;
    return sink_max && sink_max < max ? sink_max : max;
}

static struct encode_context output_context(const struct pipeline *p)
{
    const struct config_output *o = p->setup.output;
    struct encode_context c = *p->setup.context;
    c.original = (enum original_policy)o->original;
    c.diag_context = o->diag_context;
    c.facility = (unsigned)o->facility;
    c.enterprise_number = sv_from(o->enterprise_number);
    c.bom = o->bom;
    c.max_bytes = output_message_max(o);
    return c;
}

/* Says why there will be no pipeline, in the log and on the board. */
static bool cannot_begin(struct pipeline *p, const char *why)
{
    log_error(p->subject, "%s", why);
    pipeline_note_health(p, true, why);
    return false;
}

static bool open_state(struct pipeline *p)
{
    struct fault f;
    p->state = state_join(p->setup.config->state_directory, &f);
    return p->state != NULL || cannot_begin(p, f.text);
}

static bool open_dedup(struct pipeline *p)
{
    struct fault f;
    const struct config_output *o = p->setup.output;
    struct dedup_limits limits = {o->deduplicate_age_ms, (size_t)o->deduplicate_count};
    if (!o->deduplicate)
        return true;
    p->dedup = dedup_new(p->state, o->name, &limits, &f);
    if (!p->dedup)
        return cannot_begin(p, f.text);
    log_debug(p->subject, "%" PRIu64 " delivered ids are known", dedup_count(p->dedup));
    return true;
}

static bool open_coverage(struct pipeline *p)
{
    struct wtime now = wtime_from_unix_ns(os_realtime_ns(), 3);
    const struct config *c = p->setup.config;
    if (c->coverage_interval_ms == 0 || !p->setup.output->coverage)
        return true;
    p->coverage = coverage_new(c, p->setup.output, p->setup.context->agent_name, &now, os_monotonic_ms());
    return p->coverage || cannot_begin(p, "out of memory");
}

/* Which sinks carry positions is a matter of their settings. */
static bool open_publisher(struct pipeline *p)
{
    char scope[160];
    struct fault f;
    const struct config_output *o = p->setup.output;
    if (!p->ops->carries_positions || !p->ops->carries_positions(o->sink_config)) {
        state_unmark(p->state, o->name, RECALL_MARK, &f);
        return true;
    }
    snprintf(scope, sizeof scope, "%.*s/%s/", SV_ARG(p->setup.context->agent_id), o->name);
    p->publisher = publisher_new(scope, o->name);
    return p->publisher != NULL || cannot_begin(p, "out of memory");
}

bool pipeline_open(struct pipeline *p)
{
    struct fault f;
    struct encode_context context = output_context(p);
    if (!open_state(p) || !open_dedup(p) || !open_coverage(p) || !open_publisher(p))
        return false;
    p->tail_context =
        (struct tail_context){.output = p->setup.output->name,
                              .subject = p->subject,
                              .state = p->state,
                              .selector = &p->setup.config->selector,
                              .sources = p->setup.config->sources,
                              .counts = p->source_counts,
                              .open_files = &p->open_files,
                              .coverage = p->coverage,
                              .watch = p->watch,
                              .publisher = p->publisher,
                              .was_carried = state_marked(p->state, p->setup.output->name, RECALL_MARK)};
    p->files = source_set_new(p->setup.config, p->setup.output, &p->tail_context, p->watch);
    for (size_t i = 0; i < BATCHES; i++)
        if (!(p->batches[i] = batch_new()))
            return cannot_begin(p, "out of memory");
    if (!p->files || !shape_init(&p->shape, p->setup.output->encoder, &context))
        return cannot_begin(p, "out of memory");
    p->host.scope = p->publisher ? publisher_scope(p->publisher) : NULL;
    p->sink = p->ops->open(p->setup.output->sink_config, &p->host, &f);
    return p->sink != NULL || cannot_begin(p, f.text);
}
