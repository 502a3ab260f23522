/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that names every parser, encoder and sink. */
#include "registry.h"

extern const struct parser_ops parser_clixml;
extern const struct parser_ops parser_csv;
extern const struct parser_ops parser_evt;
extern const struct parser_ops parser_evtx;
extern const struct parser_ops parser_json;
extern const struct parser_ops parser_rowxml;
extern const struct parser_ops parser_splunk;
extern const struct parser_ops parser_syslog;
extern const struct parser_ops parser_text;
extern const struct parser_ops parser_xml;
extern const struct encoder_ops encoder_ecs;
extern const struct encoder_ops encoder_json;
extern const struct encoder_ops encoder_rfc5424;
extern const struct encoder_ops encoder_xml;
extern const struct sink_ops sink_file;
extern const struct sink_ops sink_kafka;
extern const struct sink_ops sink_relp;
extern const struct sink_ops sink_stdout;
extern const struct sink_ops sink_syslog_tcp;
extern const struct sink_ops sink_syslog_tls;
extern const struct sink_ops sink_syslog_udp;

/* One entry a line; first the parsers that know their format by its first bytes and spare the others the
 * look. */
/* clang-format off */
const struct parser_ops *const registry_parsers[] = {
    &parser_evt,
    &parser_evtx,
    &parser_clixml,
    &parser_csv,
    &parser_json,
    &parser_rowxml,
    &parser_splunk,
    &parser_syslog,
    &parser_text,
    &parser_xml,
    NULL,
};

const struct encoder_ops *const registry_encoders[] = {
    &encoder_ecs,
    &encoder_json,
    &encoder_rfc5424,
    &encoder_xml,
    NULL,
};

const struct sink_ops *const registry_sinks[] = {
    &sink_kafka,
    &sink_syslog_udp,
    &sink_syslog_tcp,
    &sink_syslog_tls,
    &sink_relp,
    &sink_file,
    &sink_stdout,
    NULL,
};
/* clang-format on */
