/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog over TCP (RFC 6587). */
#include "outbox.h"
#include "stream.h"

#define DEFAULT_PORT "601" /* syslog-conn, RFC 6587 3.2 */

struct config {
    struct stream_config stream;
    int framing; /* enum framing */
    int64_t replay_bytes;
};

static const char *const framings[] = {"octet_counting", "lf", NULL};

static const struct setting settings[] = {
    STREAM_SETTINGS(struct config, stream, DEFAULT_PORT),
    {.key = "framing",
     .type = SETTING_CHOICE,
     .offset = offsetof(struct config, framing),
     .fallback = "octet_counting",
     .choices = framings,
     .help = "How messages are told apart: octet_counting (RFC 6587 3.4.1) or lf, for receivers that read "
             "lines."},
    STREAM_REPLAY_SETTING(struct config, replay_bytes),
    {.key = NULL},
};

static bool validate(const void *config, struct fault *f)
{
    return stream_validate(&((const struct config *)config)->stream, DEFAULT_PORT, f);
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

static struct sink *open_tcp(const void *config, const struct sink_host *host, struct fault *f)
{
    const struct config *c = config;
    const struct stream_options options = {.config = &c->stream, .default_port = DEFAULT_PORT};
    struct box *box = outbox_new(host, (enum framing)c->framing, (size_t)c->replay_bytes, f);
    return stream_open(&options, box, host, f);
}

const struct sink_ops sink_syslog_tcp = {
    .name = "syslog_tcp",
    .title = "syslog over TCP (RFC 6587)",
    .default_format = "rfc5424",
    .settings = settings,
    .config_size = sizeof(struct config),
    .validate = validate,
    .proof = proof,
    .max_message = max_message,
    .open = open_tcp,
    .submit = stream_submit,
    .poll = stream_poll,
    .flush = stream_flush,
    .check = stream_check,
    .close = stream_close,
};
