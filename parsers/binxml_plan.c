/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates made ready: what a definition says, once per chunk, so that its next record costs only its
 * values.
 *
 * A plan is the definition as a list of steps and one text with all its literals, escaped already. Literals
 * of neighbouring steps stand next to each other and are copied in one go. Whatever is unusual (sizes that
 * disagree with the tokens, attributes put together from several pieces, CDATA, processing instructions) has
 * no plan: the walk knows how far it can be read.
 */
#include "binxml_plan.h"

#include "xml_escape.h"

struct maker {
    struct walk w; /* stands in the definition; has no values */
    struct binxml_draft *draft;
    uint32_t count;
    unsigned depth, deepest;
};

static struct plan_step *steps_of(struct binxml_draft *d)
{
    return (struct plan_step *)(void *)d->steps.p;
}

static bool add_step(struct maker *m, struct plan_step step)
{
    step.from = step.to = (uint32_t)m->draft->xml.n;
    buf_put(&m->draft->steps, sv_make(&step, sizeof step));
    m->count++;
    return buf_ok(&m->draft->steps) && binxml_spend(m->w.b, 1);
}

/* The literal of the last step goes up to here. */
static bool end_literal(struct maker *m)
{
    steps_of(m->draft)[m->count - 1].to = (uint32_t)m->draft->xml.n;
    return buf_ok(&m->draft->xml);
}

static bool peek(const struct maker *m, uint8_t *token)
{
    if (!reader_left(&m->w.r))
        return false;
    *token = m->w.r.p[m->w.r.at] & (uint8_t)~TOKEN_MORE;
    return true;
}

static bool is_text(uint8_t token)
{
    return token == TOKEN_TEXT || token == TOKEN_CHARACTER || token == TOKEN_ENTITY;
}

/* Reads one token of literal text; false for text that is damaged: then it says so in each event. */
static bool read_literal(struct maker *m, struct buf *out)
{
    uint8_t token;
    bool *replaced = &m->w.b->tree.event->text_replaced, was = *replaced;
    *replaced = false;
    bool ok = reader_u8(&m->w.r, &token) && walk_text(&m->w, token & (uint8_t)~TOKEN_MORE, out);
    ok = ok && !*replaced;
    *replaced = was;
    return ok;
}

/* Puts literal text, as it is and escaped, behind the last step's. */
static bool put_literal(struct maker *m, bool in_attribute)
{
    struct binxml *b = m->w.b;
    struct plan_step *step = &steps_of(m->draft)[m->count - 1];
    step->text = arena_copy(&b->plan_memory, buf_sv(&b->literal));
    if (!buf_ok(&b->literal) || sv_absent(step->text))
        return false;
    xml_escape_put(&m->draft->xml, step->text, in_attribute);
    return end_literal(m);
}

static bool read_index(struct maker *m, uint16_t *index, bool *optional)
{
    uint8_t token, type;
    if (!reader_u8(&m->w.r, &token) || !reader_u16(&m->w.r, index) || !reader_u8(&m->w.r, &type))
        return false;
    *optional = (token & ~TOKEN_MORE) == TOKEN_OPTIONAL;
    return *index != PLAN_NO_VALUE;
}

static bool is_substitution(uint8_t token)
{
    return token == TOKEN_SUBSTITUTION || token == TOKEN_OPTIONAL;
}

/* A literal attribute's text may come in pieces; a value must be alone. Its start tag begins at `tag`. */
static bool plan_attribute(struct maker *m, size_t tag)
{
    struct binxml *b = m->w.b;
    struct binxml_name stored;
    uint8_t token;
    if (!reader_u8(&m->w.r, &token) || !binxml_read_name(&b->chunk, &m->w.r, &stored) || !peek(m, &token))
        return false;
    const struct binxml_known_name *name = binxml_known(b, &stored);
    struct plan_step step = {.kind = STEP_ATTRIBUTE_TEXT, .name = name->tree};
    bool is_value = is_substitution(token);
    if (emit_has_attribute(sv_make(m->draft->xml.p + tag, m->draft->xml.n - tag), name->text))
        return false;
    if (is_value && !read_index(m, &step.value, &step.optional))
        return false;
    step.kind = is_value ? STEP_ATTRIBUTE_VALUE : STEP_ATTRIBUTE_TEXT;
    if (!add_step(m, step))
        return false;
    struct buf *xml = &m->draft->xml;
    buf_putc(xml, ' ');
    buf_put(xml, name->text);
    buf_lit(xml, "='");
    buf_reset(&b->literal);
    if (is_value)
        return end_literal(m) && peek(m, &token) && !is_text(token) && !is_substitution(token);
    while (peek(m, &token) && is_text(token))
        if (!read_literal(m, &b->literal))
            return false;
    if (is_substitution(token) || !put_literal(m, true))
        return false;
    buf_putc(xml, '\'');
    return end_literal(m);
}

static bool plan_start_tag(struct maker *m, size_t tag, uint8_t *closing)
{
    while (peek(m, closing) && *closing == TOKEN_ATTRIBUTE)
        if (!plan_attribute(m, tag))
            return false;
    return reader_u8(&m->w.r, closing) && (*closing == TOKEN_CLOSE_START || *closing == TOKEN_CLOSE_EMPTY);
}

/* Closes the start tag; the steps before may be left out at run time if they are attributes. */
static bool plan_tag_end(struct maker *m)
{
    bool may_go = steps_of(m->draft)[m->count - 1].kind == STEP_ATTRIBUTE_VALUE;
    if (may_go && !add_step(m, (struct plan_step){.kind = STEP_LITERAL}))
        return false;
    buf_putc(&m->draft->xml, '>');
    return end_literal(m);
}

static bool plan_element(struct maker *m);

static bool plan_content(struct maker *m)
{
    uint8_t token;
    while (peek(m, &token) && token != TOKEN_END) {
        struct plan_step step = {.kind = STEP_VALUE};
        if (token == TOKEN_ELEMENT) {
            if (!plan_element(m))
                return false;
        } else if (is_substitution(token)) {
            if (!read_index(m, &step.value, &step.optional) || !add_step(m, step))
                return false;
        } else if (is_text(token)) {
            step.kind = STEP_TEXT;
            buf_reset(&m->w.b->literal);
            if (!add_step(m, step) || !read_literal(m, &m->w.b->literal) || !put_literal(m, false))
                return false;
        } else {
            return false;
        }
    }
    return reader_u8(&m->w.r, &token) && token == TOKEN_END;
}

/* What the element's content begins with decides whether it is there: see first_substitution of the walk. */
static bool note_first(struct maker *m, uint32_t open)
{
    struct maker ahead = *m;
    uint8_t token;
    uint16_t index;
    bool optional;
    if (!peek(m, &token))
        return false;
    if (!is_substitution(m->w.r.p[m->w.r.at]))
        return true;
    if (!read_index(&ahead, &index, &optional))
        return false;
    steps_of(m->draft)[open].value = index;
    steps_of(m->draft)[open].optional = optional;
    return true;
}

static bool plan_body(struct maker *m, const struct binxml_element *e, const struct binxml_known_name *name,
                      uint32_t open)
{
    struct buf *xml = &m->draft->xml;
    size_t tag = steps_of(m->draft)[open].from;
    uint8_t closing;
    if (!plan_start_tag(m, tag, &closing) || m->w.r.at - 1 != e->content)
        return false;
    if (closing == TOKEN_CLOSE_EMPTY) {
        if (!add_step(m, (struct plan_step){.kind = STEP_CLOSE}))
            return false;
        buf_lit(xml, "/>");
        return end_literal(m);
    }
    if (!plan_tag_end(m) || !note_first(m, open) || !plan_content(m) ||
        !add_step(m, (struct plan_step){.kind = STEP_CLOSE}))
        return false;
    buf_lit(xml, "</");
    buf_put(xml, name->text);
    buf_putc(xml, '>');
    return end_literal(m);
}

static bool plan_element(struct maker *m)
{
    struct binxml_element e;
    if (!binxml_read_element(&m->w.b->chunk, &m->w.r, true, &e) || ++m->depth > EVENT_TREE_DEPTH_MAX)
        return false;
    if (m->depth > m->deepest)
        m->deepest = m->depth;
    /* A copy: names below may take its place in the table. */
    struct binxml_known_name name = *binxml_known(m->w.b, &e.name);
    uint32_t open = m->count;
    if (!add_step(
            m, (struct plan_step){
                   .kind = STEP_OPEN, .name = name.tree, .value = PLAN_NO_VALUE, .dependency = e.dependency}))
        return false;
    buf_putc(&m->draft->xml, '<');
    buf_put(&m->draft->xml, name.text);
    if (!end_literal(m) || !plan_body(m, &e, &name, open) || m->w.r.at != e.end)
        return false;
    steps_of(m->draft)[open].next = m->count;
    m->depth--;
    return true;
}

/* A fragment header or none, then elements up to the end. */
static bool plan_definition(struct maker *m)
{
    uint8_t token;
    while (peek(m, &token) && token != TOKEN_EOF) {
        if (token == TOKEN_FRAGMENT ? !reader_skip(&m->w.r, 4) : token != TOKEN_ELEMENT || !plan_element(m))
            return false;
    }
    return m->count > 0;
}

/* The draft's literals, with room behind them. */
static const char *keep_literals(struct binxml *b, struct sv draft)
{
    char *literals = arena_alloc(&b->plan_memory, draft.n + PLAN_LITERAL_STEP);
    if (!literals)
        return NULL;
    memcpy(literals, draft.p, draft.n);
    memset(literals + draft.n, 0, PLAN_LITERAL_STEP);
    return literals;
}

static const struct binxml_plan *keep_plan(struct binxml *b, const struct maker *m)
{
    struct binxml_plan *plan = arena_alloc(&b->plan_memory, sizeof *plan);
    const char *literals = keep_literals(b, buf_sv(&m->draft->xml));
    struct sv steps = arena_copy(&b->plan_memory, buf_sv(&m->draft->steps));
    if (!plan || !literals || sv_absent(steps))
        return NULL;
    *plan = (struct binxml_plan){.literals = literals,
                                 .steps = (const struct plan_step *)(const void *)steps.p,
                                 .count = m->count,
                                 .depth = m->deepest};
    if (b->wants_text_only)
        plan->render = render_plan_of(b, plan);
    return plan;
}

static const struct binxml_plan *make_plan(struct binxml *b, const struct reader *definition)
{
    struct maker m = {.w = {.b = b, .r = *definition, .in_definition = true}, .draft = &b->draft};
    bool over_limit = b->over_limit;
    buf_reset(&b->draft.xml);
    buf_reset(&b->draft.steps);
    b->over_limit = false;
    const struct binxml_plan *plan = plan_definition(&m) && !b->over_limit ? keep_plan(b, &m) : NULL;
    b->over_limit = over_limit;
    return plan;
}

const struct binxml_plan *plan_of(struct binxml *b, const struct binxml_instance *instance,
                                  const struct reader *definition)
{
    uint32_t offset = instance->definition;
    struct binxml_known_plan *known = &b->plans[(offset >> 3 ^ offset) % BINXML_KNOWN_PLANS];
    if (known->definition != offset || known->template_id != instance->template_id)
        *known = (struct binxml_known_plan){offset, instance->template_id, make_plan(b, definition)};
    return known->plan;
}
