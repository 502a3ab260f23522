/* SPDX-License-Identifier: Apache-2.0 */
/* Event 9646 as each Exchange version hands it to ReportEvent. */
#include "exchange_events.h"

#include <stdio.h>
#include <string.h>

#define GUID "ba765653-5439-437a-993f-806575b85fbb"
#define GROUP "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="

static const struct {
    const char *name, *computer;
    bool is_managed;          /* the store that is written in C#: four strings, other words */
    bool is_execution_logged; /* Windows 2016 and later name process and thread */
} versions[EXCHANGE_VERSIONS] = {
    [EXCHANGE_2007] = {"2007", "EXCH07.contoso.com", false, false},
    [EXCHANGE_2010] = {"2010", "EXCH10.contoso.com", false, false},
    [EXCHANGE_2013] = {"2013", "EXCH13.contoso.com", true, false},
    [EXCHANGE_2016] = {"2016", "EXCH16.contoso.com", true, true},
    [EXCHANGE_2019] = {"2019", "EXCH19.contoso.com", true, true},
    [EXCHANGE_SE] = {"SE", "EXCHSE.contoso.com", true, true},
};

static const struct {
    const char *native, *managed, *canonical;
    unsigned limit;
} types[] = {
    {"session", "Session", "session", 32},
    {"objtFolder", "Folder", "objtFolder", 500},
    {"objtMessage", "Message", "objtMessage", 250},
    {"objtAttachment", "Attachment", "objtAttachment", 500},
    {"objtFXSrcStrm", "FastTransferSource", "objtFXSrcStrm", 50},
};

static const char *const client_types[] = {"MoMT", "OWA", "AirSync", "WebServices"};

const char *exchange_version_name(enum exchange_version v)
{
    return versions[v].name;
}

/* The native store says who by DN, by the mailbox's GUID (2007), or by both (2010). */
static void put_who(struct exchange_event *e, enum exchange_version v, unsigned number)
{
    snprintf(e->truth.user, sizeof e->truth.user, "user%u", number);
    e->truth.mailbox_guid = NULL;
    if (versions[v].is_managed) {
        snprintf(e->who, sizeof e->who, GROUP "%032x-%s", number, e->truth.user);
    } else if (v == EXCHANGE_2007 && number % 2) {
        snprintf(e->who, sizeof e->who, GUID);
        e->truth.mailbox_guid = GUID;
        e->truth.user[0] = '\0';
    } else if (v == EXCHANGE_2010 && number % 2) {
        snprintf(e->who, sizeof e->who, GUID ": " GROUP "%s", e->truth.user);
        e->truth.mailbox_guid = GUID;
    } else {
        snprintf(e->who, sizeof e->who, GROUP "%s", e->truth.user);
    }
}

static size_t put_strings(struct exchange_event *e, bool is_managed, const char *type)
{
    size_t n = 0;
    e->strings[n++] = e->who;
    if (is_managed)
        e->strings[n++] = e->truth.client_type;
    e->strings[n++] = e->limit;
    e->strings[n++] = type;
    if (is_managed)
        snprintf(
            e->message, sizeof e->message,
            "Mapi session \"%s\" with client type \"%s\" exceeded the maximum of %s objects of type \"%s\".",
            e->who, e->truth.client_type, e->limit, type);
    else
        snprintf(e->message, sizeof e->message,
                 "Mapi session \"%s\" exceeded the maximum of %s objects of type \"%s\".", e->who, e->limit,
                 type);
    return n;
}

void exchange_9646(struct exchange_event *e, enum exchange_version v, enum evtx_writer_layout layout,
                   unsigned number)
{
    static const uint8_t diagnostics[] = "\x07\0\0\0[DIAG_CTX]\0\0\x04\0\0\0\xff\xe8\x3a";
    size_t type = number % (sizeof types / sizeof *types);
    bool is_managed = versions[v].is_managed, has_diagnostics = !is_managed && layout != EVTX_WRITE_MANIFEST;
    e->truth.client_type = is_managed ? client_types[number % 4] : NULL;
    e->truth.object_type = types[type].canonical;
    e->truth.limit = types[type].limit;
    snprintf(e->limit, sizeof e->limit, "%u", types[type].limit);
    put_who(e, v, number);
    size_t strings = put_strings(e, is_managed, is_managed ? types[type].managed : types[type].native);
    e->event = (struct evtx_writer_event){
        .layout = layout,
        .provider = "MSExchangeIS",
        .channel = "Application",
        .computer = versions[v].computer,
        .event_id = 9646,
        .qualifiers = is_managed ? 0xc004 : 0xc006,
        .level = 2,
        .task = 6,
        .keywords = UINT64_C(0x80000000000000),
        .strings = e->strings,
        .string_count = strings,
        .binary = has_diagnostics ? diagnostics : NULL,
        .binary_size = has_diagnostics ? sizeof diagnostics : 0,
        .message = layout == EVTX_WRITE_INLINE ? e->message : NULL,
        .has_execution = versions[v].is_execution_logged,
    };
}
