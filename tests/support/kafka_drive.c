/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kafka sink alone, as a program for the integration test.
 *
 *     kafka_drive check   setting=value …     asks the sink's check; prints "ok" or "<fault code> <text>"
 *     kafka_drive produce setting=value …     sends records and prints what became of them
 *
 * Beside the sink's own settings: count (records), rate (records a second, 0: as fast as they are taken),
 * first (number of the first), large (number of a record whose body has large_bytes bytes). Record n has the
 * body {"n":n}, the key mailbox-<n % 100>, the header ce_id with n as its value and the time 1771410601000 +
 * n. Notices go to standard error.
 */
#include "os_clock.h"
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct sink_ops sink_kafka;

enum { ITEMS = 50, LOADS = 8, PATIENCE_MS = 90000 };

struct load {
    struct sink_batch batch;
    struct sink_item items[ITEMS];
    struct sink_header headers[ITEMS];
    char keys[ITEMS][24], ids[ITEMS][24];
    char *bodies[ITEMS];
    bool busy, again;
};

static struct load loads[LOADS];
static long long count = 1, rate, first, large = -1, large_bytes;
static long long delivered, rejected, retried;

static void on_done(void *ctx, struct sink_batch *batch)
{
    struct load *load = batch->owner;
    size_t left = 0;
    (void)ctx;
    for (size_t i = 0; i < batch->count; i++) {
        delivered += batch->items[i].result == ITEM_DELIVERED;
        rejected += batch->items[i].result == ITEM_REJECTED;
        retried += batch->items[i].result == ITEM_RETRY;
        if (batch->items[i].result == ITEM_RETRY)
            batch->items[left++] = batch->items[i];
    }
    batch->count = left;
    load->again = left > 0;
    load->busy = left > 0;
}

static void on_notice(void *ctx, enum notice_level level, const char *text)
{
    (void)ctx;
    fprintf(stderr, "# notice %d: %s\n", level, text);
}

static int choice(const struct setting *s, const char *value)
{
    for (int i = 0; s->choices[i]; i++)
        if (strcmp(s->choices[i], value) == 0)
            return i;
    fprintf(stderr, "%s: no such choice\n", s->key);
    exit(2);
}

static void set(void *config, const struct setting *s, const char *value)
{
    char *field = (char *)config + s->offset;
    if (s->type == SETTING_BOOL)
        *(bool *)field = strcmp(value, "true") == 0;
    else if (s->type == SETTING_CHOICE)
        *(int *)(void *)field = choice(s, value);
    else if (s->type == SETTING_STRING || s->type == SETTING_PATH || s->type == SETTING_SECRET)
        *(const char **)(void *)field = value;
    else if (s->type == SETTING_SIZE)
        *(int64_t *)(void *)field = strtoll(value, NULL, 10) << (strstr(value, "MiB") ? 20 : 0);
    else if (s->type == SETTING_INT || s->type == SETTING_DURATION)
        *(int64_t *)(void *)field = strtoll(value, NULL, 10);
}

static bool set_own(const char *key, const char *value)
{
    static const struct {
        const char *key;
        long long *value;
    } own[] = {{"count", &count},
               {"rate", &rate},
               {"first", &first},
               {"large", &large},
               {"large_bytes", &large_bytes}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i].key, key) == 0) {
            *own[i].value = strtoll(value, NULL, 10);
            return true;
        }
    return false;
}

static bool configure(void *config, int argc, char **argv)
{
    const struct setting *s;
    for (s = sink_kafka.settings; s->key; s++)
        if (s->fallback)
            set(config, s, s->fallback);
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return false;
        *value++ = 0;
        for (s = sink_kafka.settings; s->key && strcmp(s->key, argv[i]) != 0; s++) {
        }
        if (s->key)
            set(config, s, value);
        else if (!set_own(argv[i], value))
            return false;
    }
    return true;
}

static void fill_item(struct load *load, size_t i, long long n)
{
    size_t room = n == large ? (size_t)large_bytes + 64 : 64;
    load->bodies[i] = realloc(load->bodies[i], room);
    if (!load->bodies[i])
        exit(2);
    int size = snprintf(load->bodies[i], room, "{\"n\":%lld}", n);
    if (n == large) {
        memset(load->bodies[i], 'x', (size_t)large_bytes);
        size = (int)large_bytes;
    }
    snprintf(load->keys[i], sizeof load->keys[i], "mailbox-%lld", n % 100);
    snprintf(load->ids[i], sizeof load->ids[i], "%lld", n);
    load->headers[i] = (struct sink_header){"ce_id", sv_from(load->ids[i])};
    load->items[i] = (struct sink_item){.body = sv_make(load->bodies[i], (size_t)size),
                                        .key = sv_from(load->keys[i]),
                                        .headers = &load->headers[i],
                                        .header_count = 1,
                                        .time_ms = 1771410601000 + n};
}

static struct load *idle_load(void)
{
    for (size_t i = 0; i < LOADS; i++)
        if (!loads[i].busy)
            return &loads[i];
    return NULL;
}

static void submit_again(struct sink *sink)
{
    for (size_t i = 0; i < LOADS; i++)
        if (loads[i].again && sink_kafka.submit(sink, &loads[i].batch))
            loads[i].again = false;
}

/* Sends one batch of the records up to made_ready, and returns the number sent. */
static size_t send_some(struct sink *sink, long long sent, long long made_ready)
{
    struct load *load = idle_load();
    size_t n = made_ready - sent < ITEMS ? (size_t)(made_ready - sent) : ITEMS;
    if (!load || n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        fill_item(load, i, first + sent + (long long)i);
    load->batch = (struct sink_batch){.items = load->items, .count = n, .owner = load};
    load->busy = sink_kafka.submit(sink, &load->batch);
    return load->busy ? n : 0;
}

static int produce(struct sink *sink)
{
    int64_t start_ms = os_monotonic_ms();
    for (long long sent = 0; delivered + rejected < count;) {
        int64_t now_ms = os_monotonic_ms() - start_ms;
        long long ready = rate ? rate * now_ms / 1000 : count;
        size_t n = send_some(sink, sent, ready < count ? ready : count);
        sent += (long long)n;
        submit_again(sink);
        sink_kafka.poll(sink, n ? 0 : 5);
        if (now_ms > PATIENCE_MS)
            break;
    }
    sink_kafka.close(sink, 3000);
    printf("delivered=%lld rejected=%lld retried=%lld\n", delivered, rejected, retried);
    return delivered + rejected == count ? 0 : 1;
}

static int check(struct sink *sink)
{
    struct fault f = {.code = FAULT_NONE};
    if (sink_kafka.check(sink, 10000, &f))
        printf("ok\n");
    else
        printf("%d %s\n", f.code, f.text);
    sink_kafka.close(sink, 1000);
    return 0;
}

int main(int argc, char **argv)
{
    struct fault f;
    struct sink_host host = {.done = on_done, .notice = on_notice};
    void *config = calloc(1, sink_kafka.config_size);
    if (!config || argc < 2 || !configure(config, argc - 2, argv + 2)) {
        fprintf(stderr, "usage: kafka_drive check|produce setting=value ...\n");
        return 2;
    }
    struct sink *sink = sink_kafka.validate(config, &f) ? sink_kafka.open(config, &host, &f) : NULL;
    if (!sink) {
        printf("%d %s\n", f.code, f.text);
        free(config);
        return 2;
    }
    int result = strcmp(argv[1], "check") == 0 ? check(sink) : produce(sink);
    for (size_t i = 0; i < LOADS; i++)
        for (size_t j = 0; j < ITEMS; j++)
            free(loads[i].bodies[j]);
    free(config);
    return result;
}
