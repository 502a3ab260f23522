/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Kafka cluster that fails on command: librdkafka's mock brokers as a process.
 *
 *   mock_broker BROKERS TOPIC PARTITIONS      prints host:port,… and obeys standard input, one command a
 * line:
 *
 *   errors API COUNT CODE       the next COUNT requests of this kind (protocol guide, "Api Keys") are
 * answered with an error before anything is done late BROKER MS              the broker's next Produce is
 * done, and answered only after MS leader PARTITION BROKER     the partition moves down BROKER / up BROKER
 * the broker drops its connections and refuses new ones
 *
 * Each command is answered with a line "ok" or "failed". It ends with its standard input. It keeps 5 MiB or
 * 100,000 messages per partition, and does not look at the sequence numbers of a producer that is idempotent
 * only: what depends on either needs the real broker of tests/kafka.
 */
#include "kafka_mock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ERRORS_MAX = 64 };

static bool push_errors(rd_kafka_mock_cluster_t *c, int api, int count, int code)
{
    rd_kafka_resp_err_t codes[ERRORS_MAX];
    if (count < 1 || count > ERRORS_MAX)
        return false;
    for (int i = 0; i < count; i++)
        codes[i] = (rd_kafka_resp_err_t)code;
    rd_kafka_mock_push_request_errors_array(c, (int16_t)api, (size_t)count, codes);
    return true;
}

static bool obey(rd_kafka_mock_cluster_t *c, const char *topic, const char *line)
{
    int a, b, n;
    if (sscanf(line, "errors %d %d %d", &a, &n, &b) == 3)
        return push_errors(c, a, n, b);
    if (sscanf(line, "late %d %d", &a, &b) == 2)
        return !rd_kafka_mock_broker_push_request_error_rtts(c, a, KAFKA_API_PRODUCE, 1,
                                                             RD_KAFKA_RESP_ERR_NO_ERROR, b);
    if (sscanf(line, "leader %d %d", &a, &b) == 2)
        return !rd_kafka_mock_partition_set_leader(c, topic, a, b);
    if (sscanf(line, "down %d", &a) == 1)
        return !rd_kafka_mock_broker_set_down(c, a);
    if (sscanf(line, "up %d", &a) == 1)
        return !rd_kafka_mock_broker_set_up(c, a);
    return false;
}

int main(int argc, char **argv)
{
    struct kafka_mock mock;
    char line[200];
    if (argc != 4 || !kafka_mock_start(&mock, atoi(argv[1])))
        return 1;
    if (rd_kafka_mock_topic_create(mock.cluster, argv[2], atoi(argv[3]), 1))
        return 1;
    puts(mock.brokers);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        puts(obey(mock.cluster, argv[2], line) ? "ok" : "failed");
        fflush(stdout);
    }
    kafka_mock_stop(&mock);
    return 0;
}
