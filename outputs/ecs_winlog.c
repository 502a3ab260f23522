/* SPDX-License-Identifier: Apache-2.0 */
/* The winlog object of a JSON record. */
#include "ecs_winlog.h"

#include "envelope.h"
#include "json_text.h"
#include "utf.h"

struct data_key {
    char text[DATA_KEY_MAX];
    size_t n;
};

static inline bool is_safe_byte(char c)
{
    /* '-', digits, letters and '_' */
    static const uint64_t low = UINT64_C(0x03ff200000000000), high = UINT64_C(0x07fffffe87fffffe);
    unsigned char u = (unsigned char)c;
    return u < 64 ? low >> u & 1 : u < 128 && (high >> (u - 64) & 1);
}

/* Nearly every name is its own key. */
static struct sv safe_name(struct sv name, struct data_key *to)
{
    size_t safe = 0;
    name = name.n > DATA_KEY_MAX ? sv_slice(name, 0, DATA_KEY_MAX) : name;
    while (safe < name.n && is_safe_byte(name.p[safe]))
        safe++;
    if (safe == name.n)
        return name;
    for (size_t i = 0; i < name.n; i++)
        to->text[i] = is_safe_byte(name.p[i]) ? name.p[i] : '_';
    return sv_make(to->text, name.n);
}

void ecs_put_safe_name(struct buf *b, struct sv name)
{
    struct data_key key;
    buf_put(b, safe_name(name, &key));
}

/* "param" and the index from 1, which is at most EVENT_DATA_MAX. */
static struct sv positional_name(size_t index, struct data_key *to)
{
    char *end = to->text + 5;
    memcpy(to->text, "param", 5);
    size_t number = index + 1;
    if (number >= 100)
        *end++ = (char)('0' + number / 100);
    if (number >= 10)
        *end++ = (char)('0' + number / 10 % 10);
    *end++ = (char)('0' + number % 10);
    return sv_make(to->text, (size_t)(end - to->text));
}

static struct sv key_of(const struct event *e, size_t index, struct data_key *to)
{
    struct sv name = e->data[index].name;
    return sv_empty(name) ? positional_name(index, to) : safe_name(name, to);
}

/* A datum before index `before` has this key and a value. */
static bool key_is_taken(const struct event *e, struct sv key, size_t before)
{
    struct data_key other;
    for (size_t i = 0; i < before; i++)
        if (e->data[i].value.n && sv_eq(key_of(e, i, &other), key))
            return true;
    return false;
}

static bool has_names(const struct event *e)
{
    for (size_t i = 0; i < e->data_count; i++)
        if (e->data[i].name.n)
            return true;
    return false;
}

static void put_positional(struct buf *b, size_t index, struct sv value)
{
    char key[sizeof ",\"param" + DIGITS_U64_MAX + sizeof "\":\""] = ",\"param";
    char *end = digits_put(key + sizeof ",\"param" - 1, index + 1);
    memcpy(end, "\":\"", 3);
    json_string(b, sv_make(key, (size_t)(end + 3 - key)), value);
}

static void put_named(struct buf *b, struct sv name, struct sv value)
{
    buf_lit(b, ",\"");
    buf_put(b, name);
    json_string(b, SV("\":\""), value);
}

/* Keys that are equal have the same mark; most that are not have different ones. */
static uint64_t mark_of(struct sv key)
{
    size_t n = key.n;
    unsigned sum =
        n ? (unsigned char)key.p[0] + 3u * (unsigned char)key.p[n / 2] + 7u * (unsigned char)key.p[n - 1] : 0;
    return UINT64_C(1) << ((sum + 5u * (unsigned)n) & 63);
}

/* Puts a named value unless its key is taken. *marks: of the keys so far. */
static void put_once(struct buf *b, const struct event *e, size_t index, struct sv value, uint64_t *marks)
{
    struct data_key text;
    struct sv key = key_of(e, index, &text);
    uint64_t mark = mark_of(key);
    if (!(*marks & mark) || !key_is_taken(e, key, index))
        put_named(b, key, value);
    *marks |= mark;
}

static void put_data(struct buf *b, const struct event *e, size_t value_max, bool with_binary)
{
    struct json_mark data = json_open(b, e->is_user_data ? SV(",\"user_data\":") : SV(",\"event_data\":"));
    bool names = has_names(e);
    uint64_t marks = 0;
    for (size_t i = 0; i < e->data_count; i++) {
        struct sv value = utf8_cut(e->data[i].value, value_max);
        if (e->data[i].value.n == 0)
            continue;
        if (!names)
            put_positional(b, i, value);
        else
            put_once(b, e, i, value, &marks);
    }
    if (with_binary && e->binary.n && !(names && key_is_taken(e, SV("Binary"), e->data_count)))
        put_named(b, SV("Binary"), utf8_cut(e->binary, value_max));
    json_close(b, data, "{}");
}

static void put_keywords(struct buf *b, const struct event *e)
{
    static const struct {
        uint64_t bit;
        struct sv name;
    } standard[] = {
        {UINT64_C(0x1000000000000), SV_INIT("Response Time")},
        {UINT64_C(0x4000000000000), SV_INIT("WDI Diag")},
        {UINT64_C(0x8000000000000), SV_INIT("SQM")},
        {UINT64_C(0x10000000000000), SV_INIT("Audit Failure")},
        {UINT64_C(0x20000000000000), SV_INIT("Audit Success")},
        {UINT64_C(0x40000000000000), SV_INIT("Correlation Hint")},
        {UINT64_C(0x80000000000000), SV_INIT("Classic")},
    };
    struct json_mark keywords = json_open(b, SV(",\"keywords\":"));
    for (size_t i = 0; i < e->keyword_text_count; i++)
        json_item(b, e->keyword_texts[i]);
    if (e->keyword_text_count == 0 && e->keywords.has)
        for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++)
            if (e->keywords.v & standard[i].bit)
                json_item(b, standard[i].name);
    json_close(b, keywords, "[]");
}

/* Opcodes 0 to 2 mean the same under every provider; others only what the export rendered. */
static void put_opcode(struct buf *b, const struct event *e)
{
    static const struct sv standard[] = {SV_INIT("Info"), SV_INIT("Start"), SV_INIT("Stop")};
    struct sv name = e->opcode_text;
    if (sv_empty(name) && e->opcode.has && e->opcode.v < sizeof standard / sizeof standard[0])
        name = standard[e->opcode.v];
    json_field(b, SV(",\"opcode\":\""), name);
}

/* Zero says nothing here: Windows writes it where a classic event has no process. */
static void put_process(struct buf *b, const struct event *e)
{
    struct json_mark process = json_open(b, SV(",\"process\":"));
    if (e->process_id.has && e->process_id.v)
        json_number(b, SV(",\"pid\":"), e->process_id.v);
    if (e->thread_id.has && e->thread_id.v)
        json_number_then(b, SV(",\"thread\":{\"id\":"), e->thread_id.v, SV("}"));
    json_close(b, process, "{}");
}

static void put_number_text(struct buf *b, struct sv key, struct opt_u64 number)
{
    if (number.has)
        json_number_then(b, key, number.v, SV("\""));
}

void ecs_put_winlog(struct buf *b, const struct event *e, size_t value_max, bool with_binary)
{
    buf_lit(b, ",\"winlog\":{\"api\":\"wineventlog\"");
    json_field(b, SV(",\"channel\":\""), e->channel);
    json_field(b, SV(",\"computer_name\":\""), e->computer);
    put_number_text(b, SV(",\"event_id\":\""), event_code(e));
    json_field(b, SV(",\"provider_name\":\""), sv_empty(e->provider) ? event_source(e) : e->provider);
    json_field(b, SV(",\"provider_guid\":\""), e->provider_guid);
    put_number_text(b, SV(",\"record_id\":\""), e->record_id);
    if (e->version.has && e->version.v)
        json_number(b, SV(",\"version\":"), e->version.v);
    json_field(b, SV(",\"task\":\""), e->task_text);
    put_opcode(b, e);
    put_keywords(b, e);
    json_field(b, SV(",\"activity_id\":\""), e->activity_id);
    json_field(b, SV(",\"related_activity_id\":\""), e->related_activity_id);
    put_process(b, e);
    if (e->user_sid.n) {
        json_field(b, SV(",\"user\":{\"identifier\":\""), e->user_sid);
        buf_putc(b, '}');
    }
    put_data(b, e, value_max, with_binary);
    buf_putc(b, '}');
}
