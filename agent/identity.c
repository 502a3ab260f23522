/* SPDX-License-Identifier: Apache-2.0 */
/* Who a record is. */
#include "identity.h"

#include "buf.h"
#include "digits.h"
#include "os_clock.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { SHA1_BYTES = 20, SHA256_BYTES = 32, UUID_BYTES = 16, NAME_MAX_BYTES = 4 << 20 };

struct identity {
    EVP_MD *sha1, *sha256; /* fetched once: a fetch costs more than hashing a record */
    EVP_MD_CTX *context;
    struct buf name;
};

/* UUIDv5 of "mapitail.example" in the DNS namespace. */
static const uint8_t namespace_bytes[UUID_BYTES] = {0x38, 0xb2, 0x0e, 0x13, 0xd9, 0xbb, 0x51, 0x45,
                                                    0xbc, 0x68, 0xa9, 0x47, 0x21, 0x5a, 0xa5, 0x48};

struct identity *identity_new(void)
{
    /* A library that had no memory for its own beginnings crashes in its first fetch. */
    struct identity *id = OSSL_LIB_CTX_get0_global_default() ? calloc(1, sizeof *id) : NULL;
    if (!id)
        return NULL;
    buf_init(&id->name, NAME_MAX_BYTES);
    id->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    id->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    id->context = EVP_MD_CTX_new();
    if (id->sha1 && id->sha256 && id->context)
        return id;
    identity_free(id);
    return NULL;
}

void identity_free(struct identity *id)
{
    if (!id)
        return;
    EVP_MD_CTX_free(id->context);
    EVP_MD_free(id->sha256);
    EVP_MD_free(id->sha1);
    buf_free(&id->name);
    free(id);
}

static void put_uuid(char out[RECORD_ID_TEXT], uint8_t bytes[UUID_BYTES], unsigned version)
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    out = digits_put_hex(out, bytes, 4);
    *out++ = '-';
    out = digits_put_hex(out, bytes + 4, 2);
    *out++ = '-';
    out = digits_put_hex(out, bytes + 6, 2);
    *out++ = '-';
    out = digits_put_hex(out, bytes + 8, 2);
    *out++ = '-';
    out = digits_put_hex(out, bytes + 10, 6);
    *out = '\0';
}

static char *put(char *to, struct sv v)
{
    memcpy(to, v.p, v.n);
    return to + v.n;
}

static bool digest_of(struct identity *id, const EVP_MD *digest, struct sv v, uint8_t *out)
{
    return EVP_DigestInit_ex2(id->context, digest, NULL) == 1 &&
           EVP_DigestUpdate(id->context, v.p, v.n) == 1 && EVP_DigestFinal_ex(id->context, out, NULL) == 1;
}

static bool hash_hex(struct identity *id, struct sv v, char out[RECORD_HASH_TEXT])
{
    uint8_t digest[SHA256_BYTES];
    if (!digest_of(id, id->sha256, v, digest))
        return false;
    *digits_put_hex(out, digest, sizeof digest) = '\0';
    return true;
}

/* Exports wrap and pad the same message differently. */
static void put_folded(struct buf *b, struct sv text)
{
    text = sv_trim(text);
    for (size_t i = 0; i < text.n; i++) {
        if (!ascii_is_space(text.p[i]))
            buf_putc(b, text.p[i]);
        else if (!ascii_is_space(text.p[i - 1]))
            buf_putc(b, ' ');
    }
}

static void put_content(struct buf *b, const struct record *r)
{
    const struct event *e = r->event;
    if (e->data_count == 0)
        put_folded(b, r->message);
    for (size_t i = 0; i < e->data_count; i++) {
        if (i)
            buf_putc(b, 0x1f);
        buf_put(b, e->data[i].value);
    }
}

bool identity_content_hash(struct identity *id, const struct record *r, char out[RECORD_HASH_TEXT])
{
    buf_reset(&id->name);
    put_content(&id->name, r);
    return buf_ok(&id->name) && hash_hex(id, buf_sv(&id->name), out);
}

/* How the name tells events of the same host, source, id and second apart. */
static char *put_discriminator(char *to, const struct event *e, const char *content, uint64_t ordinal)
{
    if (e->record_id.has)
        return digits_put(to, e->record_id.v);
    to = put(to, SV("sha256:"));
    to = put(to, sv_make(content, RECORD_HASH_TEXT - 1));
    *to++ = '#';
    return digits_put(to, ordinal);
}

/*
 * What the id is made of: the namespace and the name, in one piece because a digest costs less in one call
 * than in two. content: the content's hash where there is no record id.
 */
static bool make_name(struct buf *b, const struct event *e, const char *content, uint64_t ordinal)
{
    enum { FIXED_MAX = UUID_BYTES + 3 * DIGITS_U64_MAX + RECORD_HASH_TEXT + WTIME_TEXT_MAX + 16 };
    struct sv host = sv_slice(e->computer, 0, sv_find_char(e->computer, '.')), source = event_source(e);
    buf_reset(b);
    char *start = buf_room(b, host.n + source.n + FIXED_MAX);
    if (!start)
        return false;
    char *to = ascii_lower_copy(put(start, sv_make(namespace_bytes, UUID_BYTES)), host);
    *to++ = '|';
    to = ascii_lower_copy(to, source);
    *to++ = '|';
    if (e->event_id.has)
        to = digits_put(to, e->event_id.v & 0xffff);
    *to++ = '|';
    to = put_discriminator(to, e, content, ordinal);
    *to++ = '|';
    if (e->time.present)
        to += wtime_format(&e->time, 0, to);
    b->n = (size_t)(to - start);
    return true;
}

bool identity_fill_id(struct identity *id, struct record *r, uint64_t ordinal)
{
    char content[RECORD_HASH_TEXT] = "";
    uint8_t digest[SHA1_BYTES];
    r->id[0] = '\0';
    if (!r->event->record_id.has && !identity_content_hash(id, r, content))
        return false;
    if (!make_name(&id->name, r->event, content, ordinal) ||
        !digest_of(id, id->sha1, buf_sv(&id->name), digest))
        return false;
    put_uuid(r->id, digest, 5);
    return true;
}

bool identity_fill_hash(struct identity *id, struct record *r)
{
    r->hash[0] = '\0';
    return sv_absent(r->event->original) || hash_hex(id, r->event->original, r->hash);
}

bool identity_fill(struct identity *id, struct record *r, uint64_t ordinal)
{
    if (identity_fill_id(id, r, ordinal) && identity_fill_hash(id, r))
        return true;
    r->id[0] = r->hash[0] = '\0';
    return false;
}

void identity_random_uuid(char out[RECORD_ID_TEXT])
{
    uint8_t bytes[UUID_BYTES];
    os_random(bytes, sizeof bytes);
    put_uuid(out, bytes, 4);
}
