/* SPDX-License-Identifier: Apache-2.0 */
/* From the element tree of one <Event> to a struct event. */
#include "event_tree.h"

#include "utf.h"

enum element {
    EL_OTHER,
    EL_EVENT,
    EL_SYSTEM,
    EL_EVENT_DATA,
    EL_USER_DATA,
    EL_RENDERING_INFO,
    EL_PROVIDER,
    EL_EVENT_ID,
    EL_VERSION,
    EL_LEVEL,
    EL_TASK,
    EL_OPCODE,
    EL_KEYWORDS,
    EL_TIME_CREATED,
    EL_EVENT_RECORD_ID,
    EL_CORRELATION,
    EL_EXECUTION,
    EL_CHANNEL,
    EL_COMPUTER,
    EL_SECURITY,
    EL_DATA,
    EL_BINARY,
    EL_MESSAGE,
    EL_KEYWORD,
};

/* By length, so that a name is compared with the few of its own length. */
static const struct {
    struct sv name;
    enum element element;
} element_names[] = {
    {SV_INIT("Data"), EL_DATA},
    {SV_INIT("Task"), EL_TASK},
    {SV_INIT("Event"), EL_EVENT},
    {SV_INIT("Level"), EL_LEVEL},
    {SV_INIT("System"), EL_SYSTEM},
    {SV_INIT("Opcode"), EL_OPCODE},
    {SV_INIT("Binary"), EL_BINARY},
    {SV_INIT("EventID"), EL_EVENT_ID},
    {SV_INIT("Version"), EL_VERSION},
    {SV_INIT("Channel"), EL_CHANNEL},
    {SV_INIT("Message"), EL_MESSAGE},
    {SV_INIT("Keyword"), EL_KEYWORD},
    {SV_INIT("UserData"), EL_USER_DATA},
    {SV_INIT("Provider"), EL_PROVIDER},
    {SV_INIT("Keywords"), EL_KEYWORDS},
    {SV_INIT("Computer"), EL_COMPUTER},
    {SV_INIT("Security"), EL_SECURITY},
    {SV_INIT("EventData"), EL_EVENT_DATA},
    {SV_INIT("Execution"), EL_EXECUTION},
    {SV_INIT("TimeCreated"), EL_TIME_CREATED},
    {SV_INIT("Correlation"), EL_CORRELATION},
    {SV_INIT("RenderingInfo"), EL_RENDERING_INFO},
    {SV_INIT("EventRecordID"), EL_EVENT_RECORD_ID},
};

enum attribute {
    AT_OTHER,
    AT_NAME,
    AT_GUID,
    AT_EVENT_SOURCE_NAME,
    AT_QUALIFIERS,
    AT_SYSTEM_TIME,
    AT_ACTIVITY_ID,
    AT_RELATED_ACTIVITY_ID,
    AT_PROCESS_ID,
    AT_THREAD_ID,
    AT_USER_ID,
    AT_CULTURE,
};

static const struct {
    struct sv name;
    enum attribute attribute;
} attribute_names[] = {
    {SV_INIT("Name"), AT_NAME},
    {SV_INIT("Guid"), AT_GUID},
    {SV_INIT("UserID"), AT_USER_ID},
    {SV_INIT("Culture"), AT_CULTURE},
    {SV_INIT("ThreadID"), AT_THREAD_ID},
    {SV_INIT("ProcessID"), AT_PROCESS_ID},
    {SV_INIT("Qualifiers"), AT_QUALIFIERS},
    {SV_INIT("SystemTime"), AT_SYSTEM_TIME},
    {SV_INIT("ActivityID"), AT_ACTIVITY_ID},
    {SV_INIT("EventSourceName"), AT_EVENT_SOURCE_NAME},
    {SV_INIT("RelatedActivityID"), AT_RELATED_ACTIVITY_ID},
};

enum { NAME_LENGTH_MAX = 13 };

/* element_names[] of n letters begin at [n] and end before [n + 1]. */
static const uint8_t names_of_length[NAME_LENGTH_MAX + 2] = {0,  0,  0,  0,  0,  2,  4, 7,
                                                             12, 17, 19, 19, 21, 21, 23};

enum { EVENT_MEMORY_MAX = 2 << 20 };

void event_tree_init(struct event_tree *t)
{
    *t = (struct event_tree){0};
    buf_init(&t->text, EVENT_MEMORY_MAX);
}

void event_tree_free(struct event_tree *t)
{
    buf_free(&t->text);
}

void event_tree_begin(struct event_tree *t, struct event *event, struct arena *arena)
{
    event_clear(event);
    buf_reset(&t->text);
    *t = (struct event_tree){.event = event, .arena = arena, .text = t->text};
}

void event_tree_begin_lent(struct event_tree *t, struct event *event, struct arena *arena)
{
    event_tree_begin(t, event, arena);
    t->lent = true;
}

void event_tree_begin_deaf(struct event_tree *t, struct event *event, struct arena *arena)
{
    event_tree_begin_lent(t, event, arena);
    t->depth = sizeof t->path / sizeof *t->path; /* inside of elements that nobody knows */
}

/* Names are short: a loop is faster than a call. */
static struct sv local_name(struct sv name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == ':')
            return sv_slice(name, i + 1, name.n);
    return name;
}

/* What a name without prefix stands for. */
static enum element element_named(struct sv name)
{
    if (name.n > NAME_LENGTH_MAX)
        return EL_OTHER;
    for (size_t i = names_of_length[name.n]; i < names_of_length[name.n + 1]; i++)
        if (name.p[0] == element_names[i].name.p[0] && memcmp(name.p, element_names[i].name.p, name.n) == 0)
            return element_names[i].element;
    return EL_OTHER;
}

/* Cuts the prefix off *name and tells what it stands for. A name that is known has no prefix. */
static enum element element_of(struct sv *name)
{
    enum element e = element_named(*name);
    if (e != EL_OTHER)
        return e;
    struct sv local = local_name(*name);
    if (local.n == name->n)
        return EL_OTHER;
    *name = local;
    return element_named(local);
}

/* Is v the text that was put together from pieces? */
static bool is_built(const struct event_tree *t, struct sv v)
{
    return t->text.n && v.p >= t->text.p && v.p <= t->text.p + t->text.n;
}

static struct sv keep(struct event_tree *t, struct sv v)
{
    if (t->lent && v.p && !is_built(t, v))
        return v;
    struct sv copy = arena_copy(t->arena, v);
    if (sv_absent(copy)) {
        t->event->cut = true;
        return SV("");
    }
    return copy;
}

static enum attribute attribute_named(struct sv local)
{
    for (size_t i = 0; i < sizeof attribute_names / sizeof *attribute_names; i++)
        if (local.n == attribute_names[i].name.n && memcmp(local.p, attribute_names[i].name.p, local.n) == 0)
            return attribute_names[i].attribute;
    return AT_OTHER;
}

struct event_tree_name event_tree_name(struct sv name)
{
    struct event_tree_name n = {.local = name};
    n.element = (uint8_t)element_of(&n.local);
    n.attribute = (uint8_t)attribute_named(n.local);
    return n;
}

/* A fact that is written once: the first one wins, and an empty one is no fact. */
static void set_text(struct event_tree *t, struct sv *field, struct sv value)
{
    if (sv_absent(*field) && !sv_empty(value))
        *field = keep(t, value);
}

static void set_number(struct opt_u64 *field, struct sv value)
{
    uint64_t number = 0;
    if (field->has)
        return;
    bool plain = sv_to_u64(value, &number);
    value = plain ? value : sv_trim(value);
    if (plain)
        *field = opt_u64(number);
    else if (sv_istarts(value, SV("0x")) ? sv_hex_to_u64(value, &number) : sv_to_u64(value, &number))
        *field = opt_u64(number);
}

/* Is the element at level (0 = <Event>) this one? */
static bool at(const struct event_tree *t, unsigned level, enum element e)
{
    return t->depth > level && t->path[level] == (unsigned)e;
}

static bool in_data(const struct event_tree *t)
{
    return at(t, 1, EL_EVENT_DATA) || at(t, 1, EL_USER_DATA);
}

static void clear_text(struct event_tree *t)
{
    buf_reset(&t->text);
    t->piece = SV_ABSENT;
}

static void open_element(struct event_tree *t, struct sv name, enum element e)
{
    if (t->depth < sizeof t->path / sizeof *t->path)
        t->path[t->depth] = (unsigned)e;
    if (t->depth == 0 && e == EL_EVENT)
        t->seen_event = true;
    t->depth++;
    t->has_child = false;
    clear_text(t);
    t->datum_name = SV_ABSENT;
    /* Unnamed <Data> has no name; every other element of the payload lends its own. */
    if (t->depth >= 3 && in_data(t) && !(at(t, 1, EL_EVENT_DATA) && e == EL_DATA))
        t->datum_name = keep(t, name);
    if (at(t, 1, EL_USER_DATA))
        t->event->is_user_data = true;
}

void event_tree_open(struct event_tree *t, struct sv name)
{
    enum element e = element_of(&name);
    open_element(t, name, e);
}

void event_tree_open_named(struct event_tree *t, const struct event_tree_name *name)
{
    open_element(t, name->local, (enum element)name->element);
}

static void time_attribute(struct event *e, struct sv value)
{
    if (!e->time.present && !wtime_parse(sv_trim(value), &e->time))
        e->time = (struct wtime){0};
}

static void system_attribute(struct event_tree *t, enum attribute a, struct sv value)
{
    struct event *e = t->event;
    switch ((enum element)t->path[2]) {
    case EL_PROVIDER:
        if (a == AT_NAME)
            set_text(t, &e->provider, value);
        else if (a == AT_GUID)
            set_text(t, &e->provider_guid, value);
        else if (a == AT_EVENT_SOURCE_NAME)
            set_text(t, &e->event_source_name, value);
        break;
    case EL_EVENT_ID:
        if (a == AT_QUALIFIERS)
            set_number(&e->qualifiers, value);
        break;
    case EL_TIME_CREATED:
        if (a == AT_SYSTEM_TIME) {
            set_text(t, &e->time_text, value);
            time_attribute(e, value);
        }
        break;
    case EL_CORRELATION:
        if (a == AT_ACTIVITY_ID)
            set_text(t, &e->activity_id, value);
        else if (a == AT_RELATED_ACTIVITY_ID)
            set_text(t, &e->related_activity_id, value);
        break;
    case EL_EXECUTION:
        if (a == AT_PROCESS_ID)
            set_number(&e->process_id, value);
        else if (a == AT_THREAD_ID)
            set_number(&e->thread_id, value);
        break;
    case EL_SECURITY:
        if (a == AT_USER_ID)
            set_text(t, &e->user_sid, value);
        break;
    default:
        break;
    }
}

/* Does an attribute mean anything where we are? */
static bool takes_attributes(const struct event_tree *t)
{
    return (t->depth == 3 || t->depth == 2) && at(t, 0, EL_EVENT);
}

static void take_attribute(struct event_tree *t, enum attribute a, struct sv value)
{
    if (t->depth == 3 && at(t, 1, EL_SYSTEM))
        system_attribute(t, a, value);
    else if (t->depth == 3 && at(t, 1, EL_EVENT_DATA) && at(t, 2, EL_DATA) && a == AT_NAME)
        t->datum_name = keep(t, value);
    else if (t->depth == 2 && at(t, 1, EL_RENDERING_INFO) && a == AT_CULTURE)
        set_text(t, &t->event->culture, value);
}

void event_tree_attribute(struct event_tree *t, struct sv name, struct sv value)
{
    if (takes_attributes(t))
        take_attribute(t, attribute_named(local_name(name)), value);
}

void event_tree_attribute_named(struct event_tree *t, const struct event_tree_name *name, struct sv value)
{
    if (takes_attributes(t))
        take_attribute(t, (enum attribute)name->attribute, value);
}

/* A second piece ends the first one's time as a view. */
static void build_text(struct event_tree *t)
{
    buf_put(&t->text, t->piece);
    t->piece = SV_ABSENT;
}

void event_tree_text(struct event_tree *t, struct sv text)
{
    if (t->lent && sv_absent(t->piece) && t->text.n == 0) {
        t->piece = text;
        return;
    }
    build_text(t);
    buf_put(&t->text, text);
}

void event_tree_character(struct event_tree *t, uint32_t code_point)
{
    build_text(t);
    buf_utf8(&t->text, code_point);
}

static void system_element(struct event_tree *t, struct sv text)
{
    struct event *e = t->event;
    switch ((enum element)t->path[2]) {
    case EL_EVENT_ID:
        set_number(&e->event_id, text);
        break;
    case EL_VERSION:
        set_number(&e->version, text);
        break;
    case EL_LEVEL:
        set_number(&e->level, text);
        break;
    case EL_TASK:
        set_number(&e->task, text);
        break;
    case EL_OPCODE:
        set_number(&e->opcode, text);
        break;
    case EL_KEYWORDS:
        set_number(&e->keywords, text);
        break;
    case EL_EVENT_RECORD_ID:
        set_number(&e->record_id, text);
        break;
    case EL_CHANNEL:
        set_text(t, &e->channel, sv_trim(text));
        break;
    case EL_COMPUTER:
        set_text(t, &e->computer, sv_trim(text));
        break;
    default:
        break;
    }
}

static void rendering_element(struct event_tree *t, struct sv text)
{
    struct event *e = t->event;
    struct sv trimmed = sv_trim(text);
    switch ((enum element)t->path[2]) {
    case EL_MESSAGE:
        set_text(t, &e->message, text);
        break;
    case EL_LEVEL:
        set_text(t, &e->level_text, trimmed);
        break;
    case EL_TASK:
        set_text(t, &e->task_text, trimmed);
        break;
    case EL_OPCODE:
        set_text(t, &e->opcode_text, trimmed);
        break;
    case EL_CHANNEL:
        set_text(t, &e->channel_text, trimmed);
        break;
    case EL_PROVIDER:
        set_text(t, &e->provider_text, trimmed);
        break;
    default:
        break;
    }
}

static void keyword_element(struct event_tree *t, struct sv text)
{
    struct event *e = t->event;
    if (e->keyword_text_count < EVENT_KEYWORDS_MAX && !sv_empty(text))
        e->keyword_texts[e->keyword_text_count++] = keep(t, text);
}

static void data_element(struct event_tree *t, struct sv text)
{
    struct event *e = t->event;
    if (at(t, 1, EL_EVENT_DATA) && t->depth == 3 && at(t, 2, EL_BINARY)) {
        set_text(t, &e->binary, sv_trim(text));
        return;
    }
    struct sv name = t->datum_name; /* still this element's: a leaf had no child that replaced it */
    event_add_datum(e, name, keep(t, text));
}

void event_tree_close(struct event_tree *t)
{
    if (t->depth == 0)
        return;
    struct sv text = sv_absent(t->piece) ? buf_sv(&t->text) : t->piece;
    if (!buf_ok(&t->text))
        t->event->cut = true;
    if (at(t, 0, EL_EVENT)) {
        if (t->depth == 3 && at(t, 1, EL_SYSTEM))
            system_element(t, text);
        else if (t->depth == 3 && at(t, 1, EL_RENDERING_INFO))
            rendering_element(t, text);
        else if (t->depth == 4 && at(t, 1, EL_RENDERING_INFO) && at(t, 3, EL_KEYWORD))
            keyword_element(t, sv_trim(text));
        else if (t->depth >= 3 && in_data(t) && !t->has_child)
            data_element(t, text);
    }
    clear_text(t);
    t->has_child = true;
    t->depth--;
}
