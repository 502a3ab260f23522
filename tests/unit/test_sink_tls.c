/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the TLS sink trusts: every way in which a receiver can be the wrong one is refused with its own words
 * and without one byte of a record; the right ones are accepted.
 */
#include "certificates.h"
#include "keep.h"
#include "os_clock.h"
#include "peer.h"
#include "sink.h"
#include "sink_settings.h"
#include "system_trust.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct sink_ops sink_syslog_tls;

static const char name[] = "logs.example.test";

/* What is between the two sides of one case. NULL and 0 are the good choice everywhere. */
struct tls_case {
    struct certificate_wish wish;
    const char *server_name; /* of the client; NULL: the address */
    bool self_signed, other_authority, revoked, foreign_crl;
    int version;         /* the only one that the server speaks */
    const char *ciphers; /* of the server, TLS 1.2 */
    bool asks_for_certificate;
    bool has_certificate, has_foreign_certificate; /* the client */
    const char *fingerprint_hash;                  /* the client pins the server by it */
    bool wrong_fingerprint;
    bool unverified;          /* verify: false */
    bool by_system;           /* no ca_file: the system knows the authority */
    bool plain, silent, cuts; /* the peer speaks no TLS, says nothing, closes in the handshake */
};

static struct peer_log peer_log = PEER_LOG_INIT;
static struct authority *authority, *other;
static char notices[4096], texts[8][256];
static struct sink_batch *done;

static void on_done(void *ctx, struct sink_batch *batch)
{
    (void)ctx;
    done = batch;
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    size_t n = strlen(notices);
    (void)ctx;
    snprintf(notices + n, sizeof notices - n, "%s%s\n", level == NOTICE_ERROR ? "ERROR " : "", text);
}

static const struct sink_host host = {.done = on_done, .notice = on_notice};

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    authority = authority_new("good authority");
    other = authority_new("other authority");
}

TestSuite(tls, .init = setup, .fini = system_trust_remove);

static SSL_CTX *make_server(const struct tls_case *c, const struct certificate *certificate)
{
    SSL_CTX *server = keep(SSL_CTX_new(TLS_server_method()));
    if (c->version && c->version < TLS1_2_VERSION)
        SSL_CTX_set_cipher_list(server, "ALL:@SECLEVEL=0");
    if (c->ciphers)
        SSL_CTX_set_cipher_list(server, c->ciphers);
    SSL_CTX_set_min_proto_version(server, c->version ? c->version : 0);
    SSL_CTX_set_max_proto_version(server, c->version ? c->version : 0);
    cr_assert(SSL_CTX_use_certificate(server, certificate->x509) == 1);
    cr_assert(SSL_CTX_use_PrivateKey(server, certificate->key) == 1);
    if (c->asks_for_certificate) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(server), authority->x509);
        SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return server;
}

/* Adds a key and a value to the pairs. */
static void want(const char **pairs, const char *key, const char *value)
{
    while (*pairs)
        pairs += 2;
    pairs[0] = key;
    pairs[1] = value;
}

static const char *file(int slot, const char *file_name)
{
    test_path(texts[slot], sizeof texts[slot], file_name);
    return texts[slot];
}

static void tell_system(const char *pem_path)
{
    unsigned char *der = NULL;
    int n = i2d_X509(authority->x509, &der);
    cr_assert_gt(n, 0);
    system_trust_add(keep(der), (size_t)n, pem_path);
}

static void make_files(const struct tls_case *c, const struct certificate *server, const char **pairs)
{
    authority_write(authority, file(0, "ca.pem"));
    if (c->by_system)
        tell_system(texts[0]);
    else
        want(pairs, "ca_file", texts[0]);
    if (c->revoked || c->foreign_crl) {
        want(pairs, "crl_file", file(1, "crl.pem"));
        authority_write_crl(c->foreign_crl ? other : authority, c->revoked ? server->x509 : NULL, texts[1]);
    }
    if (c->has_certificate || c->has_foreign_certificate) {
        struct certificate own = certificate_new(c->has_certificate ? authority : other,
                                                 &(struct certificate_wish){.cn = "client"});
        want(pairs, "certificate", file(2, "client.pem"));
        certificate_write(&own, texts[2]);
    }
    if (c->fingerprint_hash) {
        certificate_fingerprint(server, c->fingerprint_hash, texts[3], sizeof texts[3]);
        char *last = texts[3] + strlen(texts[3]) - 1;
        if (c->wrong_fingerprint)
            *last = *last == '0' ? '1' : '0';
        want(pairs, "fingerprints", texts[3]);
    }
}

static struct certificate make_certificate(const struct tls_case *c)
{
    if (c->self_signed)
        return certificate_new(NULL, &c->wish);
    return certificate_new(c->other_authority ? other : authority, &c->wish);
}

/* The receiver and a configuration that leads to it. */
static struct peer *begin(const struct tls_case *c, void **config)
{
    const char *pairs[32] = {NULL};
    struct certificate certificate = make_certificate(c);
    struct peer_options options = {.tls = c->plain ? NULL : make_server(c, &certificate),
                                   .says =
                                       c->plain && !c->silent && !c->cuts ? "220 mail.test ready\r\n" : NULL,
                                   .closes_at_once = c->cuts};
    struct peer *peer = peer_start(&options, &peer_log);
    snprintf(texts[4], sizeof texts[4], "127.0.0.1:%u", peer_port(peer));
    want(pairs, "address", texts[4]);
    want(pairs, "connect_timeout", c->silent ? "500ms" : "10s");
    make_files(c, &certificate, pairs);
    if (c->server_name)
        want(pairs, "server_name", c->server_name);
    if (c->unverified)
        want(pairs, "verify", "false");
    *config = sink_settings(&sink_syslog_tls, pairs);
    return peer;
}

/* Lends one record and polls until the sink has delivered it or told a failure. */
static void offer(const void *config, struct sink_batch *batch)
{
    struct fault f;
    struct sink *s = sink_syslog_tls.open(config, &host, &f);
    cr_assert(s, "%s", f.text);
    cr_assert(sink_syslog_tls.submit(s, batch));
    for (int64_t until = os_monotonic_ms() + 20000; !done && !strstr(notices, "ERROR");) {
        cr_assert(os_monotonic_ms() < until, "neither delivered nor refused: %s", notices);
        sink_syslog_tls.poll(s, 50);
    }
    if (!done) /* were it to send after all, it would do so now */
        sink_syslog_tls.poll(s, 1700);
    sink_syslog_tls.close(s, 1000);
}

static void be_refused(const struct tls_case *c, const char *reason)
{
    void *config;
    struct fault f = {.code = FAULT_NONE};
    struct peer *peer = begin(c, &config);
    struct sink_item item = {.body = SV("<11>1 - - - - - - " PEER_MARK)};
    struct sink_batch batch = {.items = &item, .count = 1, .bytes = item.body.n};
    offer(config, &batch);
    cr_assert_eq(item.result, ITEM_RETRY, "delivered to the wrong one");
    cr_assert(strstr(notices, reason), "`%s` is not in: %s", reason, notices);

    struct sink *s = sink_syslog_tls.open(config, &host, &f);
    cr_assert_not(sink_syslog_tls.check(s, 10000, &f));
    cr_assert_eq(f.code, FAULT_TLS);
    cr_assert(strstr(f.text, reason), "`%s` is not in: %s", reason, f.text);
    sink_syslog_tls.close(s, 1000);

    peer_stop(peer);
    cr_assert_eq(peer_log.marks, 0, "%zu bytes of records were sent", peer_log.bytes);
    cr_assert_eq(peer_log.count, 0);
}

static void be_accepted(const struct tls_case *c)
{
    void *config;
    struct fault f = {.code = FAULT_NONE};
    struct peer *peer = begin(c, &config);
    struct sink_item item = {.body = SV("<11>1 - - - - - - " PEER_MARK)};
    struct sink_batch batch = {.items = &item, .count = 1, .bytes = item.body.n};
    offer(config, &batch);
    cr_assert_eq(item.result, ITEM_DELIVERED, "%s", notices);
    cr_assert_eq(peer_log_wait(&peer_log, 1), 1);

    struct sink *s = sink_syslog_tls.open(config, &host, &f);
    cr_assert(sink_syslog_tls.check(s, 10000, &f), "%s", f.text);
    sink_syslog_tls.close(s, 1000);
    peer_stop(peer);
    cr_assert_eq(peer_log.goodbyes, 2, "%zu of 2 connections ended with close_notify", peer_log.goodbyes);
}

#define REFUSED(claim, reason, ...)                                                                          \
    Test(tls, claim##_is_refused)                                                                            \
    {                                                                                                        \
        be_refused(&(struct tls_case){__VA_ARGS__}, reason);                                                 \
    }
#define ACCEPTED(claim, ...)                                                                                 \
    Test(tls, claim##_is_accepted)                                                                           \
    {                                                                                                        \
        be_accepted(&(struct tls_case){__VA_ARGS__});                                                        \
    }

#define GOOD_NAME .wish.san = "DNS:logs.example.test", .server_name = name

ACCEPTED(a_name_among_the_alternative_names, GOOD_NAME)
ACCEPTED(a_wildcard_as_the_left_most_label, .wish.san = "DNS:*.example.test", .server_name = name)
ACCEPTED(an_address_among_the_alternative_names, .wish.san = "DNS:other.test,IP:127.0.0.1")
ACCEPTED(a_common_name_without_alternative_names, .wish.cn = "logs.example.test", .server_name = name)
ACCEPTED(an_authority_of_the_system, GOOD_NAME, .by_system = true)
ACCEPTED(tls_1_2, GOOD_NAME, .version = TLS1_2_VERSION)
ACCEPTED(a_listed_sha_256_fingerprint_of_a_self_signed_certificate, .self_signed = true,
         .fingerprint_hash = "SHA256")
ACCEPTED(a_listed_sha_1_fingerprint, .other_authority = true, .fingerprint_hash = "SHA1")
ACCEPTED(our_certificate_in_tls_1_3, GOOD_NAME, .asks_for_certificate = true, .has_certificate = true)
ACCEPTED(our_certificate_in_tls_1_2, GOOD_NAME, .asks_for_certificate = true, .has_certificate = true,
         .version = TLS1_2_VERSION)

REFUSED(an_expired_certificate, "expired on 20", GOOD_NAME, .wish.from_days = -9, .wish.until_days = -1)
REFUSED(a_certificate_of_tomorrow, "is not valid before 20", GOOD_NAME, .wish.from_days = 1,
        .wish.until_days = 2)
REFUSED(another_host, "is for other.example.test, not for logs.example.test",
        .wish.san = "DNS:other.example.test", .server_name = name)
REFUSED(another_address, "not for 127.0.0.1", .wish.san = "IP:192.0.2.1")
REFUSED(an_address_written_as_a_name, "not for 127.0.0.1", .wish.san = "DNS:127.0.0.1")
REFUSED(a_common_name_beside_alternative_names, "not for logs.example.test", .wish.cn = "logs.example.test",
        .wish.san = "DNS:other.example.test", .server_name = name)
REFUSED(a_wildcard_in_the_middle, "not for logs.example.test", .wish.san = "DNS:logs.*.test",
        .server_name = name)
REFUSED(a_wildcard_that_is_part_of_a_label, "not for logs.example.test", .wish.san = "DNS:l*.example.test",
        .server_name = name)
REFUSED(a_wildcard_for_two_labels, "not for logs.example.test", .wish.san = "DNS:*.test", .server_name = name)
REFUSED(a_self_signed_certificate, "is self-signed and not trusted", GOOD_NAME, .self_signed = true)
REFUSED(a_stranger_authority, "is signed by CN=other authority, which is not trusted", GOOD_NAME,
        .other_authority = true)
REFUSED(a_revoked_certificate, "is revoked", GOOD_NAME, .revoked = true)
REFUSED(a_certificate_without_its_revocation_list, "crl_file has no list of CN=good authority", GOOD_NAME,
        .foreign_crl = true)
REFUSED(a_fingerprint_that_is_not_listed, "fingerprint is not listed; it is sha-256:", GOOD_NAME,
        .fingerprint_hash = "SHA256", .wrong_fingerprint = true)
REFUSED(tls_1_1, "speaks no TLS 1.2 or later", GOOD_NAME, .version = TLS1_1_VERSION)
REFUSED(tls_1_0, "speaks no TLS 1.2 or later", GOOD_NAME, .version = TLS1_VERSION)
REFUSED(a_server_with_weak_ciphers_only, "no cipher in common", GOOD_NAME, .version = TLS1_2_VERSION,
        .ciphers = "ECDHE-ECDSA-AES128-SHA")
REFUSED(a_missing_certificate_of_ours_in_tls_1_3, "requires a client certificate and none is set", GOOD_NAME,
        .asks_for_certificate = true)
REFUSED(a_missing_certificate_of_ours_in_tls_1_2, "requires a client certificate and none is set", GOOD_NAME,
        .asks_for_certificate = true, .version = TLS1_2_VERSION)
REFUSED(a_certificate_of_ours_that_the_peer_does_not_know, "refuses our certificate", GOOD_NAME,
        .asks_for_certificate = true, .has_foreign_certificate = true)
REFUSED(a_peer_that_speaks_something_else, "does not speak TLS", GOOD_NAME, .plain = true)
REFUSED(a_peer_that_says_nothing, "no answer to the TLS handshake", GOOD_NAME, .plain = true, .silent = true)
REFUSED(a_handshake_that_is_cut, "in the middle of the TLS handshake", GOOD_NAME, .plain = true, .cuts = true)

Test(tls, verification_is_off_only_with_a_loud_notice)
{
    be_accepted(&(struct tls_case){.self_signed = true, .unverified = true});
    cr_assert(strstr(notices, "WITHOUT VERIFYING"), "%s", notices);
}

Test(tls, an_authority_that_comes_later_counts_at_the_next_connection)
{
    void *config;
    struct fault f;
    struct sink_item item = {.body = SV("<11>1 - - - - - - later")};
    struct sink_batch batch = {.items = &item, .count = 1, .bytes = item.body.n};
    struct tls_case c = {GOOD_NAME, .other_authority = true};
    struct peer *peer = begin(&c, &config);
    struct sink *s = sink_syslog_tls.open(config, &host, &f);
    sink_syslog_tls.submit(s, &batch);
    for (int i = 0; i < 200 && !strstr(notices, "ERROR"); i++)
        sink_syslog_tls.poll(s, 50);
    cr_assert(!done && strstr(notices, "is not trusted"), "%s", notices);
    authority_write(other, texts[0]);
    for (int i = 0; i < 400 && !done; i++)
        sink_syslog_tls.poll(s, 50);
    cr_assert(done && item.result == ITEM_DELIVERED, "%s", notices);
    sink_syslog_tls.close(s, 1000);
    peer_stop(peer);
}

Test(tls, files_that_cannot_be_used_are_told_when_the_sink_is_opened)
{
    static const char *const wrong[][2] = {{"ca_file", "/nowhere/ca.pem"},
                                           {"certificate", "/nowhere/client.pem"},
                                           {"crl_file", "/nowhere/crl.pem"},
                                           {"ciphers", "NO-SUCH-CIPHER"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = {.code = FAULT_NONE};
        const char *pairs[] = {"address", "127.0.0.1", wrong[i][0], wrong[i][1], NULL};
        cr_assert_not(sink_syslog_tls.open(sink_settings(&sink_syslog_tls, pairs), &host, &f));
        cr_assert_eq(f.code, FAULT_CONFIG);
        cr_assert(strncmp(f.text, wrong[i][0], strlen(wrong[i][0])) == 0, "%s", f.text);
    }
}

Test(tls, a_fingerprint_that_is_none_is_a_mistake_of_the_configuration)
{
    static const char *const wrong[] = {"sha-256:AA", "md5:AA:BB", "E1:2D:53",
                                        "sha-1:E1:2D:53:2B:7C:6B:8A:29:A2:76:C8:64:36:0B:08:4B:7A:F1:9E"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct fault f = {.code = FAULT_NONE};
        const char *pairs[] = {"address", "127.0.0.1", NULL};
        char *config = sink_settings(&sink_syslog_tls, pairs);
        for (const struct setting *s = sink_syslog_tls.settings; s->key; s++)
            if (strcmp(s->key, "fingerprints") == 0)
                *(struct setting_list *)(void *)(config + s->offset) = (struct setting_list){&wrong[i], 1};
        cr_assert_not(sink_syslog_tls.validate(config, &f), "%s", wrong[i]);
        cr_assert_eq(f.code, FAULT_CONFIG);
    }
}
