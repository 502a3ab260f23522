/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that document the configuration, held against the tables that it is read by:
 * packaging/mapitail.yaml, packaging/mapitail.reference.yaml and packaging/doc/mapitail.yaml.5. They must
 * know every setting of every registered sink, and no other.
 */
#include "config.h"
#include "os_file.h"
#include "registry.h"
#include "setting_value.h"
#include "settings_manual.h"
#include "yaml_tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct config_messages messages;
static struct arena memory;
static char directory[64], secret[80], path[80];
static char *text; /* of the file at hand */

/* The reference file takes secrets from the environment and from a file beside it. */
static void setup(void)
{
    arena_init(&memory, 64 << 20);
    strcpy(directory, "/tmp/mapitail-reference-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/mapitail.yaml", directory);
    snprintf(secret, sizeof secret, "%s/kafka.password", directory);
    FILE *f = fopen(secret, "w");
    cr_assert(f && fputs("a secret\n", f) >= 0 && fclose(f) == 0);
    cr_assert_eq(chmod(secret, 0600), 0);
    setenv("MAPITAIL_KEY_PASSWORD", "another secret", 1);
}

static void teardown(void)
{
    unlink(secret);
    rmdir(directory);
    config_messages_free(&messages);
    arena_free(&memory);
    free(text);
    text = NULL;
}

TestSuite(reference, .init = setup, .fini = teardown);

static void read_text(const char *name)
{
    struct fault fault;
    size_t n;
    char whole[512];
    snprintf(whole, sizeof whole, "%s/%s", SOURCE_ROOT, name);
    free(text);
    text = os_read_file(whole, CONFIG_SIZE_MAX, &n, &fault);
    cr_assert(text, "%s", fault.text);
}

/* Takes the # from every line that begins with # and no blank: all settings are then switched on. */
static void switch_everything_on(void)
{
    char *to = text;
    bool begins = true;
    for (const char *from = text; *from; from++) {
        bool hashed = begins && *from == '#' && from[1] != ' ' && from[1] != '\n';
        begins = *from == '\n' || (begins && *from == ' ');
        if (!hashed)
            *to++ = *from;
    }
    *to = '\0';
}

static void expect_good(void)
{
    struct config *c = config_parse(text, strlen(text), path, &messages);
    for (size_t i = 0; i < messages.count; i++)
        cr_expect(false, "%u:%u: %s", messages.items[i].line, messages.items[i].column,
                  messages.items[i].text);
    cr_expect(c);
    config_free(c);
}

static struct node *tree(void)
{
    struct node *root = yaml_tree(sv_from(text), &memory, &messages);
    cr_assert(root);
    return root;
}

/* The beginning of a line, counted from 1. */
static const char *line_at(unsigned line)
{
    const char *p = text;
    while (--line > 0)
        p = strchr(p, '\n') + 1;
    return p;
}

static bool is_comment(const char *line)
{
    line += strspn(line, " ");
    return line[0] == '#' && line[1] == ' ';
}

/* The comment right above a line, as one line. */
static const char *comment_above(unsigned line)
{
    static char comment[4000];
    unsigned first = line;
    comment[0] = '\0';
    while (first > 1 && is_comment(line_at(first - 1)))
        first--;
    for (; first < line; first++) {
        const char *p = strchr(line_at(first), '#') + 2;
        size_t n = strlen(comment);
        snprintf(comment + n, sizeof comment - n, "%s%.*s", n ? " " : "", (int)strcspn(p, "\n"), p);
    }
    return comment;
}

static void expect_documented(const struct setting *s, const struct node *mapping, const char *where)
{
    struct buf facts;
    const struct node *n = node_get(mapping, s->key);
    cr_expect(n, "`%s` of %s is not in the reference file", s->key, where);
    if (!n)
        return;
    buf_init(&facts, 2000);
    setting_facts(&facts, s);
    buf_putc(&facts, '\0');
    const char *comment = comment_above(n->key_at.line), *found = strstr(comment, buf_sv(&facts).p);
    cr_expect(found, "`%s` of %s, line %u: the comment must say \"%s\"", s->key, where, n->key_at.line,
              buf_sv(&facts).p);
    cr_expect(found != comment, "`%s` of %s, line %u: the comment must say what it is for", s->key, where,
              n->key_at.line);
    buf_free(&facts);
}

static void expect_table_documented(const struct setting *table, const struct node *mapping,
                                    const char *where)
{
    for (; table->key; table++)
        expect_documented(table, mapping, where);
}

/* The first output of a type. */
static const struct node *output_of(const struct node *root, const char *type)
{
    for (const struct node *n = node_get(root, "outputs")->first; n; n = n->next)
        if (node_get(n, "type") && strcmp(node_get(n, "type")->text, type) == 0)
            return n;
    return NULL;
}

Test(reference, the_default_file_is_good)
{
    read_text("packaging/mapitail.yaml");
    expect_good();
}

Test(reference, the_reference_file_is_good_as_it_is)
{
    read_text("packaging/mapitail.reference.yaml");
    expect_good();
}

Test(reference, the_reference_file_is_good_with_everything_switched_on)
{
    read_text("packaging/mapitail.reference.yaml");
    switch_everything_on();
    expect_good();
}

/* The first entry that has the key: what excludes each other cannot stand in one. */
static const struct node *entry_with(const struct node *list, const char *key)
{
    for (const struct node *n = list->first; n; n = n->next)
        if (node_get(n, key))
            return n;
    return list->first;
}

Test(reference, every_setting_of_every_section_is_documented)
{
    read_text("packaging/mapitail.reference.yaml");
    switch_everything_on();
    const struct node *root = tree();
    for (const struct config_section *s = config_sections; s->key; s++) {
        const struct node *n = *s->key ? node_get(root, s->key) : root;
        cr_assert(n, "`%s` is not in the reference file", s->key);
        for (const struct setting *one = s->settings; one->key; one++)
            expect_documented(one, s->is_list ? entry_with(n, one->key) : n, s->key);
    }
}

Test(reference, every_setting_of_every_type_of_output_is_documented)
{
    read_text("packaging/mapitail.reference.yaml");
    switch_everything_on();
    const struct node *root = tree();
    for (size_t i = 0; registry_sinks[i]; i++) {
        const struct node *n = output_of(root, registry_sinks[i]->name);
        cr_expect(n, "there is no output of type %s in the reference file", registry_sinks[i]->name);
        if (n)
            expect_table_documented(registry_sinks[i]->settings, n, registry_sinks[i]->name);
    }
}

Test(reference, the_manual_lists_what_the_tables_say)
{
    struct buf list;
    read_text("packaging/doc/mapitail.yaml.5");
    const char *mark = strstr(text, ".\\\" settings:"), *from = mark ? strchr(mark, '\n') + 1 : NULL;
    const char *to = mark ? strstr(mark, ".\\\" end of the settings\n") : NULL;
    cr_assert(from && to);
    buf_init(&list, 1 << 20);
    settings_manual(&list);
    cr_expect(sv_eq(buf_sv(&list), sv_make(from, (size_t)(to - from))),
              "the list of settings is out of date: tests/write_manual in the build directory writes it");
    buf_free(&list);
}

static bool has_key(const struct setting *table, const char *key)
{
    for (; table->key; table++)
        if (strcmp(table->key, key) == 0)
            return true;
    return false;
}

Test(reference, no_sink_has_a_setting_that_all_outputs_have)
{
    for (size_t i = 0; registry_sinks[i]; i++)
        for (const struct setting *s = registry_sinks[i]->settings; s->key; s++)
            cr_expect_not(has_key(config_output_settings, s->key), "%s of %s", s->key,
                          registry_sinks[i]->name);
}

/* Room for a field of any type. */
union field {
    const char *text;
    bool boolean;
    int64_t number;
    int choice;
    struct setting_list list;
    struct setting_map map;
};

static size_t field_size(enum setting_type type)
{
    union field f;
    return type == SETTING_LIST || type == SETTING_PATHS ? sizeof f.list
           : type == SETTING_MAP                         ? sizeof f.map
           : type == SETTING_BOOL                        ? sizeof f.boolean
           : type == SETTING_CHOICE                      ? sizeof f.choice
                                                         : sizeof f.number;
}

static void expect_sound(const struct setting *s, const char *where, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    union field field;
    char why[160];
    bool simple = s->type >= SETTING_BOOL && s->type <= SETTING_CHOICE;
    const char *wrong = simple && s->fallback ? setting_value_read(s, s->fallback, &field, why) : NULL;
    cr_expect_null(wrong, "the default of `%s` of %s %s", s->key, where, wrong);
    cr_expect_eq(s->key[strspn(s->key, letters)], '\0', "`%s` of %s", s->key, where);
    cr_expect(s->help && s->help[0] && s->help[strlen(s->help) - 1] == '.', "`%s` of %s needs a sentence",
              s->key, where);
    cr_expect_leq(s->min, s->max, "`%s` of %s", s->key, where);
    cr_expect_not(s->required && s->fallback, "`%s` of %s is required and has a default", s->key, where);
    cr_expect_eq(s->type == SETTING_CHOICE, s->choices != NULL, "`%s` of %s", s->key, where);
    cr_expect_leq(s->offset + field_size(s->type), size, "`%s` of %s", s->key, where);
}

Test(reference, every_table_is_sound)
{
    for (const struct config_section *c = config_sections; c->key; c++)
        for (const struct setting *s = c->settings; s->key; s++)
            expect_sound(s, c->key, SIZE_MAX);
    for (size_t i = 0; registry_sinks[i]; i++)
        for (const struct setting *s = registry_sinks[i]->settings; s->key; s++)
            expect_sound(s, registry_sinks[i]->name, registry_sinks[i]->config_size);
}

Test(reference, every_sink_has_a_usual_format_that_fits)
{
    for (size_t i = 0; registry_sinks[i]; i++) {
        const struct encoder_ops *e = registry_encoder(registry_sinks[i]->default_format);
        cr_expect(e, "%s", registry_sinks[i]->name);
        cr_expect(!e || e->single_line || !registry_sinks[i]->needs_single_line, "%s",
                  registry_sinks[i]->name);
    }
}
