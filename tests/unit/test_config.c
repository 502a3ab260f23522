/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: what is refused and how, and what good files become. */
#include "codepage.h"
#include "config.h"
#include "local_time.h"

#include "broken_configs.h"
#include "fake_registry.h"
#include "os_file.h"
#include "report.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINIMAL                                                                                              \
    "state: {directory: /s}\n"                                                                               \
    "sources: [{name: a, paths: [/x/*.evtx]}]\n"                                                             \
    "outputs: [{name: o, type: screen}]\n"
#define WIRE                                                                                                 \
    "state: {directory: /s}\n"                                                                               \
    "sources: [{name: a, paths: [/x/*.evtx]}]\n"                                                             \
    "outputs:\n  - name: o\n    type: wire\n    address: host\n"
#define SECRET "kanarienvogel"

static struct config_messages messages;
static struct config *config;

static void setup(void)
{
    setenv("MAPITAIL_TEST_SECRET", SECRET, 1);
    setenv("MAPITAIL_TEST_EMPTY", "", 1);
    setenv("MAPITAIL_TEST_LATIN1", "M\xfcller", 1);
    unsetenv("MAPITAIL_TEST_UNSET");
}

static void forget(void)
{
    config_free(config);
    config_messages_free(&messages);
    config = NULL;
}

TestSuite(config, .init = setup, .fini = forget);

static void parse_bytes(const char *text, size_t n)
{
    forget();
    config = config_parse(text, n, "/etc/mapitail/mapitail.yaml", &messages);
}

static void parse(const char *text)
{
    parse_bytes(text, strlen(text));
}

static void print_messages(void)
{
    for (size_t i = 0; i < messages.count; i++)
        fprintf(stderr, "    %u:%u: %s\n", messages.items[i].line, messages.items[i].column,
                messages.items[i].text);
}

static const struct fake_wire *parse_wire(const char *keys)
{
    char text[4096];
    snprintf(text, sizeof text, WIRE "%s", keys);
    parse(text);
    print_messages();
    cr_assert(config, "%s", keys);
    return config->outputs[0].sink_config;
}

static bool has_words(const char *text, const char *words)
{
    char word[256];
    for (size_t n; *words; words += n + (words[n] == '|')) {
        n = strcspn(words, "|");
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        if (!strstr(text, word))
            return false;
    }
    return true;
}

static bool is_said(unsigned line, unsigned column, bool warning, const char *words)
{
    for (size_t i = 0; i < messages.count; i++) {
        const struct config_message *m = &messages.items[i];
        if (m->line == line && m->column == column && m->is_warning == warning && has_words(m->text, words))
            return true;
    }
    return false;
}

Test(config, every_mistake_is_reported_at_its_place_and_alone)
{
    cr_assert_geq(broken_config_count, 300);
    for (size_t i = 0; i < broken_config_count; i++) {
        const struct broken_config *b = &broken_configs[i];
        parse(b->text);
        bool good = !config && is_said(b->line, b->column, false, b->words) &&
                    messages.errors == (b->errors ? b->errors : 1);
        if (!good) {
            fprintf(stderr, "%s  expected %u:%u %s\n", b->text, b->line, b->column, b->words);
            print_messages();
        }
        cr_expect(good, "broken configuration %zu: %s", i, b->words);
    }
}

Test(config, no_message_about_a_broken_file_shows_a_secret)
{
    for (size_t i = 0; i < broken_config_count; i++) {
        parse(broken_configs[i].text);
        for (size_t m = 0; m < messages.count; m++)
            cr_expect_null(strstr(messages.items[m].text, SECRET), "%s", messages.items[m].text);
    }
}

Test(config, messages_come_in_the_order_of_the_file)
{
    parse("outputs: [{name: o, type: screen, message_key: x}]\nlog: {level: x}\nselect: [{provider: X, id: "
          "x}]\nfoo: "
          "bar\n");
    cr_assert_eq(messages.errors, 6); /* and `state` and `sources` are missing */
    for (size_t i = 1; i < messages.count; i++)
        cr_expect_geq(messages.items[i].line, messages.items[i - 1].line);
}

Test(config, a_minimal_file_gets_every_default)
{
    parse(MINIMAL);
    cr_assert(config);
    cr_assert_eq(messages.count, 0);
    cr_assert_str_eq(config->path, "/etc/mapitail/mapitail.yaml");
    cr_assert_str_eq(config->state_directory, "/s");
    cr_assert_str_eq(config->dead_letter_file, "/s/dead-letter.ndjson");
    cr_assert_eq(config->sync_interval_ms, 1000);
    cr_assert_eq(config->log_level, LOG_INFO);
    cr_assert_null(config->log_file);
    cr_assert_null(config->agent_name);
    cr_assert_str_eq(config->namespace_, "default");
    cr_assert_eq(config->labels.count, 0);
    cr_assert_eq(config->tags.count, 0);
    cr_assert(selector_wants(&config->selector, SV("MSExchangeIS Mailbox Store"), 9646));
    cr_assert_not(selector_wants(&config->selector, SV("MSExchangeIS"), 9647));
}

Test(config, a_source_and_an_output_get_their_defaults)
{
    parse(MINIMAL);
    cr_assert_eq(config->source_count, 1);
    const struct config_source *s = &config->sources[0];
    cr_assert_str_eq(s->name, "a");
    cr_assert_eq(s->paths.count, 1);
    cr_assert_str_eq(s->paths.items[0], "/x/*.evtx");
    cr_assert_eq(s->exclude.count, 0);
    cr_assert_eq(s->from, FROM_BEGINNING);
    cr_assert_eq(s->poll_interval_ms, 1000);
    cr_assert_str_eq(s->timezone, "local");
    cr_assert_not_null(s->zone);
    cr_assert_eq(s->date_order, DATE_ORDER_AUTO);
    cr_assert_eq(s->encoding, CODE_PAGE_AUTO);
    cr_assert_eq(config->output_count, 1);
    const struct config_output *o = &config->outputs[0];
    cr_assert_str_eq(o->name, "o");
    cr_assert_str_eq(o->sink->name, "screen");
    cr_assert_str_eq(o->encoder->name, "line");
    cr_assert_eq(o->sources.count, 0);
    cr_assert_eq(o->original, ORIGINAL_AUTO);
    cr_assert_eq(o->diag_context, false);
    cr_assert_eq(o->key, KEY_MAILBOX);
    cr_assert_eq(o->facility, 1);
    cr_assert_str_eq(o->enterprise_number, "32473");
    cr_assert_eq(o->bom, 0);
    cr_assert_eq(o->max_bytes, 0);
}

Test(config, every_setting_of_the_file_arrives)
{
    parse("agent_name: collector\n"
          "dead_letter_file: /d/dead.ndjson\n"
          "state: {directory: /s, sync_interval: 250ms}\n"
          "log: {level: debug, file: /l/mapitail.log}\n"
          "record: {labels: {site: hq, dag: 01}, tags: [exchange, 'yes'], namespace: prod_1}\n"
          "select: [{provider: MSExchangeIS*, id: 9646}, {provider: MSExchangeIS, id: '*'}]\n"
          "sources:\n"
          "  - {name: a, paths: ['C:\\exports\\**\\*.evtx', /y], exclude: ['*.tmp'], from: end, "
          "poll_interval: 5s,\n"
          "     timezone: '-05:30', date_order: dmy, encoding: windows-1251}\n"
          "outputs:\n"
          "  - {name: o, type: screen, format: pages, sources: [a], original: always, diag_context: true, "
          "message_key: host,\n"
          "     facility: local7, enterprise_number: 99, bom: never, max_bytes: 8KiB}\n");
    print_messages();
    cr_assert(config);
    cr_assert_str_eq(config->agent_name, "collector");
    cr_assert_str_eq(config->dead_letter_file, "/d/dead.ndjson");
    cr_assert_eq(config->sync_interval_ms, 250);
    cr_assert_eq(config->log_level, LOG_DEBUG);
    cr_assert_str_eq(config->log_file, "/l/mapitail.log");
    cr_assert_eq(config->labels.count, 2);
    cr_assert_str_eq(config->labels.items[0].key, "site");
    cr_assert_str_eq(config->labels.items[0].value, "hq");
    cr_assert_str_eq(config->labels.items[1].value, "01");
    cr_assert_eq(config->tags.count, 2);
    cr_assert_str_eq(config->tags.items[1], "yes");
    cr_assert_str_eq(config->namespace_, "prod_1");
    cr_assert_eq(config->selector.count, 2);
    cr_assert(config->selector.rules[1].any_id);
    cr_assert_not(config->selector.all);
    cr_assert_str_eq(config->sources[0].paths.items[0], "C:\\exports\\**\\*.evtx");
    cr_assert_str_eq(config->sources[0].paths.items[1], "/y");
    cr_assert_str_eq(config->sources[0].exclude.items[0], "*.tmp");
    cr_assert_eq(config->sources[0].from, FROM_END);
    cr_assert_eq(config->sources[0].poll_interval_ms, 5000);
    cr_assert_eq(zone_offset_at(config->sources[0].zone, 0), -19800);
    cr_assert_eq(config->sources[0].date_order, DATE_ORDER_DMY);
    cr_assert_eq(config->sources[0].encoding, CODE_PAGE_WINDOWS_1251);
    const struct config_output *o = &config->outputs[0];
    cr_assert_str_eq(o->encoder->name, "pages");
    cr_assert_str_eq(o->sources.items[0], "a");
    cr_assert_eq(o->original, ORIGINAL_ALWAYS);
    cr_assert(o->diag_context);
    cr_assert_eq(o->key, KEY_HOST);
    cr_assert_eq(o->facility, 23);
    cr_assert_str_eq(o->enterprise_number, "99");
    cr_assert_eq(o->bom, 2);
    cr_assert_eq(o->max_bytes, 8192);
}

Test(config, a_sink_gets_its_own_settings)
{
    const struct fake_wire *w =
        parse_wire("    port: 6514\n    offset: -7\n    timeout: 2m\n    age: 2h\n    buffer: 10MiB\n"
                   "    tls: false\n    mode: exactly_once\n    ca_file: /ca.pem\n"
                   "    brokers:\n      - one:1\n    options: {a: 1, b: two}\n");
    cr_assert_str_eq(w->address, "host");
    cr_assert_eq(w->port, 6514);
    cr_assert_eq(w->offset, -7);
    cr_assert_eq(w->timeout_ms, 120000);
    cr_assert_eq(w->age_ms, 7200000);
    cr_assert_eq(w->buffer, 10 << 20);
    cr_assert_not(w->tls);
    cr_assert_eq(w->mode, 2);
    cr_assert_str_eq(w->ca_file, "/ca.pem");
    cr_assert_eq(w->brokers.count, 1);
    cr_assert_str_eq(w->brokers.items[0], "one:1");
    cr_assert_eq(w->options.count, 2);
    cr_assert_str_eq(w->options.items[1].key, "b");
    cr_assert_str_eq(w->options.items[1].value, "two");
    cr_assert_not(w->options.items[1].secret);
}

Test(config, a_sink_gets_its_own_defaults)
{
    const struct fake_wire *w = parse_wire("");
    cr_assert_eq(w->port, 514);
    cr_assert_eq(w->offset, 0);
    cr_assert_eq(w->timeout_ms, 30000);
    cr_assert_eq(w->age_ms, INT64_C(604800000));
    cr_assert_eq(w->buffer, 1 << 20);
    cr_assert(w->tls);
    cr_assert_eq(w->mode, 1);
    cr_assert_null(w->password);
    cr_assert_eq(w->brokers.count, 2);
    cr_assert_str_eq(w->brokers.items[1], "two");
    cr_assert_eq(w->options.count, 0);
}

Test(config, a_facility_can_be_given_by_number)
{
    parse("state: {directory: /s}\nsources: [{name: a, paths: [/x]}]\n"
          "outputs: [{name: o, type: screen, facility: 16}]\n");
    cr_assert(config);
    cr_assert_eq(config->outputs[0].facility, 16);
}

Test(config, a_rule_for_everything_selects_everything)
{
    parse("select: [{provider: '*', id: '*'}]\n" MINIMAL);
    cr_assert(config);
    cr_assert(config->selector.all);
}

Test(config, a_variable_is_taken_from_the_environment_and_marked_secret)
{
    const struct fake_wire *w =
        parse_wire("    password: a${MAPITAIL_TEST_SECRET}b\n    options: {k: '${MAPITAIL_TEST_SECRET}'}\n");
    cr_assert_str_eq(w->password, "a" SECRET "b");
    cr_assert_str_eq(w->options.items[0].value, SECRET);
    cr_assert(w->options.items[0].secret);
    cr_assert_eq(messages.count, 0);
}

Test(config, two_dollars_are_one_and_a_single_one_is_itself)
{
    const struct fake_wire *w = parse_wire(
        "    options: {a: $$, b: 'x$$y$$${MAPITAIL_TEST_SECRET}', c: '\\\\srv\\d$\\x', d: '$${X}'}\n");
    cr_assert_str_eq(w->options.items[0].value, "$");
    cr_assert_str_eq(w->options.items[1].value, "x$y$" SECRET);
    cr_assert_str_eq(w->options.items[2].value, "\\\\srv\\d$\\x");
    cr_assert_str_eq(w->options.items[3].value, "${X}");
}

Test(config, what_a_variable_holds_is_not_expanded_again)
{
    setenv("MAPITAIL_TEST_SECRET", "${MAPITAIL_TEST_UNSET}$$", 1);
    cr_assert_str_eq(parse_wire("    password: ${MAPITAIL_TEST_SECRET}\n")->password,
                     "${MAPITAIL_TEST_UNSET}$$");
}

Test(config, a_secret_written_in_the_file_draws_a_warning_without_it)
{
    const struct fake_wire *w = parse_wire("    password: " SECRET "\n");
    cr_assert_str_eq(w->password, SECRET);
    cr_assert_eq(messages.count, 1);
    cr_assert_eq(messages.errors, 0);
    cr_assert(is_said(7, 15, true, "`password`|plain text|${file:PATH}"));
    cr_assert_null(strstr(messages.items[0].text, SECRET));
}

/* Writes a file that is gone when the test's process is. */
static const char *file_with(const char *content, unsigned mode)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/mapitail-test-%d", (int)getpid());
    FILE *f = fopen(path, "wb");
    cr_assert(f && fputs(content, f) >= 0 && fclose(f) == 0);
    cr_assert_eq(chmod(path, (mode_t)mode), 0);
    return path;
}

Test(config, the_first_line_of_a_file_is_the_value)
{
    char keys[128];
    snprintf(keys, sizeof keys, "    password: ${file:%s}\n", file_with(SECRET "\r\nmore\n", 0600));
    const struct fake_wire *w = parse_wire(keys);
    unlink(file_with("", 0600));
    cr_assert_str_eq(w->password, SECRET);
    cr_assert_eq(messages.count, 0);
}

/* Windows has no permissions for a group and others. */
Test(config, a_secret_file_that_others_can_read_draws_a_warning, .disabled = ON_WINDOWS)
{
    char keys[128];
    snprintf(keys, sizeof keys, "    password: ${file:%s}\n", file_with(SECRET, 0644));
    const struct fake_wire *w = parse_wire(keys);
    unlink(file_with("", 0600));
    cr_assert_str_eq(w->password, SECRET);
    cr_assert(is_said(7, 15, true, "read by others|644"));
    cr_assert_null(strstr(messages.items[0].text, SECRET));
}

Test(config, a_secret_file_with_nothing_or_no_text_in_it_is_refused)
{
    static const struct {
        const char *content, *words;
    } cases[] = {{"", "is empty"}, {"\nsecond\n", "is empty"}, {"M\xfcller\n", "not text in UTF-8"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        const char *path = file_with(cases[i].content, 0600);
        snprintf(text, sizeof text, WIRE "    password: ${file:%s}\n", path);
        parse(text);
        unlink(path);
        cr_expect_null(config);
        cr_expect(is_said(7, 15, false, cases[i].words), "%s", cases[i].words);
    }
}

Test(config, relative_paths_are_relative_to_the_file)
{
    parse("state: {directory: state}\nlog: {file: log/m.log}\n"
          "sources: [{name: a, paths: ['*.evtx', /x, 'D:\\x', '\\\\srv\\x']}]\n"
          "outputs: [{name: o, type: disk, path: ../out}]\n");
    print_messages();
    cr_assert(config);
    cr_assert_str_eq(config->state_directory, "/etc/mapitail/state");
    cr_assert_str_eq(config->dead_letter_file, "/etc/mapitail/state/dead-letter.ndjson");
    cr_assert_str_eq(config->log_file, "/etc/mapitail/log/m.log");
    cr_assert_str_eq(config->sources[0].paths.items[0], "/etc/mapitail/*.evtx");
    cr_assert_str_eq(config->sources[0].paths.items[1], "/x");
    cr_assert_str_eq(config->sources[0].paths.items[2], "D:\\x");
    cr_assert_str_eq(config->sources[0].paths.items[3], "\\\\srv\\x");
    cr_assert_str_eq(((const struct fake_disk *)config->outputs[0].sink_config)->path,
                     "/etc/mapitail/../out");
}

Test(config, doubled_backslashes_in_double_quotes_are_a_path)
{
    parse("state: {directory: \"C:\\\\new\\\\temp\"}\nsources: [{name: a, paths: [/x]}]\noutputs: [{name: o, "
          "type: screen}]\n");
    cr_assert(config);
    cr_assert_str_eq(config->state_directory, "C:\\new\\temp");
}

Test(config, an_excluded_file_may_be_written_beside_the_sources)
{
    parse("state: {directory: /s}\nsources: [{name: a, paths: ['/x/*'], exclude: ['*.out']}]\n"
          "outputs: [{name: o, type: disk, path: /x/a.out}]\n");
    cr_assert(config);
}

Test(config, sections_with_nothing_in_them_are_as_good_as_none)
{
    parse("log:\nrecord:\nselect:\n" MINIMAL);
    cr_assert(config);
    cr_assert_eq(config->selector.count, 1);
}

Test(config, byte_order_marks_and_utf_16_are_understood)
{
    static const char utf8[] = "\xef\xbb\xbf" MINIMAL;
    parse(utf8);
    cr_assert(config);
    char utf16[2 * sizeof MINIMAL] = "\xff\xfe";
    for (size_t i = 0; MINIMAL[i]; i++)
        utf16[2 + 2 * i] = MINIMAL[i];
    parse_bytes(utf16, 2 * sizeof MINIMAL);
    cr_assert(config);
    cr_assert_str_eq(config->state_directory, "/s");
}

Test(config, carriage_returns_change_nothing)
{
    parse("state: {directory: /s}\r\nsources: [{name: a, paths: [/x]}]\r\noutputs: [{name: o, type: "
          "screen}]\r\nfoo: x\r\n");
    cr_assert(is_said(4, 1, false, "unknown key `foo`"));
    cr_assert_eq(messages.errors, 1);
}

Test(config, columns_count_characters)
{
    parse("record: {labels: {ort: 'K\xc3\xb6ln'}, tags: \"\xe2\x82\xac\", namespace: \"a\\tb\"}\n" MINIMAL);
    cr_assert(is_said(1, 39, false, "`tags` must be a list"));
    cr_assert(is_said(1, 55, false, "`namespace`"));
}

Test(config, names_in_messages_are_printable_and_short)
{
    parse("\"\\e[31m\\nred\": x\n" MINIMAL);
    cr_assert(is_said(1, 1, false, "`?[31m?red`"));
    char text[600] = "";
    memset(text, 'k', 200);
    snprintf(text + 200, sizeof text - 200, ": x\n%s", MINIMAL);
    parse(text);
    cr_assert(is_said(1, 1, false, "kkk...`"));
}

Test(config, text_that_is_not_utf8_is_refused_at_its_place)
{
    parse("agent_name: a\nlog: {level: info}\n# M\xfcller\n" MINIMAL);
    cr_assert_null(config);
    cr_assert(is_said(3, 4, false, "UTF-8"));
}

Test(config, a_nul_byte_is_refused)
{
    static const char text[] = "agent_name: a\0b\n" MINIMAL;
    parse_bytes(text, sizeof text - 1);
    cr_assert_null(config);
    cr_assert_eq(messages.errors, 1);
}

/* A text of n bytes made of a head, a repeated piece and a tail; the caller frees it. */
static char *repeated(const char *head, const char *piece, size_t times, const char *tail)
{
    size_t n = strlen(piece);
    char *text = malloc(strlen(head) + n * times + strlen(tail) + 1);
    char *to = stpcpy(text, head);
    for (size_t i = 0; i < times; i++, to += n)
        memcpy(to, piece, n);
    strcpy(to, tail);
    return text;
}

static void parse_repeated(const char *head, const char *piece, size_t times, const char *tail)
{
    char *text = repeated(head, piece, times, tail);
    parse(text);
    free(text);
}

Test(config, hostile_texts_are_refused_within_limits)
{
    static const char *const pieces[] = {"[",  "{a: ", "- ",    "? ",    "&a ", "!a ", "*a ", "\"",      "'",
                                         "\\", "a: ",  "a:\n ", "%",     "#",   "|\n", ">\n", "- - a\n", "\n",
                                         " ",  "\t",   "---\n", "...\n", ",",   "a,",  "\xff"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        parse_repeated("", pieces[i], (CONFIG_SIZE_MAX - 8) / strlen(pieces[i]), "");
        cr_expect_null(config);
        cr_expect_gt(messages.errors, 0, "%s", pieces[i]);
        cr_expect_leq(messages.count, CONFIG_MESSAGES_MAX);
    }
}

Test(config, many_mistakes_are_counted_and_some_are_shown)
{
    parse_repeated(MINIMAL "select:\n", "- {provider: X, nonsense: 1, id: x}\n", 200, "");
    cr_assert_gt(messages.errors, 128);
    cr_assert_eq(messages.count, CONFIG_MESSAGES_MAX);
    cr_assert(is_said(0, 0, false, "more mistakes"));
}

Test(config, too_many_values_keys_entries_and_bytes_are_refused)
{
    parse_repeated("record: {tags: [", "a,", CONFIG_VALUES_MAX, "]}\n" MINIMAL);
    cr_expect(is_said(1, 17 + 2 * (CONFIG_VALUES_MAX - 3), false, "too many values"));
    parse_repeated(MINIMAL "select:\n", "- {provider: X, id: 1}\n", 65, "");
    cr_expect(is_said(5, 1, false, "more than 64"));
    parse_repeated("state: {directory: /s}\nsources:\n", "- {name: a, paths: [/x]}\n", 257,
                   "outputs: [{name: o, type: screen}]\n");
    cr_expect(is_said(3, 1, false, "more than 256"));
    parse_repeated("", "#", CONFIG_SIZE_MAX + 1, "");
    cr_expect(is_said(0, 0, false, "larger than 1 MiB"));
    char *keys = malloc(20000), *to = keys;
    for (unsigned i = 0; i <= CONFIG_KEYS_MAX; i++)
        to += sprintf(to, "key%u: x\n", i);
    parse(keys);
    free(keys);
    cr_expect(is_said(CONFIG_KEYS_MAX + 1, 1, false, "too many keys"));
}

Test(config, a_bomb_of_aliases_does_not_go_off)
{
    parse("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n" MINIMAL);
    cr_assert_null(config);
    cr_assert(is_said(1, 4, false, "anchors"));
    cr_assert(is_said(4, 5, false, "aliases"));
}

Test(config, a_file_that_is_not_there_is_named)
{
    forget();
    config = config_load("/nowhere/mapitail.yaml", &messages);
    cr_assert_null(config);
    cr_assert_eq(messages.errors, 1);
    cr_assert(is_said(0, 0, false, "/nowhere/mapitail.yaml"));
}

Test(config, a_file_is_read)
{
    forget();
    const char *path = file_with(MINIMAL, 0600);
    config = config_load(path, &messages);
    unlink(path);
    cr_assert(config);
    cr_assert_str_eq(config->path, path);
}

Test(config, a_truncated_file_never_crashes)
{
    static const char text[] =
        "select: [{provider: '*', id: \"\\x2a\"}]\nrecord: {labels: {a: \"b\\n\"}, tags: [x]}\n" WIRE
        "    password: ${MAPITAIL_TEST_SECRET}\n    options:\n      k: |\n        block\n";
    for (size_t n = 0; n < sizeof text; n++) {
        parse_bytes(text, n);
        cr_expect(config || messages.errors > 0);
    }
}

Test(config, the_reference_file_cut_at_any_byte_never_crashes)
{
    struct fault fault;
    size_t n;
    char *text = os_read_file(SOURCE_ROOT "/packaging/mapitail.reference.yaml", CONFIG_SIZE_MAX, &n, &fault);
    cr_assert(text, "%s", fault.text);
    for (size_t cut = 0; cut <= n; cut++) {
        char *exact = malloc(cut ? cut : 1); /* so that a sanitizer sees a byte too far */
        memcpy(exact, text, cut);
        parse_bytes(exact, cut);
        cr_expect(!config && messages.errors > 0); /* its types of output are not those of the test */
        free(exact);
    }
    free(text);
}

Test(config, a_damaged_byte_never_crashes)
{
    char text[] = "record: {labels: {a: \"b\"}, tags: [x]}\n" WIRE "    options:\n      k: 'v'\n";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char kept = text[i];
        for (unsigned c = 1; c < 256; c += 6) {
            text[i] = (char)c;
            parse_bytes(text, sizeof text - 1);
            cr_expect(config || messages.errors > 0);
        }
        text[i] = kept;
    }
}
