/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layouts of events that Windows and its collectors write: classic and manifest ones are templates with
 * 20 and 18 values, whose payload is a template of its own; forwarded ones are elements and text.
 */
#ifndef MAPITAIL_EVTX_LAYOUTS_H
#define MAPITAIL_EVTX_LAYOUTS_H

#include "evtx_tokens.h"
#include "evtx_writer.h"

/* Writes a struct evtx_writer_event without its fragment header; no member may be absent.. */
void evtx_layout_put(struct tokens *o, const void *event);

#endif
