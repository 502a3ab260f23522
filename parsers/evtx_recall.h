/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates that a damaged chunk has lost, found in other chunks of the same log: every chunk repeats the
 * definitions that its records use. Asked for only by records that may be wanted; each template is looked
 * for once, and all searches together read a bounded number of bytes.
 */
#ifndef MAPITAIL_EVTX_RECALL_H
#define MAPITAIL_EVTX_RECALL_H

#include "binxml.h"
#include "parser.h"

enum { EVTX_RECALLED_MAX = 32 };
#define EVTX_RECALL_BYTES_MAX (UINT64_C(256) << 20)

struct evtx_recalled {
    uint32_t template_id;
    bool found;
    struct binxml_literals literals;
};

struct evtx_recall {
    const struct input *in;
    uint64_t near;   /* where to look first: the place of the chunk that lost it */
    uint64_t budget; /* bytes that may still be read */
    uint8_t *block;
    struct arena texts;
    struct evtx_recalled known[EVTX_RECALLED_MAX];
    size_t count;
};

/* in is borrowed. No memory is taken before the first search. */
void evtx_recall_init(struct evtx_recall *r, const struct input *in);
void evtx_recall_free(struct evtx_recall *r);

/* The find of struct binxml_recall; ctx is a struct evtx_recall. Texts live as long as that. */
bool evtx_recall_find(void *ctx, uint32_t template_id, struct binxml_literals *out);

#endif
