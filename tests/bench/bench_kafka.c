/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of librdkafka's own rate the Kafka sink keeps: both produce the same records with the same
 * settings into the same mock broker, by turns, and the medians are printed side by side. The broker runs in
 * this process, so its share of the processor is in both figures.
 *
 *     bench_kafka [records per run]
 */
#include "kafka_mock.h"
#include "os_clock.h"
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern const struct sink_ops sink_kafka;

enum { RUNS = 3, BODY_BYTES = 641, ITEMS = 500, LOADS = 32, PARTITIONS = 4 };

static const char topic[] = "bench";
static const struct sink_header headers[] = {{"content-type", SV_INIT("application/json")},
                                             {"ce_id", SV_INIT("eca1105a-d9c1-5feb-9593-bc703948ef67")}};
static char body[BODY_BYTES];
static char keys[ITEMS][16];

struct load {
    struct sink_batch batch;
    struct sink_item items[ITEMS];
    bool busy;
};

static struct load loads[LOADS];
static size_t delivered;

struct figure {
    double per_second, cpu_us; /* records a second, microseconds of this thread a record */
};

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_done(void *ctx, struct sink_batch *batch)
{
    struct load *load = batch->owner;
    (void)ctx;
    for (size_t i = 0; i < batch->count; i++)
        delivered += batch->items[i].result == ITEM_DELIVERED;
    load->busy = false;
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    (void)ctx;
    printf("notice %d: %s\n", level, text);
}

static void make_loads(void)
{
    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < ITEMS; i++)
        snprintf(keys[i], sizeof keys[i], "mailbox-%zu", i);
    for (size_t l = 0; l < LOADS; l++) {
        loads[l].batch = (struct sink_batch){.items = loads[l].items, .count = ITEMS, .owner = &loads[l]};
        for (size_t i = 0; i < ITEMS; i++)
            loads[l].items[i] = (struct sink_item){.body = sv_make(body, sizeof body),
                                                   .key = sv_from(keys[i]),
                                                   .headers = headers,
                                                   .header_count = 2,
                                                   .time_ms = 1771410601000};
    }
}

static void run_sink(struct sink *sink, size_t records)
{
    size_t sent = 0;
    delivered = 0;
    while (delivered < records) {
        bool took = false;
        for (size_t i = 0; i < LOADS && sent < records; i++)
            if (!loads[i].busy && sink_kafka.submit(sink, &loads[i].batch)) {
                loads[i].busy = took = true;
                sent += ITEMS;
            }
        sink_kafka.poll(sink, took ? 0 : 100);
    }
}

static void serve_plain(rd_kafka_queue_t *queue, int timeout_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms);
    if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
        delivered += rd_kafka_event_message_count(event);
    if (event)
        rd_kafka_event_destroy(event);
}

/* The shortest way in that librdkafka has. True when its queue took the record. */
static bool produce_plain(rd_kafka_t *producer, rd_kafka_topic_t *rkt, size_t i)
{
    const struct sink_item *item = &loads[i / ITEMS % LOADS].items[i % ITEMS];
    rd_kafka_headers_t *copies = rd_kafka_headers_new(item->header_count);
    for (size_t n = 0; n < item->header_count; n++) {
        const struct sink_header *h = &item->headers[n];
        rd_kafka_header_add(copies, h->name, -1, h->value.p, (ssize_t)h->value.n);
    }
    rd_kafka_vu_t vu[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = rkt},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {body, item->body.n}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {keys[i % ITEMS], item->key.n}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = item->time_ms},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = copies},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer, vu, sizeof vu / sizeof *vu);
    if (error) {
        rd_kafka_error_destroy(error);
        rd_kafka_headers_destroy(copies);
    }
    return !error;
}

static void run_plain(rd_kafka_t *producer, rd_kafka_topic_t *rkt, rd_kafka_queue_t *queue, size_t records)
{
    delivered = 0;
    for (size_t sent = 0; sent < records;) {
        if (produce_plain(producer, rkt, sent))
            sent++;
        else
            serve_plain(queue, 100);
    }
    while (delivered < records)
        serve_plain(queue, 100);
}

static int by_rate(const void *a, const void *b)
{
    double x = ((const struct figure *)a)->per_second, y = ((const struct figure *)b)->per_second;
    return (x > y) - (x < y);
}

static void print_median(const char *what, struct figure *figures)
{
    qsort(figures, RUNS, sizeof *figures, by_rate);
    printf("%-24s %8.0f records/s  %6.2f us of its thread each\n", what, figures[RUNS / 2].per_second,
           figures[RUNS / 2].cpu_us);
}

static void bench(struct kafka_config *config, size_t records)
{
    struct fault f;
    struct figure plain[RUNS], ours[RUNS];
    struct kafka_library lib;
    struct sink_host host = {.done = on_done, .notice = on_notice};
    struct sink *sink = sink_kafka.open(config, &host, &f);
    rd_kafka_conf_t *conf = kafka_library_load(&lib, &f) ? kafka_config_make(&lib, config, NULL, &f) : NULL;
    if (!sink || !conf) {
        printf("%s\n", f.text);
        return;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(producer, topic, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(producer);
    run_plain(producer, rkt, queue, ITEMS); /* connections and leaders are found before the clock runs */
    run_sink(sink, ITEMS);
    for (int i = 0; i < RUNS; i++) {
        for (int is_ours = 0; is_ours < 2; is_ours++) {
            double start = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_THREAD_CPUTIME_ID);
            if (is_ours)
                run_sink(sink, records);
            else
                run_plain(producer, rkt, queue, records);
            *(is_ours ? &ours[i] : &plain[i]) =
                (struct figure){(double)records / (now_s(CLOCK_MONOTONIC) - start),
                                (now_s(CLOCK_THREAD_CPUTIME_ID) - cpu) / (double)records * 1e6};
        }
    }
    print_median("librdkafka alone", plain);
    print_median("the sink", ours);
    printf("the sink keeps %.0f %% of the rate\n",
           100 * ours[RUNS / 2].per_second / plain[RUNS / 2].per_second);
    sink_kafka.close(sink, 3000);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(rkt);
    rd_kafka_destroy(producer);
}

int main(int argc, char **argv)
{
    size_t records = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) / ITEMS * ITEMS : 200000;
    struct kafka_mock mock;
    if (!kafka_mock_start(&mock, 1))
        return 1;
    rd_kafka_mock_topic_create(mock.cluster, topic, PARTITIONS, 1);
    struct kafka_config config = kafka_mock_config(&mock, topic);
    make_loads();
    printf("%zu records of %d bytes a run, acks=all, idempotent, lz4, medians of %d runs\n", records,
           BODY_BYTES, RUNS);
    bench(&config, records);
    kafka_mock_stop(&mock);
    return 0;
}
