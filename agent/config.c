/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of the configuration file: which section is read by which table into what. */
#include "config.h"

#include "config_check.h"
#include "os_file.h"
#include "os_zone.h"
#include "registry.h"
#include "settings.h"
#include "suggest.h"
#include "utf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that a configuration points to lives in one arena, released with it. */
struct loaded {
    struct config config;
    struct arena memory;
};

enum { MEMORY_MAX = 64 << 20 };

static const struct place whole_file = {0, 0};

static void *allocate(struct document *d, size_t count, size_t size)
{
    void *p = arena_alloc(d->reading.memory, count * size);
    if (p)
        memset(p, 0, count * size);
    else
        report_error(d->reading.messages, whole_file, "out of memory");
    return p;
}

static bool table_has(const struct setting *table, const char *key)
{
    for (; table->key; table++)
        if (strcmp(table->key, key) == 0)
            return true;
    return false;
}

/* Says in which section, or for which type of output, a key would be known. */
static bool elsewhere(const char *key, char *to, size_t n)
{
    for (const struct config_section *s = config_sections; s->key; s++) {
        if (!table_has(s->settings, key))
            continue;
        if (*s->key)
            snprintf(to, n, "it belongs to `%s`", s->key);
        else
            snprintf(to, n, "it belongs to the top level");
        return true;
    }
    for (size_t i = 0; registry_sinks[i]; i++)
        if (table_has(registry_sinks[i]->settings, key)) {
            snprintf(to, n, "it belongs to an output of type `%s`", registry_sinks[i]->name);
            return true;
        }
    return false;
}

/* The node of a section if it is what it should be. A section with nothing in it is as good as none. */
static const struct node *section_node(struct document *d, const struct config_section *s)
{
    struct config_messages *m = d->reading.messages;
    const struct node *n = node_get(d->root, s->key);
    enum node_kind wanted = s->is_list ? NODE_LIST : NODE_MAPPING;
    if (n && n->kind == NODE_REFUSED)
        return NULL;
    if (!n || (node_is_null(n) && !s->is_required))
        return NULL;
    if (n->kind != wanted)
        report_error(m, n->kind == NODE_TEXT ? n->key_at : n->at, "`%s` must be %s", s->key,
                     s->is_list ? "a list of mappings, each beginning with a dash and a blank"
                                : "a mapping of keys to values");
    else if (s->is_list && n->count == 0)
        report_error(m, n->at, "`%s` is empty", s->key);
    else if (s->is_list && n->count > CONFIG_ENTRIES_MAX)
        report_error(m, n->at, "`%s` has more than %d entries", s->key, CONFIG_ENTRIES_MAX);
    return n->kind == wanted && n->count <= CONFIG_KEYS_MAX ? n : NULL;
}

static const struct config_section *section(const char *key)
{
    const struct config_section *s = config_sections;
    while (strcmp(s->key, key) != 0)
        s++;
    return s;
}

static void read_mapping(struct document *d, const char *key)
{
    const struct config_section *s = section(key);
    struct settings_scope scope = {.targets = {{s->settings, d->config}}, .count = 1, .elsewhere = elsewhere};
    settings_read(&d->reading, &scope, section_node(d, s));
}

static bool is_entry(struct document *d, const char *key, const struct node *n)
{
    if (n->kind == NODE_TEXT || n->kind == NODE_LIST)
        report_error(d->reading.messages, n->at,
                     "an entry of `%s` must be a mapping of keys to values, not %s", key, node_kind_name(n));
    return n->kind == NODE_MAPPING;
}

static void read_entry(struct document *d, const struct setting *table, void *fields, const struct node *n)
{
    struct settings_scope scope = {.targets = {{table, fields}}, .count = 1, .elsewhere = elsewhere};
    settings_read(&d->reading, &scope, n);
}

static void read_top(struct document *d)
{
    const char *keys[16] = {NULL};
    size_t count = 0;
    for (const struct config_section *s = config_sections; s->key; s++)
        if (*s->key)
            keys[count++] = s->key;
    struct settings_scope scope = {
        .targets = {{config_top_settings, d->config}}, .count = 1, .others = keys, .elsewhere = elsewhere};
    settings_read(&d->reading, &scope, d->root);
    for (const struct config_section *s = config_sections; s->key; s++)
        if (s->is_required)
            settings_require(&d->reading, &scope, d->root, s->key);
}

/* Reads one rule; false leaves it out after a mistake, which is reported. */
static bool read_rule(struct document *d, const struct node *n, struct selector_rule *rule)
{
    struct config_messages *m = d->reading.messages;
    struct config_select text = {0};
    uint64_t id = 0;
    read_entry(d, config_select_settings, &text, n);
    if (!text.provider || !text.id)
        return false;
    bool any = strcmp(text.id, "*") == 0;
    size_t star = sv_find_char(sv_from(text.provider), '*');
    if (star != SV_NPOS && text.provider[star + 1])
        report_error(m, node_get(n, "provider")->at, "`provider` may hold an asterisk at its end only");
    if (!any && (!sv_to_u64(sv_from(text.id), &id) || id > 65535))
        report_error(m, node_get(n, "id")->at, "`id` must be a number from 0 to 65535, or '*' for every id");
    *rule = (struct selector_rule){sv_from(text.provider), (uint32_t)id, any};
    return true;
}

static void read_select(struct document *d)
{
    struct selector *s = &d->config->selector;
    const struct node *list = section_node(d, section("select"));
    selector_init_default(s);
    if (!list)
        return;
    if (list->count > SELECTOR_RULES_MAX)
        report_error(d->reading.messages, list->at, "`select` has more than %d entries", SELECTOR_RULES_MAX);
    *s = (struct selector){0};
    for (const struct node *n = list->first; n && s->count < SELECTOR_RULES_MAX; n = n->next) {
        if (!is_entry(d, "select", n) || !read_rule(d, n, &s->rules[s->count]))
            continue;
        s->all |= s->rules[s->count].any_id && sv_eq(s->rules[s->count].provider, SV("*"));
        s->count++;
    }
}

static void check_name(struct document *d, const char *name, const struct node *n)
{
    if (name && !config_is_name(name))
        report_error(d->reading.messages, node_get(n, "name")->at,
                     "`name` may hold letters, digits, '_', '.' and '-' only, and 64 of them");
}

static void read_source(struct document *d, struct config_source *s, const struct node *n)
{
    struct settings_scope scope = {
        .targets = {{config_source_settings, s}}, .count = 1, .elsewhere = elsewhere};
    settings_read(&d->reading, &scope, n);
    if (!node_get(n, "channel"))
        settings_require(&d->reading, &scope, n, "paths");
    check_name(d, s->name, n);
    config_check_source(d, s, n);
}

static void read_sources(struct document *d)
{
    struct config *c = d->config;
    const struct node *list = section_node(d, section("sources"));
    c->sources = list ? allocate(d, list->count, sizeof *c->sources) : NULL;
    for (const struct node *n = c->sources ? list->first : NULL; n; n = n->next) {
        struct config_source *s = &c->sources[c->source_count++];
        if (is_entry(d, "sources", n))
            read_source(d, s, n);
    }
}

static const struct sink_ops *find_sink(struct document *d, const struct node *type)
{
    struct suggestion near = {0};
    char names[200] = "";
    if (!type || type->kind != NODE_TEXT || !*type->text)
        return NULL;
    for (size_t i = 0; registry_sinks[i]; i++) {
        if (strcmp(registry_sinks[i]->name, type->text) == 0)
            return registry_sinks[i];
        suggest(&near, type->text, registry_sinks[i]->name);
        suggest_list(names, sizeof names, registry_sinks[i]->name);
    }
    report_error(d->reading.messages, type->at, "there is no output of this type; %s%s%s",
                 near.word ? "did you mean `" : "there are ", near.word ? near.word : names,
                 near.word ? "`?" : "");
    return NULL;
}

/* A sink's own check names the key at fault first; that is where the message goes. */
static void validate(struct document *d, const struct node *n, const struct config_output *o)
{
    struct fault fault = {.text = ""};
    char key[64];
    if (o->sink->validate(o->sink_config, &fault))
        return;
    const char *text = fault.text + (*fault.text == '`');
    snprintf(key, sizeof key, "%.*s", (int)strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_"), text);
    const struct node *at = node_get(n, key);
    report_error(d->reading.messages, at ? at->at : n->at, "%s", fault.text);
}

/* The type decides which keys are known; without a type only the common ones can be checked. */
static void read_output(struct document *d, const struct node *n, struct config_output_text *text)
{
    struct settings_scope scope = {
        .targets = {{config_output_settings, text}}, .count = 1, .elsewhere = elsewhere};
    size_t errors = d->reading.messages->errors;
    const struct sink_ops *sink = find_sink(d, node_get(n, "type"));
    text->output.sink = sink;
    scope.takes_any_key = !sink;
    if (sink) {
        void *fields = allocate(d, 1, sink->config_size);
        if (!fields)
            return;
        text->output.sink_config = fields;
        scope.targets[scope.count++] = (struct settings_target){sink->settings, fields};
    }
    settings_read(&d->reading, &scope, n);
    check_name(d, text->output.name, n);
    config_check_output(d, text, n);
    if (sink && sink->validate && errors == d->reading.messages->errors)
        validate(d, n, &text->output);
}

static void read_outputs(struct document *d)
{
    struct config *c = d->config;
    const struct node *list = section_node(d, section("outputs"));
    c->outputs = list ? allocate(d, list->count, sizeof *c->outputs) : NULL;
    for (const struct node *n = c->outputs ? list->first : NULL; n; n = n->next) {
        struct config_output_text text = {0};
        if (is_entry(d, "outputs", n))
            read_output(d, n, &text);
        c->outputs[c->output_count++] = text.output;
    }
}

static void default_dead_letter(struct document *d)
{
    struct config *c = d->config;
    static const char name[] = "/dead-letter.ndjson";
    size_t n = c->state_directory ? strlen(c->state_directory) : 0;
    if (c->dead_letter_file || n == 0)
        return;
    char *path = allocate(d, n + sizeof name, 1);
    if (path) {
        memcpy(path, c->state_directory, n);
        memcpy(path + n, name, sizeof name);
    }
    c->dead_letter_file = path;
}

static void read_document(struct document *d)
{
    read_top(d);
    read_mapping(d, "state");
    read_mapping(d, "log");
    read_mapping(d, "metrics");
    read_mapping(d, "coverage");
    read_mapping(d, "record");
    read_select(d);
    read_sources(d);
    read_outputs(d);
    default_dead_letter(d);
    config_check_agent(d);
    config_check_metrics(d);
    config_check_coverage(d);
    config_check_record(d);
    config_check(d);
    if (d->reading.messages->errors == 0)
        config_fingerprint(d);
}

/* UTF-8 without byte order mark. UTF-16 is what redirection writes in Windows PowerShell, and has a mark. */
static struct sv to_utf8(struct arena *memory, const char *text, size_t n)
{
    struct text_form form = text_form_of(sv_make(text, n < 4 ? n : 4));
    struct sv rest = sv_slice(sv_make(text, n), form.bom_bytes, n);
    if (form.encoding == TEXT_UTF8 || form.bom_bytes == 0)
        return rest;
    return utf8_from_utf16_in(memory, (const uint8_t *)rest.p, rest.n, form.encoding, NULL);
}

static void parse_into(struct loaded *l, const char *text, size_t n, struct config_messages *messages)
{
    struct document d = {.reading = {&l->memory, messages, l->config.path}, .config = &l->config};
    struct sv utf8 = to_utf8(&l->memory, text, n);
    if (n > CONFIG_SIZE_MAX || sv_absent(utf8)) {
        report_error(messages, whole_file, "the file is larger than 1 MiB");
        return;
    }
    struct node *root = yaml_tree(utf8, &l->memory, messages);
    size_t errors = messages->errors;
    if (!root && errors == 0)
        report_error(messages, whole_file, "the file is empty");
    else if (root && root->kind != NODE_MAPPING)
        report_error(messages, root->at, "the file must be a mapping of keys to values, not %s",
                     node_kind_name(root));
    if (!root || root->kind != NODE_MAPPING)
        return;
    expand(&d.reading, root);
    d.root = root;
    read_document(&d);
}

struct config *config_parse(const char *text, size_t n, const char *path, struct config_messages *messages)
{
    struct loaded *l = calloc(1, sizeof *l);
    size_t errors = messages->errors;
    if (!l) {
        report_error(messages, whole_file, "out of memory");
        return NULL;
    }
    arena_init(&l->memory, MEMORY_MAX);
    l->config.path = arena_cstr(&l->memory, sv_from(path));
    if (l->config.path)
        parse_into(l, text, n, messages);
    else
        report_error(messages, whole_file, "out of memory");
    report_finish(messages);
    if (messages->errors == errors)
        return &l->config;
    config_free(&l->config);
    return NULL;
}

struct config *config_load(const char *path, struct config_messages *messages)
{
    struct fault fault;
    size_t n = 0;
    char *text = os_read_file(path, CONFIG_SIZE_MAX, &n, &fault);
    if (!text) {
        report_error(messages, whole_file, "%s", fault.text);
        return NULL;
    }
    struct config *c = config_parse(text, n, path, messages);
    free(text);
    return c;
}

void config_free(struct config *c)
{
    struct loaded *l = (struct loaded *)c;
    if (!l)
        return;
    for (size_t i = 0; i < c->source_count; i++)
        os_zone_free(c->sources[i].zone);
    arena_free(&l->memory);
    free(l);
}
