/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a RELP session. */
#include "relp.h"

#include <stdlib.h>

enum { TXNR_DIGITS_MAX = 9, CODE_OK = 200 };

static uint32_t after(uint32_t txnr)
{
    return txnr == RELP_TXNR_MAX ? 1 : txnr + 1;
}

/* How many numbers lie between the two, over the wrap. */
static uint32_t distance(uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + RELP_TXNR_MAX - from;
}

bool relp_init(struct relp *r, size_t window)
{
    *r = (struct relp){.window = window, .items = calloc(window, sizeof(void *))};
    return r->items != NULL;
}

void relp_free(struct relp *r)
{
    free(r->items);
    r->items = NULL;
}

/* ---- Frames of ours ---- */

/* Appends a frame with the next number. */
static bool put_frame(struct relp *r, const char *command, struct sv data, struct buf *out)
{
    size_t before = out->n;
    buf_u64(out, r->next_txnr);
    buf_putc(out, ' ');
    buf_put(out, sv_from(command));
    buf_putc(out, ' ');
    buf_u64(out, data.n);
    if (data.n)
        buf_putc(out, ' ');
    buf_put(out, data);
    buf_putc(out, '\n');
    if (!buf_ok(out)) {
        out->failed = false;
        buf_cut(out, before);
        return false;
    }
    r->next_txnr = after(r->next_txnr);
    return true;
}

static void await_frame(struct relp_frame *frame)
{
    frame->part = RELP_IN_TXNR;
    frame->digits = frame->command_n = frame->data_n = 0;
}

void relp_reset(struct relp *r)
{
    r->state = RELP_IDLE;
    r->next_txnr = 1;
    r->span = r->unanswered = 0;
    await_frame(&r->frame);
}

bool relp_begin(struct relp *r, struct buf *out)
{
    relp_reset(r);
    /* librelp speaks version 0, which the text of the protocol calls experimental. */
    static const char offers[] =
        "relp_version=0\nrelp_software=mapitail," MAPITAIL_VERSION "\ncommands=syslog";
    if (!put_frame(r, "open", sv_from(offers), out))
        return false;
    r->state = RELP_OPENING;
    return true;
}

bool relp_may_send(const struct relp *r)
{
    return r->state == RELP_OPEN && r->span < r->window;
}

bool relp_send(struct relp *r, struct sv message, void *item, struct buf *out)
{
    uint32_t txnr = r->next_txnr;
    if (!put_frame(r, "syslog", message, out))
        return false;
    if (r->span == 0) {
        r->first = 0;
        r->first_txnr = txnr;
    }
    r->items[(r->first + r->span++) % r->window] = item;
    r->unanswered++;
    return true;
}

bool relp_end(struct relp *r, struct buf *out)
{
    if (r->state != RELP_OPEN || !put_frame(r, "close", SV(""), out))
        return false;
    r->state = RELP_CLOSING;
    return true;
}

/* ---- Frames of the receiver, byte by byte ---- */

static bool not_relp(struct fault *f, const char *what)
{
    return fault_set(f, FAULT_FORMAT, 0, "the peer does not speak RELP: %s", what);
}

/* A number of up to 9 digits that ends at one of the two characters. *ended: it has. */
static bool take_number(struct relp_frame *frame, uint32_t *number, char c, const char *ends, bool *ended)
{
    *ended = frame->digits > 0 && c && strchr(ends, c);
    if (*ended) {
        frame->digits = 0;
        return true;
    }
    if (!ascii_is_digit(c) || frame->digits == TXNR_DIGITS_MAX)
        return false;
    *number = frame->digits++ ? *number * 10 + (uint32_t)(c - '0') : (uint32_t)(c - '0');
    return true;
}

static bool take_command(struct relp_frame *frame, char c)
{
    if (c == ' ' && frame->command_n) {
        frame->part = RELP_IN_LENGTH;
        return true;
    }
    if (!ascii_is_alpha(c) || frame->command_n == sizeof frame->command)
        return false;
    frame->command[frame->command_n++] = c;
    return true;
}

/* The length ends at a blank before data, and at the end of the line where there is none. */
static bool take_length(struct relp_frame *frame, char c, bool *whole, struct fault *f)
{
    bool ended;
    if (!take_number(frame, &frame->length, c, " \n", &ended))
        return not_relp(f, "the length of its answer is no number");
    if (!ended)
        return true;
    if (frame->length > RELP_ANSWER_MAX)
        return fault_set(f, FAULT_FORMAT, 0, "the peer's answer of %u bytes is longer than RELP has any",
                         (unsigned)frame->length);
    if ((c == ' ') != (frame->length > 0))
        return not_relp(f, "its answer is not as long as it says");
    *whole = c == '\n';
    frame->part = RELP_IN_DATA;
    return true;
}

/* One byte more. *whole: the frame is complete. */
static bool take_byte(struct relp_frame *frame, char c, bool *whole, struct fault *f)
{
    bool ended = false;
    *whole = false;
    switch (frame->part) {
    case RELP_IN_TXNR:
        if (!take_number(frame, &frame->txnr, c, " ", &ended))
            return not_relp(f, "its answer does not begin with a transaction number");
        frame->part = ended ? RELP_IN_COMMAND : RELP_IN_TXNR;
        return true;
    case RELP_IN_COMMAND:
        return take_command(frame, c) || not_relp(f, "its answer names no command");
    case RELP_IN_LENGTH:
        return take_length(frame, c, whole, f);
    case RELP_IN_DATA:
        frame->data[frame->data_n++] = c;
        if (frame->data_n == frame->length)
            frame->part = RELP_AT_END;
        return true;
    case RELP_AT_END:
        *whole = c == '\n';
        return *whole || not_relp(f, "its answer is longer than it says");
    }
    return false;
}

/* ---- What they mean ---- */

/* "200 OK": the code, and the text as far as it fits, printable. */
static bool read_verdict(const struct relp_frame *frame, struct relp_answer *answer)
{
    struct sv data = sv_make(frame->data, frame->data_n);
    uint64_t code;
    if (!sv_to_u64(sv_slice(data, 0, data.n < 3 ? data.n : 3), &code) || data.n < 3 || code < 100 ||
        (data.n > 3 && data.p[3] != ' ' && data.p[3] != '\n'))
        return false;
    answer->code = (unsigned)code;
    size_t n = 0;
    for (size_t i = 4; i < data.n && data.p[3] == ' ' && data.p[i] != '\n' && n + 1 < sizeof answer->text;
         i++)
        answer->text[n++] = data.p[i] >= ' ' && data.p[i] != 0x7f ? data.p[i] : '?';
    answer->text[n] = '\0';
    return true;
}

/* The value of an offer, which stands on a line of its own behind the first; absent without one. */
static struct sv offer(const struct relp_frame *frame, struct sv name)
{
    struct sv rest = sv_make(frame->data, frame->data_n);
    for (size_t end; (end = sv_find_char(rest, '\n')) != SV_NPOS;) {
        rest = sv_slice(rest, end + 1, rest.n);
        if (!sv_starts(rest, name))
            continue;
        size_t value_end = sv_find_char(rest, '\n');
        struct sv line = sv_slice(rest, name.n, value_end == SV_NPOS ? rest.n : value_end);
        if (line.n == 0 || line.p[0] == '=')
            return line.n ? sv_slice(line, 1, line.n) : line;
    }
    return SV_ABSENT;
}

/* Whether the list holds it. A receiver that lists nothing is taken at its word. */
static bool names_syslog(struct sv commands)
{
    if (sv_absent(commands))
        return true;
    while (commands.n) {
        size_t comma = sv_find_char(commands, ',');
        size_t end = comma == SV_NPOS ? commands.n : comma;
        if (sv_eq(sv_slice(commands, 0, end), SV("syslog")))
            return true;
        commands = sv_slice(commands, end < commands.n ? end + 1 : end, commands.n);
    }
    return false;
}

static enum relp_event take_opening(struct relp *r, struct relp_answer *answer, struct fault *f)
{
    if (r->frame.txnr != 1 || !read_verdict(&r->frame, answer))
        not_relp(f, "it answers something else than the opening of the session");
    else if (answer->code != CODE_OK)
        fault_set(f, FAULT_REFUSED, 0, "the receiver refuses the session: %u %s", answer->code, answer->text);
    else if (sv_absent(offer(&r->frame, SV("relp_version"))))
        not_relp(f, "it answers the opening of the session without a version");
    else if (!names_syslog(offer(&r->frame, SV("commands"))))
        fault_set(f, FAULT_REFUSED, 0, "the receiver takes no syslog messages over RELP");
    else {
        r->state = RELP_OPEN;
        return RELP_OPENED;
    }
    return RELP_FAULT;
}

/* Marks the message of this number as answered; the window moves on behind the oldest that is not. */
static void *claim(struct relp *r, uint32_t txnr)
{
    uint32_t place = distance(r->first_txnr, txnr);
    if (txnr == 0 || txnr > RELP_TXNR_MAX || place >= r->span)
        return NULL;
    void **slot = &r->items[(r->first + place) % r->window], *item = *slot;
    *slot = NULL;
    r->unanswered -= item != NULL;
    while (r->span && !r->items[r->first]) {
        r->first = (r->first + 1) % r->window;
        r->first_txnr = after(r->first_txnr);
        r->span--;
    }
    return item;
}

static enum relp_event take_answer(struct relp *r, struct relp_answer *answer, struct fault *f)
{
    uint32_t last = r->next_txnr == 1 ? RELP_TXNR_MAX : r->next_txnr - 1;
    if (r->state == RELP_OPENING)
        return take_opening(r, answer, f);
    if (r->state == RELP_CLOSING && r->frame.txnr == last) {
        r->state = RELP_OVER;
        return RELP_CLOSED;
    }
    if (!read_verdict(&r->frame, answer)) {
        not_relp(f, "its answer begins with no code");
        return RELP_FAULT;
    }
    answer->item = claim(r, r->frame.txnr);
    if (answer->item)
        return RELP_ANSWERED;
    fault_set(f, FAULT_FORMAT, 0, "the receiver answers %u, which waits for no answer",
              (unsigned)r->frame.txnr);
    return RELP_FAULT;
}

/* A frame is whole: what it means. */
static enum relp_event judge(struct relp *r, struct relp_answer *answer, struct fault *f)
{
    struct sv command = sv_make(r->frame.command, r->frame.command_n);
    if (sv_eq(command, SV("rsp")))
        return take_answer(r, answer, f);
    if (sv_eq(command, SV("serverclose"))) {
        bool asked = r->state == RELP_CLOSING;
        r->state = RELP_OVER;
        if (asked)
            return RELP_CLOSED;
        fault_set(f, FAULT_CONNECT, 0, "the receiver ends the session (serverclose)");
        return RELP_FAULT;
    }
    if (r->frame.txnr == 0)
        return RELP_NOTHING; /* a hint that is not known */
    not_relp(f, "it answers with a command");
    return RELP_FAULT;
}

enum relp_event relp_take(struct relp *r, struct sv *bytes, struct relp_answer *answer, struct fault *f)
{
    enum relp_event event = RELP_NOTHING;
    if (r->state == RELP_OVER)
        *bytes = sv_slice(*bytes, bytes->n, bytes->n);
    if (r->state == RELP_IDLE && bytes->n) {
        not_relp(f, "it speaks before it is spoken to");
        event = RELP_FAULT;
    }
    while (event == RELP_NOTHING && bytes->n) {
        bool whole;
        char c = bytes->p[0];
        *bytes = sv_slice(*bytes, 1, bytes->n);
        if (!take_byte(&r->frame, c, &whole, f))
            event = RELP_FAULT;
        if (event == RELP_FAULT || !whole)
            continue;
        event = judge(r, answer, f);
        await_frame(&r->frame);
    }
    if (event == RELP_FAULT)
        r->state = RELP_OVER;
    return event;
}
