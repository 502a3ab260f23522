/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that a damaged chunk has lost, found in other chunks of the same log. */
#include "evtx_recall.h"

#include "evtx_survey.h"
#include "needle.h"

#include <stdlib.h>

enum {
    TEXTS_MEMORY = 64 << 10,
    AT_DEFINITION = 8, /* of a resident definition, from the instance's template id on */
};

void evtx_recall_init(struct evtx_recall *r, const struct input *in)
{
    *r = (struct evtx_recall){.in = in, .budget = EVTX_RECALL_BYTES_MAX};
    arena_init(&r->texts, TEXTS_MEMORY);
}

void evtx_recall_free(struct evtx_recall *r)
{
    free(r->block);
    arena_free(&r->texts);
}

/* An instance that brings the definition along begins with 0c 01 and the template id. */
static bool find_in_block(struct evtx_recall *r, size_t n, uint32_t template_id, struct binxml_literals *out)
{
    const uint8_t begin[6] = {TOKEN_INSTANCE,
                              1,
                              (uint8_t)template_id,
                              (uint8_t)(template_id >> 8),
                              (uint8_t)(template_id >> 16),
                              (uint8_t)(template_id >> 24)};
    struct reader block = reader_make(r->block, n), definition;
    for (size_t from = 0; from < n;) {
        const uint8_t *hit = needle_find(r->block + from, n - from, begin, sizeof begin);
        if (!hit)
            return false;
        size_t at = (size_t)(hit - r->block) + 2;
        if (binxml_definition_at(&block, at + AT_DEFINITION, template_id, &definition) &&
            binxml_read_literals(&definition, &r->texts, out))
            return true;
        from = at;
    }
    return false;
}

/* Looks through the blocks in [from, to). */
static bool find_between(struct evtx_recall *r, uint64_t from, uint64_t to, uint32_t template_id,
                         struct binxml_literals *out)
{
    size_t n;
    for (; from < to && r->budget >= EVTX_CHUNK_BYTES; from += EVTX_CHUNK_BYTES) {
        r->budget -= EVTX_CHUNK_BYTES;
        if (!evtx_read(r->in, from, r->block, EVTX_CHUNK_BYTES, &n))
            return false;
        if (find_in_block(r, n, template_id, out))
            return true;
    }
    return false;
}

static bool search(struct evtx_recall *r, uint32_t template_id, struct binxml_literals *out)
{
    if (!r->block)
        r->block = malloc(EVTX_CHUNK_BYTES);
    if (!r->block)
        return false;
    uint64_t begin = r->near % EVTX_CHUNK_BYTES;
    return find_between(r, r->near, r->in->size, template_id, out) ||
           find_between(r, begin, r->near, template_id, out);
}

bool evtx_recall_find(void *ctx, uint32_t template_id, struct binxml_literals *out)
{
    struct evtx_recall *r = ctx;
    struct evtx_recalled *known = r->known;
    while (known < r->known + r->count && known->template_id != template_id)
        known++;
    if (known == r->known + EVTX_RECALLED_MAX)
        return false;
    if (known == r->known + r->count) {
        r->count++;
        *known = (struct evtx_recalled){.template_id = template_id};
        known->found = search(r, template_id, &known->literals);
    }
    *out = known->literals;
    return known->found;
}
