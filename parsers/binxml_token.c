/* SPDX-License-Identifier: Apache-2.0 */
/* BinXML's tokens: names, element heads, template instances and definitions. */
#include "binxml.h"

bool binxml_name_at(const struct reader *chunk, size_t offset, struct binxml_name *out)
{
    struct reader r = *chunk;
    uint16_t units;
    /* The link to the next name of the bucket and the hash say nothing that is needed here. */
    if (offset < BINXML_FIRST_OFFSET || !reader_seek(&r, offset) || !reader_skip(&r, 6) ||
        !reader_u16(&r, &units) || !reader_bytes(&r, (size_t)units * 2, &out->utf16))
        return false;
    out->bytes = (size_t)units * 2;
    out->offset = (uint32_t)offset;
    return true;
}

bool binxml_read_name(const struct reader *chunk, struct reader *r, struct binxml_name *out)
{
    uint32_t offset;
    if (!reader_u32(r, &offset) || !binxml_name_at(chunk, offset, out))
        return false;
    /* Inline: link, hash, length, the units and a NUL. */
    return offset != r->at || reader_skip(r, 8 + out->bytes + 2);
}

bool binxml_read_element(const struct reader *chunk, struct reader *r, bool in_definition,
                         struct binxml_element *out)
{
    uint8_t token;
    uint32_t size, attributes = 0;
    out->dependency = BINXML_NO_DEPENDENCY;
    if (!reader_u8(r, &token) || (token & ~TOKEN_MORE) != TOKEN_ELEMENT)
        return false;
    if (in_definition && !reader_u16(r, &out->dependency))
        return false;
    if (!reader_u32(r, &size))
        return false;
    out->end = r->at + size;
    if (!binxml_read_name(chunk, r, &out->name))
        return false;
    out->has_attributes = token & TOKEN_MORE;
    if (out->has_attributes && !reader_u32(r, &attributes))
        return false;
    out->content = r->at + attributes;
    return true;
}

bool binxml_read_instance(struct reader *r, struct binxml_instance *out)
{
    uint8_t token, one;
    uint32_t size;
    if (!reader_u8(r, &token) || token != TOKEN_INSTANCE || !reader_u8(r, &one) ||
        !reader_u32(r, &out->template_id) || !reader_u32(r, &out->definition))
        return false;
    if (out->definition == r->at &&
        (!reader_skip(r, BINXML_DEFINITION_HEAD - 4) || !reader_u32(r, &size) || !reader_skip(r, size)))
        return false;
    if (!reader_u32(r, &out->count) || out->count > BINXML_VALUES_MAX)
        return false;
    out->descriptors = r->at;
    if (!reader_skip(r, (size_t)out->count * 4))
        return false;
    out->values = r->at;
    const uint8_t *descriptors = r->p + out->descriptors;
    size_t total = 0;
    for (uint32_t i = 0; i < out->count; i++)
        total += load_le16(descriptors + (size_t)i * 4);
    return reader_skip(r, total);
}

bool binxml_definition(const struct reader *chunk, uint32_t offset, uint32_t template_id, struct reader *out)
{
    struct reader r = *chunk;
    uint32_t guid_begins, size;
    if (offset < BINXML_FIRST_OFFSET || !reader_seek(&r, offset) || !reader_skip(&r, 4) ||
        !reader_u32(&r, &guid_begins) || guid_begins != template_id || !reader_skip(&r, 12) ||
        !reader_u32(&r, &size) || size > reader_left(&r))
        return false;
    *out = r;
    out->n = r.at + size;
    return true;
}

bool binxml_name_is(const struct binxml_name *name, struct sv ascii)
{
    if (name->bytes != ascii.n * 2)
        return false;
    for (size_t i = 0; i < ascii.n; i++)
        if (name->utf16[2 * i] != (uint8_t)ascii.p[i] || name->utf16[2 * i + 1] != 0)
            return false;
    return true;
}
