/* SPDX-License-Identifier: Apache-2.0 */
/* Levels by their names, as Windows and its tools write them in many languages. Pure. */
#ifndef MAPITAIL_LEVEL_WORDS_H
#define MAPITAIL_LEVEL_WORDS_H

#include "event.h"

/* 1 critical, 2 error, 3 warning, 4 information, 5 verbose, 0 audit; nothing for other words. */
struct opt_u64 level_of_word(struct sv word);

#endif
