/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elastic Common Schema 9.4.0: one line of JSON, the fields and their order described by
 * packaging/doc/record-schema.json.
 */
#include "ecs_coverage.h"
#include "ecs_winlog.h"
#include "encoder.h"
#include "envelope.h"
#include "json_text.h"

enum {
    REDUCED_VALUE_MAX = 256, /* bytes of a winlog value in a record that must become smaller */
};

/* One record on its way, with what several objects of it need. */
struct draft {
    const struct encode_context *context;
    const struct record *record;
    const struct event *event;
    const struct host_names *host;
    bool is_mapi;                    /* a 9646; otherwise any other event */
    const struct coverage *coverage; /* what was read, and no event; else NULL */
    struct sv dataset;
    bool is_exchange;
    bool ships_original;
    bool is_reduced;
    size_t value_max;
};

static void keyword_item(struct buf *b, struct sv v)
{
    json_keyword(b, SV(",\""), v);
}

static void put_time(struct buf *b, struct sv key, struct wtime t)
{
    char text[WTIME_TEXT_MAX];
    json_plain_field(b, key, sv_make(text, wtime_format(&t, 9, text)));
}

static bool is_fixed_tag(const struct draft *d, struct sv tag)
{
    return (d->is_exchange && sv_eq(tag, SV("exchange"))) || (d->is_mapi && sv_eq(tag, SV("mapi-limit")));
}

static void put_tags(const struct draft *d, struct buf *b)
{
    struct json_mark tags = json_open(b, SV(",\"tags\":"));
    const struct setting_list *own = &d->context->tags;
    if (d->is_mapi)
        buf_lit(b, ",\"exchange\",\"mapi-limit\"");
    else if (d->is_exchange)
        buf_lit(b, ",\"exchange\"");
    for (size_t i = 0; i < own->count; i++)
        if (!is_fixed_tag(d, sv_from(own->items[i])))
            keyword_item(b, sv_from(own->items[i]));
    if (d->ships_original)
        buf_lit(b, ",\"preserve_original_event\"");
    if (d->is_mapi && d->record->mapi.status == PARSE_PARTIAL)
        buf_lit(b, ",\"_mapi_parse_partial\"");
    if (d->is_mapi && d->record->mapi.status == PARSE_FAILED)
        buf_lit(b, ",\"_mapi_parse_failure\"");
    if (!d->event->time.present)
        buf_lit(b, ",\"_mapi_time_missing\"");
    if (d->is_reduced)
        buf_lit(b, ",\"_mapi_reduced\"");
    if (d->event->trust != EVENT_OK) {
        buf_lit(b, ",\"_mapi_trust_");
        json_value(b, event_trust_name(d->event->trust));
    }
    json_close(b, tags, "[]");
}

static void put_labels(const struct draft *d, struct buf *b)
{
    struct json_mark labels = json_open(b, SV(",\"labels\":"));
    for (size_t i = 0; i < d->context->labels.count; i++) {
        const struct setting_pair *label = &d->context->labels.items[i];
        struct sv value = sv_from(label->value);
        if (sv_empty(value))
            continue;
        /* A dot would make an object of what ECS wants flat. */
        buf_lit(b, ",\"");
        ecs_put_safe_name(b, sv_from(label->key));
        json_keyword(b, SV("\":\""), value);
    }
    json_close(b, labels, "{}");
}

static void put_data_stream(const struct draft *d, struct buf *b)
{
    struct sv namespace_ = sv_empty(d->context->namespace_) ? SV("default") : d->context->namespace_;
    json_plain_field(b, SV(",\"data_stream\":{\"type\":\"logs\",\"dataset\":\""), d->dataset);
    json_keyword(b, SV(",\"namespace\":\""), namespace_);
    buf_putc(b, '}');
}

/* event.reason: the sentence without who, type as logged, for tables and rules that do not parse messages. */
static void put_reason(const struct mapi_limit *m, struct buf *b)
{
    struct sv type = sv_empty(m->object_type_raw) ? m->object_type : m->object_type_raw;
    if (!m->limit.has && sv_empty(type))
        return;
    buf_lit(b, ",\"reason\":\"");
    size_t start = b->n;
    buf_lit(b, "exceeded the maximum of ");
    if (m->limit.has) {
        buf_u64(b, m->limit.v);
        buf_lit(b, " objects");
    } else {
        buf_lit(b, "objects");
    }
    if (type.n) {
        size_t room = KEYWORD_MAX - (b->n - start) - (sizeof " of type \"\"" - 1);
        buf_lit(b, " of type \\\"");
        json_text(b, text_cut_characters(type, room));
        buf_lit(b, "\\\"");
    }
    buf_putc(b, '"');
}

static void put_mapi_event_head(const struct draft *d, struct buf *b)
{
    if (d->record->mapi.status == PARSE_FAILED)
        buf_lit(b, ",\"event\":{\"kind\":\"pipeline_error\",\"category\":[\"session\"],\"type\":[\"info\"]");
    else if (d->record->mapi.form == FORM_CLOSING)
        buf_lit(b, ",\"event\":{\"kind\":\"event\",\"category\":[\"session\"],\"type\":[\"end\"]");
    else
        buf_lit(b, ",\"event\":{\"kind\":\"event\",\"category\":[\"session\"],\"type\":[\"info\"]");
    buf_lit(b, ",\"outcome\":\"failure\",\"action\":\"mapi-limit-exceeded\",\"code\":\"9646\"");
}

static void put_event_head(const struct draft *d, struct buf *b)
{
    struct opt_u64 code = event_code(d->event);
    buf_lit(b, ",\"event\":{\"kind\":\"event\"");
    if (code.has)
        json_number_then(b, SV(",\"code\":\""), code.v, SV("\""));
}

static void put_mapi_event_details(const struct mapi_limit *m, struct buf *b)
{
    put_reason(m, b);
    if (m->limit_class == LIMIT_SERVICE_SESSION)
        buf_lit(b, ",\"reference\":\"https://support.microsoft.com/kb/980049\"");
    else
        buf_lit(b, ",\"reference\":\"https://support.microsoft.com/kb/842022\"");
}

static void put_event(const struct draft *d, struct buf *b)
{
    const struct event *e = d->event;
    if (d->is_mapi)
        put_mapi_event_head(d, b);
    else if (d->coverage)
        ecs_put_coverage_event_head(b, d->coverage);
    else
        put_event_head(d, b);
    json_keyword(b, SV(",\"provider\":\""), sv_empty(e->provider) ? event_source(e) : e->provider);
    json_plain_field(b, SV(",\"module\":\"msexchange\",\"dataset\":\""), d->dataset);
    if (e->level.has)
        json_number(b, SV(",\"severity\":"), e->level.v);
    if (d->is_mapi)
        put_mapi_event_details(&d->record->mapi, b);
    if (d->record->id[0])
        json_plain_field(b, SV(",\"id\":\""), sv_make(d->record->id, RECORD_ID_TEXT - 1));
    if (d->record->hash[0])
        json_plain_field(b, SV(",\"hash\":\""), sv_make(d->record->hash, RECORD_HASH_TEXT - 1));
    if (e->record_id.has && e->record_id.v <= INT64_MAX)
        json_number(b, SV(",\"sequence\":"), e->record_id.v);
    put_time(b, SV(",\"created\":\""), record_created(d->record));
    if (d->ships_original)
        json_field(b, SV(",\"original\":\""), e->original);
    json_keyword(b, SV(",\"timezone\":\""), e->timezone);
    buf_putc(b, '}');
}

static void put_error(const struct draft *d, struct buf *b)
{
    if (d->is_mapi && d->record->mapi.status == PARSE_FAILED)
        buf_lit(
            b,
            ",\"error\":{\"message\":\"event 9646 could not be parsed: neither an identity nor a limit nor "
            "an object type was found\"}");
}

static void put_log_syslog(const struct draft *d, struct buf *b)
{
    unsigned facility = d->context->facility, severity = syslog_severity(d->event);
    json_number_then(b, SV(",\"syslog\":{\"facility\":{\"code\":"), facility, SV(",\"name\":\""));
    buf_put(b, syslog_facility_name(facility));
    json_number_then(b, SV("\"},\"severity\":{\"code\":"), severity, SV(",\"name\":\""));
    buf_put(b, syslog_severity_name(severity));
    json_number(b, SV("\"},\"priority\":"), facility * 8 + severity);
    json_keyword(b, SV(",\"appname\":\""), event_source(d->event));
    json_field(b, SV(",\"hostname\":\""), d->host->full);
    struct opt_u64 code = event_code(d->event);
    if (d->is_mapi)
        buf_lit(b, ",\"msgid\":\"9646\"}");
    else if (d->coverage)
        buf_lit(b, ",\"msgid\":\"COVERAGE\"}");
    else if (code.has)
        json_number_then(b, SV(",\"msgid\":\""), code.v, SV("\"}"));
    else
        buf_putc(b, '}');
}

static void put_log(const struct draft *d, struct buf *b)
{
    struct json_mark log = json_open(b, SV(",\"log\":"));
    json_keyword(b, SV(",\"level\":\""), event_level_name(d->event));
    if (d->record->file_path.n) {
        json_keyword(b, SV(",\"file\":{\"path\":\""), d->record->file_path);
        buf_putc(b, '}');
    }
    json_number(b, SV(",\"offset\":"), d->event->offset);
    put_log_syslog(d, b);
    json_close(b, log, "{}");
}

static void put_host(const struct draft *d, struct buf *b)
{
    struct json_mark host = json_open(b, SV(",\"host\":"));
    json_field(b, SV(",\"name\":\""), d->host->full);
    json_field(b, SV(",\"hostname\":\""), d->host->label);
    buf_lit(b, ",\"os\":{\"type\":\"windows\",\"family\":\"windows\",\"platform\":\"windows\"}");
    json_close(b, host, "{}");
}

static void put_user(const struct draft *d, struct buf *b)
{
    struct json_mark user = json_open(b, SV(",\"user\":"));
    if (d->is_mapi)
        json_keyword(b, SV(",\"name\":\""), d->record->mapi.user);
    json_keyword(b, SV(",\"id\":\""), d->event->user_sid);
    json_close(b, user, "{}");
    if (d->is_mapi && d->record->mapi.organization.n) {
        json_keyword(b, SV(",\"organization\":{\"name\":\""), d->record->mapi.organization);
        buf_putc(b, '}');
    }
}

/* Appends those of the names that none before them equals. */
static void put_names(struct buf *b, const struct sv *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        while (same < i && (names[same].n != names[i].n || !sv_eq(names[same], names[i])))
            same++;
        if (same == i)
            keyword_item(b, names[i]);
    }
}

static void put_related(const struct draft *d, struct buf *b)
{
    const struct mapi_limit *m = &d->record->mapi;
    struct sv users[] = {m->user, m->legacy_dn, m->mailbox_guid, d->event->user_sid};
    struct sv hosts[] = {d->host->full, d->host->label};
    struct json_mark related = json_open(b, SV(",\"related\":"));
    struct json_mark array = json_open(b, SV(",\"user\":"));
    if (d->is_mapi)
        put_names(b, users, sizeof users / sizeof users[0]);
    else
        keyword_item(b, d->event->user_sid);
    json_close(b, array, "[]");
    array = json_open(b, SV(",\"hosts\":"));
    put_names(b, hosts, sizeof hosts / sizeof hosts[0]);
    json_close(b, array, "[]");
    json_close(b, related, "{}");
}

static void put_service(const struct draft *d, struct buf *b)
{
    if (d->is_mapi) {
        buf_lit(b, ",\"service\":{\"name\":\"MSExchangeIS\",\"type\":\"exchange\"}");
    } else if (d->is_exchange) {
        json_keyword(b, SV(",\"service\":{\"name\":\""), event_source(d->event));
        buf_lit(b, ",\"type\":\"exchange\"}");
    }
}

static void put_agent(const struct encode_context *c, struct buf *b)
{
    struct json_mark agent = json_open(b, SV(",\"agent\":"));
    json_keyword(b, SV(",\"id\":\""), c->agent_id);
    json_keyword(b, SV(",\"ephemeral_id\":\""), c->agent_ephemeral_id);
    json_keyword(b, SV(",\"name\":\""), c->agent_name);
    buf_lit(b, ",\"type\":\"mapitail\"");
    json_keyword(b, SV(",\"version\":\""), c->agent_version);
    json_close(b, agent, "{}");
}

static void put_session(const struct record *r, struct buf *b)
{
    const struct mapi_limit *m = &r->mapi;
    struct json_mark object = json_open(b, SV(",\"session\":"));
    json_keyword(b, SV(",\"dn\":\""), m->legacy_dn);
    json_keyword(b, SV(",\"cn\":\""), m->cn);
    json_keyword(b, SV(",\"container\":\""), m->container);
    json_close(b, object, "{}");
    object = json_open(b, SV(",\"mailbox\":"));
    json_keyword(b, SV(",\"guid\":\""), m->mailbox_guid);
    json_keyword(b, SV(",\"key\":\""), r->key);
    json_close(b, object, "{}");
    json_keyword(b, SV(",\"organization\":\""), m->organization);
    json_keyword(b, SV(",\"admin_group\":\""), m->admin_group);
}

static void put_limit(const struct mapi_limit *m, struct buf *b)
{
    struct json_mark limit = json_open(b, SV(",\"limit\":"));
    if (m->limit.has && m->limit.v <= INT64_MAX)
        json_number(b, SV(",\"value\":"), m->limit.v);
    json_keyword(b, SV(",\"object_type\":\""), m->object_type);
    json_field(b, SV(",\"class\":\""), sv_from(limit_class_name(m->limit_class)));
    if (!sv_eq(m->object_type_raw, m->object_type))
        json_keyword(b, SV(",\"object_type_raw\":\""), m->object_type_raw);
    json_close(b, limit, "{}");
    if (m->client_type_canonical.n) {
        json_keyword(b, SV(",\"client\":{\"type\":\""), m->client_type_canonical);
        buf_putc(b, '}');
    }
    json_field(b, SV(",\"message_form\":\""), sv_from(message_form_name(m->form)));
}

static void put_mapi(const struct draft *d, struct buf *b)
{
    struct opt_u64 qualifiers = event_qualifiers(d->event);
    struct json_mark mapi = json_open(b, SV(",\"microsoft\":{\"exchange\":{\"mapi\":"));
    put_session(d->record, b);
    /* Where nothing was read, a class and a form would be guesses. */
    if (d->record->mapi.status != PARSE_FAILED)
        put_limit(&d->record->mapi, b);
    if (d->record->mapi.status == PARSE_COMPLETE)
        buf_lit(b, ",\"complete\":true");
    else
        buf_lit(b, ",\"complete\":false");
    if (qualifiers.has)
        json_number(b, SV(",\"event_qualifiers\":"), qualifiers.v);
    if (d->context->diag_context)
        json_field(b, SV(",\"diag_context\":\""), d->event->binary);
    json_close(b, mapi, "{}");
    buf_lit(b, "}}");
}

static void put_record(const struct draft *d, struct buf *b)
{
    put_time(b, SV("{\"@timestamp\":\""), record_time(d->record));
    buf_lit(b, ",\"ecs\":{\"version\":\"9.4.0\"}");
    json_field(b, SV(",\"message\":\""), d->record->message);
    put_tags(d, b);
    put_labels(d, b);
    put_data_stream(d, b);
    put_event(d, b);
    put_error(d, b);
    put_log(d, b);
    put_host(d, b);
    put_user(d, b);
    put_related(d, b);
    put_service(d, b);
    put_agent(d->context, b);
    if (d->coverage)
        ecs_put_coverage(b, d->coverage);
    else
        ecs_put_winlog(b, d->event, d->value_max, !d->is_mapi);
    if (d->is_mapi)
        put_mapi(d, b);
    buf_putc(b, '}');
}

/* Takes away what is least missed; false when nothing more can be. The original goes first: its hash stays.
 */
static bool reduce(struct draft *d)
{
    if (d->ships_original)
        d->ships_original = false;
    else if (d->value_max > REDUCED_VALUE_MAX)
        d->value_max = REDUCED_VALUE_MAX;
    else
        return false;
    d->is_reduced = true;
    return true;
}

static struct sv dataset_of(enum record_kind kind)
{
    switch (kind) {
    case RECORD_MAPI_LIMIT:
        return SV("msexchange.mapi_limit");
    case RECORD_COVERAGE:
        return SV("msexchange.mapi_coverage");
    case RECORD_EVENT:
        break;
    }
    return SV("msexchange.event");
}

static enum encode_status encode(const struct encode_context *context, const struct record *record,
                                 uint32_t sequence, struct buf *out)
{
    (void)sequence;
    size_t start = out->n;
    struct host_names host;
    struct draft d = {
        .context = context,
        .record = record,
        .event = record->event,
        .host = &host,
        .is_mapi = record->kind == RECORD_MAPI_LIMIT,
        .coverage = record->kind == RECORD_COVERAGE ? record->coverage : NULL,
        .dataset = dataset_of(record->kind),
        .is_exchange = record->kind == RECORD_MAPI_LIMIT || event_is_exchange(record->event),
        .ships_original = record_ships_original(record, context->original),
        .value_max = SIZE_MAX,
    };
    if (!buf_ok(out))
        return ENCODE_TOO_LARGE;
    host_names_of(record->event, &host);
    do {
        /* What is before the message stays, also when the buffer was full. */
        buf_cut(out, start);
        out->failed = false;
        put_record(&d, out);
        if (buf_ok(out) && (context->max_bytes == 0 || out->n - start <= context->max_bytes))
            return d.is_reduced ? ENCODE_REDUCED : ENCODE_OK;
    } while (reduce(&d));
    buf_cut(out, start);
    out->failed = false;
    return ENCODE_TOO_LARGE;
}

const struct encoder_ops encoder_ecs = {
    .name = "ecs",
    .title = "Elastic Common Schema 9.4.0, one JSON object a line",
    .content_type = "application/json",
    .ships_hash = true,
    .single_line = true,
    .encode = encode,
};
