/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates for tests, made on the spot. */
#include "certificates.h"

#include "keep.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY = 86400 };

static X509 *blank(const char *cn, EVP_PKEY *key, int from_days, int until_days)
{
    static long serial;
    X509 *x = keep(X509_new());
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial + getpid() * 1000L);
    X509_gmtime_adj(X509_getm_notBefore(x), (long)from_days * DAY);
    X509_gmtime_adj(X509_getm_notAfter(x), (long)until_days * DAY);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
                               -1, 0);
    return x;
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    cr_assert(e && X509_add_ext(x, e, -1) == 1, "cannot add %s", value);
    X509_EXTENSION_free(e);
}

struct authority *authority_new(const char *name)
{
    struct authority *a = keep(calloc(1, sizeof *a));
    a->key = keep(EVP_EC_gen("P-256"));
    a->x509 = blank(name, a->key, -10, 10);
    X509_set_issuer_name(a->x509, X509_get_subject_name(a->x509));
    extend(a->x509, a->x509, NID_basic_constraints, "critical,CA:TRUE");
    extend(a->x509, a->x509, NID_key_usage, "critical,keyCertSign,cRLSign");
    cr_assert(X509_sign(a->x509, a->key, EVP_sha256()) > 0);
    return a;
}

struct certificate certificate_new(const struct authority *a, const struct certificate_wish *wish)
{
    bool dated = wish->from_days || wish->until_days;
    struct certificate c = {.key = keep(EVP_EC_gen("P-256"))};
    c.x509 = blank(wish->cn ? wish->cn : "test receiver", c.key, dated ? wish->from_days : -1,
                   dated ? wish->until_days : 1);
    X509 *issuer = a ? a->x509 : c.x509;
    X509_set_issuer_name(c.x509, X509_get_subject_name(issuer));
    if (wish->san)
        extend(c.x509, issuer, NID_subject_alt_name, wish->san);
    cr_assert(X509_sign(c.x509, a ? a->key : c.key, EVP_sha256()) > 0);
    return c;
}

static FILE *create(const char *path)
{
    FILE *f = fopen(path, "w");
    cr_assert(f, "cannot write %s", path);
    return f;
}

void authority_write(const struct authority *a, const char *path)
{
    FILE *f = create(path);
    PEM_write_X509(f, a->x509);
    fclose(f);
}

void certificate_write(const struct certificate *c, const char *path)
{
    FILE *f = create(path);
    PEM_write_X509(f, c->x509);
    PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

void authority_write_crl(const struct authority *a, X509 *revoked, const char *path)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -DAY), *later = X509_gmtime_adj(NULL, DAY);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(a->x509));
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, later);
    if (revoked) {
        X509_REVOKED *r = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(revoked));
        X509_REVOKED_set_revocationDate(r, now);
        X509_CRL_add0_revoked(crl, r);
    }
    X509_CRL_sort(crl);
    cr_assert(X509_CRL_sign(crl, a->key, EVP_sha256()) > 0);
    FILE *f = create(path);
    PEM_write_X509_CRL(f, crl);
    fclose(f);
    X509_CRL_free(crl);
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
}

void certificate_fingerprint(const struct certificate *c, const char *hash, char *to, size_t n)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    X509_digest(c->x509, EVP_get_digestbyname(hash), sum, &length);
    int at = snprintf(to, n, "%s:", strcmp(hash, "SHA1") == 0 ? "sha-1" : "sha-256");
    for (unsigned i = 0; i < length; i++)
        at += snprintf(to + at, n - (size_t)at, i ? ":%02X" : "%02X", sum[i]);
}

static char directory[64];

static void remove_directory(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    (void)!system(command);
}

void test_path(char *to, size_t n, const char *name)
{
    if (!directory[0]) {
        strcpy(directory, "/tmp/mapitail-test-XXXXXX");
        cr_assert(mkdtemp(directory));
        atexit(remove_directory);
    }
    snprintf(to, n, "%s/%s", directory, name);
}
