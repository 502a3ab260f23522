/* SPDX-License-Identifier: Apache-2.0 */
/* host:port as it is written in a configuration. */
#include "address.h"

#include "sv.h"

#include <stdio.h>
#include <string.h>

/* Cuts text into host and port; the port is absent if there is none. */
static bool split(struct sv text, struct sv *host, struct sv *port)
{
    *port = SV_ABSENT;
    if (sv_starts(text, SV("["))) {
        size_t end = sv_find_char(text, ']');
        if (end == SV_NPOS)
            return false;
        *host = sv_slice(text, 1, end);
        struct sv rest = sv_slice(text, end + 1, text.n);
        if (rest.n && rest.p[0] != ':')
            return false;
        *port = rest.n ? sv_slice(rest, 1, rest.n) : SV_ABSENT;
        return true;
    }
    size_t colon = sv_find_char(text, ':');
    bool is_v6 = colon != SV_NPOS && sv_find_char(sv_slice(text, colon + 1, text.n), ':') != SV_NPOS;
    *host = is_v6 || colon == SV_NPOS ? text : sv_slice(text, 0, colon);
    if (!is_v6 && colon != SV_NPOS)
        *port = sv_slice(text, colon + 1, text.n);
    return true;
}

static bool plausible_host(struct sv host)
{
    if (host.n == 0 || host.n > 253)
        return false;
    for (size_t i = 0; i < host.n; i++)
        if ((unsigned char)host.p[i] <= ' ' || strchr("/[]@", host.p[i]))
            return false;
    return true;
}

bool address_parse(const char *text, const char *default_port, struct address *out, struct fault *f)
{
    struct sv host, port;
    uint64_t number;
    if (!split(sv_from(text), &host, &port) || !plausible_host(host))
        return fault_set(f, FAULT_CONFIG, 0, "address: `%.100s` is not host:port", text);
    if (sv_absent(port))
        port = sv_from(default_port);
    if (!sv_to_u64(port, &number) || number == 0 || number > 65535)
        return fault_set(f, FAULT_CONFIG, 0, "address: the port of `%.100s` is not a number from 1 to 65535",
                         text);
    bool is_v6 = sv_find_char(host, ':') != SV_NPOS;
    snprintf(out->host, sizeof out->host, "%.*s", SV_ARG(host));
    snprintf(out->port, sizeof out->port, "%u", (unsigned)number);
    snprintf(out->text, sizeof out->text, is_v6 ? "[%s]:%s" : "%s:%s", out->host, out->port);
    return true;
}

const char *address_reason(const char *address, const struct fault *f)
{
    size_t n = strlen(address);
    return strncmp(f->text, address, n) == 0 && f->text[n] == ':' && f->text[n + 1] == ' ' ? f->text + n + 2
                                                                                           : f->text;
}
