/* SPDX-License-Identifier: Apache-2.0 */
/* What only a look at several settings together can find. */
#include "config_check.h"

#include "glob.h"
#include "os_file.h"
#include "os_zone.h"
#include "registry.h"
#include "source.h"
#include "suggest.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, MESSAGE_LEAST = 480 };

static const struct node *entry(const struct document *d, const char *section, size_t i)
{
    const struct node *n = node_get(d->root, section)->first;
    while (i-- > 0)
        n = n->next;
    return n;
}

static bool all_in(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

bool config_is_name(const char *name)
{
    return *name && strlen(name) <= NAME_MAX_BYTES && all_in(name, LOWER UPPER DIGITS "_.-");
}

void config_check_agent(struct document *d)
{
    const char *id = d->config->agent_id;
    if (id && !config_is_name(id))
        report_error(d->reading.messages, node_get(d->root, "agent_id")->at,
                     "`agent_id` may hold letters, digits, '_', '.' and '-' only, and 64 of them");
}

/* Labels are flat in ECS, so that a dot would nest them; the namespace is part of an index name. */
void config_check_record(struct document *d)
{
    const struct config *c = d->config;
    struct config_messages *m = d->reading.messages;
    const struct node *record = node_get(d->root, "record");
    const struct node *labels = record ? node_get(record, "labels") : NULL;
    struct shown shown;
    for (size_t i = 0; i < c->labels.count; i++)
        if (!all_in(c->labels.items[i].key, LOWER UPPER DIGITS "_-") ||
            strlen(c->labels.items[i].key) > NAME_MAX_BYTES)
            report_error(m, node_get(labels, c->labels.items[i].key)->key_at,
                         "the label `%s` may hold letters, digits, '_' and '-' only, and 64 of them",
                         show(&shown, c->labels.items[i].key));
    const char *namespace_ = c->namespace_;
    if (namespace_ && (strlen(namespace_) > 100 || !all_in(namespace_, LOWER DIGITS "_.")))
        report_error(m, node_get(record, "namespace")->at,
                     "`namespace` may hold lower-case letters, digits, '_' and '.' only, and 100 of them");
}

/* What only files have. */
static void check_channel(struct document *d, const struct config_source *s, const struct node *n)
{
    static const char *const of_files[] = {"exclude", "follow_links", "timezone", "date_order", "encoding"};
    struct config_messages *m = d->reading.messages;
    const struct node *query = node_get(n, "query"), *channel = node_get(n, "channel");
    if (s->query && *s->query == '<')
        report_error(m, query->at,
                     "`query` must be an XPath such as *[System[Level=2]], not a list of queries");
    if (strlen(s->channel) > CHANNEL_NAME_MAX)
        report_error(m, channel->at, "the name of a channel has at most %d bytes", CHANNEL_NAME_MAX);
    for (size_t i = 0; i < sizeof of_files / sizeof *of_files; i++) {
        const struct node *given = node_get(n, of_files[i]);
        if (given)
            report_error(m, given->at, "`%s` is about files, and this source reads a channel", of_files[i]);
    }
}

static void check_what_is_read(struct document *d, const struct config_source *s, const struct node *n)
{
    struct config_messages *m = d->reading.messages;
    const struct node *paths = node_get(n, "paths"), *channel = node_get(n, "channel");
    const struct node *query = node_get(n, "query");
    if (paths && paths->kind == NODE_LIST && paths->count == 0)
        report_error(m, paths->at, "`paths` is empty");
    if (paths && channel)
        report_error(m, channel->at, "a source has either `paths` or `channel`");
    if (query && !channel)
        report_error(m, query->at, "`query` is about a channel, and this source has none");
    if (s->channel && !paths)
        check_channel(d, s, n);
}

/* The zone is loaded here, so that a wrong one is found before anything runs. */
void config_check_source(struct document *d, struct config_source *s, const struct node *n)
{
    struct config_messages *m = d->reading.messages;
    const struct node *given = node_get(n, "timezone");
    struct fault f = {0};
    check_what_is_read(d, s, n);
    s->zone = s->timezone ? os_zone_load(s->timezone, &f) : NULL;
    if (s->timezone && !s->zone)
        report_error(m, given ? given->at : n->at,
                     "`timezone` must be a name such as Europe/Berlin, an offset "
                     "such as +02:00, UTC or local: %s",
                     f.text);
}

static void check_facility(struct document *d, struct config_output_text *o, const struct node *n)
{
    struct suggestion near = {0};
    uint64_t code;
    if (sv_to_u64(sv_from(o->facility), &code) && code < 24) {
        o->output.facility = (int)code;
        return;
    }
    for (int i = 0; config_facilities[i]; i++) {
        if (strcmp(config_facilities[i], o->facility) == 0) {
            o->output.facility = i;
            return;
        }
        suggest(&near, o->facility, config_facilities[i]);
    }
    report_error(d->reading.messages, node_get(n, "facility")->at,
                 "`facility` must be a name such as user or local0, or a number from 0 to 23%s%s%s",
                 near.word ? "; did you mean `" : "", near.word ? near.word : "", near.word ? "`?" : "");
}

/* Without `format` the type's own is taken, which always fits. */
static void check_format(struct document *d, struct config_output_text *o, const struct node *n)
{
    const struct sink_ops *sink = o->output.sink;
    struct config_messages *m = d->reading.messages;
    struct suggestion near = {0};
    char names[200] = "";
    if (!sink && !o->format)
        return;
    o->output.encoder = registry_encoder(o->format ? o->format : sink->default_format);
    if (o->output.encoder && sink && sink->needs_single_line && !o->output.encoder->single_line)
        report_error(m, node_get(n, "format") ? node_get(n, "format")->at : n->at,
                     "`format` %s writes several lines per record, and an output of type %s ends a record "
                     "with the line",
                     o->output.encoder->name, sink->name);
    if (o->output.encoder)
        return;
    for (size_t i = 0; o->format && registry_encoders[i]; i++) {
        suggest(&near, o->format, registry_encoders[i]->name);
        suggest_list(names, sizeof names, registry_encoders[i]->name);
    }
    report_error(m, o->format ? node_get(n, "format")->at : n->at, "there is no such format; %s%s%s",
                 near.word ? "did you mean `" : "there are ", near.word ? near.word : names,
                 near.word ? "`?" : "");
}

void config_check_output(struct document *d, struct config_output_text *o, const struct node *n)
{
    struct config_messages *m = d->reading.messages;
    check_format(d, o, n);
    if (o->facility)
        check_facility(d, o, n);
    const char *number = o->output.enterprise_number;
    if (number && (!all_in(number, DIGITS) || *number == '0' || strlen(number) > 10))
        report_error(m, node_get(n, "enterprise_number")->at,
                     "`enterprise_number` must be a number such as 32473");
    if (o->output.max_bytes > 0 && o->output.max_bytes < MESSAGE_LEAST)
        report_error(m, node_get(n, "max_bytes")->at, "`max_bytes` must be 0 or at least %d (RFC 5424, 6.1)",
                     MESSAGE_LEAST);
}

static void report_twice(struct document *d, const char *section, size_t i, size_t first)
{
    struct shown shown;
    const struct node *name = node_get(entry(d, section, i), "name");
    report_error(d->reading.messages, name->at, "the name `%s` is taken by the entry in line %u",
                 show(&shown, name->written), entry(d, section, first)->at.line);
}

static void check_source_names(struct document *d)
{
    const struct config_source *s = d->config->sources;
    for (size_t i = 1; i < d->config->source_count; i++)
        for (size_t first = 0; first < i; first++)
            if (s[i].name && s[first].name && strcmp(s[i].name, s[first].name) == 0) {
                report_twice(d, "sources", i, first);
                break;
            }
}

static void check_output_names(struct document *d)
{
    const struct config_output *o = d->config->outputs;
    for (size_t i = 1; i < d->config->output_count; i++)
        for (size_t first = 0; first < i; first++)
            if (o[i].name && o[first].name && strcmp(o[i].name, o[first].name) == 0) {
                report_twice(d, "outputs", i, first);
                break;
            }
}

static void check_once_only(struct document *d)
{
    const struct config_output *o = d->config->outputs;
    for (size_t i = 1; i < d->config->output_count; i++)
        for (size_t first = 0; first < i; first++)
            if (o[i].sink && o[i].sink->once_only && o[first].sink == o[i].sink) {
                report_error(d->reading.messages, node_get(entry(d, "outputs", i), "type")->at,
                             "there can be one output of type %s only; the first is in line %u",
                             o[i].sink->name, entry(d, "outputs", first)->at.line);
                break;
            }
}

static void check_source_reference(struct document *d, const struct node *item)
{
    struct suggestion near = {0};
    struct shown shown;
    for (size_t i = 0; i < d->config->source_count; i++) {
        const char *name = d->config->sources[i].name;
        if (name && strcmp(name, item->text) == 0)
            return;
        if (name && !report_is_full(d->reading.messages))
            suggest(&near, item->text, name);
    }
    report_error(d->reading.messages, item->at, "there is no source named `%s`%s%s%s",
                 show(&shown, item->written), near.word ? "; did you mean `" : "", near.word ? near.word : "",
                 near.word ? "`?" : "");
}

static void check_source_references(struct document *d)
{
    for (size_t i = 0; i < d->config->output_count; i++) {
        const struct node *list = node_get(entry(d, "outputs", i), "sources");
        if (!list || list->kind != NODE_LIST)
            continue;
        for (const struct node *item = list->first; item; item = item->next)
            if (item->kind == NODE_TEXT && *item->text)
                check_source_reference(d, item);
    }
}

/* A destination that keeps the positions knows those of files. A channel's is a bookmark of this host's
 * service. */
static void check_carried_positions(struct document *d)
{
    const struct config *c = d->config;
    for (size_t i = 0; i < c->output_count; i++) {
        const struct config_output *o = &c->outputs[i];
        if (!o->sink || !o->sink->carries_positions || !o->sink->carries_positions(o->sink_config))
            continue;
        for (size_t k = 0; k < c->source_count; k++) {
            struct shown name;
            const struct config_source *s = &c->sources[k];
            if (s->channel && s->name && source_is_wanted(o, s->name))
                report_warning(d->reading.messages, entry(d, "outputs", i)->at,
                               "source `%s` is a channel, which goes on from the bookmark on this host: what "
                               "was delivered right before a kill comes twice from it",
                               show(&name, s->name));
        }
    }
}

/* A file that the agent writes. */
struct written {
    const char *path;
    const char *what; /* "output archive" */
    struct place at;
};

static bool is_read_by(const struct config_source *s, const char *path)
{
    for (size_t i = 0; i < s->paths.count; i++)
        if (glob_match_path(s->paths.items[i], path) && !source_excludes(s, path))
            return true;
    return false;
}

/* What is written and read again goes round for ever. */
static void check_not_read(struct document *d, const struct written *w)
{
    struct shown name;
    for (size_t i = 0; i < d->config->source_count; i++) {
        const struct config_source *s = &d->config->sources[i];
        if (s->name && is_read_by(s, w->path))
            report_error(d->reading.messages, w->at, "the file of %s would be read by source `%s`", w->what,
                         show(&name, s->name));
    }
}

static void check_written(struct document *d, const struct written *w, const struct written *others,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(others[i].path, w->path) == 0) {
            report_error(d->reading.messages, w->at, "%s and %s would write the same file", others[i].what,
                         w->what);
            return;
        }
    check_not_read(d, w);
}

/* By convention a sink that writes a file names it in a setting `path` of type PATH. */
const char *config_output_path(const struct config_output *o)
{
    for (const struct setting *s = o->sink ? o->sink->settings : NULL; s && s->key; s++)
        if (s->type == SETTING_PATH && strcmp(s->key, "path") == 0)
            return *(const char *const *)((const char *)o->sink_config + s->offset);
    return NULL;
}

static struct place place_in(const struct document *d, const char *section, const char *key)
{
    const struct node *n = *section ? node_get(d->root, section) : d->root;
    const struct node *value = n ? node_get(n, key) : NULL;
    return value ? value->at : d->root->at;
}

enum { WRITTEN_MAX = 256 };

static void check_written_files(struct document *d)
{
    const struct config *c = d->config;
    struct written files[WRITTEN_MAX];
    char names[WRITTEN_MAX][NAME_MAX_BYTES + 8];
    size_t count = 0;
    bool given = node_get(d->root, "dead_letter_file");
    if (c->dead_letter_file)
        files[count++] =
            (struct written){c->dead_letter_file, "the dead-letter file",
                             given ? place_in(d, "", "dead_letter_file") : place_in(d, "state", "directory")};
    if (c->log_file)
        files[count++] = (struct written){c->log_file, "the log", place_in(d, "log", "file")};
    for (size_t i = 0; i < c->output_count && count < WRITTEN_MAX; i++) {
        const char *path = config_output_path(&c->outputs[i]);
        if (!path || !c->outputs[i].name)
            continue;
        const struct node *n = entry(d, "outputs", i), *value = node_get(n, "path");
        snprintf(names[count], sizeof names[count], "output %s", c->outputs[i].name);
        files[count] = (struct written){path, names[count], value ? value->at : n->at};
        count++;
    }
    for (size_t i = 0; i < count; i++)
        check_written(d, &files[i], files, i);
}

void config_check(struct document *d)
{
    check_source_names(d);
    check_output_names(d);
    check_once_only(d);
    check_source_references(d);
    check_carried_positions(d);
    check_written_files(d);
}
