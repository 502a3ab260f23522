/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BinXML as it stands in .evtx files: reading its tokens, and decoding one record.
 *
 * The dialect is that of event log files ([MS-EVEN6] 2.2.12 with the differences that the libevtx
 * documentation notes): names are offsets into the 64 KiB chunk and stand inline where they are first used,
 * elements of template definitions carry a dependency id, booleans have four bytes. A chunk is a struct
 * reader over all of its bytes, and every offset is relative to it; a reader over a part of the chunk begins
 * with the chunk and ends with the part.
 *
 * Nothing here trusts a length, an offset or a count: nested values go BINXML_DEPTH_MAX deep, a template has
 * at most BINXML_VALUES_MAX substitutions, elements nest as deep as the event tree takes, and a record costs
 * a bounded number of tokens however its templates refer to each other.
 */
#ifndef MAPITAIL_BINXML_H
#define MAPITAIL_BINXML_H

#include "codepage.h"
#include "event_tree.h"
#include "reader.h"

enum {
    BINXML_DEPTH_MAX = 8,
    BINXML_VALUES_MAX = 4096,
    BINXML_TOKENS_MAX = 1 << 18,   /* per record, repetitions included */
    BINXML_ORIGINAL_MAX = 1 << 20, /* bytes of XML text */
    BINXML_NAME_MAX = 1024,        /* UTF-16 units; a longer name is damage */
    BINXML_DEFINITION_HEAD = 24,   /* next, GUID, size */
    BINXML_FIRST_OFFSET = 512,     /* nothing is stored in the chunk's header */
    /* Values of a whole event in the two layouts that Windows writes. */
    BINXML_MANIFEST_VALUES = 18,
    BINXML_CLASSIC_VALUES = 20,
};

/* Tokens, without the flag that says that more follows. */
enum {
    TOKEN_EOF = 0x00,
    TOKEN_ELEMENT = 0x01,
    TOKEN_CLOSE_START = 0x02,
    TOKEN_CLOSE_EMPTY = 0x03,
    TOKEN_END = 0x04,
    TOKEN_TEXT = 0x05,
    TOKEN_ATTRIBUTE = 0x06,
    TOKEN_CDATA = 0x07,
    TOKEN_CHARACTER = 0x08,
    TOKEN_ENTITY = 0x09,
    TOKEN_PI_TARGET = 0x0a,
    TOKEN_PI_DATA = 0x0b,
    TOKEN_INSTANCE = 0x0c,
    TOKEN_SUBSTITUTION = 0x0d,
    TOKEN_OPTIONAL = 0x0e,
    TOKEN_FRAGMENT = 0x0f,
    TOKEN_MORE = 0x40,
};

/* Value types. TYPE_ARRAY is a flag. */
enum {
    TYPE_NULL = 0x00,
    TYPE_TEXT = 0x01,
    TYPE_ANSI = 0x02,
    TYPE_INT8 = 0x03,
    TYPE_UINT8 = 0x04,
    TYPE_INT16 = 0x05,
    TYPE_UINT16 = 0x06,
    TYPE_INT32 = 0x07,
    TYPE_UINT32 = 0x08,
    TYPE_INT64 = 0x09,
    TYPE_UINT64 = 0x0a,
    TYPE_FLOAT = 0x0b,
    TYPE_DOUBLE = 0x0c,
    TYPE_BOOL = 0x0d,
    TYPE_BINARY = 0x0e,
    TYPE_GUID = 0x0f,
    TYPE_SIZE = 0x10,
    TYPE_FILETIME = 0x11,
    TYPE_SYSTEMTIME = 0x12,
    TYPE_SID = 0x13,
    TYPE_HEX32 = 0x14,
    TYPE_HEX64 = 0x15,
    TYPE_HANDLE = 0x20,
    TYPE_BINXML = 0x21,
    TYPE_XML = 0x23,
    TYPE_ARRAY = 0x80,
};

/* One substitution value: where its bytes stand in the chunk. */
struct binxml_value {
    uint32_t at;
    uint16_t size;
    uint8_t type;
};

/* A name as stored: UTF-16LE, without its NUL. */
struct binxml_name {
    const uint8_t *utf16;
    size_t bytes;
    uint32_t offset; /* of the stored name, which tells names of one chunk apart */
};

/* What an element's head says. attributes is 0 or where its attribute list begins; the reader stands behind
 * the head. */
struct binxml_element {
    uint16_t dependency;
    struct binxml_name name;
    size_t content; /* where the attribute list ends, if it says so truly */
    size_t end;     /* behind the element's end token, if it says so truly */
    bool has_attributes;
};

/* A template instance. The reader stands behind the last value afterwards. */
struct binxml_instance {
    uint32_t template_id;
    uint32_t definition; /* offset */
    uint32_t count;
    size_t descriptors, values;
};

enum { BINXML_NO_DEPENDENCY = 0xffff };

/*
 * What a template says whoever fills it in. Absent where it has a value for it. Names of a damaged template
 * may be gone; its literals still stand in their places.
 */
struct binxml_literals {
    struct sv provider, provider_guid, event_source_name, channel, computer;
};

/* Reads a name reference and, where the name stands inline behind it, skips the name. */
__attribute__((warn_unused_result)) bool binxml_name_at(const struct reader *chunk, size_t offset,
                                                        struct binxml_name *out);
__attribute__((warn_unused_result)) bool binxml_read_name(const struct reader *chunk, struct reader *r,
                                                          struct binxml_name *out);

/* True where the name's hash, which is stored beside it, is the hash of its text: it is as it was written. */
bool binxml_name_is_true(const struct reader *chunk, const struct binxml_name *name);

/* The head of an element, its token included. Elements of a definition carry a dependency id. */
__attribute__((warn_unused_result)) bool binxml_read_element(const struct reader *chunk, struct reader *r,
                                                             bool in_definition, struct binxml_element *out);

/*
 * A template instance, its token included. False where the descriptors or values do not fit; then r stands
 * anywhere, and *out.values is set only if the descriptors are there.
 */
__attribute__((warn_unused_result)) bool binxml_read_instance(struct reader *r, struct binxml_instance *out);

/*
 * A reader over the definition that the instance names, standing on its first token. False where the offset
 * leads to something else: a definition's GUID begins with the template id (seen without exception).
 */
__attribute__((warn_unused_result)) bool binxml_definition(const struct reader *chunk, uint32_t offset,
                                                           uint32_t template_id, struct reader *out);

/* The same for a definition that stands where it should. */
__attribute__((warn_unused_result)) bool binxml_definition_at(const struct reader *chunk, size_t offset,
                                                              uint32_t template_id, struct reader *out);

/* True when the name is this ASCII text. */
bool binxml_name_is(const struct binxml_name *name, struct sv ascii);

/*
 * Reads an event's definition by place alone: names need not be readable. False where it does not look like
 * one. Texts come from the arena.
 */
__attribute__((warn_unused_result)) bool binxml_read_literals(const struct reader *definition,
                                                              struct arena *arena,
                                                              struct binxml_literals *out);

/*
 * Appends a value as XML text would have it, arrays with commas between. TYPE_BINXML gives nothing. ansi: the
 * single-byte page of ANSI text.
 */
void binxml_value_text(const struct reader *chunk, enum code_page ansi, const struct binxml_value *value,
                       struct buf *out, bool *replaced);

/* Takes the next item of an array value off *rest, which covers its bytes. False when there is none. */
bool binxml_next_item(uint8_t array_type, struct reader *rest, struct binxml_value *item);

/* Appends UTF-16LE as UTF-8; NULs at the end are dropped, others become U+FFFD. */
void binxml_text_from_utf16(const uint8_t *p, size_t n, struct buf *out, bool *replaced);

/* The same for text in a single-byte code page. */
void binxml_text_from_ansi(enum code_page page, const uint8_t *p, size_t n, struct buf *out, bool *replaced);

/* Bytes of UTF-16 in front of the first NUL, or n. */
size_t binxml_text_length(const uint8_t *p, size_t n);

struct binxml_known_name {
    uint32_t offset; /* 0: unused */
    struct sv text;  /* as it is written in XML */
    struct event_tree_name tree;
};

/* What a template says, and where a part of a draft stands before it is one. */
struct binxml_plan;
struct binxml_draft {
    struct buf xml, steps;
};
struct binxml_known_plan {
    uint32_t definition, template_id; /* definition 0: unused */
    const struct binxml_plan *plan;   /* NULL: it is no use trying */
};

enum { BINXML_KNOWN_NAMES = 256, BINXML_KNOWN_PLANS = 64 };

/* Asks for a template that the chunk has lost, by its id: the same stands in other chunks of a log. */
struct binxml_recall {
    void *ctx;
    bool (*find)(void *ctx, uint32_t template_id, struct binxml_literals *out);
};

/* The decoder. It keeps its memory from record to record. */
struct binxml {
    struct event_tree tree;
    struct reader chunk;
    struct binxml_recall recall; /* find may be NULL */
    struct arena values;         /* tables of substitution values of the present record */
    struct arena names;          /* of the present chunk */
    struct arena plan_memory;    /* of the present chunk */
    struct buf xml, literal;
    struct binxml_draft draft;
    struct binxml_known_name known[BINXML_KNOWN_NAMES];
    struct binxml_known_plan plans[BINXML_KNOWN_PLANS];
    unsigned open;   /* elements */
    unsigned tokens; /* left to spend */
    bool over_limit, broken, guessing;
    /*
     * Set by the owner before the first chunk: of an event, its id and original are all that is asked for.
     * The decoder then tries to do without the rest (text_only), and gives more where it cannot.
     */
    bool wants_text_only, text_only;
    /* Of ANSI text, about which a log says nothing. Windows' Western one, unless the owner knows better. */
    enum code_page ansi;
};

enum binxml_outcome {
    BINXML_WHOLE,
    BINXML_PARTLY,  /* it ended early, or its template could not be read: what was readable is in the event */
    BINXML_NOTHING, /* not even an event id */
};

void binxml_init(struct binxml *b);
void binxml_free(struct binxml *b);

/* The chunk that the next records lie in; borrowed until the next call. */
void binxml_set_chunk(struct binxml *b, const uint8_t *bytes, size_t n);

/*
 * Decodes the BinXML in chunk[at, end) into *event, whose views live until the next call, until the arena is
 * reset and until the next binxml_set_chunk. original is the record as `wevtutil qe /f:xml` prints it.
 */
enum binxml_outcome binxml_decode(struct binxml *b, size_t at, size_t end, struct event *event,
                                  struct arena *arena);

#endif
