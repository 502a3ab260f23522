/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes BinXML into a chunk of an event log, token by token: names and template definitions stand where they
 * are used first and are referred to afterwards, and the chunk's tables of both are kept. Nothing is checked:
 * a test may write what no Windows would. What does not fit sets overflow and is left out.
 */
#ifndef MAPITAIL_EVTX_TOKENS_H
#define MAPITAIL_EVTX_TOKENS_H

#include "sv.h"

enum {
    TOKENS_CHUNK = 65536,
    TOKENS_NAMES_MAX = 256,
    TOKENS_TEMPLATES_MAX = 128,
    TOKENS_NO_DEPENDENCY = 0xffff,
};

struct tokens_known {
    uint64_t key;
    uint32_t offset;
};

/* A chunk in the making. Overflow is sticky, so that a record is written without checks and tried once. */
struct tokens {
    uint8_t *p; /* TOKENS_CHUNK bytes */
    size_t at;
    bool overflow;
    bool in_definition; /* elements carry a dependency */
    struct tokens_known names[TOKENS_NAMES_MAX], templates[TOKENS_TEMPLATES_MAX];
    size_t name_count, template_count;
};

/* Little-endian into n bytes. */
void tokens_store(uint8_t *p, uint64_t v, size_t n);

void tokens_put(struct tokens *o, const void *p, size_t n);
void tokens_number(struct tokens *o, uint64_t v, size_t n);
void tokens_patch(struct tokens *o, size_t at, uint64_t v, size_t n);

/* UTF-8 as UTF-16LE; returns the number of units. */
size_t tokens_units(struct tokens *o, struct sv text);

/* A name reference; the name itself where it is used first. */
void tokens_name(struct tokens *o, const char *name);

/* ---- elements ---- */

/* Where the sizes stand that are known at the end. */
struct tokens_element {
    size_t size_at, attributes_at;
};

/* The head of an element, then what end_attributes closes with: 02 in front of content, 03 for none. */
struct tokens_element tokens_open(struct tokens *o, const char *name, uint16_t dependency, bool attributes);
void tokens_end_attributes(struct tokens *o, const struct tokens_element *e, uint8_t token);
void tokens_end_element(struct tokens *o, const struct tokens_element *e);

/* The end token, then the same. */
void tokens_close(struct tokens *o, const struct tokens_element *e);

/* Without attributes, up to its content. */
struct tokens_element tokens_open_plain(struct tokens *o, const char *name);

/* ---- content ---- */

/* An optional one, as Windows writes nearly all. */
void tokens_substitution(struct tokens *o, uint16_t index, uint8_t type);

/* One text token; more: another one follows. */
void tokens_piece(struct tokens *o, struct sv text, bool more);

/* Text as a collector stores it: entity references between pieces. */
void tokens_text(struct tokens *o, struct sv text);

void tokens_literal_attribute(struct tokens *o, const char *name, const char *value, bool more);
void tokens_value_attribute(struct tokens *o, const char *name, uint16_t index, uint8_t type, bool more);

/* Whole elements: with text, with a number, with a value that it depends on. */
void tokens_literal_element(struct tokens *o, const char *name, const char *text);
void tokens_number_element(struct tokens *o, const char *name, uint64_t v);
void tokens_value_element(struct tokens *o, const char *name, uint16_t index, uint8_t type);

/* An element that has nothing but one attribute with a value. */
void tokens_value_only(struct tokens *o, const char *name, const char *attribute, uint16_t index,
                       uint8_t type);

/* ---- templates ---- */

/* Writes the body of a definition. */
typedef void (*tokens_body)(struct tokens *o, const void *ctx);

/* A template instance up to its values: the definition where the chunk has none yet under this key. */
void tokens_instance(struct tokens *o, uint64_t key, tokens_body body, const void *ctx);

/* Values: the descriptors come first and are filled in value by value. */
struct tokens_values {
    size_t descriptors, index, began;
};

struct tokens_values tokens_open_values(struct tokens *o, uint32_t count);

/* What was written since the last value is one, of this type. */
void tokens_end_value(struct tokens *o, struct tokens_values *v, uint8_t type);

void tokens_value(struct tokens *o, struct tokens_values *v, uint8_t type, uint64_t number, size_t n);
void tokens_null(struct tokens *o, struct tokens_values *v);

#endif
