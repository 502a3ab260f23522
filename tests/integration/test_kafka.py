#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Kafka sink against a real broker: test_kafka.py KAFKA_DRIVE

Prints TAP. Records go in by the sink (tests/support/kafka_drive.c) and come out by kcat, which knows nothing
of the sink. Without a broker or kcat everything is skipped, with the reason.
"""
import collections
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "kafka"))
from broker import Broker, Unavailable  # noqa: E402

# Behind what runs it where the system cannot: packaging/windows/wine for kafka_drive.exe.
DRIVE = [w for w in [os.environ.get("MAPITAIL_WRAPPER"), sys.argv[1] if len(sys.argv) > 1 else "kafka_drive"] if w]
FIRST_TIME = 1771410601000
CONNECT, TLS, AUTH, REFUSED = "6", "7", "8", "9"  # enum fault_code
EVERYTHING_SAID = []  # whatever the sink printed, to be searched for secrets

Record = collections.namedtuple("Record", "partition key time headers body")


def murmur2(data):
    """As org.apache.kafka.common.utils.Utils.murmur2: main proves it by a known answer."""
    m, mask = 0x5bd1e995, 0xffffffff
    h = 0x9747b28c ^ len(data)
    for i in range(0, len(data) & ~3, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    tail = data[len(data) & ~3:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def consume(broker, topic):
    """All records of a topic, in no order of partitions."""
    out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker.bootstrap, "-t", topic, "-o", "beginning",
                          "-X", "isolation.level=read_committed", "-f", r"%p\t%k\t%T\t%h\t%s\n"],
                         stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
    return [Record(*line.split("\t")) for line in out.splitlines()]


def drive(command, **settings):
    return subprocess.Popen([*DRIVE, command, *(f"{key}={value}" for key, value in settings.items())],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate(timeout=120)
    EVERYTHING_SAID.append(out + err)
    return out.strip()


def check(**settings):
    return finish(drive("check", **settings))


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


IN_FLIGHT = 400  # records that kafka_drive submits before it waits for the first


def expect_each_once(broker, topic, count, first=0):
    times = collections.Counter(record.body for record in consume(broker, topic))
    lost = [n for n in range(first, first + count) if times[f'{{"n":{n}}}'] == 0]
    twice = [body for body, n in times.items() if n > 1]
    said = f"; the sink said {EVERYTHING_SAID[-1]}" if EVERYTHING_SAID else ""
    expect(not lost, f"{len(lost)} lost, the first is {lost[:1]}{said}")
    expect(not twice, f"{len(twice)} more than once, the first is {twice[:1]}{said}")
    expect(sum(times.values()) == count, f"{sum(times.values())} records")


def records_arrive_once_with_key_headers_time_and_partition(broker):
    broker.create_topic("plain", 6)
    said = finish(drive("produce", brokers=broker.bootstrap, topic="plain", count=1000))
    expect(said == "delivered=1000 rejected=0 retried=0", said)
    expect_each_once(broker, "plain", 1000)
    for record in consume(broker, "plain"):
        n = int(record.body[5:-1])
        expect(record.key == f"mailbox-{n % 100}", record)
        expect(record.headers == f"ce_id={n}", record)
        expect(int(record.time) == FIRST_TIME + n, record)
        expect(int(record.partition) == (murmur2(record.key.encode()) & 0x7fffffff) % 6, record)


def each_key_keeps_its_order(broker):
    last = {}
    for record in consume(broker, "plain"):
        n = int(record.body[5:-1])
        expect(n > last.get(record.key, -1), f"{record.key}: {n} after {last.get(record.key)}")
        last[record.key] = n


def records_sent_while_the_broker_goes_away(broker, topic, stop):
    broker.create_topic(topic, 3)
    process = drive("produce", brokers=broker.bootstrap, topic=topic, count=4000, rate=1000)
    time.sleep(1)
    stop()
    time.sleep(1)
    broker.start()
    said = finish(process)
    expect(said.startswith("delivered=4000 rejected=0"), said)


def nothing_is_lost_or_doubled_over_a_restart_of_the_broker(broker):
    records_sent_while_the_broker_goes_away(broker, "restart", broker.stop)
    expect_each_once(broker, "restart", 4000)


def nothing_is_lost_when_the_broker_is_killed_and_what_was_in_flight_alone_can_come_twice(broker):
    """A broker that was killed may have forgotten which batches of the producer it has: idempotence ends there."""
    records_sent_while_the_broker_goes_away(broker, "killed", lambda: broker.stop(kill=True))
    times = collections.Counter(record.body for record in consume(broker, "killed"))
    equal_sets = set(times) == {f'{{"n":{n}}}' for n in range(4000)}
    expect(equal_sets, f"{4000 - len(times)} lost")
    expect(sum(times.values()) - 4000 <= IN_FLIGHT, f"{sum(times.values()) - 4000} repeated")


def a_topic_that_comes_late_gets_its_records(broker):
    process = drive("produce", brokers=broker.bootstrap, topic="late", count=500)
    time.sleep(5)
    expect(process.poll() is None, "the sink did not wait")
    broker.create_topic("late", 2)
    said = finish(process)
    expect(said.startswith("delivered=500 rejected=0"), said)
    expect("Unknown topic" in EVERYTHING_SAID[-1], EVERYTHING_SAID[-1])
    expect_each_once(broker, "late", 500)


def what_is_too_large_for_the_topic_is_rejected_alone(broker):
    broker.create_topic("small", 1, max__message__bytes=3000)
    said = finish(drive("produce", brokers=broker.bootstrap, topic="small", count=200, large=77,
                        large_bytes=20000, compression="none"))
    expect(said.startswith("delivered=199 rejected=1"), said)
    bodies = [record.body for record in consume(broker, "small")]
    expect(sorted(bodies) == sorted(f'{{"n":{n}}}' for n in range(200) if n != 77), f"{len(bodies)} records")


def records_travel_over_tls_and_scram(broker):
    broker.create_topic("secure", 2)
    said = finish(drive("produce", brokers=broker.address("sasl_ssl"), topic="secure", count=300, tls="true",
                        ca_file=broker.ca_file, sasl_mechanism="SCRAM-SHA-512", username="agent",
                        password="agent-secret"))
    expect(said == "delivered=300 rejected=0 retried=0", said)
    expect_each_once(broker, "secure", 300)


def check_accepts_what_works(broker):
    tls = {"tls": "true", "ca_file": broker.ca_file}
    agent = {"username": "agent", "password": "agent-secret"}
    certificate = {"certificate": broker.directory / "tls" / "client.pem",
                   "key": broker.directory / "tls" / "client.key"}
    for listener, settings in (("plain", {}), ("ssl", tls), ("ssl", {**tls, **certificate}),
                               ("sasl", {**agent, "sasl_mechanism": "SCRAM-SHA-256"}),
                               ("sasl_ssl", {**tls, **agent, "sasl_mechanism": "PLAIN"})):
        said = check(brokers=broker.address(listener), topic="plain", **settings)
        expect(said == "ok", f"{listener}: {said}")


def check_names_what_is_wrong(broker):
    tls = {"tls": "true", "ca_file": broker.ca_file}
    scram = {"sasl_mechanism": "SCRAM-SHA-256", "username": "agent", "password": "canary-wrong"}
    stranger = {**scram, "username": "stranger", "password": "stranger-secret"}
    cases = (
        ("plain", {"topic": "nowhere"}, REFUSED, "does not exist"),
        ("sasl", stranger, REFUSED, "not authorized"),
        ("sasl", scram, AUTH, "authentication failed"),
        ("sasl_ssl", {**tls, **scram, "sasl_mechanism": "PLAIN"}, AUTH, "authentication failed"),
        ("ssl", {"tls": "true"}, TLS, "certificate verify failed"),
        ("plain", tls, TLS, "TLS failed"),
        ("ssl", {}, CONNECT, "not reachable"),
    )
    for listener, settings, code, words in cases:
        said = check(brokers=broker.address(listener), **{"topic": "plain", **settings})
        expect(said.startswith(code + " ") and words in said, f"{listener} {settings}: {said}")


def a_certificate_for_another_host_is_not_trusted(broker):
    """The broker's certificate is for localhost and 127.0.0.1: 127.0.0.2 leads to it and is neither."""
    port = broker.ports["ssl"]
    relay = socket.create_server(("127.0.0.2", 0))
    threading.Thread(target=relay_connections, args=(relay, port), daemon=True).start()
    address = f"127.0.0.2:{relay.getsockname()[1]}"
    said = check(brokers=address, topic="plain", tls="true", ca_file=broker.ca_file)
    expect(said.startswith(TLS + " ") and "verify failed" in said, said)


def relay_connections(listener, port):
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))
        for a, b in ((client, server), (server, client)):
            threading.Thread(target=copy_bytes, args=(a, b), daemon=True).start()


def copy_bytes(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def a_server_with_tls_below_1_2_gets_no_data(broker):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(broker.directory / "tls" / "server.pem", broker.directory / "tls" / "server.key")
    listener = socket.create_server(("127.0.0.1", 0))
    received = []
    threading.Thread(target=accept_tls, args=(listener, context, received), daemon=True).start()
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    said = check(brokers=address, topic="plain", tls="true", ca_file=broker.ca_file)
    expect(said.startswith(TLS + " "), said)
    expect(received and not any(received), f"received {received}")


def accept_tls(listener, context, received):
    while True:
        client, _ = listener.accept()
        try:
            with context.wrap_socket(client, server_side=True) as tls:
                received.append(tls.recv(1000))
        except OSError:
            received.append(b"")


def no_secret_was_printed(_):
    text = "".join(EVERYTHING_SAID)
    expect("# notice" in text, "the sink said nothing at all")
    for secret in ("agent-secret", "stranger-secret", "canary-wrong"):
        expect(secret not in text, secret)


TESTS = (
    records_arrive_once_with_key_headers_time_and_partition,
    each_key_keeps_its_order,
    nothing_is_lost_or_doubled_over_a_restart_of_the_broker,
    nothing_is_lost_when_the_broker_is_killed_and_what_was_in_flight_alone_can_come_twice,
    a_topic_that_comes_late_gets_its_records,
    what_is_too_large_for_the_topic_is_rejected_alone,
    records_travel_over_tls_and_scram,
    check_accepts_what_works,
    check_names_what_is_wrong,
    a_certificate_for_another_host_is_not_trusted,
    a_server_with_tls_below_1_2_gets_no_data,
    no_secret_was_printed,
)


def run(broker):
    failed = 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        try:
            test(broker)
            print(f"ok {number} - {test.__name__}", flush=True)
        except (AssertionError, OSError, RuntimeError, Unavailable, subprocess.SubprocessError) as why:
            failed += 1
            print(f"not ok {number} - {test.__name__}", flush=True)
            print("# " + str(why).replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


def main():
    assert murmur2(b"kafka") == 0xd067cf64
    if not shutil.which("kcat"):
        print("1..0 # SKIP kcat is not installed")
        return 0
    with tempfile.TemporaryDirectory(prefix="mapitail-kafka-") as directory:
        try:
            broker = Broker(directory).start()
        except Unavailable as why:
            print(f"1..0 # SKIP {why}")
            return 0
        try:
            return run(broker)
        finally:
            broker.stop()


if __name__ == "__main__":
    sys.exit(main())
