/* SPDX-License-Identifier: Apache-2.0 */
/* What a RELP receiver answers. */
#include "relp_server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 64, DATA_MAX = 128 << 10 };

#define OFFERS "200 OK\nrelp_version=0\nrelp_software=test,1\ncommands=syslog"

struct head {
    unsigned txnr;
    char command[33];
    size_t length, bytes; /* bytes: up to the data */
};

/* 1: read, 0: not whole, -1: malformed. */
static int read_head(const char *p, size_t n, struct head *h)
{
    char text[HEADER_MAX + 1];
    int used = 0;
    size_t room = n < HEADER_MAX ? n : HEADER_MAX;
    memcpy(text, p, room);
    text[room] = '\0';
    if (sscanf(text, "%9u %32[a-z] %9zu%n", &h->txnr, h->command, &h->length, &used) != 3 || !text[used])
        return n >= HEADER_MAX ? -1 : 0;
    if (h->length > DATA_MAX || text[used] != (h->length ? ' ' : '\n'))
        return -1;
    h->bytes = (size_t)used + (h->length > 0);
    return 1;
}

__attribute__((format(__printf__, 2, 3))) static void say(struct relp_request *out, const char *format, ...)
{
    va_list args;
    char text[512];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t before = out->answer ? strlen(out->answer) : 0;
    out->answer = realloc(out->answer, before + strlen(text) + 1);
    strcpy(out->answer + before, text);
}

/* The answer to a message, but for its number. */
static const char *answer_of(char step)
{
    switch (step) {
    case 'y':
    case '2':
    case 'u':
        return "rsp 6 200 OK";
    case 'n':
        return "rsp 14 500 no \x01thanks";
    case 'm':
        return "rsp 6 200 OK, and more";
    case 'l':
        return "rsp 5000 200 OK";
    default:
        return NULL;
    }
}

static void answer_message(struct relp_session *session, char step, unsigned txnr, struct relp_request *out)
{
    const char *answer = answer_of(step);
    if (answer)
        say(out, "%u %s\n", step == 'u' ? txnr + 1000 : txnr, answer);
    if (step == '2')
        say(out, "%u %s\n", txnr, answer);
    if (step == 'c')
        say(out, "0 serverclose 0\n");
    if (step == 'h') {
        session->held = txnr;
    } else if (session->held) {
        say(out, "%u rsp 6 200 OK\n", session->held);
        session->held = 0;
    }
}

static void take_message(struct relp_session *session, struct relp_script *script, const struct head *h,
                         const char *data, struct relp_request *out)
{
    char step = script->steps && script->steps[script->at] ? script->steps[script->at++] : 'y';
    if (step != 'n') {
        out->body = data;
        out->length = h->length;
    }
    answer_message(session, step, h->txnr, out);
}

ptrdiff_t relp_server_take(struct relp_session *session, struct relp_script *script, const char *p, size_t n,
                           struct relp_request *out)
{
    struct head h;
    *out = (struct relp_request){NULL, 0, NULL};
    int status = n ? read_head(p, n, &h) : 0;
    if (status <= 0)
        return status;
    if (n < h.bytes + h.length + 1)
        return 0;
    if (p[h.bytes + h.length] != '\n' || h.txnr != session->last_txnr + 1)
        return -1;
    session->last_txnr = h.txnr;
    if (strcmp(h.command, "open") == 0 && !session->is_open) {
        const char *to_open = script->to_open ? script->to_open : OFFERS;
        say(out, "%u rsp %zu %s\n", h.txnr, strlen(to_open), to_open);
        session->is_open = true;
    } else if (strcmp(h.command, "syslog") == 0 && session->is_open) {
        take_message(session, script, &h, p + h.bytes, out);
    } else if (strcmp(h.command, "close") == 0 && session->is_open) {
        say(out, "%u rsp 0\n0 serverclose 0\n", h.txnr);
        session->is_open = false;
    } else {
        return -1;
    }
    return (ptrdiff_t)(h.bytes + h.length + 1);
}
