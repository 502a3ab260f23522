/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that names every parser, encoder and sink. */
#include "registry.h"

extern const struct parser_ops parser_clixml, parser_evtx, parser_rowxml, parser_splunk, parser_syslog,
    parser_xml;
extern const struct encoder_ops encoder_ecs, encoder_rfc5424;
extern const struct sink_ops sink_kafka, sink_syslog_udp, sink_syslog_tcp, sink_syslog_tls, sink_file,
    sink_stdout;

const struct parser_ops *const registry_parsers[] = {
    &parser_clixml, &parser_evtx, &parser_rowxml, &parser_splunk, &parser_syslog, &parser_xml, NULL};

const struct encoder_ops *const registry_encoders[] = {&encoder_ecs, &encoder_rfc5424, NULL};

const struct sink_ops *const registry_sinks[] = {
    &sink_kafka, &sink_syslog_udp, &sink_syslog_tcp, &sink_syslog_tls, &sink_file, &sink_stdout, NULL};
