/* SPDX-License-Identifier: Apache-2.0 */
/* What every output format derives from an event in the same way. */
#include "envelope.h"

#include "utf.h"

static char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

void host_names_of(const struct event *e, struct host_names *out)
{
    struct sv computer = utf8_cut(e->computer, HOST_TEXT_MAX);
    size_t dot = sv_find_char(computer, '.');
    struct sv label = sv_slice(computer, 0, dot == SV_NPOS ? computer.n : dot);
    ascii_lower_copy(out->full_text, computer);
    for (size_t i = 0; i < label.n; i++)
        out->label_text[i] = ascii_upper(label.p[i]);
    out->full = computer.n ? sv_make(out->full_text, computer.n) : SV_ABSENT;
    out->label = label.n ? sv_make(out->label_text, label.n) : SV_ABSENT;
}

struct opt_u64 event_qualifiers(const struct event *e)
{
    if (e->qualifiers.has || e->event_id.v >> 16 == 0)
        return e->qualifiers;
    return opt_u64(e->event_id.v >> 16);
}

bool event_is_exchange(const struct event *e)
{
    return sv_istarts(event_source(e), SV("MSExchange"));
}

struct sv event_level_name(const struct event *e)
{
    static const struct sv names[] = {SV_INIT("information"), SV_INIT("critical"),    SV_INIT("error"),
                                      SV_INIT("warning"),     SV_INIT("information"), SV_INIT("verbose")};
    if (e->level.has && e->level.v < sizeof names / sizeof names[0])
        return names[e->level.v];
    return e->level_text;
}

unsigned syslog_severity(const struct event *e)
{
    static const uint8_t severities[] = {6, 2, 3, 4, 6, 7};
    enum { NOTICE = 5 };
    return e->level.has && e->level.v < sizeof severities ? severities[e->level.v] : NOTICE;
}

struct sv syslog_severity_name(unsigned severity)
{
    static const struct sv names[] = {SV_INIT("Emergency"),     SV_INIT("Alert"),   SV_INIT("Critical"),
                                      SV_INIT("Error"),         SV_INIT("Warning"), SV_INIT("Notice"),
                                      SV_INIT("Informational"), SV_INIT("Debug")};
    return names[severity > 7 ? 7 : severity];
}

struct sv syslog_facility_name(unsigned facility)
{
    static const struct sv names[] = {
        SV_INIT("kernel"),
        SV_INIT("user-level"),
        SV_INIT("mail"),
        SV_INIT("system"),
        SV_INIT("security/authorization"),
        SV_INIT("syslogd"),
        SV_INIT("line printer"),
        SV_INIT("network news"),
        SV_INIT("UUCP"),
        SV_INIT("clock"),
        SV_INIT("security/authorization"),
        SV_INIT("FTP"),
        SV_INIT("NTP"),
        SV_INIT("log audit"),
        SV_INIT("log alert"),
        SV_INIT("clock"),
        SV_INIT("local0"),
        SV_INIT("local1"),
        SV_INIT("local2"),
        SV_INIT("local3"),
        SV_INIT("local4"),
        SV_INIT("local5"),
        SV_INIT("local6"),
        SV_INIT("local7"),
    };
    return names[facility > 23 ? 23 : facility];
}

static struct wtime in_milliseconds(struct wtime t)
{
    t.nsec -= t.nsec % 1000000;
    t.digits = 3;
    return t;
}

struct wtime record_time(const struct record *r)
{
    return r->event->time.present ? r->event->time : in_milliseconds(r->created);
}

struct wtime record_created(const struct record *r)
{
    struct wtime created = in_milliseconds(r->created), time = r->event->time;
    if (!time.present || created.sec > time.sec || (created.sec == time.sec && created.nsec > time.nsec))
        return created;
    created = in_milliseconds(time);
    created.nsec += 1000000;
    if (created.nsec >= 1000000000) {
        created.nsec -= 1000000000;
        created.sec++;
    }
    return created;
}

bool record_ships_original(const struct record *r, enum original_policy policy)
{
    const struct event *e = r->event;
    if (sv_empty(e->original) || policy == ORIGINAL_NEVER)
        return false;
    bool incomplete = r->kind == RECORD_MAPI_LIMIT && r->mapi.status != PARSE_COMPLETE;
    return policy == ORIGINAL_ALWAYS || incomplete || e->trust >= EVENT_SALVAGED || e->cut || e->data_cut ||
           e->text_replaced;
}
