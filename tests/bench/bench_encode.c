/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to give a 9646 its identity and to encode it.
 *
 *     bench_encode [rounds] [ecs | ecs-original | rfc5424 | identity | headers]
 *
 * Prints records per second of one thread for each of them. Instructions per record: the difference of two
 * runs of `valgrind --tool=callgrind bench_encode ROUNDS WHAT` by their difference in rounds.
 */
#include "headers.h"
#include "identity.h"
#include "os_clock.h"

#include <stdio.h>
#include <stdlib.h>

extern const struct encoder_ops encoder_ecs, encoder_rfc5424;

#define AG "/o=First Organization/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="

static struct event event;
static struct record record;
static struct identity *identity;
static struct arena arena;
static struct buf out;
static struct encode_context context = {
    .agent_id = SV_INIT("7d6f0a4e-2f53-4f0e-9a83-6f7a4c1f2b10"),
    .agent_ephemeral_id = SV_INIT("c0a8e6d2-6c6b-4b4f-8a39-0f5d5c2b7a11"),
    .agent_name = SV_INIT("EXCH01"),
    .agent_version = SV_INIT("0.1.0"),
    .facility = 1,
};

static void make_event(void)
{
    event_clear(&event);
    event.provider = SV("MSExchangeIS");
    event.event_id = opt_u64(9646);
    event.qualifiers = opt_u64(49158);
    event.level = opt_u64(2);
    event.task = opt_u64(6);
    event.keywords = opt_u64(UINT64_C(0x80000000000000));
    event.record_id = opt_u64(126268);
    event.channel = SV("Application");
    event.computer = SV("exch01.contoso.com");
    event.task_text = SV("General");
    event.offset = 4711982;
    event_add_datum(&event, SV_ABSENT, SV(AG "jsmith"));
    event_add_datum(&event, SV_ABSENT, SV("32"));
    event_add_datum(&event, SV_ABSENT, SV("session"));
    event.original =
        SV("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
           "Name='MSExchangeIS'/><EventID Qualifiers='49158'>9646</EventID><Level>2</Level><Task>6</Task>"
           "<Keywords>0x80000000000000</Keywords><TimeCreated SystemTime='2026-02-18T10:30:01.123456Z'/>"
           "<EventRecordID>126268</EventRecordID><Channel>Application</Channel><Computer>exch01.contoso.com"
           "</Computer><Security/></System><EventData><Data>" AG
           "jsmith</Data><Data>32</Data><Data>session</Data></EventData></Event>");
}

static bool make_record(void)
{
    record = (struct record){
        .event = &event,
        .kind = RECORD_MAPI_LIMIT,
        .mapi = {.legacy_dn = SV(AG "jsmith"),
                 .organization = SV("First Organization"),
                 .admin_group = SV("Exchange Administrative Group (FYDIBOHF23SPDLT)"),
                 .container = SV("Recipients"),
                 .cn = SV("jsmith"),
                 .user = SV("jsmith"),
                 .limit = opt_u64(32),
                 .object_type = SV("session"),
                 .object_type_raw = SV("session")},
        .message =
            SV("Mapi session \"" AG "jsmith\" exceeded the maximum of 32 objects of type \"session\"."),
        .key = SV("/o=first organization/ou=exchange administrative group "
                  "(fydibohf23spdlt)/cn=recipients/cn=jsmith"),
        .file_path = SV("C:\\ProgramData\\evt-export\\Application.xml"),
    };
    return wtime_parse(SV("2026-02-18T10:30:01.123456Z"), &event.time) &&
           wtime_parse(SV("2026-02-18T10:30:01.987Z"), &record.created) &&
           identity_fill(identity, &record, 1);
}

static bool run_ecs(void)
{
    buf_reset(&out);
    context.original = ORIGINAL_AUTO;
    return encoder_ecs.encode(&context, &record, 1, &out) == ENCODE_OK;
}

static bool run_ecs_original(void)
{
    buf_reset(&out);
    context.original = ORIGINAL_ALWAYS;
    return encoder_ecs.encode(&context, &record, 1, &out) == ENCODE_OK;
}

static bool run_rfc5424(void)
{
    buf_reset(&out);
    return encoder_rfc5424.encode(&context, &record, 1, &out) == ENCODE_OK;
}

static bool run_identity(void)
{
    return identity_fill(identity, &record, 1);
}

static bool run_headers(void)
{
    struct sink_header headers[HEADERS_MAX];
    size_t count;
    arena_reset(&arena);
    return headers_make(&context, &record, &encoder_ecs, &arena, headers, &count);
}

static const struct {
    const char *name;
    bool (*run)(void);
} benches[] = {
    {"ecs", run_ecs},           {"ecs-original", run_ecs_original}, {"rfc5424", run_rfc5424},
    {"identity", run_identity}, {"headers", run_headers},
};

static int measure(size_t which, unsigned long rounds)
{
    int64_t start = os_realtime_ns();
    for (unsigned long i = 0; i < rounds; i++)
        if (!benches[which].run())
            return 1;
    double seconds = (double)(os_realtime_ns() - start + 1) / 1e9;
    printf("%-14s %10.0f records/s %6zu octets\n", benches[which].name, (double)rounds / seconds, out.n);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    int failures = 0;
    identity = identity_new();
    arena_init(&arena, 1 << 16);
    buf_init(&out, 1 << 20);
    make_event();
    if (!identity || !make_record())
        return 1;
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
        if (argc < 3 || strcmp(argv[2], benches[i].name) == 0)
            failures += measure(i, rounds);
    arena_free(&arena);
    buf_free(&out);
    identity_free(identity);
    return failures != 0;
}
