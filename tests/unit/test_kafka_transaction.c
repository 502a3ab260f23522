/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka exactly once against librdkafka's mock brokers with injected errors.
 *
 * The mock shows aborted transactions to every consumer: what a consumer of committed data sees is
 * tests/integration/test_exactly_once.py's to prove.
 */
#include "kafka_mock.h"
#include "kafka_positions.h"
#include "os_clock.h"
#include "sink.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

extern const struct sink_ops sink_kafka;

enum { PATIENCE_MS = 40000, ITEMS = 20, API_ADD_PARTITIONS = 24, API_END_TRANSACTION = 26, TEXT_SIZE = 8192 };

static const char topic[] = "records";

/* One agent: a sink, and one batch that it lends. */
struct agent {
    struct sink *sink;
    struct sink_batch batch;
    struct sink_item items[ITEMS];
    struct sink_position position;
    char bodies[ITEMS][16], value[32];
    int times_done, times_superseded;
    char notices[TEXT_SIZE], recovered[TEXT_SIZE];
};

static struct kafka_mock mock;
static struct kafka_config config;
static struct agent one, two;

static void on_done(void *ctx, struct sink_batch *batch)
{
    struct agent *a = ctx;
    cr_assert(batch == &a->batch);
    a->times_done++;
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    struct agent *a = ctx;
    size_t n = strlen(a->notices);
    (void)level;
    snprintf(a->notices + n, sizeof a->notices - n, "%s\n", text);
}

static void on_superseded(void *ctx, const char *text)
{
    struct agent *a = ctx;
    cr_assert(strstr(text, "another agent"), "%s", text);
    a->times_superseded++;
}

static void on_position(void *ctx, const struct sink_position *p)
{
    struct agent *a = ctx;
    size_t n = strlen(a->recovered);
    snprintf(a->recovered + n, sizeof a->recovered - n, "%.*s=%.*s;", SV_ARG(p->key), SV_ARG(p->value));
}

static void start(void)
{
    cr_assert(kafka_mock_start(&mock, 1));
    cr_assert(rd_kafka_mock_topic_create(mock.cluster, topic, 2, 1) == 0);
    config = kafka_mock_config(&mock, topic);
    config.delivery = KAFKA_EXACTLY_ONCE;
    cr_assert(rd_kafka_mock_topic_create(mock.cluster, config.positions_topic, 1, 1) == 0);
}

static void stop(void)
{
    sink_kafka.close(one.sink, 3000);
    sink_kafka.close(two.sink, 3000);
    kafka_mock_stop(&mock);
}

TestSuite(kafka_transaction, .init = start, .fini = stop);

static void open_agent(struct agent *a)
{
    struct fault f = {.code = FAULT_NONE};
    struct sink_host host = {.ctx = a,
                             .done = on_done,
                             .notice = on_notice,
                             .scope = "agent/output/",
                             .superseded = on_superseded};
    a->sink = sink_kafka.open(&config, &host, &f);
    cr_assert(a->sink, "%s", f.text);
    for (int64_t until_ms = os_monotonic_ms() + PATIENCE_MS;
         !sink_kafka.recover(a->sink, 100, on_position, a);)
        cr_assert(os_monotonic_ms() < until_ms, "%s", a->notices);
}

/* Lends count items and the position `value`. */
static void lend(struct agent *a, size_t count, const char *value)
{
    snprintf(a->value, sizeof a->value, "%s", value);
    a->position = (struct sink_position){SV("agent/output/file"), sv_from(a->value)};
    a->batch = (struct sink_batch){
        .items = a->items, .count = count, .positions = &a->position, .position_count = 1};
    for (size_t i = 0; i < count; i++) {
        int n = snprintf(a->bodies[i], sizeof a->bodies[i], "%s/%zu", value, i);
        a->items[i] = (struct sink_item){.body = sv_make(a->bodies[i], (size_t)n), .key = SV("k")};
    }
    cr_assert(sink_kafka.submit(a->sink, &a->batch));
}

static void await(struct agent *a)
{
    int before = a->times_done;
    for (int64_t until_ms = os_monotonic_ms() + PATIENCE_MS; a->times_done == before;) {
        sink_kafka.poll(a->sink, 50);
        cr_assert(os_monotonic_ms() < until_ms, "%s", a->notices);
    }
}

static size_t results(const struct agent *a, enum item_result result)
{
    size_t n = 0;
    for (size_t i = 0; i < a->batch.count; i++)
        n += a->items[i].result == result;
    return n;
}

static void deliver(struct agent *a, size_t count, const char *value)
{
    lend(a, count, value);
    await(a);
    cr_assert(a->batch.positions_kept && results(a, ITEM_DELIVERED) == count, "%s", a->notices);
}

Test(kafka_transaction, a_batch_is_delivered_with_its_position_which_the_next_start_finds)
{
    open_agent(&one);
    cr_expect(one.recovered[0] == '\0');
    deliver(&one, ITEMS, "first");
    deliver(&one, 3, "second");
    sink_kafka.close(one.sink, 3000);
    one.sink = NULL;
    open_agent(&two);
    cr_expect_str_eq(two.recovered, "agent/output/file=second;");
}

Test(kafka_transaction, a_position_travels_without_records_and_an_absent_one_is_forgotten)
{
    open_agent(&one);
    deliver(&one, 0, "passed");
    lend(&one, 0, "gone");
    one.position.value = SV_ABSENT;
    await(&one);
    cr_expect(one.batch.positions_kept);
    sink_kafka.close(one.sink, 3000);
    one.sink = NULL;
    open_agent(&two);
    cr_expect_str_eq(two.recovered, "");
}

Test(kafka_transaction, one_batch_at_a_time_is_taken)
{
    open_agent(&one);
    lend(&one, 1, "x");
    cr_expect(!sink_kafka.submit(one.sink, &two.batch));
    await(&one);
}

Test(kafka_transaction, a_record_that_is_refused_is_rejected_and_nothing_of_its_batch_is_delivered)
{
    static char large[4000];
    static const struct setting_pair small = {"message.max.bytes", "2000", false};
    config.properties = (struct setting_map){&small, 1};
    open_agent(&one);
    lend(&one, 3, "poison");
    one.items[1].body = sv_make(large, sizeof large);
    await(&one);
    cr_expect(!one.batch.positions_kept);
    cr_expect(one.items[1].result == ITEM_REJECTED && strstr(one.items[1].reason, "too large"));
    cr_expect(results(&one, ITEM_RETRY) == 2);
    deliver(&one, 2, "rest");
}

Test(kafka_transaction, records_that_are_refused_in_company_only_are_all_delivered)
{
    open_agent(&one);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    deliver(&one, ITEMS, "together");
}

Test(kafka_transaction, errors_that_pass_cost_nothing)
{
    open_agent(&one);
    rd_kafka_mock_push_request_errors(mock.cluster, API_END_TRANSACTION, 2,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                                      RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
    rd_kafka_mock_push_request_errors(mock.cluster, API_ADD_PARTITIONS, 1,
                                      RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    deliver(&one, ITEMS, "again");
}

Test(kafka_transaction, a_topic_that_is_closed_is_said_and_tried_again)
{
    open_agent(&one);
    rd_kafka_mock_push_request_errors(mock.cluster, API_ADD_PARTITIONS, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    deliver(&one, ITEMS, "closed");
    cr_expect(strstr(one.notices, "records are kept and sent again"), "%s", one.notices);
}

Test(kafka_transaction, a_commit_without_certain_end_is_looked_up_in_the_positions)
{
    open_agent(&one);
    deliver(&one, 2, "before");
    rd_kafka_mock_push_request_errors(mock.cluster, API_END_TRANSACTION, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    deliver(&one, 2, "doubtful");
    cr_expect(strstr(one.notices, "no certain end"), "%s", one.notices);
    cr_expect(one.times_superseded == 0);
    deliver(&one, 2, "after");
}

Test(kafka_transaction, who_is_replaced_gives_its_batch_back_and_delivers_nothing_more)
{
    open_agent(&one);
    deliver(&one, 2, "mine");
    open_agent(&two);
    deliver(&two, 2, "yours");
    /* These brokers do not fence by themselves. */
    rd_kafka_mock_push_request_errors(mock.cluster, API_END_TRANSACTION, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    lend(&one, 2, "late");
    await(&one);
    cr_expect(!one.batch.positions_kept);
    cr_expect(results(&one, ITEM_RETRY) == 2);
    cr_expect(one.times_superseded == 1);
    cr_expect(!sink_kafka.submit(one.sink, &one.batch));
    deliver(&two, 2, "still");
    cr_expect(two.times_superseded == 0);
}

Test(kafka_transaction, brokers_that_are_away_while_it_starts_are_waited_for)
{
    struct fault f;
    struct sink_host host = {.ctx = &one, .done = on_done, .notice = on_notice, .scope = "agent/output/"};
    rd_kafka_mock_broker_set_down(mock.cluster, -1);
    one.sink = sink_kafka.open(&config, &host, &f);
    cr_assert(one.sink);
    cr_expect(!sink_kafka.recover(one.sink, 300, on_position, &one));
    rd_kafka_mock_broker_set_up(mock.cluster, -1);
    for (int64_t until_ms = os_monotonic_ms() + PATIENCE_MS;
         !sink_kafka.recover(one.sink, 100, on_position, &one);)
        cr_assert(os_monotonic_ms() < until_ms, "%s", one.notices);
    deliver(&one, 1, "late");
}

Test(kafka_transaction, the_last_value_of_a_key_counts_and_an_absent_one_ends_it)
{
    struct kafka_positions *p = kafka_positions_new();
    char key[16];
    cr_assert(p);
    for (int i = 0; i < 5000; i++) {
        snprintf(key, sizeof key, "k%d", i % 2500);
        cr_assert(kafka_positions_put(p, sv_from(key), i < 2500 ? SV("old") : SV("new")));
    }
    cr_expect(sv_eq(kafka_positions_find(p, SV("k7")), SV("new")));
    cr_assert(kafka_positions_put(p, SV("k7"), SV_ABSENT));
    cr_assert(kafka_positions_put(p, SV("never"), SV_ABSENT));
    cr_expect(sv_absent(kafka_positions_find(p, SV("k7"))));
    cr_expect(sv_eq(kafka_positions_find(p, SV("k8")), SV("new")));
    kafka_positions_free(p);
}

Test(kafka_transaction, settings_that_cannot_work_are_refused)
{
    struct fault f;
    config.positions_topic = topic;
    cr_expect(!sink_kafka.validate(&config, &f));
    cr_expect(strstr(f.text, "positions_topic:") == f.text, "%s", f.text);
    config.positions_topic = "no topic";
    cr_expect(!sink_kafka.validate(&config, &f));
    config.delivery = KAFKA_AT_LEAST_ONCE;
    cr_expect(sink_kafka.validate(&config, &f));
    config.dead_letter_topic = "a/b";
    cr_expect(!sink_kafka.validate(&config, &f));
    cr_expect(strstr(f.text, "dead_letter_topic:") == f.text, "%s", f.text);
}

Test(kafka_transaction, what_delivery_means_and_carries_is_told_by_the_settings)
{
    cr_expect(sink_kafka.proof(&config) == PROOF_COMMITTED);
    cr_expect(sink_kafka.carries_positions(&config));
    cr_expect(!sink_kafka.takes_dead_letters(&config));
    config.dead_letter_topic = "letters";
    cr_expect(sink_kafka.takes_dead_letters(&config));
    config.delivery = KAFKA_AT_LEAST_ONCE;
    cr_expect(!sink_kafka.carries_positions(&config));
}
