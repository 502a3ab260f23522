/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two records of the record schema, built by hand as parser, normalizer and agent would fill them, for
 * the tests of what comes after. The native store of Exchange 2010 and the managed store since 2013.
 */
#ifndef MAPITAIL_TESTS_SAMPLE_RECORDS_H
#define MAPITAIL_TESTS_SAMPLE_RECORDS_H

#include "encoder.h"

#include <stdio.h>
#include <stdlib.h>

#define SAMPLE_AG "/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="
#define SAMPLE_KEY                                                                                           \
    "/o=first organization/ou=exchange administrative group (fydibohf23spdlt)/cn=recipients/cn="
#define SAMPLE_JSMITH SAMPLE_AG "jsmith"
#define SAMPLE_ANN_CN "0f1e2d3c4b5a69788796a5b4c3d2e1f0-Ann Lee"
#define SAMPLE_ANN SAMPLE_AG SAMPLE_ANN_CN

struct sample {
    struct event event;
    struct record record;
    struct encode_context context;
};

static inline void sample_time(struct wtime *t, const char *text)
{
    if (!wtime_parse(sv_from(text), t))
        abort();
}

static inline void sample_system(struct event *e, const char *time, uint64_t qualifiers, uint64_t record_id)
{
    event_clear(e);
    e->provider = SV("MSExchangeIS");
    e->event_id = opt_u64(9646);
    e->qualifiers = opt_u64(qualifiers);
    e->level = opt_u64(2);
    e->task = opt_u64(6);
    e->keywords = opt_u64(UINT64_C(0x80000000000000));
    e->time_text = sv_from(time);
    sample_time(&e->time, time);
    e->record_id = opt_u64(record_id);
    e->channel = SV("Application");
}

static inline void sample_context(struct encode_context *c, const char *agent_name)
{
    static const struct setting_pair labels[] = {{"site", "hq", false}, {"dag", "DAG01", false}};
    *c = (struct encode_context){
        .agent_id = SV("7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10"),
        .agent_ephemeral_id = SV("c0a8e6d2-6c6b-4b4f-8a39-0f5d5c2b7a11"),
        .agent_name = sv_from(agent_name),
        .agent_version = SV("0.1.0"),
        .labels = {labels, 2},
        .original = ORIGINAL_ALWAYS,
        .facility = 1,
        .enterprise_number = SV("32473"),
    };
}

static inline void sample_native(struct sample *s)
{
    struct event *e = &s->event;
    sample_system(e, "2026-02-18T10:30:01.123456Z", 49158, 126268);
    e->computer = SV("exch01.contoso.com");
    e->task_text = SV("General");
    event_add_datum(e, SV_ABSENT, SV(SAMPLE_JSMITH));
    event_add_datum(e, SV_ABSENT, SV("32"));
    event_add_datum(e, SV_ABSENT, SV("session"));
    e->offset = 4711982;
    e->original =
        SV("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
           "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"
           "<Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2026-02-18T10:30:01.123456Z'/>"
           "<EventRecordID>126268</EventRecordID><Channel>Application</Channel><Computer>exch01.contoso.com"
           "</Computer><Security/></System><EventData><Data>" SAMPLE_JSMITH
           "</Data><Data>32</Data><Data>session</Data></EventData></Event>");
    s->record = (struct record){
        .event = e,
        .kind = RECORD_MAPI_LIMIT,
        .mapi =
            {
                .legacy_dn = SV(SAMPLE_JSMITH),
                .organization = SV("First Organization"),
                .admin_group = SV("Exchange Administrative Group (FYDIBOHF23SPDLT)"),
                .container = SV("Recipients"),
                .cn = SV("jsmith"),
                .user = SV("jsmith"),
                .limit = opt_u64(32),
                .object_type = SV("session"),
                .object_type_raw = SV("session"),
                .limit_class = LIMIT_SESSION,
                .form = FORM_EXCEEDED,
                .status = PARSE_COMPLETE,
            },
        .message =
            SV("Mapi session \"" SAMPLE_JSMITH "\" exceeded the maximum of 32 objects of type \"session\"."),
        .key = SV(SAMPLE_KEY "jsmith"),
        .file_path = SV("C:\\ProgramData\\evt-export\\Application.xml"),
        .id = "eca1105a-d9c1-5feb-9593-bc703948ef67",
        .hash = "69a6c4989d088a4032940378e8aa6bec6f891971c79bd01cde4ec6006c909d0e",
    };
    sample_time(&s->record.created, "2026-02-18T10:30:01.987Z");
    sample_context(&s->context, "EXCH01");
}

static inline void sample_managed(struct sample *s)
{
    struct event *e = &s->event;
    sample_system(e, "2026-02-18T10:31:07.500000Z", 49156, 884213);
    e->computer = SV("exch13.contoso.com");
    event_add_datum(e, SV_ABSENT, SV(SAMPLE_ANN));
    event_add_datum(e, SV_ABSENT, SV("MoMT"));
    event_add_datum(e, SV_ABSENT, SV("500"));
    event_add_datum(e, SV_ABSENT, SV("Folder"));
    e->offset = 9034112;
    e->original =
        SV("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
           "Name='MSExchangeIS'/><EventID Qualifiers='49156'>9646</EventID><Level>2</Level><Task>6</Task>"
           "<Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2026-02-18T10:31:07.500000Z'/>"
           "<EventRecordID>884213</EventRecordID><Channel>Application</Channel><Computer>exch13.contoso.com"
           "</Computer><Security/></System><EventData><Data>" SAMPLE_ANN
           "</Data><Data>MoMT</Data><Data>500</Data><Data>Folder</Data></EventData></Event>");
    s->record = (struct record){
        .event = e,
        .kind = RECORD_MAPI_LIMIT,
        .mapi =
            {
                .legacy_dn = SV(SAMPLE_ANN),
                .organization = SV("First Organization"),
                .admin_group = SV("Exchange Administrative Group (FYDIBOHF23SPDLT)"),
                .container = SV("Recipients"),
                .cn = SV(SAMPLE_ANN_CN),
                .user = SV("Ann Lee"),
                .client_type = SV("MoMT"),
                .client_type_canonical = SV("MoMT"),
                .limit = opt_u64(500),
                .object_type = SV("objtFolder"),
                .object_type_raw = SV("Folder"),
                .limit_class = LIMIT_OBJECT,
                .form = FORM_EXCEEDED,
                .status = PARSE_COMPLETE,
            },
        .message = SV("Mapi session \"" SAMPLE_ANN
                      "\" with client type \"MoMT\" exceeded the maximum of 500 objects of type \"Folder\"."),
        .key = SV(SAMPLE_KEY "0f1e2d3c4b5a69788796a5b4c3d2e1f0-ann lee"),
        .file_path = SV("C:\\ProgramData\\evt-export\\Application.xml"),
        .id = "112c059c-1fc1-59b6-95bc-a924e199e7e8",
        .hash = "b691c81396fd4ae8a208addc6de3187f0e16b69b1b4dec64f06cec9a7e8e957c",
    };
    sample_time(&s->record.created, "2026-02-18T10:31:08.004Z");
    sample_context(&s->context, "EXCH13");
}

/* The text of a published example, without its last LF, or NULL when the examples are not there. free() it.
 */
static inline char *sample_file(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/../shared/facts/examples/%s", SOURCE_ROOT, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    enum { MOST = 1 << 16 };
    char *text = malloc(MOST);
    size_t n = text ? fread(text, 1, MOST - 1, f) : 0;
    fclose(f);
    if (text)
        text[n && text[n - 1] == '\n' ? n - 1 : n] = '\0';
    return text;
}

#endif
