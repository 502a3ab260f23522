/* SPDX-License-Identifier: Apache-2.0 */
/* Where in event XML the records are that have to be looked at, and how long none was met. */
#include "needle.h"
#include "xml_inner.h"

void xml_set_border(struct parser *p, size_t index)
{
    p->border = p->bare = p->at = index;
    p->in_record = p->tried = p->masked = false;
    p->passed = 0;
}

uint64_t xml_stretch_to(const struct parser *p, size_t to)
{
    return p->passed == STRETCH_TOLD ? 0 : p->passed + (to - p->border);
}

/* The border goes to a tag at index to or behind it: tells of a stretch that ends at the first tag on the
 * way. */
void xml_end_stretch(struct parser *p, size_t to)
{
    size_t at = p->bare > XML_TAG_BYTES_MAX + p->border ? p->bare - XML_TAG_BYTES_MAX : p->border, end;
    if (xml_stretch_to(p, to) > xml_record_limit(p)) {
        while ((at = xml_next_markup(&p->text, at)) < to) {
            enum xml_tag tag = xml_tag_at(&p->text, at, &end);
            if (tag == XML_TAG_EVENT || tag == XML_TAG_EVENT_END)
                break;
            at += text_unit(p->text.encoding);
        }
        at = at < to ? at : to;
        p->gap = xml_stretch_to(p, at) > xml_record_limit(p) ? xml_stretch_to(p, at) : 0;
        p->gap_at = xml_offset_at(p, p->border) - p->passed;
    }
    p->passed = 0;
}

/* The border goes on to an index, and no tag stands in between. */
static void pass_stretch(struct parser *p, size_t index)
{
    if (p->passed != STRETCH_TOLD)
        p->passed += index - p->border;
    p->border = index;
}

/* Goes into the record at start; what lies before from was looked at. */
static enum search enter_record(struct parser *p, size_t start, size_t from)
{
    if (start > p->border || p->passed)
        xml_end_stretch(p, start);
    p->border = p->bare = start;
    p->at = from;
    p->in_record = true;
    p->tried = p->masked = false;
    p->counts.records += !p->by_number;
    return SEARCH_FOUND;
}

/*
 * Is index at inside a record? *start is where it begins. Tags count that the bytes before seen tell, so that
 * what was read beyond cannot matter. Only a record limit's distance is looked at, and nothing twice: a file
 * without any record costs one pass.
 */
static bool record_around(struct parser *p, size_t at, size_t seen, size_t *start)
{
    struct xml_text text = {p->text.p, seen, p->text.encoding, p->text.dialect};
    size_t overlap = p->bare > XML_TAG_BYTES_MAX ? p->bare - XML_TAG_BYTES_MAX : 0;
    size_t floor = overlap > p->border ? overlap : p->border, end = 0;
    if (at > xml_record_limit(p) && floor < at - xml_record_limit(p))
        floor = at - xml_record_limit(p);
    enum xml_tag tag = xml_tag_before(&text, floor, at, start, &end);
    if (tag == XML_TAG_EVENT_END) {
        xml_end_stretch(p, *start);
        p->border = p->bare = end;
    } else if (tag == XML_TAG_OTHER)
        p->bare = at > p->bare ? at : p->bare;
    return tag == XML_TAG_EVENT;
}

/* What to do about the '!' at index at, which may belong to "<!--" or "<![CDATA[". */
static enum search search_mask(struct parser *p, size_t at, bool *more)
{
    size_t back = p->text.encoding == TEXT_UTF8 ? 1 : p->text.encoding == TEXT_UTF16LE ? 2 : 3;
    size_t end = 0, start;
    p->at = at + 1;
    if (at < p->border + back)
        return SEARCH_MORE;
    enum xml_tag tag = xml_tag_at(&p->text, at - back, &end);
    enum xml_mask mask = XML_MASK_NONE;
    if (tag == XML_TAG_MASK)
        mask = xml_mask_end(&p->text, at - back, xml_record_limit(p), xml_is_final(p), &end);
    if (mask == XML_MASK_OPEN || (tag == XML_TAG_CUT && !xml_is_final(p))) {
        p->at = at;
        *more = true;
    } else if (mask == XML_MASK_CLOSED) {
        if (record_around(p, at - back, at - back, &start))
            return enter_record(p, start, at - back);
        xml_end_stretch(p, at - back);
        xml_set_border(p, end);
    }
    return SEARCH_MORE;
}

/* What to do about the wanted number at index hit. */
static enum search search_number(struct parser *p, size_t hit, bool *more)
{
    size_t start, at = hit - p->number.lead;
    p->at = hit + 1;
    if (hit < p->border + p->number.lead)
        return SEARCH_MORE;
    enum xml_hit verdict = xml_event_id_at(&p->text, p->border, at, &p->number);
    if (verdict == XML_HIT_CUT && !xml_is_final(p)) {
        p->at = hit;
        *more = true;
    } else if (verdict == XML_HIT_YES && record_around(p, at, at, &start)) {
        return enter_record(p, start, at);
    } else {
        p->counts.rejected++;
    }
    return SEARCH_MORE;
}

/* The one id that is wanted, and masks, without looking at anything else. */
static enum search search_by_number(struct parser *p)
{
    bool more = false;
    while (!more) {
        const uint8_t *from = p->text.p + p->at;
        const uint8_t *hit = needle_find_or(from, p->text.n - p->at, p->number.bytes, p->number.n, '!');
        if (!hit) {
            if (p->text.n - p->at >= p->number.n)
                p->at = p->text.n - p->number.n + 1;
            break;
        }
        size_t at = (size_t)(hit - p->text.p);
        if ((*hit == '!' ? search_mask(p, at, &more) : search_number(p, at, &more)) == SEARCH_FOUND)
            return SEARCH_FOUND;
    }
    return SEARCH_MORE;
}

/* The next record, whatever it is. */
static enum search search_any(struct parser *p)
{
    size_t unit = text_unit(p->text.encoding), end = 0;
    for (;;) {
        size_t i = xml_next_markup(&p->text, p->at);
        p->at = i;
        if (i == p->text.n)
            return SEARCH_MORE;
        enum xml_tag tag = xml_tag_at(&p->text, i, &end);
        enum xml_mask mask = XML_MASK_NONE;
        if (tag == XML_TAG_EVENT)
            return enter_record(p, i, i + unit);
        if (tag == XML_TAG_MASK)
            mask = xml_mask_end(&p->text, i, xml_record_limit(p), xml_is_final(p), &end);
        if ((tag == XML_TAG_CUT && !xml_is_final(p)) || mask == XML_MASK_OPEN)
            return SEARCH_MORE;
        if (mask == XML_MASK_CLOSED || tag == XML_TAG_EVENT_END) {
            xml_end_stretch(p, i);
            xml_set_border(p, end);
        } else
            p->at = i + unit;
    }
}

enum search xml_search(struct parser *p)
{
    return p->by_number ? search_by_number(p) : search_any(p);
}

bool xml_settle(struct parser *p, bool ended)
{
    size_t start = p->at;
    bool begun = p->by_number && record_around(p, p->at, p->text.n, &start);
    if (begun) {
        xml_end_stretch(p, start);
        p->border = p->bare = start;
    } else if (!p->by_number) {
        pass_stretch(p, start);
        p->bare = start;
    }
    if (begun && ended)
        enter_record(p, start, p->at);
    /* The end tag may reach behind what was searched. */
    if (p->at < p->border)
        p->at = p->border;
    /* Without a tag within a record's length there is no record to come back for. */
    size_t reach = xml_record_limit(p) + XML_TAG_BYTES_MAX;
    if (p->at - p->border > reach && !p->in_record)
        pass_stretch(p, p->at - reach);
    if (p->bare < p->border)
        p->bare = p->border;
    return begun;
}

void xml_pass_blanks(struct parser *p)
{
    size_t unit = text_unit(p->text.encoding), low = p->text.encoding == TEXT_UTF16BE, to = p->border;
    while (p->text.n - to >= unit) {
        const uint8_t *c = p->text.p + to;
        if (!ascii_is_space((char)c[low]) || (unit == 2 && c[1 - low] != 0))
            break;
        to += unit;
    }
    pass_stretch(p, to);
    p->at = p->at > p->border ? p->at : p->border;
    p->bare = p->bare > p->border ? p->bare : p->border;
}
