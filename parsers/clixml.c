/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PowerShell's CLIXML: what Export-Clixml writes of the objects of Get-WinEvent and Get-EventLog, whole or
 * after Select-Object.
 *
 *   <Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">
 *     <Obj RefId="0">
 *       <TN RefId="0"><T>System.Diagnostics.Eventing.Reader.EventLogRecord</T> …
 *       <Props> <I32 N="Id">9646</I32> … <DT N="TimeCreated">2026-02-18T11:35:08.1234567+01:00</DT> …
 *       <MS> <S N="Message">…_x000D__x000A_…</S>
 *
 * A record is an object at the first level; the serializer indents by two blanks per level, which tells where
 * one begins and ends. Values without line breaks of their own are what it writes: _xHHHH_ stands for a
 * UTF-16 unit. Times carry their zone; those that do not are in the source's. Insertion strings are read from
 * Properties or ReplacementStrings, where the export was deep enough to hold them.
 *
 * Source: [MS-PSRP] 2.2.5, serialization of objects.
 */
#include "element_walk.h"
#include "parser.h"
#include "shipped.h"
#include "utf.h"

#include <stdlib.h>

enum { SURE = 95 };

struct parser {
    struct shipped shipped; /* first: decode is given this */
    struct element_walk *walk;
};

/* What is collected while a record is walked. */
struct gathering {
    struct shipped *shipped;
    struct event *event;
    struct opt_u64 instance; /* InstanceId, 32 bits */
    bool failed;             /* no memory */
};

static const struct shipped_field fields[] = {
    {SV_INIT("Id"), SHIPPED_ID, 0},
    {SV_INIT("EventID"), SHIPPED_ID, 0},
    {SV_INIT("Version"), SHIPPED_NUMBER, offsetof(struct event, version)},
    {SV_INIT("Qualifiers"), SHIPPED_NUMBER, offsetof(struct event, qualifiers)},
    {SV_INIT("Level"), SHIPPED_NUMBER, offsetof(struct event, level)},
    {SV_INIT("Task"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("CategoryNumber"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("Opcode"), SHIPPED_NUMBER, offsetof(struct event, opcode)},
    {SV_INIT("Keywords"), SHIPPED_NUMBER, offsetof(struct event, keywords)},
    {SV_INIT("RecordId"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("Index"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("ProcessId"), SHIPPED_NUMBER, offsetof(struct event, process_id)},
    {SV_INIT("ThreadId"), SHIPPED_NUMBER, offsetof(struct event, thread_id)},
    {SV_INIT("ProviderName"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("Source"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("LogName"), SHIPPED_TEXT, offsetof(struct event, channel)},
    {SV_INIT("MachineName"), SHIPPED_TEXT, offsetof(struct event, computer)},
    {SV_INIT("UserId"), SHIPPED_SID, 0},
    {SV_INIT("TimeCreated"), SHIPPED_TIME, 0},
    {SV_INIT("TimeGenerated"), SHIPPED_TIME, 0},
    {SV_INIT("LevelDisplayName"), SHIPPED_LEVEL, 0},
    {SV_INIT("EntryType"), SHIPPED_LEVEL, 0},
    {SV_INIT("TaskDisplayName"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("Category"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("OpcodeDisplayName"), SHIPPED_TEXT, offsetof(struct event, opcode_text)},
    {SV_INIT("Message"), SHIPPED_TEXT, offsetof(struct event, message)},
    {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
};

/* --- values --- */

/* The unit that _xHHHH_ at v's beginning stands for. */
static bool escaped_unit(struct sv v, uint32_t *unit)
{
    uint64_t value;
    if (v.n < 7 || v.p[0] != '_' || v.p[1] != 'x' || v.p[6] != '_' ||
        !sv_hex_to_u64(sv_slice(v, 2, 6), &value))
        return false;
    *unit = (uint32_t)value;
    return true;
}

/* The character that one or, for a surrogate pair, two escapes stand for; returns their bytes, or 0. */
static size_t escaped_character(struct sv v, uint32_t *c)
{
    uint32_t low;
    if (!escaped_unit(v, c))
        return 0;
    if (*c < 0xd800 || *c > 0xdbff || !escaped_unit(sv_slice(v, 7, v.n), &low) || low < 0xdc00 ||
        low > 0xdfff)
        return 7;
    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
    return 14;
}

/* A copy of v, which has the event's life, with what is escaped; never longer than v. */
static struct sv keep_text(struct gathering *g, struct sv v)
{
    char *to = arena_alloc(&g->shipped->values, v.n);
    struct buf b = {.p = to, .cap = v.n, .limit = v.n};
    if (!to) {
        g->failed = true;
        return SV_ABSENT;
    }
    while (v.n) {
        uint32_t c;
        size_t n = v.p[0] == '_' ? escaped_character(v, &c) : 0;
        if (n) {
            g->event->text_replaced |= c >= 0xd800 && c <= 0xdfff;
            buf_utf8(&b, c);
        } else {
            n = sv_find_char(sv_slice(v, 1, v.n), '_');
            n = n == SV_NPOS ? v.n : n + 1;
            buf_put(&b, sv_slice(v, 0, n));
        }
        v = sv_slice(v, n, v.n);
    }
    return sv_make(to, b.n);
}

static int base64_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* The bytes of a <BA>, as hex. */
static void set_binary(struct gathering *g, struct sv base64)
{
    static const char digits[] = "0123456789ABCDEF";
    char *to = arena_alloc(&g->shipped->values, base64.n / 4 * 6 + 6);
    size_t n = 0;
    unsigned bits = 0, kept = 0;
    for (size_t i = 0; to && i < base64.n && base64.p[i] != '='; i++) {
        int value = base64_value(base64.p[i]);
        if (value < 0)
            continue;
        bits = bits << 6 | (unsigned)value;
        kept += 6;
        if (kept < 8)
            continue;
        kept -= 8;
        to[n++] = digits[bits >> kept >> 4 & 15];
        to[n++] = digits[bits >> kept & 15];
    }
    if (to && n)
        g->event->binary = sv_make(to, n);
}

/* --- the object --- */

/* "System.Diagnostics.EventLogEntry#Application/MSExchangeIS/3221628334" names the log. */
static void take_type(struct gathering *g, struct sv text)
{
    size_t hash = sv_find_char(text, '#'), slash = sv_find_char(text, '/');
    if (sv_starts(text, SV("System.Diagnostics.EventLogEntry#")) && slash != SV_NPOS &&
        sv_absent(g->event->channel))
        g->event->channel = keep_text(g, sv_slice(text, hash + 1, slash));
}

static void take_property(struct gathering *g, const struct element *e, struct sv text)
{
    if (sv_eq(e->tag, SV("Nil")))
        return;
    if (sv_eq(e->tag, SV("BA"))) {
        if (sv_eq(e->name, SV("Data")))
            set_binary(g, text);
        return;
    }
    if (sv_eq(e->name, SV("InstanceId")))
        shipped_set_number(&g->instance, text);
    (void)shipped_set_field(g->shipped, g->event, fields, e->name, keep_text(g, text));
}

/* One of Properties: an EventProperty, of which the value of bytes is the binary data. */
static void take_value(struct gathering *g, const struct element *value, struct sv text)
{
    if (sv_eq(value->tag, SV("BA")))
        set_binary(g, text);
    else if (sv_eq(value->name, SV("Value")))
        event_add_datum(g->event, SV_ABSENT, keep_text(g, text));
}

static void take_list_item(struct gathering *g, struct sv list, struct sv text)
{
    struct event *e = g->event;
    if (sv_eq(list, SV("ReplacementStrings")))
        event_add_datum(e, SV_ABSENT, keep_text(g, text));
    else if (sv_eq(list, SV("KeywordsDisplayNames")) && e->keyword_text_count < EVENT_KEYWORDS_MAX)
        e->keyword_texts[e->keyword_text_count++] = keep_text(g, text);
}

/*
 * Paths, from the object: TN/T; Props|MS/x for a property; …/x/ToString for one that is an object;
 * …/x/LST/S for a list of texts; …/Properties/LST/Obj/Props/Value.
 */
static void on_end(void *ctx, const struct element *path, unsigned depth, struct sv text)
{
    struct gathering *g = ctx;
    if (depth < 3)
        return;
    if (depth == 3 && sv_eq(path[1].tag, SV("TN")))
        take_type(g, text);
    if (!sv_eq(path[1].tag, SV("Props")) && !sv_eq(path[1].tag, SV("MS")))
        return;
    if (depth == 3 && !sv_eq(path[2].tag, SV("Obj")))
        take_property(g, &path[2], text);
    else if (depth == 4 && sv_eq(path[3].tag, SV("ToString")))
        take_property(g, &path[2], text);
    else if (depth == 5 && sv_eq(path[4].tag, SV("S")))
        take_list_item(g, path[2].name, text);
    else if (depth == 7 && sv_eq(path[2].name, SV("Properties")) && sv_eq(path[5].tag, SV("Props")))
        take_value(g, &path[6], text);
}

/* Get-EventLog tells the qualifiers as the high half of InstanceId. */
static void take_instance(struct gathering *g)
{
    struct event *e = g->event;
    if (!g->instance.has || g->instance.v > UINT32_MAX)
        return;
    if (!e->event_id.has)
        e->event_id = g->instance;
    if (!e->qualifiers.has && g->instance.v >> 16)
        e->qualifiers = opt_u64(g->instance.v >> 16);
}

static const char *decode(struct shipped *s, struct sv text, struct event *e)
{
    struct parser *p = (struct parser *)(void *)s;
    struct gathering g = {.shipped = s, .event = e};
    const char *reason = element_walk_run(p->walk, text, on_end, &g);
    take_instance(&g);
    if (reason || g.failed)
        return reason ? reason : "no memory";
    return e->event_id.has ? NULL : shipped_is_other;
}

/* --- the parser --- */

static bool begins(void *ctx, struct sv line)
{
    (void)ctx;
    if (line.n < 3 || line.p[2] != '<')
        return false;
    return sv_starts(line, SV("  <Obj ")) || sv_starts(line, SV("  <Obj>"));
}

static bool ends(struct sv line)
{
    return line.n > 2 && line.p[2] == '<' && sv_starts(line, SV("  </Obj>"));
}

static const struct shipped_block block = {begins, ends, SV_INIT("  <Obj"), SV_INIT("  </Obj>")};

static int clixml_probe(struct sv head, bool complete)
{
    static const char root[] = "<Objs ", space[] = "http://schemas.microsoft.com/powershell/";
    char text[3 * PARSER_HEAD_BYTES + 3];
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    struct sv v = sv_trim(text_head_utf8(head, text));
    bool may_grow = !complete && head.n < PARSER_HEAD_BYTES;
    if (sv_starts(v, SV("<?xml")))
        v = sv_trim(sv_slice(v, sv_find_char(v, '>') + 1, v.n));
    if (v.n < sizeof root - 1 || (may_grow && sv_find_char(v, '>') == SV_NPOS))
        return may_grow ? PROBE_MORE : 0;
    v = sv_slice(v, 0, sv_find_char(v, '>'));
    return sv_starts(v, sv_from(root)) && sv_find(v, sv_from(space)) != SV_NPOS ? SURE : 0;
}

static void clixml_close(struct parser *p)
{
    if (!p)
        return;
    shipped_close(&p->shipped);
    element_walk_free(p->walk);
    free(p);
}

static struct parser *clixml_open(const struct input *in, const struct position *from,
                                  const struct parser_options *options, struct fault *fault)
{
    static const struct shipped_filter filter = {">", "</I", &block, DATE_ORDER_AUTO, false};
    struct parser *p = calloc(1, sizeof *p);
    if (p)
        p->walk = element_walk_new("N");
    if (p && p->walk && shipped_open(&p->shipped, in, from, options, &filter, fault))
        return p;
    if (!p || !p->walk)
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
    clixml_close(p);
    return NULL;
}

static void clixml_next(struct parser *p, struct event *event, struct step *step)
{
    shipped_next_block(&p->shipped, &block, decode, event, step);
}

static void clixml_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->shipped.counts;
}

const struct parser_ops parser_clixml = {
    .name = "clixml",
    .title = "PowerShell CLIXML (Export-Clixml)",
    .probe = clixml_probe,
    .stable_prefix = shipped_stable_prefix,
    .open = clixml_open,
    .next = clixml_next,
    .end = text_lines_end,
    .counts = clixml_counts,
    .close = clixml_close,
};
