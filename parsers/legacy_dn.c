/* SPDX-License-Identifier: Apache-2.0 */
/* legacyExchangeDN. */
#include "legacy_dn.h"

#include "utf.h"

#include <string.h>

enum prefix { PREFIX_NONE, PREFIX_O, PREFIX_OU, PREFIX_CN, PREFIX_GUID };

struct segment {
    enum prefix prefix; /* PREFIX_NONE: cannot be read; value is the whole segment */
    struct sv name;     /* the prefix as written */
    struct sv value;
    bool tidy; /* written without blanks that do not belong to it */
};

static inline enum prefix prefix_of(struct sv name)
{
    switch (name.n) {
    case 1:
        return ascii_lower(name.p[0]) == 'o' ? PREFIX_O : PREFIX_NONE;
    case 2:
        if (ascii_lower(name.p[0]) == 'c' && ascii_lower(name.p[1]) == 'n')
            return PREFIX_CN;
        return ascii_lower(name.p[0]) == 'o' && ascii_lower(name.p[1]) == 'u' ? PREFIX_OU : PREFIX_NONE;
    case 4:
        return sv_ieq(name, SV("guid")) ? PREFIX_GUID : PREFIX_NONE;
    default:
        return PREFIX_NONE;
    }
}

/* A segment as Exchange writes it: "o=", "ou=" or "cn=" and a value without blanks around it. What most
 * segments are. */
static inline bool is_plain_segment(struct sv raw, struct segment *out)
{
    size_t equals = raw.n > 3 && raw.p[2] == '=' ? 2 : 1;
    if (raw.n < equals + 2 || raw.p[equals] != '=' || ascii_is_space(raw.p[equals + 1]) ||
        ascii_is_space(raw.p[raw.n - 1]))
        return false;
    struct sv name = sv_make(raw.p, equals);
    *out = (struct segment){prefix_of(name), name, sv_make(raw.p + equals + 1, raw.n - equals - 1), true};
    return out->prefix != PREFIX_NONE;
}

static struct segment spaced_segment(struct sv raw)
{
    struct sv text = sv_trim(raw);
    size_t equals = 0;
    while (equals < text.n && (ascii_is_alpha(text.p[equals]) || ascii_is_space(text.p[equals])))
        equals++;
    if (equals < text.n && text.p[equals] == '=') {
        struct sv name = sv_trim(sv_slice(text, 0, equals));
        struct sv value = sv_trim(sv_slice(text, equals + 1, text.n));
        enum prefix prefix = prefix_of(name);
        if (prefix != PREFIX_NONE)
            return (struct segment){prefix, name, value, name.n + 1 + value.n == raw.n};
    }
    return (struct segment){PREFIX_NONE, SV_ABSENT, text, text.n == raw.n};
}

/* The next segment that is not empty: "//" counts as "/", but is not tidy. rest begins with '/' or is empty.
 */
static bool segment_next(struct sv *rest, struct segment *out)
{
    for (bool first = true; rest->n; first = false) {
        struct sv from = sv_make(rest->p + 1, rest->n - 1);
        const char *slash = from.n ? memchr(from.p, '/', from.n) : NULL;
        size_t n = slash ? (size_t)(slash - from.p) : from.n;
        *rest = sv_make(from.p + n, from.n - n);
        struct sv raw = sv_make(from.p, n);
        if (!is_plain_segment(raw, out))
            *out = spaced_segment(raw);
        out->tidy &= first;
        if (out->prefix != PREFIX_NONE || out->value.n)
            return true;
    }
    return false;
}

/* The segments of dn: from the first '/' on. */
static struct sv segments_of(struct sv dn)
{
    size_t start = sv_find_char(dn, '/');
    return sv_slice(dn, start == SV_NPOS ? dn.n : start, dn.n);
}

/* The prefix that stands between the '/' that v begins with and '='. */
static enum prefix first_prefix(struct sv v)
{
    /* Prefixes have up to four letters; a few blanks on each side are all that texts are seen to have. */
    enum { HEAD_MAX = 24 };
    if (v.n > 2 && v.p[2] == '=')
        return prefix_of(sv_make(v.p + 1, 1));
    struct sv head = sv_slice(v, 1, HEAD_MAX);
    size_t equals = sv_find_char(head, '=');
    return equals == SV_NPOS ? PREFIX_NONE : prefix_of(sv_trim(sv_slice(head, 0, equals)));
}

size_t legacy_dn_find(struct sv v, bool organization_only)
{
    for (size_t at = 0; at < v.n; at++) {
        size_t step = sv_find_char(sv_slice(v, at, v.n), '/');
        if (step == SV_NPOS)
            break;
        at += step;
        struct sv rest = sv_slice(v, at, v.n);
        enum prefix prefix = first_prefix(rest);
        if (prefix == PREFIX_O || (prefix != PREFIX_NONE && !organization_only))
            return at;
    }
    return SV_NPOS;
}

struct sv text_unwrap(struct sv v, struct arena *arena)
{
    if (sv_find_char(v, '\n') == SV_NPOS && sv_find_char(v, '\r') == SV_NPOS)
        return v;
    char *to = arena_alloc(arena, v.n);
    if (!to)
        return v;
    size_t n = 0;
    for (size_t i = 0; i < v.n;) {
        if (v.p[i] != '\n' && v.p[i] != '\r') {
            to[n++] = v.p[i++];
            continue;
        }
        while (n && ascii_is_space(to[n - 1]))
            n--;
        while (i < v.n && ascii_is_space(v.p[i]))
            i++;
        to[n++] = ' ';
    }
    arena_shrink(arena, to, v.n, n);
    return sv_make(to, n);
}

static size_t put(char *to, size_t at, struct sv v)
{
    if (v.n)
        memcpy(to + at, v.p, v.n);
    return at + v.n;
}

/* The DN without the blanks that do not belong to it. */
static struct sv tidy(struct sv dn, struct arena *arena)
{
    char *to = arena_alloc(arena, dn.n);
    if (!to)
        return dn;
    struct sv rest = segments_of(dn);
    size_t n = put(to, 0, sv_trim(sv_slice(dn, 0, dn.n - rest.n)));
    struct segment s;
    while (segment_next(&rest, &s)) {
        n = put(to, n, SV("/"));
        n = put(to, n, s.name);
        if (s.prefix != PREFIX_NONE)
            n = put(to, n, SV("="));
        n = put(to, n, s.value);
    }
    arena_shrink(arena, to, dn.n, n);
    return sv_make(to, n);
}

/* Exchange 2013 and later put 32 hexadecimal digits and '-' before the name to make it unique. */
static struct sv without_hex_prefix(struct sv cn)
{
    enum { HEX = 32 };
    if (cn.n <= HEX + 1 || cn.p[HEX] != '-')
        return cn;
    for (size_t i = 0; i < HEX; i++)
        if (ascii_hex_value(cn.p[i]) < 0)
            return cn;
    return sv_slice(cn, HEX + 1, cn.n);
}

/* The values of count cn segments from rest on, joined with '/'. */
static struct sv join_containers(struct sv rest, size_t count, struct arena *arena)
{
    char *to = arena_alloc(arena, rest.n);
    if (!to)
        return SV_ABSENT;
    size_t n = 0;
    struct segment s;
    while (count && segment_next(&rest, &s)) {
        if (s.prefix != PREFIX_CN)
            continue;
        if (n)
            n = put(to, n, SV("/"));
        n = put(to, n, s.value);
        count--;
    }
    return sv_make(to, n);
}

static void take_if_first(struct sv *field, struct sv value)
{
    if (sv_absent(*field) && value.n)
        *field = value;
}

/* Where the containers stand: the cn segments in rest but the last. */
struct containers {
    struct sv rest;
    struct sv first; /* value of the first */
    size_t cns;
};

/* Fills all fields but the container and the user. Returns false when dn is not tidy. */
static bool take_apart(struct sv dn, struct legacy_dn *out, struct containers *c)
{
    struct sv rest = segments_of(dn);
    bool is_tidy = !rest.n || rest.p[rest.n - 1] != '/';
    *out = (struct legacy_dn){.text = dn, .readable = true};
    *c = (struct containers){.rest = rest};
    struct segment s;
    while (segment_next(&rest, &s)) {
        is_tidy &= s.tidy;
        if (s.prefix == PREFIX_CN) {
            if (c->cns++ == 0)
                c->first = s.value;
            out->cn = s.value;
        } else if (s.prefix == PREFIX_O) {
            take_if_first(&out->organization, s.value);
        } else if (s.prefix == PREFIX_OU && sv_absent(out->admin_group)) {
            take_if_first(&out->admin_group, s.value);
            *c = (struct containers){.rest = rest};
        } else if (s.prefix == PREFIX_NONE) {
            out->readable = false;
        }
    }
    return is_tidy;
}

void legacy_dn_parse(struct sv dn, struct arena *arena, struct legacy_dn *out)
{
    struct containers c;
    bool cut = false;
    dn = text_unwrap(sv_trim(dn), arena);
    if (dn.n > LEGACY_DN_MAX || !take_apart(dn, out, &c)) {
        dn = tidy(dn, arena);
        cut = dn.n > LEGACY_DN_MAX;
        take_apart(sv_trim(utf8_cut(dn, LEGACY_DN_MAX)), out, &c);
    }
    out->cut = cut;
    if (c.cns > 1)
        out->container = c.cns == 2 ? c.first : join_containers(c.rest, c.cns - 1, arena);
    if (sv_empty(out->container))
        out->container = SV_ABSENT;
    if (sv_empty(out->cn) || !out->readable)
        out->cn = SV_ABSENT;
    else
        out->user = without_hex_prefix(out->cn);
}
