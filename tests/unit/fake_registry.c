/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry of sinks and encoders that deliver nothing, with every type of setting among their keys: what
 * the configuration's tests read against, so that they do not change when a real sink does.
 */
#include "fake_registry.h"

#include "registry.h"

static const char *const modes[] = {"fast", "safe", "exactly_once", NULL};

#define WIRE(field) offsetof(struct fake_wire, field)
static const struct setting wire_settings[] = {
    {.key = "address",
     .type = SETTING_STRING,
     .offset = WIRE(address),
     .required = true,
     .help = "The peer."},
    {.key = "port",
     .type = SETTING_INT,
     .offset = WIRE(port),
     .fallback = "514",
     .min = 1,
     .max = 65535,
     .help = "The peer's port."},
    {.key = "offset", .type = SETTING_INT, .offset = WIRE(offset), .help = "Any whole number."},
    {.key = "timeout",
     .type = SETTING_DURATION,
     .offset = WIRE(timeout_ms),
     .fallback = "30s",
     .min = 1000,
     .max = 3600000,
     .help = "How long to wait."},
    {.key = "age", .type = SETTING_DURATION, .offset = WIRE(age_ms), .fallback = "7d", .help = "Any time."},
    {.key = "buffer",
     .type = SETTING_SIZE,
     .offset = WIRE(buffer),
     .fallback = "1MiB",
     .min = 512,
     .max = 1 << 30,
     .help = "How much to hold."},
    {.key = "tls",
     .type = SETTING_BOOL,
     .offset = WIRE(tls),
     .fallback = "true",
     .help = "Whether to encrypt."},
    {.key = "mode",
     .type = SETTING_CHOICE,
     .offset = WIRE(mode),
     .fallback = "safe",
     .choices = modes,
     .help = "How to deliver."},
    {.key = "password", .type = SETTING_SECRET, .offset = WIRE(password), .help = "The peer's secret."},
    {.key = "ca_file", .type = SETTING_PATH, .offset = WIRE(ca_file), .help = "Whom to trust."},
    {.key = "brokers",
     .type = SETTING_LIST,
     .offset = WIRE(brokers),
     .fallback = "[one, two]",
     .help = "More peers."},
    {.key = "options", .type = SETTING_MAP, .offset = WIRE(options), .help = "Anything else."},
    {0}};

static bool wire_validate(const void *config, struct fault *f)
{
    const struct fake_wire *c = config;
    if (c->password && !c->tls)
        return fault_set(f, FAULT_CONFIG, 0, "password needs `tls: true`");
    return true;
}

static const struct sink_ops wire = {.name = "wire",
                                     .title = "a wire",
                                     .default_format = "line",
                                     .needs_single_line = true,
                                     .settings = wire_settings,
                                     .config_size = sizeof(struct fake_wire),
                                     .validate = wire_validate};

static const struct setting disk_settings[] = {{.key = "path",
                                                .type = SETTING_PATH,
                                                .offset = offsetof(struct fake_disk, path),
                                                .required = true,
                                                .help = "The file."},
                                               {0}};
static const struct sink_ops disk = {.name = "disk",
                                     .title = "a file",
                                     .default_format = "pages",
                                     .settings = disk_settings,
                                     .config_size = sizeof(struct fake_disk)};

static const struct setting screen_settings[] = {{0}};
static const struct sink_ops screen = {.name = "screen",
                                       .title = "the screen",
                                       .default_format = "line",
                                       .once_only = true,
                                       .settings = screen_settings,
                                       .config_size = 1};

static const struct encoder_ops line = {.name = "line", .title = "one line", .single_line = true};
static const struct encoder_ops pages = {.name = "pages", .title = "many lines", .single_line = false};

const struct parser_ops *const registry_parsers[] = {NULL};
const struct encoder_ops *const registry_encoders[] = {&line, &pages, NULL};
const struct sink_ops *const registry_sinks[] = {&wire, &disk, &screen, NULL};
