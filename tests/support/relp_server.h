/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a RELP receiver answers, for tests: strict about frames and numbers as librelp is, and wrong on
 * request. Pure.
 */
#ifndef MAPITAIL_TEST_RELP_SERVER_H
#define MAPITAIL_TEST_RELP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What becomes of the messages, one character each, over all connections; behind its end all are accepted:
 * y accepted, n refused with 500, . no answer, u an answer with a number nobody asked, m a malformed answer,
 * l an answer that is too long, c the receiver ends the session instead, 2 the answer comes twice,
 * h held back until the next one is answered.
 */
struct relp_script {
    const char *steps;
    size_t at;
    const char *to_open; /* the answer to open; NULL: the good one */
};

/* One connection's. Zero-initialized it is ready. */
struct relp_session {
    unsigned last_txnr;
    unsigned held; /* the message whose answer is held back; 0: none */
    bool is_open;
};

struct relp_request {
    const char *body; /* of a message that was accepted, else NULL */
    size_t length;
    char *answer; /* to be sent and freed; NULL: nothing */
};

/* Bytes of the frame at p, 0: not whole, -1: not what a client may send now. */
ptrdiff_t relp_server_take(struct relp_session *session, struct relp_script *script, const char *p, size_t n,
                           struct relp_request *out);

#endif
