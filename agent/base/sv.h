/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String views: borrowed bytes with a length, never NUL-terminated by contract.
 *
 * A view with p == NULL is absent; a view with p != NULL and n == 0 is present and empty. The two are
 * different facts about an event (no <Message> at all, an empty insertion string), so no function here
 * turns one into the other. A view never owns memory: whoever hands one out says how long it lives.
 *
 * All functions are pure, reentrant and safe to call with absent views.
 */
#ifndef MAPITAIL_SV_H
#define MAPITAIL_SV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sv {
    const char *p;
    size_t n;
};

/* The offset that the find functions return when nothing was found. */
#define SV_NPOS ((size_t)-1)

/* A view of a string literal, without its NUL; usable in initializers of locals. */
#define SV(literal) ((struct sv){"" literal, sizeof(literal) - 1})
/* The same for static initializers. */
#define SV_INIT(literal)                                                                                     \
    {                                                                                                        \
        "" literal, sizeof(literal) - 1                                                                      \
    }
#define SV_ABSENT ((struct sv){NULL, 0})

/* "%.*s", SV_ARG(v) prints a view. */
#define SV_ARG(v) (int)(v).n, (v).p ? (v).p : ""

/* A view of a C string; NULL gives an absent view. */
struct sv sv_from(const char *cstr);

/* The n bytes at p. */
static inline struct sv sv_make(const void *p, size_t n)
{
    return (struct sv){(const char *)p, n};
}

/* v[from, to), cut to what v has. */
struct sv sv_slice(struct sv v, size_t from, size_t to);

static inline bool sv_absent(struct sv v)
{
    return v.p == NULL;
}

/* True when v is absent or has no bytes. */
static inline bool sv_empty(struct sv v)
{
    return v.n == 0;
}

/* Equal bytes. An absent view equals an absent or empty one. The i-forms fold ASCII letters only. */
bool sv_eq(struct sv a, struct sv b);
bool sv_ieq(struct sv a, struct sv b);
bool sv_starts(struct sv v, struct sv prefix);
bool sv_istarts(struct sv v, struct sv prefix);
bool sv_ends(struct sv v, struct sv suffix);
bool sv_iends(struct sv v, struct sv suffix);

/* Offset of the first (sv_rfind: last) occurrence of needle, or SV_NPOS. An empty needle is found at 0. */
size_t sv_find(struct sv hay, struct sv needle);
size_t sv_ifind(struct sv hay, struct sv needle);
size_t sv_rfind(struct sv hay, struct sv needle);
size_t sv_find_char(struct sv hay, char c);

/* v without blanks, tabs, CR and LF at both ends. */
struct sv sv_trim(struct sv v);

/*
 * Reads the whole of v as an unsigned decimal (sv_to_u64) or as hexadecimal with or without 0x
 * (sv_hex_to_u64). Returns false, leaving *out alone, on anything else: blanks, signs, an empty view, more
 * than 64 bits.
 */
__attribute__((warn_unused_result)) bool sv_to_u64(struct sv v, uint64_t *out);
__attribute__((warn_unused_result)) bool sv_hex_to_u64(struct sv v, uint64_t *out);

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}
/* Writes v with its ASCII letters in lower case to to, which has room for v.n bytes; returns the end. */
char *ascii_lower_copy(char *to, struct sv v);
static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool ascii_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
/* The value of a hexadecimal digit, or -1. */
int ascii_hex_value(char c);

#endif
