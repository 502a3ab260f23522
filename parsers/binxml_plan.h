/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan consists of: made by binxml_plan.c, run by binxml_run.c where the event is wanted and by
 * binxml_render.c where its text is all.
 */
#ifndef MAPITAIL_BINXML_PLAN_H
#define MAPITAIL_BINXML_PLAN_H

#include "binxml_walk.h"

enum step_kind {
    STEP_OPEN,            /* element; value and dependency tell whether it is there at all, and how often */
    STEP_ATTRIBUTE_TEXT,  /* a literal attribute */
    STEP_ATTRIBUTE_VALUE, /* an attribute that is one value; its quotation mark at the end is not a literal */
    STEP_LITERAL,
    STEP_TEXT,  /* literal text of an element */
    STEP_VALUE, /* a value in an element's content */
    STEP_CLOSE,
};

enum { PLAN_NO_VALUE = 0xffff };

struct plan_step {
    uint8_t kind;
    bool optional;
    uint16_t value, dependency; /* of OPEN: the value that its content begins with */
    uint32_t from, to;          /* its literal */
    uint32_t next;              /* OPEN: the step behind the element */
    struct event_tree_name name;
    struct sv text; /* of literals, as the event has it */
};

struct render_step;
struct render_plan {
    const struct render_step *steps;
    uint32_t count;
};

enum { PLAN_LITERAL_STEP = 32 };

struct binxml_plan {
    const char *literals;             /* and PLAN_LITERAL_STEP bytes, so that they may be copied in blocks */
    const struct render_plan *render; /* NULL: nobody has asked for text alone, or there is no memory */
    const struct plan_step *steps;
    uint32_t count;
    unsigned depth; /* elements inside each other */
};

/* The plan's steps as rendering wants them; NULL without memory. Lives as long as the plan. */
const struct render_plan *render_plan_of(struct binxml *b, const struct binxml_plan *plan);

/* The value that stands for a step's index. */
static inline const struct binxml_value *plan_value(const struct walk *inside, uint16_t index)
{
    return index == PLAN_NO_VALUE ? NULL : walk_value_of(inside, index);
}

#endif
