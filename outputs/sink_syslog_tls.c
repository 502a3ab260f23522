/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog over TLS (RFC 5425, RFC 9662). */
#include "outbox.h"
#include "tls_settings.h"

#define DEFAULT_PORT "6514" /* RFC 5425 4.1 */

struct config {
    struct stream_config stream;
    struct tls_options tls;
    const char *server_name;
    int64_t replay_bytes;
};

static const struct setting settings[] = {
    STREAM_SETTINGS(struct config, stream, DEFAULT_PORT),
    TLS_SETTINGS(struct config, tls, server_name),
    STREAM_REPLAY_SETTING(struct config, replay_bytes),
    {.key = NULL},
};

static bool validate(const void *config, struct fault *f)
{
    const struct config *c = config;
    return stream_validate(&c->stream, DEFAULT_PORT, f) && tls_validate(&c->tls, f);
}

static enum sink_proof proof(const void *config)
{
    return ((const struct config *)config)->replay_bytes ? PROOF_TCP_REPLAY : PROOF_TCP_ACK;
}

static size_t max_message(const void *config)
{
    (void)config;
    return OUTBOX_MESSAGE_MAX;
}

static struct sink *open_tls(const void *config, const struct sink_host *host, struct fault *f)
{
    const struct config *c = config;
    const struct stream_options options = {
        .config = &c->stream, .default_port = DEFAULT_PORT, .tls = &c->tls, .server_name = c->server_name};
    /* RFC 5425 4.3: octet counting and nothing else. */
    struct box *box = outbox_new(host, FRAMING_OCTET_COUNTING, (size_t)c->replay_bytes, f);
    return stream_open(&options, box, host, f);
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
