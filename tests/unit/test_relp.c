/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a RELP session, without a socket: what it sends, and what it makes of every answer. */
#include "relp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OPENED                                                                                               \
    "1 rsp 93 200 "                                                                                          \
    "OK\nrelp_version=0\nrelp_software=librelp,1.13.0,http://librelp.adiscon.com\ncommands=syslog\n"

static struct relp session;
static struct buf out;
static struct relp_answer answer;
static struct fault fault;
static int items[2000];

static void setup(void)
{
    cr_assert(relp_init(&session, 4));
    buf_init(&out, 1 << 20);
}

static void teardown(void)
{
    relp_free(&session);
    buf_free(&out);
}

TestSuite(relp, .init = setup, .fini = teardown);

/* The one event in these bytes, which are all taken. */
static enum relp_event take(const char *bytes)
{
    struct sv rest = sv_from(bytes);
    enum relp_event event = relp_take(&session, &rest, &answer, &fault);
    cr_assert(event == RELP_FAULT || rest.n == 0, "%zu bytes are left of `%s`", rest.n, bytes);
    return event;
}

static void open_session(void)
{
    cr_assert(relp_begin(&session, &out));
    cr_assert_eq(take(OPENED), RELP_OPENED);
    buf_reset(&out);
}

static void send_items(int from, int to)
{
    for (int i = from; i < to; i++) {
        cr_assert(relp_may_send(&session));
        cr_assert(relp_send(&session, SV("x"), &items[i], &out));
    }
}

static void expect_out(const char *want)
{
    cr_assert(sv_eq(buf_sv(&out), sv_from(want)), "%.*s", SV_ARG(buf_sv(&out)));
    buf_reset(&out);
}

static void expect_fault(const char *bytes, enum fault_code code, const char *words)
{
    fault = (struct fault){.code = FAULT_NONE};
    cr_assert_eq(take(bytes), RELP_FAULT, "`%s` was taken", bytes);
    cr_assert_eq(fault.code, code, "`%s`: %s", bytes, fault.text);
    cr_assert(strstr(fault.text, words), "`%s` is not in `%s`", words, fault.text);
    cr_assert_not(relp_may_send(&session));
}

Test(relp, a_session_begins_with_the_offers_as_number_one)
{
    cr_assert_not(relp_may_send(&session));
    cr_assert(relp_begin(&session, &out));
    cr_assert_not(relp_may_send(&session), "before the receiver has answered");
    struct sv frame = buf_sv(&out);
    cr_assert(sv_starts(frame, SV("1 open ")));
    cr_assert(sv_find(frame, SV(" relp_version=0\nrelp_software=mapitail,")) != SV_NPOS);
    cr_assert(sv_ends(frame, SV("\ncommands=syslog\n")));
    struct sv rest = sv_slice(frame, strlen("1 open "), frame.n);
    uint64_t length;
    size_t blank = sv_find_char(rest, ' ');
    cr_assert(sv_to_u64(sv_slice(rest, 0, blank), &length));
    cr_assert_eq(length, rest.n - blank - 2, "the length counts the data only");
    cr_assert_eq(take(OPENED), RELP_OPENED);
    cr_assert(relp_may_send(&session));
}

Test(relp, a_receiver_that_speaks_first_is_none)
{
    expect_fault("220 mail.test ready\r\n", FAULT_FORMAT, "speaks before it is spoken to");
}

Test(relp, a_message_may_hold_any_bytes)
{
    open_session();
    cr_assert(relp_send(&session, SV("a\nb\0c 2 rsp 6 200 OK\n"), &items[0], &out));
    cr_assert(sv_eq(buf_sv(&out), SV("2 syslog 21 a\nb\0c 2 rsp 6 200 OK\n\n")), "%.*s",
              SV_ARG(buf_sv(&out)));
}

Test(relp, answers_find_their_messages_in_whatever_order_they_come)
{
    open_session();
    send_items(0, 3);
    expect_out("2 syslog 1 x\n3 syslog 1 x\n4 syslog 1 x\n");
    cr_assert_eq(take("4 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[2] && answer.code == 200);
    cr_assert_str_eq(answer.text, "OK");
    cr_assert_eq(take("2 rsp 12 500 no\nwhy\n\n\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[0] && answer.code == 500);
    cr_assert_str_eq(answer.text, "no", "the text ends at the line's end");
    cr_assert_eq(session.unanswered, 1);
    cr_assert_eq(take("3 rsp 3 200\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[1]);
    cr_assert_str_eq(answer.text, "");
    cr_assert_eq(session.unanswered, 0);
}

Test(relp, several_answers_in_one_piece_come_one_after_the_other)
{
    open_session();
    send_items(0, 2);
    struct sv bytes = SV("2 rsp 6 200 OK\n0 hint 0\n3 rsp 6 500 no\n");
    cr_assert_eq(relp_take(&session, &bytes, &answer, &fault), RELP_ANSWERED);
    cr_assert_eq(answer.code, 200);
    cr_assert_eq(relp_take(&session, &bytes, &answer, &fault), RELP_ANSWERED, "hints are not for us");
    cr_assert_eq(answer.code, 500);
    cr_assert_eq(relp_take(&session, &bytes, &answer, &fault), RELP_NOTHING);
}

Test(relp, wherever_the_bytes_are_cut_the_events_are_the_same)
{
    static const char bytes[] = OPENED "2 rsp 6 200 OK\n0 hint 5 a\nb\nc\n4 rsp 10 500 failed\n3 rsp 3 200\n";
    static const enum relp_event want[] = {RELP_OPENED, RELP_ANSWERED, RELP_ANSWERED, RELP_ANSWERED};
    static const int want_items[] = {-1, 0, 2, 1};
    size_t n = strlen(bytes);
    for (size_t cut = 0; cut <= n; cut++) {
        size_t events = 0, ends[] = {cut, n};
        cr_assert(relp_begin(&session, &out));
        for (size_t piece = 0, at = 0; piece < 2; at = ends[piece++]) {
            struct sv rest = sv_make(bytes + at, ends[piece] - at);
            for (enum relp_event e; (e = relp_take(&session, &rest, &answer, &fault)) != RELP_NOTHING;
                 events++) {
                cr_assert(events < 4 && e == want[events], "event %zu, cut at %zu: %s", events, cut,
                          fault.text);
                cr_assert(e == RELP_OPENED || answer.item == &items[want_items[events]]);
                if (e == RELP_OPENED)
                    send_items(0, 3);
            }
        }
        cr_assert_eq(events, 4, "cut at %zu", cut);
    }
}

Test(relp, the_window_opens_only_behind_the_oldest_message_without_an_answer)
{
    open_session();
    send_items(0, 4);
    cr_assert_not(relp_may_send(&session), "4 are under way");
    cr_assert_eq(take("3 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert_not(relp_may_send(&session), "2 has no answer");
    cr_assert_eq(take("2 rsp 6 200 OK\n"), RELP_ANSWERED);
    send_items(4, 6);
    cr_assert_not(relp_may_send(&session));
    cr_assert_eq(take("7 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[5], "the ring has come round");
}

Test(relp, a_window_of_one_waits_for_each_answer)
{
    relp_free(&session);
    cr_assert(relp_init(&session, 1));
    open_session();
    for (unsigned i = 0; i < 100; i++) {
        char bytes[40];
        send_items((int)i, (int)i + 1);
        cr_assert_not(relp_may_send(&session));
        snprintf(bytes, sizeof bytes, "%u rsp 6 200 OK\n", i + 2);
        cr_assert_eq(take(bytes), RELP_ANSWERED);
        cr_assert(answer.item == &items[i]);
    }
}

Test(relp, after_the_last_number_comes_the_first_again)
{
    open_session();
    session.next_txnr = RELP_TXNR_MAX - 1;
    send_items(0, 4);
    expect_out("999999998 syslog 1 x\n999999999 syslog 1 x\n1 syslog 1 x\n2 syslog 1 x\n");
    cr_assert_eq(take("1 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[2]);
    cr_assert_eq(take("999999998 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[0]);
    cr_assert_eq(take("999999999 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[1]);
    cr_assert_eq(session.first_txnr, 2, "the window has followed over the wrap");
    cr_assert_eq(take("2 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[3]);
    cr_assert_eq(session.unanswered, 0);
}

Test(relp, a_close_with_the_last_number_is_answered)
{
    open_session();
    session.next_txnr = RELP_TXNR_MAX;
    cr_assert(relp_end(&session, &out));
    expect_out("999999999 close 0\n");
    cr_assert_eq(take("999999999 rsp 0\n"), RELP_CLOSED);
}

Test(relp, a_close_is_the_last_word_and_its_answer_is_empty)
{
    open_session();
    send_items(0, 1);
    buf_reset(&out);
    cr_assert(relp_end(&session, &out));
    expect_out("3 close 0\n");
    cr_assert_not(relp_may_send(&session));
    cr_assert_not(relp_end(&session, &out), "twice");
    cr_assert_eq(take("2 rsp 6 200 OK\n"), RELP_ANSWERED, "what was under way is still answered");
    cr_assert_eq(take("3 rsp 0\n"), RELP_CLOSED);
    cr_assert_eq(take("0 serverclose 0\n"), RELP_NOTHING, "what comes later means nothing");
}

Test(relp, a_serverclose_answers_a_close_and_is_a_fault_without_one)
{
    open_session();
    expect_fault("0 serverclose 0\n", FAULT_CONNECT, "serverclose");
    relp_reset(&session);
    open_session();
    cr_assert(relp_end(&session, &out));
    cr_assert_eq(take("0 serverclose 0\n"), RELP_CLOSED);
}

Test(relp, a_session_that_is_not_open_is_not_closed)
{
    cr_assert_not(relp_end(&session, &out));
    cr_assert(relp_begin(&session, &out));
    cr_assert_not(relp_end(&session, &out));
}

Test(relp, a_new_session_knows_nothing_of_the_old_one)
{
    open_session();
    send_items(0, 4);
    struct sv half = SV("2 rsp 6 20");
    cr_assert_eq(relp_take(&session, &half, &answer, &fault), RELP_NOTHING);
    relp_reset(&session);
    open_session();
    cr_assert_eq(session.unanswered, 0);
    send_items(4, 5);
    expect_out("2 syslog 1 x\n");
    cr_assert_eq(take("2 rsp 6 200 OK\n"), RELP_ANSWERED);
    cr_assert(answer.item == &items[4]);
}

Test(relp, an_answer_that_nobody_waits_for_is_a_fault)
{
    static const char *const wrong[] = {"5 rsp 6 200 OK\n", "1 rsp 6 200 OK\n", "0 rsp 6 200 OK\n",
                                        "999999999 rsp 6 200 OK\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        open_session();
        send_items(0, 3);
        expect_fault(wrong[i], FAULT_FORMAT, "waits for no answer");
    }
    open_session();
    send_items(0, 3);
    cr_assert_eq(take("3 rsp 6 200 OK\n"), RELP_ANSWERED);
    expect_fault("3 rsp 6 200 OK\n", FAULT_FORMAT, "waits for no answer");
}

Test(relp, what_no_receiver_says_is_a_fault)
{
    static const char *const wrong[][2] = {
        {"220 mail.test ready\r\n", "names no command"},
        {"HTTP/1.1 400 Bad Request\r\n", "does not begin with a transaction number"},
        {"\n", "does not begin with a transaction number"},
        {" rsp 6 200 OK\n", "does not begin with a transaction number"},
        {"1234567890 rsp 6 200 OK\n", "does not begin with a transaction number"},
        {"-2 rsp 6 200 OK\n", "does not begin with a transaction number"},
        {"2  rsp 6 200 OK\n", "names no command"},
        {"2 abcdefghijklmnopqrstuvwxyzabcdefg 0\n", "names no command"},
        {"2 rsp x", "is no number"},
        {"2 rsp -6 200 OK\n", "is no number"},
        {"2 rsp 1234567890 200 OK\n", "is no number"},
        {"2 rsp 6\n", "not as long as it says"},
        {"2 rsp 0 \n", "not as long as it says"},
        {"2 rsp 6 200 OK.\n", "longer than it says"},
        {"2 rsp 6 20x OK\n", "begins with no code"},
        {"2 rsp 2 20\n", "begins with no code"},
        {"2 rsp 0\n", "begins with no code"},
        {"2 rsp 5 200OK\n", "begins with no code"},
        {"2 rsp 6 099 OK\n", "begins with no code"},
        {"2 syslog 1 x\n", "answers with a command"},
        {"2 rsp 4097 200 OK", "longer than RELP has any"},
        {"2 rsp 999999999 200 OK", "longer than RELP has any"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        relp_reset(&session);
        open_session();
        send_items(0, 3);
        expect_fault(wrong[i][0], FAULT_FORMAT, wrong[i][1]);
    }
}

Test(relp, no_flipped_bit_takes_more_than_there_is_or_answers_twice)
{
    static const char bytes[] = OPENED "2 rsp 6 200 OK\n0 hint 5 a\nb\nc\n4 rsp 10 500 failed\n3 rsp 3 200\n";
    for (size_t bit = 0; bit < 8 * strlen(bytes); bit++) {
        char flipped[sizeof bytes];
        size_t answers = 0;
        memcpy(flipped, bytes, sizeof bytes);
        flipped[bit / 8] ^= (char)(1 << bit % 8);
        cr_assert(relp_begin(&session, &out));
        struct sv rest = sv_make(flipped, strlen(bytes));
        for (enum relp_event e; (e = relp_take(&session, &rest, &answer, &fault)) != RELP_NOTHING;) {
            if (e == RELP_FAULT)
                break;
            answers += e == RELP_ANSWERED;
            if (e == RELP_OPENED)
                send_items(0, 3);
        }
        cr_assert_leq(answers, 3);
        cr_assert_eq(session.state == RELP_OPEN ? session.unanswered : 3 - answers, 3 - answers, "bit %zu",
                     bit);
        buf_reset(&out);
    }
}

Test(relp, the_longest_answer_is_taken)
{
    static char bytes[RELP_ANSWER_MAX + 64];
    open_session();
    send_items(0, 1);
    int head = snprintf(bytes, sizeof bytes, "2 rsp %d 200 ", RELP_ANSWER_MAX);
    memset(bytes + head, 'x', RELP_ANSWER_MAX - 4);
    bytes[head + RELP_ANSWER_MAX - 4] = '\n';
    cr_assert_eq(take(bytes), RELP_ANSWERED);
    cr_assert_eq(strlen(answer.text), sizeof answer.text - 1, "the text is cut");
}

Test(relp, the_words_of_a_receiver_cannot_break_a_log)
{
    open_session();
    send_items(0, 1);
    cr_assert_eq(take("2 rsp 14 500 a\x1b[31m\r\x7f z\n"), RELP_ANSWERED);
    cr_assert_str_eq(answer.text, "a?[31m?? z");
}

Test(relp, a_session_is_refused_in_words_of_its_own)
{
    static const struct {
        const char *bytes;
        enum fault_code code;
        const char *words;
    } wrong[] = {
        {"1 rsp 15 500 not for you\n", FAULT_REFUSED, "refuses the session: 500 not for you"},
        {"1 rsp 6 200 OK\n", FAULT_FORMAT, "without a version"},
        {"1 rsp 22 200 OK\ncommands=syslog\n", FAULT_FORMAT, "without a version"},
        {"1 rsp 23 200 OK\nrelp_version_x=0\n", FAULT_FORMAT, "without a version"},
        {"1 rsp 39 200 OK\nrelp_version=0\ncommands=starttls\n", FAULT_REFUSED, "takes no syslog messages"},
        {"2 rsp 21 200 OK\nrelp_version=0\n", FAULT_FORMAT, "something else than the opening"},
        {"1 rsp 0\n", FAULT_FORMAT, "something else than the opening"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert(relp_begin(&session, &out));
        expect_fault(wrong[i].bytes, wrong[i].code, wrong[i].words);
    }
}

Test(relp, a_session_opens_with_one_command_of_several_and_any_version)
{
    static const char *const good[] = {"1 rsp 46 200 OK\ncommands=starttls,syslog\nrelp_version=1\n",
                                       "1 rsp 21 200 OK\nrelp_version=0\n"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(relp_begin(&session, &out));
        cr_assert_eq(take(good[i]), RELP_OPENED, "%s", fault.text);
    }
}

Test(relp, without_room_nothing_half_goes_out_and_no_number_is_lost)
{
    open_session();
    buf_free(&out);
    buf_init(&out, 20);
    send_items(0, 1);
    cr_assert_not(relp_send(&session, SV("xxxxxxx"), &items[1], &out));
    expect_out("2 syslog 1 x\n");
    cr_assert_eq(session.unanswered, 1);
    send_items(1, 2);
    expect_out("3 syslog 1 x\n");
}
