/* SPDX-License-Identifier: Apache-2.0 */
/* A live event channel in the place of a file. */
#include "tail_channel.h"

#include "hash64.h"
#include "log.h"
#include "os_watch.h"
#include "registry.h"

#include <stdio.h>
#include <string.h>

static const char channel_prefix[] = "channel:";

struct os_file_id tail_channel_id(const struct config_source *source)
{
    char name[CHANNEL_NAME_MAX + 1];
    size_t n = strlen(source->channel);
    n = n < sizeof name ? n : sizeof name;
    ascii_lower_copy(name, sv_make(source->channel, n)); /* the service does not mind the case */
    uint64_t file = hash64(HASH64_START, source->name, strlen(source->name) + 1);
    return (struct os_file_id){.volume = hash64(HASH64_START, channel_prefix, sizeof channel_prefix),
                               .file = {hash64(file, name, n), UINT64_MAX}};
}

static void wake(void *ctx)
{
    struct os_watch *watch = ctx;
    if (watch)
        os_watch_wake(watch);
}

static struct channel *channel_of(const struct tail_context *c, struct tail *t)
{
    char bookmark[OS_CHANNEL_BOOKMARK_MAX];
    int64_t created_ns = 0;
    bool has_bookmark =
        t->saved.row && state_get_bookmark(c->state, t->saved.row, bookmark, sizeof bookmark, &created_ns);
    struct channel_setup setup = {.name = t->source->channel,
                                  .query = t->source->query,
                                  .selector = c->selector,
                                  .xml = registry_parser("xml"),
                                  .from_end = t->start_at_end,
                                  .position = t->saved.position,
                                  .bookmark = has_bookmark ? bookmark : NULL,
                                  .created_ns = created_ns,
                                  .look_ms = CHANNEL_LOOK_MS,
                                  .news = wake,
                                  .news_ctx = c->watch};
    return channel_new(&setup);
}

struct tail *tail_new_channel(struct tail_context *c, const struct config_source *source)
{
    char path[sizeof channel_prefix + CHANNEL_NAME_MAX];
    struct os_file_info info = {.id = tail_channel_id(source)};
    snprintf(path, sizeof path, "%s%s", channel_prefix, source->channel);
    struct tail *t = tail_new(c, source, path, &info);
    if (!t)
        return NULL;
    snprintf(t->saved.parser, sizeof t->saved.parser, "channel");
    t->start_at_end =
        source->from == FROM_END && !t->saved.row && !state_marked(c->state, c->output, source->name);
    t->is_open = true;
    t->channel = channel_of(c, t);
    cover_begin(t->cover, t->path, "channel", &t->saved.position);
    if (t->channel)
        return t;
    tail_free(c, t);
    return NULL;
}

bool tail_channel_save(const struct tail_context *c, struct tail *t, struct fault *f)
{
    const char *text = channel_bookmark(t->channel, &t->saved.position);
    return !text || state_put_bookmark(c->state, t->saved.row, text, channel_created_ns(t->channel), f);
}

/* The row comes with the first answer of the service: only then is it known where `from: end` begins. */
static void take_channel_into_state(const struct tail_context *c, struct tail *t, const struct step *s)
{
    struct fault f;
    if (t->saved.row || s->kind == STEP_FATAL)
        return;
    bool is_settled = s->kind != STEP_EVENT && ledger_pending(&t->ledger) == 0;
    t->saved.position = is_settled ? s->pos : t->ledger.safe;
    if (!state_put(c->state, c->output, &t->saved, t->path, &f) || !tail_channel_save(c, t, &f) ||
        !state_mark(c->state, c->output, t->source->name, &f))
        log_error(c->subject, "%s: %s; its position is not kept over a restart until this works", t->path,
                  f.text);
}

void tail_channel_read(const struct tail_context *c, struct tail *t, struct event *event, struct step *step)
{
    bool is_least;
    channel_next(t->channel, &t->ledger.safe, event, step);
    take_channel_into_state(c, t, step);
    uint64_t records = channel_records(t->channel, &is_least);
    uint64_t read = records - t->records_seen;
    t->counts->read += read;
    t->counts->read_is_least |= is_least;
    t->records_seen = records;
    t->counts->channel = channel_state_name(channel_state(t->channel));
    t->counts->channels_failing = channel_fails(channel_state(t->channel));
    if (step->kind == STEP_FATAL)
        return;
    cover_moved(t->cover, &step->pos, read, is_least);
    if (t->back_off_ms)
        log_info(c->subject, "%s: reading again", t->path);
    t->back_off_ms = 0;
}
