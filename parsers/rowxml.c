/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log Parser's XML: `LogParser -i:EVT -o:XML`, one <ROW> per event with an element per selected column, as
 * the EVT input names them.
 *
 *   <ROOT DATE_CREATED="2026-02-18 10:35:08" CREATED_BY="Microsoft Log Parser V2.2">
 *    <ROW>
 *     <EventLog>
 *     Application
 *     </EventLog>
 *     …
 *
 * A row begins and ends with lines of their own, or is one line (-compact:ON). Times are local, year first.
 * EventID may have 32 bits (-fullEventCode:ON). Strings are joined with '|', which a legacy DN may hold, too:
 * they are taken apart from the right, and only where the words tell how many there are.
 *
 * Source: Log Parser 2.2 help, "EVT input format" and "XML output format".
 */
#include "element_walk.h"
#include "parser.h"
#include "shipped.h"

#include <stdlib.h>

enum { SURE = 93 };

struct parser {
    struct shipped shipped; /* first: decode is given this */
    struct element_walk *walk;
};

struct gathering {
    struct shipped *shipped;
    struct event *event;
    struct sv strings;
    bool failed; /* no memory */
};

static const struct shipped_field fields[] = {
    {SV_INIT("EventLog"), SHIPPED_TEXT, offsetof(struct event, channel)},
    {SV_INIT("RecordNumber"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("TimeGenerated"), SHIPPED_TIME, 0},
    {SV_INIT("EventID"), SHIPPED_ID, 0},
    {SV_INIT("EventTypeName"), SHIPPED_LEVEL, 0},
    {SV_INIT("EventCategory"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("EventCategoryName"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("SourceName"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("ComputerName"), SHIPPED_TEXT, offsetof(struct event, computer)},
    {SV_INIT("SID"), SHIPPED_SID, 0},
    {SV_INIT("Message"), SHIPPED_TEXT, offsetof(struct event, message)},
    {SV_INIT("Data"), SHIPPED_TEXT, offsetof(struct event, binary)},
    {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
};

/* --- strings --- */

/* Takes what stands behind the last '|' off *v. */
static bool take_last(struct sv *v, struct sv *last)
{
    size_t bar = sv_rfind(*v, SV("|"));
    if (bar == SV_NPOS)
        return false;
    *last = sv_slice(*v, bar + 1, v->n);
    *v = sv_slice(*v, 0, bar);
    return true;
}

/*
 * Who, limit and type of 9646, with the client type before the limit since Exchange 2013, whose types are
 * spelled "Session", "Folder" … and no longer "session", "objtFolder" ….
 */
static void set_strings(struct event *e, struct sv who)
{
    struct sv type, limit, client = SV_ABSENT;
    uint64_t number;
    if (!e->event_id.has || (e->event_id.v & 0xffff) != 9646 || !take_last(&who, &type) ||
        !take_last(&who, &limit) || !sv_to_u64(limit, &number) || sv_empty(type))
        return;
    if (type.p[0] >= 'A' && type.p[0] <= 'Z' && !take_last(&who, &client))
        return;
    event_add_datum(e, SV_ABSENT, who);
    if (!sv_absent(client))
        event_add_datum(e, SV_ABSENT, client);
    event_add_datum(e, SV_ABSENT, limit);
    event_add_datum(e, SV_ABSENT, type);
}

/* --- the row --- */

/* The type of a classic event, which tells the level in every language. */
static void set_type(struct event *e, struct sv v)
{
    static const uint8_t levels[] = {[1] = 2, [2] = 3, [4] = 4};
    uint64_t type;
    if (sv_to_u64(v, &type) && type < sizeof levels && levels[type] != 0)
        e->level = opt_u64(levels[type]);
}

static void on_end(void *ctx, const struct element *path, unsigned depth, struct sv text)
{
    struct gathering *g = ctx;
    if (depth != 2)
        return;
    struct sv value = arena_copy(&g->shipped->values, sv_trim(text));
    g->failed |= sv_absent(value);
    if (sv_eq(path[1].tag, SV("Strings")))
        g->strings = value;
    else if (sv_eq(path[1].tag, SV("EventType")))
        set_type(g->event, value);
    else
        (void)shipped_set_field(g->shipped, g->event, fields, path[1].tag, value);
}

static const char *decode(struct shipped *s, struct sv text, struct event *e)
{
    struct parser *p = (struct parser *)(void *)s;
    struct gathering g = {.shipped = s, .event = e};
    const char *reason = element_walk_run(p->walk, text, on_end, &g);
    if (reason || g.failed)
        return reason ? reason : "no memory";
    set_strings(e, g.strings);
    return e->event_id.has ? NULL : shipped_is_other;
}

/* --- the parser --- */

static bool begins(void *ctx, struct sv line)
{
    (void)ctx;
    return sv_starts(sv_trim(line), SV("<ROW>"));
}

static bool ends(struct sv line)
{
    return sv_ends(sv_trim(line), SV("</ROW>"));
}

static const struct shipped_block block = {begins, ends, SV_INIT("<ROW>"), SV_INIT("</ROW>")};

static int rowxml_probe(struct sv head, bool complete)
{
    char text[3 * PARSER_HEAD_BYTES + 3];
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    struct sv v = sv_trim(text_head_utf8(head, text));
    bool may_grow = !complete && head.n < PARSER_HEAD_BYTES && (v.n == 0 || v.p[0] == '<');
    if (sv_starts(v, SV("<")) && sv_find(v, SV(" CREATED_BY=\"Microsoft Log Parser")) != SV_NPOS)
        return SURE;
    return may_grow ? PROBE_MORE : 0;
}

static void rowxml_close(struct parser *p)
{
    if (!p)
        return;
    shipped_close(&p->shipped);
    element_walk_free(p->walk);
    free(p);
}

static struct parser *rowxml_open(const struct input *in, const struct position *from,
                                  const struct parser_options *options, struct fault *fault)
{
    static const struct shipped_filter filter = {"", "", &block, DATE_ORDER_AUTO, .is_number = true};
    struct parser *p = calloc(1, sizeof *p);
    if (p)
        p->walk = element_walk_new(NULL);
    if (p && p->walk && shipped_open(&p->shipped, in, from, options, &filter, fault))
        return p;
    if (!p || !p->walk)
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
    rowxml_close(p);
    return NULL;
}

static void rowxml_next(struct parser *p, struct event *event, struct step *step)
{
    shipped_next_block(&p->shipped, &block, decode, event, step);
}

static void rowxml_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->shipped.counts;
}

const struct parser_ops parser_rowxml = {
    .name = "rowxml",
    .title = "Log Parser XML (-o:XML)",
    .probe = rowxml_probe,
    .stable_prefix = shipped_stable_prefix,
    .open = rowxml_open,
    .next = rowxml_next,
    .end = text_lines_end,
    .counts = rowxml_counts,
    .close = rowxml_close,
};
