/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail status`. */
#include "status.h"

#include "exit_code.h"
#include "json_tree.h"
#include "os_file.h"
#include "state_lock.h"
#include "status_write.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- values ---- */

static struct sv text_of(const struct json_node *object, struct sv name)
{
    const struct json_node *n = json_node_member(object, name);
    return n && n->kind != JSON_NODE_OBJECT && n->kind != JSON_NODE_ARRAY ? n->text : SV_ABSENT;
}

static bool is_true(const struct json_node *object, struct sv name)
{
    return sv_eq(text_of(object, name), SV("true"));
}

/* ---- the table ---- */

/* Columns are keys of a source, each with the heading that stands above it. */
static const struct column {
    struct sv key;
    const char *heading;
} columns[] = {
    {SV_INIT("name"), "SOURCE"},
    {SV_INIT("read"), "READ"},
    {SV_INIT("selected"), "SELECTED"},
    {SV_INIT("delivered"), "=DELIVERED"},
    {SV_INIT("dead_lettered"), "+DEAD"},
    {SV_INIT("deduplicated"), "+COPIES"},
    {SV_INIT("in_flight"), "+IN-FLIGHT"},
    {SV_INIT("abandoned"), "+LEFT"},
    {SV_INIT("damaged_parts"), "DAMAGED"},
    {SV_INIT("vanished_bytes"), "VANISHED"},
    {SV_INIT("overwritten_events"), "OVERWRITTEN"},
    {SV_INIT("unread_bytes"), "UNREAD"},
    {SV_INIT("last_event"), "LAST EVENT"},
    {SV_INIT("last_delivery"), "LAST DELIVERY"},
};

static void print_channels(const struct json_node *sources)
{
    for (const struct json_node *s = sources ? sources->first : NULL; s; s = s->next) {
        struct sv channel = text_of(s, SV("channel")), state = text_of(s, SV("channel_state"));
        if (!sv_empty(channel))
            printf("  source %.*s: channel %.*s: %.*s\n", SV_ARG(text_of(s, SV("name"))), SV_ARG(channel),
                   SV_ARG(sv_empty(state) ? SV("not opened yet") : state));
    }
}

static void print_sources(const struct json_node *output)
{
    struct table t;
    const struct json_node *list = json_node_member(output, SV("sources"));
    table_init(&t, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        table_add(&t, sv_from(columns[i].heading));
    for (const struct json_node *s = list ? list->first : NULL; s; s = s->next)
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
            bool is_least = i == 1 && is_true(s, SV("read_is_least"));
            struct sv value = text_of(s, columns[i].key);
            table_add_marked(&t, is_least ? ">=" : "", sv_empty(value) ? SV("-") : value);
        }
    table_print(&t, stdout);
    table_free(&t);
    print_channels(list);
}

static void print_output(const struct json_node *o)
{
    struct sv notice = text_of(o, SV("notice")), fault = text_of(o, SV("state_fault"));
    printf("\noutput %.*s (%.*s, %.*s): %.*s%s%.*s\n", SV_ARG(text_of(o, SV("name"))),
           SV_ARG(text_of(o, SV("type"))), SV_ARG(text_of(o, SV("format"))), SV_ARG(text_of(o, SV("phase"))),
           sv_empty(notice) ? "" : ", ", SV_ARG(notice));
    if (!sv_empty(fault))
        printf("  positions are not saved: %.*s\n", SV_ARG(fault));
    print_sources(o);
}

static void print_table(const struct json_node *s, const struct lock_holder *holder)
{
    struct sv fault = text_of(s, SV("reload_fault"));
    printf("mapitail %.*s on %.*s, %s%s\nconfiguration %.*s, status of %.*s\n",
           SV_ARG(text_of(s, SV("version"))), SV_ARG(text_of(s, SV("host"))),
           holder->is_held ? "running as " : "not running", holder->is_held ? holder->text : "",
           SV_ARG(text_of(s, SV("configuration"))), SV_ARG(text_of(s, SV("written"))));
    if (!sv_empty(fault))
        printf("the latest reload failed: %.*s\n", SV_ARG(fault));
    const struct json_node *list = json_node_member(s, SV("outputs"));
    for (const struct json_node *o = list ? list->first : NULL; o; o = o->next)
        print_output(o);
}

/* ---- the verdict ---- */

/* A channel that cannot be read is silent as one in which nothing happens: that must not look well. */
static int judge_channels(const struct json_node *output)
{
    int code = EXIT_OK;
    const struct json_node *list = json_node_member(output, SV("sources"));
    for (const struct json_node *s = list ? list->first : NULL; s; s = s->next)
        if (sv_eq(text_of(s, SV("channels_failing")), SV("1"))) {
            fprintf(stderr, "mapitail: source %.*s is failing: channel %.*s: %.*s\n",
                    SV_ARG(text_of(s, SV("name"))), SV_ARG(text_of(s, SV("channel"))),
                    SV_ARG(text_of(s, SV("channel_state"))));
            code = EXIT_INCOMPLETE;
        }
    return code;
}

static int judge(const struct json_node *s, const struct lock_holder *holder)
{
    int code = EXIT_OK;
    const struct json_node *list = json_node_member(s, SV("outputs"));
    if (!holder->is_held) {
        fprintf(stderr, "mapitail: no agent is running with this state directory\n");
        return EXIT_INCOMPLETE;
    }
    for (const struct json_node *o = list ? list->first : NULL; o; o = o->next) {
        if (judge_channels(o) != EXIT_OK)
            code = EXIT_INCOMPLETE;
        if (!is_true(o, SV("healthy"))) {
            struct sv notice = text_of(o, SV("notice")), fault = text_of(o, SV("state_fault"));
            fprintf(stderr, "mapitail: output %.*s is failing: %.*s\n", SV_ARG(text_of(o, SV("name"))),
                    SV_ARG(is_true(o, SV("in_trouble")) || sv_empty(fault) ? notice : fault));
            code = EXIT_INCOMPLETE;
        }
    }
    return code;
}

/* The file is one object and a line feed; whether the agent runs is put in front of what is in it. */
static void print_json(struct sv text, const struct lock_holder *holder)
{
    struct sv rest = sv_slice(text, 1, text.n);
    printf("{\"running\":%s,%.*s", holder->is_held ? "true" : "false", SV_ARG(rest));
}

static int show(struct sv text, const char *path, const struct lock_holder *holder, bool json)
{
    bool replaced = false;
    struct json_tree *tree = json_tree_new();
    const struct json_node *s = tree ? json_tree_read(tree, text, &replaced) : NULL;
    int code = EXIT_INCOMPLETE;
    if (!s || s->kind != JSON_NODE_OBJECT) {
        fprintf(stderr, "mapitail: %s is no status of an agent; a running one writes it anew\n", path);
    } else {
        if (json)
            print_json(text, holder);
        else
            print_table(s, holder);
        fflush(stdout);
        code = judge(s, holder);
    }
    json_tree_free(tree);
    return code;
}

int status_show(const char *state_directory, bool json)
{
    char path[512];
    size_t n;
    struct fault f;
    struct lock_holder holder;
    snprintf(path, sizeof path, "%s/" STATUS_FILE, state_directory);
    char *text =
        state_lock_look(state_directory, &holder, &f) ? os_read_file(path, STATUS_BYTES_MAX, &n, &f) : NULL;
    if (!text) {
        fprintf(stderr, "mapitail: %s%s\n", f.text,
                os_not_found(&f) ? ": no agent has run with this state directory" : "");
        return EXIT_INCOMPLETE;
    }
    int code = show(sv_make(text, n), path, &holder, json);
    free(text);
    return code;
}
