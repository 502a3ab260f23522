/* SPDX-License-Identifier: Apache-2.0 */
/* Syslog messages over RELP, plain or under TLS: the receiver's program answers for each of them. */
#include "relp.h"
#include "relp_box.h"
#include "tls_settings.h"

#define DEFAULT_PORT "20514" /* librelp's */

struct config {
    struct stream_config stream;
    int64_t window, max_tries;
    bool uses_tls;
    struct tls_options tls;
    const char *server_name;
};

static const struct setting settings[] = {
    STREAM_SETTINGS(struct config, stream, DEFAULT_PORT),
    STREAM_SETTING(struct config, "window", SETTING_INT, window, .fallback = "128", .min = 1,
                   .max = RELP_WINDOW_MAX,
                   .help = "How many messages may be under way without the receiver's answer."),
    STREAM_SETTING(struct config, "max_tries", SETTING_INT, max_tries, .fallback = "3", .min = 1, .max = 1000,
                   .help =
                       "How often a message that the receiver refuses is sent, with growing waits between, "
                       "before it goes to the dead-letter file."),
    STREAM_SETTING(struct config, "tls", SETTING_BOOL, uses_tls, .fallback = "false",
                   .help = "Whether the connection is under TLS; the settings that follow are for this."),
    TLS_SETTINGS(struct config, tls, server_name),
    {.key = NULL},
};

/* A setting of TLS that is set although tls is not; NULL: none. */
static const char *idle_setting(const struct config *c)
{
    const struct tls_options *o = &c->tls;
    return o->ca_file              ? "ca_file"
           : o->ca_directory       ? "ca_directory"
           : o->crl_file           ? "crl_file"
           : o->certificate        ? "certificate"
           : o->key                ? "key"
           : o->key_password       ? "key_password"
           : c->server_name        ? "server_name"
           : o->fingerprints.count ? "fingerprints"
           : o->ciphers            ? "ciphers"
           : !o->verify            ? "verify"
                                   : NULL;
}

/* Whoever names certificates means TLS: nothing leaves in plain text because one line was forgotten. */
static bool validate(const void *config, struct fault *f)
{
    const struct config *c = config;
    const char *idle = c->uses_tls ? NULL : idle_setting(c);
    if (idle)
        return fault_set(f, FAULT_CONFIG, 0, "%s: needs `tls: true`", idle);
    return stream_validate(&c->stream, DEFAULT_PORT, f) && tls_validate(&c->tls, f);
}

static enum sink_proof proof(const void *config)
{
    (void)config;
    return PROOF_APPLICATION;
}

static size_t max_message(const void *config)
{
    (void)config;
    return RELP_MESSAGE_MAX;
}

static struct sink *open_relp(const void *config, const struct sink_host *host, struct fault *f)
{
    const struct config *c = config;
    const struct stream_options options = {.config = &c->stream,
                                           .default_port = DEFAULT_PORT,
                                           .tls = c->uses_tls ? &c->tls : NULL,
                                           .server_name = c->server_name};
    struct box *box = relp_box_new(host, (size_t)c->window, (unsigned)c->max_tries, f);
    return stream_open(&options, box, host, f);
}

const struct sink_ops sink_relp = {
    .name = "relp",
    .title = "syslog over RELP",
    .default_format = "rfc5424",
    .settings = settings,
    .config_size = sizeof(struct config),
    .validate = validate,
    .proof = proof,
    .max_message = max_message,
    .open = open_relp,
    .submit = stream_submit,
    .poll = stream_poll,
    .flush = stream_flush,
    .check = stream_check,
    .close = stream_close,
};
