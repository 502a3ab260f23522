/* SPDX-License-Identifier: Apache-2.0 */
/* `mapitail state`. */
#include "state_command.h"

#include "exit_code.h"
#include "export.h"
#include "recall.h"
#include "registry.h"
#include "state.h"
#include "state_lock.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int complain(const struct fault *f, int code)
{
    fprintf(stderr, "mapitail: %s\n", f->text);
    return code;
}

/* A directory in which no agent has run is a mistake here, and must not be made. */
static struct state *join(const char *directory, struct fault *f)
{
    struct os_file_info info;
    char path[512];
    snprintf(path, sizeof path, "%s/state.db", directory);
    if (!os_path_info(path, &info, f))
        return NULL;
    return state_join(directory, f);
}

/* ---- list ---- */

static void add_number(struct table *t, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    table_add(t, sv_from(text));
}

static bool is_channel(const struct state_entry *e)
{
    return strcmp(e->file.parser, "channel") == 0;
}

static void list_entry(void *ctx, const struct state_entry *e)
{
    struct table *t = ctx;
    struct os_file_info info;
    struct fault ignored;
    bool is_there = os_path_info(e->path, &info, &ignored) && os_file_id_eq(info.id, e->file.id);
    table_add(t, sv_from(e->output));
    table_add(t, sv_from(*e->file.parser ? e->file.parser : "-"));
    add_number(t, e->file.position.offset);
    if (is_there)
        add_number(t, info.size);
    else
        table_add(t, is_channel(e) ? SV("-") : SV("gone"));
    add_number(t, e->file.position.record);
    table_add(t, sv_from(e->saved));
    table_add(t, sv_from(e->path));
}

int state_list(const char *directory, const char *output)
{
    static const char *const headings[] = {"OUTPUT", "FORMAT", "OFFSET", "SIZE", "RECORD", "SAVED", "FILE"};
    enum { COLUMNS = sizeof headings / sizeof *headings };
    struct fault f;
    struct table t;
    struct state *s = join(directory, &f);
    if (!s)
        return complain(&f, EXIT_INCOMPLETE);
    table_init(&t, COLUMNS);
    for (size_t i = 0; i < COLUMNS; i++)
        table_add(&t, sv_from(headings[i]));
    bool listed = state_each_file(s, output, list_entry, &t, &f);
    if (listed)
        table_print(&t, stdout);
    if (listed && output)
        printf("\n%" PRIu64 " delivered ids are remembered for output %s\n", state_count_ids(s, output),
               output);
    table_free(&t);
    state_close(s);
    return listed ? EXIT_OK : complain(&f, EXIT_INCOMPLETE);
}

/* ---- what is to be changed ---- */

struct chosen {
    const char *path; /* NULL: every file of the output */
    struct os_file_id id;
    bool has_id; /* path exists: it is known by what it is, whatever name it was saved under */
    struct state_entry *entries;
    size_t count;
    uint64_t forgotten_ids;
    bool is_carried; /* the destination keeps the positions too */
    bool failed;
};

static void choose(void *ctx, const struct state_entry *e)
{
    struct chosen *c = ctx;
    if (c->path && strcmp(e->path, c->path) != 0 && !(c->has_id && os_file_id_eq(e->file.id, c->id)))
        return;
    struct state_entry *entries = realloc(c->entries, (c->count + 1) * sizeof *entries);
    char *path = strdup(e->path);
    if (entries)
        c->entries = entries;
    if (!entries || !path) {
        free(path);
        c->failed = true;
        return;
    }
    c->entries[c->count] = *e;
    c->entries[c->count++].path = path;
}

static void free_chosen(struct chosen *c)
{
    for (size_t i = 0; i < c->count; i++)
        free((char *)(uintptr_t)c->entries[i].path);
    free(c->entries);
}

static bool choose_files(struct state *s, const char *output, const char *path, struct chosen *c,
                         struct fault *f)
{
    struct os_file_info info;
    struct fault ignored;
    *c = (struct chosen){.path = path};
    if (path && os_path_info(path, &info, &ignored)) {
        c->id = info.id;
        c->has_id = true;
    }
    if (!state_each_file(s, output, choose, c, f))
        return false;
    if (c->failed)
        return fault_set(f, FAULT_MEMORY, 0, "out of memory");
    if (c->count)
        return true;
    return fault_set(f, FAULT_CONFIG, 0,
                     path ? "output %s has no saved position of %s" : "output %s has no saved position",
                     output, path);
}

/* ---- rewind ---- */

/* The end of a file is what its format says. */
static bool find_end(const struct state_entry *e, struct position *end, struct fault *f)
{
    struct export x;
    const struct parser_ops *ops = registry_parser(e->file.parser);
    if (is_channel(e))
        return fault_set(f, FAULT_CONFIG, 0,
                         "%s is a live channel, which goes back to its beginning only: say begin", e->path);
    struct os_file *file = os_file_open(e->path, f);
    if (!file)
        return false;
    export_init(&x, file);
    bool found = export_refresh(&x, f) &&
                 (ops || fault_set(f, FAULT_UNSUPPORTED, 0, "%s: its format is not known yet", e->path)) &&
                 ops->end(&x.input, end, f);
    export_close(&x);
    return found;
}

/* Event logs are followed by record numbers: a place in bytes says nothing there. */
static bool is_event_log(const struct state_entry *e)
{
    return strcmp(e->file.parser, "evtx") == 0 || strcmp(e->file.parser, "evt") == 0;
}

static bool find_offset(const struct state_entry *e, uint64_t offset, struct position *at, struct fault *f)
{
    struct os_file_info info;
    if (is_channel(e))
        return fault_set(f, FAULT_CONFIG, 0, "%s is a live channel, which has no place in bytes: say begin",
                         e->path);
    if (is_event_log(e))
        return fault_set(f, FAULT_CONFIG, 0,
                         "%s is an event log, which has no place in bytes: say begin or end", e->path);
    if (!os_path_info(e->path, &info, f))
        return false;
    if (offset > info.size)
        return fault_set(f, FAULT_CONFIG, 0, "%s has %" PRIu64 " bytes only", e->path, info.size);
    *at = (struct position){.offset = offset};
    return true;
}

static bool new_position(const struct state_entry *e, const char *to, struct position *at, struct fault *f)
{
    uint64_t offset;
    *at = (struct position){0};
    if (strcmp(to, "begin") == 0)
        return true;
    if (strcmp(to, "end") == 0)
        return find_end(e, at, f);
    if (!sv_to_u64(sv_from(to), &offset))
        return fault_set(f, FAULT_CONFIG, 0, "a position is begin, end or a number of bytes, not %s", to);
    return find_offset(e, offset, at, f);
}

static bool move(struct state *s, const char *output, struct state_entry *e, const char *to, bool *went_back,
                 struct fault *f)
{
    struct position was = e->file.position;
    if (!new_position(e, to, &e->file.position, f))
        return false;
    *went_back |=
        is_event_log(e) ? e->file.position.record < was.record : e->file.position.offset < was.offset;
    return state_put(s, output, &e->file, e->path, f);
}

static bool rewind_files(struct state *s, const char *output, struct chosen *c, const char *to,
                         struct fault *f)
{
    bool went_back = false;
    if (state_marked(s, output, RECALL_MARK))
        return fault_set(f, FAULT_CONFIG, 0,
                         "the destination of output %s keeps its positions and goes by them: an output with "
                         "a new name delivers everything again",
                         output);
    for (size_t i = 0; i < c->count; i++)
        if (!move(s, output, &c->entries[i], to, &went_back, f))
            return false;
    c->forgotten_ids = went_back ? state_count_ids(s, output) : 0;
    return !went_back || state_forget_ids(s, output, f);
}

static void report_rewind(const char *output, const struct chosen *c)
{
    for (size_t i = 0; i < c->count; i++)
        printf("%s: output %s reads on from byte %" PRIu64 "\n", c->entries[i].path, output,
               c->entries[i].file.position.offset);
    if (c->forgotten_ids)
        printf("%" PRIu64
               " delivered ids of output %s are forgotten, so that what is read again is shipped again\n",
               c->forgotten_ids, output);
}

/* ---- forget ---- */

static bool forget_files(struct state *s, const char *output, struct chosen *c, const char *to,
                         struct fault *f)
{
    (void)to;
    c->is_carried = state_marked(s, output, RECALL_MARK);
    if (!c->path)
        return state_forget_output(s, output, f);
    for (size_t i = 0; i < c->count; i++)
        if (!state_forget(s, c->entries[i].file.row, f))
            return false;
    return true;
}

static void report_forgotten(const char *output, const struct chosen *c)
{
    if (!c->path)
        printf("output %s is forgotten: it is new at the next start%s\n", output,
               c->is_carried ? ", but for the positions that its destination keeps" : "");
    for (size_t i = 0; c->path && i < c->count; i++)
        printf(c->is_carried ? "%s is forgotten here: output %s goes on where its destination stands if it "
                               "meets it again\n"
                             : "%s is forgotten: output %s reads it from the beginning if it meets it again, "
                               "and leaves out what it has delivered\n",
               c->entries[i].path, output);
}

/* ---- both ---- */

struct change {
    bool (*apply)(struct state *s, const char *output, struct chosen *c, const char *to, struct fault *f);
    void (*report)(const char *output, const struct chosen *c);
};

/* All of it or nothing, under the directory's lock. */
static bool change_in_transaction(struct state *s, const char *output, const char *path, const char *to,
                                  const struct change *change, struct fault *f)
{
    struct chosen c;
    bool done = choose_files(s, output, path, &c, f) && state_begin(s, f) &&
                change->apply(s, output, &c, to, f) && state_commit(s, f) && state_sync(s, f);
    if (done)
        change->report(output, &c);
    free_chosen(&c);
    return done;
}

static int change_state(const char *directory, const char *output, const char *path, const char *to,
                        const struct change *change)
{
    struct fault f;
    struct os_file_info info;
    int code = EXIT_INCOMPLETE;
    if (!os_path_info(directory, &info, &f))
        return complain(&f, code);
    struct state_lock *lock = state_lock_take(directory, &f);
    if (!lock)
        return complain(&f, EXIT_LOCKED);
    struct state *s = join(directory, &f);
    if (s && change_in_transaction(s, output, path, to, change, &f))
        code = EXIT_OK;
    else
        complain(&f, code);
    state_close(s);
    state_lock_release(lock);
    return code;
}

int state_rewind(const char *directory, const char *output, const char *path, const char *to)
{
    static const struct change rewind = {rewind_files, report_rewind};
    return change_state(directory, output, path, to, &rewind);
}

int state_forget_command(const char *directory, const char *output, const char *path)
{
    static const struct change forget = {forget_files, report_forgotten};
    return change_state(directory, output, path, "", &forget);
}
