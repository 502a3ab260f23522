/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones from the zoneinfo directories. */
#include "os_file.h"
#include "os_zone.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ZONE_FILE_MAX = 256 << 10 };

static const char host_file[] = "/etc/localtime";

/* A copy of what was read, with the name by which it goes. */
static struct zone *keep(const struct zone *z, const char *name, struct fault *f)
{
    struct zone *copy = malloc(sizeof *copy);
    if (!copy) {
        fault_set(f, FAULT_MEMORY, 0, "no memory");
        free(z->changes);
        return NULL;
    }
    *copy = *z;
    if (name)
        snprintf(copy->name, sizeof copy->name, "%s", name);
    return copy;
}

/* NULL without touching the fault's code when there is no such file. */
static struct zone *load_file(const char *path, const char *name, struct fault *f)
{
    struct zone z;
    size_t n;
    char *bytes = os_read_file(path, ZONE_FILE_MAX, &n, f);
    if (!bytes)
        return NULL;
    bool ok = zone_parse_tzif(bytes, n, &z);
    free(bytes);
    if (ok)
        return keep(&z, name, f);
    fault_set(f, FAULT_FORMAT, 0, "%s is no time zone file", path);
    return NULL;
}

/* A name stays within the directory that it is looked for in. */
static bool is_zone_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < ZONE_NAME_MAX && name[0] != '/' && !strstr(name, "..") &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == n;
}

static struct zone *load_name(const char *name, struct fault *f)
{
    static const char *const directories[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                              "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};
    char path[160];
    if (is_zone_name(name))
        for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
            struct fault missing = {0};
            snprintf(path, sizeof path, "%s/%s", directories[i], name);
            struct zone *z = load_file(path, name, &missing);
            if (z)
                return z;
            if (!os_not_found(&missing)) {
                *f = missing;
                return NULL;
            }
        }
    fault_set(f, FAULT_CONFIG, 0, "there is no time zone of that name");
    return NULL;
}

/* What stands behind the last "/zoneinfo/" of a path, or NULL. */
static const char *name_in(const char *path)
{
    static const char directory[] = "/zoneinfo/";
    const char *name = NULL;
    for (const char *at = path; (at = strstr(at, directory)); at++)
        name = at + sizeof directory - 1;
    return name && is_zone_name(name) ? name : NULL;
}

/* TZ: a name, the path of a file, either behind a colon, or a rule (POSIX.1-2017 section 8.3). */
static struct zone *load_variable(const char *value, struct fault *f)
{
    struct zone z = {.has_rule = true};
    if (zone_parse_rule(sv_from(value), &z.rule))
        return keep(&z, NULL, f);
    value += value[0] == ':';
    return value[0] == '/' ? load_file(value, name_in(value), f) : load_name(value, f);
}

static struct zone *load_host(struct fault *f)
{
    char target[PATH_MAX];
    struct fault missing = {0};
    const char *variable = getenv("TZ");
    struct zone utc = zone_fixed(0);
    if (variable && *variable)
        return load_variable(variable, f);
    ssize_t n = readlink(host_file, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = '\0';
    struct zone *z = load_file(host_file, name_in(target), &missing);
    if (z || !os_not_found(&missing)) {
        *f = missing;
        return z;
    }
    return keep(&utc, NULL, f);
}

struct zone *os_zone_load(const char *name, struct fault *f)
{
    struct zone z;
    struct fault ignored;
    f = f ? f : &ignored;
    if (strcmp(name, "local") == 0)
        return load_host(f);
    if (zone_parse_fixed(sv_from(name), &z))
        return keep(&z, NULL, f);
    return load_name(name, f);
}

void os_zone_free(struct zone *z)
{
    zone_clear(z);
    free(z);
}
