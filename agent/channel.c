/* SPDX-License-Identifier: Apache-2.0 */
/* A live event channel as a source. */
#include "channel.h"

#include "bookmarks.h"
#include "channel_query.h"
#include "os_clock.h"
#include "xml_escape.h"

#include <stdlib.h>
#include <string.h>

enum {
    PASSED_MAX = 64,           /* events that are not wanted, between two steps */
    SMALLEST_LOG = 1024 * 1024 /* a log has at least this when it wraps; a cleared one begins with 68 KiB */
};

struct channel {
    struct channel_setup setup;
    char query[CHANNEL_QUERY_BYTES];
    bool narrows;
    enum channel_state state;
    struct os_channel *subscription;
    struct position at;        /* behind the event read last */
    struct os_channel_log log; /* as it was at looked_ms */
    int64_t looked_ms;
    int64_t created_ns; /* of the log that `at` is a place in */
    struct bookmarks bookmarks;
    struct buf made; /* a bookmark made from a record id */
    uint64_t records;

    struct sv xml;      /* the event at hand */
    struct input input; /* over it */
    struct parser *parser;
};

static ptrdiff_t read_xml(void *ctx, uint64_t offset, void *to, size_t n)
{
    const struct channel *c = ctx;
    size_t left = c->xml.n - (size_t)offset;
    n = n < left ? n : left;
    memcpy(to, c->xml.p + offset, n);
    return (ptrdiff_t)n;
}

struct channel *channel_new(const struct channel_setup *setup)
{
    struct channel *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->setup = *setup;
    c->created_ns = setup->created_ns;
    c->narrows = setup->query || channel_query(setup->selector, c->query);
    c->input = (struct input){.ctx = c, .read_at = read_xml, .complete = true};
    buf_init(&c->made, OS_CHANNEL_BOOKMARK_MAX);
    if (setup->bookmark && setup->position.record &&
        !bookmarks_add(&c->bookmarks, setup->position.record, setup->bookmark, false)) {
        channel_free(c);
        return NULL;
    }
    c->setup.bookmark = NULL;
    return c;
}

static void close_parser(struct channel *c)
{
    if (c->parser)
        c->setup.xml->close(c->parser);
    c->parser = NULL;
}

void channel_close(struct channel *c)
{
    close_parser(c);
    os_channel_close(c->subscription);
    c->subscription = NULL;
}

void channel_free(struct channel *c)
{
    if (!c)
        return;
    channel_close(c);
    bookmarks_free(&c->bookmarks);
    buf_free(&c->made);
    free(c);
}

/* ---- bookmarks ---- */

/* Where the system's own text is not at hand: of a place at which no event was read, or after damage. */
static const char *make_bookmark(struct channel *c, uint64_t record)
{
    buf_reset(&c->made);
    buf_put(&c->made, SV("<BookmarkList><Bookmark Channel='"));
    xml_escape_put(&c->made, sv_from(c->setup.name), true);
    buf_put(&c->made, SV("' RecordId='"));
    buf_u64(&c->made, record);
    buf_put(&c->made, SV("' IsCurrent='true'/></BookmarkList>"));
    buf_putc(&c->made, '\0');
    return buf_ok(&c->made) ? c->made.p : NULL;
}

const char *channel_bookmark(struct channel *c, const struct position *p)
{
    const char *text = bookmarks_find(&c->bookmarks, p->record);
    return text || !p->record ? text : make_bookmark(c, p->record);
}

/* ---- trouble ---- */

/* Ends the subscription; the fault is in the step. */
static void fail(struct channel *c, enum os_channel_state state, struct step *step)
{
    static const enum channel_state states[] = {
        [OS_CHANNEL_READING] = CHANNEL_FAILED,
        [OS_CHANNEL_LOST] = CHANNEL_LOST,
        [OS_CHANNEL_AWAY] = CHANNEL_AWAY,
        [OS_CHANNEL_MISSING] = CHANNEL_MISSING,
        [OS_CHANNEL_DENIED] = CHANNEL_DENIED,
        [OS_CHANNEL_QUERY] = CHANNEL_QUERY,
        [OS_CHANNEL_UNSUPPORTED] = CHANNEL_UNSUPPORTED,
        [OS_CHANNEL_FAILED] = CHANNEL_FAILED,
    };
    channel_close(c);
    c->state = states[state];
    step->kind = STEP_FATAL;
}

static void fail_memory(struct channel *c, struct step *step)
{
    fault_set(&step->fault, FAULT_MEMORY, 0, "out of memory");
    fail(c, OS_CHANNEL_FAILED, step);
}

/* ---- what is lost ---- */

static uint64_t seen_to(const struct position *p)
{
    return p->record > p->check ? p->record : p->check;
}

static bool is_another_log(const struct channel *c, const struct os_channel_log *log)
{
    return log->newest < seen_to(&c->at) ||
           (c->created_ns && log->created_ns && c->created_ns != log->created_ns);
}

/* Fills a gap if events behind the position were gone before they were read. */
static bool find_gap(struct channel *c, const struct os_channel_log *log, struct step *step)
{
    uint64_t seen = seen_to(&c->at);
    if (!seen)
        return false;
    if (is_another_log(c, log)) {
        c->state = CHANNEL_CLEARED;
        step->reason =
            "the log was cleared or made anew, with what was unread of the old one; overwritten of "
            "the new one";
        step->skipped_events = log->oldest && log->newest < seen ? log->oldest - 1 : 0;
    } else if (log->oldest > seen + 1) {
        bool is_small = log->size_bytes && log->size_bytes < SMALLEST_LOG;
        c->state = is_small ? CHANNEL_CLEARED : CHANNEL_WRAPPED;
        step->reason = is_small ? "the log was cleared; gone before they were read, wanted or not"
                                : "the log has wrapped; overwritten before they were read, wanted or not";
        step->skipped_events = log->oldest - seen - 1;
    } else {
        return false;
    }
    step->kind = STEP_GAP;
    c->at = (struct position){0};
    return true;
}

/* ---- opening ---- */

/* The nearest that can be had to reading behind the bookmark, without leaving anything out. */
static enum os_channel_state subscribe(struct channel *c, const char *bookmark, struct fault *f)
{
    struct os_channel_setup setup = {.channel = c->setup.name,
                                     .query = c->setup.query ? c->setup.query : c->query,
                                     .bookmark = bookmark,
                                     .strict = true,
                                     .news = c->setup.news,
                                     .news_ctx = c->setup.news_ctx};
    enum os_channel_state state = os_channel_open(&setup, &c->subscription, f);
    /* The log has the bookmark's event, and yet it is not found: perhaps because the query leaves it out. */
    if (bookmark && state == OS_CHANNEL_LOST) {
        setup.strict = false;
        state = os_channel_open(&setup, &c->subscription, f);
    }
    if (bookmark && state == OS_CHANNEL_LOST && !c->setup.from_end) {
        setup.bookmark = NULL;
        state = os_channel_open(&setup, &c->subscription, f);
    }
    return state;
}

/* Opens a subscription behind safe. False with a step: there is trouble, or something to tell. */
static bool begin(struct channel *c, const struct position *safe, struct step *step)
{
    struct os_channel_log log;
    const char *bookmark = NULL;
    enum os_channel_state state = os_channel_look(c->setup.name, &log, &step->fault);
    if (state != OS_CHANNEL_READING) {
        fail(c, state, step);
        return false;
    }
    c->at = *safe;
    if (c->setup.from_end)
        c->at.record = log.newest;
    bool has_gap = !c->setup.from_end && find_gap(c, &log, step);
    if (c->at.record >= log.oldest && c->at.record && c->at.record <= log.newest)
        bookmark = channel_bookmark(c, &c->at);
    state = subscribe(c, bookmark, &step->fault);
    if (state != OS_CHANNEL_READING) {
        fail(c, state, step);
        return false;
    }
    c->log = log;
    c->looked_ms = os_monotonic_ms();
    c->created_ns = log.created_ns;
    c->state = has_gap ? c->state : CHANNEL_READING;
    if (!has_gap)
        step->kind = STEP_PROGRESS;
    step->pos = c->at;
    bool tell = has_gap || c->setup.from_end;
    c->setup.from_end = false;
    return !tell;
}

/* ---- reading ---- */

/* Reads the XML of one event; the step tells how it went. */
static bool parse(struct channel *c, struct event *event, struct step *step)
{
    static const struct position start;
    struct parser_options options = {.selector = c->setup.selector, .code_page = CODE_PAGE_UTF8};
    c->input.size = c->xml.n;
    c->parser = c->setup.xml->open(&c->input, &start, &options, &step->fault);
    if (!c->parser)
        return false;
    c->setup.xml->next(c->parser, event, step);
    return step->kind != STEP_FATAL;
}

/* True if there is a step to give. */
static bool take(struct channel *c, const struct os_channel_event *e, struct event *event, struct step *step)
{
    close_parser(c);
    c->records++;
    c->xml = e->xml;
    if (sv_absent(e->xml)) {
        step->kind = STEP_SKIP;
        step->reason = "the system cannot render an event";
    } else if (!parse(c, event, step)) {
        fail(c, OS_CHANNEL_FAILED, step);
        return true;
    }
    bool tells = step->kind == STEP_EVENT || step->kind == STEP_SKIP;
    if (!bookmarks_add(&c->bookmarks, e->record, e->bookmark, !tells)) {
        fail_memory(c, step);
        return true;
    }
    c->at.record = e->record;
    c->state = CHANNEL_READING;
    step->pos = c->at;
    return tells;
}

/*
 * Nothing is left to read: what was in the log at the look before has been seen. The look also finds a log
 * that was cleared, and a service that went away without a word.
 */
static void drained(struct channel *c, struct step *step)
{
    struct os_channel_log log;
    step->kind = STEP_MORE;
    if (os_monotonic_ms() - c->looked_ms >= c->setup.look_ms) {
        enum os_channel_state state = os_channel_look(c->setup.name, &log, &step->fault);
        if (state != OS_CHANNEL_READING) {
            fail(c, state, step);
            return;
        }
        if (is_another_log(c, &log)) {
            struct position at = c->at;
            channel_close(c);
            begin(c, &at, step);
            return;
        }
        c->at.check = c->log.newest > c->at.record ? c->log.newest : c->at.check;
        c->log = log;
        c->looked_ms = os_monotonic_ms();
    }
    step->pos = c->at;
}

void channel_next(struct channel *c, const struct position *safe, struct event *event, struct step *step)
{
    struct os_channel_event e;
    *step = (struct step){0};
    if (!c->subscription && !begin(c, safe, step))
        return;
    for (unsigned i = 0; i < PASSED_MAX; i++) {
        *step = (struct step){0};
        enum os_channel_state state = os_channel_next(c->subscription, &e, &step->fault);
        if (state != OS_CHANNEL_READING) {
            fail(c, state, step);
            return;
        }
        if (!e.record) {
            drained(c, step);
            return;
        }
        if (take(c, &e, event, step))
            return;
    }
    step->kind = STEP_PROGRESS;
}

bool channel_try(const struct channel_setup *setup, struct fault *f)
{
    static const struct position start;
    struct step step = {0};
    struct channel *c = channel_new(setup);
    if (!c)
        return fault_set(f, FAULT_MEMORY, 0, "out of memory");
    begin(c, &start, &step);
    *f = step.fault;
    channel_free(c);
    return step.kind != STEP_FATAL;
}

/* ---- what is known ---- */

enum channel_state channel_state(const struct channel *c)
{
    return c->state;
}

const char *channel_state_name(enum channel_state s)
{
    static const char *const names[] = {
        [CHANNEL_UNOPENED] = "not opened yet", [CHANNEL_READING] = "reading",
        [CHANNEL_CLEARED] = "log cleared",     [CHANNEL_WRAPPED] = "log wrapped",
        [CHANNEL_LOST] = "place lost",         [CHANNEL_AWAY] = "service away",
        [CHANNEL_MISSING] = "no such channel", [CHANNEL_DENIED] = "access denied",
        [CHANNEL_QUERY] = "query refused",     [CHANNEL_UNSUPPORTED] = "not on this system",
        [CHANNEL_FAILED] = "failed",
    };
    return names[s];
}

uint64_t channel_records(const struct channel *c, bool *is_least)
{
    *is_least = c->narrows;
    return c->records;
}

int64_t channel_created_ns(const struct channel *c)
{
    return c->created_ns;
}
