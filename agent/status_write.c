/* SPDX-License-Identifier: Apache-2.0 */
/* What a running agent says of itself. */
#include "status_write.h"

#include "json_text.h"
#include "os_clock.h"
#include "os_file.h"
#include "os_process.h"
#include "source.h"
#include "wtime.h"

#include <stdio.h>

static const char *phase_name(enum output_phase phase)
{
    static const char *const names[] = {"starting", "running", "ended", "failed"};
    return names[phase];
}

/* An output delivers, or would if there were something, and can save its positions. */
static bool is_healthy(const struct output_counts *o)
{
    return o->phase != OUTPUT_FAILED && !o->in_trouble && !o->state_failed;
}

static void put_time(struct buf *b, struct sv key, int64_t ns)
{
    char text[WTIME_TEXT_MAX];
    struct wtime t = wtime_from_unix_ns(ns, 3);
    if (ns)
        json_plain_field(b, key, sv_make(text, wtime_format(&t, 3, text)));
}

static void put_bool(struct buf *b, struct sv key, bool value)
{
    buf_put(b, key);
    buf_put(b, value ? SV("true") : SV("false"));
}

static void put_counts(struct buf *b, const struct source_counts *c)
{
    json_number(b, SV(",\"read\":"), c->read);
    put_bool(b, SV(",\"read_is_least\":"), c->read_is_least);
    json_number(b, SV(",\"selected\":"), c->selected);
    json_number(b, SV(",\"delivered\":"), c->delivered);
    json_number(b, SV(",\"dead_lettered\":"), c->dead_lettered);
    json_number(b, SV(",\"deduplicated\":"), c->deduplicated);
    json_number(b, SV(",\"in_flight\":"), c->in_flight);
    json_number(b, SV(",\"abandoned\":"), c->abandoned);
    json_number(b, SV(",\"damaged_parts\":"), c->damaged_parts);
    json_number(b, SV(",\"damaged_bytes\":"), c->damaged_bytes);
    json_number(b, SV(",\"overwritten_events\":"), c->overwritten_events);
    json_number(b, SV(",\"vanished_bytes\":"), c->vanished_bytes);
    json_number(b, SV(",\"unknown_files\":"), c->unknown_files);
    json_number(b, SV(",\"unreadable_files\":"), c->unreadable_files);
    json_number(b, SV(",\"channels_failing\":"), c->channels_failing);
    json_number(b, SV(",\"files\":"), c->files);
    json_number(b, SV(",\"unread_bytes\":"), c->unread_bytes);
    put_time(b, SV(",\"last_event\":\""), c->last_event_ms * 1000000);
    put_time(b, SV(",\"last_delivery\":\""), c->last_delivery_ms * 1000000);
}

static void put_sources(struct buf *b, const struct fleet_output *o)
{
    struct json_mark list = json_open(b, SV(",\"sources\":"));
    for (size_t i = 0; i < o->config->source_count; i++) {
        if (!source_is_wanted(o->output, o->config->sources[i].name))
            continue;
        struct json_mark mark = json_open(b, SV(","));
        json_field(b, SV(",\"name\":\""), sv_from(o->config->sources[i].name));
        json_field(b, SV(",\"channel\":\""), sv_from(o->config->sources[i].channel));
        json_field(b, SV(",\"channel_state\":\""), sv_from(o->sources[i].channel));
        put_counts(b, &o->sources[i]);
        json_close(b, mark, "{}");
    }
    json_close(b, list, "[]");
}

static void put_output(void *ctx, const struct fleet_output *o)
{
    struct buf *b = ctx;
    const struct output_counts *c = &o->counts;
    struct json_mark mark = json_open(b, SV(","));
    json_field(b, SV(",\"name\":\""), sv_from(o->output->name));
    json_field(b, SV(",\"type\":\""), sv_from(o->output->sink->name));
    json_field(b, SV(",\"format\":\""), sv_from(o->output->encoder->name));
    json_field(b, SV(",\"delivered_means\":\""),
               sv_from(sink_proof_text(o->output->sink->proof(o->output->sink_config))));
    json_field(b, SV(",\"phase\":\""), sv_from(phase_name(c->phase)));
    put_bool(b, SV(",\"healthy\":"), is_healthy(c));
    put_bool(b, SV(",\"in_trouble\":"), c->in_trouble);
    json_field(b, SV(",\"notice\":\""), sv_from(c->notice));
    put_time(b, SV(",\"notice_time\":\""), c->notice_ms * 1000000);
    json_field(b, SV(",\"state_fault\":\""), sv_from(c->state_fault));
    json_number(b, SV(",\"retried\":"), c->retried);
    json_number(b, SV(",\"coverage_delivered\":"), c->coverage_delivered);
    json_number(b, SV(",\"coverage_refused\":"), c->coverage_refused);
    put_sources(b, o);
    json_close(b, mark, "{}");
}

static void put_head(struct buf *b, const struct status_head *head)
{
    json_field(b, SV(",\"version\":\""), sv_from(MAPITAIL_VERSION));
    json_field(b, SV(",\"host\":\""), sv_from(head->host));
    json_number(b, SV(",\"process\":"), os_process_id());
    json_field(b, SV(",\"agent_id\":\""), sv_from(head->agent_id));
    json_field(b, SV(",\"configuration\":\""), sv_from(head->config_path));
    put_time(b, SV(",\"started\":\""), head->started_ns);
    put_time(b, SV(",\"written\":\""), os_realtime_ns());
    json_number(b, SV(",\"reloads\":"), head->reloads);
    json_number(b, SV(",\"failed_reloads\":"), head->failed_reloads);
    json_field(b, SV(",\"reload_fault\":\""), sv_from(head->reload_fault));
}

static bool make(struct buf *to, const struct status_head *head, struct fleet *fleet)
{
    struct json_mark whole = json_open(to, SV(""));
    put_head(to, head);
    struct json_mark list = json_open(to, SV(",\"outputs\":"));
    bool all = fleet_each(fleet, put_output, to);
    json_close(to, list, "[]");
    json_close(to, whole, "{}");
    buf_putc(to, '\n');
    return all && buf_ok(to);
}

bool status_save(const char *directory, const struct status_head *head, struct fleet *fleet, struct fault *f)
{
    char path[512];
    struct buf text;
    int n = snprintf(path, sizeof path, "%s/" STATUS_FILE, directory);
    if (n < 0 || (size_t)n >= sizeof path)
        return fault_set(f, FAULT_LIMIT, 0, "the path of the state directory is too long");
    buf_init(&text, STATUS_BYTES_MAX);
    bool saved = make(&text, head, fleet) ? os_replace_file(path, 0640, text.p, text.n, f)
                                          : fault_set(f, FAULT_MEMORY, 0, "out of memory");
    buf_free(&text);
    return saved;
}
