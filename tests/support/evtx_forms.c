/* SPDX-License-Identifier: Apache-2.0 */
/* The ways that the format has to say whose event a record is. */
#include "evtx_forms.h"

#include "binxml.h"

enum { VALUES = 20 };

#define TEMPLATE_KEY UINT64_C(0x5eed000012345000)

#define BYTES(s) .bytes = (s), .n = sizeof(s) - 1

static void provider(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_element e = tokens_open(o, "Provider", TOKENS_NO_DEPENDENCY, true);
    tokens_literal_attribute(o, "Name", f->provider ? f->provider : "MSExchangeIS", f->source);
    if (f->source)
        tokens_literal_attribute(o, "EventSourceName", f->source, false);
    tokens_end_attributes(o, &e, TOKEN_CLOSE_EMPTY);
    tokens_end_element(o, &e);
}

static void id_value(struct tokens *o, uint16_t index)
{
    struct tokens_element e = tokens_open_plain(o, "EventID");
    tokens_substitution(o, index, TYPE_UINT16);
    tokens_close(o, &e);
}

static void character(struct tokens *o, uint8_t c)
{
    tokens_number(o, TOKEN_CHARACTER, 1);
    tokens_number(o, c, 2);
}

static void event_around(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_element e = tokens_open_plain(o, "Event"), s = tokens_open_plain(o, "System");
    f->system(o, f);
    tokens_close(o, &s);
    tokens_close(o, &e);
}

static void definition(struct tokens *o, const void *ctx)
{
    const struct evtx_form *f = ctx;
    if (f->body)
        f->body(o, f);
    else
        event_around(o, f);
}

/* The usual first values with what the form has for an event id, then nothing. */
static void usual_values(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_values v = tokens_open_values(o, VALUES);
    tokens_value(o, &v, TYPE_UINT8, 2, 1);
    tokens_value(o, &v, TYPE_UINT8, 0, 1);
    tokens_value(o, &v, TYPE_UINT16, 6, 2);
    tokens_put(o, f->bytes, f->n);
    tokens_end_value(o, &v, f->type);
    for (int i = 4; i < VALUES; i++)
        tokens_null(o, &v);
}

/* The same; the form's text is value 14, where providers of manifests are, and the id is 9646. */
static void values_with_provider(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_values v = tokens_open_values(o, VALUES);
    tokens_value(o, &v, TYPE_UINT8, 2, 1);
    tokens_value(o, &v, TYPE_UINT8, 0, 1);
    tokens_value(o, &v, TYPE_UINT16, 6, 2);
    tokens_value(o, &v, TYPE_UINT16, 9646, 2);
    for (int i = 4; i < 14; i++)
        tokens_null(o, &v);
    tokens_put(o, f->bytes, f->n);
    tokens_end_value(o, &v, f->type);
    for (int i = 15; i < VALUES; i++)
        tokens_null(o, &v);
}

static void id_alone(struct tokens *o, const struct evtx_form *f)
{
    (void)f;
    struct tokens_values v = tokens_open_values(o, 1);
    tokens_value(o, &v, TYPE_UINT16, 9646, 2);
}

/* ---- forms of System ---- */

static void as_usual(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    id_value(o, 3);
}

static void id_first(struct tokens *o, const struct evtx_form *f)
{
    id_value(o, 3);
    provider(o, f);
}

static void id_by_index_0(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    id_value(o, 0);
}

static void id_literal(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    tokens_literal_element(o, "EventID", f->id);
}

static void id_in_two_pieces(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    struct tokens_element e = tokens_open_plain(o, "EventID");
    tokens_piece(o, SV("96"), true);
    tokens_piece(o, SV("46"), false);
    tokens_close(o, &e);
}

static void id_of_text_and_value(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    struct tokens_element e = tokens_open_plain(o, "EventID");
    tokens_piece(o, SV("96"), true);
    tokens_substitution(o, 3, TYPE_UINT16);
    tokens_close(o, &e);
}

static void id_with_character_reference(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    struct tokens_element e = tokens_open_plain(o, "EventID");
    tokens_piece(o, SV("964"), true);
    character(o, '6');
    tokens_close(o, &e);
}

static void id_in_cdata(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    struct tokens_element e = tokens_open_plain(o, "EventID");
    tokens_number(o, TOKEN_CDATA, 1);
    tokens_number(o, 4, 2);
    tokens_units(o, SV("9646"));
    tokens_close(o, &e);
}

static void id_with_prefix(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    tokens_literal_element(o, "e:EventID", f->id);
}

static void two_ids(struct tokens *o, const struct evtx_form *f)
{
    as_usual(o, f);
    tokens_literal_element(o, "EventID", f->id);
}

/* The first one is there only if value 5 is. */
static void two_ids_of_which_one_depends(struct tokens *o, const struct evtx_form *f)
{
    provider(o, f);
    struct tokens_element e = tokens_open(o, "EventID", 5, false);
    tokens_number(o, TOKEN_CLOSE_START, 1);
    tokens_substitution(o, 3, TYPE_UINT16);
    tokens_close(o, &e);
    tokens_literal_element(o, "EventID", f->id);
}

static void provider_in_pieces(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_element e = tokens_open(o, "Provider", TOKENS_NO_DEPENDENCY, true);
    tokens_number(o, TOKEN_ATTRIBUTE, 1);
    tokens_name(o, "Name");
    tokens_piece(o, SV("MSExchange"), true);
    tokens_piece(o, SV("I"), true);
    character(o, (uint8_t)*f->id);
    tokens_end_attributes(o, &e, TOKEN_CLOSE_EMPTY);
    tokens_end_element(o, &e);
    tokens_literal_element(o, "EventID", "9646");
}

static void provider_value(struct tokens *o, const char *attribute, bool has_name)
{
    struct tokens_element e = tokens_open(o, "Provider", TOKENS_NO_DEPENDENCY, true);
    if (has_name)
        tokens_literal_attribute(o, "Name", "MSExchangeIS", true);
    tokens_value_attribute(o, attribute, 14, TYPE_TEXT, false);
    tokens_end_attributes(o, &e, TOKEN_CLOSE_EMPTY);
    tokens_end_element(o, &e);
    id_value(o, 3);
}

static void provider_by_value(struct tokens *o, const struct evtx_form *f)
{
    (void)f;
    provider_value(o, "Name", false);
}

static void source_by_value(struct tokens *o, const struct evtx_form *f)
{
    (void)f;
    provider_value(o, "EventSourceName", true);
}

/* ---- forms of the whole ---- */

static void payload_first(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_element e = tokens_open_plain(o, "Event");
    tokens_literal_element(o, "UserData", "x");
    struct tokens_element s = tokens_open_plain(o, "System");
    as_usual(o, f);
    tokens_close(o, &s);
    tokens_close(o, &e);
}

/* [MS-EVEN6] 2.2.17: what the service logs of an event that it could not log. */
static void processing_failure(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_element e = tokens_open_plain(o, "Event"), s = tokens_open_plain(o, "System");
    provider(o, f);
    tokens_literal_element(o, "EventID", "7");
    tokens_close(o, &s);
    struct tokens_element u = tokens_open_plain(o, "UserData");
    struct tokens_element x = tokens_open_plain(o, "EventProcessingFailure");
    tokens_literal_element(o, "EventID", "9646");
    tokens_close(o, &x);
    tokens_close(o, &u);
    tokens_close(o, &e);
}

/* The value is what an Event consists of. */
static void system_as_value(struct tokens *o, const struct evtx_form *f)
{
    (void)f;
    struct tokens_element e = tokens_open_plain(o, "Event");
    tokens_substitution(o, 19, TYPE_BINXML);
    tokens_close(o, &e);
}

/* As usual_values with an id that is none: the real one is in System, which is value 19. */
static void values_with_system(struct tokens *o, const struct evtx_form *f)
{
    struct tokens_values v = tokens_open_values(o, VALUES);
    tokens_value(o, &v, TYPE_UINT8, 2, 1);
    tokens_value(o, &v, TYPE_UINT8, 0, 1);
    tokens_value(o, &v, TYPE_UINT16, 6, 2);
    tokens_value(o, &v, TYPE_UINT16, f->is_wanted ? 7 : 9646, 2);
    for (int i = 4; i < 19; i++)
        tokens_null(o, &v);
    tokens_put(o, "\x0f\x01\x01", 4);
    struct tokens_element s = tokens_open_plain(o, "System");
    id_literal(o, f);
    tokens_close(o, &s);
    tokens_number(o, TOKEN_EOF, 1);
    tokens_end_value(o, &v, TYPE_BINXML);
}

/* Not a template: the record itself. */
static void without_fragment_header(struct tokens *o, const struct evtx_form *f)
{
    o->at -= 4;
    event_around(o, f);
}

static void with_two_fragment_headers(struct tokens *o, const struct evtx_form *f)
{
    tokens_put(o, "\x0f\x01\x01", 4);
    event_around(o, f);
}

#define IS_9646 .type = TYPE_UINT16, BYTES("\xae\x25")
#define IS_7 .type = TYPE_UINT16, BYTES("\x07\0")
#define TEMPLATE(text, w, how, ...)                                                                          \
    {                                                                                                        \
        .claim = (text), .is_wanted = (w), .system = (how), .values = usual_values, __VA_ARGS__              \
    }
#define PROVIDER(text, w, how, ...)                                                                          \
    {                                                                                                        \
        .claim = (text), .is_wanted = (w), .system = (how), .values = values_with_provider, __VA_ARGS__      \
    }
#define INLINE(text, w, how, ...)                                                                            \
    {                                                                                                        \
        .claim = (text), .is_wanted = (w), .system = (how), __VA_ARGS__                                      \
    }

const struct evtx_form evtx_forms[] = {
    TEMPLATE("an id as it always is", true, as_usual, IS_9646),
    TEMPLATE("another id", false, as_usual, IS_7),
    TEMPLATE("another provider", false, as_usual, IS_9646, .provider = "MSExchangeI"),
    TEMPLATE("the provider in other letters", true, as_usual, IS_9646, .provider = "msexchangeis"),
    TEMPLATE("the source wins", true, as_usual, IS_9646, .provider = "x", .source = "MSExchangeIS"),
    TEMPLATE("another source wins", false, as_usual, IS_9646, .source = "ESE"),
    TEMPLATE("the id before the provider", true, id_first, IS_9646),
    TEMPLATE("a literal id", true, id_literal, IS_7, .id = "9646"),
    TEMPLATE("another literal id", false, id_literal, IS_9646, .id = "7"),
    TEMPLATE("a literal id with space", true, id_literal, IS_7, .id = " 9646 "),
    TEMPLATE("a literal id in pieces", true, id_in_two_pieces, IS_7),
    TEMPLATE("an id of text and value", true, id_of_text_and_value, .type = TYPE_UINT16, BYTES("\x2e\0")),
    TEMPLATE("another one", false, id_of_text_and_value, IS_9646),
    TEMPLATE("an id with a character reference", true, id_with_character_reference, IS_7),
    TEMPLATE("an id in CDATA", true, id_in_cdata, IS_7),
    TEMPLATE("an id whose name has a prefix", true, id_with_prefix, IS_7, .id = "9646"),
    TEMPLATE("an id that is null", false, as_usual, .type = TYPE_NULL),
    TEMPLATE("a second id where the first is null", true, two_ids, .type = TYPE_NULL, .id = "9646"),
    TEMPLATE("a second id where there is a first", false, two_ids, IS_7, .id = "9646"),
    TEMPLATE("a second id where the first is left out", true, two_ids_of_which_one_depends, IS_7,
             .id = "9646"),
    TEMPLATE("an id of 8 bits", false, as_usual, .type = TYPE_UINT8, BYTES("\xae")),
    TEMPLATE("a signed id of 16 bits", true, as_usual, .type = TYPE_INT16, BYTES("\xae\x25")),
    TEMPLATE("an id of 32 bits", true, as_usual, .type = TYPE_UINT32, BYTES("\xae\x25\0\0")),
    TEMPLATE("a message id, whose lower half counts", true, as_usual, .type = TYPE_UINT32,
             BYTES("\xae\x25\x06\xc0")),
    TEMPLATE("a signed id of 32 bits", true, as_usual, .type = TYPE_INT32, BYTES("\xae\x25\0\0")),
    TEMPLATE("an id of 64 bits", true, as_usual, .type = TYPE_UINT64, BYTES("\xae\x25\0\0\0\0\0\0")),
    TEMPLATE("a signed id of 64 bits", true, as_usual, .type = TYPE_INT64, BYTES("\xae\x25\0\0\0\0\0\0")),
    TEMPLATE("a hexadecimal id", true, as_usual, .type = TYPE_HEX32, BYTES("\xae\x25\0\0")),
    TEMPLATE("a longer one", true, as_usual, .type = TYPE_HEX64, BYTES("\xae\x25\0\0\0\0\0\0")),
    TEMPLATE("an id as text", true, as_usual, .type = TYPE_TEXT, BYTES("9\0006\0004\0006\0")),
    TEMPLATE("text with a NUL", true, as_usual, .type = TYPE_TEXT, BYTES("9\0006\0004\0006\0\0\0")),
    TEMPLATE("another text", false, as_usual, .type = TYPE_TEXT, BYTES("9\0006\0004\0")),
    TEMPLATE("an id as ANSI text", true, as_usual, .type = TYPE_ANSI, BYTES("9646")),
    TEMPLATE("an array of ids", true, as_usual, .type = TYPE_ARRAY | TYPE_UINT16, BYTES("\xae\x25\7\0")),
    TEMPLATE("an array with it later", false, as_usual, .type = TYPE_ARRAY | TYPE_UINT16,
             BYTES("\7\0\xae\x25")),
    TEMPLATE("System behind the payload", true, as_usual, .body = payload_first, IS_9646),
    TEMPLATE("an id in the payload", false, as_usual, .body = processing_failure, IS_9646),
    {.claim = "the id is value 0, and the only one",
     .is_wanted = true,
     .system = id_by_index_0,
     .values = id_alone},
    {.claim = "System is a value",
     .is_wanted = true,
     .body = system_as_value,
     .values = values_with_system,
     .id = "9646"},
    {.claim = "another System is a value", .body = system_as_value, .values = values_with_system, .id = "7"},
    PROVIDER("the provider is a value", true, provider_by_value, .type = TYPE_TEXT,
             BYTES("M\0S\0E\0x\0c\0h\0a\0n\0g\0e\0I\0S\0")),
    PROVIDER("it ends in a NUL", true, provider_by_value, .type = TYPE_TEXT,
             BYTES("M\0S\0E\0x\0c\0h\0a\0n\0g\0e\0I\0S\0\0\0")),
    PROVIDER("it is ANSI text", true, provider_by_value, .type = TYPE_ANSI, BYTES("MSExchangeIS")),
    PROVIDER("it is another", false, provider_by_value, .type = TYPE_TEXT, BYTES("E\0S\0E\0")),
    PROVIDER("the source is a value", true, source_by_value, .type = TYPE_TEXT,
             BYTES("M\0S\0E\0x\0c\0h\0a\0n\0g\0e\0I\0S\0")),
    PROVIDER("the source is another value", false, source_by_value, .type = TYPE_TEXT, BYTES("E\0S\0E\0")),
    PROVIDER("the source is null", true, source_by_value, .type = TYPE_NULL),
    TEMPLATE("the provider in pieces", true, provider_in_pieces, IS_7, .id = "S"),
    TEMPLATE("another one in pieces", false, provider_in_pieces, IS_7, .id = "T"),
    INLINE("forwarded", true, id_literal, .id = "9646"),
    INLINE("forwarded, another id", false, id_literal, .id = "96460"),
    INLINE("forwarded, another provider", false, id_literal, .id = "9646", .provider = "MSExchange"),
    INLINE("forwarded, with source", true, id_literal, .id = "9646", .provider = "x",
           .source = "MSExchangeIS"),
    INLINE("forwarded, an id in pieces", true, id_in_two_pieces, .id = NULL),
    INLINE("forwarded, a character reference", true, id_with_character_reference, .id = NULL),
    INLINE("forwarded, CDATA", true, id_in_cdata, .id = NULL),
    INLINE("forwarded, a prefix", true, id_with_prefix, .id = "9646"),
    INLINE("forwarded, the provider in pieces", true, provider_in_pieces, .id = "S"),
    INLINE("forwarded, another one", false, provider_in_pieces, .id = "&"),
    INLINE("forwarded, an id in the payload", false, NULL, .body = processing_failure),
    INLINE("a record without fragment header", true, id_literal, .body = without_fragment_header,
           .id = "9646"),
    INLINE("a record with two", true, id_literal, .body = with_two_fragment_headers, .id = "9646"),
};

const size_t evtx_form_count = sizeof evtx_forms / sizeof *evtx_forms;

void evtx_form_write(struct tokens *o, const void *form)
{
    const struct evtx_form *f = form;
    if (!f->values) {
        definition(o, f);
        return;
    }
    tokens_instance(o, TEMPLATE_KEY + (uint64_t)(f - evtx_forms), definition, f);
    f->values(o, f);
}
