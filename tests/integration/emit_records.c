/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes ECS records to standard output, one a line, for check_records.py: the two documented ones, then as
 * many with random hostile text as its argument says. Text is UTF-8, as parsers promise it.
 */
#include "encoder.h"
#include "identity.h"
#include "utf.h"

#include "../unit/hostile_text.h"
#include "../unit/sample_records.h"

extern const struct encoder_ops encoder_ecs;

static struct sample s;
static struct hostile h = {.state = 842022};
static struct arena arena;
static struct buf out;

static bool emit(struct identity *identity)
{
    buf_reset(&out);
    if (!identity_fill(identity, &s.record, 1) ||
        encoder_ecs.encode(&s.context, &s.record, 1, &out) == ENCODE_TOO_LARGE)
        return false;
    buf_putc(&out, '\n');
    return fwrite(out.p, 1, out.n, stdout) == out.n;
}

static struct sv text(void)
{
    return utf8_clean(&arena, hostile_text(&h), NULL);
}

static void make_identity_hostile(struct mapi_limit *m)
{
    m->legacy_dn = text();
    m->organization = text();
    m->admin_group = text();
    m->container = text();
    m->cn = text();
    m->user = text();
    m->client_type_canonical = text();
    m->object_type = text();
    m->object_type_raw = text();
    m->limit_class = (enum limit_class)hostile_below(&h, 4);
    m->form = (enum message_form)hostile_below(&h, 2);
    m->status = (enum parse_status)hostile_below(&h, 3);
    m->limit.has = hostile_below(&h, 2) != 0;
}

static void make_event_hostile(struct event *e)
{
    e->computer = text();
    e->channel = text();
    e->user_sid = text();
    e->task_text = text();
    e->original = text();
    e->timezone = text();
    e->level.has = hostile_below(&h, 2) != 0;
    e->level_text = text();
    e->time.present = hostile_below(&h, 8) != 0;
    e->time.sec += (int64_t)hostile_below(&h, 3) - 1;
    e->is_user_data = hostile_below(&h, 4) == 0;
    e->data_count = 0;
    for (size_t i = hostile_below(&h, 6); i > 0; i--)
        event_add_datum(e, text(), text());
}

/* A record of what was read. */
static void make_coverage_hostile(struct record *r)
{
    static struct coverage facts;
    facts = (struct coverage){.source = SV("exports"),
                              .format = text(),
                              .provider = text(),
                              .channel = text(),
                              .since = s.record.created,
                              .until = s.record.created,
                              .is_silent = hostile_below(&h, 2) != 0,
                              .first_record_id = opt_u64(hostile_number(&h)),
                              .ids_are_of_matched = hostile_below(&h, 2) != 0,
                              .from_offset = opt_u64(hostile_number(&h)),
                              .last_event = s.event.time,
                              .read = hostile_below(&h, 1000)};
    facts.since.sec -= 900;
    r->kind = RECORD_COVERAGE;
    r->coverage = &facts;
    s.event.time = facts.until;
    s.event.event_id.has = s.event.record_id.has = false;
    s.event.original = s.event.user_sid = SV_ABSENT;
}

static void make_hostile(void)
{
    h.used = 0;
    arena_reset(&arena);
    sample_native(&s);
    make_event_hostile(&s.event);
    make_identity_hostile(&s.record.mapi);
    s.record.message = text();
    s.record.key = text();
    s.record.file_path = text();
    if (hostile_below(&h, 4) == 0)
        s.record.kind = RECORD_EVENT;
    if (hostile_below(&h, 8) == 0)
        make_coverage_hostile(&s.record);
    s.context.original = (enum original_policy)hostile_below(&h, 3);
    if (hostile_below(&h, 8) == 0)
        s.context.max_bytes = 3000;
}

int main(int argc, char **argv)
{
    unsigned long hostile_records = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct identity *identity = identity_new();
    arena_init(&arena, 8 << 20);
    buf_init(&out, 8 << 20);
    sample_native(&s);
    bool ok = identity && emit(identity);
    sample_managed(&s);
    ok = ok && emit(identity);
    while (ok && hostile_records-- > 0) {
        make_hostile();
        /* What is too large for its limit is no record; another one takes its place. */
        for (s.record.id[0] = '\0'; ok && !emit(identity); s.context.max_bytes = 0)
            ok = s.context.max_bytes != 0;
    }
    identity_free(identity);
    buf_free(&out);
    arena_free(&arena);
    return ok ? 0 : 1;
}
