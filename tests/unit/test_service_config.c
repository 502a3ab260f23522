/* SPDX-License-Identifier: Apache-2.0 */
/* The service's first configuration is right whatever it is made from; which folders need rights. */
#include "config.h"
#include "os_file.h"
#include "service_config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64], path[96];
static struct config *config;
static struct config_messages messages;

static void setup(void)
{
    strcpy(directory, "/tmp/mapitail-service-XXXXXX");
    cr_assert(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/mapitail.yaml", directory);
}

static void teardown(void)
{
    config_free(config);
    config_messages_free(&messages);
    config = NULL;
    unlink(path);
    rmdir(directory);
}

TestSuite(service_config, .init = setup, .fini = teardown);

static const char *first_message(void)
{
    return messages.count ? messages.items[0].text : "no message";
}

static void write_first(const char *brokers, const char *topic, const char *syslog)
{
    struct service_first first = {"C:\\Data\\it's here", brokers, topic, syslog};
    struct fault f = {0};
    bool is_new;
    cr_assert(service_config_write(&first, path, &is_new, &f), "%s", f.text);
    cr_assert(is_new);
    config = config_load(path, &messages);
}

Test(service_config, with_nothing_named_records_go_to_a_file)
{
    write_first(NULL, "", NULL);
    cr_assert_not_null(config, "%s", first_message());
    cr_assert_eq(config->output_count, 1);
    cr_expect_str_eq(config_output_path(&config->outputs[0]), "C:\\Data\\it's here\\records\\records.ndjson");
    cr_expect_str_eq(config->state_directory, "C:\\Data\\it's here\\state");
    cr_expect_str_eq(config->sources[0].channel, "Application");
}

Test(service_config, each_receiver_that_is_named_is_an_output)
{
    static const struct {
        const char *syslog, *type;
    } cases[] = {{"siem.example:6514", "syslog_tls"},
                 {"tls://siem.example", "syslog_tls"},
                 {"tcp://siem.example:601", "syslog_tcp"},
                 {"udp://[2001:db8::1]:514", "syslog_udp"},
                 {"relp://siem.example:2514", "relp"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_first("kafka1.example:9092,kafka2.example:9092", "limits", cases[i].syslog);
        cr_assert_not_null(config, "%s", first_message());
        cr_assert_eq(config->output_count, 2);
        cr_expect_str_eq(config->outputs[0].sink->name, "kafka");
        cr_expect_str_eq(config->outputs[1].sink->name, cases[i].type);
        config_free(config);
        config = NULL;
        unlink(path);
    }
}

Test(service_config, a_value_cannot_add_a_setting)
{
    write_first("a.example:9092', tls: false, x: 'y", "t # no comment: here", NULL);
    cr_assert_null(config, "the brokers are no address");
    cr_assert_str_eq(first_message(), "brokers: `a.example:9092'` is not host:port");
    cr_assert_eq(messages.errors, 1, "all of it is the one value");
}

Test(service_config, control_characters_are_refused_before_anything_is_written)
{
    struct service_first first = {"C:\\Data", "a.example:9092\n    tls: false", NULL, NULL};
    struct os_file_info info;
    struct fault f = {0};
    bool is_new;
    cr_assert_not(service_config_write(&first, path, &is_new, &f));
    cr_assert_eq(f.code, FAULT_CONFIG);
    cr_assert_not(os_path_info(path, &info, &f));
}

Test(service_config, a_topic_without_brokers_is_refused_before_anything_is_written)
{
    struct service_first first = {"C:\\Data", "", "limits", "siem.example"};
    struct os_file_info info;
    struct fault f = {0};
    bool is_new;
    cr_assert_not(service_config_write(&first, path, &is_new, &f));
    cr_assert_eq(f.code, FAULT_CONFIG);
    cr_assert(strstr(f.text, "BROKERS"), "%s", f.text);
    cr_assert_not(os_path_info(path, &info, &f));
}

Test(service_config, a_configuration_that_is_there_stays)
{
    struct service_first first = {"C:\\Data", "other.example:9092", NULL, NULL};
    char text[16] = "";
    struct fault f;
    bool is_new;
    FILE *file = fopen(path, "wb");
    cr_assert(file && fputs("mine", file) >= 0 && fclose(file) == 0);
    cr_assert(service_config_write(&first, path, &is_new, &f));
    cr_assert_not(is_new);
    file = fopen(path, "rb");
    cr_assert(file && fgets(text, sizeof text, file) && fclose(file) == 0);
    cr_assert_str_eq(text, "mine");
}

static const struct {
    const char *path, *folder; /* NULL: none can be told */
} folders[] = {
    {"/exports/*.evtx", "/exports"},
    {"/exports/a.evtx", "/exports"},
    {"/exports//a[0-9]/b/c", "/exports"},
    {"/exports/2026-?/x.xml", "/exports"},
    {"/*.evtx", "/"},
    {"a.evtx", NULL},
    {"*", NULL},
    {"", NULL},
    {"exports/deep/**", "exports/deep"},
};

Test(service_config, the_folder_of_a_glob_ends_before_its_first_wildcard)
{
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char folder[64] = "none";
        bool told = service_config_source_folder(folders[i].path, folder, sizeof folder);
        cr_expect_eq(told, folders[i].folder != NULL, "%s", folders[i].path);
        cr_expect(!told || strcmp(folder, folders[i].folder) == 0, "%s: %s", folders[i].path, folder);
    }
}

Test(service_config, a_folder_without_room_is_not_cut)
{
    char folder[8];
    cr_expect_not(service_config_source_folder("/exports/*.evtx", folder, sizeof folder));
    cr_expect(service_config_parent("/export/a", folder, sizeof folder));
    cr_expect_str_eq(folder, "/export");
}
