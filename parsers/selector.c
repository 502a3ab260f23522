/* SPDX-License-Identifier: Apache-2.0 */
/* Which events are wanted. */
#include "selector.h"

void selector_init_default(struct selector *s)
{
    *s = (struct selector){
        .rules = {{.provider = SV_INIT("MSExchangeIS*"), .event_id = 9646}},
        .count = 1,
    };
}

static bool rule_takes_id(const struct selector_rule *r, uint64_t id)
{
    return r->any_id || (id & 0xffff) == r->event_id;
}

static bool rule_takes_provider(const struct selector_rule *r, struct sv provider)
{
    struct sv want = r->provider;
    if (sv_ends(want, SV("*")))
        return sv_istarts(provider, sv_slice(want, 0, want.n - 1));
    return sv_ieq(provider, want);
}

bool selector_wants_id(const struct selector *s, uint64_t id)
{
    if (s->all)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (rule_takes_id(&s->rules[i], id))
            return true;
    return false;
}

bool selector_wants_provider(const struct selector *s, struct sv provider)
{
    if (s->all)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (rule_takes_provider(&s->rules[i], provider))
            return true;
    return false;
}

bool selector_wants(const struct selector *s, struct sv provider, uint64_t id)
{
    if (s->all)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (rule_takes_id(&s->rules[i], id) && rule_takes_provider(&s->rules[i], provider))
            return true;
    return false;
}

bool selector_single_id(const struct selector *s, uint32_t *id)
{
    if (s->all || s->count == 0)
        return false;
    for (size_t i = 0; i < s->count; i++)
        if (s->rules[i].any_id || s->rules[i].event_id != s->rules[0].event_id)
            return false;
    *id = s->rules[0].event_id;
    return true;
}
