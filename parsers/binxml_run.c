/* SPDX-License-Identifier: Apache-2.0 */
/* Templates made ready, filled in with the values of one record: the event and its text. */
#include "binxml_plan.h"

struct run {
    struct binxml *b;
    const struct binxml_plan *plan;
    const struct walk *inside;
    const struct binxml_value *item;
    uint32_t from, to; /* literals that wait to be written */
};

bool plan_fits(const struct walk *inside, const struct binxml_plan *plan)
{
    const struct binxml *b = inside->b;
    return b->open + plan->depth <= EVENT_TREE_DEPTH_MAX && b->tokens >= plan->count &&
           inside->fragments <= BINXML_FRAGMENTS_MAX;
}

static inline void flush(struct run *r)
{
    buf_put(&r->b->xml, sv_make(r->plan->literals + r->from, r->to - r->from));
    r->from = r->to;
}

static inline void write_literal(struct run *r, const struct plan_step *s)
{
    if (s->from != r->to) {
        flush(r);
        r->from = s->from;
    }
    r->to = s->to;
}

static void run_steps(struct run *r, uint32_t at, uint32_t end);

/* An array repeats its element; an empty one gives one empty element. */
static void run_repeated(struct run *r, uint32_t at, const struct binxml_value *array)
{
    struct binxml *b = r->b;
    const struct plan_step *open = &r->plan->steps[at];
    struct reader items = b->chunk;
    struct binxml_value item = {.at = array->at};
    items.n = (size_t)array->at + array->size;
    items.at = array->at;
    (void)binxml_next_item(array->type, &items, &item);
    do {
        if (!binxml_spend(b, open->next - at))
            return;
        write_literal(r, open);
        b->open++;
        event_tree_open_named(&b->tree, &open->name);
        r->item = &item;
        run_steps(r, at + 1, open->next);
        r->item = NULL;
    } while (binxml_next_item(array->type, &items, &item));
}

/* Opens an element, or passes it. Returns the step to go on with. */
static uint32_t run_open(struct run *r, uint32_t at)
{
    struct binxml *b = r->b;
    const struct plan_step *s = &r->plan->steps[at];
    const struct binxml_value *first = plan_value(r->inside, s->value);
    bool is_null =
        s->dependency != BINXML_NO_DEPENDENCY && walk_value_of(r->inside, s->dependency)->type == TYPE_NULL;
    /* The root is there whatever its payload is: see the walk. */
    if (b->open > 0 && (is_null || (first && s->optional && first->type == TYPE_NULL)))
        return s->next;
    if (first && first->type & TYPE_ARRAY) {
        run_repeated(r, at, first);
        return s->next;
    }
    write_literal(r, s);
    b->open++;
    event_tree_open_named(&b->tree, &s->name);
    return at + 1;
}

static void run_attribute(struct run *r, const struct plan_step *s)
{
    const struct binxml_value *value = walk_value_of(r->inside, s->value);
    if (s->optional && value->type == TYPE_NULL)
        return;
    write_literal(r, s);
    flush(r);
    event_tree_attribute_named(&r->b->tree, &s->name, emit_value(r->b, value, true));
    buf_putc(&r->b->xml, '\'');
}

static void run_value(struct run *r, const struct plan_step *s)
{
    const struct binxml_value *value = r->item ? r->item : walk_value_of(r->inside, s->value);
    r->item = NULL;
    flush(r);
    walk_value(r->b, value, r->inside->fragments);
}

static void run_steps(struct run *r, uint32_t at, uint32_t end)
{
    struct binxml *b = r->b;
    while (at < end) {
        const struct plan_step *s = &r->plan->steps[at++];
        switch ((enum step_kind)s->kind) {
        case STEP_OPEN:
            at = run_open(r, at - 1);
            break;
        case STEP_ATTRIBUTE_TEXT:
            write_literal(r, s);
            event_tree_attribute_named(&b->tree, &s->name, s->text);
            break;
        case STEP_ATTRIBUTE_VALUE:
            run_attribute(r, s);
            break;
        case STEP_LITERAL:
            write_literal(r, s);
            break;
        case STEP_TEXT:
            write_literal(r, s);
            event_tree_text(&b->tree, s->text);
            break;
        case STEP_VALUE:
            run_value(r, s);
            break;
        case STEP_CLOSE:
            write_literal(r, s);
            b->open--;
            event_tree_close(&b->tree);
            break;
        }
    }
}

void plan_run(const struct binxml_plan *plan, const struct walk *inside)
{
    struct run r = {.b = inside->b, .plan = plan, .inside = inside};
    r.b->tokens -= plan->count;
    run_steps(&r, 0, plan->count);
    flush(&r);
}
