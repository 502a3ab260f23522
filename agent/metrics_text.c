/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent counts, as Prometheus reads it. */
#include "metrics_text.h"

#include "arena.h"
#include "os_clock.h"
#include "source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 4 << 20 };

/* ---- one moment ---- */

/* An output as a whole, or one of its sources. Names are in the snapshot's memory. */
struct row {
    const char *output, *type;
    const char *source; /* NULL: the output as a whole */
    bool is_up, state_is_saved;
    uint64_t retried, coverage_delivered, coverage_refused;
    struct source_counts counts;
};

struct snapshot {
    struct arena names;
    struct row *rows;
    size_t count, room;
    bool failed;
};

static bool is_ready(const struct output_counts *o)
{
    return o->phase == OUTPUT_ENDED || (o->phase == OUTPUT_RUNNING && !o->in_trouble);
}

static struct row *add_row(struct snapshot *s)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        struct row *rows = realloc(s->rows, room * sizeof *rows);
        if (!rows)
            return NULL;
        s->rows = rows;
        s->room = room;
    }
    return &s->rows[s->count++];
}

static void add(struct snapshot *s, const struct fleet_output *o, const char *source,
                const struct source_counts *counts)
{
    struct row *row = add_row(s);
    if (!row) {
        s->failed = true;
        return;
    }
    *row = (struct row){.output = arena_cstr(&s->names, sv_from(o->output->name)),
                        .type = o->output->sink->name,
                        .is_up = is_ready(&o->counts),
                        .state_is_saved = !o->counts.state_failed,
                        .retried = o->counts.retried,
                        .coverage_delivered = o->counts.coverage_delivered,
                        .coverage_refused = o->counts.coverage_refused};
    if (counts)
        row->counts = *counts;
    row->source = source ? arena_cstr(&s->names, sv_from(source)) : NULL;
    s->failed |= !row->output || (source && !row->source);
}

static void take(void *ctx, const struct fleet_output *o)
{
    struct snapshot *s = ctx;
    add(s, o, NULL, NULL);
    for (size_t i = 0; i < o->config->source_count; i++)
        if (source_is_wanted(o->output, o->config->sources[i].name))
            add(s, o, o->config->sources[i].name, &o->sources[i]);
}

/* ---- families ---- */

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_printf(b, "# HELP %s %s\n", name, help);
    buf_printf(b, "# TYPE %s %s\n", name, type);
}

/* Names of outputs and sources hold nothing that would have to be escaped (config_is_name). */
static void sample(struct buf *b, const char *name, const struct row *row, const char *result, uint64_t value)
{
    buf_printf(b, "%s{output=\"%s\"", name, row->output);
    if (row->source)
        buf_printf(b, ",source=\"%s\"", row->source);
    if (result)
        buf_printf(b, ",result=\"%s\"", result);
    buf_printf(b, "} %" PRIu64 "\n", value);
}

/* Families with one number of each source: which field of its counts it is. */
static const struct family {
    const char *name, *type, *help;
    size_t offset;
} families[] = {
#define COUNTS(field) offsetof(struct source_counts, field)
    {"mapitail_events_read_total", "counter",
     "Events passed over or selected; formats that are searched count what was selected only.", COUNTS(read)},
    {"mapitail_records_selected_total", "counter",
     "Records selected. The sum of mapitail_records_total and mapitail_records_in_flight.", COUNTS(selected)},
    {"mapitail_records_in_flight", "gauge", "Records selected and neither delivered nor settled otherwise.",
     COUNTS(in_flight)},
    {"mapitail_damaged_parts_total", "counter", "Damaged parts of exports that were passed over.",
     COUNTS(damaged_parts)},
    {"mapitail_damaged_bytes_total", "counter", "Bytes of damaged parts.", COUNTS(damaged_bytes)},
    {"mapitail_overwritten_events_total", "counter",
     "Events of logs that were overwritten before they were read.", COUNTS(overwritten_events)},
    {"mapitail_vanished_bytes_total", "counter",
     "Bytes that were truncated, replaced or deleted before they were read.", COUNTS(vanished_bytes)},
    {"mapitail_unknown_files_total", "counter", "Files of no known format.", COUNTS(unknown_files)},
    {"mapitail_unreadable_files_total", "counter", "Failures to open or read a file, until it worked again.",
     COUNTS(unreadable_files)},
    {"mapitail_channels_failing", "gauge", "1 while the live channel of the source cannot be read.",
     COUNTS(channels_failing)},
    {"mapitail_files", "gauge", "Files that are followed.", COUNTS(files)},
    {"mapitail_unread_bytes", "gauge", "Bytes that are there and neither read nor settled.",
     COUNTS(unread_bytes)},
};

static void put_families(struct buf *b, const struct snapshot *s)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *f = &families[i];
        head(b, f->name, f->type, f->help);
        for (size_t k = 0; k < s->count; k++) {
            uint64_t value;
            memcpy(&value, (const char *)&s->rows[k].counts + f->offset, sizeof value);
            if (s->rows[k].source)
                sample(b, f->name, &s->rows[k], NULL, value);
        }
    }
}

static void put_records(struct buf *b, const struct snapshot *s)
{
    static const char name[] = "mapitail_records_total";
    head(b, name, "counter",
         "Records settled: delivered, dead_lettered, deduplicated (delivered before), or abandoned by a "
         "stop.");
    for (size_t i = 0; i < s->count; i++) {
        const struct row *row = &s->rows[i];
        if (!row->source)
            continue;
        sample(b, name, row, "delivered", row->counts.delivered);
        sample(b, name, row, "dead_lettered", row->counts.dead_lettered);
        sample(b, name, row, "deduplicated", row->counts.deduplicated);
        sample(b, name, row, "abandoned", row->counts.abandoned);
    }
}

/* Where there is no time yet, there is no sample. */
static void put_time(struct buf *b, const struct snapshot *s, const char *name, const char *help,
                     size_t offset)
{
    head(b, name, "gauge", help);
    for (size_t i = 0; i < s->count; i++) {
        int64_t ms;
        memcpy(&ms, (const char *)&s->rows[i].counts + offset, sizeof ms);
        if (s->rows[i].source && ms > 0)
            buf_printf(b, "%s{output=\"%s\",source=\"%s\"} %" PRId64 ".%03d\n", name, s->rows[i].output,
                       s->rows[i].source, ms / 1000, (int)(ms % 1000));
    }
}

static void put_outputs(struct buf *b, const struct snapshot *s)
{
    static const char up[] = "mapitail_output_up", saved[] = "mapitail_output_state_saved",
                      retried[] = "mapitail_records_retried_total",
                      coverage[] = "mapitail_coverage_records_total";
    head(b, up, "gauge",
         "1 when the output delivers, or would if there were something; 0 when it is in trouble.");
    for (size_t i = 0; i < s->count; i++)
        if (!s->rows[i].source)
            buf_printf(b, "%s{output=\"%s\",type=\"%s\"} %d\n", up, s->rows[i].output, s->rows[i].type,
                       s->rows[i].is_up);
    head(b, saved, "gauge", "1 when positions are saved; 0 when a restart would repeat records.");
    for (size_t i = 0; i < s->count; i++)
        if (!s->rows[i].source)
            sample(b, saved, &s->rows[i], NULL, s->rows[i].state_is_saved);
    head(b, retried, "counter", "Records that were submitted again.");
    for (size_t i = 0; i < s->count; i++)
        if (!s->rows[i].source)
            sample(b, retried, &s->rows[i], NULL, s->rows[i].retried);
    head(b, coverage, "counter", "Coverage records, which are counted apart from those of events.");
    for (size_t i = 0; i < s->count; i++) {
        if (s->rows[i].source)
            continue;
        sample(b, coverage, &s->rows[i], "delivered", s->rows[i].coverage_delivered);
        sample(b, coverage, &s->rows[i], "refused", s->rows[i].coverage_refused);
    }
}

static void put_agent(struct buf *b, const struct agent_facts *facts)
{
    static const char reloads[] = "mapitail_config_reloads_total";
    head(b, "mapitail_build_info", "gauge", "1, with the version of the program.");
    buf_printf(b, "mapitail_build_info{version=\"%s\"} 1\n", MAPITAIL_VERSION);
    head(b, "mapitail_start_time_seconds", "gauge", "When the agent was started, since 1970.");
    buf_printf(b, "mapitail_start_time_seconds %" PRId64 ".%03d\n", facts->started_ns / 1000000000,
               (int)(facts->started_ns / 1000000 % 1000));
    head(b, reloads, "counter", "Reloads of the configuration.");
    buf_printf(b, "%s{result=\"applied\"} %llu\n", reloads, atomic_load(&facts->reloads_applied));
    buf_printf(b, "%s{result=\"refused\"} %llu\n", reloads, atomic_load(&facts->reloads_refused));
    head(b, "mapitail_config_last_reload_successful", "gauge", "0 when the latest reload was refused.");
    buf_printf(b, "mapitail_config_last_reload_successful %d\n", !atomic_load(&facts->last_reload_refused));
}

bool metrics_make(struct buf *to, const struct agent_facts *facts, struct fleet *fleet)
{
    struct snapshot s = {0};
    arena_init(&s.names, NAMES_MAX);
    bool taken = fleet_each(fleet, take, &s) && !s.failed;
    if (taken) {
        put_agent(to, facts);
        put_outputs(to, &s);
        put_families(to, &s);
        put_records(to, &s);
        put_time(to, &s, "mapitail_last_event_timestamp_seconds",
                 "Time of the event selected last, since 1970.",
                 offsetof(struct source_counts, last_event_ms));
        put_time(to, &s, "mapitail_last_delivery_timestamp_seconds",
                 "When the latest proof of delivery came.", offsetof(struct source_counts, last_delivery_ms));
    }
    arena_free(&s.names);
    free(s.rows);
    return taken && buf_ok(to);
}

/* ---- health and readiness ---- */

struct question {
    struct buf *to;
    bool yes;
};

static void ask_health(void *ctx, const struct fleet_output *o)
{
    struct question *q = ctx;
    int64_t ago = os_monotonic_ms() - o->turned_ms;
    if (o->counts.phase != OUTPUT_RUNNING || ago <= HANGS_AFTER_MS)
        return;
    q->yes = false;
    buf_printf(q->to, "output %s: has not turned for %" PRId64 " s\n", o->output->name, ago / 1000);
}

bool health_make(struct buf *to, struct fleet *fleet)
{
    struct question q = {to, true};
    bool asked = fleet_each(fleet, ask_health, &q);
    if (asked && q.yes)
        buf_lit(to, "ok\n");
    return asked && q.yes;
}

static void ask_readiness(void *ctx, const struct fleet_output *o)
{
    struct question *q = ctx;
    if (is_ready(&o->counts))
        return;
    q->yes = false;
    buf_printf(q->to, "output %s: %s\n", o->output->name,
               o->counts.phase == OUTPUT_STARTING ? "starting" : o->counts.notice);
}

bool readiness_make(struct buf *to, struct fleet *fleet)
{
    struct question q = {to, true};
    bool asked = fleet_each(fleet, ask_readiness, &q);
    if (asked && q.yes)
        buf_lit(to, "ok\n");
    return asked && q.yes;
}
