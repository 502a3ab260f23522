/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for every parser of text. */
#include "parser_check.h"

#include "export_bytes.h"
#include "identity.h"
#include "mapi9646.h"
#include "utf.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { DUMP_MAX = 256 << 20, STEPS_MAX = 4000000, POSITIONS_MAX = 4096, RESUMED = 64 };

struct event check_event;

/* --- events as text --- */

static void put_time(struct buf *b, const struct event *e)
{
    char text[WTIME_TEXT_MAX];
    if (e->time.present)
        put_field(b, "time", sv_make(text, wtime_format(&e->time, 9, text)));
    else
        put_field(b, "badtime", e->time_text);
    put_field(b, "zone", e->timezone);
}

static void put_system(struct buf *b, const struct event *e)
{
    put_field(b, "provider", e->provider);
    put_field(b, "guid", e->provider_guid);
    put_number(b, "id", e->event_id);
    put_number(b, "qualifiers", e->qualifiers);
    put_number(b, "version", e->version);
    put_number(b, "level", e->level);
    put_number(b, "task", e->task);
    put_number(b, "opcode", e->opcode);
    put_number(b, "keywords", e->keywords);
    put_time(b, e);
    put_number(b, "record", e->record_id);
    put_number(b, "pid", e->process_id);
    put_number(b, "tid", e->thread_id);
    put_field(b, "channel", e->channel);
    put_field(b, "computer", e->computer);
    put_field(b, "sid", e->user_sid);
}

static void put_event(struct buf *b, const struct event *e)
{
    put_system(b, e);
    for (size_t i = 0; i < e->data_count; i++)
        put_field(b, "data", e->data[i].value);
    put_field(b, "binary", e->binary);
    put_field(b, "level_text", e->level_text);
    put_field(b, "task_text", e->task_text);
    put_field(b, "opcode_text", e->opcode_text);
    for (size_t i = 0; i < e->keyword_text_count; i++)
        put_field(b, "keyword", e->keyword_texts[i]);
    put_field(b, "message", e->message);
    if (e->text_replaced)
        buf_lit(b, "replaced ");
    if (e->cut)
        buf_lit(b, "cut ");
    cr_assert_eq(utf8_valid_length(e->original), e->original.n, "the original is valid UTF-8");
    cr_assert_eq(utf8_valid_length(e->message), e->message.n, "the message is valid UTF-8");
}

static void put_step(struct buf *b, const struct step *s)
{
    if (s->kind == STEP_EVENT) {
        buf_lit(b, "EVENT ");
        put_event(b, &check_event);
    } else {
        buf_lit(b, "SKIP ");
        buf_put(b, sv_from(s->reason));
    }
    buf_putc(b, '\n');
}

/* --- reading --- */

struct positions {
    struct position at[POSITIONS_MAX];
    size_t dumped[POSITIONS_MAX]; /* bytes of the dump when it was given */
    size_t count;
};

static struct selector nine;
static struct buf dump;

static struct parser_options options_of(const struct parser_check *c)
{
    struct parser_options options = c->options;
    if (!options.selector) {
        selector_init_default(&nine);
        options.selector = &nine;
    }
    return options;
}

static void drain(const struct parser_check *c, struct parser *p, const struct input *in, struct buf *b,
                  struct positions *positions)
{
    struct step s = {0};
    for (size_t steps = 0;; steps++) {
        cr_assert_lt(steps, STEPS_MAX, "the parser comes to an end");
        c->ops->next(p, &check_event, &s);
        cr_assert_leq(s.pos.offset, in->size);
        if (s.kind == STEP_MORE || s.kind == STEP_FATAL)
            break;
        if (s.kind == STEP_SKIP)
            cr_assert(s.reason && s.offset + s.length <= in->size);
        if (s.kind == STEP_EVENT || s.kind == STEP_SKIP)
            put_step(b, &s);
        if (positions && positions->count < POSITIONS_MAX) {
            positions->dumped[positions->count] = b->n;
            positions->at[positions->count++] = s.pos;
        }
    }
    cr_assert_eq(s.kind, STEP_MORE, "%s", s.fault.text);
    cr_assert(buf_ok(b));
}

static void run_from(const struct parser_check *c, struct sv text, const struct position *from, bool complete,
                     struct buf *b, struct positions *positions)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, complete};
    struct parser_options options = options_of(c);
    struct fault fault = {0};
    struct parser *p = c->ops->open(&in, from, &options, &fault);
    cr_assert_not_null(p, "%s", fault.text);
    drain(c, p, &in, b, positions);
    c->ops->close(p);
}

static void start(struct buf *b)
{
    buf_free(b);
    buf_init(b, DUMP_MAX);
}

struct sv check_run(const struct parser_check *c, struct sv text)
{
    struct position beginning = {0};
    start(&dump);
    run_from(c, text, &beginning, true, &dump, NULL);
    return buf_sv(&dump);
}

struct sv check_run_all(const struct parser_check *c, struct sv text)
{
    static const struct selector all = {.all = true};
    struct parser_check every = *c;
    every.options.selector = &all;
    return check_run(&every, text);
}

void check_gives(const struct parser_check *c, struct sv text, struct sv want)
{
    check_sv(check_run(c, text), want);
}

size_t check_count(const struct parser_check *c, struct sv text)
{
    return count_lines(check_run(c, text), "EVENT ");
}

size_t check_skips(const struct parser_check *c, struct sv text)
{
    return count_lines(check_run(c, text), "SKIP ");
}

/* --- claims --- */

static void grow_by(const struct parser_check *c, struct sv text, size_t by, struct buf *b)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, 0, false};
    struct parser_options options = options_of(c);
    struct position beginning = {0};
    struct parser *p = c->ops->open(&in, &beginning, &options, NULL);
    cr_assert_not_null(p);
    start(b);
    while (in.size < text.n) {
        in.size = text.n - in.size < by ? text.n : in.size + by;
        drain(c, p, &in, b, NULL);
    }
    in.complete = true;
    drain(c, p, &in, b, NULL);
    c->ops->close(p);
}

void check_growth(const struct parser_check *c, struct sv text)
{
    struct buf grown = {0};
    static const size_t steps[] = {1, 2, 3, 5, 7, 11, 40, 100};
    check_run(c, text);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        grow_by(c, text, steps[i], &grown);
        check_sv(buf_sv(&grown), buf_sv(&dump));
    }
    buf_free(&grown);
}

void check_truncation(const struct parser_check *c, struct sv text)
{
    struct position beginning = {0};
    struct buf part = {0};
    check_run(c, text);
    for (size_t n = 0; n < text.n; n++) {
        /* A copy of its own, so that a byte read behind it is found out. */
        char *copy = malloc(n + 1);
        cr_assert_not_null(copy);
        memcpy(copy, text.p, n);
        start(&part);
        run_from(c, sv_make(copy, n), &beginning, false, &part, NULL);
        cr_assert(sv_starts(buf_sv(&dump), buf_sv(&part)), "cut after %zu bytes: %.*s", n,
                  SV_ARG(buf_sv(&part)));
        run_from(c, sv_make(copy, n), &beginning, true, &part, NULL);
        free(copy);
    }
    buf_free(&part);
}

void check_resume(const struct parser_check *c, struct sv text)
{
    static struct positions positions;
    struct position beginning = {0};
    struct buf rest = {0};
    positions.count = 0;
    start(&dump);
    run_from(c, text, &beginning, true, &dump, &positions);
    cr_assert_gt(positions.count, 0);
    /* Of many, some. */
    size_t stride = positions.count / RESUMED + 1;
    for (size_t i = 0; i < positions.count; i += stride) {
        start(&rest);
        run_from(c, text, &positions.at[i], true, &rest, NULL);
        check_sv(buf_sv(&rest), sv_slice(buf_sv(&dump), positions.dumped[i], dump.n));
    }
    buf_free(&rest);
}

void check_flips(const struct parser_check *c, struct sv text)
{
    static const unsigned char changes[] = {0xff, 0x03};
    struct position beginning = {0};
    struct buf damaged = {0};
    char *copy = malloc(text.n);
    cr_assert_not_null(copy);
    memcpy(copy, text.p, text.n);
    for (size_t i = 0; i < text.n * sizeof changes; i++) {
        char *at = copy + i / sizeof changes;
        *at = (char)(*at ^ (char)changes[i % sizeof changes]);
        start(&damaged);
        run_from(c, sv_make(copy, text.n), &beginning, true, &damaged, NULL);
        *at = (char)(*at ^ (char)changes[i % sizeof changes]);
    }
    free(copy);
    buf_free(&damaged);
}

void check_encodings(const struct parser_check *c, struct sv text)
{
    struct buf wide = {0};
    struct position beginning = {0};
    check_run(c, text);
    for (int big = 0; big < 2; big++) {
        struct sv copy =
            utf16(sv_slice(text, sv_starts(text, SV("\xef\xbb\xbf")) ? 3 : 0, text.n), big, true);
        start(&wide);
        run_from(c, copy, &beginning, true, &wide, NULL);
        check_sv(buf_sv(&wide), buf_sv(&dump));
        cr_assert_gt(c->ops->probe(sv_slice(copy, 0, PARSER_HEAD_BYTES), true), 0);
        free_sv(copy);
    }
    buf_free(&wide);
}

void check_positions(const struct parser_check *c, struct sv text)
{
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct parser_options options = options_of(c);
    struct position end, wrong;
    struct fault fault = {0};
    cr_assert(c->ops->end(&in, &end, &fault));
    cr_assert_leq(end.offset, text.n);
    wrong = end;
    wrong.check ^= 1;
    cr_assert_null(c->ops->open(&in, &wrong, &options, &fault));
    cr_assert_eq(fault.code, FAULT_REPLACED);
    int whole = c->ops->probe(sv_slice(text, 0, PARSER_HEAD_BYTES), true);
    cr_assert_gt(whole, 50);
    for (size_t n = 0; n < text.n && n < PARSER_HEAD_BYTES; n++) {
        int some = c->ops->probe(sv_slice(text, 0, n), false);
        cr_assert(some == PROBE_MORE || some > 0, "%d after %zu bytes", some, n);
    }
    cr_assert_leq(c->ops->stable_prefix(text), text.n);
}

void check_everything(const struct parser_check *c, struct sv text)
{
    check_growth(c, text);
    check_truncation(c, text);
    check_resume(c, text);
    check_flips(c, text);
    check_encodings(c, text);
    check_positions(c, text);
}

static void id_of(const struct parser_ops *ops, struct sv text, char out[RECORD_ID_TEXT])
{
    struct selector all = {.all = true};
    struct bytes bytes = {text.p, text.n, 0};
    struct input in = {&bytes, read_bytes, text.n, true};
    struct position beginning = {0};
    struct parser *p = ops->open(&in, &beginning, &(struct parser_options){.selector = &all}, NULL);
    struct identity *identity = identity_new();
    struct arena arena;
    struct record r;
    struct step s;
    cr_assert(p && identity);
    ops->next(p, &check_event, &s);
    cr_assert_eq(s.kind, STEP_EVENT);
    cr_assert(check_event.record_id.has && check_event.time.present && !sv_empty(check_event.computer));
    arena_init(&arena, 1 << 20);
    record_normalize(&check_event, &arena, &r);
    cr_assert_eq(r.mapi.status, PARSE_COMPLETE);
    cr_assert(identity_fill_id(identity, &r, 1));
    memcpy(out, r.id, RECORD_ID_TEXT);
    arena_free(&arena);
    identity_free(identity);
    ops->close(p);
}

void check_same_id(const struct parser_ops *a, struct sv text_a, const struct parser_ops *b, struct sv text_b)
{
    char id_a[RECORD_ID_TEXT], id_b[RECORD_ID_TEXT];
    id_of(a, text_a, id_a);
    id_of(b, text_b, id_b);
    cr_assert_str_eq(id_a, id_b);
}
