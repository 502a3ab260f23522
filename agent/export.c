/* SPDX-License-Identifier: Apache-2.0 */
/* One opened export. */
#include "export.h"

#include "hash64.h"
#include "registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static ptrdiff_t read_input(void *ctx, uint64_t offset, void *to, size_t n)
{
    struct export *e = ctx;
    return os_file_read_at(e->file, offset, to, n, &e->read_fault);
}

void export_init(struct export *e, struct os_file *file)
{
    *e = (struct export){.file = file};
    e->input = (struct input){.ctx = e, .read_at = read_input};
}

bool export_refresh(struct export *e, struct fault *f)
{
    struct os_file_info info;
    if (!os_file_info(e->file, &info, f))
        return false;
    e->input.size = info.size;
    return true;
}

static void unknown_format(struct sv head, struct fault *f)
{
    char formats[120] = "", bytes[100];
    size_t at = 0;
    for (size_t i = 0; registry_parsers[i]; i++) {
        size_t n = strlen(formats);
        snprintf(formats + n, sizeof formats - n, "%s%s", n ? ", " : "", registry_parsers[i]->name);
    }
    for (size_t i = 0; i < head.n && i < 16; i++) {
        unsigned char c = (unsigned char)head.p[i];
        int n = c >= 0x20 && c < 0x7f && c != '\\' ? snprintf(bytes + at, sizeof bytes - at, "%c", c)
                                                   : snprintf(bytes + at, sizeof bytes - at, "\\x%02x", c);
        at += (size_t)n;
    }
    bytes[at] = '\0';
    fault_set(f, FAULT_FORMAT, 0, "unknown format: none of %s takes it; it begins with \"%s\"", formats,
              bytes);
}

enum export_status export_open(struct export *e, const struct position *from,
                               const struct parser_options *options, struct fault *f)
{
    char head[PARSER_HEAD_BYTES];
    size_t want = e->input.size < sizeof head ? (size_t)e->input.size : sizeof head;
    ptrdiff_t got = want ? os_file_read_at(e->file, 0, head, want, f) : 0;
    bool more;
    if (got < 0)
        return EXPORT_FAILED;
    struct sv start = sv_make(head, (size_t)got);
    e->ops = registry_recognize(start, e->input.complete, &more);
    if (!e->ops && more && !e->input.complete)
        return EXPORT_WAITING;
    if (!e->ops) {
        if (got == 0)
            fault_set(f, FAULT_FORMAT, 0, "the file is empty");
        else
            unknown_format(start, f);
        return EXPORT_UNKNOWN;
    }
    e->parser = e->ops->open(&e->input, from, options, f);
    return e->parser ? EXPORT_READY : EXPORT_FAILED;
}

bool export_hash_head(struct export *e, uint32_t bytes, uint64_t *hash)
{
    char head[PARSER_HEAD_BYTES];
    struct fault ignored;
    if (bytes > sizeof head || os_file_read_at(e->file, 0, head, bytes, &ignored) != (ptrdiff_t)bytes)
        return false;
    *hash = hash64(HASH64_START, head, bytes);
    return true;
}

bool export_fingerprint(struct export *e, uint64_t *hash, uint32_t *bytes, struct fault *f)
{
    char head[PARSER_HEAD_BYTES];
    *hash = 0;
    *bytes = 0;
    ptrdiff_t got = os_file_read_at(e->file, 0, head, sizeof head, f);
    if (got < 0)
        return false;
    size_t stable = e->ops ? e->ops->stable_prefix(sv_make(head, (size_t)got)) : 0;
    if (stable) {
        *hash = hash64(HASH64_START, head, stable);
        *bytes = (uint32_t)stable;
    }
    return true;
}

void export_close(struct export *e)
{
    if (e->parser)
        e->ops->close(e->parser);
    os_file_close(e->file);
    e->parser = NULL;
    e->file = NULL;
}

const char *export_damage(const struct step *step, char text[EXPORT_DAMAGE_TEXT])
{
    int n = snprintf(text, EXPORT_DAMAGE_TEXT, "damaged at byte %" PRIu64 ": %s", step->offset, step->reason);
    if (step->length && n > 0 && n < EXPORT_DAMAGE_TEXT)
        snprintf(text + n, (size_t)(EXPORT_DAMAGE_TEXT - n), "; skipping %" PRIu64 " bytes", step->length);
    return text;
}
