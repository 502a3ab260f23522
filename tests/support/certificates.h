/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates for tests, good and bad, made on the spot. Everything lives until the test's process ends;
 * what cannot be made fails the test.
 */
#ifndef MAPITAIL_TEST_CERTIFICATES_H
#define MAPITAIL_TEST_CERTIFICATES_H

#include <openssl/types.h>
#include <stddef.h>

struct authority {
    X509 *x509;
    EVP_PKEY *key;
};

struct certificate {
    X509 *x509;
    EVP_PKEY *key;
};

struct certificate_wish {
    const char *cn;            /* NULL: "test receiver" */
    const char *san;           /* "DNS:a.test,IP:127.0.0.1"; NULL: no extension */
    int from_days, until_days; /* from now; both 0: since yesterday, for a day */
};

struct authority *authority_new(const char *name);
void authority_write(const struct authority *a, const char *path);

/* A revocation list of the authority; revoked may be NULL. */
void authority_write_crl(const struct authority *a, X509 *revoked, const char *path);

/* Signed by the authority, or by itself if that is NULL. */
struct certificate certificate_new(const struct authority *a, const struct certificate_wish *wish);

/* Both into one PEM file. */
void certificate_write(const struct certificate *c, const char *path);

/* "sha-256:AA:BB:…" or "sha-1:…" by OpenSSL's name of the hash. */
void certificate_fingerprint(const struct certificate *c, const char *hash, char *to, size_t n);

/* A path in a directory of this test alone, which goes away with it. */
void test_path(char *to, size_t n, const char *name);

#endif
