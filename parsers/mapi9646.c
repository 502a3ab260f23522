/* SPDX-License-Identifier: Apache-2.0 */
/* MSExchangeIS event 9646: from the event to what it means. */
#include "mapi9646.h"

#include "legacy_dn.h"
#include "mapi_lex.h"
#include "mapi_text.h"
#include "mapi_types.h"

#include <string.h>

enum { EVENT_ID = 9646 };

/* A DN, a GUID or both, as only the store writes them in the first place. */
static bool is_principal(struct sv who)
{
    return legacy_dn_find(who, false) != SV_NPOS || (who.n && mapi_text_guid(who) == who.n);
}

/*
 * Strings that only this event has: who, perhaps a client type, the limit as digits, a known type of object.
 * What tells an event whose provider was lost together with its template.
 */
static bool has_store_strings(const struct event *e)
{
    uint64_t limit;
    size_t n = e->data_count;
    if (n != 3 && n != 4)
        return false;
    for (size_t i = 0; i < n; i++)
        if (sv_empty(e->data[i].value) || !sv_absent(e->data[i].name))
            return false;
    return is_principal(e->data[0].value) && sv_to_u64(e->data[n - 2].value, &limit) &&
           !sv_absent(mapi_object_type(e->data[n - 1].value)) &&
           (n == 3 || !sv_to_u64(e->data[1].value, &limit));
}

bool mapi9646_is(const struct event *e)
{
    if (!e->event_id.has || (e->event_id.v & 0xffff) != EVENT_ID)
        return false;
    struct sv source = event_source(e), name = SV("MSExchangeIS");
    if (sv_empty(source))
        return has_store_strings(e);
    return sv_starts(source, name) || sv_istarts(source, name);
}

/* Where the insertion strings stand that have a role; SIZE_MAX: none has it. */
struct roles {
    size_t who, client, limit, type;
    uint64_t number; /* the limit's value */
};

static const size_t nowhere = SIZE_MAX;

static bool read_number(struct sv v, uint64_t *value)
{
    if (sv_to_u64(v, value))
        return true;
    v = sv_trim(v);
    return v.n && mapi_text_number(v, value) == v.n;
}

/*
 * Gives the strings their roles: the type is the last, the limit the last number before it, the principal the
 * first, and what is left between is the client type. A store that appends strings of its own is recognized
 * by the known type right behind the number.
 */
static struct roles find_roles(const struct event *e)
{
    struct roles r = {nowhere, nowhere, nowhere, nowhere, 0};
    size_t n = e->data_count;
    if (n < 2)
        return r; /* a single string is the whole message, if it is anything */
    r.type = n - 1;
    for (size_t i = n - 1; i-- > 0 && r.limit == nowhere;)
        if (read_number(e->data[i].value, &r.number))
            r.limit = i;
    if (r.limit == nowhere && read_number(e->data[n - 1].value, &r.number)) {
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
        .limit = {r->number, r->limit != nowhere},
        .form = FORM_EXCEEDED,
    };
}

/* The GUID that v is, with or without braces or quotes, in lower case; else absent. */
static struct sv read_guid(struct sv v, struct arena *arena)
{
    v = lex_unquote(v);
    if (v.n > 2 && v.p[0] == '{' && v.p[v.n - 1] == '}')
        v = sv_trim(sv_slice(v, 1, v.n - 1));
    if (mapi_text_guid(v) != v.n || v.n == 0)
        return SV_ABSENT;
    char *to = arena_alloc(arena, v.n);
    for (size_t i = 0; to && i < v.n; i++)
        to[i] = ascii_lower(v.p[i]);
    return to ? sv_make(to, v.n) : v;
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
    struct sv before = sv_trim(sv_slice(who, 0, start));
    if (start && who.p[start - 1] == '*')
        start -= 1; /* the federated attendant's DN is the only one that does not begin with '/' */
    else if (sv_ends(before, SV(":")))
        m->mailbox_guid = read_guid(sv_slice(before, 0, before.n - 1), arena);
    legacy_dn_parse(sv_slice(who, start, who.n), arena, &dn);
    m->legacy_dn = dn.text;
    m->organization = dn.organization;
    m->admin_group = dn.admin_group;
    m->container = dn.container;
    m->cn = dn.cn;
    m->user = dn.user;
    return dn.cut || !dn.readable;
}

static void take_client(struct sv word, struct arena *arena, struct mapi_limit *m)
{
    if (sv_empty(word) || lex_is_placeholder(word))
        return;
    m->client_type = text_unwrap(word, arena);
    m->client_type_canonical = mapi_client_type(m->client_type);
    if (sv_absent(m->client_type_canonical))
        m->client_type_canonical = m->client_type;
}

static void take_type(struct sv word, struct arena *arena, struct mapi_limit *m)
{
    struct sv canonical = mapi_object_type(word);
    if (sv_absent(canonical) && (sv_empty(word) || lex_is_placeholder(word)))
        return;
    m->object_type_raw = text_unwrap(word, arena);
    m->object_type = sv_absent(canonical) ? m->object_type_raw : canonical;
}

/* From words to meaning, for what m does not have yet. True when something was damaged on its way. */
static bool interpret(const struct mapi_words *words, struct arena *arena, struct mapi_limit *m)
{
    bool damaged = words->cut;
    if (sv_absent(m->legacy_dn) && sv_absent(m->mailbox_guid) && words->who.n)
        damaged |= read_principal(words->who, arena, m);
    if (sv_absent(m->client_type))
        take_client(words->client, arena, m);
    if (!m->limit.has)
        m->limit = words->limit;
    if (sv_absent(m->object_type))
        take_type(words->type, arena, m);
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

/* Fills *m, of which nothing is known yet. */
static void read_limit(const struct event *e, const struct roles *roles, struct arena *arena,
                       struct mapi_limit *m)
{
    struct mapi_words words;
    words_of_strings(e, roles, &words);
    bool damaged = interpret(&words, arena, m);
    if (has_everything(m) && !sv_empty(e->message))
        m->form = mapi_text_form(e->message);
    struct sv texts[] = {e->message, e->data_count == 1 ? e->data[0].value : SV_ABSENT};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (sv_empty(texts[i]) || has_everything(m))
            continue;
        mapi_text_read(texts[i], arena, &words);
        damaged |= interpret(&words, arena, m);
        m->form = words.form;
    }
    judge(m, damaged || e->cut || e->data_cut);
}

/* Appends to a sentence that has room for it. */
static inline size_t put(char *to, size_t at, struct sv v)
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
    struct sv who = e->data[r->who].value, client = string_at(e, r->client);
    struct sv limit = e->data[r->limit].value, type = e->data[r->type].value;
    enum { WORDS = 128 }; /* more than the words between the strings */
    size_t room = WORDS + who.n + client.n + limit.n + type.n;
    char *to = arena_alloc(arena, room);
    if (!to)
        return SV_ABSENT;
    size_t n = put(to, 0, SV("Mapi session \""));
    n = put(to, n, who);
    if (!sv_absent(client)) {
        n = put(to, n, SV("\" with client type \""));
        n = put(to, n, client);
    }
    n = put(to, n, SV("\" exceeded the maximum of "));
    n = put(to, n, limit);
    n = put(to, n, SV(" objects of type \""));
    n = put(to, n, type);
    n = put(to, n, SV("\"."));
    arena_shrink(arena, to, room, n);
    return sv_make(to, n);
}

/* ASCII letters of eight bytes at once: a byte between 'A' and 'Z' gets the bit that makes it lower case. */
static uint64_t lower_eight(uint64_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t low7 = bytes & ~high;
    uint64_t from_a = low7 + ones * (0x80 - 'A'), above_z = low7 + ones * (0x7f - 'Z');
    return bytes | ((from_a & ~above_z & ~bytes & high) >> 2);
}

static struct sv lower_copy(struct sv v, struct arena *arena)
{
    char *to = sv_absent(v) ? NULL : arena_alloc(arena, v.n);
    if (!to)
        return SV_ABSENT;
    size_t at = 0;
    for (uint64_t eight; v.n - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, v.p + at, sizeof eight);
        eight = lower_eight(eight);
        memcpy(to + at, &eight, sizeof eight);
    }
    for (; at < v.n; at++)
        to[at] = ascii_lower(v.p[at]);
    return sv_make(to, v.n);
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
