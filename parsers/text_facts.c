/* SPDX-License-Identifier: Apache-2.0 */
/* From labels and values to a struct event. */
#include "text_facts.h"

#include "level_words.h"

enum { DUMP_ROW = 8, LIST_MAX = 8192 };

void text_facts_clear(struct text_facts *f)
{
    *f = (struct text_facts){.order = DATE_ORDER_AUTO};
}

/* --- numbers --- */

/* The number that v begins with, if no letter follows it. */
static struct opt_u64 number_of(struct sv v)
{
    size_t n = 0;
    uint64_t value;
    if (sv_empty(v))
        return (struct opt_u64){0, false};
    v = sv_trim(v);
    if (sv_starts(v, SV("(")))
        v = sv_slice(v, 1, v.n);
    while (n < v.n && ascii_is_digit(v.p[n]))
        n++;
    bool alone = n == v.n || ascii_is_space(v.p[n]) || v.p[n] == ')' || v.p[n] == '.' || v.p[n] == ',' ||
                 v.p[n] == '"' || v.p[n] == '<';
    return alone && sv_to_u64(sv_slice(v, 0, n), &value) ? opt_u64(value) : (struct opt_u64){0, false};
}

struct opt_u64 text_facts_id(const struct text_facts *f)
{
    struct opt_u64 id = number_of(f->value[FIELD_ID]);
    return id.has ? id : number_of(f->value[FIELD_INSTANCE]);
}

static void set_number(struct opt_u64 *to, struct sv v)
{
    struct opt_u64 value = number_of(v);
    if (!to->has && value.has)
        *to = value;
}

static void set_text(struct sv *to, struct sv v)
{
    v = sv_trim(v);
    if (sv_empty(*to) && !sv_empty(v))
        *to = v;
}

/* --- the event --- */

/* Classic ids are 32 bits wide where a tool writes them in full: the high half is what XML calls Qualifiers.
 */
static void fill_id(const struct text_facts *f, struct event *e)
{
    struct opt_u64 wide = number_of(f->value[FIELD_INSTANCE]), id = text_facts_id(f);
    if (!wide.has)
        wide = id;
    set_number(&e->qualifiers, f->value[FIELD_QUALIFIERS]);
    if (!e->qualifiers.has && wide.has && wide.v > 0xffff && wide.v <= 0xffffffff)
        e->qualifiers = opt_u64(wide.v >> 16);
    if (!e->event_id.has && id.has)
        e->event_id = opt_u64(id.v & 0xffff);
}

/* "Error" or, in a list of properties, its number. */
static void fill_level(const struct text_facts *f, struct event *e)
{
    struct sv word = f->value[FIELD_LEVEL];
    set_number(&e->level, f->value[FIELD_LEVEL_NUMBER]);
    if (!e->level.has)
        e->level = level_of_word(sv_trim(word));
    set_text(&e->level_text, word);
}

static void fill_task(const struct text_facts *f, struct event *e)
{
    struct sv word = sv_trim(f->value[FIELD_CATEGORY]);
    struct opt_u64 in_word = number_of(word);
    set_number(&e->task, f->value[FIELD_TASK]);
    if (in_word.has)
        set_number(&e->task, word);
    else
        set_text(&e->task_text, word);
}

static void fill_keywords(const struct text_facts *f, struct event *e)
{
    struct sv word = sv_trim(f->value[FIELD_KEYWORDS]);
    if (sv_starts(word, SV("{")) && sv_ends(word, SV("}")))
        word = sv_slice(word, 1, word.n - 1);
    set_number(&e->keywords, f->value[FIELD_KEYWORDS_NUMBER]);
    if (!sv_empty(word) && e->keyword_text_count == 0)
        e->keyword_texts[e->keyword_text_count++] = word;
}

void text_facts_fill(const struct text_facts *f, struct event *e)
{
    fill_id(f, e);
    fill_level(f, e);
    fill_task(f, e);
    fill_keywords(f, e);
    set_text(&e->provider, f->value[FIELD_SOURCE]);
    set_text(&e->channel, f->value[FIELD_LOG]);
    set_text(&e->computer, f->value[FIELD_COMPUTER]);
    set_text(&e->opcode_text, f->value[FIELD_OPCODE]);
    set_text(&e->message, f->value[FIELD_MESSAGE]);
    set_number(&e->record_id, f->value[FIELD_RECORD]);
    set_number(&e->version, f->value[FIELD_VERSION]);
    set_number(&e->opcode, f->value[FIELD_OPCODE_NUMBER]);
    set_number(&e->process_id, f->value[FIELD_PROCESS]);
    set_number(&e->thread_id, f->value[FIELD_THREAD]);
    struct sv user = sv_trim(f->value[FIELD_USER]);
    if (sv_istarts(user, SV("S-1-")))
        set_text(&e->user_sid, user);
    e->cut |= f->cut;
}

/* --- strings --- */

void text_facts_strings(struct sv list, struct sv message, struct event *e)
{
    list = sv_trim(list);
    if (!sv_starts(list, SV("{")) || !sv_ends(list, SV("}")) || list.n < 3 || list.n > LIST_MAX)
        return;
    list = sv_slice(list, 1, list.n - 1);
    if (sv_ends(list, SV("...")) || sv_ends(list, SV("\xe2\x80\xa6")))
        return;
    while (!sv_absent(list) && !e->data_cut) {
        size_t end = 0, comma = 0;
        /* A comma that the message has too is inside a string. */
        while (end < list.n) {
            comma = sv_find(sv_slice(list, end, list.n), SV(", "));
            size_t stop = comma == SV_NPOS ? list.n : end + comma;
            if (end && sv_find(message, sv_slice(list, 0, stop)) == SV_NPOS)
                break;
            end = stop == list.n ? stop : stop + 2;
        }
        bool last = end == list.n;
        event_add_datum(e, SV_ABSENT, sv_slice(list, 0, last ? end : end - 2));
        list = last ? SV_ABSENT : sv_slice(list, end, list.n);
    }
}

/* --- data --- */

static bool address_at(struct sv v, size_t at, unsigned address)
{
    unsigned value = 0;
    if (at + 5 > v.n || v.p[at + 4] != ':')
        return false;
    for (size_t i = 0; i < 4; i++) {
        int digit = ascii_hex_value(v.p[at + i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    return value == address;
}

static bool byte_at(struct sv v, size_t at)
{
    return at + 2 <= v.n && ascii_hex_value(v.p[at]) >= 0 && ascii_hex_value(v.p[at + 1]) >= 0 &&
           (at + 2 == v.n || ascii_is_space(v.p[at + 2]));
}

void text_facts_dump(struct sv v, struct buf *out)
{
    enum { COLUMN_MAX = 40 };
    for (unsigned address = 0; address < 0x10000; address += DUMP_ROW) {
        size_t at = 0;
        while (at < v.n && at < COLUMN_MAX && !address_at(v, at, address))
            at++;
        if (at >= v.n || !address_at(v, at, address))
            return;
        at += 5;
        for (int i = 0; i < DUMP_ROW; i++) {
            while (at < v.n && v.p[at] == ' ')
                at++;
            if (!byte_at(v, at))
                break;
            buf_putc(out, v.p[at]);
            buf_putc(out, v.p[at + 1]);
            at += 2;
        }
        v = sv_slice(v, at, v.n);
    }
}
