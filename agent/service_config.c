/* SPDX-License-Identifier: Apache-2.0 */
/* The service's first configuration, and the folders that a configuration needs rights to. */
#include "service_config.h"

#include "buf.h"
#include "glob.h"
#include "os_file.h"
#include "os_service.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536, FOLDER_MODE = 0700, FILE_MODE = 0644, PATH_ROOM = GLOB_PATH_MAX };

static bool is_given(const char *text)
{
    return text && *text;
}

/* A scalar in single quotes, where only the quote itself has a meaning; a dollar sign still has its own. */
static void put_quoted(struct buf *to, const char *text)
{
    buf_putc(to, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_putc(to, '\'');
        buf_putc(to, *text);
    }
    buf_putc(to, '\'');
}

static void put_setting(struct buf *to, const char *key, const char *value)
{
    buf_printf(to, "    %s: ", key);
    put_quoted(to, value);
    buf_putc(to, '\n');
}

static void put_kafka(struct buf *to, const struct service_first *first)
{
    buf_lit(to, "  - name: kafka\n    type: kafka\n");
    put_setting(to, "brokers", first->brokers);
    if (is_given(first->topic))
        put_setting(to, "topic", first->topic);
}

/* What is not one of these has no scheme, and is wrong as an address where it has an unknown one. */
static void put_syslog(struct buf *to, const char *where)
{
    static const struct {
        const char *scheme, *type;
    } kinds[] = {
        {"tls://", "syslog_tls"}, {"tcp://", "syslog_tcp"}, {"udp://", "syslog_udp"}, {"relp://", "relp"}};
    const char *type = kinds[0].type;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(where, kinds[i].scheme, strlen(kinds[i].scheme)) == 0) {
            type = kinds[i].type;
            where += strlen(kinds[i].scheme);
            break;
        }
    buf_printf(to, "  - name: siem\n    type: %s\n", type);
    put_setting(to, "address", where);
}

static void put_file(struct buf *to, const char *folder)
{
    buf_lit(to, "  # Until a receiver is named, records go to a file.\n  - name: records\n    type: file\n"
                "    path: ");
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s\\records\\records.ndjson", folder);
    put_quoted(to, path);
    buf_putc(to, '\n');
}

static void put_in_folder(struct buf *to, const char *key, const char *folder, const char *name)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s\\%s", folder, name);
    buf_printf(to, "  %s: ", key);
    put_quoted(to, path);
    buf_putc(to, '\n');
}

static void put_all(struct buf *to, const struct service_first *first)
{
    buf_lit(
        to,
        "# The configuration of mapitail. Every other setting: mapitail.reference.yaml, beside the program.\n"
        "# `mapitail check -c FILE` reports every mistake; `mapitail service reload` puts changes in "
        "force.\n\n"
        "state:\n");
    put_in_folder(to, "directory", first->folder, "state");
    buf_lit(to, "\nlog:\n");
    put_in_folder(to, "file", first->folder, "log\\mapitail.log");
    buf_lit(to, "\nsources:\n"
                "  - name: application\n    channel: Application\n"
                "  # Exports of other servers:\n"
                "  #- name: exports\n    #paths: ['D:\\exports\\*.evtx']\n"
                "\noutputs:\n");
    if (is_given(first->brokers))
        put_kafka(to, first);
    if (is_given(first->syslog))
        put_syslog(to, first->syslog);
    if (!is_given(first->brokers) && !is_given(first->syslog))
        put_file(to, first->folder);
}

static bool has_control(const char *text)
{
    for (; text && *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

bool service_config_names(const struct service_first *first)
{
    return is_given(first->brokers) || is_given(first->topic) || is_given(first->syslog);
}

static bool check_first(const struct service_first *first, struct fault *f)
{
    if (has_control(first->brokers) || has_control(first->topic) || has_control(first->syslog))
        return fault_set(f, FAULT_CONFIG, 0, "an address or topic has a control character in it");
    if (is_given(first->topic) && !is_given(first->brokers))
        return fault_set(f, FAULT_CONFIG, 0, "the topic %s needs brokers (BROKERS=, --brokers)",
                         first->topic);
    return true;
}

bool service_config_write(const struct service_first *first, const char *path, bool *is_new, struct fault *f)
{
    struct os_file_info info;
    struct fault why = {0};
    struct buf text;
    *is_new = false;
    if (os_path_info(path, &info, &why))
        return true;
    if (!os_not_found(&why))
        return fault_set(f, why.code, why.os_error, "%s", why.text);
    if (!check_first(first, f))
        return false;
    buf_init(&text, TEXT_MAX);
    put_all(&text, first);
    bool written = buf_ok(&text) ? os_replace_file(path, FILE_MODE, text.p, text.n, f)
                                 : fault_set(f, FAULT_LIMIT, 0, "an address or topic is too long");
    buf_free(&text);
    *is_new = written;
    return written;
}

/* ---- rights ---- */

static bool copy_part(const char *path, size_t n, char *to, size_t room)
{
    if (n == 0 || n >= room)
        return false;
    memcpy(to, path, n);
    to[n] = '\0';
    return true;
}

/* The length of what stands before the last separator in path[0 … n). */
static size_t parent_length(const char *path, size_t n)
{
    size_t root = os_path_root(path);
    while (n > 0 && !os_is_separator(path[n - 1]))
        n--;
    while (n > root && os_is_separator(path[n - 1]))
        n--;
    return n;
}

bool service_config_parent(const char *path, char *to, size_t room)
{
    return copy_part(path, parent_length(path, strlen(path)), to, room);
}

bool service_config_source_folder(const char *path, char *to, size_t room)
{
    /* "\\?\" begins a path and has no wildcard in it. */
    size_t root = os_path_root(path);
    return copy_part(path, parent_length(path, root + strcspn(path + root, "*?[")), to, room);
}

static void allow_writing(const char *folder, void (*note)(const char *text))
{
    struct fault f;
    if (!os_make_directories(folder, FOLDER_MODE, &f) || !os_service_allow(folder, true, &f))
        note(f.text);
}

static void allow_writing_beside(const char *path, void (*note)(const char *text))
{
    char folder[PATH_ROOM];
    if (path && service_config_parent(path, folder, sizeof folder))
        allow_writing(folder, note);
}

/* Everybody reads the root of a drive; rights there would go to all that is on it. */
static void allow_reading(const char *path, void (*note)(const char *text))
{
    char folder[PATH_ROOM], text[PATH_ROOM + 128];
    struct fault f;
    if (!service_config_source_folder(path, folder, sizeof folder))
        return;
    if (os_path_root(folder) == strlen(folder)) {
        snprintf(text, sizeof text,
                 "rights to all of %s are not given; let NT SERVICE\\" OS_SERVICE_NAME " read what it needs",
                 folder);
        note(text);
    } else if (!os_service_allow(folder, false, &f)) {
        note(f.text);
    }
}

void service_config_allow(const struct config *c, void (*note)(const char *text))
{
    allow_reading(c->path, note);
    allow_writing(c->state_directory, note);
    allow_writing_beside(c->log_file, note);
    allow_writing_beside(c->dead_letter_file, note);
    for (size_t i = 0; i < c->output_count; i++)
        allow_writing_beside(config_output_path(&c->outputs[i]), note);
    for (size_t i = 0; i < c->source_count; i++)
        for (size_t k = 0; k < c->sources[i].paths.count; k++)
            allow_reading(c->sources[i].paths.items[k], note);
}
