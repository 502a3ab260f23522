/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a RELP session ("RELP - The Reliable Event Logging Protocol", librelp's
 * documentation): frames out, answers in. Pure: it knows bytes, no socket and no clock.
 *
 * A session begins with relp_begin, may send when the receiver has answered (RELP_OPENED), and after a break
 * begins again with the transaction number 1; what was not answered by then is the caller's to send again.
 * Every message gets one answer, found by its number, in whatever order they come. At most `window` numbers
 * lie between the oldest message without an answer and the newest.
 */
#ifndef MAPITAIL_RELP_H
#define MAPITAIL_RELP_H

#include "buf.h"
#include "fault.h"

enum {
    RELP_TXNR_MAX = 999999999,  /* then 1 again */
    RELP_MESSAGE_MAX = 1 << 17, /* what librelp takes in one frame */
    RELP_ANSWER_MAX = 4096,     /* of an answer's data; the offers of a session are the longest */
    RELP_WINDOW_MAX = 1024,
};

enum relp_state {
    RELP_IDLE,    /* before relp_begin */
    RELP_OPENING, /* the offers are under way */
    RELP_OPEN,
    RELP_CLOSING, /* after relp_end */
    RELP_OVER,    /* nothing may be sent any more */
};

/* What a step of relp_take has found. */
enum relp_event {
    RELP_NOTHING, /* all bytes are used up */
    RELP_OPENED,
    RELP_ANSWERED, /* a message: *answer tells */
    RELP_CLOSED,   /* our close is answered */
    RELP_FAULT,    /* the session is over: the fault tells why */
};

struct relp_answer {
    void *item;     /* as given to relp_send */
    unsigned code;  /* 200 is yes, every other one no */
    char text[120]; /* what the receiver says beside the code, printable; may be empty */
};

/* A frame of the receiver, as far as it has come. */
struct relp_frame {
    enum { RELP_IN_TXNR, RELP_IN_COMMAND, RELP_IN_LENGTH, RELP_IN_DATA, RELP_AT_END } part;
    uint32_t txnr, length;
    size_t digits; /* of the number at hand */
    char command[32];
    size_t command_n;
    char data[RELP_ANSWER_MAX];
    size_t data_n;
};

struct relp {
    enum relp_state state;
    uint32_t next_txnr;
    size_t window;
    void **items; /* a ring of window places: of the messages from first_txnr on; NULL: has its answer */
    size_t first, span;
    size_t unanswered;
    uint32_t first_txnr;
    struct relp_frame frame;
};

/* window: 1 to RELP_WINDOW_MAX. False without memory. */
bool relp_init(struct relp *r, size_t window);
void relp_free(struct relp *r);

/* The connection is gone: forgets all of the session. */
void relp_reset(struct relp *r);

/* Appends the offers of a new session. False without memory. */
bool relp_begin(struct relp *r, struct buf *out);

/* The session is open and the window not full. */
bool relp_may_send(const struct relp *r);

/*
 * Appends a message of 1 to RELP_MESSAGE_MAX bytes, whatever they are. item, not NULL, comes back with the
 * answer. False without memory: nothing was appended or remembered. Only when relp_may_send.
 */
bool relp_send(struct relp *r, struct sv message, void *item, struct buf *out);

/* Appends the end of an open session; nothing may be sent then. False: not open, or without memory. */
bool relp_end(struct relp *r, struct buf *out);

/*
 * Reads on in *bytes, up to the next event or their end, and cuts off what it has read. The cuts between
 * calls may be anywhere. A fault is FAULT_FORMAT for what no RELP receiver says, FAULT_REFUSED for a session
 * that it does not want and FAULT_CONNECT for its good-bye (serverclose).
 */
enum relp_event relp_take(struct relp *r, struct sv *bytes, struct relp_answer *answer, struct fault *f);

#endif
