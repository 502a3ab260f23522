/* SPDX-License-Identifier: Apache-2.0 */
/* The event id of records without a template. */
#include "evtx_inline.h"

enum { DIGITS_MAX = 9 };

/* Takes the offset of an element's name if it is this one, and goes on behind the element's head. */
static bool learn(const struct reader *chunk, struct reader *r, struct sv name, uint32_t *offset,
                  struct binxml_element *e)
{
    if (!binxml_read_element(chunk, r, false, e) || !binxml_name_is(&e->name, name))
        return false;
    *offset = e->name.offset;
    return true;
}

/* Into the content of an element whose head was read. */
static bool enter(struct reader *r, const struct binxml_element *e)
{
    return reader_seek(r, e->content) && reader_skip(r, 1);
}

void evtx_inline_learn(struct evtx_inline_names *names, const struct reader *chunk, struct reader record)
{
    struct evtx_inline_names n;
    struct binxml_element e;
    if (learn(chunk, &record, SV("Event"), &n.event, &e) && enter(&record, &e) &&
        learn(chunk, &record, SV("System"), &n.system, &e) && enter(&record, &e) &&
        learn(chunk, &record, SV("Provider"), &n.provider, &e) && reader_seek(&record, e.end) &&
        learn(chunk, &record, SV("EventID"), &n.event_id, &e))
        *names = n;
}

/* The head of an element whose name stands there, and its attributes. */
static inline bool read_head(struct reader *r, uint32_t name, size_t *end)
{
    uint8_t token;
    uint32_t size, stored, attributes = 0;
    if (!reader_u8(r, &token) || (token & ~TOKEN_MORE) != TOKEN_ELEMENT || !reader_u32(r, &size))
        return false;
    *end = r->at + size;
    return reader_u32(r, &stored) && stored == name &&
           (!(token & TOKEN_MORE) || (reader_u32(r, &attributes) && reader_skip(r, attributes)));
}

/* The same, and the token behind which its content begins. */
static inline bool open(struct reader *r, uint32_t name, size_t *end)
{
    uint8_t token;
    return read_head(r, name, end) && reader_u8(r, &token) && token == TOKEN_CLOSE_START;
}

/* One text of digits alone, which is all that an element has. */
static inline bool read_digits(struct reader *r, uint64_t *id)
{
    uint8_t token, type;
    uint16_t units;
    const uint8_t *p;
    if (!reader_u8(r, &token) || token != TOKEN_TEXT || !reader_u8(r, &type) || !reader_u16(r, &units) ||
        units == 0 || units > DIGITS_MAX || !reader_bytes(r, (size_t)units * 2, &p))
        return false;
    *id = 0;
    for (size_t i = 0; i < units; i++) {
        uint32_t digit = load_le16(p + i * 2) - (uint32_t)'0';
        if (digit > 9)
            return false;
        *id = *id * 10 + digit;
    }
    return reader_u8(r, &token) && token == TOKEN_END;
}

bool evtx_inline_id(const struct evtx_inline_names *names, struct reader record, uint64_t *id, size_t *end)
{
    size_t inner;
    return names->event && open(&record, names->event, end) && open(&record, names->system, &inner) &&
           read_head(&record, names->provider, &inner) && inner >= record.at && reader_seek(&record, inner) &&
           open(&record, names->event_id, &inner) && read_digits(&record, id);
}
