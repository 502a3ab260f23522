/* SPDX-License-Identifier: Apache-2.0 */
/* MSExchangeIS event 9646: from the event to what it means. */
#include "mapi9646.h"

#include "legacy_dn.h"
#include "mapi_lex.h"
#include "mapi_text.h"
#include "mapi_types.h"

#include <string.h>

enum { EVENT_ID = 9646 };

bool mapi9646_is(const struct event *e)
{
    return e->event_id.has && (e->event_id.v & 0xffff) == EVENT_ID &&
           sv_istarts(event_source(e), SV("MSExchangeIS"));
}

/* Where the insertion strings stand that have a role; SIZE_MAX: none has it. */
struct roles {
    size_t who, client, limit, type;
    struct opt_u64 number; /* that the limit is */
};

static const size_t nowhere = SIZE_MAX;

static struct opt_u64 number_of(struct sv v)
{
    struct opt_u64 number = {0, false};
    v = sv_trim(v);
    number.has = v.n && mapi_text_number(v, &number.v) == v.n;
    return number;
}

/*
 * Gives the strings their roles: the type is the last, the limit the last number before it, the principal the
 * first, and what is left between is the client type. A store that appends strings of its own is recognized
 * by the known type right behind the number.
 */
static struct roles find_roles(const struct event *e)
{
    struct roles r = {nowhere, nowhere, nowhere, nowhere, {0, false}};
    size_t n = e->data_count;
    if (n < 2)
        return r; /* a single string is the whole message, if it is anything */
    r.type = n - 1;
    for (size_t i = n - 1; i-- > 0 && r.limit == nowhere;)
        if ((r.number = number_of(e->data[i].value)).has)
            r.limit = i;
    if (r.limit == nowhere && (r.number = number_of(e->data[n - 1].value)).has) {
        r.limit = n - 1;
        r.type = nowhere;
    } else if (r.limit != nowhere && r.limit + 1 < r.type &&
               !sv_absent(mapi_object_type(e->data[r.limit + 1].value))) {
        r.type = r.limit + 1;
    }
    if (r.limit != 0)
        r.who = 0;
    size_t end = r.limit != nowhere ? r.limit : r.type != nowhere ? r.type : n;
    for (size_t i = 1; i < end && r.client == nowhere; i++)
        if (r.limit != nowhere ? !sv_empty(e->data[i].value) : !sv_absent(mapi_client_type(e->data[i].value)))
            r.client = i;
    return r;
}

static struct sv string_at(const struct event *e, size_t i)
{
    return i == nowhere ? SV_ABSENT : e->data[i].value;
}

static void words_of_strings(const struct event *e, const struct roles *r, struct mapi_words *out)
{
    *out = (struct mapi_words){
        .who = string_at(e, r->who),
        .client = sv_trim(string_at(e, r->client)),
        .type = sv_trim(string_at(e, r->type)),
        .limit = r->number,
        .form = FORM_EXCEEDED,
    };
}

static struct sv lower_copy(struct sv v, struct arena *arena)
{
    char *to = sv_absent(v) ? NULL : arena_alloc(arena, v.n);
    if (!to)
        return SV_ABSENT;
    ascii_lower_copy(to, v);
    return sv_make(to, v.n);
}

/* The GUID that v is, with or without braces or quotes, in lower case; else absent. */
static struct sv read_guid(struct sv v, struct arena *arena)
{
    v = lex_unquote(v);
    if (v.n > 2 && v.p[0] == '{' && v.p[v.n - 1] == '}')
        v = sv_trim(sv_slice(v, 1, v.n - 1));
    if (mapi_text_guid(v) != v.n || v.n == 0)
        return SV_ABSENT;
    struct sv lower = lower_copy(v, arena);
    return sv_absent(lower) ? v : lower;
}

/* The principal: a DN, a GUID, or "GUID: DN". True when a DN in it cannot be read in full. */
static bool read_principal(struct sv who, struct arena *arena, struct mapi_limit *m)
{
    struct legacy_dn dn;
    size_t start = legacy_dn_find(who, false);
    if (start == SV_NPOS) {
        m->mailbox_guid = read_guid(who, arena);
        return false;
    }
    struct sv before = sv_trim(sv_make(who.p, start));
    if (start && who.p[start - 1] == '*')
        start -= 1; /* the federated attendant's DN is the only one that does not begin with '/' */
    else if (before.n && before.p[before.n - 1] == ':')
        m->mailbox_guid = read_guid(sv_make(before.p, before.n - 1), arena);
    legacy_dn_parse(sv_slice(who, start, who.n), arena, &dn);
    m->legacy_dn = dn.text;
    m->organization = dn.organization;
    m->admin_group = dn.admin_group;
    m->container = dn.container;
    m->cn = dn.cn;
    m->user = dn.user;
    return dn.cut || !dn.readable;
}

/* From words to meaning; what is absent in words stays as it is in m. */
static bool interpret(const struct mapi_words *words, struct arena *arena, struct mapi_limit *m)
{
    bool damaged = words->cut;
    if (sv_absent(m->legacy_dn) && sv_absent(m->mailbox_guid) && words->who.n)
        damaged |= read_principal(words->who, arena, m);
    if (sv_absent(m->client_type) && words->client.n && !lex_is_placeholder(words->client)) {
        m->client_type = text_unwrap(words->client, arena);
        m->client_type_canonical = mapi_client_type(m->client_type);
        if (sv_absent(m->client_type_canonical))
            m->client_type_canonical = m->client_type;
    }
    if (!m->limit.has)
        m->limit = words->limit;
    if (sv_absent(m->object_type) && words->type.n && !lex_is_placeholder(words->type)) {
        m->object_type_raw = text_unwrap(words->type, arena);
        m->object_type = mapi_object_type(m->object_type_raw);
        if (sv_absent(m->object_type))
            m->object_type = m->object_type_raw;
    }
    return damaged;
}

static void judge(struct mapi_limit *m, bool damaged)
{
    bool has_type = !sv_absent(m->object_type),
         has_identity = !sv_absent(m->mailbox_guid) || !sv_absent(m->legacy_dn);
    bool identified = !sv_absent(m->mailbox_guid) || (!sv_absent(m->organization) && !sv_absent(m->user));
    m->limit_class = mapi_limit_class(m->object_type, m->client_type_canonical, m->limit);
    if (m->limit.has && has_type && identified && !damaged)
        m->status = PARSE_COMPLETE;
    else
        m->status = m->limit.has || has_type || has_identity ? PARSE_PARTIAL : PARSE_FAILED;
}

void mapi9646_parse_text(struct sv text, struct arena *arena, struct mapi_limit *out)
{
    struct mapi_words words;
    *out = (struct mapi_limit){.form = FORM_EXCEEDED};
    mapi_text_read(text, arena, &words);
    bool damaged = interpret(&words, arena, out);
    out->form = words.form;
    judge(out, damaged);
}

static bool has_everything(const struct mapi_limit *m)
{
    bool has_identity = !sv_absent(m->mailbox_guid) || !sv_absent(m->legacy_dn);
    return has_identity && m->limit.has && !sv_absent(m->object_type);
}

static void read_limit(const struct event *e, const struct roles *roles, struct arena *arena,
                       struct mapi_limit *m)
{
    struct mapi_words words;
    *m = (struct mapi_limit){.form = FORM_EXCEEDED};
    words_of_strings(e, roles, &words);
    bool damaged = interpret(&words, arena, m);
    m->form = mapi_text_form(e->message);
    struct sv texts[] = {e->message, e->data_count == 1 ? e->data[0].value : SV_ABSENT};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (sv_empty(texts[i]) || has_everything(m))
            continue;
        mapi_text_read(texts[i], arena, &words);
        damaged |= interpret(&words, arena, m);
        m->form = words.form;
    }
    judge(m, damaged || e->cut);
}

/* Appends to a sentence that has room for it. */
static size_t put(char *to, size_t at, struct sv v)
{
    if (v.n)
        memcpy(to + at, v.p, v.n);
    return at + v.n;
}

/* The English sentence of the message DLLs, with the strings as they are; absent when a role is not filled.
 */
static struct sv build_message(const struct event *e, const struct roles *r, struct arena *arena)
{
    if (r->who == nowhere || r->limit == nowhere || r->type == nowhere)
        return SV_ABSENT;
    struct sv client = string_at(e, r->client);
    const struct sv pieces[] = {
        SV("Mapi session \""),
        string_at(e, r->who),
        sv_absent(client) ? SV_ABSENT : SV("\" with client type \""),
        client,
        SV("\" exceeded the maximum of "),
        string_at(e, r->limit),
        SV(" objects of type \""),
        string_at(e, r->type),
        SV("\"."),
    };
    enum { PIECES = sizeof pieces / sizeof pieces[0] };
    size_t room = 0, n = 0;
    for (size_t i = 0; i < PIECES; i++)
        room += pieces[i].n;
    char *to = arena_alloc(arena, room);
    for (size_t i = 0; to && i < PIECES; i++)
        n = put(to, n, pieces[i]);
    return to ? sv_make(to, n) : SV_ABSENT;
}

void record_normalize(const struct event *e, struct arena *arena, struct record *out)
{
    *out = (struct record){.event = e, .kind = RECORD_EVENT};
    if (!sv_empty(e->message))
        out->message = e->message;
    if (!mapi9646_is(e))
        return;
    out->kind = RECORD_MAPI_LIMIT;
    struct roles roles = find_roles(e);
    read_limit(e, &roles, arena, &out->mapi);
    out->key = lower_copy(out->mapi.legacy_dn, arena);
    if (sv_absent(out->key))
        out->key = out->mapi.mailbox_guid;
    if (sv_absent(out->message))
        out->message = build_message(e, &roles, arena);
}
