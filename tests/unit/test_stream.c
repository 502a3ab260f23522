/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sinks over one connection do when a receiver is not what it should be: several receivers, dead
 * ones with unread data, and RELP receivers that refuse, talk nonsense or say nothing.
 */
#include "os_clock.h"
#include "peer.h"
#include "sink.h"
#include "sink_settings.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct sink_ops sink_syslog_tcp, sink_relp;

enum { PATIENCE_MS = 30000, ITEMS_MAX = 4000, BODY_BYTES = 64, BATCH_ITEMS = 100 };

static struct peer_log first_log = PEER_LOG_INIT, second_log = PEER_LOG_INIT;
static struct relp_script first_script, second_script;
static char first_address[32], second_address[32];
static char notices[16384];

static const struct sink_ops *ops;
static struct sink *sink;
static struct sink_item items[ITEMS_MAX];
static char bodies[ITEMS_MAX][BODY_BYTES];
static struct sink_batch batches[ITEMS_MAX / BATCH_ITEMS];
static size_t item_count, batch_count, back_count;
static char reasons[ITEMS_MAX][120];

static void on_done(void *ctx, struct sink_batch *batch)
{
    (void)ctx;
    back_count++;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i].reason)
            snprintf(reasons[&batch->items[i] - items], sizeof reasons[0], "%s", batch->items[i].reason);
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    size_t n = strlen(notices);
    (void)ctx;
    (void)level;
    snprintf(notices + n, sizeof notices - n, "%s\n", text);
}

static const struct sink_host host = {.done = on_done, .notice = on_notice};

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN);
}

TestSuite(stream, .init = setup);

/* ---- Driving a sink ---- */

static struct peer *start(const struct sink_ops *of, struct peer_log *log, struct relp_script *script,
                          char *address)
{
    struct peer_options options = {.relp = of == &sink_relp ? script : NULL,
                                   .port = (uint16_t)(*address ? atoi(strchr(address, ':') + 1) : 0)};
    struct peer *peer = peer_start(&options, log);
    snprintf(address, 32, "127.0.0.1:%u", peer_port(peer));
    return peer;
}

static void reserve(char *address)
{
    snprintf(address, 32, "127.0.0.1:%u", peer_free_port(false));
}

static void open_sink(const struct sink_ops *of, const char *const *pairs)
{
    struct fault f;
    ops = of;
    sink = ops->open(sink_settings(ops, pairs), &host, &f);
    cr_assert(sink, "%s", f.text);
}

/* Lends so many messages more, each with its number. */
static void lend(size_t count)
{
    struct sink_batch *batch = &batches[batch_count++];
    *batch = (struct sink_batch){.items = &items[item_count], .count = count};
    for (size_t i = 0; i < count; i++, item_count++) {
        int n = snprintf(bodies[item_count], BODY_BYTES, "<11>1 - - - - - - %08zu", item_count);
        items[item_count] = (struct sink_item){.body = sv_make(bodies[item_count], (size_t)n)};
    }
    for (int64_t until = os_monotonic_ms() + PATIENCE_MS; !ops->submit(sink, batch); ops->poll(sink, 10))
        cr_assert(os_monotonic_ms() < until, "busy for ever: %s", notices);
}

#define POLL_UNTIL(condition)                                                                                \
    for (int64_t until_ = os_monotonic_ms() + PATIENCE_MS; !(condition); ops->poll(sink, 10))                \
    cr_assert(os_monotonic_ms() < until_, "%s did not come true: %s", #condition, notices)

/* Lends again what came back to be retried, and polls until everything is settled. */
static void settle_all(void)
{
    static struct sink_batch again;
    for (;;) {
        POLL_UNTIL(back_count == batch_count);
        size_t i = 0;
        while (i < item_count && items[i].result != ITEM_RETRY)
            i++;
        if (i == item_count)
            return;
        again = (struct sink_batch){.items = &items[i], .count = 1};
        while (i + again.count < item_count && again.count < SINK_BATCH_ITEMS_MAX &&
               items[i + again.count].result == ITEM_RETRY)
            again.count++;
        back_count--;
        cr_assert(ops->submit(sink, &again));
    }
}

/* printf: these words are in the notices. */
__attribute__((format(__printf__, 1, 2))) static void expect_notice(const char *format, ...)
{
    char want[200];
    va_list args;
    va_start(args, format);
    vsnprintf(want, sizeof want, format, args);
    va_end(args);
    cr_assert(strstr(notices, want), "`%s` is not in: %s", want, notices);
}

/* Messages that have arrived at neither receiver. */
static size_t lost(void)
{
    static unsigned seen[ITEMS_MAX];
    size_t n = 0;
    memset(seen, 0, sizeof seen);
    for (struct peer_log *log = &first_log; log; log = log == &first_log ? &second_log : NULL) {
        pthread_mutex_lock(&log->lock);
        for (size_t i = 0; i < log->count; i++)
            seen[strtoul(strrchr(log->messages[i], ' '), NULL, 10) % ITEMS_MAX]++;
        pthread_mutex_unlock(&log->lock);
    }
    for (size_t i = 0; i < item_count; i++)
        n += seen[i] == 0;
    return n;
}

static void end(struct peer *one, struct peer *two)
{
    ops->close(sink, 2000);
    peer_stop(one);
    peer_stop(two);
    cr_assert_eq(first_log.malformed + second_log.malformed, 0);
}

/* ---- Several receivers ---- */

static void use_two(const struct sink_ops *of, const char *return_after)
{
    open_sink(of, (const char *const[]){"address", first_address, "failover", second_address, "return_after",
                                        return_after, NULL});
}

static void goes_on_to_the_next(const struct sink_ops *of)
{
    struct peer *second = start(of, &second_log, &second_script, second_address);
    reserve(first_address);
    use_two(of, "1h");
    lend(100);
    settle_all();
    expect_notice("cannot connect to %s: ", first_address);
    expect_notice("; %s is next", second_address);
    expect_notice("connected to %s", second_address);
    cr_assert_eq(peer_log_wait(&second_log, 100), 100);
    end(NULL, second);
}

Test(stream, the_next_receiver_is_used_when_the_first_refuses)
{
    goes_on_to_the_next(&sink_syslog_tcp);
}

Test(stream, the_next_relp_receiver_is_used_when_the_first_refuses)
{
    goes_on_to_the_next(&sink_relp);
}

Test(stream, the_next_relp_receiver_is_used_when_the_first_wants_no_session)
{
    struct peer *first = start(&sink_relp, &first_log, &first_script, first_address);
    struct peer *second = start(&sink_relp, &second_log, &second_script, second_address);
    first_script.to_open = "500 closed today";
    use_two(&sink_relp, "1h");
    lend(100);
    settle_all();
    expect_notice("cannot connect to %s: the receiver refuses the session: 500 closed today; %s is next",
                  first_address, second_address);
    cr_assert_eq(peer_log_wait(&second_log, 100), 100);
    end(first, second);
}

Test(stream, a_receiver_that_is_lost_is_replaced_by_the_next_one)
{
    struct peer *first = start(&sink_syslog_tcp, &first_log, NULL, first_address);
    struct peer *second = start(&sink_syslog_tcp, &second_log, NULL, second_address);
    use_two(&sink_syslog_tcp, "1h");
    lend(100);
    settle_all();
    cr_assert_eq(peer_log_wait(&first_log, 100), 100);
    peer_stop(first);
    lend(100);
    settle_all();
    expect_notice("connection to %s lost: ", first_address);
    expect_notice("cannot connect to %s: ", first_address);
    expect_notice("connected to %s", second_address);
    cr_assert_eq(peer_log_wait(&second_log, 100), 100);
    end(NULL, second);
}

/* Messages flow all the time; none is lost, none arrives twice, none is cut. */
static void returns_under_load(const struct sink_ops *of)
{
    struct peer *second = start(of, &second_log, &second_script, second_address);
    reserve(first_address);
    use_two(of, "100ms");
    lend(BATCH_ITEMS);
    settle_all();
    struct peer *first = start(of, &first_log, &first_script, first_address);
    for (int i = 0; i < 30; i++) {
        lend(BATCH_ITEMS);
        ops->poll(sink, 20);
    }
    settle_all();
    POLL_UNTIL(strstr(notices, "leaving"));
    lend(BATCH_ITEMS);
    settle_all();
    expect_notice("leaving %s: %s answers again", second_address, first_address);
    expect_notice("connected to %s", first_address);
    POLL_UNTIL(second_log.goodbyes == 1);
    POLL_UNTIL(peer_log_count(&first_log) + peer_log_count(&second_log) == item_count);
    cr_assert_eq(lost(), 0);
    cr_assert(peer_log_count(&first_log) >= BATCH_ITEMS);
    end(first, second);
    cr_assert_eq(first_log.half_frames + second_log.half_frames, 0);
    cr_assert_not(strstr(notices, "lost"), "%s", notices);
}

Test(stream, the_first_receiver_is_used_again_once_it_answers)
{
    returns_under_load(&sink_syslog_tcp);
}

Test(stream, the_first_relp_receiver_is_used_again_once_it_answers)
{
    returns_under_load(&sink_relp);
}

Test(stream, while_the_first_receiver_does_not_answer_the_other_one_stays)
{
    struct peer *second = start(&sink_syslog_tcp, &second_log, NULL, second_address);
    reserve(first_address);
    use_two(&sink_syslog_tcp, "50ms");
    lend(10);
    settle_all();
    POLL_UNTIL(strstr(notices, "staying with"));
    expect_notice("staying with %s: cannot return to %s: ", second_address, first_address);
    lend(10);
    settle_all();
    cr_assert_eq(peer_log_wait(&second_log, 20), 20);
    cr_assert_eq(second_log.connections, 1);
    end(NULL, second);
}

Test(stream, a_return_after_of_0_never_leaves_a_receiver)
{
    struct peer *second = start(&sink_syslog_tcp, &second_log, NULL, second_address);
    reserve(first_address);
    use_two(&sink_syslog_tcp, "0");
    lend(10);
    settle_all();
    struct peer *first = start(&sink_syslog_tcp, &first_log, NULL, first_address);
    for (int i = 0; i < 10; i++) {
        lend(10);
        settle_all();
    }
    cr_assert_eq(first_log.connections, 0);
    end(first, second);
}

Test(stream, a_check_tries_every_receiver)
{
    struct fault f = {.code = FAULT_NONE};
    struct peer *second = start(&sink_syslog_tcp, &second_log, NULL, second_address);
    reserve(first_address);
    use_two(&sink_syslog_tcp, "1h");
    cr_assert(ops->check(sink, 5000, &f), "one of them answers");
    expect_notice("cannot connect to %s: ", first_address);
    peer_stop(second);
    cr_assert_not(ops->check(sink, 5000, &f));
    cr_assert(strstr(f.text, first_address), "%s", f.text);
    expect_notice("cannot connect to %s: ", second_address);
    end(NULL, NULL);
}

/* ---- Unread data of a dead receiver ---- */

/* A receiver hangs, its TCP acknowledges, it dies and comes back. How many messages are lost by that. */
static size_t die_with_unread_data(const char *replay_tail)
{
    struct peer_options options = {.hangs = true, .receive_buffer = 1 << 20};
    struct peer *peer = peer_start(&options, &first_log);
    snprintf(first_address, sizeof first_address, "127.0.0.1:%u", peer_port(peer));
    open_sink(&sink_syslog_tcp,
              (const char *const[]){"address", first_address, "replay_tail", replay_tail, NULL});
    for (int i = 0; i < 20; i++)
        lend(BATCH_ITEMS);
    POLL_UNTIL(back_count == batch_count);
    for (size_t i = 0; i < item_count; i++)
        cr_assert_eq(items[i].result, ITEM_DELIVERED, "its TCP has acknowledged all");
    options = (struct peer_options){.port = peer_port(peer)};
    peer_stop(peer);
    peer = peer_start(&options, &first_log);
    POLL_UNTIL(strstr(notices, "lost"));
    lend(BATCH_ITEMS);
    settle_all();
    size_t last = item_count - 1;
    char body[BODY_BYTES];
    snprintf(body, sizeof body, "%s", bodies[last]);
    POLL_UNTIL(peer_log_count(&first_log) > 0 && lost() < item_count - BATCH_ITEMS + 1 &&
               strcmp(first_log.messages[peer_log_count(&first_log) - 1], body) == 0);
    size_t missing = lost();
    end(peer, NULL);
    return missing;
}

Test(stream, what_a_dead_receiver_had_not_read_is_lost_without_replay)
{
    cr_assert_eq(die_with_unread_data("0"), 20 * BATCH_ITEMS);
    cr_assert_not(strstr(notices, "again"), "%s", notices);
}

Test(stream, what_a_dead_receiver_had_not_read_comes_again_with_replay)
{
    cr_assert_eq(die_with_unread_data("1MiB"), 0);
    expect_notice("sending 2000 messages again to %s", first_address);
}

Test(stream, a_short_replay_makes_up_for_the_last_messages_only)
{
    /* 26 bytes and 4 for the length of each. */
    cr_assert_eq(die_with_unread_data("15000"), 20 * BATCH_ITEMS - 500);
}

Test(stream, replay_needs_nothing_new_to_be_sent)
{
    struct peer *peer = start(&sink_syslog_tcp, &first_log, NULL, first_address);
    open_sink(&sink_syslog_tcp, (const char *const[]){"address", first_address, "replay_tail", "1MiB", NULL});
    lend(10);
    settle_all();
    cr_assert_eq(peer_log_wait(&first_log, 10), 10);
    peer_stop(peer);
    peer = start(&sink_syslog_tcp, &first_log, NULL, first_address);
    POLL_UNTIL(peer_log_count(&first_log) == 20);
    end(peer, NULL);
}

/* ---- RELP receivers ---- */

static struct peer *use_relp(const char *steps, const char *max_tries)
{
    first_script.steps = steps;
    struct peer *peer = start(&sink_relp, &first_log, &first_script, first_address);
    open_sink(&sink_relp, (const char *const[]){"address", first_address, "max_tries", max_tries, NULL});
    return peer;
}

static void expect_delivered(size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        cr_assert_eq(items[i].result, ITEM_DELIVERED, "item %zu", i);
}

Test(stream, a_message_that_is_refused_comes_again_and_is_taken)
{
    struct peer *peer = use_relp("ynyyn", "3");
    lend(4);
    settle_all();
    expect_delivered(0, 4);
    cr_assert_eq(peer_log_count(&first_log), 4);
    end(peer, NULL);
}

Test(stream, a_message_that_is_refused_too_often_is_rejected_and_the_rest_goes_on)
{
    struct peer *peer = use_relp("ynyyn", "2");
    lend(4);
    settle_all();
    cr_assert_eq(items[1].result, ITEM_REJECTED);
    cr_assert_str_eq(reasons[1], "the receiver refused it 2 times: 500 no ?thanks");
    expect_delivered(0, 1);
    expect_delivered(2, 4);
    cr_assert_eq(peer_log_count(&first_log), 3);
    end(peer, NULL);
}

Test(stream, refusals_are_not_forgotten_when_the_connection_breaks)
{
    struct peer *peer = use_relp("ncn", "2");
    lend(1);
    settle_all();
    cr_assert_eq(items[0].result, ITEM_REJECTED);
    cr_assert_eq(first_log.connections, 2);
    end(peer, NULL);
}

Test(stream, batches_finish_in_the_order_of_their_answers)
{
    struct peer *peer = use_relp("ny", "3");
    lend(1);
    lend(1);
    POLL_UNTIL(back_count == 1);
    cr_assert_eq(items[0].result, ITEM_PENDING);
    cr_assert_eq(items[1].result, ITEM_DELIVERED);
    settle_all();
    expect_delivered(0, 2);
    end(peer, NULL);
}

Test(stream, an_answer_that_comes_late_counts_for_its_own_message)
{
    struct peer *peer = use_relp("hyhn", "3");
    lend(10);
    settle_all();
    expect_delivered(0, 10);
    cr_assert_eq(peer_log_count(&first_log), 10);
    cr_assert_not(strstr(notices, "lost"), "%s", notices);
    end(peer, NULL);
}

/* The connection is ended with these words, and on the next one everything without an answer comes again. */
static void breaks(const char *steps, size_t answered, const char *words)
{
    struct peer *peer = use_relp(steps, "3");
    lend(10);
    settle_all();
    expect_delivered(0, 10);
    expect_notice("connection to %s lost: %s", first_address, words);
    cr_assert_eq(first_log.connections, 2);
    for (size_t i = answered; i < 10; i++) {
        const char *again = first_log.messages[peer_log_count(&first_log) - 10 + i];
        cr_assert(strcmp(again, bodies[i]) == 0, "`%s` came again in the place of `%s`", again, bodies[i]);
    }
    end(peer, NULL);
}

Test(stream, an_answer_that_nobody_waits_for_ends_the_connection_and_loses_nothing)
{
    breaks("yu........", 1, "the receiver answers 1003, which waits for no answer");
}

Test(stream, a_second_answer_ends_the_connection_and_loses_nothing)
{
    breaks("y2........", 2, "the receiver answers 3, which waits for no answer");
}

Test(stream, a_malformed_answer_ends_the_connection_and_loses_nothing)
{
    breaks("yym.......", 2, "the peer does not speak RELP: its answer is longer than it says");
}

Test(stream, an_answer_that_is_too_long_ends_the_connection_and_loses_nothing)
{
    breaks("l.........", 0, "the peer's answer of 5000 bytes is longer than RELP has any");
}

Test(stream, a_serverclose_ends_the_connection_and_loses_nothing)
{
    breaks("yyy......c", 3, "the receiver ends the session (serverclose)");
}

Test(stream, a_receiver_that_answers_nothing_is_given_up_and_loses_nothing)
{
    first_script.steps = "y.........";
    struct peer *peer = start(&sink_relp, &first_log, &first_script, first_address);
    open_sink(&sink_relp, (const char *const[]){"address", first_address, "send_timeout", "1s", NULL});
    lend(10);
    settle_all();
    expect_delivered(0, 10);
    expect_notice("connection to %s lost: no answer within send_timeout", first_address);
    end(peer, NULL);
}

Test(stream, a_receiver_that_opens_no_session_is_told)
{
    struct fault f = {.code = FAULT_NONE};
    struct peer_options options = {.lines = true}; /* takes everything and says nothing */
    struct peer *peer = peer_start(&options, &first_log);
    snprintf(first_address, sizeof first_address, "127.0.0.1:%u", peer_port(peer));
    open_sink(&sink_relp, (const char *const[]){"address", first_address, "connect_timeout", "300ms", NULL});
    cr_assert_not(ops->check(sink, 10000, &f));
    cr_assert_eq(f.code, FAULT_TIMEOUT);
    cr_assert(strstr(f.text, "no answer to the opening of a session"), "%s", f.text);
    ops->close(sink, 1000);
    peer_stop(peer);
}

Test(stream, a_greeting_of_another_protocol_is_told)
{
    struct fault f = {.code = FAULT_NONE};
    struct peer_options options = {.says = "220 mail.test ready\r\n", .lines = true};
    struct peer *peer = peer_start(&options, &first_log);
    snprintf(first_address, sizeof first_address, "127.0.0.1:%u", peer_port(peer));
    open_sink(&sink_relp, (const char *const[]){"address", first_address, NULL});
    cr_assert_not(ops->check(sink, 10000, &f));
    cr_assert_eq(f.code, FAULT_FORMAT);
    cr_assert(strstr(f.text, "the peer does not speak RELP"), "%s", f.text);
    ops->close(sink, 1000);
    peer_stop(peer);
}

Test(stream, a_relp_message_holds_line_breaks_and_up_to_128_KiB)
{
    static char longest[(128 << 10) + 1];
    memset(longest, 'x', sizeof longest);
    struct peer *peer = use_relp("", "3");
    lend(3);
    settle_all();
    items[0] = (struct sink_item){.body = SV("two\nlines")};
    items[1] = (struct sink_item){.body = sv_make(longest, 128 << 10)};
    items[2] = (struct sink_item){.body = sv_make(longest, sizeof longest)};
    items[3] = (struct sink_item){.body = SV("")};
    struct sink_batch batch = {.items = items, .count = 4};
    back_count--;
    cr_assert(ops->submit(sink, &batch));
    POLL_UNTIL(back_count == batch_count);
    expect_delivered(0, 2);
    cr_assert_eq(items[2].result, ITEM_REJECTED);
    cr_assert_eq(items[3].result, ITEM_REJECTED);
    cr_assert_eq(peer_log_count(&first_log), 5);
    cr_assert_str_eq(first_log.messages[3], "two\nlines");
    cr_assert_eq(strlen(first_log.messages[4]), 128 << 10);
    end(peer, NULL);
}

Test(stream, settings_of_tls_need_tls)
{
    struct fault f = {.code = FAULT_NONE};
    char *config = sink_settings(&sink_relp, (const char *const[]){"address", "127.0.0.1", NULL});
    for (const struct setting *s = sink_relp.settings; s->key; s++)
        if (strcmp(s->key, "ca_file") == 0)
            *(const char **)(void *)(config + s->offset) = "ca.pem";
    cr_assert_not(sink_relp.validate(config, &f));
    cr_assert_eq(f.code, FAULT_CONFIG);
    cr_assert_str_eq(f.text, "ca_file: needs `tls: true`");
}
