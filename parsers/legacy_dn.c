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
};

/* What is left of a DN. */
struct walk {
    struct sv rest;
    bool tidy; /* what is behind was written without empty segments and blanks that do not belong to it */
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

/* A segment as nearly all are written: prefix, '=' and value, without a blank around them. */
static bool read_plain(struct sv raw, struct segment *out)
{
    size_t equals = raw.n > 1 && raw.p[1] == '=' ? 1 : 2;
    if (raw.n < equals + 2 || raw.p[equals] != '=' || ascii_is_space(raw.p[equals + 1]) ||
        ascii_is_space(raw.p[raw.n - 1]))
        return false;
    out->name = sv_make(raw.p, equals);
    out->value = sv_make(raw.p + equals + 1, raw.n - equals - 1);
    out->prefix = prefix_of(out->name);
    return out->prefix != PREFIX_NONE;
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
            return (struct segment){prefix, name, value};
    }
    return (struct segment){PREFIX_NONE, SV_ABSENT, text};
}

static size_t written_length(const struct segment *s)
{
    return s->prefix == PREFIX_NONE ? s->value.n : s->name.n + 1 + s->value.n;
}

/* From the first '/' on: what is before it is no segment. */
static struct walk walk_start(struct sv dn)
{
    size_t start = dn.n && dn.p[0] == '/' ? 0 : sv_find_char(dn, '/');
    return (struct walk){sv_slice(dn, start == SV_NPOS ? dn.n : start, dn.n), true};
}

/* The next segment that is not empty: "//" counts as "/". */
static bool walk_next(struct walk *w, struct segment *out)
{
    while (w->rest.n) {
        struct sv raw = sv_make(w->rest.p + 1, w->rest.n - 1);
        const char *slash = memchr(raw.p, '/', raw.n);
        raw.n = slash ? (size_t)(slash - raw.p) : raw.n;
        w->rest = sv_make(raw.p + raw.n, w->rest.n - 1 - raw.n);
        if (read_plain(raw, out))
            return true;
        *out = segment_of(raw);
        bool is_empty = out->prefix == PREFIX_NONE && out->value.n == 0;
        w->tidy &= !is_empty && written_length(out) == raw.n;
        if (!is_empty)
            return true;
    }
    return false;
}

/* The prefix that v begins with behind its '/'. */
static enum prefix prefix_at(struct sv v)
{
    /* Prefixes have up to four letters; a few blanks on each side are all that texts are seen to have. */
    enum { HEAD_MAX = 24 };
    size_t max = v.n < HEAD_MAX ? v.n : HEAD_MAX, equals = 1;
    if (v.n == 0 || v.p[0] != '/')
        return PREFIX_NONE;
    while (equals < max && v.p[equals] != '=')
        equals++;
    return equals < max ? prefix_of(sv_trim(sv_make(v.p + 1, equals - 1))) : PREFIX_NONE;
}

bool legacy_dn_starts(struct sv v)
{
    return prefix_at(v) != PREFIX_NONE;
}

size_t legacy_dn_find(struct sv v, bool organization_only)
{
    for (size_t at = 0; at < v.n; at++) {
        const char *slash = memchr(v.p + at, '/', v.n - at);
        if (!slash)
            break;
        at = (size_t)(slash - v.p);
        enum prefix prefix = prefix_at(sv_make(slash, v.n - at));
        if (organization_only ? prefix == PREFIX_O : prefix != PREFIX_NONE)
            return at;
    }
    return SV_NPOS;
}

struct sv text_unwrap(struct sv v, struct arena *arena)
{
    if (v.n == 0 || (!memchr(v.p, '\n', v.n) && !memchr(v.p, '\r', v.n)))
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

/* The DN without the blanks and the empty segments that do not belong to it; dn itself when there are none.
 */
static struct sv tidy(struct sv dn, struct arena *arena)
{
    struct segment s;
    struct walk look = walk_start(dn), w = look;
    while (look.tidy && walk_next(&look, &s))
        continue;
    char *to = look.tidy ? NULL : arena_alloc(arena, dn.n);
    if (!to)
        return dn;
    size_t n = put(to, 0, sv_trim(sv_slice(dn, 0, dn.n - w.rest.n)));
    while (walk_next(&w, &s)) {
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

/* The values of count cn segments from w on, joined with '/'. */
static struct sv join_containers(struct walk w, size_t count, struct arena *arena)
{
    char *to = arena_alloc(arena, w.rest.n);
    if (!to)
        return SV_ABSENT;
    size_t n = 0;
    struct segment s;
    while (count && walk_next(&w, &s)) {
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

/* Fills *out from a DN of at most LEGACY_DN_MAX bytes; returns true if it is tidy. */
static bool take_apart(struct sv dn, struct arena *arena, struct legacy_dn *out)
{
    *out = (struct legacy_dn){.text = dn, .readable = true};
    struct walk w = walk_start(dn), containers = w;
    struct sv first_container = SV_ABSENT;
    size_t cns = 0; /* since the first ou */
    struct segment s;
    while (walk_next(&w, &s)) {
        if (s.prefix == PREFIX_O) {
            take_if_first(&out->organization, s.value);
        } else if (s.prefix == PREFIX_OU && sv_absent(out->admin_group)) {
            take_if_first(&out->admin_group, s.value);
            containers = w;
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
    return w.tidy;
}

void legacy_dn_parse(struct sv dn, struct arena *arena, struct legacy_dn *out)
{
    dn = text_unwrap(sv_trim(dn), arena);
    /* Nearly every DN is tidy and short, which is known when it has been read. */
    if (dn.n <= LEGACY_DN_MAX && take_apart(dn, arena, out))
        return;
    dn = tidy(dn, arena);
    take_apart(sv_trim(utf8_cut(dn, LEGACY_DN_MAX)), arena, out);
    out->cut = dn.n > LEGACY_DN_MAX;
}
