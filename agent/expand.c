/* SPDX-License-Identifier: Apache-2.0 */
/* ${NAME}, ${file:PATH}, ${dpapi:TEXT} and $$ in the values of a configuration file. */
#include "expand.h"

#include "os_file.h"
#include "os_process.h"
#include "os_secret.h"
#include "utf.h"

#include <stdlib.h>
#include <string.h>

/* A path of Windows is absolute wherever the file is read, so that a configuration can be checked elsewhere.
 */
static bool is_windows_absolute(const char *path)
{
    return (path[0] == '\\' && path[1] == '\\') ||
           (ascii_is_alpha(path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/'));
}

const char *resolve_path(struct reading *r, const char *path)
{
    size_t directory = strlen(r->path), n = strlen(path);
    while (directory > 0 && !os_is_separator(r->path[directory - 1]))
        directory--;
    if (directory == 0 || os_path_is_absolute(path) || is_windows_absolute(path))
        return path;
    char *whole = arena_alloc(r->memory, directory + n + 1);
    if (!whole)
        return NULL;
    memcpy(whole, r->path, directory);
    memcpy(whole + directory, path, n + 1);
    return whole;
}

static bool is_name(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_is_alpha(v.p[i]) && !ascii_is_digit(v.p[i]) && !strchr("_-.()", v.p[i]))
            return false;
    return v.n > 0;
}

/* What stands in place of one ${…}. Absent after an error, which is reported. */
static struct sv of_variable(struct reading *r, const struct node *n, struct sv name)
{
    struct shown shown;
    char *key = arena_cstr(r->memory, name);
    if (!key)
        return SV_ABSENT;
    const char *value = is_name(name) ? os_environment(key) : NULL;
    if (!is_name(name))
        report_error(
            r->messages, n->at,
            "`${%s}` is neither ${NAME} nor ${file:PATH} nor ${dpapi:TEXT}; a dollar sign is written $$",
            show(&shown, key));
    else if (!value)
        report_error(r->messages, n->at, "the environment variable %s is not set", show(&shown, key));
    else if (!*value)
        report_error(r->messages, n->at, "the environment variable %s is empty", show(&shown, key));
    else if (utf8_valid_length(sv_from(value)) != strlen(value))
        report_error(r->messages, n->at, "the environment variable %s is not UTF-8", show(&shown, key));
    else
        return arena_copy(r->memory, sv_from(value));
    return SV_ABSENT;
}

static void warn_if_others_read(struct reading *r, const struct node *n, const char *path)
{
    struct os_file_info info;
    struct shown shown;
    if (os_path_info(path, &info, NULL) && (info.mode & 077))
        report_warning(r->messages, n->at, "%s can be read by others than its owner (mode %03o)",
                       show(&shown, path), info.mode & 0777);
}

static struct sv first_line(const char *text, size_t n)
{
    struct sv line = sv_make(text, n);
    size_t end = sv_find_char(line, '\n');
    line = sv_slice(line, 0, end == SV_NPOS ? n : end);
    return sv_ends(line, SV("\r")) ? sv_slice(line, 0, line.n - 1) : line;
}

static struct sv of_file(struct reading *r, const struct node *n, struct sv name)
{
    struct shown shown;
    struct fault fault;
    size_t size = 0;
    const char *written = arena_cstr(r->memory, name), *path = written ? resolve_path(r, written) : NULL;
    if (!path)
        return SV_ABSENT;
    char *text = os_read_file(path, CONFIG_SECRET_FILE_MAX, &size, &fault);
    if (!text) {
        report_error(r->messages, n->at, "cannot read the value: %s", fault.text);
        return SV_ABSENT;
    }
    struct sv line = first_line(text, size), copy = SV_ABSENT;
    if (line.n == 0)
        report_error(r->messages, n->at, "the first line of %s is empty", show(&shown, path));
    else if (utf8_valid_length(line) != line.n || memchr(line.p, 0, line.n))
        report_error(r->messages, n->at, "the first line of %s is not text in UTF-8", show(&shown, path));
    else {
        warn_if_others_read(r, n, path);
        copy = arena_copy(r->memory, line);
    }
    free(text);
    return copy;
}

static bool has_control(struct sv v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
            return true;
    return false;
}

static struct sv of_protected(struct reading *r, const struct node *n, struct sv text)
{
    struct fault fault;
    size_t size = 0;
    char *secret = os_secret_unprotect(text.p, text.n, &size, &fault);
    struct sv value = sv_make(secret, size), copy = SV_ABSENT;
    if (!secret)
        report_error(r->messages, n->at, "cannot read the protected value: %s", fault.text);
    else if (size == 0)
        report_error(r->messages, n->at, "the protected value is empty");
    else if (utf8_valid_length(value) != size || memchr(secret, 0, size))
        report_error(r->messages, n->at, "the protected value is not text in UTF-8");
    else
        copy = arena_copy(r->memory, value);
    os_secret_free(secret, size);
    return copy;
}

/* inside: what stands between ${ and }. */
static struct sv of_reference(struct reading *r, const struct node *n, struct sv inside)
{
    if (sv_starts(inside, SV("dpapi:")))
        return of_protected(r, n, sv_slice(inside, strlen("dpapi:"), inside.n));
    if (!sv_starts(inside, SV("file:")))
        return of_variable(r, n, inside);
    if (n->has_escapes || has_control(inside)) {
        report_error(r->messages, n->at, "%s", HINT_SINGLE_QUOTES);
        return SV_ABSENT;
    }
    return of_file(r, n, sv_slice(inside, strlen("file:"), inside.n));
}

/* Appends what rest begins with, one piece; returns the bytes of rest that are done, 0 after an error. */
static size_t expand_piece(struct reading *r, struct node *n, struct sv rest, struct buf *out)
{
    if (sv_starts(rest, SV("$$"))) {
        buf_putc(out, '$');
        return 2;
    }
    if (!sv_starts(rest, SV("${"))) {
        buf_putc(out, rest.p[0]);
        return 1;
    }
    size_t end = sv_find_char(rest, '}');
    if (end == SV_NPOS) {
        report_error(r->messages, n->at, "`${` without `}`; a dollar sign is written $$");
        return 0;
    }
    struct sv value = of_reference(r, n, sv_slice(rest, 2, end));
    buf_put(out, value);
    n->is_expanded = true;
    return sv_absent(value) ? 0 : end + 1;
}

static void expand_text(struct reading *r, struct node *n)
{
    struct buf out;
    struct sv rest = sv_from(n->text);
    if (sv_find_char(rest, '$') == SV_NPOS)
        return;
    buf_init(&out, CONFIG_SIZE_MAX);
    for (size_t done; rest.n > 0; rest = sv_slice(rest, done, rest.n)) {
        done = expand_piece(r, n, rest, &out);
        if (done == 0) {
            n->kind = NODE_REFUSED;
            break;
        }
    }
    char *text = buf_ok(&out) ? arena_cstr(r->memory, buf_sv(&out)) : NULL;
    if (!text && n->kind != NODE_REFUSED) {
        report_error(r->messages, n->at, "the value is too long");
        n->kind = NODE_REFUSED;
    }
    n->text = text ? text : "";
    buf_free(&out);
}

void expand(struct reading *r, struct node *n)
{
    if (n->kind == NODE_TEXT)
        expand_text(r, n);
    for (struct node *child = n->first; child; child = child->next)
        expand(r, child);
}
