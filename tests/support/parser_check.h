/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for every parser of text, whatever its format: claims about one export, each a function that
 * asserts. An event is compared by everything that is known about it, one line an event.
 */
#ifndef MAPITAIL_PARSER_CHECK_H
#define MAPITAIL_PARSER_CHECK_H

#include "buf.h"
#include "parser.h"

struct parser_check {
    const struct parser_ops *ops;
    struct parser_options options; /* a NULL selector: MSExchangeIS* 9646 */
};

/* The event read last, for what a line does not tell. Views in it are gone. */
extern struct event check_event;

/* The events and skips of an export, one a line; lives until the next call. */
struct sv check_run(const struct parser_check *c, struct sv text);

/* The same with a selector that takes everything. */
struct sv check_run_all(const struct parser_check *c, struct sv text);

/* The lines must be these. */
void check_gives(const struct parser_check *c, struct sv text, struct sv want);

size_t check_count(const struct parser_check *c, struct sv text); /* of events */
size_t check_skips(const struct parser_check *c, struct sv text);

/* Written step by step, with steps of several sizes from 1 byte on, the export gives the same. */
void check_growth(const struct parser_check *c, struct sv text);

/* Cut after any byte and not complete, it gives the beginning of the same, and goes on when the rest comes;
 * complete, it comes to an end. */
void check_truncation(const struct parser_check *c, struct sv text);

/* Reading on from any position (of many, some) gives the rest of the same. */
void check_resume(const struct parser_check *c, struct sv text);

/* A changed byte anywhere does not stop the parser. */
void check_flips(const struct parser_check *c, struct sv text);

/* In UTF-16, both ways, it gives the same. */
void check_encodings(const struct parser_check *c, struct sv text);

/* A position in other content is refused, `end` is behind the last line, every beginning can be probed. */
void check_positions(const struct parser_check *c, struct sv text);

/* All of these. */
void check_everything(const struct parser_check *c, struct sv text);

/* The first event of each export is the same: its event.id does not depend on the format. */
void check_same_id(const struct parser_ops *a, struct sv text_a, const struct parser_ops *b,
                   struct sv text_b);

#define check_sv(got, want)                                                                                  \
    do {                                                                                                     \
        struct sv got_ = (got), want_ = (want);                                                              \
        cr_assert(sv_eq(got_, want_), "got:\n%.*s\nwant:\n%.*s", SV_ARG(got_), SV_ARG(want_));               \
    } while (0)

#endif
