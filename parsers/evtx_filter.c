/* SPDX-License-Identifier: Apache-2.0 */
/* Which records of a chunk are wanted, told from their raw values. */
#include "evtx_filter.h"

#include "evtx_chunk.h"
#include "utf.h"

enum {
    ID_INDEX = 3,     /* the event id's substitution in every template seen */
    ID_AT = 4,        /* its place among the values where the first ones are as below */
    TAIL_MAX = 8,     /* end token and padding */
    PREFIX_BYTES = 4, /* fragment header */
    UTF8_ROOM = EVTX_SOURCE_MAX * 3 + 3,
};

/* Sizes and types of the first four values: level, opcode, task, event id. The same in every record seen. */
#define USUAL_FIRST UINT64_C(0x0004000100040001)
#define USUAL_SECOND UINT64_C(0x0006000200060002)

/* A fragment header. */
#define USUAL_BEGIN UINT32_C(0x0001010f)

void evtx_filter_init(struct evtx_filter *f, const struct selector *selector)
{
    memset(f, 0, sizeof *f);
    f->selector = selector;
    for (size_t i = 0; i < selector->count; i++) {
        const struct selector_rule *rule = &selector->rules[i];
        f->takes_any_id |= rule->any_id;
        if (rule->any_id)
            memset(f->wanted, 0xff, sizeof f->wanted);
        else if (rule->event_id <= UINT16_MAX)
            f->wanted[rule->event_id / 8] |= (uint8_t)(1u << rule->event_id % 8);
    }
    if (selector->all)
        memset(f->wanted, 0xff, sizeof f->wanted);
}

void evtx_filter_set_chunk(struct evtx_filter *f, const uint8_t *bytes, size_t n)
{
    f->chunk = reader_make(bytes, n);
    memset(f->known, 0, sizeof f->known);
    f->inline_names = (struct evtx_inline_names){0};
}

static bool id_is_wanted(const struct evtx_filter *f, uint64_t id)
{
    return f->wanted[(id & 0xffff) / 8] >> id % 8 & 1;
}

static inline size_t template_slot(uint32_t offset)
{
    return (offset >> 3 ^ offset) % EVTX_TEMPLATES;
}

static inline uint64_t template_name(uint32_t offset, uint32_t template_id)
{
    return (uint64_t)offset << 32 | template_id;
}

static const struct evtx_template *find_template(struct evtx_filter *f, uint32_t offset, uint32_t template_id)
{
    size_t slot = template_slot(offset);
    struct evtx_template *t = &f->templates[slot];
    if (f->known[slot] != template_name(offset, template_id)) {
        struct reader r;
        f->known[slot] = template_name(offset, template_id);
        t->found = binxml_definition(&f->chunk, offset, template_id, &r);
        t->readable = t->found && evtx_template_read(&f->chunk, r, true, t);
        f->is_usual[slot] = t->readable && t->event_id.kind == SOURCE_VALUE && t->event_id.index == ID_INDEX;
    }
    return t;
}

/* A substitution value of the instance by its index. */
static bool find_value(const struct evtx_filter *f, const struct binxml_instance *i, uint16_t index,
                       struct binxml_value *out)
{
    size_t at = i->values;
    if (index >= i->count)
        return false;
    const uint8_t *d = f->chunk.p + i->descriptors;
    for (uint16_t k = 0; k < index; k++)
        at += load_le16(d + (size_t)k * 4);
    d += (size_t)index * 4;
    *out = (struct binxml_value){(uint32_t)at, load_le16(d), d[2]};
    return true;
}

static struct sv text_of(const uint8_t *utf16, size_t bytes, char utf8[UTF8_ROOM])
{
    size_t n = utf8_from_utf16(utf16, bytes, TEXT_UTF16LE, utf8, NULL);
    while (n && utf8[n - 1] == '\0')
        n--;
    return sv_make(utf8, n);
}

static bool text_to_id(const uint8_t *utf16, size_t bytes, uint64_t *id)
{
    char utf8[UTF8_ROOM];
    return sv_to_u64(sv_trim(text_of(utf16, bytes, utf8)), id);
}

/* Bytes of an unsigned number's type; 0 for the others, which no event id was seen to have. */
static size_t bytes_of_number(uint8_t type)
{
    switch (type) {
    case TYPE_UINT8:
        return 1;
    case TYPE_UINT16:
        return 2;
    case TYPE_UINT32:
    case TYPE_HEX32:
        return 4;
    case TYPE_UINT64:
    case TYPE_HEX64:
        return 8;
    default:
        return 0;
    }
}

/* The event id as the source says; false where it leaves a choice. */
static bool source_id(const struct evtx_filter *f, const struct evtx_source *s,
                      const struct binxml_instance *i, uint64_t *id)
{
    struct binxml_value v;
    if (s->kind == SOURCE_LITERAL)
        return text_to_id(s->utf16, s->literal_bytes, id);
    if (s->kind != SOURCE_VALUE || !i || !find_value(f, i, s->index, &v))
        return false;
    const uint8_t *p = f->chunk.p + v.at;
    if (v.type == TYPE_TEXT && v.size <= 64 && text_to_id(p, v.size, id))
        return true;
    if (v.size == 0 || v.size != bytes_of_number(v.type))
        return false;
    *id = 0;
    for (size_t k = v.size; k-- > 0;)
        *id = *id << 8 | p[k];
    return true;
}

/* The name as the source says. Absent: there is none. False: too long to tell here. */
static bool source_name(const struct evtx_filter *f, const struct evtx_source *s,
                        const struct binxml_instance *i, char utf8[UTF8_ROOM], struct sv *name)
{
    struct binxml_value v;
    *name = SV_ABSENT;
    if (s->kind == SOURCE_LITERAL)
        *name = text_of(s->utf16, s->literal_bytes, utf8);
    else if (s->kind == SOURCE_MIXED)
        return false;
    if (s->kind != SOURCE_VALUE || !i || !find_value(f, i, s->index, &v) || v.type == TYPE_NULL)
        return true;
    if (v.type != TYPE_TEXT || v.size > EVTX_SOURCE_MAX * 2)
        return false;
    *name = text_of(f->chunk.p + v.at, v.size, utf8);
    return true;
}

static enum evtx_verdict judge_provider(const struct evtx_filter *f, const struct evtx_template *t,
                                        const struct binxml_instance *i, uint64_t id)
{
    char utf8[UTF8_ROOM];
    struct sv name;
    /* The event source's name is the older truth where there are two (libevtx documentation). */
    if (!source_name(f, &t->event_source, i, utf8, &name))
        return EVTX_UNDECIDED;
    if (sv_empty(name) && !source_name(f, &t->provider, i, utf8, &name))
        return EVTX_UNDECIDED;
    /* Every event has a provider: where none is found, a damaged name hides it. */
    if (sv_empty(name))
        return EVTX_UNREADABLE;
    if (selector_wants(f->selector, name, id))
        return EVTX_WANTED;
    return f->takes_any_id ? EVTX_DECOY : EVTX_UNDECIDED;
}

static enum evtx_verdict judge(const struct evtx_filter *f, const struct evtx_template *t,
                               const struct binxml_instance *i)
{
    uint64_t id;
    if (!source_id(f, &t->event_id, i, &id))
        return EVTX_UNREADABLE;
    return id_is_wanted(f, id) ? judge_provider(f, t, i, id) : EVTX_PASS;
}

/*
 * Without a template, what the usual layout says. One that is there and is read another way (System may be a
 * value of it) is the decoder's.
 */
static enum evtx_verdict judge_unreadable(const struct evtx_filter *f, const struct evtx_template *t,
                                          const struct binxml_instance *i)
{
    if (t->found)
        return EVTX_UNREADABLE;
    const uint8_t *d = f->chunk.p + i->descriptors;
    if (i->count < ID_INDEX + 1 || load_le64(d) != USUAL_FIRST || load_le64(d + 8) != USUAL_SECOND)
        return EVTX_UNREADABLE;
    return id_is_wanted(f, load_le16(f->chunk.p + i->values + ID_AT)) ? EVTX_UNREADABLE : EVTX_PASS;
}

/* Another record's head in what a record does not use. */
static size_t find_hidden(const struct evtx_filter *f, size_t from, size_t end)
{
    for (size_t at = from; at + EVTX_RECORD_MIN <= end; at++)
        if (load_le32(f->chunk.p + at) == EVTX_RECORD_MAGIC &&
            load_le32(f->chunk.p + at + 4) >= EVTX_RECORD_MIN)
            return at;
    return 0;
}

static enum evtx_verdict test_instance(struct evtx_filter *f, struct reader *r, size_t *used)
{
    struct binxml_instance i;
    if (!binxml_read_instance(r, &i))
        return EVTX_UNREADABLE;
    *used = r->at;
    if (f->selector->all)
        return EVTX_WANTED;
    const struct evtx_template *t = find_template(f, i.definition, i.template_id);
    if (!t->readable)
        return judge_unreadable(f, t, &i);
    return f->is_usual[template_slot(i.definition)] ? judge(f, t, &i) : EVTX_UNREADABLE;
}

/* The sizes in two descriptors, each in a half of its own. */
static inline uint64_t two_sizes(const uint8_t *d, size_t pair)
{
    return load_le64(d + pair * 8) & UINT64_C(0x0000ffff0000ffff);
}

/* Bytes of the values of a record with 18 or 20 of them. Written out: the loop would cost as much again. */
static inline size_t sum_of_sizes(const uint8_t *d, uint32_t n)
{
    uint64_t sums = two_sizes(d, 0) + two_sizes(d, 1) + two_sizes(d, 2) + two_sizes(d, 3) + two_sizes(d, 4) +
                    two_sizes(d, 5) + two_sizes(d, 6) + two_sizes(d, 7) + two_sizes(d, 8);
    if (n == BINXML_CLASSIC_VALUES)
        sums += two_sizes(d, 9);
    return (size_t)(sums >> 32) + (size_t)(uint32_t)sums;
}

/* What stands where in a record whose definition is elsewhere. */
enum {
    AT_BINXML = 24,
    AT_TOKEN = 28,
    AT_TEMPLATE = 30,
    AT_DEFINITION = 34,
    AT_COUNT = 38,
    AT_DESCRIPTORS = 42,
    QUICK_MIN = AT_DESCRIPTORS + BINXML_CLASSIC_VALUES * 4 + ID_AT + 2,
};

/*
 * The way of nearly every record: an instance of a template that is known already, with the usual first
 * values and an id that nobody wants. It only ever says "not wanted"; whatever it does not recognize goes the
 * general way. The record at `at` has size bytes, its size copy included.
 */
static inline bool passes_quickly(const struct evtx_filter *f, size_t at, size_t size)
{
    const uint8_t *p = f->chunk.p + at, *d = p + AT_DESCRIPTORS;
    if (size < QUICK_MIN + 4 || load_le32(p + AT_BINXML) != USUAL_BEGIN || p[AT_TOKEN] != TOKEN_INSTANCE)
        return false;
    uint32_t definition = load_le32(p + AT_DEFINITION), n = load_le32(p + AT_COUNT);
    if (definition == at + AT_COUNT || (n != BINXML_CLASSIC_VALUES && n != BINXML_MANIFEST_VALUES))
        return false;
    size_t slot = template_slot(definition), values = AT_DESCRIPTORS + (size_t)n * 4;
    if (f->known[slot] != template_name(definition, load_le32(p + AT_TEMPLATE)) || !f->is_usual[slot] ||
        load_le64(d) != USUAL_FIRST || load_le64(d + 8) != USUAL_SECOND)
        return false;
    size_t left = size - 4 - values, used = sum_of_sizes(d, n);
    return left - used <= TAIL_MAX && !id_is_wanted(f, load_le16(p + values + ID_AT));
}

/* The same for a record without a template. */
static bool passes_inline(const struct evtx_filter *f, size_t at, size_t size)
{
    size_t end = at + size - 4, used;
    uint64_t id;
    struct reader r = {f->chunk.p, end, at + AT_TOKEN};
    return size > AT_TOKEN + 4 && load_le32(f->chunk.p + at + AT_BINXML) == USUAL_BEGIN &&
           evtx_inline_id(&f->inline_names, r, &id, &used) && used <= end && end - used <= TAIL_MAX &&
           !id_is_wanted(f, id);
}

struct evtx_skimmed evtx_filter_skim(const struct evtx_filter *f, size_t at, size_t end)
{
    struct evtx_skimmed s = {at, at, 0};
    uint32_t size;
    while (evtx_is_whole(f->chunk.p + s.at, end - s.at, &size) &&
           (passes_quickly(f, s.at, size) || passes_inline(f, s.at, size))) {
        s.last = s.at;
        s.at += size;
        s.records++;
    }
    return s;
}

static enum evtx_verdict test_inline(struct evtx_filter *f, const struct reader *r, size_t *used)
{
    struct evtx_template t;
    struct reader head = *r;
    struct binxml_element e;
    if (binxml_read_element(&f->chunk, &head, false, &e) && e.end <= head.n)
        *used = e.end;
    if (!evtx_template_read(&f->chunk, *r, false, &t))
        return EVTX_UNREADABLE;
    evtx_inline_learn(&f->inline_names, &f->chunk, *r);
    return judge(f, &t, NULL);
}

enum evtx_verdict evtx_filter_test(struct evtx_filter *f, size_t at, size_t size, size_t *hidden)
{
    size_t end = at + size - 4;
    *hidden = 0;
    struct reader r = {f->chunk.p, end, at + EVTX_RECORD_HEAD};
    size_t used = end;
    enum evtx_verdict verdict = EVTX_UNREADABLE;
    if (reader_left(&r) > PREFIX_BYTES && r.p[r.at] == TOKEN_FRAGMENT)
        r.at += PREFIX_BYTES;
    uint8_t token = reader_left(&r) ? r.p[r.at] & (uint8_t)~TOKEN_MORE : TOKEN_EOF;
    if (token == TOKEN_INSTANCE)
        verdict = test_instance(f, &r, &used);
    else if (token == TOKEN_ELEMENT)
        verdict = test_inline(f, &r, &used);
    *hidden = end - used > TAIL_MAX ? find_hidden(f, used, end) : 0;
    return f->selector->all && verdict != EVTX_UNREADABLE ? EVTX_WANTED : verdict;
}
