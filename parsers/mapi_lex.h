/* SPDX-License-Identifier: Apache-2.0 */
/* Small steps that the shapes of the text grammar share. Texts are those of mapi_clean: every double quote is
 * '"'. */
#ifndef MAPITAIL_MAPI_LEX_H
#define MAPITAIL_MAPI_LEX_H

#include "mapi_text.h"

/* Offset behind the blanks (line breaks too), or blanks and quotes, that stand at at; lex_back_*: before
 * which they end. */
size_t lex_blanks(struct sv t, size_t at);
size_t lex_blanks_and_quotes(struct sv t, size_t at);
size_t lex_back_blanks(struct sv t, size_t at);

/*
 * Offset behind phrase at at, or 0. A blank in phrase stands for any run of blanks, even none, because copies
 * lose blanks; ASCII case does not matter.
 */
size_t lex_phrase(struct sv t, size_t at, const char *phrase);

/* Offset of the first or last c in t[from, to), or SV_NPOS. */
size_t lex_find(struct sv t, char c, size_t from, size_t to);
size_t lex_rfind(struct sv t, char c, size_t from, size_t to);

/* A letter, a digit, '_', '-' or a byte of a character beyond ASCII: what words are made of. */
bool lex_is_word(char c);

/* Without blanks and without as many quotes at its end as it has at its beginning. */
struct sv lex_unquote(struct sv v);

/* What stands in angle brackets or is a number after '%' is a template's placeholder, no value. */
bool lex_is_placeholder(struct sv word);

/* The shapes. True when the text has the shape; the words that were found are filled in. */
bool mapi_sentence_read(struct sv t, struct mapi_words *out);
bool mapi_list_read(struct sv t, struct mapi_words *out);
bool mapi_neutral_read(struct sv t, struct mapi_words *out);

/* The short way: true where the text is the sentence and nothing else, so that the shapes need not be tried.
 */
bool mapi_plain_read(struct sv t, struct mapi_words *out);

/* The shapes alone, one after the other: what mapi_text_read does where the text is not plain. */
void mapi_text_read_shapes(struct sv text, struct arena *arena, struct mapi_words *out);

/* Where the principal begins: a DN, a GUID or a GUID before a DN. SV_NPOS without either. */
size_t lex_principal(struct sv t);

/* closing when the words that end at at say that the session is closed. */
enum message_form lex_form_before(struct sv t, size_t at);

#endif
