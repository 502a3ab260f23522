/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splunk's WinEventLog text: what a universal forwarder sends for Windows event logs (renderXml = false), as
 * `| table _raw` or an export of raw events gives it back.
 *
 *   02/18/2026 10:35:08 AM                 the record begins: month, day, year, always in this order, in the
 *   LogName=Application                    local time of the server, without zone; a 24-hour clock may carry
 *   SourceName=MSExchangeIS                PM
 *   EventCode=9646                         pairs in any order, one per line, or all behind the time,
 *   …                                      separated by blanks
 *   Message=Mapi session …                 up to the next record: a message may have several lines
 *
 * The source's date_order, if it is set, comes first. The record id is there and so is the computer;
 * insertion strings are not. (XmlWinEventLog, renderXml = true, is event XML.)
 */
#include "parser.h"
#include "shipped.h"

#include <stdlib.h>

enum { SURE = 90, SURE_LATER = 40 }; /* a message of another format may hold a record */

struct parser {
    struct shipped shipped;
};

static const struct shipped_field fields[] = {
    {SV_INIT("LogName"), SHIPPED_TEXT, offsetof(struct event, channel)},
    {SV_INIT("SourceName"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("EventCode"), SHIPPED_ID, 0},
    {SV_INIT("Type"), SHIPPED_LEVEL, 0},
    {SV_INIT("EventType"), SHIPPED_NOTHING, 0}, /* other numbers than Level's */
    {SV_INIT("ComputerName"), SHIPPED_TEXT, offsetof(struct event, computer)},
    {SV_INIT("Sid"), SHIPPED_SID, 0},
    {SV_INIT("User"), SHIPPED_NOTHING, 0},
    {SV_INIT("SidType"), SHIPPED_NOTHING, 0},
    {SV_INIT("Category"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("CategoryString"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("TaskCategory"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("OpCode"), SHIPPED_TEXT, offsetof(struct event, opcode_text)},
    {SV_INIT("RecordNumber"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("Keywords"), SHIPPED_KEYWORDS, 0},
    {SV_INIT("Message"), SHIPPED_TEXT, offsetof(struct event, message)},
    {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
};

/* --- the first line --- */

/* Bytes of "MM/DD/YYYY hh:mm:ss", or 0. */
static size_t stamp_length(struct sv v)
{
    static const char shape[] = "00/00/0000 00:00:00";
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (i >= v.n || (shape[i] == '0' ? !ascii_is_digit(v.p[i]) : v.p[i] != shape[i]))
            return 0;
    return sizeof shape - 1;
}

/* The name of the pair at v's beginning; absent if there is none that we know. */
static struct sv known_name(struct sv v)
{
    size_t n = 0;
    while (n < v.n && ascii_is_alpha(v.p[n]))
        n++;
    for (const struct shipped_field *f = fields; n < v.n && v.p[n] == '=' && f->name.p; f++)
        if (sv_eq(sv_slice(v, 0, n), f->name))
            return sv_slice(v, 0, n);
    return SV_ABSENT;
}

/* Splits a record's first line into the time and the pairs behind it. False if it is none. */
static bool take_stamp(struct sv line, struct sv *time, struct sv *pairs)
{
    size_t n = stamp_length(line);
    struct sv rest = sv_slice(line, n, line.n), word = sv_trim(sv_slice(rest, 0, 3));
    if (n == 0)
        return false;
    if (sv_ieq(word, SV("AM")) || sv_ieq(word, SV("PM"))) {
        n += 3;
        rest = sv_slice(line, n, line.n);
    }
    *time = sv_slice(line, 0, n);
    *pairs = sv_trim(rest);
    bool alone = pairs->n == 0;
    return alone || (ascii_is_space(rest.p[0]) && !sv_absent(known_name(*pairs)));
}

static bool begins(void *ctx, struct sv line)
{
    struct sv time, pairs;
    (void)ctx;
    return take_stamp(line, &time, &pairs);
}

/* --- pairs --- */

/* Where the value ends: before a blank that a known name follows. */
static size_t value_length(struct sv v)
{
    size_t n = 0;
    while (n < v.n && (!ascii_is_space(v.p[n]) || sv_absent(known_name(sv_slice(v, n + 1, v.n)))))
        n++;
    return n;
}

/*
 * One pair at v's beginning, which goes behind it: in_line where pairs share a line. What is no pair is
 * passed up to the next place where one can be.
 */
static void take_pair(struct shipped *s, struct event *e, struct sv *v, bool in_line)
{
    struct sv name = known_name(*v), value = sv_slice(*v, name.n + 1, v->n);
    if (sv_eq(name, SV("Message"))) {
        e->message = sv_trim(value);
        *v = SV_ABSENT;
        return;
    }
    if (sv_absent(name))
        value = *v;
    size_t n = 0;
    if (in_line)
        n = value_length(value);
    else
        while (n < value.n && value.p[n] != '\n' && value.p[n] != '\r')
            n++;
    if (!sv_absent(name))
        (void)shipped_set_field(s, e, fields, name, sv_trim(sv_slice(value, 0, n)));
    *v = sv_trim(sv_slice(value, n + 1, value.n));
}

/* Splunk writes the system's error text where a category has no name. */
static void clean_category(struct event *e)
{
    if (sv_eq(e->task_text, SV("The operation completed successfully.")))
        e->task_text = SV_ABSENT;
}

static const char *decode(struct shipped *s, struct sv text, struct event *e)
{
    struct sv line, time, pairs, rest = text;
    if (!text_take_line(&rest, &line) || !take_stamp(line, &time, &pairs))
        return shipped_is_other;
    bool in_line = pairs.n != 0;
    rest = in_line ? sv_slice(text, (size_t)(pairs.p - text.p), text.n) : sv_trim(rest);
    shipped_set_time(s, e, time);
    while (rest.n)
        take_pair(s, e, &rest, in_line);
    clean_category(e);
    if (!e->event_id.has)
        return sv_absent(e->channel) && sv_absent(e->provider) ? shipped_is_other
                                                               : "the record has no EventCode";
    return NULL;
}

/* --- the parser --- */

static const struct shipped_block block = {.begins = begins};

/* A time alone could be anybody's: the next line must be a pair, which shipped_probe cannot see. */
static int splunk_probe(struct sv head, bool complete)
{
    char text[3 * PARSER_HEAD_BYTES + 3];
    struct sv line, time, pairs, rest, next;
    head = sv_slice(head, 0, PARSER_HEAD_BYTES);
    rest = sv_trim(text_head_utf8(head, text));
    bool may_grow = !complete && head.n < PARSER_HEAD_BYTES;
    for (bool first = true; text_take_line(&rest, &line); first = false) {
        if (!take_stamp(line, &time, &pairs))
            continue;
        next = pairs.n ? pairs : sv_trim(rest);
        if (!sv_absent(known_name(next)))
            return first ? SURE : SURE_LATER;
    }
    return may_grow ? PROBE_MORE : 0;
}

static void splunk_close(struct parser *p)
{
    if (p)
        shipped_close(&p->shipped);
    free(p);
}

static struct parser *splunk_open(const struct input *in, const struct position *from,
                                  const struct parser_options *options, struct fault *fault)
{
    static const struct shipped_filter filter = {"EventCode=", "", &block, DATE_ORDER_MDY, false};
    struct parser *p = malloc(sizeof *p);
    if (!p) {
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    if (shipped_open(&p->shipped, in, from, options, &filter, fault))
        return p;
    splunk_close(p);
    return NULL;
}

static void splunk_next(struct parser *p, struct event *event, struct step *step)
{
    shipped_next_block(&p->shipped, &block, decode, event, step);
}

static void splunk_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->shipped.counts;
}

const struct parser_ops parser_splunk = {
    .name = "splunk",
    .title = "Splunk WinEventLog text",
    .open_ended = true,
    .probe = splunk_probe,
    .stable_prefix = shipped_stable_prefix,
    .open = splunk_open,
    .next = splunk_next,
    .end = text_lines_end,
    .counts = splunk_counts,
    .close = splunk_close,
};
