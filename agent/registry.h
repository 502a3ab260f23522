/* SPDX-License-Identifier: Apache-2.0 */
/* Every parser, encoder and sink that is built in. Each table ends with NULL. */
#ifndef MAPITAIL_REGISTRY_H
#define MAPITAIL_REGISTRY_H

#include "encoder.h"
#include "parser.h"
#include "sink.h"

extern const struct parser_ops *const registry_parsers[];
extern const struct encoder_ops *const registry_encoders[];
extern const struct sink_ops *const registry_sinks[];

/* By name; NULL if there is none. */
const struct parser_ops *registry_parser(const char *name);
const struct encoder_ops *registry_encoder(const char *name);

/*
 * The parser that recognizes a file by its first bytes, or NULL. *more is set when the beginning is too short
 * to tell and the file may still grow.
 */
const struct parser_ops *registry_recognize(struct sv head, bool complete, bool *more);

#endif
