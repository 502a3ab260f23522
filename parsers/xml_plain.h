/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through a record: XML as Windows writes it, straight into the event's tree.
 *
 * Only what is plain is taken: elements, attributes, text, the five predefined entities and character
 * references. What is rare (comments, CDATA, processing instructions, names that are not ASCII, line breaks
 * in attributes), wrong or not there yet is not judged here but left to expat, which is slower by far and has
 * the last word. A test holds both to the same events.
 */
#ifndef MAPITAIL_XML_PLAIN_H
#define MAPITAIL_XML_PLAIN_H

#include "event_tree.h"

/*
 * Reads the record that begins at text's first byte into the tree, which event_tree_begin has prepared.
 * Returns the record's bytes, or 0 if it is not plain in every part: the tree's event is then worthless. text
 * may go on behind the record.
 */
size_t xml_plain(struct event_tree *tree, struct sv text);

#endif
