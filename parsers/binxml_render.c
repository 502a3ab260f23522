/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a record alone, for owners who want nothing else of it: a plan boiled down to its literals,
 * its values and what decides whether they are there. Neighbouring literals are one copy, and text goes from
 * UTF-16 to escaped UTF-8 in one pass. Of the event itself only its id is noted, because a record without
 * one is none.
 */
#include "binxml_plan.h"

enum render_kind {
    RENDER_LITERAL,
    RENDER_ELEMENT,   /* its literal is there, and all up to next, if value and dependency say so */
    RENDER_ATTRIBUTE, /* its literal, the value and a quotation mark, if the value says so */
    RENDER_VALUE,     /* its literal, then the value */
};

struct render_step {
    uint8_t kind;
    bool optional, is_event_id;
    uint8_t open; /* elements of the plan that are open here */
    uint16_t value, dependency;
    uint32_t from, to; /* its literal */
    uint32_t next;     /* of ELEMENT */
};

/* ---- making ---- */

enum { EVENT_ID_DEPTH = 3 };

/* A plan on its way to its render steps. */
struct boiler {
    const struct binxml_plan *plan;
    struct render_step *steps;
    uint32_t count;
    bool may_join; /* the last step's literal may grow */
    unsigned open;
    struct sv path[EVENT_ID_DEPTH];
};

/* The value at this step is all that System's EventID consists of. One put together is left to the decoder.
 */
static bool is_event_id(const struct boiler *b, uint32_t at)
{
    uint8_t before = b->plan->steps[at - 1].kind, behind = b->plan->steps[at + 1].kind;
    return b->open == EVENT_ID_DEPTH && behind == STEP_CLOSE && before != STEP_TEXT && before != STEP_VALUE &&
           before != STEP_CLOSE && sv_eq(b->path[0], SV("Event")) && sv_eq(b->path[1], SV("System")) &&
           sv_eq(b->path[2], SV("EventID"));
}

static void add_literal(struct boiler *b, const struct plan_step *s)
{
    if (b->may_join)
        b->steps[b->count - 1].to = s->to;
    else
        b->steps[b->count++] = (struct render_step){.kind = RENDER_LITERAL, .from = s->from, .to = s->to};
    b->may_join = true;
}

static void add_value(struct boiler *b, uint32_t at)
{
    const struct plan_step *s = &b->plan->steps[at];
    bool joins = b->may_join && b->steps[b->count - 1].kind == RENDER_LITERAL;
    struct render_step *step = joins ? &b->steps[b->count - 1] : &b->steps[b->count++];
    if (!joins)
        *step = (struct render_step){.from = s->from, .to = s->to};
    step->kind = RENDER_VALUE;
    step->value = s->value;
    step->open = (uint8_t)b->open;
    step->is_event_id = is_event_id(b, at);
    b->may_join = false;
}

static void add_attribute(struct boiler *b, const struct plan_step *s)
{
    b->steps[b->count++] = (struct render_step){
        .kind = RENDER_ATTRIBUTE, .optional = s->optional, .value = s->value, .from = s->from, .to = s->to};
    b->may_join = false;
}

/* An element that is always there once is a literal. */
static bool is_certain(const struct plan_step *s)
{
    return s->dependency == BINXML_NO_DEPENDENCY && s->value == PLAN_NO_VALUE;
}

static uint32_t boil(struct boiler *b, uint32_t at, uint32_t end);

static uint32_t add_element(struct boiler *b, uint32_t at)
{
    const struct plan_step *s = &b->plan->steps[at];
    if (b->open < EVENT_ID_DEPTH)
        b->path[b->open] = s->name.local;
    if (is_certain(s)) {
        add_literal(b, s);
        b->open++;
        return at + 1;
    }
    uint32_t own = b->count++;
    b->steps[own] = (struct render_step){.kind = RENDER_ELEMENT,
                                         .optional = s->optional,
                                         .value = s->value,
                                         .dependency = s->dependency,
                                         .open = (uint8_t)b->open,
                                         .from = s->from,
                                         .to = s->to};
    b->may_join = true;
    b->open++;
    at = boil(b, at + 1, s->next);
    b->steps[own].next = b->count;
    b->may_join = false; /* what follows is there without the element, too */
    return at;
}

static uint32_t boil(struct boiler *b, uint32_t at, uint32_t end)
{
    while (at < end) {
        const struct plan_step *s = &b->plan->steps[at++];
        switch ((enum step_kind)s->kind) {
        case STEP_OPEN:
            at = add_element(b, at - 1);
            break;
        case STEP_ATTRIBUTE_VALUE:
            add_attribute(b, s);
            break;
        case STEP_VALUE:
            add_value(b, at - 1);
            break;
        case STEP_CLOSE:
            b->open--;
            add_literal(b, s);
            break;
        case STEP_ATTRIBUTE_TEXT:
        case STEP_LITERAL:
        case STEP_TEXT:
            add_literal(b, s);
            break;
        }
    }
    return at;
}

const struct render_plan *render_plan_of(struct binxml *b, const struct binxml_plan *plan)
{
    struct render_plan *out = arena_alloc(&b->plan_memory, sizeof *out);
    size_t room = plan->count * sizeof(struct render_step);
    struct boiler boiler = {.plan = plan, .steps = arena_alloc(&b->plan_memory, room)};
    if (!out || !boiler.steps)
        return NULL;
    boil(&boiler, 0, plan->count);
    arena_shrink(&b->plan_memory, boiler.steps, room, boiler.count * sizeof(struct render_step));
    *out = (struct render_plan){boiler.steps, boiler.count};
    return out;
}

static void put_value(struct binxml *b, const struct binxml_value *v, bool in_attribute)
{
    bool is_plain;
    if (v->type != TYPE_NULL && !emit_usual(b, v, in_attribute, &is_plain))
        (void)emit_value(b, v, in_attribute);
}

/* ---- running ---- */

struct render {
    struct binxml *b;
    const struct binxml_plan *plan;
    const struct walk *inside;
    const struct binxml_value *item; /* of an array: stands in for the next value */
    unsigned open;                   /* elements around the plan */
};

/* Most literals are a tag or two: whole blocks are copied faster than as many bytes as there are. */
static inline void put_literal(struct render *r, const struct render_step *s)
{
    enum { BLOCK = PLAN_LITERAL_STEP };
    struct buf *xml = &r->b->xml;
    const char *from = r->plan->literals + s->from;
    size_t n = s->to - s->from;
    char *to = buf_room(xml, n + BLOCK);
    if (!to)
        return;
    xml->n += n;
    for (size_t at = 0; at < n; at += BLOCK)
        memcpy(to + at, from + at, BLOCK);
}

/* A number as the event tree would read it from the text: the first one counts. */
static void note_event_id(struct binxml *b, size_t from)
{
    uint64_t id;
    if (!b->tree.event->event_id.has && sv_to_u64(sv_make(b->xml.p + from, b->xml.n - from), &id))
        b->tree.event->event_id = opt_u64(id);
}

static void render_content(struct render *r, const struct render_step *s)
{
    struct binxml *b = r->b;
    const struct binxml_value *v = r->item ? r->item : walk_value_of(r->inside, s->value);
    size_t from;
    r->item = NULL;
    put_literal(r, s);
    from = b->xml.n;
    if (v->type == TYPE_BINXML) {
        b->open = r->open + s->open;
        walk_value(b, v, r->inside->fragments);
    } else {
        put_value(b, v, false);
    }
    if (s->is_event_id)
        note_event_id(b, from);
}

static void render_attribute(struct render *r, const struct render_step *s)
{
    const struct binxml_value *v = walk_value_of(r->inside, s->value);
    if (s->optional && v->type == TYPE_NULL)
        return;
    put_literal(r, s);
    put_value(r->b, v, true);
    buf_putc(&r->b->xml, '\'');
}

static void render_steps(struct render *r, uint32_t at, uint32_t end);

static void render_repeated(struct render *r, uint32_t at, const struct binxml_value *array)
{
    const struct render_step *s = &r->plan->render->steps[at];
    struct reader items = {r->b->chunk.p, (size_t)array->at + array->size, array->at};
    struct binxml_value item = {.at = array->at};
    (void)binxml_next_item(array->type, &items, &item); /* an empty array gives one empty element */
    do {
        if (!binxml_spend(r->b, s->next - at))
            return;
        put_literal(r, s);
        r->item = &item;
        render_steps(r, at + 1, s->next);
        r->item = NULL;
    } while (binxml_next_item(array->type, &items, &item));
}

/* Returns the step to go on with. The rules are those of the walk. */
static uint32_t render_element(struct render *r, uint32_t at)
{
    const struct render_step *s = &r->plan->render->steps[at];
    const struct binxml_value *first = plan_value(r->inside, s->value);
    bool is_null =
        s->dependency != BINXML_NO_DEPENDENCY && walk_value_of(r->inside, s->dependency)->type == TYPE_NULL;
    if (r->open + s->open > 0 && (is_null || (first && s->optional && first->type == TYPE_NULL)))
        return s->next;
    if (first && first->type & TYPE_ARRAY) {
        render_repeated(r, at, first);
        return s->next;
    }
    put_literal(r, s);
    return at + 1;
}

static void render_steps(struct render *r, uint32_t at, uint32_t end)
{
    while (at < end) {
        const struct render_step *s = &r->plan->render->steps[at++];
        switch ((enum render_kind)s->kind) {
        case RENDER_LITERAL:
            put_literal(r, s);
            break;
        case RENDER_ELEMENT:
            at = render_element(r, at - 1);
            break;
        case RENDER_ATTRIBUTE:
            render_attribute(r, s);
            break;
        case RENDER_VALUE:
            render_content(r, s);
            break;
        }
    }
}

bool plan_renders(const struct binxml_plan *plan)
{
    return plan->render != NULL;
}

void render_run(const struct binxml_plan *plan, const struct walk *inside)
{
    struct render r = {.b = inside->b, .plan = plan, .inside = inside, .open = inside->b->open};
    r.b->tokens -= plan->count;
    render_steps(&r, 0, plan->render->count);
    r.b->open = r.open;
}
