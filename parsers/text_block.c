/* SPDX-License-Identifier: Apache-2.0 */
/* Event texts whose records are known by their first line. */
#include "text_block.h"

#include "text_coding.h"

static size_t digits_at(struct sv v, size_t at)
{
    size_t n = 0;
    while (at + n < v.n && ascii_is_digit(v.p[at + n]))
        n++;
    return n;
}

/* --- wevtutil --- */

bool text_block_is_wevtutil(struct sv line)
{
    if (line.n < 8 || line.p[0] != 'E')
        return false;
    size_t n = sv_starts(line, SV("Event[")) ? digits_at(line, 6) : 0;
    struct sv rest = sv_trim(sv_slice(line, 6 + n, line.n));
    return n && (sv_eq(rest, SV("]:")) || sv_eq(rest, SV("]")));
}

static void set(struct text_facts *f, enum text_field field, struct sv value)
{
    if (sv_absent(f->value[field]))
        f->value[field] = sv_trim(value);
}

/* "  Label: value"; returns the label's field. */
static enum text_field take_labelled(struct sv line, struct text_facts *f)
{
    size_t start, bytes, colon = text_colon_next(line, 0, &bytes);
    const struct text_label *label = text_label_before(line, 0, colon, &start);
    if (colon == line.n || !label || !sv_empty(sv_trim(sv_slice(line, 0, start))))
        return FIELD_NONE;
    if (label->field != FIELD_MESSAGE)
        set(f, label->field, sv_slice(line, colon + bytes, line.n));
    if (f->order == DATE_ORDER_AUTO)
        f->order = label->order;
    return label->field;
}

void text_block_read_wevtutil(struct sv record, struct text_facts *f)
{
    struct sv rest = record, line;
    text_facts_clear(f);
    f->original = sv_trim(record);
    if (!text_take_line(&rest, &line))
        return;
    while (text_take_line(&rest, &line)) {
        enum text_field field = take_labelled(line, f);
        if (field != FIELD_MESSAGE)
            continue;
        size_t bytes, colon = text_colon_next(line, 0, &bytes);
        struct sv begun = sv_slice(line, colon + bytes, line.n);
        f->value[FIELD_MESSAGE] = sv_trim(sv_make(begun.p, (size_t)(record.p + record.n - begun.p)));
        return;
    }
}

/* --- psloglist --- */

bool text_block_is_psloglist(struct sv line)
{
    size_t n = sv_starts(line, SV("[")) ? digits_at(line, 1) : 0;
    return n && sv_starts(sv_slice(line, 1 + n, line.n), SV("] ")) && line.n > n + 3;
}

/* "   Time:     2/18/2026 10:00:01 AM   ID:       9646" holds two. */
static bool take_psloglist_line(struct sv line, struct text_facts *f)
{
    if (!sv_starts(line, SV("   ")))
        return false;
    size_t id = sv_find(line, SV(" ID: "));
    if (id != SV_NPOS && sv_istarts(sv_trim(line), SV("Time:"))) {
        set(f, FIELD_ID, sv_slice(line, id + 5, line.n));
        line = sv_slice(line, 0, id);
        set(f, FIELD_DATE, sv_slice(line, sv_find_char(line, ':') + 1, line.n));
        return true;
    }
    return take_labelled(line, f) != FIELD_NONE;
}

void text_block_read_psloglist(struct sv record, struct text_facts *f)
{
    struct sv rest = record, line, before;
    text_facts_clear(f);
    f->original = sv_trim(record);
    if (!text_take_line(&rest, &line) || !text_block_is_psloglist(line))
        return;
    size_t n = digits_at(line, 1);
    set(f, FIELD_RECORD, sv_slice(line, 1, 1 + n));
    set(f, FIELD_SOURCE, sv_slice(line, n + 3, line.n));
    f->order = DATE_ORDER_MDY;
    for (before = rest; text_take_line(&rest, &line); before = rest)
        if (!take_psloglist_line(line, f))
            break;
    f->value[FIELD_MESSAGE] = sv_trim(before);
}

/* --- lists of properties --- */

static const struct {
    struct sv name;
    enum text_field field;
} properties[] = {
    {SV_INIT("TimeCreated"), FIELD_DATE},
    {SV_INIT("TimeGenerated"), FIELD_DATE},
    {SV_INIT("ProviderName"), FIELD_SOURCE},
    {SV_INIT("Source"), FIELD_SOURCE},
    {SV_INIT("Id"), FIELD_ID},
    {SV_INIT("EventID"), FIELD_ID},
    {SV_INIT("InstanceId"), FIELD_INSTANCE},
    {SV_INIT("Qualifiers"), FIELD_QUALIFIERS},
    {SV_INIT("Version"), FIELD_VERSION},
    {SV_INIT("Level"), FIELD_LEVEL_NUMBER},
    {SV_INIT("LevelDisplayName"), FIELD_LEVEL},
    {SV_INIT("EntryType"), FIELD_LEVEL},
    {SV_INIT("Task"), FIELD_TASK},
    {SV_INIT("CategoryNumber"), FIELD_TASK},
    {SV_INIT("TaskDisplayName"), FIELD_CATEGORY},
    {SV_INIT("Category"), FIELD_CATEGORY},
    {SV_INIT("Opcode"), FIELD_OPCODE_NUMBER},
    {SV_INIT("OpcodeDisplayName"), FIELD_OPCODE},
    {SV_INIT("Keywords"), FIELD_KEYWORDS_NUMBER},
    {SV_INIT("KeywordsDisplayNames"), FIELD_KEYWORDS},
    {SV_INIT("RecordId"), FIELD_RECORD},
    {SV_INIT("Index"), FIELD_RECORD},
    {SV_INIT("LogName"), FIELD_LOG},
    {SV_INIT("MachineName"), FIELD_COMPUTER},
    {SV_INIT("UserId"), FIELD_USER},
    {SV_INIT("UserName"), FIELD_USER},
    {SV_INIT("ProcessId"), FIELD_PROCESS},
    {SV_INIT("ThreadId"), FIELD_THREAD},
    {SV_INIT("ReplacementStrings"), FIELD_STRINGS},
    {SV_INIT("Message"), FIELD_MESSAGE},
    {SV_INIT("ActivityId"), FIELD_OTHER},
    {SV_INIT("Bookmark"), FIELD_OTHER},
    {SV_INIT("Container"), FIELD_OTHER},
    {SV_INIT("ContainerLog"), FIELD_OTHER},
    {SV_INIT("Data"), FIELD_OTHER},
    {SV_INIT("MatchedQueryIds"), FIELD_OTHER},
    {SV_INIT("Properties"), FIELD_OTHER},
    {SV_INIT("ProviderId"), FIELD_OTHER},
    {SV_INIT("RelatedActivityId"), FIELD_OTHER},
    {SV_INIT("Site"), FIELD_OTHER},
    {SV_INIT("TimeWritten"), FIELD_OTHER},
};

/* "Name   : value": at least one blank before the colon, one or the line's end behind it. */
static enum text_field property_of(struct sv line, size_t *name, size_t *value)
{
    size_t n = 0, colon;
    while (n < line.n && ascii_is_alpha(line.p[n]))
        n++;
    for (colon = n; colon < line.n && line.p[colon] == ' '; colon++)
        ;
    if (n == 0 || colon == n || colon == line.n || line.p[colon] != ':' ||
        (colon + 1 < line.n && line.p[colon + 1] != ' '))
        return FIELD_NONE;
    *name = n;
    *value = colon + 1 < line.n ? colon + 2 : colon + 1;
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++)
        if (properties[i].name.n == n && properties[i].name.p[0] == line.p[0] &&
            sv_eq(sv_slice(line, 0, n), properties[i].name))
            return properties[i].field;
    return FIELD_NONE;
}

struct sv text_block_property(struct sv line)
{
    size_t name, value;
    return property_of(line, &name, &value) == FIELD_NONE ? SV_ABSENT : sv_slice(line, 0, name);
}

/* A further line of a value: without as much indent as the list has. */
static struct sv without_indent(struct sv line, size_t indent)
{
    size_t n = 0;
    while (n < indent && n < line.n && line.p[n] == ' ')
        n++;
    return sv_slice(line, n, line.n);
}

static void put_further(struct buf *b, struct sv line, char separator)
{
    if (b->n)
        buf_putc(b, separator);
    buf_put(b, line);
}

void text_block_read_list(struct sv record, struct text_facts *f, struct buf *message, struct buf *strings)
{
    struct sv rest = record, line;
    enum text_field field = FIELD_NONE;
    size_t name, value, column = 0;
    text_facts_clear(f);
    f->original = sv_trim(record);
    f->order = DATE_ORDER_MDY;
    buf_reset(message);
    buf_reset(strings);
    while (text_take_line(&rest, &line)) {
        /* Lines of a message that look like properties are indented. */
        enum text_field next = property_of(line, &name, &value);
        if (next != FIELD_NONE) {
            field = next;
            column = value;
            line = sv_slice(line, value, line.n);
            set(f, next, line);
        } else {
            line = without_indent(line, column);
        }
        if (field == FIELD_MESSAGE)
            put_further(message, line, '\n');
        else if (field == FIELD_STRINGS)
            put_further(strings, sv_trim(line), ' ');
    }
    f->value[FIELD_MESSAGE] = sv_trim(buf_sv(message));
    f->value[FIELD_STRINGS] = sv_trim(buf_sv(strings));
}

struct sv text_block_date(struct sv line)
{
    struct text_facts f;
    size_t name, value;
    text_facts_clear(&f);
    if (property_of(line, &name, &value) == FIELD_DATE)
        set(&f, FIELD_DATE, sv_slice(line, value, line.n));
    else if (!take_psloglist_line(line, &f))
        take_labelled(line, &f);
    return f.value[FIELD_DATE];
}
