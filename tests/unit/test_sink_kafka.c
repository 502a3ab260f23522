/* SPDX-License-Identifier: Apache-2.0 */
/* The Kafka sink against librdkafka's mock brokers, a port that nobody listens to and one where nobody
 * answers. */
#include "kafka_mock.h"
#include "os_clock.h"
#include "os_library.h"
#include "sink.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern const struct sink_ops sink_kafka;

enum { PATIENCE_MS = 40000, TEXT_SIZE = 16384 };

static const char topic[] = "msexchange.mapi.limit";

/* --- a pipeline that knows what it lent --- */

struct load {
    struct sink_batch batch;
    struct sink_item items[500];
    char bodies[500][48];
    int times_done;
};

struct rig {
    struct kafka_mock mock;
    struct kafka_config config;
    struct sink *sink;
    struct load loads[64];
    size_t load_count, lent;
    bool in_submit;
    char notices[TEXT_SIZE];
    size_t notice_count;
};

static struct rig rig;

static void on_done(void *ctx, struct sink_batch *batch)
{
    struct rig *r = ctx;
    struct load *load = batch->owner;
    cr_assert(!r->in_submit, "done was called inside submit");
    load->times_done++;
    r->lent--;
    for (size_t i = 0; i < batch->count; i++)
        cr_assert(batch->items[i].result != ITEM_PENDING);
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    struct rig *r = ctx;
    (void)level;
    cr_assert(!r->in_submit, "notice was called inside submit");
    size_t n = strlen(r->notices);
    snprintf(r->notices + n, sizeof r->notices - n, "%s\n", text);
    r->notice_count++;
}

static void open_sink(void)
{
    struct fault f = {.code = FAULT_NONE};
    struct sink_host host = {.ctx = &rig, .done = on_done, .notice = on_notice};
    rig.sink = sink_kafka.open(&rig.config, &host, &f);
    cr_assert(rig.sink, "%s", f.text);
}

static void start(int partitions)
{
    cr_assert(kafka_mock_start(&rig.mock, 1));
    cr_assert(rd_kafka_mock_topic_create(rig.mock.cluster, topic, partitions, 1) == 0);
    rig.config = kafka_mock_config(&rig.mock, topic);
}

static void stop(void)
{
    sink_kafka.close(rig.sink, 2000);
    cr_assert(rig.lent == 0);
    kafka_mock_stop(&rig.mock);
}

static struct load *new_load(size_t count)
{
    struct load *load = &rig.loads[rig.load_count];
    memset(load, 0, sizeof *load);
    load->batch = (struct sink_batch){.items = load->items, .count = count, .owner = load};
    for (size_t i = 0; i < count; i++) {
        int n = snprintf(load->bodies[i], sizeof load->bodies[i], "%zu/%zu", rig.load_count, i);
        load->items[i].body = sv_make(load->bodies[i], (size_t)n);
        load->batch.bytes += (size_t)n;
    }
    rig.load_count++;
    return load;
}

static bool submit(struct load *load)
{
    rig.in_submit = true;
    bool taken = sink_kafka.submit(rig.sink, &load->batch);
    rig.in_submit = false;
    rig.lent += taken;
    return taken;
}

static void submit_patiently(struct load *load)
{
    for (int64_t until_ms = os_monotonic_ms() + PATIENCE_MS; !submit(load);) {
        sink_kafka.poll(rig.sink, 50);
        cr_assert(os_monotonic_ms() < until_ms, "the sink stays busy");
    }
}

static void flush(void)
{
    cr_assert(sink_kafka.flush(rig.sink, PATIENCE_MS), "still lent: %zu; %s", rig.lent, rig.notices);
}

static size_t count_results(enum item_result result)
{
    size_t count = 0;
    for (size_t i = 0; i < rig.load_count; i++)
        for (size_t j = 0; j < rig.loads[i].batch.count; j++)
            count += rig.loads[i].items[j].result == result;
    return count;
}

static void count_copy(void *ctx, const rd_kafka_message_t *m)
{
    size_t load, item;
    char text[48];
    unsigned(*copies)[500] = ctx;
    snprintf(text, sizeof text, "%.*s", (int)m->len, (const char *)m->payload);
    cr_assert(sscanf(text, "%zu/%zu", &load, &item) == 2);
    copies[load][item]++;
}

/* Each record that is said to be delivered is in the topic once, and no other is. */
static void topic_holds_what_was_delivered(int partitions)
{
    static unsigned copies[64][500];
    memset(copies, 0, sizeof copies);
    int n = kafka_mock_read(&rig.mock, topic, partitions, count_copy, copies);
    cr_expect(n == (int)count_results(ITEM_DELIVERED));
    for (size_t i = 0; i < rig.load_count; i++)
        for (size_t j = 0; j < rig.loads[i].batch.count; j++)
            cr_assert((copies[i][j] == 1) == (rig.loads[i].items[j].result == ITEM_DELIVERED) &&
                          copies[i][j] < 2,
                      "record %zu/%zu", i, j);
}

static void every_load_came_back_once(void)
{
    for (size_t i = 0; i < rig.load_count; i++)
        cr_assert(rig.loads[i].times_done == 1);
}

TestSuite(sink_kafka, .fini = NULL);

/* --- delivery --- */

Test(sink_kafka, each_record_arrives_once_and_each_batch_comes_back_once)
{
    start(4);
    open_sink();
    for (int i = 0; i < 20; i++)
        submit_patiently(new_load(500));
    flush();
    cr_assert(count_results(ITEM_DELIVERED) == 10000);
    every_load_came_back_once();
    topic_holds_what_was_delivered(4);
    stop();
}

Test(sink_kafka, a_batch_without_items_comes_back)
{
    start(1);
    open_sink();
    struct load *load = new_load(0);
    cr_assert(submit(load));
    cr_assert(sink_kafka.poll(rig.sink, 0) == 1);
    every_load_came_back_once();
    stop();
}

static void see_message(void *ctx, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t n;
    rd_kafka_timestamp_type_t type;
    cr_assert(m->key_len == 7);
    cr_assert(memcmp(m->key, "/o=x/cn", 7) == 0);
    cr_assert(rd_kafka_message_timestamp(m, &type) == INT64_C(1771410601123));
    cr_assert(rd_kafka_message_headers(m, &headers) == 0);
    cr_assert(rd_kafka_header_cnt(headers) == 2);
    cr_assert(rd_kafka_header_get_all(headers, 0, &name, &value, &n) == 0);
    cr_assert(strcmp(name, "content-type") == 0);
    cr_assert(n == 16);
    cr_assert(memcmp(value, "application/json", n) == 0);
    cr_assert(rd_kafka_header_get_all(headers, 1, &name, &value, &n) == 0);
    cr_assert(strcmp(name, "ce_id") == 0);
    cr_assert(n == 0);
    ++*(int *)ctx;
}

Test(sink_kafka, key_headers_and_event_time_travel_with_the_record)
{
    static const struct sink_header headers[] = {{"content-type", SV_INIT("application/json")},
                                                 {"ce_id", SV_INIT("")}};
    int seen = 0;
    start(1);
    open_sink();
    struct load *load = new_load(1);
    load->items[0].key = SV("/o=x/cn");
    load->items[0].headers = headers;
    load->items[0].header_count = 2;
    load->items[0].time_ms = INT64_C(1771410601123);
    submit_patiently(load);
    flush();
    cr_assert(kafka_mock_read(&rig.mock, topic, 1, see_message, &seen) == 1);
    cr_assert(seen == 1);
    stop();
}

static void see_time_of_production(void *ctx, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t now_ms = os_realtime_ns() / 1000000;
    int64_t time_ms = rd_kafka_message_timestamp(m, &type);
    cr_assert(time_ms > now_ms - 60000 && time_ms <= now_ms, "%lld", (long long)time_ms);
    cr_assert(!m->key);
    (void)ctx;
}

Test(sink_kafka, a_record_without_time_and_key_has_the_present_time_and_no_key)
{
    start(1);
    open_sink();
    submit_patiently(new_load(1));
    flush();
    cr_assert(kafka_mock_read(&rig.mock, topic, 1, see_time_of_production, NULL) == 1);
    stop();
}

static void see_partition(void *ctx, const rd_kafka_message_t *m)
{
    *(int *)ctx = m->partition;
}

static int partition_of(int partitions, struct sv key)
{
    int partition = -1;
    memset(&rig, 0, sizeof rig);
    start(partitions);
    open_sink();
    struct load *load = new_load(1);
    load->items[0].key = key;
    submit_patiently(load);
    flush();
    cr_assert(kafka_mock_read(&rig.mock, topic, partitions, see_partition, &partition) == 1);
    stop();
    return partition;
}

/* murmur2 of this key is fe514cd3; CRC32, librdkafka's own default, would give 0, 3 and 3. */
Test(sink_kafka, partitions_are_those_of_java_clients)
{
    struct sv key = SV("/o=first organization/ou=exchange administrative group "
                       "(fydibohf23spdlt)/cn=recipients/cn=jsmith");
    cr_assert(key.n == 96);
    cr_expect(partition_of(3, key) == 2);
    cr_expect(partition_of(6, key) == 5);
    cr_expect(partition_of(12, key) == 11);
    /* murmur2("kafka") is d067cf64 */
    cr_expect(partition_of(12, SV("kafka")) == (int)((0xd067cf64u & 0x7fffffffu) % 12));
}

static void see_order(void *ctx, const rd_kafka_message_t *m)
{
    size_t load, item;
    size_t *expected = ctx;
    char text[48];
    snprintf(text, sizeof text, "%.*s", (int)m->len, (const char *)m->payload);
    cr_assert(sscanf(text, "%zu/%zu", &load, &item) == 2);
    cr_assert(load * 500 + item == *expected, "%s comes as number %zu", text, *expected);
    ++*expected;
}

/* --- errors that brokers answer with --- */

Test(sink_kafka, records_that_are_sent_again_keep_their_order)
{
    static const struct setting_pair properties[] = {{"queue.buffering.max.messages", "1200", false}};
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    size_t expected = 0;
    start(1);
    rig.config.properties = (struct setting_map){properties, 1};
    open_sink();
    rd_kafka_mock_push_request_errors(rig.mock.cluster, KAFKA_API_PRODUCE, 4, err, err, err, err);
    for (int i = 0; i < 6; i++)
        submit_patiently(new_load(500));
    flush();
    cr_assert(kafka_mock_read(&rig.mock, topic, 1, see_order, &expected) == 3000);
    stop();
}

static void deliver_under(rd_kafka_resp_err_t err)
{
    memset(&rig, 0, sizeof rig);
    start(1);
    open_sink();
    rd_kafka_mock_push_request_errors(rig.mock.cluster, KAFKA_API_PRODUCE, 2, err, err);
    for (int i = 0; i < 4; i++)
        submit_patiently(new_load(50));
    flush();
    cr_expect(count_results(ITEM_DELIVERED) == 200, "%s", rd_kafka_err2name(err));
    every_load_came_back_once();
    topic_holds_what_was_delivered(1);
    stop();
}

Test(sink_kafka, errors_of_a_moment_lose_nothing)
{
    deliver_under(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    deliver_under(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
    deliver_under(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    deliver_under(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    deliver_under(RD_KAFKA_RESP_ERR__TRANSPORT);
}

Test(sink_kafka, what_somebody_has_to_repair_is_kept_and_said)
{
    deliver_under(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    cr_expect(strstr(rig.notices, "uthoriz"), "%s", rig.notices);
    cr_expect(strstr(rig.notices, "delivered again"), "%s", rig.notices);
    deliver_under(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    deliver_under(RD_KAFKA_RESP_ERR_POLICY_VIOLATION);
}

Test(sink_kafka, a_missing_topic_keeps_its_records_until_it_is_there)
{
    start(1);
    rd_kafka_mock_topic_set_error(rig.mock.cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    open_sink();
    submit_patiently(new_load(10));
    for (int64_t until_ms = os_monotonic_ms() + PATIENCE_MS; !strstr(rig.notices, "kept");) {
        sink_kafka.poll(rig.sink, 100);
        cr_assert(os_monotonic_ms() < until_ms, "the missing topic is not said");
    }
    cr_assert(rig.lent == 1);
    rd_kafka_mock_topic_set_error(rig.mock.cluster, topic, RD_KAFKA_RESP_ERR_NO_ERROR);
    flush();
    cr_assert(count_results(ITEM_DELIVERED) == 10);
    topic_holds_what_was_delivered(1);
    stop();
}

Test(sink_kafka, a_refused_batch_costs_only_the_record_that_is_refused_alone)
{
    start(1);
    rig.config.linger_ms = 100; /* so that the records meet in one batch */
    open_sink();
    rd_kafka_mock_push_request_errors(rig.mock.cluster, KAFKA_API_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_RECORD);
    struct load *load = new_load(20);
    submit_patiently(load);
    flush();
    cr_assert(load->items[0].result == ITEM_REJECTED);
    cr_assert(load->items[0].reason);
    cr_assert(count_results(ITEM_DELIVERED) == 19);
    every_load_came_back_once();
    topic_holds_what_was_delivered(1);
    stop();
}

Test(sink_kafka, records_that_are_too_large_together_are_delivered_one_by_one)
{
    start(1);
    rig.config.linger_ms = 100;
    open_sink();
    rd_kafka_mock_push_request_errors(rig.mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    submit_patiently(new_load(20));
    submit_patiently(new_load(20));
    flush();
    cr_assert(count_results(ITEM_DELIVERED) == 40);
    topic_holds_what_was_delivered(1);
    stop();
}

Test(sink_kafka, a_record_over_the_clients_limit_is_rejected_alone)
{
    static const struct setting_pair properties[] = {{"message.max.bytes", "40000", false}};
    static char large[60000];
    memset(large, 'x', sizeof large);
    start(1);
    rig.config.properties = (struct setting_map){properties, 1};
    cr_assert(sink_kafka.max_message(&rig.config) < 40000);
    open_sink();
    struct load *load = new_load(3);
    load->items[1].body = sv_make(large, sizeof large);
    submit_patiently(load);
    flush();
    cr_assert(load->items[0].result == ITEM_DELIVERED);
    cr_assert(load->items[1].result == ITEM_REJECTED);
    cr_assert(load->items[2].result == ITEM_DELIVERED);
    cr_assert(strstr(load->items[1].reason, "too large"), "%s", load->items[1].reason);
    stop();
}

Test(sink_kafka, the_largest_message_that_it_names_is_delivered)
{
    start(1);
    open_sink();
    size_t n = sink_kafka.max_message(&rig.config);
    char *large = malloc(n);
    memset(large, 'x', n);
    struct load *load = new_load(1);
    load->items[0].body = sv_make(large, n);
    submit_patiently(load);
    flush();
    cr_assert(load->items[0].result == ITEM_DELIVERED);
    stop();
    free(large);
}

Test(sink_kafka, a_fatal_error_gives_records_back_and_a_new_producer_delivers_them)
{
    start(1);
    open_sink();
    rd_kafka_mock_push_request_errors(rig.mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    struct load *load = new_load(100);
    submit_patiently(load);
    flush();
    every_load_came_back_once();
    cr_assert(count_results(ITEM_RETRY) == 100, "%s", rig.notices);
    cr_expect(strstr(rig.notices, "started anew"), "%s", rig.notices);
    load->times_done = 0;
    submit_patiently(load);
    flush();
    every_load_came_back_once();
    cr_assert(count_results(ITEM_DELIVERED) == 100);
    topic_holds_what_was_delivered(1);
    stop();
}

/* --- brokers that come and go --- */

Test(sink_kafka, an_outage_loses_nothing)
{
    start(2);
    open_sink();
    submit_patiently(new_load(100));
    flush();
    rd_kafka_mock_broker_set_down(rig.mock.cluster, -1);
    for (int i = 0; i < 5; i++)
        submit_patiently(new_load(100));
    for (int i = 0; i < 10; i++)
        sink_kafka.poll(rig.sink, 50);
    cr_assert(count_results(ITEM_DELIVERED) == 100);
    cr_assert(count_results(ITEM_REJECTED) + count_results(ITEM_RETRY) == 0);
    rd_kafka_mock_broker_set_up(rig.mock.cluster, -1);
    flush();
    cr_assert(count_results(ITEM_DELIVERED) == 600);
    every_load_came_back_once();
    topic_holds_what_was_delivered(2);
    stop();
}

Test(sink_kafka, a_full_queue_refuses_further_batches_and_loses_none)
{
    static const struct setting_pair properties[] = {{"queue.buffering.max.messages", "1200", false}};
    start(1);
    rig.config.properties = (struct setting_map){properties, 1};
    open_sink();
    rd_kafka_mock_broker_set_down(rig.mock.cluster, -1);
    cr_assert(submit(new_load(500)));
    cr_assert(submit(new_load(500)));
    cr_assert(submit(new_load(500)), "the batch that fills the queue is taken as a whole");
    struct load *refused = new_load(500);
    cr_assert(!submit(refused));
    sink_kafka.poll(rig.sink, 20);
    cr_assert(!submit(refused));
    rd_kafka_mock_broker_set_up(rig.mock.cluster, -1);
    submit_patiently(refused);
    flush();
    cr_assert(count_results(ITEM_DELIVERED) == 2000);
    every_load_came_back_once();
    topic_holds_what_was_delivered(1);
    stop();
}

/* --- nobody there, nobody answers --- */

static char endpoint[32];

/* A port of loopback; one that listens takes connections into its backlog and never answers. */
static int make_endpoint(bool listens)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(fd, (struct sockaddr *)&a, sizeof a) == 0);
    cr_assert(!(listens && listen(fd, 16) != 0));
    cr_assert(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%u", ntohs(a.sin_port));
    return fd;
}

static void close_gives_back_in_time(bool listens, int timeout_ms)
{
    memset(&rig, 0, sizeof rig);
    int fd = make_endpoint(listens);
    rig.config =
        (struct kafka_config){.brokers = endpoint, .topic = topic, .linger_ms = 5, .queue_bytes = 4 << 20};
    open_sink();
    for (int i = 0; i < 5; i++)
        cr_assert(submit(new_load(500)));
    sink_kafka.poll(rig.sink, 300);
    int64_t before_ms = os_monotonic_ms();
    sink_kafka.close(rig.sink, timeout_ms);
    cr_expect(os_monotonic_ms() - before_ms < 5000);
    every_load_came_back_once();
    cr_assert(count_results(ITEM_RETRY) == 2500);
    close(fd);
}

Test(sink_kafka, close_gives_everything_back_whoever_does_not_answer)
{
    close_gives_back_in_time(false, 0);
    close_gives_back_in_time(true, 0);
    close_gives_back_in_time(false, 1000);
    close_gives_back_in_time(true, 3000);
}

/* The process's resolver: librdkafka's calls come here too. It takes its time over one name only. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &symbol, sizeof next);
    if (!name || strcmp(name, "stuck.invalid") != 0)
        return next(name, service, hints, result);
    os_sleep_ms(7000);
    return EAI_AGAIN;
}

Test(sink_kafka, close_does_not_wait_for_a_stuck_resolver)
{
    rig.config =
        (struct kafka_config){.brokers = "stuck.invalid:9092", .topic = topic, .queue_bytes = 4 << 20};
    open_sink();
    cr_assert(submit(new_load(500)));
    sink_kafka.poll(rig.sink, 300);
    int64_t before_ms = os_monotonic_ms();
    sink_kafka.close(rig.sink, 1000);
    cr_expect(os_monotonic_ms() - before_ms < 3000, "%lld ms", (long long)(os_monotonic_ms() - before_ms));
    every_load_came_back_once();
    cr_assert(count_results(ITEM_RETRY) == 500);
    /* The producer that was left behind ends by itself, and the next sink to close clears it away. */
    rig.config.brokers = "127.0.0.1:1";
    open_sink();
    os_sleep_ms(7500);
    sink_kafka.close(rig.sink, 1000);
}

Test(sink_kafka, close_without_a_sink_is_fine)
{
    sink_kafka.close(NULL, 0);
}

Test(sink_kafka, a_refused_port_is_said_without_flooding)
{
    int fd = make_endpoint(false);
    rig.config =
        (struct kafka_config){.brokers = endpoint, .topic = topic, .linger_ms = 5, .queue_bytes = 4 << 20};
    open_sink();
    cr_assert(submit(new_load(10)));
    for (int i = 0; i < 30; i++)
        sink_kafka.poll(rig.sink, 100);
    cr_expect(strstr(rig.notices, "refused"), "%s", rig.notices);
    cr_expect(rig.notice_count < 6, "%s", rig.notices);
    cr_expect(count_results(ITEM_PENDING) == 10);
    sink_kafka.close(rig.sink, 0);
    close(fd);
}

/* --- check --- */

static struct fault check(int timeout_ms, bool expected)
{
    struct fault f = {.code = FAULT_NONE};
    open_sink();
    cr_expect(sink_kafka.check(rig.sink, timeout_ms, &f) == expected, "%s", f.text);
    sink_kafka.close(rig.sink, 1000);
    return f;
}

Test(sink_kafka, check_reaches_the_topic)
{
    start(3);
    check(10000, true);
    kafka_mock_stop(&rig.mock);
}

Test(sink_kafka, check_tells_a_missing_topic_from_a_forbidden_one)
{
    start(1);
    rd_kafka_mock_topic_set_error(rig.mock.cluster, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    struct fault f = check(10000, false);
    cr_expect(f.code == FAULT_REFUSED);
    cr_expect(strstr(f.text, "does not exist"), "%s", f.text);
    rd_kafka_mock_topic_set_error(rig.mock.cluster, topic, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    f = check(10000, false);
    cr_expect(f.code == FAULT_REFUSED);
    cr_expect(strstr(f.text, "not authorized"), "%s", f.text);
    kafka_mock_stop(&rig.mock);
}

Test(sink_kafka, check_tells_a_refused_port_from_a_silent_one)
{
    int fd = make_endpoint(false);
    rig.config =
        (struct kafka_config){.brokers = endpoint, .topic = topic, .linger_ms = 5, .queue_bytes = 4 << 20};
    struct fault f = check(10000, false);
    cr_expect(f.code == FAULT_CONNECT);
    cr_expect(strstr(f.text, "refused"), "%s", f.text);
    close(fd);
    fd = make_endpoint(true);
    f = check(1500, false);
    cr_expect(f.code == FAULT_TIMEOUT, "%s", f.text);
    close(fd);
}

Test(sink_kafka, check_tells_that_a_broker_does_not_speak_tls)
{
    start(1);
    rig.config.tls = true;
    struct fault f = check(5000, false);
    cr_expect(f.code == FAULT_TLS, "%s", f.text);
    kafka_mock_stop(&rig.mock);
}

/* --- settings --- */

static struct kafka_config good_config(void)
{
    return (struct kafka_config){
        .brokers = "broker1:9092,[::1]:9093", .topic = topic, .client_id = "x", .queue_bytes = 4 << 20};
}

static void refuses(const struct kafka_config *c, const char *key)
{
    struct fault f = {.code = FAULT_NONE};
    cr_expect(!sink_kafka.validate(c, &f), "%s", key);
    cr_expect(f.code == FAULT_CONFIG);
    cr_expect(strncmp(f.text, key, strlen(key)) == 0, "%s: %s", key, f.text);
}

Test(sink_kafka, good_settings_are_taken)
{
    static const struct setting_pair properties[] = {{"acks", "all", false}, {"batch.size", "65536", false}};
    struct fault f = {.code = FAULT_NONE};
    struct kafka_config c = good_config();
    cr_expect(sink_kafka.validate(&c, &f), "%s", f.text);
    c.properties = (struct setting_map){properties, 2};
    c.tls = true;
    c.sasl_mechanism = KAFKA_SASL_PLAIN;
    c.username = "u";
    c.password = "p";
    cr_expect(sink_kafka.validate(&c, &f), "%s", f.text);
}

Test(sink_kafka, settings_that_cannot_work_are_named)
{
    static const char *const brokers[] = {"",       ",",     "host:",     "host:0", "host:65536",
                                          "host:x", "a b:1", "ssl://h:1", "h:1,"};
    for (size_t i = 0; i < sizeof brokers / sizeof *brokers; i++) {
        struct kafka_config c = good_config();
        c.brokers = brokers[i];
        refuses(&c, "brokers:");
    }
    char long_topic[251];
    memset(long_topic, 'a', 250);
    long_topic[250] = 0;
    const char *const topics[] = {"", ".", "..", "a b", "a/b", "\xc3\xa4", long_topic};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        struct kafka_config c = good_config();
        c.topic = topics[i];
        refuses(&c, "topic:");
    }
    struct kafka_config c = good_config();
    c.topic = long_topic + 1;
    cr_expect(sink_kafka.validate(&c, NULL), "249 characters are allowed");
}

Test(sink_kafka, security_settings_that_contradict_each_other_are_named)
{
    struct kafka_config c = good_config();
    c.ca_file = "ca.pem";
    refuses(&c, "ca_file:");
    c = good_config();
    c.certificate = "c.pem";
    refuses(&c, "certificate:");
    c.tls = true;
    cr_expect(sink_kafka.validate(&c, NULL), "the key may be in the same file");
    c = good_config();
    c.tls = true;
    c.key = "k.pem";
    refuses(&c, "key:");
    c = good_config();
    c.tls = true;
    c.key_password = "x";
    refuses(&c, "key_password:");
    c = good_config();
    c.sasl_mechanism = KAFKA_SASL_SCRAM_512;
    refuses(&c, "username:");
    c.username = "u";
    refuses(&c, "password:");
    c.password = "p";
    cr_expect(sink_kafka.validate(&c, NULL));
    c.sasl_mechanism = KAFKA_SASL_NONE;
    refuses(&c, "username:");
    c.sasl_mechanism = KAFKA_SASL_PLAIN;
    refuses(&c, "sasl_mechanism:");
}

Test(sink_kafka, properties_that_would_break_a_promise_are_refused)
{
    static const struct setting_pair pairs[] = {
        {"acks", "1", false},
        {"request.required.acks", "0", false},
        {"enable.idempotence", "false", false},
        {"message.timeout.ms", "300000", false},
        {"delivery.timeout.ms", "1", false},
        {"retries", "3", false},
        {"enable.gapless.guarantee", "true", false},
        {"dr_msg_cb", "x", false},
        {"partitioner", "random", false},
        {"enable.ssl.certificate.verification", "false", false},
        {"delivery.report.only.error", "true", false},
        {"ssl.endpoint.identification.algorithm", "none", false},
        {"ssl.cipher.suites", "ALL", false},
        {"security.protocol", "plaintext", false},
        {"bootstrap.servers", "elsewhere:1", false},
        {"test.mock.num.brokers", "1", false},
        {"plugin.library.paths", "x.so", false},
        {"transactional.id", "t", false},
        {"no.such.property", "1", false},
        {"batch.size", "many", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct kafka_config c = good_config();
        struct fault f = {.code = FAULT_NONE};
        c.properties = (struct setting_map){&pairs[i], 1};
        refuses(&c, "properties:");
        sink_kafka.validate(&c, &f);
        cr_expect(strstr(f.text, pairs[i].key), "%s", f.text);
    }
}

Test(sink_kafka, no_message_shows_a_secret)
{
    static const struct setting_pair pairs[] = {{"ssl.ca.location", "canary-1", true},
                                                {"batch.size", "canary-2", true},
                                                {"ssl.keystore.password\x01", "canary-3", false}};
    for (size_t i = 0; i < 3; i++) {
        struct kafka_config c = good_config();
        struct fault f = {.code = FAULT_NONE};
        c.properties = (struct setting_map){&pairs[i], 1};
        cr_expect(!sink_kafka.validate(&c, &f));
        cr_expect(!strstr(f.text, "canary"), "%s", f.text);
    }
    struct kafka_config c = good_config();
    char text[] = "SASL with canary-4 and canary-4 failed for canary-2";
    c.password = "canary-4";
    c.properties = (struct setting_map){pairs, 3};
    kafka_config_hide_secrets(&c, text);
    cr_expect(strcmp(text, "SASL with ******** and ******** failed for ********") == 0);
}

Test(sink_kafka, a_certificate_that_is_not_there_is_said_at_open)
{
    struct fault f = {.code = FAULT_NONE};
    struct sink_host host = {.ctx = &rig, .done = on_done, .notice = on_notice};
    struct kafka_config c = good_config();
    c.tls = true;
    c.ca_file = "/nonexistent/ca.pem";
    cr_assert(!sink_kafka.open(&c, &host, &f));
    cr_expect(f.code == FAULT_CONFIG);
    cr_expect(strstr(f.text, "ssl.ca.location"), "%s", f.text);
}

Test(sink_kafka, each_setting_has_a_field_and_a_help)
{
    for (const struct setting *s = sink_kafka.settings; s->key; s++) {
        cr_expect(s->offset < sink_kafka.config_size);
        cr_expect(s->help, "%s", s->key);
        cr_expect(s->help[strlen(s->help) - 1] == '.', "%s", s->key);
        cr_expect((s->type == SETTING_SECRET) == (strstr(s->key, "password") != NULL), "%s", s->key);
    }
    cr_expect(sink_kafka.proof(&rig.config) == PROOF_REPLICATED);
}

Test(sink_kafka, a_library_that_is_not_installed_is_unsupported)
{
    struct fault f = {.code = FAULT_NONE};
    cr_assert(!os_library_open("librdkafka-of-nowhere.so.1", &f));
    cr_expect(f.code == FAULT_UNSUPPORTED);
    cr_expect(strstr(f.text, "librdkafka-of-nowhere"), "%s", f.text);
}
