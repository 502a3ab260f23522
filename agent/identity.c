/* SPDX-License-Identifier: Apache-2.0 */
/* Who a record is. */
#include "identity.h"

#include "buf.h"
#include "os_clock.h"

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
    struct identity *id = calloc(1, sizeof *id);
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

static char *put_hex(char *to, const uint8_t *from, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *to++ = hex[from[i] >> 4];
        *to++ = hex[from[i] & 15];
    }
    *to = '\0';
    return to;
}

static void put_uuid(char out[RECORD_ID_TEXT], uint8_t bytes[UUID_BYTES], unsigned version)
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    for (size_t i = 0; i < sizeof groups; i++) {
        out = put_hex(out, bytes, groups[i]);
        bytes += groups[i];
        if (i + 1 < sizeof groups)
            *out++ = '-';
    }
}

static bool hash_hex(struct identity *id, struct sv v, char out[RECORD_HASH_TEXT])
{
    uint8_t digest[SHA256_BYTES];
    if (EVP_DigestInit_ex2(id->context, id->sha256, NULL) != 1 ||
        EVP_DigestUpdate(id->context, v.p, v.n) != 1 || EVP_DigestFinal_ex(id->context, digest, NULL) != 1)
        return false;
    put_hex(out, digest, sizeof digest);
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

static void put_lower(struct buf *b, struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        buf_putc(b, ascii_lower(v.p[i]));
}

/* The name that the id is made of. content: the content's hash where there is no record id. */
static bool make_name(struct buf *b, const struct event *e, const char *content, uint64_t ordinal)
{
    struct wtime time = e->time;
    char text[WTIME_TEXT_MAX];
    buf_reset(b);
    put_lower(b, sv_slice(e->computer, 0, sv_find_char(e->computer, '.')));
    buf_putc(b, '|');
    put_lower(b, event_source(e));
    buf_putc(b, '|');
    if (e->event_id.has)
        buf_u64(b, e->event_id.v & 0xffff);
    buf_putc(b, '|');
    if (e->record_id.has) {
        buf_u64(b, e->record_id.v);
    } else {
        buf_lit(b, "sha256:");
        buf_put(b, sv_from(content));
        buf_putc(b, '#');
        buf_u64(b, ordinal);
    }
    buf_putc(b, '|');
    if (time.present)
        buf_put(b, sv_make(text, wtime_format(&time, 0, text)));
    return buf_ok(b);
}

static bool fill_id(struct identity *id, struct record *r, uint64_t ordinal)
{
    char content[RECORD_HASH_TEXT] = "";
    uint8_t digest[SHA1_BYTES];
    if (!r->event->record_id.has && !identity_content_hash(id, r, content))
        return false;
    if (!make_name(&id->name, r->event, content, ordinal))
        return false;
    struct sv name = buf_sv(&id->name);
    if (EVP_DigestInit_ex2(id->context, id->sha1, NULL) != 1 ||
        EVP_DigestUpdate(id->context, namespace_bytes, sizeof namespace_bytes) != 1 ||
        EVP_DigestUpdate(id->context, name.p, name.n) != 1 ||
        EVP_DigestFinal_ex(id->context, digest, NULL) != 1)
        return false;
    put_uuid(r->id, digest, 5);
    return true;
}

bool identity_fill(struct identity *id, struct record *r, uint64_t ordinal)
{
    r->id[0] = r->hash[0] = '\0';
    if (fill_id(id, r, ordinal) &&
        (sv_absent(r->event->original) || hash_hex(id, r->event->original, r->hash)))
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
