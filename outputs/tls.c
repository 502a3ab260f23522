/* SPDX-License-Identifier: Apache-2.0 */
/* The TLS side of a connection over memory: OpenSSL sees no socket. */
#include "tls.h"

#include "os_trust.h"
#include "tls_trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out; /* the SSL object's */
    struct tls_trust trust;
    bool asked_for_certificate; /* the peer wants ours */
    bool has_certificate;
    bool got_ticket; /* TLS 1.3: a sign that the peer is content with our side of the handshake */
};

/* RFC 9662's TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and its like: forward secrecy and AEAD. */
static const char default_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20";

static bool own_fault(struct fault *f, const char *key, const char *value)
{
    unsigned long e = ERR_peek_last_error();
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    if (e && ERR_SYSTEM_ERROR(e))
        reason = strerror(ERR_GET_REASON(e));
    fault_set(f, FAULT_CONFIG, 0, "%s: %.120s: %s", key, value, reason ? reason : "cannot be used");
    ERR_clear_error();
    return false;
}

static int give_password(char *to, int size, int writing, void *ctx)
{
    const char *password = ctx;
    size_t n = password ? strlen(password) : 0;
    (void)writing;
    if (n > (size_t)size)
        return 0;
    if (n)
        memcpy(to, password, n);
    return (int)n;
}

static bool add_authority(void *ctx, const void *der, size_t n)
{
    const unsigned char *at = der;
    X509 *authority = d2i_X509(NULL, &at, (long)n);
    /* One that OpenSSL cannot read costs only the peers that it signed. */
    bool ok = !authority || X509_STORE_add_cert(ctx, authority) == 1;
    X509_free(authority);
    return ok;
}

static bool load_system_authorities(SSL_CTX *c, struct fault *f)
{
    if (os_trusted_authorities(add_authority, SSL_CTX_get_cert_store(c))) {
        ERR_clear_error(); /* what could not be read */
        return true;
    }
    return SSL_CTX_set_default_verify_paths(c) == 1 || own_fault(f, "ca_file", "the system's authorities");
}

static bool load_authorities(SSL_CTX *c, const struct tls_options *o, struct fault *f)
{
    if (!o->ca_file && !o->ca_directory)
        return load_system_authorities(c, f);
    if (o->ca_file && SSL_CTX_load_verify_file(c, o->ca_file) != 1)
        return own_fault(f, "ca_file", o->ca_file);
    if (o->ca_directory && SSL_CTX_load_verify_dir(c, o->ca_directory) != 1)
        return own_fault(f, "ca_directory", o->ca_directory);
    return true;
}

static bool load_revocations(SSL_CTX *c, const struct tls_options *o, struct fault *f)
{
    if (!o->crl_file)
        return true;
    X509_STORE *store = SSL_CTX_get_cert_store(c);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, o->crl_file, X509_FILETYPE_PEM) < 1)
        return own_fault(f, "crl_file", o->crl_file);
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1;
}

static bool load_own_certificate(SSL_CTX *c, const struct tls_options *o, struct fault *f)
{
    if (!o->certificate)
        return true;
    const char *key = o->key ? o->key : o->certificate;
    SSL_CTX_set_default_passwd_cb(c, give_password);
    /* OpenSSL's callback takes a plain pointer; give_password only reads it. */
    SSL_CTX_set_default_passwd_cb_userdata(c, (void *)(uintptr_t)o->key_password);
    if (SSL_CTX_use_certificate_chain_file(c, o->certificate) != 1)
        return own_fault(f, "certificate", o->certificate);
    if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1)
        return own_fault(f, "key", key);
    if (SSL_CTX_check_private_key(c) != 1)
        return own_fault(f, "key", key);
    SSL_CTX_set_default_passwd_cb_userdata(c, NULL);
    return true;
}

static int note_request(SSL *ssl, void *ctx)
{
    (void)ssl;
    ((struct tls *)ctx)->asked_for_certificate = true;
    return 1;
}

static int note_ticket(SSL *ssl, SSL_SESSION *session)
{
    (void)session;
    ((struct tls *)SSL_get_app_data(ssl))->got_ticket = true;
    return 0;
}

static bool make_context(struct tls *t, const struct tls_options *o, struct fault *f)
{
    SSL_CTX *c = t->context = SSL_CTX_new(TLS_client_method());
    if (!c || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1)
        return own_fault(f, "tls", "OpenSSL");
    SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(c, note_ticket);
    SSL_CTX_set_cert_cb(c, note_request, t);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c, tls_trust_verify, &t->trust);
    if (SSL_CTX_set_cipher_list(c, o->ciphers ? o->ciphers : default_ciphers) != 1)
        return own_fault(f, "ciphers", o->ciphers ? o->ciphers : default_ciphers);
    t->has_certificate = o->certificate != NULL;
    return load_authorities(c, o, f) && load_revocations(c, o, f) && load_own_certificate(c, o, f);
}

/* The name to be proved, as name or as address; a name is also sent (RFC 6066 3), an address is not allowed
 * there. */
static bool expect_name(struct tls *t, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return true;
    /* SSL_set_tlsext_host_name spelled out: the macro casts const away, though the name is only copied. */
    return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
           SSL_ctrl(t->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)name) == 1;
}

static bool make_connection(struct tls *t, const char *name, struct fault *f)
{
    t->ssl = SSL_new(t->context);
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (!t->ssl || !t->in || !t->out) {
        BIO_free(t->in);
        BIO_free(t->out);
        return fault_set(f, FAULT_MEMORY, 0, "no memory for TLS");
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_app_data(t->ssl, t);
    SSL_set_connect_state(t->ssl);
    if (!expect_name(t, name))
        return own_fault(f, "server_name", name);
    return true;
}

bool tls_validate(const struct tls_options *o, struct fault *f)
{
    if (o->key && !o->certificate)
        return fault_set(f, FAULT_CONFIG, 0, "key: needs `certificate`");
    return tls_trust_validate(&o->fingerprints, f);
}

struct tls *tls_open(const struct tls_options *o, const char *name, struct fault *f)
{
    struct tls *t = calloc(1, sizeof *t);
    if (!t) {
        fault_set(f, FAULT_MEMORY, 0, "no memory for TLS");
        return NULL;
    }
    ERR_clear_error();
    tls_trust_init(&t->trust, &o->fingerprints, o->verify, name);
    if (make_context(t, o, f) && make_connection(t, name, f))
        return t;
    tls_close(t);
    return NULL;
}

void tls_close(struct tls *t)
{
    if (!t)
        return;
    SSL_free(t->ssl);
    SSL_CTX_free(t->context);
    free(t);
}

bool tls_feed(struct tls *t, const void *p, size_t n, struct fault *f)
{
    size_t put;
    return n == 0 || (BIO_write_ex(t->in, p, n, &put) == 1 && put == n) ||
           fault_set(f, FAULT_MEMORY, 0, "no memory for TLS");
}

bool tls_take(struct tls *t, struct buf *out)
{
    size_t n = BIO_ctrl_pending(t->out), got = 0;
    char *to = n ? buf_room(out, n) : NULL;
    if (n == 0)
        return true;
    if (!to || BIO_read_ex(t->out, to, n, &got) != 1)
        return false;
    out->n += got;
    return true;
}

static bool about_our_certificate(int reason)
{
    switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
        return true;
    default:
        return false;
    }
}

/* Which of the known stories an error of the protocol is. */
static const char *story(const struct tls *t, int reason)
{
    if (t->asked_for_certificate && about_our_certificate(reason))
        return t->has_certificate ? "the peer refuses our certificate"
                                  : "the peer requires a client certificate and none is set";
    switch (reason) {
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        return "the peer speaks no TLS 1.2 or later";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
        return "the peer does not speak TLS";
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
        return "the peer has no cipher in common with us";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
        return "the peer does not know the server name";
    default:
        return NULL;
    }
}

static enum tls_status failed(struct tls *t, struct fault *f)
{
    unsigned long e = ERR_peek_error();
    const char *text = story(t, ERR_GET_REASON(e));
    const char *reason = e ? ERR_reason_error_string(e) : NULL;
    ERR_clear_error();
    if (tls_trust_explain(&t->trust, f))
        return TLS_FAILED;
    if (text)
        fault_set(f, FAULT_TLS, 0, "%s", text);
    else
        fault_set(f, FAULT_TLS, 0, "TLS failed: %s", reason ? reason : "unknown reason");
    return TLS_FAILED;
}

bool tls_is_shaken(const struct tls *t)
{
    return SSL_is_init_finished(t->ssl);
}

/* Nothing more to be heard about our own certificate. */
static bool is_accepted(const struct tls *t)
{
    return !t->asked_for_certificate || t->got_ticket || SSL_version(t->ssl) < TLS1_3_VERSION;
}

enum tls_status tls_handshake(struct tls *t, struct fault *f)
{
    if (!SSL_is_init_finished(t->ssl)) {
        ERR_clear_error();
        int result = SSL_do_handshake(t->ssl);
        if (result != 1)
            return SSL_get_error(t->ssl, result) == SSL_ERROR_WANT_READ ? TLS_MORE : failed(t, f);
    }
    enum tls_status status = tls_read(t, NULL, f);
    if (status == TLS_DONE)
        fault_set(f, FAULT_TLS, 0, "the peer ended TLS right after the handshake");
    if (status != TLS_MORE)
        return TLS_FAILED;
    return is_accepted(t) ? TLS_DONE : TLS_MORE;
}

bool tls_write(struct tls *t, const void *p, size_t n, struct fault *f)
{
    size_t put = 0;
    ERR_clear_error();
    if (n == 0 || (SSL_is_init_finished(t->ssl) && SSL_write_ex(t->ssl, p, n, &put) == 1 && put == n))
        return true;
    failed(t, f);
    return false;
}

static bool keep(struct buf *in, const char *p, size_t n, struct fault *f)
{
    if (in)
        buf_put(in, sv_make(p, n));
    return !in || buf_ok(in) || fault_set(f, FAULT_MEMORY, 0, "no memory for what the peer says");
}

enum tls_status tls_read(struct tls *t, struct buf *in, struct fault *f)
{
    char bytes[4096];
    for (;;) {
        size_t n;
        ERR_clear_error();
        int result = SSL_read_ex(t->ssl, bytes, sizeof bytes, &n);
        if (result == 1 && !keep(in, bytes, n, f))
            return TLS_FAILED;
        if (result == 1)
            continue;
        switch (SSL_get_error(t->ssl, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return TLS_MORE;
        case SSL_ERROR_ZERO_RETURN:
            return TLS_DONE;
        default:
            return failed(t, f);
        }
    }
}

void tls_goodbye(struct tls *t)
{
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}

void tls_cut(struct tls *t, struct fault *f)
{
    const char *text = "the peer closed the connection in the middle of the TLS handshake";
    if (tls_is_shaken(t) && !t->asked_for_certificate)
        text = "the peer closed the connection right after the TLS handshake";
    else if (tls_is_shaken(t) && t->has_certificate)
        text = "the peer closed the connection after it had seen our certificate";
    else if (tls_is_shaken(t))
        text = "the peer asked for a client certificate and closed the connection";
    fault_set(f, FAULT_TLS, 0, "%s", text);
}

void tls_describe(const struct tls *t, char *to, size_t n)
{
    snprintf(to, n, "%s, %s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
}
