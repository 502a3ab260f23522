/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog over TLS (RFC 5425, RFC 9662). */
#include "address.h"
#include "stream.h"

#define DEFAULT_PORT "6514" /* RFC 5425 4.1 */

struct config {
    struct stream_config stream;
    struct tls_options tls;
    const char *server_name;
};

#define TLS_SETTING(name, kind, member, ...)                                                                 \
    {                                                                                                        \
        .key = name, .type = kind, .offset = offsetof(struct config, member), __VA_ARGS__                    \
    }

static const struct setting settings[] = {
    STREAM_SETTINGS(struct config, stream, DEFAULT_PORT),
    TLS_SETTING("ca_file", SETTING_PATH, tls.ca_file,
                .help = "PEM file of the trusted authorities; default: the system's."),
    TLS_SETTING("ca_directory", SETTING_PATH, tls.ca_directory,
                .help = "Directory of trusted authorities, named by hash as openssl rehash does."),
    TLS_SETTING("crl_file", SETTING_PATH, tls.crl_file,
                .help =
                    "PEM file of revocation lists; when set, the receiver's certificate must not be on one."),
    TLS_SETTING("certificate", SETTING_PATH, tls.certificate,
                .help = "PEM file of our own certificate, with its chain, for receivers that ask for one."),
    TLS_SETTING("key", SETTING_PATH, tls.key,
                .help = "PEM file of the private key to certificate; default: the same file."),
    TLS_SETTING("key_password", SETTING_SECRET, tls.key_password, .help = "Password of the private key."),
    TLS_SETTING(
        "server_name", SETTING_STRING, server_name,
        .help = "Name or address that the receiver's certificate must prove; default: the address's host."),
    TLS_SETTING(
        "fingerprints", SETTING_LIST, tls.fingerprints,
        .help = "The only certificates to trust, as sha-256:AA:BB:… or sha-1:AA:BB:…, whoever signed them."),
    TLS_SETTING("ciphers", SETTING_STRING, tls.ciphers,
                .help =
                    "OpenSSL cipher list for TLS 1.2; default: forward secrecy with AES-GCM or ChaCha20."),
    TLS_SETTING("verify", SETTING_BOOL, tls.verify, .fallback = "true",
                .help = "false trusts anybody who answers; for a laboratory only."),
    {.key = NULL},
};

static bool validate(const void *config, struct fault *f)
{
    const struct config *c = config;
    struct address address;
    return address_parse(c->stream.address, DEFAULT_PORT, &address, f) && tls_validate(&c->tls, f);
}

static enum sink_proof proof(const void *config)
{
    (void)config;
    return PROOF_TCP_ACK;
}

static size_t max_message(const void *config)
{
    (void)config;
    return OUTBOX_MESSAGE_MAX;
}

static struct sink *open_tls(const void *config, const struct sink_host *host, struct fault *f)
{
    const struct config *c = config;
    /* RFC 5425 4.3: octet counting and nothing else. */
    const struct stream_options options = {.config = &c->stream,
                                           .default_port = DEFAULT_PORT,
                                           .framing = FRAMING_OCTET_COUNTING,
                                           .tls = &c->tls,
                                           .server_name = c->server_name};
    return stream_open(&options, host, f);
}

const struct sink_ops sink_syslog_tls = {
    .name = "syslog_tls",
    .title = "syslog over TLS (RFC 5425)",
    .default_format = "rfc5424",
    .settings = settings,
    .config_size = sizeof(struct config),
    .validate = validate,
    .proof = proof,
    .max_message = max_message,
    .open = open_tls,
    .submit = stream_submit,
    .poll = stream_poll,
    .flush = stream_flush,
    .check = stream_check,
    .close = stream_close,
};
