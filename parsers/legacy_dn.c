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

static enum prefix prefix_of(struct sv name)
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

static struct segment segment_of(struct sv raw)
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

/* The next segment that is not empty: "//" counts as "/". */
static bool segment_next(struct sv *rest, struct segment *out)
{
    while (rest->n) {
        struct sv from = sv_slice(*rest, 1, rest->n);
        size_t n = sv_find_char(from, '/');
        n = n == SV_NPOS ? from.n : n;
        *rest = sv_slice(from, n, from.n);
        *out = segment_of(sv_slice(from, 0, n));
        if (out->prefix != PREFIX_NONE || out->value.n)
            return true;
    }
    return false;
}

bool legacy_dn_starts(struct sv v)
{
    /* Prefixes have up to four letters; a few blanks on each side are all that texts are seen to have. */
    enum { HEAD_MAX = 24 };
    if (v.n == 0 || v.p[0] != '/')
        return false;
    struct sv head = sv_slice(v, 1, HEAD_MAX);
    size_t equals = sv_find_char(head, '=');
    return equals != SV_NPOS && prefix_of(sv_trim(sv_slice(head, 0, equals))) != PREFIX_NONE;
}

size_t legacy_dn_find(struct sv v, bool organization_only)
{
    for (size_t at = 0; at < v.n; at++) {
        size_t step = sv_find_char(sv_slice(v, at, v.n), '/');
        if (step == SV_NPOS)
            break;
        at += step;
        struct sv rest = sv_slice(v, at, v.n);
        if (!legacy_dn_starts(rest))
            continue;
        struct sv name = sv_trim(sv_slice(rest, 1, sv_find_char(rest, '=')));
        if (!organization_only || name.n == 1)
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

static bool is_tidy(struct sv dn)
{
    size_t start = sv_find_char(dn, '/');
    struct sv rest = sv_slice(dn, start == SV_NPOS ? dn.n : start, dn.n);
    size_t left = rest.n;
    struct segment s;
    while (segment_next(&rest, &s)) {
        size_t written = s.value.n + (s.prefix == PREFIX_NONE ? 1 : s.name.n + 2);
        if (!s.tidy || left - rest.n != written)
            return false;
        left = rest.n;
    }
    return left == 0;
}

static size_t put(char *to, size_t at, struct sv v)
{
    if (v.n)
        memcpy(to + at, v.p, v.n);
    return at + v.n;
}

/* The DN without the blanks that do not belong to it; dn itself when there are none. */
static struct sv tidy(struct sv dn, struct arena *arena)
{
    if (is_tidy(dn))
        return dn;
    char *to = arena_alloc(arena, dn.n);
    if (!to)
        return dn;
    size_t start = sv_find_char(dn, '/');
    struct sv rest = sv_slice(dn, start == SV_NPOS ? dn.n : start, dn.n);
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

void legacy_dn_parse(struct sv dn, struct arena *arena, struct legacy_dn *out)
{
    dn = tidy(text_unwrap(sv_trim(dn), arena), arena);
    *out = (struct legacy_dn){.text = sv_trim(utf8_cut(dn, LEGACY_DN_MAX)), .readable = true};
    out->cut = dn.n > LEGACY_DN_MAX;
    size_t start = sv_find_char(out->text, '/');
    struct sv rest = sv_slice(out->text, start == SV_NPOS ? out->text.n : start, out->text.n);
    struct sv containers = rest, first_container = SV_ABSENT;
    size_t cns = 0; /* since the first ou */
    struct segment s;
    while (segment_next(&rest, &s)) {
        if (s.prefix == PREFIX_O) {
            take_if_first(&out->organization, s.value);
        } else if (s.prefix == PREFIX_OU && sv_absent(out->admin_group)) {
            take_if_first(&out->admin_group, s.value);
            containers = rest;
            cns = 0;
        } else if (s.prefix == PREFIX_CN) {
            if (cns++ == 0)
                first_container = s.value;
            out->cn = s.value;
        } else if (s.prefix == PREFIX_NONE) {
            out->readable = false;
        }
    }
    if (cns > 1)
        out->container = cns == 2 ? first_container : join_containers(containers, cns - 1, arena);
    if (sv_empty(out->cn) || !out->readable)
        out->cn = SV_ABSENT;
    else
        out->user = without_hex_prefix(out->cn);
}
