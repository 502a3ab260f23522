/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the BinXML decoder share: binxml_walk.c reads tokens as they come, binxml_plan.c keeps
 * what a template says for its next record, binxml_salvage.c gives what the values say where the template is
 * gone. All three write through binxml_emit.c: the XML text and the event are made in one pass, and the
 * event's views point into the XML text wherever nothing had to be escaped.
 */
#ifndef MAPITAIL_BINXML_WALK_H
#define MAPITAIL_BINXML_WALK_H

#include "binxml.h"

enum { BINXML_FRAGMENTS_MAX = 2 * BINXML_DEPTH_MAX + 1 }; /* a nested value is one, and so is its template */

#define BINXML_EVENT_NAMESPACE "http://schemas.microsoft.com/win/2004/08/events/event"

/* A place in a fragment, with what its substitutions mean. */
struct walk {
    struct binxml *b;
    struct reader r;
    const struct binxml_value *values; /* NULL outside template definitions */
    uint32_t count;
    const struct binxml_value *item; /* of an array: stands in for the next substitution */
    unsigned fragments;              /* nested */
    bool in_definition;
};

/* ---- binxml.c ---- */

/* The name as it is written out; the same object for the same place of the chunk. */
const struct binxml_known_name *binxml_known(struct binxml *b, const struct binxml_name *name);

/* Templates that refer to each other could multiply without end: each token costs one. */
__attribute__((warn_unused_result)) bool binxml_spend(struct binxml *b, uint32_t tokens);

/* ---- binxml_emit.c ---- */

/* A start tag without its end, and how it ends; what is opened is closed by emit_empty or emit_end. */
void emit_open(struct binxml *b, const struct binxml_known_name *name);
void emit_start_ends(struct binxml *b);
void emit_empty(struct binxml *b);
void emit_end(struct binxml *b, const struct binxml_known_name *name);

/*
 * An attribute whose value is appended to b->xml as it is, between begin and end; end escapes it. Begin gives
 * what end needs, and where to cut the XML text off if there is to be no attribute after all.
 */
size_t emit_attribute_begin(struct binxml *b, const struct binxml_known_name *name);
void emit_attribute_end(struct binxml *b, const struct binxml_known_name *name, size_t begin);

/*
 * True when a start tag, so far, has an attribute of this name; XML takes no second one. Values do not look
 * like attributes: their quotation marks are escaped.
 */
bool emit_has_attribute(struct sv start_tag, struct sv name);

/* Escapes what stands in b->xml from `from` on, and gives a view of it as it was. */
struct sv emit_escaped(struct binxml *b, size_t from, bool in_attribute);

/* An attribute's value or an element's text. Nested BinXML is not for these. */
struct sv emit_value(struct binxml *b, const struct binxml_value *value, bool in_attribute);
void emit_text_value(struct binxml *b, const struct binxml_value *value);

/* What does not come from the log. */
struct binxml_known_name emit_name(struct sv name);
void emit_attribute(struct binxml *b, struct sv name, struct sv value);
void emit_text(struct binxml *b, struct sv text);

/* ---- binxml_usual.c ---- */

/*
 * Appends a value of a usual type to b->xml, escaped; false: it is of another, and nothing was appended. The
 * value lies in the chunk. *is_plain: what was appended is the value's text as it is.
 */
bool emit_usual(struct binxml *b, const struct binxml_value *value, bool in_attribute, bool *is_plain);

/* ---- binxml_walk.c ---- */

bool walk_fragment(struct walk *w);

/* A substitution in an element's content. */
void walk_value(struct binxml *b, const struct binxml_value *value, unsigned fragments);

/* The value at an index. Templates with fewer values than they name exist (libevtx#24): null. */
static inline const struct binxml_value *walk_value_of(const struct walk *w, uint16_t index)
{
    static const struct binxml_value null_value = {0};
    return w->values && index < w->count ? &w->values[index] : &null_value;
}

/* Text, CDATA, a character or an entity reference, whose token has been read; appended to out. */
__attribute__((warn_unused_result)) bool walk_text(struct walk *w, uint8_t token, struct buf *out);

/* ---- binxml_markup.c ---- */

/* A CDATA section whose token has been read: the text keeps its brackets, the event has what is inside. */
__attribute__((warn_unused_result)) bool walk_cdata(struct walk *w);

/* A processing instruction whose first token has been read. Written where an element is open. */
__attribute__((warn_unused_result)) bool walk_instruction(struct walk *w, uint8_t token);

/* ---- binxml_walk.c ---- */

/* The instance's values; NULL over the limit. Values that do not end before `end` are left out: *count. */
const struct binxml_value *walk_read_values(struct binxml *b, const struct binxml_instance *instance,
                                            size_t end, uint32_t *count);

/* ---- binxml_plan.c, binxml_run.c and binxml_render.c ---- */

/*
 * The definition at this offset, made ready to be filled in; NULL where it has something that only the walk
 * understands, damage most of all. definition stands on its first token. Plans last as long as the chunk.
 */
const struct binxml_plan *plan_of(struct binxml *b, const struct binxml_instance *instance,
                                  const struct reader *definition);

/* True when the plan can be run here: no limit is in its way. */
bool plan_fits(const struct walk *inside, const struct binxml_plan *plan);
void plan_run(const struct binxml_plan *plan, const struct walk *inside);

/* The same, where b->text_only; only for a plan that has what rendering needs. */
bool plan_renders(const struct binxml_plan *plan);
void render_run(const struct binxml_plan *plan, const struct walk *inside);

/* ---- binxml_forwarded.c ---- */

/* An event without a template whose names are gone. */
void salvage_forwarded(struct walk *w);

/* ---- binxml_salvage.c ---- */

/* True when the values of a torn record are those of an event, as far as they go: they have not moved. */
bool salvage_is_event(const struct walk *inside);

/* An event whose definition cannot be read: System by the known layouts, then the payload. */
void salvage_event(struct walk *inside, const struct binxml_instance *instance);

/*
 * A payload whose own definition cannot be read: its values in their order, if they are more than what was
 * read of it. value: the nested BinXML. data_so_far, xml_so_far: of the event and its text before it.
 */
void salvage_payload(struct binxml *b, const struct binxml_value *value, size_t data_so_far,
                     size_t xml_so_far);

#endif
