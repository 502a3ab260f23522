/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail replay`. */
#include "replay.h"

#include "exit_code.h"
#include "load.h"
#include "os_process.h"
#include "replay_lane.h"
#include "replay_marks.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    const struct replay_options *options;
    struct config *config;
    struct letter_reader *reader;
    struct replay_marks *marks;
    struct replay_lane **lanes; /* by output; NULL: not needed yet */
    struct table table;         /* of --list */
    uint64_t chosen, delivered, delivered_before, refused, left, damaged;
    bool failed; /* the marks cannot be written: what is sent now would be sent again */
};

/* A signal handler has no other way to reach it. */
static volatile sig_atomic_t stop_requested;

static void on_stop(void)
{
    stop_requested = 1;
}

/* ---- what became of a letter ---- */

static void say_left(struct replay *r, const struct letter *l, const char *why)
{
    r->left++;
    fprintf(stderr, "line %" PRIu64 ", event %.*s: not sent: %s\n", l->number, SV_ARG(l->event_id), why);
}

static void told(void *ctx, const struct letter *l, enum item_result result, const char *reason)
{
    struct replay *r = ctx;
    switch (result) {
    case ITEM_DELIVERED:
        r->delivered++;
        if (!replay_marks_add(r->marks, l))
            r->failed = true;
        break;
    case ITEM_REJECTED:
        r->refused++;
        fprintf(stderr, "line %" PRIu64 ", event %.*s: refused again: %s\n", l->number, SV_ARG(l->event_id),
                reason ? reason : "no reason given");
        break;
    case ITEM_PENDING:
    case ITEM_RETRY:
        say_left(r, l, reason);
        break;
    }
}

/* ---- sending ---- */

static size_t find_output(const struct config *c, struct sv name)
{
    size_t i = 0;
    while (i < c->output_count && !sv_eq(sv_from(c->outputs[i].name), name))
        i++;
    return i;
}

static struct replay_lane *lane_of(struct replay *r, size_t i)
{
    struct fault f;
    const struct config_output *o = &r->config->outputs[i];
    if (r->lanes[i])
        return r->lanes[i];
    r->lanes[i] = replay_lane_new(o, told, r, &f);
    if (!r->lanes[i])
        fprintf(stderr, "mapitail: output %s: %s\n", o->name, f.text);
    return r->lanes[i];
}

static void send_lane(struct replay *r, struct replay_lane *lane)
{
    struct fault f;
    replay_lane_send(lane, r->failed ? 0 : REPLAY_PATIENCE_MS, &stop_requested);
    if (replay_marks_save(r->marks, &f))
        return;
    r->failed = true;
    fprintf(stderr, "mapitail: %s; what was delivered just now would be sent again by another replay\n",
            f.text);
}

static void send_letter(struct replay *r, const struct letter *l)
{
    size_t i = find_output(r->config, l->output);
    if (i == r->config->output_count) {
        say_left(r, l, "the configuration has no output of its name");
        return;
    }
    if (sv_empty(l->message)) {
        say_left(r, l,
                 "the file holds no message of it; its file and offset tell where it is to be read again");
        return;
    }
    struct replay_lane *lane = lane_of(r, i);
    if (!lane) {
        say_left(r, l, "its output cannot be opened");
        return;
    }
    if (replay_lane_add(lane, l))
        return;
    send_lane(r, lane);
    if (!replay_lane_add(lane, l))
        say_left(r, l, "out of memory");
}

/* ---- choosing ---- */

static bool is_chosen(const struct replay_options *o, const struct letter *l)
{
    return l->number >= o->first && l->number <= o->last &&
           (!o->output || sv_eq(l->output, sv_from(o->output))) &&
           (!o->id || sv_ieq(l->event_id, sv_from(o->id)));
}

static void add_to_list(struct replay *r, const struct letter *l, bool was_delivered)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRIu64, l->number);
    table_add(&r->table, sv_from(number));
    table_add(&r->table, l->time);
    table_add(&r->table, l->output);
    table_add(&r->table, sv_empty(l->event_id) ? SV("-") : l->event_id);
    table_add(&r->table, was_delivered ? SV("yes") : SV("no"));
    table_add(&r->table, l->reason);
}

static void see_to(struct replay *r, const struct letter *l)
{
    bool was_delivered = replay_marks_have(r->marks, l);
    r->chosen++;
    if (r->options->list)
        add_to_list(r, l, was_delivered);
    else if (was_delivered && !r->options->again)
        r->delivered_before++;
    else
        send_letter(r, l);
}

static void read_letters(struct replay *r)
{
    struct letter l;
    for (enum letter_kind kind; !stop_requested && !r->failed &&
                                (kind = letter_reader_next(r->reader, &l)) != LETTER_END &&
                                l.number <= r->options->last;) {
        if (kind == LETTER_DAMAGED && l.number >= r->options->first) {
            r->damaged++;
            fprintf(stderr, "line %" PRIu64 " is no dead letter\n", l.number);
        } else if (kind == LETTER_READ && is_chosen(r->options, &l)) {
            see_to(r, &l);
        }
    }
    for (size_t i = 0; i < r->config->output_count; i++)
        if (r->lanes[i])
            send_lane(r, r->lanes[i]);
}

/* ---- the command ---- */

static int report(struct replay *r)
{
    if (r->options->list) {
        table_print(&r->table, stdout);
        return r->damaged ? EXIT_INCOMPLETE : EXIT_OK;
    }
    printf("%" PRIu64 " dead letters = %" PRIu64 " delivered + %" PRIu64
           " delivered by an earlier replay + %" PRIu64 " refused again + %" PRIu64 " not sent; %" PRIu64
           " unreadable lines\n",
           r->chosen, r->delivered, r->delivered_before, r->refused, r->left, r->damaged);
    if (r->options->id && !r->chosen)
        fprintf(stderr, "mapitail: no dead letter of event %s is there\n", r->options->id);
    bool incomplete =
        r->refused || r->left || r->damaged || r->failed || stop_requested || (r->options->id && !r->chosen);
    return incomplete ? EXIT_INCOMPLETE : EXIT_OK;
}

static int run(struct replay *r)
{
    static const char *const headings[] = {"LINE", "TIME", "OUTPUT", "EVENT", "REPLAYED", "REASON"};
    r->lanes = calloc(r->config->output_count, sizeof *r->lanes);
    if (!r->lanes)
        return EXIT_SOFTWARE;
    table_init(&r->table, sizeof headings / sizeof *headings);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_add(&r->table, sv_from(headings[i]));
    read_letters(r);
    return report(r);
}

static int open_and_run(struct replay *r)
{
    struct fault f;
    bool is_held = false;
    const char *file = r->options->file ? r->options->file : r->config->dead_letter_file;
    r->reader = letter_reader_open(file, &f);
    if (r->reader)
        r->marks = replay_marks_open(file, r->options->list, &is_held, &f);
    if (r->marks)
        return run(r);
    fprintf(stderr, "mapitail: %s\n", f.text);
    return is_held ? EXIT_LOCKED : EXIT_INCOMPLETE;
}

int replay_run(const struct replay_options *o)
{
    struct replay r = {.options = o, .config = load_config(o->config_path)};
    if (!r.config)
        return EXIT_CONFIG;
    os_on_stop(on_stop);
    int code = open_and_run(&r);
    for (size_t i = 0; r.lanes && i < r.config->output_count; i++)
        replay_lane_free(r.lanes[i]);
    free(r.lanes);
    table_free(&r.table);
    replay_marks_close(r.marks);
    letter_reader_close(r.reader);
    config_free(r.config);
    return code;
}
