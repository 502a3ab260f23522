#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The main job, end to end: exports in, records out of a real Kafka broker and a real rsyslog at the same time."""
import collections
import json
import re
import socket
import subprocess
import threading
import time

import exports
from harness import Agent, Skip, config, contains, equal, free_port, holds, main, mapitail, measures_memory, peak_kib, wait_for
from kafka_peer import broker, finish, new_name  # noqa: F401 (finish is for main)
from rsyslog_peer import RsyslogPeer, find_rsyslogd

Message = collections.namedtuple("Message", "partition key headers value")


def topic(partitions=3):
    name = new_name("events")
    broker().create_topic(name, partitions)
    return name


def consume(name):
    done = subprocess.run(["kcat", "-C", "-q", "-e", "-b", broker().bootstrap, "-t", name, "-o", "beginning",
                           "-f", r"%p\x01%k\x01%h\x01%s\n"], capture_output=True, text=True, timeout=60, check=True)
    return [Message(*line.split("\x01")) for line in done.stdout.splitlines()]


def kafka_ids(name):
    return [json.loads(m.value)["event"]["id"] for m in consume(name)]


def syslog_ids(peer):
    return [re.search(rb'\[mapi@32473 id="([0-9a-f-]{36})"', m).group(1).decode() for m in peer.messages()]


def rsyslog(directory, *transports, **options):
    if not find_rsyslogd():
        raise Skip("rsyslogd is not installed")
    return RsyslogPeer(directory, transports, **options)


def kafka_output(name, **more):
    return {"name": "kafka", "type": "kafka", "brokers": broker().bootstrap, "topic": name, **more}


def tls_output(peer, **more):
    return {"name": "siem", "type": "syslog_tls", "address": peer.address("tls"), "ca_file": str(peer.certificates.ca), **more}


def write_exports(directory, events):
    """The same sequence in pieces of three layouts and two encodings."""
    third = len(events) // 3
    (directory / "a.xml").write_text(exports.wevtutil_file(events[:third]))
    (directory / "b.xml").write_bytes(exports.viewer_file(events[third:2 * third]).encode("utf-16"))
    (directory / "c.xml").write_text(exports.wevtutil_file(events[2 * third:], quote='"'))


def test_kafka_and_syslog_over_tls_hold_exactly_the_expected_records(directory):
    events = exports.mixed(6000)
    want = exports.wanted_ids(events)
    write_exports(directory, events)
    name = topic()
    with rsyslog(directory, "tls") as peer:
        outputs = [kafka_output(name), tls_output(peer)]
        with Agent(config(directory, [directory / "*.xml"], outputs), "--once") as agent:
            equal(agent.wait(), 0, agent.log())
        wait_for(lambda: len(peer.messages()) >= len(want), what="all messages in rsyslog")
        equal(sorted(syslog_ids(peer)), sorted(want), "syslog")
    equal(sorted(kafka_ids(name)), sorted(want), "Kafka")


def test_a_kafka_message_has_key_headers_and_the_record_that_cat_prints(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(7)]))
    name = topic()
    with Agent(config(directory, [directory / "a.xml"], [kafka_output(name)]), "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    message, = consume(name)
    equal(message.key, exports.dn("user7").lower())
    headers = dict(h.split("=", 1) for h in message.headers.split(","))
    equal(headers["ce_id"], exports.limit_event(7).id)
    equal(headers["content-type"], "application/json")
    equal(headers["ce_time"], "2026-02-18T10:00:07.1234567Z")
    shipped, printed = json.loads(message.value), mapitail("cat", directory / "a.xml").records()[0]
    for record in (shipped, printed):
        del record["agent"], record["event"]["created"]
    equal(shipped, printed)


def interrupted(directory, outputs, events, done, kills=6):
    """Runs the agent over growing exports and kills it again and again; then once to the end."""
    path = config(directory, [directory / "*.xml"], outputs)
    piece = len(events) // kills
    for i in range(kills):
        with open(directory / "growing.xml", "a", encoding="utf-8") as f:
            f.write(exports.wevtutil_file(events[i * piece:(i + 1) * piece if i < kills - 1 else len(events)]))
        with Agent(path) as agent:
            time.sleep(0.25 + 0.13 * i)
            agent.kill()
    with Agent(path, "--once") as agent:
        equal(agent.wait(), 0, agent.log())
    done()


def test_kill_9_in_the_middle_loses_nothing_and_repeats_only_equal_ids(directory):
    events = exports.mixed(30000, share=0.5)
    want = exports.wanted_ids(events)
    name = topic()
    with rsyslog(directory, "tls") as peer:
        interrupted(directory, [kafka_output(name), tls_output(peer)], events,
                    lambda: wait_for(lambda: len(set(syslog_ids(peer))) >= len(want), what="all messages in rsyslog"))
        syslog = syslog_ids(peer)
    kafka = kafka_ids(name)
    for what, got in (("Kafka", kafka), ("syslog", syslog)):
        equal(set(want) - set(got), set(), f"lost in {what}")
        equal(set(got) - set(want), set(), f"invented in {what}")
        print(f"# {what}: {len(want)} records, {len(got) - len(want)} repeated after 6 kills")


def test_a_broker_that_goes_away_and_comes_back_costs_nothing(directory):
    events = exports.mixed(4000, share=0.5)
    want = exports.wanted_ids(events)
    name = topic()
    half = len(events) // 2
    (directory / "a.xml").write_text(exports.wevtutil_file(events[:half]))
    with Agent(config(directory, [directory / "a.xml"], [kafka_output(name)])) as agent:
        wait_for(lambda: len(kafka_ids(name)) == len(exports.wanted_ids(events[:half])), what="the first half")
        broker().stop()
        with open(directory / "a.xml", "a", encoding="utf-8") as f:
            f.write(exports.wevtutil_file(events[half:]))
        time.sleep(1.5)
        broker().start()
        wait_for(lambda: len(kafka_ids(name)) >= len(want), 60, "all records")
        equal(sorted(kafka_ids(name)), sorted(want))
        equal(agent.stop()[0], 0, agent.log())


def test_syslog_over_tcp_udp_and_tls_with_a_client_certificate_arrives_whole(directory):
    events = [exports.limit_event(i) for i in range(1, 201)]
    (directory / "a.xml").write_text(exports.wevtutil_file(events))
    with rsyslog(directory, "udp", "tcp", "tls", client_certificate=True) as peer:
        c = peer.certificates
        outputs = [{"name": "udp", "type": "syslog_udp", "address": peer.address("udp")},
                   {"name": "counted", "type": "syslog_tcp", "address": peer.address("tcp")},
                   {"name": "lines", "type": "syslog_tcp", "address": peer.address("tcp"), "framing": "lf"},
                   tls_output(peer, certificate=str(c.client), key=str(c.client_key))]
        for output in outputs:
            peer.file.unlink(missing_ok=True)
            peer.stop()
            peer.start()
            with Agent(config(directory, [directory / "a.xml"], [output]), "--once") as agent:
                equal(agent.wait(), 0, agent.log())
            wait_for(lambda: len(peer.messages()) >= 200, what=f"200 messages over {output['name']}")
            equal(sorted(syslog_ids(peer)), sorted(e.id for e in events), output["name"])
            contains(peer.messages()[0].decode(), "<11>1 2026-02-18T10:00:")


def test_a_wrong_certificate_sends_nothing_and_says_why(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1)]))
    with rsyslog(directory, "tls") as peer:
        other = directory / "other.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=another authority", "-keyout", directory / "other.key", "-out", other],
                       check=True, capture_output=True)
        outputs = [tls_output(peer, ca_file=str(other))]
        path = config(directory, [directory / "a.xml"], outputs)
        got = mapitail("check", "-c", path, "--connect")
        equal(got.code, 1, got.out)
        contains(got.out.lower(), "certificate")
        with Agent(path) as agent:
            wait_for(lambda: "certificate" in agent.log().lower(), what="the message about the certificate")
            holds(agent.stop()[1] < 5, "stopped in time")
        equal(peer.messages(), [])


def test_a_syslog_receiver_killed_in_the_middle_gets_everything_the_agent_was_not_told_of(directory):
    events = [exports.limit_event(i) for i in range(1, 3001)]
    path = directory / "a.xml"
    path.write_text("")
    with rsyslog(directory, "tcp") as peer:
        output = {"name": "siem", "type": "syslog_tcp", "address": peer.address("tcp")}
        with Agent(config(directory, [path], [output])):
            with open(path, "a", encoding="utf-8") as f:
                f.write(exports.wevtutil_file(events[:1500]))
            wait_for(lambda: len(peer.messages()) >= 1500, what="the first half")
            peer.stop()
            with open(path, "a", encoding="utf-8") as f:
                f.write(exports.wevtutil_file(events[1500:]))
            time.sleep(0.5)
            peer.start()
            wait_for(lambda: len(set(syslog_ids(peer))) >= 3000, 30, "all messages")
            equal(set(syslog_ids(peer)), {e.id for e in events})


def test_an_output_added_later_begins_at_the_beginning(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(i) for i in range(1, 101)]))
    name = topic()
    with rsyslog(directory, "tls") as peer:
        for outputs in ([tls_output(peer)], [tls_output(peer), kafka_output(name)]):
            with Agent(config(directory, [directory / "a.xml"], outputs), "--once") as agent:
                equal(agent.wait(), 0, agent.log())
        wait_for(lambda: len(peer.messages()) >= 100, what="100 messages")
        time.sleep(0.2)
        equal(len(peer.messages()), 100)
    equal(len(consume(name)), 100)


def test_no_secret_is_ever_logged(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1)]))
    secret = directory / "secret"
    secret.write_text("correct-horse-battery-staple\n")
    secret.chmod(0o600)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        outputs = [{"name": "kafka", "type": "kafka", "brokers": f"127.0.0.1:{silent.getsockname()[1]}", "sasl_mechanism": "PLAIN",
                    "username": "agent", "password": f"${{file:{secret}}}", "tls": False,
                    "properties": {"ssl.key.password": f"${{file:{secret}}}"}}]
        path = config(directory, [directory / "a.xml"], outputs, log={"level": "debug"})
        with Agent(path) as agent:
            time.sleep(1)
            agent.stop()
            log = agent.log()
        checked = mapitail("check", "-c", path, "--connect")
        holds("correct-horse" not in log + checked.out + checked.err, "the secret is not in the log")


@measures_memory
def test_memory_stays_flat_over_a_large_export(directory):
    with open(directory / "a.xml", "w", encoding="utf-8") as f:
        block = exports.wevtutil_file(exports.mixed(4000, share=0.02))
        for _ in range(60):
            f.write(block)
    peaks = []

    def sink():
        connection, _ = listener.accept()
        while connection.recv(1 << 16):
            pass

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        threading.Thread(target=sink, daemon=True).start()
        output = {"name": "siem", "type": "syslog_tcp", "address": f"127.0.0.1:{listener.getsockname()[1]}"}
        with Agent(config(directory, [directory / "a.xml"], [output])) as agent:
            wait_for(lambda: sent(directory) >= (directory / "a.xml").stat().st_size, 60, "the whole file")
            peaks.append(peak_kib(agent.process.pid))
    print(f"# peak resident memory {peaks[0]} KiB over {(directory / 'a.xml').stat().st_size >> 20} MiB")
    holds(peaks[0] < 32 << 10, f"below 32 MiB, was {peaks[0]} KiB")


def sent(directory):
    import sqlite3
    state = directory / "state" / "state.db"
    if not state.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as db:
            return db.execute("SELECT coalesce(max(offset), 0) FROM file").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_an_output_that_refuses_says_host_and_reason(directory):
    (directory / "a.xml").write_text(exports.wevtutil_file([exports.limit_event(1)]))
    port = free_port()
    outputs = [{"name": "tcp", "type": "syslog_tcp", "address": f"127.0.0.1:{port}"},
               {"name": "kafka", "type": "kafka", "brokers": f"127.0.0.1:{port}"}]
    with Agent(config(directory, [directory / "a.xml"], outputs)) as agent:
        wait_for(lambda: "output tcp: " in agent.log() and agent.log().count(f"127.0.0.1:{port}") >= 2, what="both messages")
        contains(agent.log().lower(), "refused")


main()
