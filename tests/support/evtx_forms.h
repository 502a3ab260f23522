/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways that the format has to say whose event a record is: event id and provider as literals, values,
 * nested values or in pieces, in templates and without. Windows writes few of them.
 */
#ifndef MAPITAIL_EVTX_FORMS_H
#define MAPITAIL_EVTX_FORMS_H

#include "evtx_tokens.h"

struct evtx_form {
    const char *claim;
    bool is_wanted;                                              /* by the default selector */
    void (*body)(struct tokens *o, const struct evtx_form *f);   /* the whole; NULL: Event and System */
    void (*system)(struct tokens *o, const struct evtx_form *f); /* the children of System */
    void (*values)(struct tokens *o, const struct evtx_form *f); /* NULL: there is no template */
    /* What these take from here. */
    const char *provider, *source, *id;
    uint8_t type;
    const char *bytes;
    size_t n;
};

extern const struct evtx_form evtx_forms[];
extern const size_t evtx_form_count;

/* Writes a record in one of these forms. A tokens_body for evtx_writer_add_tokens. */
void evtx_form_write(struct tokens *o, const void *form);

#endif
