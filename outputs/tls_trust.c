/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of a peer's certificate. */
#include "tls_trust.h"

#include "buf.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

struct digest {
    struct sv label; /* RFC 5425 4.2.2: the hash's name in IANA's registry, then a colon */
    const char *name;
    size_t bytes;
};

static const struct digest digests[] = {
    {SV_INIT("sha-256:"), "SHA256", 32},
    {SV_INIT("sha-1:"), "SHA1", 20},
};

enum { FINGERPRINT_TEXT_MAX = 8 + 3 * 32 + 1 };

static const struct digest *digest_of(const char *fingerprint)
{
    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++)
        if (sv_istarts(sv_from(fingerprint), digests[i].label))
            return &digests[i];
    return NULL;
}

static bool is_fingerprint(const char *text)
{
    const struct digest *d = digest_of(text);
    if (!d)
        return false;
    struct sv hex = sv_slice(sv_from(text), d->label.n, SV_NPOS);
    if (hex.n != 3 * d->bytes - 1)
        return false;
    for (size_t i = 0; i < hex.n; i++)
        if (i % 3 == 2 ? hex.p[i] != ':' : ascii_hex_value(hex.p[i]) < 0)
            return false;
    return true;
}

bool tls_trust_validate(const struct setting_list *fingerprints, struct fault *f)
{
    for (size_t i = 0; i < fingerprints->count; i++)
        if (!is_fingerprint(fingerprints->items[i]))
            return fault_set(f, FAULT_CONFIG, 0,
                             "fingerprints: `%.110s` is not sha-256: or sha-1: and the digest as AA:BB:…",
                             fingerprints->items[i]);
    return true;
}

void tls_trust_init(struct tls_trust *t, const struct setting_list *fingerprints, bool verify,
                    const char *name)
{
    *t = (struct tls_trust){.fingerprints = fingerprints, .verify = verify};
    snprintf(t->name, sizeof t->name, "%s", name);
}

/* RFC 5425 4.2.2: the hash of the DER form, upper-case hex with colons. */
static void fingerprint_of(X509 *certificate, const struct digest *d, char *to)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t at = d->label.n;
    memcpy(to, d->label.p, at);
    to[at] = '\0';
    if (X509_digest(certificate, EVP_get_digestbyname(d->name), sum, &n) != 1)
        return;
    for (unsigned i = 0; i < n && i < d->bytes; i++)
        at += (size_t)sprintf(to + at, i ? ":%02X" : "%02X", sum[i]);
}

static bool is_pinned(const struct tls_trust *t, X509 *certificate)
{
    for (size_t i = 0; i < t->fingerprints->count; i++) {
        char text[FINGERPRINT_TEXT_MAX];
        const struct digest *d = digest_of(t->fingerprints->items[i]);
        if (!d)
            continue;
        fingerprint_of(certificate, d, text);
        if (sv_ieq(sv_from(text), sv_from(t->fingerprints->items[i])))
            return true;
    }
    return false;
}

static void date_text(const ASN1_TIME *time, char *to, size_t n)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(time, &tm) != 1 || strftime(to, n, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(to, n, "an unreadable date");
}

/* A name in one line; what is not printable is escaped, because it comes from a stranger. */
static void name_text(const X509_NAME *name, char *to, size_t n)
{
    BIO *memory = BIO_new(BIO_s_mem());
    int length = 0;
    if (memory && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0)
        length = BIO_read(memory, to, (int)n - 1);
    to[length > 0 ? length : 0] = '\0';
    BIO_free(memory);
}

/* The names that the certificate does prove: what an operator needs to see the mistake. */
static void proved_names(X509 *certificate, char *to, size_t n)
{
    struct buf text;
    buf_init(&text, n - 1);
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS)
            continue;
        struct sv dns =
            sv_make(ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
        if (text.n)
            buf_lit(&text, ", ");
        for (size_t c = 0; c < dns.n; c++)
            buf_putc(&text, dns.p[c] > ' ' && dns.p[c] < 127 ? dns.p[c] : '?');
    }
    GENERAL_NAMES_free(names);
    if (text.n)
        snprintf(to, n, "%.*s", SV_ARG(buf_sv(&text)));
    else
        name_text(X509_get_subject_name(certificate), to, n);
    buf_free(&text);
}

static void explain_dates(struct tls_trust *t, int error, X509 *certificate, const char *subject)
{
    char date[40];
    bool expired = error == X509_V_ERR_CERT_HAS_EXPIRED;
    date_text(expired ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate), date,
              sizeof date);
    fault_set(&t->why, FAULT_TLS, 0,
              expired ? "the certificate of %s expired on %s"
                      : "the certificate of %s is not valid before %s",
              subject, date);
}

static void explain_name(struct tls_trust *t, X509 *certificate)
{
    char names[100];
    proved_names(certificate, names, sizeof names);
    fault_set(&t->why, FAULT_TLS, 0, "the certificate is for %s, not for %.100s", names, t->name);
}

static void explain(struct tls_trust *t, int error, X509 *certificate)
{
    char subject[100], issuer[100];
    name_text(X509_get_subject_name(certificate), subject, sizeof subject);
    name_text(X509_get_issuer_name(certificate), issuer, sizeof issuer);
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        explain_dates(t, error, certificate, subject);
        return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        explain_name(t, certificate);
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        fault_set(&t->why, FAULT_TLS, 0, "the certificate of %s is self-signed and not trusted", subject);
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        fault_set(&t->why, FAULT_TLS, 0, "the certificate of %s is signed by %s, which is not trusted",
                  subject, issuer);
        return;
    case X509_V_ERR_CERT_REVOKED:
        fault_set(&t->why, FAULT_TLS, 0, "the certificate of %s is revoked", subject);
        return;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        fault_set(&t->why, FAULT_TLS, 0, "crl_file has no list of %s, which signed the certificate", issuer);
        return;
    case X509_V_ERR_CRL_HAS_EXPIRED:
        fault_set(&t->why, FAULT_TLS, 0, "the list in crl_file is out of date");
        return;
    default:
        fault_set(&t->why, FAULT_TLS, 0, "the certificate of %s is not accepted: %s", subject,
                  X509_verify_cert_error_string(error));
    }
}

static int refuse_unpinned(struct tls_trust *t, X509_STORE_CTX *store, X509 *certificate)
{
    char text[FINGERPRINT_TEXT_MAX];
    fingerprint_of(certificate, &digests[0], text);
    fault_set(&t->why, FAULT_TLS, 0, "the certificate's fingerprint is not listed; it is %s", text);
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

int tls_trust_verify(X509_STORE_CTX *store, void *ctx)
{
    struct tls_trust *t = ctx;
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    if (t->fingerprints->count && t->verify && !is_pinned(t, certificate))
        return refuse_unpinned(t, store, certificate);
    if (t->fingerprints->count || !t->verify) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    int ok = X509_verify_cert(store);
    if (ok == 1)
        return 1;
    X509 *at_fault = X509_STORE_CTX_get_current_cert(store);
    explain(t, X509_STORE_CTX_get_error(store), at_fault ? at_fault : certificate);
    return 0;
}

bool tls_trust_explain(const struct tls_trust *t, struct fault *f)
{
    if (t->why.code == FAULT_NONE)
        return false;
    if (f)
        *f = t->why;
    return true;
}
