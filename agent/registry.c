/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that names every parser, encoder and sink. */
#include "registry.h"

#include <string.h>

extern const struct parser_ops parser_evt, parser_evtx, parser_xml;
extern const struct encoder_ops encoder_ecs, encoder_rfc5424;
extern const struct sink_ops sink_kafka, sink_syslog_udp, sink_syslog_tcp, sink_syslog_tls, sink_file,
    sink_stdout;

const struct parser_ops *const registry_parsers[] = {&parser_evt, &parser_evtx, &parser_xml, NULL};

const struct encoder_ops *const registry_encoders[] = {&encoder_ecs, &encoder_rfc5424, NULL};

const struct sink_ops *const registry_sinks[] = {
    &sink_kafka, &sink_syslog_udp, &sink_syslog_tcp, &sink_syslog_tls, &sink_file, &sink_stdout, NULL};

const struct parser_ops *registry_parser(const char *name)
{
    for (size_t i = 0; registry_parsers[i]; i++)
        if (strcmp(registry_parsers[i]->name, name) == 0)
            return registry_parsers[i];
    return NULL;
}

const struct encoder_ops *registry_encoder(const char *name)
{
    for (size_t i = 0; registry_encoders[i]; i++)
        if (strcmp(registry_encoders[i]->name, name) == 0)
            return registry_encoders[i];
    return NULL;
}

const struct sink_ops *registry_sink(const char *name)
{
    for (size_t i = 0; registry_sinks[i]; i++)
        if (strcmp(registry_sinks[i]->name, name) == 0)
            return registry_sinks[i];
    return NULL;
}

const struct parser_ops *registry_recognize(struct sv head, bool complete, bool *more)
{
    const struct parser_ops *best = NULL;
    int sure = 0;
    *more = false;
    for (size_t i = 0; registry_parsers[i]; i++) {
        int score = registry_parsers[i]->probe(head, complete);
        if (score == PROBE_MORE)
            *more = true;
        else if (score > sure) {
            sure = score;
            best = registry_parsers[i];
        }
    }
    return best;
}
