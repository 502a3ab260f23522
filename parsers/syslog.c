/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows events that went through syslog into a file, one per line. The layouts, told by content, line by
 * line (files of a receiver hold what many senders sent):
 *
 *   Snare            [header] MSWinEventLog and fields between TABs, or between "#011" as rsyslog writes TAB
 *   EventReporter    [header] EvntSLog: [ERR] Thu Feb 15 14:00:58 2001: HOST/Source (id) - "message"
 *   NXLog            RFC 5424 with an element NXLOG@14506 (to_syslog_ietf)
 *   mapitail's own   RFC 5424 with elements winlog@… and mapi@…
 *
 * Every other line is somebody else's. Snare and EventReporter write local time without zone, with the name
 * of the month, so that the order of day and month is not a question. Neither carries the record id: Snare's
 * counter is the agent's own. RFC 5424 times carry their zone.
 *
 * Sources: Snare's Appendix A "Event output format", eventreporter.com's FAQ, NXLog's xm_syslog, RFC 5424.
 */
#include "parser.h"
#include "shipped.h"

#include <stdlib.h>

enum { HEADER_MAX = 512, SURE = 92 };

struct parser {
    struct shipped shipped;
};

/* --- pieces --- */

/* What comes before the separator; *rest goes behind it. All of it where there is none. */
static struct sv take_until(struct sv *rest, struct sv separator)
{
    size_t at = sv_find(*rest, separator);
    struct sv taken = sv_slice(*rest, 0, at);
    *rest = at == SV_NPOS ? sv_slice(*rest, rest->n, rest->n) : sv_slice(*rest, at + separator.n, rest->n);
    return taken;
}

static bool take_prefix(struct sv *rest, struct sv prefix)
{
    if (!sv_starts(*rest, prefix))
        return false;
    *rest = sv_slice(*rest, prefix.n, rest->n);
    return true;
}

static void skip_digits(struct sv *v)
{
    while (v->n && ascii_is_digit(v->p[0]))
        *v = sv_slice(*v, 1, v->n);
}

/* Behind a word that stands by itself in the header's reach, or SV_NPOS. */
static size_t find_marker(struct sv text, struct sv marker)
{
    size_t at = sv_find(sv_slice(text, 0, HEADER_MAX), marker);
    if (at == SV_NPOS)
        return SV_NPOS;
    struct sv before = sv_slice(text, 0, at);
    bool alone =
        at == 0 || ascii_is_space(text.p[at - 1]) || sv_ends(before, SV(">")) || sv_ends(before, SV("#011"));
    return alone ? at + marker.n : SV_NPOS;
}

/* --- Snare --- */

/* The separator that follows Snare's marker; absent if it is none. *rest is what follows. */
static struct sv snare_separator(struct sv text, struct sv *rest)
{
    static const char *const separators[] = {"\t", "#011"};
    size_t at = find_marker(text, SV("MSWinEventLog"));
    *rest = sv_slice(text, at, text.n);
    for (size_t i = 0; at != SV_NPOS && i < sizeof separators / sizeof *separators; i++)
        if (take_prefix(rest, sv_from(separators[i])))
            return sv_from(separators[i]);
    return SV_ABSENT;
}

/* "#012" as one character: rsyslog writes control characters as three octal digits. */
static struct sv without_escapes(struct arena *a, struct sv v)
{
    char *to = arena_alloc(a, v.n);
    size_t n = 0;
    if (!to)
        return v;
    for (size_t i = 0; i < v.n; i++) {
        const char *p = v.p + i;
        bool escape = v.n - i >= 4 && p[0] == '#' && p[1] == '0' && p[2] >= '0' && p[2] <= '3' &&
                      p[3] >= '0' && p[3] <= '7';
        to[n++] = escape ? (char)((p[2] - '0') * 8 + p[3] - '0') : p[0];
        i += escape ? 3 : 0;
    }
    return sv_make(to, n);
}

/* v without a check sum or a counter at its end, which Snare may put behind the message. */
static struct sv without_trailer(struct sv v, struct sv separator)
{
    enum { TRAILER_MAX = 32 };
    size_t n = v.n;
    while (n > 0 && v.n - n <= TRAILER_MAX && ascii_hex_value(v.p[n - 1]) >= 0)
        n--;
    /* "#011" ends with digits itself. */
    for (size_t end = n; end <= v.n && end <= n + separator.n; end++)
        if (sv_ends(sv_slice(v, 0, end), separator))
            return sv_slice(v, 0, end - separator.n);
    return v;
}

static struct sv snare_message(struct sv v, struct sv separator)
{
    v = without_trailer(sv_trim(v), separator);
    return sv_trim(without_trailer(sv_trim(v), separator));
}

static const char *decode_snare(struct shipped *s, struct sv text, struct event *e)
{
    /* Behind the criticality. The data strings are mostly empty, and run into one another where they are not.
     */
    static const struct shipped_field fields[] = {
        {SV_INIT("channel"), SHIPPED_TEXT, offsetof(struct event, channel)},
        {SV_INIT("counter"), SHIPPED_NOTHING, 0},
        {SV_INIT("time"), SHIPPED_TIME, 0},
        {SV_INIT("id"), SHIPPED_ID, 0},
        {SV_INIT("source"), SHIPPED_TEXT, offsetof(struct event, provider)},
        {SV_INIT("user"), SHIPPED_SID, 0},
        {SV_INIT("account"), SHIPPED_NOTHING, 0},
        {SV_INIT("type"), SHIPPED_LEVEL, 0},
        {SV_INIT("computer"), SHIPPED_TEXT, offsetof(struct event, computer)},
        {SV_INIT("category"), SHIPPED_TEXT, offsetof(struct event, task_text)},
        {SV_INIT("data"), SHIPPED_NOTHING, 0},
        {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
    };
    struct sv rest, separator = snare_separator(text, &rest);
    if (sv_absent(separator))
        return shipped_is_other;
    struct sv value = take_until(&rest, separator);
    /* Some versions write the criticality twice. */
    struct sv second = sv_slice(rest, 0, 1 + separator.n);
    if (value.n == 1 && shipped_has_digits(second, 1) && sv_ends(second, separator))
        value = take_until(&rest, separator);
    for (const struct shipped_field *f = fields; f->name.p; f++) {
        if (sv_empty(rest))
            return "the Snare record ends before its message";
        value = sv_trim(take_until(&rest, separator));
        shipped_set_value(s, e, f, value);
    }
    e->message = snare_message(rest, separator);
    if (separator.n > 1)
        e->message = without_escapes(&s->values, e->message);
    return e->event_id.has ? NULL : "the Snare record has no event id";
}

/* --- EventReporter --- */

/* Behind "EvntSLog:" and a number that may follow: at the bracket of the type. */
static bool reporter_begins(struct sv text, struct sv *rest)
{
    size_t at = find_marker(text, SV("EvntSLog:"));
    if (at == SV_NPOS)
        return false;
    *rest = sv_trim(sv_slice(text, at, text.n));
    if (rest->n && ascii_is_digit(rest->p[0])) {
        skip_digits(rest);
        (void)take_prefix(rest, SV(":"));
        *rest = sv_trim(*rest);
    }
    return take_prefix(rest, SV("["));
}

/* The quotes around the message; those inside of it stay. */
static void set_quoted_message(struct event *e, struct sv v)
{
    bool quoted = take_prefix(&v, SV("\""));
    if (quoted && sv_ends(v, SV("\"")))
        v = sv_slice(v, 0, v.n - 1);
    else
        e->cut |= quoted;
    e->message = v;
}

static const char *decode_reporter(struct shipped *s, struct sv text, struct event *e)
{
    struct sv rest, source, id;
    if (!reporter_begins(text, &rest))
        return shipped_is_other;
    shipped_set_level(e, take_until(&rest, SV("]")));
    struct sv time = sv_trim(take_until(&rest, SV(": ")));
    struct sv computer = take_until(&rest, SV("/"));
    size_t end = sv_find(rest, SV(") - "));
    source = sv_slice(rest, 0, end);
    size_t open = sv_rfind(source, SV(" ("));
    if (end == SV_NPOS || open == SV_NPOS)
        return "the EventReporter record ends before its message";
    id = sv_slice(source, open + 2, source.n);
    shipped_set_time(s, e, time);
    e->computer = computer;
    e->provider = sv_slice(source, 0, open);
    set_quoted_message(e, sv_trim(sv_slice(rest, end + 4, rest.n)));
    return shipped_set_id(e, id) ? NULL : "the EventReporter record has no event id";
}

/* --- RFC 5424 --- */

struct header {
    struct sv time, host, app, msgid;
};

/* A header of RFC 5424 6.2 at v's beginning; receivers may leave out <PRI> and the version. */
static bool take_header(struct sv *v, struct header *h)
{
    if (take_prefix(v, SV("<"))) {
        skip_digits(v);
        if (!take_prefix(v, SV(">")))
            return false;
    }
    (void)take_prefix(v, SV("1 "));
    if (!shipped_has_digits(*v, 4) || v->n < 5 || v->p[4] != '-')
        return false;
    h->time = take_until(v, SV(" "));
    h->host = take_until(v, SV(" "));
    h->app = take_until(v, SV(" "));
    (void)take_until(v, SV(" "));
    h->msgid = take_until(v, SV(" "));
    return sv_starts(*v, SV("["));
}

/* RFC 5424 6.3.3: '"', '\' and ']' stand behind a backslash; another one stands for itself. */
static struct sv unescape(struct arena *a, struct sv v)
{
    char *to = sv_find_char(v, '\\') == SV_NPOS ? NULL : arena_alloc(a, v.n);
    size_t n = 0;
    if (!to)
        return v;
    for (size_t i = 0; i < v.n; i++) {
        bool escape =
            v.p[i] == '\\' && i + 1 < v.n && (v.p[i + 1] == '"' || v.p[i + 1] == '\\' || v.p[i + 1] == ']');
        i += escape;
        to[n++] = v.p[i];
    }
    return sv_make(to, n);
}

/* ' name="value"' */
static bool take_param(struct sv *v, struct sv *name, struct sv *value)
{
    size_t end = 0;
    if (!take_prefix(v, SV(" ")))
        return false;
    *name = take_until(v, SV("=\""));
    while (end < v->n && v->p[end] != '"')
        end += v->p[end] == '\\' ? 2 : 1;
    if (end >= v->n)
        return false;
    *value = sv_slice(*v, 0, end);
    *v = sv_slice(*v, end + 1, v->n);
    return true;
}

/* '[' and the element's name, up to the first parameter or the end. */
static bool take_element(struct sv *v, struct sv *id)
{
    size_t n = 0;
    if (!take_prefix(v, SV("[")))
        return false;
    while (n < v->n && v->p[n] != ' ' && v->p[n] != ']')
        n++;
    *id = sv_slice(*v, 0, n);
    *v = sv_slice(*v, n, v->n);
    return v->n != 0;
}

static const struct shipped_field nxlog_fields[] = {
    {SV_INIT("SourceName"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("ProviderGuid"), SHIPPED_TEXT, offsetof(struct event, provider_guid)},
    {SV_INIT("EventID"), SHIPPED_ID, 0},
    {SV_INIT("EventType"), SHIPPED_LEVEL, 0},
    {SV_INIT("Keywords"), SHIPPED_NUMBER, offsetof(struct event, keywords)},
    {SV_INIT("Version"), SHIPPED_NUMBER, offsetof(struct event, version)},
    {SV_INIT("Task"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("TaskValue"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("OpcodeValue"), SHIPPED_NUMBER, offsetof(struct event, opcode)},
    {SV_INIT("RecordNumber"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("ProcessID"), SHIPPED_NUMBER, offsetof(struct event, process_id)},
    {SV_INIT("ExecutionProcessID"), SHIPPED_NUMBER, offsetof(struct event, process_id)},
    {SV_INIT("ThreadID"), SHIPPED_NUMBER, offsetof(struct event, thread_id)},
    {SV_INIT("ExecutionThreadID"), SHIPPED_NUMBER, offsetof(struct event, thread_id)},
    {SV_INIT("Channel"), SHIPPED_TEXT, offsetof(struct event, channel)},
    {SV_INIT("Hostname"), SHIPPED_TEXT, offsetof(struct event, computer)},
    {SV_INIT("Category"), SHIPPED_TEXT, offsetof(struct event, task_text)},
    {SV_INIT("Opcode"), SHIPPED_TEXT, offsetof(struct event, opcode_text)},
    {SV_INIT("UserID"), SHIPPED_SID, 0},
    {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
};

static const struct shipped_field own_fields[] = {
    {SV_INIT("channel"), SHIPPED_TEXT, offsetof(struct event, channel)},
    {SV_INIT("provider"), SHIPPED_TEXT, offsetof(struct event, provider)},
    {SV_INIT("eventId"), SHIPPED_ID, 0},
    {SV_INIT("recordId"), SHIPPED_NUMBER, offsetof(struct event, record_id)},
    {SV_INIT("level"), SHIPPED_NUMBER, offsetof(struct event, level)},
    {SV_INIT("task"), SHIPPED_NUMBER, offsetof(struct event, task)},
    {SV_INIT("keywords"), SHIPPED_NUMBER, offsetof(struct event, keywords)},
    {SV_INIT("computer"), SHIPPED_TEXT, offsetof(struct event, computer)},
    {SHIPPED_TABLE_END, SHIPPED_TEXT, 0},
};

/* Which fields an element has; NULL: none of ours. mapi@ is known by its presence alone: what it says is read
 * from the message again. */
static const struct shipped_field *fields_of(struct sv element)
{
    static const struct shipped_field none[] = {{SHIPPED_TABLE_END, SHIPPED_TEXT, 0}};
    if (sv_starts(element, SV("NXLOG@")))
        return nxlog_fields;
    if (sv_starts(element, SV("winlog@")))
        return own_fields;
    return sv_starts(element, SV("mapi@")) ? none : NULL;
}

/* Named strings of events that name them: param1, param2 … */
static void add_string(struct event *e, struct sv name, struct sv value)
{
    if (sv_starts(name, SV("param")) && shipped_has_digits(sv_slice(name, 5, name.n), 1))
        event_add_datum(e, name, value);
}

/* Every element; false if they are not well-formed. *ours tells whether one of them was. e may be NULL. */
static bool take_structured_data(struct shipped *s, struct sv *v, struct event *e, bool *ours)
{
    struct sv id, name, value;
    while (take_element(v, &id)) {
        const struct shipped_field *fields = fields_of(id);
        *ours |= fields != NULL;
        while (take_param(v, &name, &value)) {
            if (!fields || !e)
                continue;
            value = unescape(&s->values, value);
            if (!shipped_set_field(s, e, fields, name, value) && fields == nxlog_fields)
                add_string(e, name, value);
        }
        if (!take_prefix(v, SV("]")))
            return false;
    }
    return true;
}

/* The header's APP-NAME has '_' for each blank. */
static struct sv provider_of(struct arena *a, struct sv app)
{
    char *to = arena_alloc(a, app.n);
    for (size_t i = 0; to && i < app.n; i++)
        to[i] = app.p[i] == '_' ? ' ' : app.p[i];
    return to ? sv_make(to, app.n) : app;
}

static const char *decode_rfc5424(struct shipped *s, struct sv text, struct event *e)
{
    struct header h;
    bool ours = false;
    if (!take_header(&text, &h))
        return shipped_is_other;
    bool good = take_structured_data(s, &text, e, &ours);
    if (!ours)
        return shipped_is_other;
    if (!good)
        return "the structured data is cut or not well-formed";
    shipped_set_time(s, e, h.time);
    if (sv_absent(e->computer))
        e->computer = shipped_value(h.host);
    if (sv_absent(e->provider))
        e->provider = shipped_value(provider_of(&s->values, h.app));
    if (!e->event_id.has)
        (void)shipped_set_id(e, h.msgid);
    (void)take_prefix(&text, SV(" "));
    (void)take_prefix(&text, SV("\xef\xbb\xbf"));
    e->message = text;
    return e->event_id.has ? NULL : "the message names no event id";
}

/* --- the parser --- */

/* RFC 5424 first: its message may be what another sender wrote. Of the others, the one that comes first. */
static const char *decode(struct shipped *s, struct sv text, struct event *e)
{
    const char *reason = decode_rfc5424(s, text, e);
    if (reason != shipped_is_other)
        return reason;
    size_t snare = find_marker(text, SV("MSWinEventLog")), reporter = find_marker(text, SV("EvntSLog:"));
    return snare < reporter ? decode_snare(s, text, e) : decode_reporter(s, text, e);
}

static bool is_record(struct sv line)
{
    struct sv rest = line;
    struct header h;
    bool ours = false;
    if (take_header(&rest, &h)) {
        (void)take_structured_data(NULL, &rest, NULL, &ours);
        return ours;
    }
    return !sv_absent(snare_separator(line, &rest)) || reporter_begins(line, &rest);
}

static int syslog_probe(struct sv head, bool complete)
{
    return shipped_probe(head, complete, SURE, is_record);
}

static void syslog_close(struct parser *p)
{
    if (p)
        shipped_close(&p->shipped);
    free(p);
}

static struct parser *syslog_open(const struct input *in, const struct position *from,
                                  const struct parser_options *options, struct fault *fault)
{
    static const struct shipped_filter filter = {"", "", NULL, DATE_ORDER_MDY, false};
    struct parser *p = malloc(sizeof *p);
    if (!p) {
        fault_set(fault, FAULT_MEMORY, 0, "no memory");
        return NULL;
    }
    if (shipped_open(&p->shipped, in, from, options, &filter, fault))
        return p;
    syslog_close(p);
    return NULL;
}

static void syslog_next(struct parser *p, struct event *event, struct step *step)
{
    shipped_next_line(&p->shipped, decode, event, step);
}

static void syslog_counts(const struct parser *p, struct parser_counts *out)
{
    *out = p->shipped.counts;
}

const struct parser_ops parser_syslog = {
    .name = "syslog",
    .title = "Windows events in syslog files (Snare, EventReporter, NXLog, mapitail)",
    .probe = syslog_probe,
    .stable_prefix = shipped_stable_prefix,
    .open = syslog_open,
    .next = syslog_next,
    .end = text_lines_end,
    .counts = syslog_counts,
    .close = syslog_close,
};
